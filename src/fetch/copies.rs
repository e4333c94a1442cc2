//! Copies of files of other servers: which are wanted, which are here, and when each is asked for again.
//!
//! What is wanted follows from the entities alone, so nothing is queued that could be lost: after a crash it is found
//! again. A copy is given to its entities through the writer, like an upload.

mod due;
mod job;
mod wants;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::watch,
    task::{AbortHandle, JoinError, JoinHandle, JoinSet},
};

use super::{Fetches, Tally, client::back_off};
use crate::{
    media::store::MediaStore,
    model::{Id, scope::Scope, time::Instant},
    server::stopped,
    store::{Download, Error, Store},
    studio::Studio,
    writer::{Clock, Writer},
};

use due::{micros, time_of, when};
use job::{Asked, Job};
pub(super) use wants::name_of;
use wants::{Owner, Wanted, Wants, wants_of};

/// Between two looks at what is wanted there is at least this, and `REST` times as long as a look takes.
const PACE: Duration = Duration::from_millis(50);
/// See [`PACE`]: with many thousands of files, looking takes no more than a fifth of the time of a core.
const REST: u32 = 4;
/// After this, what is due is looked at even if nothing happened: the clock may have been set.
const PATIENCE: Duration = Duration::from_mins(1);

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
///
/// What failed before is asked for at once: the configuration may be another.
pub async fn start(
    fetches: Arc<Fetches>,
    surroundings: Surroundings,
    stopping: watch::Receiver<bool>,
) -> Result<Option<JoinHandle<()>>, Error> {
    if !fetches.copies_any() {
        return Ok(None);
    }
    let mut known: HashMap<String, Download> = surroundings.store.downloads().await?.into_iter().collect();
    known.values_mut().filter(|known| known.failure.is_some()).for_each(|known| known.next = Instant::MIN);
    fetches.downloads().known = known;
    // Nothing is on its way yet, so all connections are free. While one file comes, another is looked into.
    let room = fetches.hosts.iter().map(|host| (host.name.clone(), 2 * host.connections.available_permits()));
    let copier = Copier {
        room: room.collect(),
        fetches,
        surroundings,
        scopes: HashMap::new(),
        queues: HashMap::new(),
        running: HashMap::new(),
        denied: HashMap::new(),
        jobs: JoinSet::new(),
    };
    Ok(Some(tokio::spawn(copier.run(stopping))))
}

/// A file that is being asked for.
struct Running {
    task: AbortHandle,
    /// The name of its host.
    host: String,
}

/// Files go by [`name_of`] in all of this.
struct Copier {
    fetches: Arc<Fetches>,
    surroundings: Surroundings,
    /// What each scope wants, as of which revision; as of none if it is to be looked at anew.
    scopes: HashMap<Option<Id>, (Option<u64>, Wants)>,
    /// What is due, by host, the most urgent last. One host that is slow does not hold up the others.
    queues: HashMap<String, Vec<String>>,
    /// How many files of a host are asked for at a time.
    room: HashMap<String, usize>,
    running: HashMap<String, Running>,
    /// The URLs that did not open a file any more: signatures end. One that was signed anew is tried at once.
    denied: HashMap<String, HashSet<String>>,
    jobs: JoinSet<Asked>,
}

impl Copier {
    async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut revision = self.surroundings.writer.revision();
        loop {
            revision.borrow_and_update();
            let begun = tokio::time::Instant::now();
            let due = begun + self.plan().await;
            let rested = begun + PACE.max(begun.elapsed() * REST);
            let mut is_owed = false;
            loop {
                self.start_due();
                tokio::select! {
                    () = stopped(&mut stopping) => return self.stop().await,
                    Some(asked) = self.jobs.join_next() => {
                        self.note(asked).await;
                        is_owed = true;
                    }
                    _ = revision.changed(), if !is_owed => is_owed = true,
                    () = tokio::time::sleep_until(due), if !is_owed => is_owed = true,
                    () = tokio::time::sleep_until(rested), if is_owed => break,
                }
            }
        }
    }

    /// Notes what has come, and lets go of what is on its way; nothing of that stays.
    async fn stop(mut self) {
        while let Some(asked) = self.jobs.try_join_next() {
            self.note(asked).await;
        }
        self.jobs.shutdown().await;
    }

    /// Finds what is wanted and what of it is due; says when to do so again.
    async fn plan(&mut self) -> Duration {
        if let Err(error) = self.look().await {
            tracing::error!(%error, "what is to be copied could not be looked at");
            return PATIENCE;
        }
        let (gone, due) = self.line_up();
        if !gone.is_empty()
            && let Err(error) = self.surroundings.store.keep_downloads(&[], &gone).await
        {
            tracing::error!(%error, "files that nobody wants any more could not be forgotten");
        }
        due
    }

    /// Finds what the scopes want that changed since the last look.
    async fn look(&mut self) -> Result<(), Error> {
        let studio = self.surroundings.studio.clone();
        let context = studio.context();
        let ids: HashSet<Id> = context.projects().map(|(id, _)| id.clone()).collect();
        self.scopes.retain(|id, _| id.as_ref().is_none_or(|id| ids.contains(id)));
        self.look_at(None, &context);
        for id in ids {
            let contents = studio.scope(&id).await?;
            self.look_at(Some(id), &contents);
        }
        Ok(())
    }

    fn look_at(&mut self, project: Option<Id>, scope: &Scope) {
        if self.scopes.get(&project).is_none_or(|(revision, _)| *revision != Some(scope.revision)) {
            let wants = wants_of(&self.fetches, &self.surroundings.media, project.as_ref(), scope);
            self.scopes.insert(project, (Some(scope.revision), wants));
        }
    }

    /// Lines up what is due, and lets go of what nobody wants any more. Gives what of that was known, and when something is
    /// due next.
    fn line_up(&mut self) -> (Vec<String>, Duration) {
        let now = (self.surroundings.clock)();
        let mut wanted: HashMap<&str, Vec<&Wanted>> = HashMap::new();
        for (name, one) in self.scopes.values().flat_map(|(_, wants)| wants) {
            wanted.entry(name).or_default().push(one);
        }
        self.running.iter().filter(|(name, _)| !wanted.contains_key(&***name)).for_each(|(_, one)| one.task.abort());
        self.denied.retain(|name, _| wanted.contains_key(&**name));
        let mut downloads = self.fetches.downloads();
        let gone: Vec<String> = downloads.known.keys().filter(|name| !wanted.contains_key(&***name)).cloned().collect();
        for name in &gone {
            downloads.known.remove(name);
        }

        let (mut tally, mut later) = (Tally::default(), now.saturating_add(micros(PATIENCE)));
        let mut queues: HashMap<&str, Vec<(Instant, &str)>> = HashMap::new();
        for (name, wanted) in wanted {
            let (known, is_running) = (downloads.known.get(name), self.running.contains_key(name));
            tally.count(known, is_running);
            let next = when(known, &wanted, self.denied.get(name), now);
            match wanted.first() {
                Some(first) if next <= now && !is_running => {
                    queues.entry(&first.host.name).or_default().push((next, name));
                }
                _ if !is_running => later = later.min(next),
                _ => {}
            }
        }
        downloads.tally = tally;
        drop(downloads);
        let queues = queues.into_iter().map(|(host, mut queue)| {
            queue.sort_unstable_by(|a, b| b.cmp(a));
            (host.to_owned(), queue.into_iter().map(|(_, name)| name.to_owned()).collect())
        });
        self.queues = queues.collect();
        (gone, Duration::from_micros(later.saturating_sub(now).max(0).unsigned_abs()))
    }

    /// Starts what is due, as far as there is room.
    fn start_due(&mut self) {
        let mut names = Vec::new();
        for (host, queue) in self.queues.iter_mut().filter(|(_, queue)| !queue.is_empty()) {
            let running = self.running.values().filter(|one| one.host == *host).count();
            let room = self.room.get(host).map_or(0, |room| room.saturating_sub(running));
            names.extend(queue.split_off(queue.len().saturating_sub(room)).into_iter().rev());
        }
        for name in names {
            self.start(name);
        }
    }

    fn start(&mut self, name: String) {
        let wanted: Vec<&Wanted> = self.scopes.values().filter_map(|(_, wants)| wants.get(&name)).collect();
        let Some(first) = wanted.first() else { return };
        let (host, identity) = (first.host.clone(), first.identity.clone());
        let owners: Vec<Owner> = wanted.iter().flat_map(|wanted| &wanted.owners).cloned().collect();
        let known = self.fetches.downloads().begin(&name);
        let now = (self.surroundings.clock)();
        let is_due = known == Download::default() || known.failure.is_some() || time_of(&known, &host, now) <= now;
        let untried = owners.iter().find(|owner| !self.denied.get(&name).is_some_and(|all| all.contains(&owner.url)));
        if untried.is_none() {
            // It is time again for all of them.
            self.denied.remove(&name);
        }
        let Some(url) = untried.or(owners.first()).map(|owner| owner.url.clone()) else { return };
        let (fetches, surroundings) = (self.fetches.clone(), self.surroundings.clone());
        let running = host.name.clone();
        let job = Job { fetches, surroundings, name: name.clone(), host, identity, url, owners, is_due };
        let task = self.jobs.spawn(job.run(known));
        self.running.insert(name, Running { task, host: running });
    }

    /// Notes what came of a file, and of whatever else has come meanwhile.
    async fn note(&mut self, first: Result<Asked, JoinError>) {
        let mut known = Vec::from_iter(self.settle(first));
        while let Some(next) = self.jobs.try_join_next() {
            known.extend(self.settle(next));
        }
        if let Err(error) = self.surroundings.store.keep_downloads(&known, &[]).await {
            tracing::error!(%error, "what is known of files of other servers could not be kept");
        }
        let mut downloads = self.fetches.downloads();
        for (name, download) in known {
            downloads.end(name, download);
        }
    }

    fn settle(&mut self, asked: Result<Asked, JoinError>) -> Option<(String, Download)> {
        let Asked { name, download, denied } = asked.map_or_else(|error| self.cut_off(&error), Some)?;
        self.running.remove(&name);
        // Whoever wants it is looked at anew: whether the file is here is not to be seen by revisions.
        for (revision, wants) in self.scopes.values_mut() {
            if wants.contains_key(&name) {
                *revision = None;
            }
        }
        match denied {
            Some(url) => drop(self.denied.entry(name.clone()).or_default().insert(url)),
            None => drop(self.denied.remove(&name)),
        }
        Some((name, download))
    }

    /// What is left of a job that did not end by itself: nothing if nobody wants the file any more; else it panicked, and is
    /// not to do so again at once.
    fn cut_off(&mut self, error: &JoinError) -> Option<Asked> {
        let name = self.running.iter().find(|(_, one)| one.task.id() == error.id())?.0.clone();
        if !error.is_panic() {
            self.running.remove(&name);
            return None;
        }
        let known = self.fetches.downloads().known.get(&name).cloned().unwrap_or_default();
        let attempts = known.attempts.saturating_add(1);
        let next = (self.surroundings.clock)().saturating_add(micros(back_off(attempts)));
        let failure = Some("this server failed over it; its log says how".to_owned());
        Some(Asked { name, download: Download { next, attempts, failure, ..known }, denied: None })
    }
}
