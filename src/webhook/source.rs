//! Sources: who may send, how it is verified, and what is made of it.

use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::Serialize;
use tokio::sync::{Notify, watch};

use super::{
    filter::Limits,
    settings::{Invalid, SourceSettings},
    verify::Verifier,
};
use crate::{metrics::Durations, model::time::Instant};

/// How many refusals of a source are remembered.
const REFUSALS: usize = 20;
/// How often it is said of a source, at most, that deliveries are refused, in microseconds: anybody can send some.
const WORD: u64 = 60_000_000;

/// A mapping, as a jq program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What it is called: the name of a built-in one, of a file, or `filter`.
    pub name: String,
    /// The program.
    pub text: Arc<str>,
    /// How much it may use.
    pub limits: Limits,
}

/// A source of deliveries.
#[derive(Debug)]
pub struct Source {
    name: String,
    verifier: Verifier,
    program: Program,
    lane: Arc<Lane>,
}

/// What stays of a source when its settings change: its worker's state, and what it counted.
#[derive(Debug, Default)]
pub struct Lane {
    /// Wakes its worker.
    pub wake: Notify,
    /// Counts what its worker has settled.
    pub settled: watch::Sender<u64>,
    /// How long mapping a delivery takes.
    pub mapping: Durations,
    /// Why its mapping does not work at all, if it does not.
    fault: Mutex<Option<String>>,
    refusals: Mutex<VecDeque<Refusal>>,
    /// When refusals were spoken of last, and how many there were by then.
    said: Mutex<Option<(Instant, u64)>>,
    received: AtomicU64,
    duplicates: AtomicU64,
    refused: AtomicU64,
}

/// A delivery that was not taken, since it is not from whom it says, or is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Refusal {
    /// When it came (RFC 3339).
    pub at: String,
    /// Why it was not taken.
    pub detail: String,
}

/// What a source counted since the server started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Counts {
    /// Deliveries that were stored.
    pub received: u64,
    /// Deliveries that had come before.
    pub duplicates: u64,
    /// Requests that were refused.
    pub refused: u64,
}

impl Source {
    /// A source of these settings.
    #[must_use]
    pub fn new(name: String, verifier: Verifier, program: Program) -> Self {
        Self { name, verifier, program, lane: Arc::default() }
    }

    /// Its name, as in its address.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// By what its deliveries are verified.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// What makes changes of its deliveries.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// What stays of it when its settings change.
    #[must_use]
    pub fn lane(&self) -> &Arc<Lane> {
        &self.lane
    }
}

impl Lane {
    /// Notes that a delivery was stored, or had come before.
    pub fn note_received(&self, is_new: bool) {
        let count = if is_new { &self.received } else { &self.duplicates };
        count.fetch_add(1, Ordering::Relaxed);
        if is_new {
            self.wake.notify_one();
        }
    }

    /// Notes that something was not taken. If that is to be said, gives how many were not since it was said last.
    pub fn note_refused(&self, refusal: Refusal, now: Instant) -> Option<u64> {
        let refused = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.truncate(REFUSALS - 1);
        refusals.push_front(refusal);
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_some_and(|(at, _)| now.abs_diff(at) < WORD) {
            return None;
        }
        let before = said.replace((now, refused)).map_or(0, |(_, before)| before);
        Some(refused.saturating_sub(before))
    }

    /// The last that were not taken, the latest first.
    #[must_use]
    pub fn refusals(&self) -> Vec<Refusal> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// What was counted since the server started.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let [received, duplicates, refused] =
            [&self.received, &self.duplicates, &self.refused].map(|count| count.load(Ordering::Relaxed));
        Counts { received, duplicates, refused }
    }

    /// Why its mapping does not work at all, if it does not.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes whether its mapping works.
    pub fn set_fault(&self, fault: Option<String>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }
}

/// All sources, by name.
#[derive(Debug, Default)]
pub struct Sources(BTreeMap<String, Source>);

impl Sources {
    /// Those of the settings; relative files are looked for in a folder. The errors are all that is wrong.
    pub fn new(settings: &[SourceSettings], folder: &Path) -> Result<Self, Vec<Invalid>> {
        let (mut sources, mut faults) = (BTreeMap::new(), Vec::new());
        for one in settings {
            match one.source(folder) {
                Ok(source) if sources.contains_key(&one.name) => faults.push(Invalid::Twice(source.name)),
                Ok(source) => drop(sources.insert(one.name.clone(), source)),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(Self(sources)) } else { Err(faults) }
    }

    /// The source of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Source> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.values()
    }

    /// The same, going on from where others of the same names are.
    #[must_use]
    pub fn continuing(self, others: &Self) -> Self {
        let continued = self.0.into_iter().map(|(name, source)| {
            let lane = others.get(&name).map_or(source.lane, |other| other.lane.clone());
            (name, Source { lane, ..source })
        });
        Self(continued.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{Lane, Refusal};

    #[test]
    fn refusals_are_spoken_of_once_a_minute_with_their_number() {
        let (lane, minute) = (Lane::default(), 60_000_000);
        let note = |now| lane.note_refused(Refusal { at: String::new(), detail: String::new() }, now);
        assert_eq!([0, 1, minute - 1, minute, minute + 1].map(note), [Some(1), None, None, Some(3), None]);
        assert_eq!(note(-minute), Some(2), "a clock that was put back makes nobody silent");
        assert_eq!(lane.counts().refused, 6);
    }
}
