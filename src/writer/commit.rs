//! The writer's task: requests in batches, each batch one transaction.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time,
};

use tokio::sync::{RwLock, mpsc, watch};

use super::{
    BATCH, Clock, Outcome, Refused, Reply, Request,
    draft::{Draft, Layer},
    resolve::{Resolve, Touched},
};
use crate::{
    media::store::Pin,
    metrics::Writes,
    model::{
        Id, Kind,
        change::{Change, Precondition},
        history::TaskStep,
        media::Sha256,
        represent::{etag, represent},
        scope::{Altered, Key, Scope, View},
        time::Instant,
    },
    store::{Answer, Error, Rows, Store},
    studio::Studio,
};

pub(super) struct Committer {
    pub store: Arc<Store>,
    pub studio: Arc<Studio>,
    pub clock: Clock,
    pub announce: watch::Sender<u64>,
    pub tally: Writes,
    /// Held from before a commit until memory shows it.
    pub commits: Arc<RwLock<()>>,
}

/// A batch on its way: what is resolved so far, and who waits for it.
pub(super) struct Batch {
    pub draft: Draft,
    pub rows: Rows,
    pub revision: u64,
    /// The last revision of each scope that the batch altered.
    pub revisions: BTreeMap<Option<Id>, u64>,
    answers: HashMap<String, Answer>,
    /// The steps that tasks took, by whom, at which revision.
    pub steps: Vec<(TaskStep, String, u64)>,
    /// What keeps the files that are attached.
    pins: Vec<Pin>,
    now: Instant,
}

impl Committer {
    pub async fn run(self, mut requests: mpsc::Receiver<(Request, Reply)>) {
        while let Some(first) = requests.recv().await {
            let mut size = first.0.changes.len();
            let mut batch = vec![first];
            while size < BATCH
                && let Ok(next) = requests.try_recv()
            {
                size += next.0.changes.len();
                batch.push(next);
            }
            self.batch(batch).await;
        }
    }

    /// Resolves, commits, alters memory, answers.
    async fn batch(&self, requests: Vec<(Request, Reply)>) {
        self.tally.note_batch(requests.len());
        let mut batch = Batch::new(self.studio.context(), *self.announce.borrow(), (self.clock)());
        let mut replies = Vec::with_capacity(requests.len());
        for (request, reply) in requests {
            let is_trial = request.dry_run;
            let outcome = match self.prepare(&mut batch, &request).await {
                Ok(Some(outcome)) => Ok(outcome),
                Ok(None) => batch.resolve(request),
                Err(refused) => Err(refused),
            };
            replies.push((outcome, is_trial, reply));
        }
        let Batch { draft, mut rows, revision, revisions, steps, pins, .. } = batch;
        for (step, actor, revision) in &steps {
            rows.step(step, actor, *revision);
        }
        let altered = draft.finish();
        let committing = self.commits.write().await;
        let written = match altered.rows(&mut rows, &revisions) {
            Ok(()) if rows.is_empty() => self.store.secure().await,
            Ok(()) => self.commit(&rows).await,
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => {
                let emptied = altered.wiped.clone();
                self.studio.alter(&emptied, altered.by_scope(&revisions, steps));
                drop((pins, committing));
                self.announce.send_if_modified(|last| std::mem::replace(last, revision) != revision);
                for (outcome, is_trial, reply) in replies {
                    self.note(&outcome, is_trial);
                    // Whoever does not wait any more does not need the answer.
                    let _ = reply.send(outcome);
                }
            }
            // Each who asked logs it, with what they asked for.
            Err(error) => {
                let error = Arc::new(error);
                for (outcome, is_trial, reply) in replies {
                    let outcome = outcome.and(Err(Refused::Store(error.clone())));
                    self.note(&outcome, is_trial);
                    let _ = reply.send(outcome);
                }
            }
        }
    }

    async fn commit(&self, rows: &Rows) -> Result<(), Error> {
        let begun = time::Instant::now();
        self.store.write(rows).await?;
        self.tally.commits.observe(begun.elapsed());
        Ok(())
    }

    fn note(&self, outcome: &Result<Outcome, Refused>, is_trial: bool) {
        let done = match outcome {
            Err(Refused::Store(_)) => return self.tally.note("failed"),
            Err(_) => return self.tally.note("refused"),
            Ok(_) if is_trial => return self.tally.note("tried"),
            Ok(done) => done,
        };
        let is_changed = done.created + done.updated + done.deleted > 0;
        self.tally.note(if is_changed { "changed" } else { "unchanged" });
        let entities = [
            ("created", done.created),
            ("updated", done.updated),
            ("deleted", done.deleted),
            ("unchanged", done.unchanged),
        ];
        for (outcome, count) in entities {
            self.tally.note_entities(outcome, count);
        }
    }

    /// Loads what a request is about, and gives the answer of an earlier request with its key.
    async fn prepare(&self, batch: &mut Batch, request: &Request) -> Result<Option<Outcome>, Refused> {
        let stored = |error| Refused::Store(Arc::new(error));
        if let Some((key, fingerprint)) = &request.idempotency {
            let known = match batch.answers.get(key) {
                Some(answer) => Some(answer.clone()),
                None => self.store.answer(key).await.map_err(stored)?,
            };
            if let Some(answer) = known.filter(|answer| answer.at > batch.now - crate::store::ANSWERS_ARE_KEPT) {
                if answer.fingerprint != *fingerprint {
                    return Err(Refused::KeyReused);
                }
                let outcome = serde_json::from_value(answer.answer).map_err(|error| stored(Error::Encoding(error)))?;
                return Ok(Some(outcome));
            }
        }
        for project in request.projects() {
            if !batch.draft.has(Some(project)) {
                // Of a project that does not exist there is nothing to load, nor to be kept in memory: anybody may name any.
                let exists = self.studio.context().project(project).is_some();
                let scope = if exists { self.studio.scope(project).await.map_err(stored)? } else { Arc::default() };
                batch.draft.add(Some(project.clone()), scope);
            }
        }
        Ok(None)
    }
}

impl Request {
    /// The projects that it is about, or asks for; one may come more than once.
    pub(super) fn projects(&self) -> impl Iterator<Item = &Id> {
        let changed = self.changes.iter().filter_map(|change| match change {
            Change::One { key, .. } if key.kind == Kind::Project => Some(&key.id),
            Change::One { key, .. } => key.project.as_ref(),
            Change::Whole { project, .. } => project.as_ref(),
        });
        let named = self.preconditions.iter().filter_map(|precondition| match precondition {
            Precondition::Exists(key) | Precondition::Absent(key) | Precondition::Matches(key, _) => {
                key.project.as_ref()
            }
        });
        changed.chain(named)
    }
}

impl Layer {
    /// What it alters in each scope.
    pub(super) fn by_scope(
        self,
        revisions: &BTreeMap<Option<Id>, u64>,
        steps: Vec<(TaskStep, String, u64)>,
    ) -> BTreeMap<Option<Id>, Altered> {
        // A project is at a new revision when its own fields are other than before, too: those are in the studio's scope.
        let mut scopes: BTreeMap<Option<Id>, Altered> =
            revisions.keys().map(|project| (project.clone(), Altered::default())).collect();
        for (Key { project, kind, id }, record) in self.records {
            scopes.entry(project).or_default().records.push((kind, id, record));
        }
        for (Key { project, kind, id }, at) in self.tombstones {
            scopes.entry(project).or_default().tombstones.push((kind, id, at));
        }
        for (step, ..) in steps {
            scopes.entry(Some(step.project.clone())).or_default().steps.push(step);
        }
        for (project, altered) in &mut scopes {
            altered.revision = revisions.get(project).copied();
            // New records come in the order of their list, so that it need not be sorted.
            altered.records.sort_by_key(|(_, _, record)| record.as_ref().map(|record| record.position));
        }
        scopes
    }

    /// The rows that this layer comes down to.
    pub(super) fn rows(&self, rows: &mut Rows, revisions: &BTreeMap<Option<Id>, u64>) -> Result<(), Error> {
        for project in &self.wiped {
            rows.wipe(project);
        }
        for (key, record) in &self.records {
            match record {
                Some(record) => rows.upsert(key, record)?,
                None => rows.delete(key),
            }
        }
        for (key, at) in &self.tombstones {
            rows.bury(key, *at);
        }
        for (project, revision) in revisions {
            rows.revise(project.as_ref(), *revision);
        }
        Ok(())
    }
}

impl Batch {
    /// An empty one on top of the studio-wide lists.
    pub fn new(context: Arc<Scope>, revision: u64, now: Instant) -> Self {
        Self {
            draft: Draft::new(HashMap::from([(None, context)])),
            rows: Rows::default(),
            revision,
            revisions: BTreeMap::new(),
            answers: HashMap::new(),
            steps: Vec::new(),
            pins: Vec::new(),
            now,
        }
    }

    /// Resolves one request on top of those before it; a refused one leaves nothing.
    pub fn resolve(&mut self, request: Request) -> Result<Outcome, Refused> {
        let resolved = self.try_resolve(request);
        if resolved.is_err() {
            self.draft.drop_request();
        }
        resolved
    }

    fn try_resolve(&mut self, request: Request) -> Result<Outcome, Refused> {
        for precondition in &request.preconditions {
            self.check(precondition)?;
        }
        let Request { changes, findings, generated, actor, dry_run, idempotency, partial, pins, delivery, .. } =
            request;
        let mut resolve = Resolve::new(&mut self.draft, findings, self.now, partial);
        resolve.apply(changes);
        let Resolve { findings, touched, steps, .. } = resolve;
        let warnings = findings.into_result().map_err(Refused::Faults)?;
        let mut outcome = self.count(&touched);
        outcome.warnings = warnings;
        outcome.generated_ids = generated.into_iter().map(|(pointer, id)| (pointer, id.as_str().into())).collect();
        if dry_run {
            self.draft.drop_request();
            return Ok(outcome);
        }
        let steps = steps.finish();
        let arrived: Vec<Sha256> = pins.iter().filter(|pin| pin.is_new()).map(Pin::hash).collect();
        if self.revises(&touched, &steps, &arrived) {
            self.revision += 1;
            outcome.revision = self.revision;
            let wiped = &self.draft.request().wiped;
            self.steps.retain(|(step, ..)| !wiped.contains(&step.project));
            self.steps.extend(steps.into_iter().map(|step| (step, actor.clone(), self.revision)));
        }
        let encoded = || serde_json::to_value(&outcome).map_err(|error| Refused::Store(Arc::new(error.into())));
        if let Some(delivery) = delivery {
            self.rows.settle(delivery, self.now, &encoded()?);
        }
        if let Some((key, fingerprint)) = idempotency {
            let answer = encoded()?;
            let answer = Answer { key: key.clone(), fingerprint, answer, at: self.now };
            self.rows.answer(&answer);
            self.answers.insert(key, answer);
        }
        self.pins.extend(pins);
        self.draft.keep();
        Ok(outcome)
    }

    fn check(&self, precondition: &Precondition) -> Result<(), Refused> {
        match precondition {
            Precondition::Exists(key) if self.draft.record(key).is_none() => Err(Refused::NotFound(key.clone())),
            Precondition::Absent(key) if self.draft.record(key).is_some() => Err(Refused::Precondition(key.clone())),
            Precondition::Matches(key, etags) => {
                let record = self.draft.record(key);
                let present = record.map(|record| etag(&represent(&self.draft, key, record)));
                let matches = present.is_some_and(|present| etags.iter().any(|etag| *etag == present || etag == "*"));
                if matches { Ok(()) } else { Err(Refused::Precondition(key.clone())) }
            }
            _ => Ok(()),
        }
    }

    fn count(&self, touched: &Touched) -> Outcome {
        let (mut created, mut updated, mut deleted, mut unchanged, mut is_new) = (0, 0, 0, 0, false);
        let counts = |key: &Key| key.kind.is_studio_wide() || Kind::OF_PROJECT.contains(&key.kind);
        for (key, (pointer, _)) in touched.iter().filter(|(key, _)| counts(key)) {
            let before = self.draft.before();
            match (before.record(key), self.draft.record(key)) {
                (None, Some(_)) => {
                    created += 1;
                    is_new |= pointer.is_empty();
                }
                (Some(_), None) => deleted += 1,
                (Some(before), Some(after)) if before.entity != after.entity || before.position != after.position => {
                    updated += 1;
                    let gets_medium = before.entity.media().is_none() && after.entity.media().is_some();
                    is_new |= pointer.is_empty() && gets_medium;
                }
                // An episode with other sequences, a sequence with another episode.
                (Some(old), Some(new))
                    if [Kind::Episode, Kind::Sequence].contains(&key.kind)
                        && represent(&before, key, old) != represent(&self.draft, key, new) =>
                {
                    updated += 1;
                }
                _ => unchanged += 1,
            }
        }
        let generated_ids = serde_json::Map::new();
        let (revision, warnings) = (self.revision, Vec::new());
        Outcome { revision, created, updated, deleted, unchanged, warnings, generated_ids, is_new }
    }

    /// Notes the scopes in which something is other than before, and whether there is any: also that a file which was lost is
    /// among those that arrived.
    fn revises(&mut self, touched: &Touched, steps: &[TaskStep], arrived: &[Sha256]) -> bool {
        let next = self.revision + 1;
        let mut any = !steps.is_empty();
        self.revisions.extend(steps.iter().map(|step| (Some(step.project.clone()), next)));
        for key in touched.keys() {
            let (before, after) = (self.draft.before(), &self.draft);
            let same = match (before.record(key), after.record(key)) {
                (Some(before), Some(after)) => {
                    let media = after.entity.media();
                    let is_back =
                        media.is_some_and(|files| [files.sent, files.shown].iter().any(|file| arrived.contains(file)));
                    before.entity == after.entity && before.position == after.position && !is_back
                }
                (before, after) => before.is_none() && after.is_none(),
            };
            if same {
                continue;
            }
            any = true;
            self.revisions.insert(key.project.clone(), next);
            // A project's own fields are part of what is rendered for it.
            if key.kind == Kind::Project {
                self.revisions.insert(Some(key.id.clone()), next);
            }
        }
        for project in &self.draft.request().wiped {
            if self.draft.record(&Key::new(None, Kind::Project, project)).is_none() {
                self.revisions.remove(&Some(project.clone()));
            }
        }
        any
    }
}
