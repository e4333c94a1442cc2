//! When files are due, and how they are counted.

use std::{collections::HashSet, time::Duration};

use super::wants::Wanted;
use crate::{
    fetch::{Downloads, Tally, host::Host},
    model::time::Instant,
    store::Download,
};

/// Nothing that failed is put off for longer, in microseconds: an hour, which is what a host may ask for.
const LONGEST_PAUSE: Instant = 3600 * 1_000_000;

/// When a file is due: at once if it never came, if an entity lacks the copy that there is (or that is lost), or has a URL that was signed anew
/// since it was denied.
pub(super) fn when(
    known: Option<&Download>,
    wanted: &[&Wanted],
    denied: Option<&HashSet<String>>,
    now: Instant,
) -> Instant {
    let (Some(known), Some(first)) = (known, wanted.first()) else { return Instant::MIN };
    let mut owners = wanted.iter().flat_map(|wanted| &wanted.owners);
    let is_owed = match (&known.failure, denied) {
        (None, _) => known.sha256.is_some() && owners.any(|owner| owner.has != known.sha256),
        (Some(_), Some(denied)) => owners.any(|owner| !denied.contains(&owner.url)),
        (Some(_), None) => false,
    };
    if is_owed { Instant::MIN } else { time_of(known, &first.host, now) }
}

/// When a file is to be asked for again, as was noted; at once if that is later than it can be, since the clock was ahead, or
/// the configuration another.
pub(super) fn time_of(known: &Download, host: &Host, now: Instant) -> Instant {
    let refresh = host.refresh.map_or(Instant::MAX, micros);
    let longest = if known.failure.is_some() { LONGEST_PAUSE } else { refresh };
    if known.next > now.saturating_add(longest) { now } else { known.next }
}

pub(super) fn micros(duration: Duration) -> Instant {
    Instant::try_from(duration.as_micros()).unwrap_or(Instant::MAX)
}

impl Tally {
    /// Where a file is counted: in one place.
    fn place(&mut self, known: Option<&Download>, is_running: bool) -> &mut usize {
        match known {
            Some(known) if known.failure.is_some() => &mut self.failed,
            Some(known) if known.sha256.is_some() => &mut self.copied,
            _ if is_running => &mut self.running,
            _ => &mut self.waiting,
        }
    }

    pub(super) fn count(&mut self, known: Option<&Download>, is_running: bool) {
        *self.place(known, is_running) += 1;
    }

    fn uncount(&mut self, known: Option<&Download>, is_running: bool) {
        let place = self.place(known, is_running);
        *place = place.saturating_sub(1);
    }
}

impl Downloads {
    /// A file is asked for from now on. Gives what is known of it.
    pub(super) fn begin(&mut self, name: &str) -> Download {
        let known = self.known.get(name);
        self.tally.uncount(known, false);
        self.tally.count(known, true);
        known.cloned().unwrap_or_default()
    }

    /// A file was asked for.
    pub(super) fn end(&mut self, name: String, download: Download) {
        self.tally.uncount(self.known.get(&name), true);
        self.tally.count(Some(&download), false);
        let known = self.known.get(&name).and_then(|known| known.failure.as_ref());
        self.changes += u64::from(known != download.failure.as_ref());
        self.known.insert(name, download);
    }
}
