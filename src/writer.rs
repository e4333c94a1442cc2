//! The one door in: a task that turns requests into committed changes, many at a time.
//!
//! It takes whatever is queued, resolves it against what is in memory, writes it in one transaction, alters memory, and
//! only then answers: concurrent writes share a transaction and its fsync, and what was answered is durable.

mod commit;
mod draft;
mod partial;
mod rehearsal;
mod resolve;
mod steps;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{RwLock, mpsc, oneshot, watch};

use crate::{
    disk::{Room, Short},
    fetch::Fetches,
    media::store::Pin,
    metrics::Writes,
    model::{
        Id, Kind,
        change::{Change, Op, Precondition},
        fault::{At, Fault, Findings, Warning},
        scope::Key,
        time::Instant,
        wire::Reader,
    },
    store::{self, Store},
    studio::Studio,
};

pub use rehearsal::Rehearsal;

/// At most this many requests wait for the writer; who comes then is told to come again.
const QUEUE: usize = 4096;
/// At most this many changes go into one transaction, so that no request waits long for those before it.
const BATCH: usize = 20_000;

/// Where the present time comes from; tests have their own.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// The computer's clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is where the time comes from")]
pub fn system_clock() -> Clock {
    Arc::new(|| jiff::Timestamp::now().as_microsecond())
}

/// What one sender wants changed, all of it or nothing.
#[derive(Debug, Default)]
pub struct Request {
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// What was odd when they were read; faults must have been answered before.
    pub findings: Findings,
    /// What must be true before.
    pub preconditions: Vec<Precondition>,
    /// The ids that were made up, with the pointers of their entities.
    pub generated: Vec<(String, Id)>,
    /// Who wants it: a token, a webhook source, a command.
    pub actor: String,
    /// To find out what would happen, and change nothing.
    pub dry_run: bool,
    /// The `Idempotency-Key` and a hash of what was asked.
    pub idempotency: Option<(String, String)>,
    /// That these are events, of which each tells a part and which come in any order: a merge creates what it is about even if
    /// what is needed is still missing, and what has a time comes to its place in a list by that.
    pub partial: bool,
    /// What keeps the files that it attaches. They are let go of when memory says who refers to them, also if whoever sent it does
    /// not wait for that. What is new among them and was attached before was lost: that it is there again is a change.
    pub pins: Vec<Pin>,
    /// The delivery of a webhook that this is; that it is applied is noted in the same transaction.
    pub delivery: Option<i64>,
}

impl Request {
    /// What was read, to be written.
    #[must_use]
    pub fn of(reader: Reader) -> Self {
        let Reader { changes, findings, generated, .. } = reader;
        Self { changes, findings, generated, ..Self::default() }
    }

    /// Whether nothing is there after it that was not before.
    fn only_takes_away(&self) -> bool {
        self.changes.iter().all(|change| match change {
            Change::One { op: Op::Delete | Op::Remove(..), .. } => true,
            Change::One { op: Op::Attach(attachment, _), .. } => attachment.is_none(),
            _ => false,
        })
    }
}

/// What a request did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = BulkAnswer)]
pub struct Outcome {
    /// The revision of the data with these changes; that of the last change if nothing changed.
    pub revision: u64,
    /// How many entities are new.
    pub created: usize,
    /// How many entities are other than before.
    pub updated: usize,
    /// How many entities are gone.
    pub deleted: usize,
    /// How many entities already were as they were sent.
    pub unchanged: usize,
    /// What was accepted, but probably not as it was meant.
    #[schema(inline)]
    pub warnings: Vec<Warning>,
    /// Ids that were made up for entities that came without one, by the pointers of those.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty", default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>, required = false)]
    pub generated_ids: serde_json::Map<String, serde_json::Value>,
    /// Whether the one entity, or the one file, that the whole body is, if it is one, is new.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    #[schema(ignore)]
    pub is_new: bool,
}

/// Why a request was refused. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// What was asked for is wrong, in these places.
    #[error("{} faults", .0.len())]
    Faults(Vec<Fault>),
    /// What the address names does not exist.
    #[error("there is no {} {}", .0.kind.singular(), .0.id)]
    NotFound(Key),
    /// A precondition does not hold.
    #[error("the {} {} is not what the request takes it to be", .0.kind.singular(), .0.id)]
    Precondition(Key),
    /// The same `Idempotency-Key` came with another request.
    #[error("this Idempotency-Key was used for another request")]
    KeyReused,
    /// Too many requests are waiting.
    #[error("too many writes are waiting")]
    Busy,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// The disk is nearly full.
    #[error(transparent)]
    NoRoom(#[from] Short),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Arc<store::Error>),
}

type Reply = oneshot::Sender<Result<Outcome, Refused>>;

/// The way to the writer, for everyone who has changes.
#[derive(Debug, Clone)]
pub struct Writer {
    queue: mpsc::Sender<(Request, Reply)>,
    revision: watch::Receiver<u64>,
    fetches: Option<Arc<Fetches>>,
    tally: Writes,
    room: Option<Arc<Room>>,
    commits: Arc<RwLock<()>>,
}

impl Writer {
    /// Starts the writer task. It ends when every handle is dropped and what was accepted is done.
    pub async fn start(
        store: Arc<Store>,
        studio: Arc<Studio>,
        clock: Clock,
    ) -> Result<(Self, tokio::task::JoinHandle<()>), store::Error> {
        let last = store.last_revision().await?;
        let (queue, requests) = mpsc::channel(QUEUE);
        let (announce, revision) = watch::channel(last);
        let tally = Writes::default();
        let commits = Arc::default();
        let task =
            commit::Committer { store, studio, clock, announce, tally: tally.clone(), commits: Arc::clone(&commits) };
        Ok((Self { queue, revision, fetches: None, tally, room: None, commits }, tokio::spawn(task.run(requests))))
    }

    /// The same, which warns of files on servers that nothing is fetched from.
    #[must_use]
    pub fn warning_of(self, fetches: Arc<Fetches>) -> Self {
        Self { fetches: Some(fetches), ..self }
    }

    /// The same, which takes only deletions where there is too little room for more.
    #[must_use]
    pub fn within(self, room: Arc<Room>) -> Self {
        Self { room: Some(room), ..self }
    }

    fn warn(&self, request: &mut Request) {
        let Some(fetches) = &self.fetches else { return };
        for change in &request.changes {
            let Change::One { key, op, pointer, .. } = change else { continue };
            let field = if key.kind == Kind::Edit { "sourceName" } else { "thumbnailUrl" };
            let url = match op {
                Op::Put(entity) => entity.media_url(),
                Op::Merge(patch) if Kind::WITH_MEDIA.contains(&key.kind) => patch.get(field).and_then(Value::as_str),
                _ => None,
            };
            if let Some(warning) = url.and_then(|url| fetches.warning(url)) {
                request.findings.warn(At::Pointer(pointer).key(field), warning);
            }
        }
    }

    /// Has a request written, and answers when it is durable.
    pub async fn write(&self, request: Request) -> Result<Outcome, Refused> {
        self.queue(request)?.await
    }

    /// Puts a request in line, to be written after those that are there. What this gives is to be awaited for the answer.
    pub fn queue(
        &self,
        mut request: Request,
    ) -> Result<impl Future<Output = Result<Outcome, Refused>> + Send + use<>, Refused> {
        // Of deliveries none goes before another, so that what takes away waits as well.
        let needs_room = !request.dry_run && (request.delivery.is_some() || !request.only_takes_away());
        if let Some(room) = self.room.as_ref().filter(|_| needs_room) {
            room.for_changes(0)?;
        }
        self.warn(&mut request);
        let (reply, answer) = oneshot::channel();
        self.queue.try_send((request, reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refused::Busy,
            mpsc::error::TrySendError::Closed(_) => Refused::Stopping,
        })?;
        Ok(async { answer.await.unwrap_or(Err(Refused::Stopping)) })
    }

    /// Waits until memory shows all that is in the database by now: for whoever read there what became of a change.
    pub async fn shown(&self) {
        drop(self.commits.read().await);
    }

    /// The revision of the last change, and a way to wait for the next.
    #[must_use]
    pub fn revision(&self) -> watch::Receiver<u64> {
        self.revision.clone()
    }

    /// What was counted of all that was written.
    #[must_use]
    pub fn tally(&self) -> &Writes {
        &self.tally
    }

    /// Whether the writer's task has ended: as long as there is a handle, it does so only by failing.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.queue.is_closed()
    }

    /// How many requests wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}
