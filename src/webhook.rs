//! Webhooks: what trackers send by themselves.
//!
//! A delivery is verified as it came, stored, and answered; then a worker of its source maps it to changes, and has them
//! written like any others. What cannot be mapped or applied is kept with the reason, and can be applied again once that is
//! mended. So nothing that was answered is lost, and the sender never waits for more than the disk.

pub mod filter;
pub mod verify;

mod absent;
mod inbox;
mod mapping;
mod settings;
mod source;
mod trial;
mod worker;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::{sync::watch, task::JoinHandle};

use crate::{
    disk::Room,
    store::{self, Arrival, Store},
    studio::Studio,
    writer::{Clock, Writer},
};

pub use inbox::Overflow;
pub use mapping::{Mapped, Mapping, PRESETS, Unmapped, preset};
pub use settings::{DeliverySettings, Invalid, SourceSettings};
pub use source::{Counts, Refusal, Source, Sources};
pub use trial::{Trial, trial};

use inbox::Inbox;
use worker::Workers;

/// The sources, what comes of them, and the workers that apply it.
#[derive(Debug)]
pub struct Webhooks {
    sources: watch::Sender<Arc<Sources>>,
    store: Arc<Store>,
    inbox: Inbox,
    program: PathBuf,
}

/// What webhooks work on.
pub struct Surroundings {
    /// Where deliveries are kept.
    pub store: Arc<Store>,
    /// Which projects there are.
    pub studio: Arc<Studio>,
    /// Through which they are applied.
    pub writer: Writer,
    /// The present time.
    pub clock: Clock,
    /// The program that runs filters: this one.
    pub program: PathBuf,
    /// How long deliveries are kept.
    pub kept: DeliverySettings,
    /// Where there must be room for them.
    pub room: Arc<Room>,
}

impl Webhooks {
    /// Starts with these sources; the tasks end when `stopping` becomes true.
    #[must_use]
    pub fn start(
        sources: Sources,
        surroundings: Surroundings,
        stopping: watch::Receiver<bool>,
    ) -> (Arc<Self>, JoinHandle<()>) {
        let (sources, watched) = watch::channel(Arc::new(sources));
        let (store, clock) = (surroundings.store.clone(), surroundings.clock.clone());
        let (kept, room) = (surroundings.kept, surroundings.room.clone());
        let (inbox, storing) = Inbox::start(store.clone(), clock, kept, room, stopping.clone());
        let program = surroundings.program.clone();
        let workers = Workers::new(surroundings, watched, stopping);
        let task = tokio::spawn(async move {
            workers.run().await;
            let _ = storing.await;
        });
        (Arc::new(Self { sources, store, inbox, program }), task)
    }

    /// The sources as they are now.
    #[must_use]
    pub fn sources(&self) -> Arc<Sources> {
        self.sources.borrow().clone()
    }

    /// Has other sources from now on. What was received of one that is not among them stays, and waits for it.
    pub fn replace(&self, sources: Sources) {
        let sources = sources.continuing(&self.sources());
        self.sources.send_replace(Arc::new(sources));
    }

    /// Stores a delivery; gives its number, and whether it is new.
    pub async fn receive(&self, source: &Source, arrival: Arrival) -> Result<(i64, bool), Overflow> {
        self.inbox.store(source.lane().clone(), arrival).await
    }

    /// Has deliveries of a source applied once more, also if nobody waits for the answer any more: those in a status, or one.
    /// Gives how many.
    pub async fn retry(
        &self,
        source: &Source,
        status: Option<&'static str>,
        id: Option<i64>,
    ) -> Result<u64, store::Error> {
        let (store, lane, source) = (self.store.clone(), source.lane().clone(), source.name().to_owned());
        let work = async move {
            let asked = store.retry(&source, status, id).await;
            lane.wake.notify_one();
            asked
        };
        tokio::spawn(work).await.unwrap_or(Ok(0))
    }

    /// What is wrong with mappings of sources that are not in use yet, as [`faults`] finds it.
    pub async fn faults(&self, sources: &Sources) -> Vec<String> {
        faults(sources, &self.program).await
    }

    /// A mapping of its own for a source, to try something without its worker.
    #[must_use]
    pub fn mapping(&self, source: &Source) -> Mapping {
        Mapping::new(source.program(), &self.program)
    }
}

/// What is wrong with mappings that cannot be run at all, each with its source; `program` runs filters.
pub async fn faults(sources: &Sources, program: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources.iter() {
        if let Err(failure) = Mapping::new(source.program(), program).check().await {
            faults.push(format!("source {:?}: {failure}", source.name()));
        }
    }
    faults
}
