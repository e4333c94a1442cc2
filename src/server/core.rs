//! All that there is without HTTP: the store, what is in memory of it, and the writer.

use std::{path::Path, sync::Arc};

use tokio::task::JoinHandle;

use crate::{
    store::{self, Store},
    studio::Studio,
    writer::{Clock, Writer},
};

/// The store, what is in memory of it, and the writer: all that there is without HTTP.
#[derive(Debug)]
pub struct Core {
    /// The truth.
    pub store: Arc<Store>,
    /// The read side.
    pub studio: Arc<Studio>,
    /// The way in.
    pub writer: Writer,
    task: JoinHandle<()>,
}

impl Core {
    /// Opens the database of a data folder and starts the writer.
    pub async fn open(database: &Path, clock: Clock) -> Result<Self, store::Error> {
        Self::of(Store::open(database).await?, clock).await
    }

    /// The same beside a server that may be running: the schema of the database stays as it is.
    pub async fn open_beside(database: &Path, clock: Clock) -> Result<Self, store::Error> {
        Self::of(Store::open_beside(database).await?, clock).await
    }

    async fn of(store: Store, clock: Clock) -> Result<Self, store::Error> {
        let store = Arc::new(store);
        let studio = Studio::load(store.clone()).await.map_err(|error| store.named(error))?;
        let studio = Arc::new(studio);
        let (writer, task) = Writer::start(store.clone(), studio.clone(), clock).await?;
        Ok(Self { store, studio, writer, task })
    }

    /// Finishes what was accepted, and closes the database.
    pub async fn close(self) -> Result<(), store::Error> {
        let Self { store, studio, writer, task } = self;
        drop(writer);
        // The writer ends when the last handle to it is gone.
        let _ = task.await;
        drop(studio);
        match Arc::into_inner(store) {
            Some(store) => store.close().await,
            None => Ok(()),
        }
    }
}
