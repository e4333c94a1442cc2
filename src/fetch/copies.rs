//! Copies of files of other servers: which are wanted, which are here, and when each is asked for again.
//!
//! What is wanted follows from the entities alone, so nothing is queued that could be lost: after a crash it is found
//! again. A copy is given to its entities through the writer, like an upload.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use reqwest::Url;
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use super::{
    Fetches, Tally,
    client::{Fetched, Validators, back_off},
    guard::identity,
    named,
};
use crate::{
    media::{
        intake::{Accepted, accept, accept_kept, canvas_of},
        receive::{self, Wanted, receive},
        store::MediaStore,
    },
    model::{
        Id, Kind,
        change::{Change, Op},
        media::{Files, Mode, Sha256},
        scope::{Key, Scope},
        time::Instant,
    },
    store::{Download, Store},
    studio::Studio,
    writer::{Clock, Request, Writer},
};

/// So many files are copied at a time, from all hosts together.
const AT_ONCE: usize = 16;
/// Between two looks at what is wanted there is at least this.
const PACE: Duration = Duration::from_millis(50);
/// After this, what is due is looked at even if nothing happened: the clock may have been set.
const PATIENCE: Duration = Duration::from_secs(60);
/// What failed for good is asked for again after this, in microseconds, if its host says nothing else: ten minutes.
const FAILED_STAYS: Instant = 600 * 1_000_000;

/// An entity that wants a file.
#[derive(Debug, Clone)]
struct Owner {
    key: Key,
    /// The URL as the entity has it.
    url: String,
    /// What the entity has from there already.
    has: Option<Sha256>,
}

/// What one scope wants, by [`identity`].
type Wants = HashMap<String, Vec<Owner>>;

/// What came of asking for a file.
struct Asked {
    identity: String,
    download: Download,
}

/// Where copies go.
#[derive(Clone)]
pub struct Surroundings {
    /// Where entities are.
    pub studio: Arc<Studio>,
    /// Where what is known of files is kept.
    pub store: Arc<Store>,
    /// Through which entities get their copies.
    pub writer: Writer,
    /// Where copies are kept.
    pub media: Arc<MediaStore>,
    /// The present time.
    pub clock: Clock,
    /// The largest picture and the largest movie, in bytes.
    pub limits: (u64, u64),
}

/// Starts the task that copies files; it ends when `stopping` becomes true. There is none if no host's files are copied.
pub async fn start(
    fetches: Arc<Fetches>,
    surroundings: Surroundings,
    stopping: watch::Receiver<bool>,
) -> Result<Option<JoinHandle<()>>, crate::store::Error> {
    if !fetches.copies_any() {
        return Ok(None);
    }
    let known = surroundings.store.downloads().await?;
    fetches.downloads().known = known.into_iter().collect();
    let copier =
        Copier { fetches, surroundings, scopes: HashMap::new(), running: HashSet::new(), jobs: JoinSet::new() };
    Ok(Some(tokio::spawn(copier.run(stopping))))
}

struct Copier {
    fetches: Arc<Fetches>,
    surroundings: Surroundings,
    /// What each scope wants, as of which revision.
    scopes: HashMap<Option<Id>, (u64, Wants)>,
    running: HashSet<String>,
    jobs: JoinSet<Asked>,
}

impl Copier {
    async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut revision = self.surroundings.writer.revision();
        loop {
            revision.borrow_and_update();
            if let Err(error) = self.look().await {
                tracing::error!(%error, "what is to be copied could not be looked at");
            }
            let due = self.start_due();
            tokio::select! {
                () = stopped(&mut stopping) => return,
                _ = revision.changed() => {}
                Some(asked) = self.jobs.join_next(), if !self.jobs.is_empty() => self.note(asked).await,
                () = tokio::time::sleep(due) => {}
            }
            tokio::select! {
                () = stopped(&mut stopping) => return,
                () = tokio::time::sleep(PACE) => {}
            }
            while let Some(asked) = self.jobs.try_join_next() {
                self.note(asked).await;
            }
        }
    }

    /// Finds what the scopes want that changed since the last look.
    async fn look(&mut self) -> Result<(), crate::store::Error> {
        let studio = self.surroundings.studio.clone();
        let context = studio.context();
        let ids: HashSet<Id> = context.projects().map(|(id, _)| id.clone()).collect();
        self.scopes.retain(|id, _| id.as_ref().is_none_or(|id| ids.contains(id)));
        self.look_at(None, &context);
        for id in ids {
            let contents = studio.scope(&id).await?;
            self.look_at(Some(id), &contents);
        }
        self.forget().await
    }

    /// Forgets what nobody wants any more.
    async fn forget(&self) -> Result<(), crate::store::Error> {
        let is_wanted = |identity: &String| {
            self.running.contains(identity) || self.scopes.values().any(|(_, wants)| wants.contains_key(identity))
        };
        let gone: Vec<String> = {
            let mut downloads = self.fetches.downloads();
            let gone: Vec<_> = downloads.known.keys().filter(|identity| !is_wanted(identity)).cloned().collect();
            downloads.known.retain(|identity, _| is_wanted(identity));
            gone
        };
        if gone.is_empty() { Ok(()) } else { self.surroundings.store.keep_downloads(&[], &gone).await }
    }

    fn look_at(&mut self, project: Option<Id>, scope: &Scope) {
        if self.scopes.get(&project).is_none_or(|(revision, _)| *revision != scope.revision) {
            let wants = wants_of(&self.fetches, project.as_ref(), scope);
            self.scopes.insert(project, (scope.revision, wants));
        }
    }

    /// Starts what is due, as far as there is room; says when to look again.
    fn start_due(&mut self) -> Duration {
        let now = (self.surroundings.clock)();
        let mut owners: HashMap<&str, Vec<&Owner>> = HashMap::new();
        for (identity, found) in self.scopes.values().flat_map(|(_, wants)| wants) {
            owners.entry(identity).or_default().extend(found);
        }
        let mut next = now.saturating_add(micros(PATIENCE));
        let mut tally = Tally::default();
        let room = AT_ONCE.saturating_sub(self.jobs.len());
        let mut jobs = Vec::new();
        let mut downloads = self.fetches.downloads();
        for (identity, owners) in owners {
            let known = downloads.known.get(identity);
            match known {
                Some(known) if known.failure.is_some() => tally.failed += 1,
                Some(known) if known.sha256.is_some() => tally.copied += 1,
                _ => {}
            }
            let is_due = known.is_none_or(|known| known.next <= now || lacks(known, &owners));
            if self.running.contains(identity) {
                continue;
            }
            if !is_due {
                next = next.min(known.map_or(next, |known| known.next));
            } else if jobs.len() < room {
                let known = known.cloned().unwrap_or_default();
                let owners = owners.into_iter().cloned().collect();
                let (fetches, surroundings) = (self.fetches.clone(), self.surroundings.clone());
                jobs.push((Job { fetches, surroundings, identity: identity.to_owned(), owners }, known));
            } else {
                tally.waiting += 1;
            }
        }
        tally.running = self.running.len() + jobs.len();
        downloads.tally = tally;
        drop(downloads);
        for (job, known) in jobs {
            self.running.insert(job.identity.clone());
            self.jobs.spawn(job.run(known));
        }
        Duration::from_micros(next.saturating_sub(now).max(0).unsigned_abs())
    }

    async fn note(&mut self, asked: Result<Asked, tokio::task::JoinError>) {
        let Ok(Asked { identity, download }) = asked else {
            // A job that panicked: its name is not known, so all are taken to be free. None is lost.
            self.running.clear();
            return;
        };
        self.running.remove(&identity);
        let known = [(identity.clone(), download.clone())];
        if let Err(error) = self.surroundings.store.keep_downloads(&known, &[]).await {
            tracing::error!(%error, "what is known of a file of another server could not be kept");
        }
        self.fetches.downloads().known.insert(identity, download);
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A server that is gone has stopped, too.
    drop(stopping.wait_for(|stopping| *stopping).await);
}

/// Whether an entity has not got the copy that there is.
fn lacks(known: &Download, owners: &[&Owner]) -> bool {
    known.failure.is_none() && known.sha256.is_some() && owners.iter().any(|owner| owner.has != known.sha256)
}

/// The files that a scope wants copied.
fn wants_of(fetches: &Fetches, project: Option<&Id>, scope: &Scope) -> Wants {
    let mut wants = Wants::new();
    for kind in Kind::WITH_MEDIA {
        for (id, record) in scope.list(*kind).iter() {
            let Some(url) = record.entity.media_url().filter(|url| crate::model::media::is_remote(url)) else {
                continue;
            };
            let media = record.entity.media();
            // What was uploaded goes before what is named.
            if media.is_some_and(|files| files.source.is_none()) || fetches.mode(url) != Mode::Copy {
                continue;
            }
            let Ok(parsed) = Url::parse(url) else { continue };
            let identity = identity(&parsed);
            let is_from_there = |files: &Files<'_>| files.source == Some(&*identity);
            let has = media.filter(is_from_there).map(|files| files.sent);
            let owner = Owner { key: Key::new(project, *kind, id), url: url.to_owned(), has };
            wants.entry(identity).or_default().push(owner);
        }
    }
    wants
}

/// Why a file was not copied.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// It was not to be had.
    #[error(transparent)]
    Client(#[from] super::client::Failure),
    /// It is not what is wanted, or broke off.
    #[error(transparent)]
    Content(#[from] receive::Error),
    /// Its entities could not get it.
    #[error("it could not be stored: {0}")]
    Writer(#[from] crate::writer::Refused),
    /// Nobody wants it any more, or its URL is none.
    #[error("its URL cannot be read")]
    Url,
}

impl From<crate::media::intake::Refused> for Failure {
    fn from(refused: crate::media::intake::Refused) -> Self {
        Self::Content(refused.into())
    }
}

impl Failure {
    /// When it is asked for again: soon, with patience, if that may help; else later.
    fn next(&self, now: Instant, attempts: u32, refresh: Option<Duration>) -> Instant {
        let is_final = match self {
            Self::Client(failure) => failure.is_final(),
            Self::Content(error) => !matches!(error, receive::Error::Broken(_) | receive::Error::Store(_)),
            Self::Writer(_) => false,
            Self::Url => true,
        };
        let asked_for = if let Self::Client(failure) = self { failure.retry_after() } else { None };
        let pause = if is_final { refresh.map_or(FAILED_STAYS, micros) } else { micros(back_off(attempts)) };
        now.saturating_add(pause.max(asked_for.map_or(0, micros)))
    }
}

fn micros(duration: Duration) -> Instant {
    Instant::try_from(duration.as_micros()).unwrap_or(Instant::MAX)
}

/// One file that is being asked for.
struct Job {
    fetches: Arc<Fetches>,
    surroundings: Surroundings,
    identity: String,
    owners: Vec<Owner>,
}

impl Job {
    async fn run(self, known: Download) -> Asked {
        let now = (self.surroundings.clock)();
        let url = self.owners.first().map(|owner| owner.url.clone()).unwrap_or_default();
        let host = Url::parse(&url).ok().and_then(|url| self.fetches.hosts.of(&url).cloned());
        let refresh = host.as_ref().and_then(|host| host.refresh);
        let again = refresh.map_or(Instant::MAX, |refresh| now.saturating_add(micros(refresh)));
        let copied = self.copy(&url, &known, now).await;
        let download = match copied {
            Ok(fresh) => {
                // What only had to be given to one more entity is not put off by that.
                let next = if fresh.next > now { fresh.next } else { again };
                Download { next, attempts: 0, failure: None, ..fresh }
            }
            Err(failure) => {
                let attempts = known.attempts.saturating_add(1);
                let (reason, next) = (failure.to_string(), failure.next(now, attempts, refresh));
                tracing::warn!(url = named(&url), reason, attempts, "a file could not be copied");
                Download { next, attempts, failure: Some(reason), ..known }
            }
        };
        Asked { identity: self.identity, download }
    }

    /// Brings the file here, if it is not, and gives it to its entities.
    async fn copy(&self, url: &str, known: &Download, now: Instant) -> Result<Download, Failure> {
        // The first is as good as any: they differ in their signatures at most, and the list is in no order of time.
        let lacking: Vec<&Owner> = self.owners.iter().filter(|owner| owner.has != known.sha256).collect();
        let is_due = known.next <= now;
        if let Some(hash) = known.sha256.filter(|_| !is_due)
            && self.give_kept(hash, &lacking).await?
        {
            return Ok(known.clone());
        }
        let parsed = Url::parse(url).map_err(|_| Failure::Url)?;
        let is_here = known.sha256.is_some_and(|hash| self.owners.iter().all(|owner| owner.has == Some(hash)));
        let validators = if is_here {
            Validators { etag: known.etag.clone(), last_modified: known.last_modified.clone() }
        } else {
            Validators::default()
        };
        let response = match self.fetches.client.get(&parsed, &validators, None).await? {
            Fetched::NotModified => return Ok(Download { next: now, ..known.clone() }),
            Fetched::Response(response) => response,
        };
        let fresh = response.validators.clone();
        let Some(first) = self.owners.first() else { return Err(Failure::Url) };
        let kind = first.key.kind;
        let (pictures, movies) = self.surroundings.limits;
        let limit = if canvas_of(kind).is_some() { pictures } else { movies };
        let wanted = Wanted { kind, limit, sha512: false };
        let (received, _) = receive(&self.surroundings.media, response.body, wanted).await?;
        let hash = received.hash();
        let accepted = accept(&self.surroundings.media, received, kind, Some(self.identity.clone())).await?;
        let (alike, others): (Vec<&Owner>, Vec<&Owner>) =
            self.owners.iter().partition(|owner| canvas_of(owner.key.kind) == canvas_of(kind));
        self.give(&accepted, &alike).await?;
        self.give_kept(hash, &others).await?;
        let sha256 = Some(hash);
        Ok(Download { etag: fresh.etag, last_modified: fresh.last_modified, sha256, next: now, ..Download::default() })
    }

    /// Gives a picture that is here already to entities; whether that could be done.
    async fn give_kept(&self, hash: Sha256, owners: &[&Owner]) -> Result<bool, Failure> {
        let mut is_here = true;
        for owner in owners {
            let source = Some(self.identity.clone());
            match accept_kept(&self.surroundings.media, hash, owner.key.kind, source).await? {
                Some(accepted) => self.give(&accepted, &[owner]).await?,
                None => is_here = false,
            }
        }
        Ok(is_here)
    }

    async fn give(&self, accepted: &Accepted, owners: &[&Owner]) -> Result<(), Failure> {
        let changes = owners.iter().map(|owner| {
            let op = Op::Attach(Box::new(accepted.attachment.clone()), Some(owner.url.clone()));
            Change::One { key: owner.key.clone(), op, at: None, pointer: String::new() }
        });
        let request = Request { changes: changes.collect(), actor: "fetch".to_owned(), ..Request::default() };
        self.surroundings.writer.write(request).await?;
        Ok(())
    }
}
