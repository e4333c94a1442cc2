//! The task that looks around after changes, and never takes more than a small part of the time.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};

use super::Lookout;
use crate::server::stopped;

/// Between two looks there is at least this, and `REST` times as long as a look takes.
const PACE: Duration = Duration::from_millis(500);
/// See [`PACE`]: looking takes no more than a twentieth of the time of a core.
const REST: u32 = 19;
/// After this it is looked around even if nothing was published or written: deliveries come, files are fetched, days end.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is kept when projects changed, if nothing else is to be kept.
const CHANGES: Duration = Duration::from_secs(30);

pub(super) async fn run(lookout: Arc<Lookout>, mut stopping: watch::Receiver<bool>) {
    let mut revision = lookout.surroundings.revision.clone();
    let mut progress = lookout.surroundings.progress.clone();
    let mut kept = Instant::now();
    while !*stopping.borrow() {
        let begun = Instant::now();
        revision.mark_unchanged();
        progress.mark_unchanged();
        let with_changes = kept.elapsed() >= CHANGES;
        if with_changes {
            kept = begun;
        }
        round(&lookout, with_changes).await;
        let rested = Instant::now() + PACE.max(begun.elapsed() * REST);
        let due = tokio::time::sleep(PATIENCE);
        tokio::select! {
            () = stopped(&mut stopping) => break,
            Ok(()) = revision.changed() => {}
            Ok(()) = progress.changed() => {}
            () = due => {}
        }
        tokio::select! {
            () = stopped(&mut stopping) => break,
            () = tokio::time::sleep_until(rested) => {}
        }
    }
    round(&lookout, true).await;
}

async fn round(lookout: &Lookout, with_changes: bool) {
    let looked = lookout.look_around(false).await;
    let kept = lookout.keep(with_changes).await;
    if let Err(error) = looked.and(kept) {
        tracing::error!(%error, "what is wrong with the data could not be looked at, or not kept");
    }
}
