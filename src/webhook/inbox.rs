//! Storing deliveries: whatever waits goes into one transaction, and each sender is answered when that is durable.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::{settings::DeliverySettings, source::Lane};
use crate::{
    disk::{Room, Short},
    server::stopped,
    store::{self, Arrival, Store},
    writer::Clock,
};

/// At most this many deliveries wait to be stored; who comes then is told to come again.
const QUEUE: usize = 1024;
/// At most this many bytes go into one transaction.
const BATCH: usize = 32 << 20;
/// How often what was kept long enough is looked for.
const TIDIED: Duration = Duration::from_mins(5);
/// Microseconds of a day.
const A_DAY: i64 = 86_400_000_000;

/// Why a delivery could not be stored. Its sender is to send it again.
#[derive(Debug, thiserror::Error)]
pub enum Overflow {
    /// Too many wait.
    #[error("too many deliveries are waiting")]
    Busy,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// The disk is full.
    #[error(transparent)]
    NoRoom(#[from] Short),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Arc<store::Error>),
}

type Reply = oneshot::Sender<Result<(i64, bool), Overflow>>;

/// A delivery on its way to the store.
#[derive(Debug)]
struct Waiting {
    arrival: Arrival,
    /// Hears of it when it is stored, whoever still waits for the answer: senders hang up.
    lane: Arc<Lane>,
    reply: Reply,
}

/// The way to the store for deliveries.
#[derive(Debug, Clone)]
pub struct Inbox {
    queue: mpsc::Sender<Waiting>,
    room: Arc<Room>,
}

impl Inbox {
    /// Starts the task that stores; it ends when `stopping` becomes true, after what it accepted is stored.
    pub fn start(
        store: Arc<Store>,
        clock: Clock,
        kept: DeliverySettings,
        room: Arc<Room>,
        stopping: watch::Receiver<bool>,
    ) -> (Self, JoinHandle<()>) {
        let (queue, arrivals) = mpsc::channel(QUEUE);
        (Self { queue, room }, tokio::spawn(Task { store, clock, kept }.run(arrivals, stopping)))
    }

    /// Stores a delivery, and answers when it is durable: with its number, and whether it is new.
    pub async fn store(&self, lane: Arc<Lane>, arrival: Arrival) -> Result<(i64, bool), Overflow> {
        self.room.for_changes(arrival.body.len() as u64)?;
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Waiting { arrival, lane, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Overflow::Busy,
            mpsc::error::TrySendError::Closed(_) => Overflow::Stopping,
        })?;
        answer.await.unwrap_or(Err(Overflow::Stopping))
    }
}

struct Task {
    store: Arc<Store>,
    clock: Clock,
    kept: DeliverySettings,
}

impl Task {
    async fn run(self, mut arrivals: mpsc::Receiver<Waiting>, mut stopping: watch::Receiver<bool>) {
        let mut tidy = tokio::time::interval(TIDIED);
        loop {
            tokio::select! {
                biased;
                first = arrivals.recv() => {
                    let Some(first) = first else { return };
                    self.batch(first, &mut arrivals).await;
                }
                () = stopped(&mut stopping) => arrivals.close(),
                _ = tidy.tick() => self.tidy().await,
            }
        }
    }

    async fn batch(&self, first: Waiting, arrivals: &mut mpsc::Receiver<Waiting>) {
        let (mut batch, mut replies) = (Vec::new(), Vec::new());
        let (mut size, mut next) = (0, Some(first));
        while let Some(Waiting { arrival, lane, reply }) = next {
            size += arrival.body.len();
            batch.push(arrival);
            replies.push((lane, reply));
            next = if size < BATCH { arrivals.try_recv().ok() } else { None };
        }
        let stored = self.store.receive(&batch).await.map_err(|error| {
            tracing::error!(%error, "{} deliveries could not be stored", batch.len());
            Arc::new(error)
        });
        for (index, (lane, reply)) in replies.into_iter().enumerate() {
            let answer = match &stored {
                Ok(stored) => stored.get(index).copied().ok_or(Overflow::Stopping),
                Err(error) => Err(Overflow::Store(error.clone())),
            };
            if let Ok((_, is_new)) = answer {
                lane.note_received(is_new);
            }
            // Whoever does not wait any more does not need the answer.
            let _ = reply.send(answer);
        }
    }

    async fn tidy(&self) {
        let now = (self.clock)();
        let before = now - i64::from(self.kept.keep_days) * A_DAY;
        let most = i64::from(self.kept.keep_mib) << 20;
        if let Err(error) = self.store.prune_deliveries(before, now, most).await {
            tracing::error!(%error, "deliveries that were kept long enough could not be forgotten");
        }
    }
}
