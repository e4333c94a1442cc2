//! From changes to what they alter: the one function that every input goes through.

mod removal;
mod timed;

use std::{collections::HashSet, time::Duration};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::{draft::Draft, steps::Steps};
use crate::model::{
    Entity, Kind, Task,
    change::{Change, Op},
    fault::{At, Findings},
    media::Attachment,
    represent::NO_RANGE,
    scope::{Key, Record, Times, View},
    time::Instant,
};
use timed::{parts, timed};

/// What the changes of one request touched, whether or not it was altered: the pointer to where the body says so, and the
/// time if the change named one.
pub type Touched = IndexMap<Key, (String, Option<Instant>)>;

/// Applies changes to a draft. What a reader finds wrong with a value alone was found before; what is found here depends
/// on what there is.
pub struct Resolve<'a> {
    /// What they are applied to.
    pub draft: &'a mut Draft,
    /// What is wrong or odd about them.
    pub findings: Findings,
    /// What they touched.
    pub touched: Touched,
    /// The steps that tasks took.
    pub steps: Steps,
    /// The present time.
    pub now: Instant,
    /// Whether the changes are events, each of which tells a part.
    pub partial: bool,
    /// What was touched in the present moment: by the changes since the last one that names another time.
    pub moment: Touched,
    begun: std::time::Instant,
}

/// How long the changes of one request may take: meanwhile, nobody else's are written.
const LONGEST: Duration = Duration::from_mins(1);
/// The most steps of tasks that they may bring about. A change of a shot, or of the episode of a sequence, may be a step of
/// many tasks, and there may be many changes.
const MOST_STEPS: usize = 1_000_000;

/// How far the clock of a tracker may be ahead, in microseconds.
const A_DAY: Instant = 86_400_000_000;

impl<'a> Resolve<'a> {
    /// Begins on top of a draft, with what a reader found.
    pub fn new(draft: &'a mut Draft, findings: Findings, now: Instant, partial: bool) -> Self {
        let (touched, moment) = (Touched::new(), Touched::new());
        let begun = std::time::Instant::now();
        Self { draft, findings, touched, steps: Steps::default(), now, partial, moment, begun }
    }

    /// Applies one change after another, then sees whether everything that they left belongs somewhere.
    pub fn apply(&mut self, changes: Vec<Change>) {
        let mut present = None;
        for (index, change) in changes.into_iter().enumerate() {
            if index % 16 == 0 && (self.begun.elapsed() > LONGEST || self.steps.len() > MOST_STEPS) {
                let detail = "it takes too much time or memory to apply all of this at once: send it in parts";
                self.findings.fault(At::Root, detail);
                return;
            }
            match change {
                Change::One { key, op, at, pointer } => {
                    // A clock that is far ahead is not to make every true change look old for years.
                    let at = at.map(|at| at.min(self.now.saturating_add(A_DAY)));
                    if at != present {
                        self.end_moment();
                        present = at;
                    }
                    self.one(&key, op, at, &pointer);
                    self.moment.insert(key, (pointer, at));
                }
                Change::Whole { project, kind, owner, ids, at } => {
                    let at = at.map(|at| at.min(self.now.saturating_add(A_DAY)));
                    self.whole(project.as_ref(), kind, owner, (&ids, at));
                }
            }
        }
        self.end_moment();
        self.check_owners();
    }

    fn end_moment(&mut self) {
        let moment = std::mem::take(&mut self.moment);
        self.steps.take(self.draft, &moment, self.now);
        for (key, (pointer, at)) in moment {
            let touched = self.touched.entry(key).or_insert((String::new(), at));
            // What is wrong in the end is where the body said it last.
            if !pointer.is_empty() {
                touched.0 = pointer;
            }
        }
    }

    fn one(&mut self, key: &Key, op: Op, at: Option<Instant>, pointer: &str) {
        if at.is_some() && at < self.draft.tombstone(key) {
            self.skipped(key, pointer, "it was deleted after that");
            return;
        }
        let existing = self.draft.record(key).map(|record| Record::clone(record));
        let was_known = existing.is_some();
        if !was_known && self.passes_over(key, &op) {
            self.skipped(key, pointer, "it is not here: push it once, if it is wanted");
            return;
        }
        match op {
            Op::Delete => self.delete(key, existing.as_ref(), at, pointer),
            Op::Put(entity) => self.put(key, existing, *entity, at, pointer),
            Op::Merge(patch) => self.merge(key, existing, patch, at, pointer),
            Op::Add(field, ids) => self.members(key, existing, (field, true), &ids, at, pointer),
            Op::Remove(field, ids) => self.members(key, existing, (field, false), &ids, at, pointer),
            Op::Attach(attachment, url) => self.attach(key, existing, *attachment, url.as_deref(), pointer),
        }
        if let (true, Some(at)) = (self.partial, at) {
            self.was_there(key, was_known, at);
        }
    }

    fn attach(
        &mut self,
        key: &Key,
        existing: Option<Record>,
        attachment: Attachment,
        url: Option<&str>,
        pointer: &str,
    ) {
        let Some(mut record) = existing else {
            // Who downloads does not know what was deleted meanwhile.
            if url.is_none() {
                let detail = format!("there is no {} {}", key.kind.singular(), key.id);
                self.findings.fault(At::Pointer(pointer), detail);
            }
            return;
        };
        let was_uploaded = record.entity.media().is_some_and(|files| files.source.is_none());
        if url.is_none() || !was_uploaded && record.entity.media_url() == url {
            record.entity.attach(attachment);
            self.draft.set(key, Some(record));
        }
    }

    fn skipped(&mut self, key: &Key, pointer: &str, why: &str) {
        let detail = format!("{} {}: skipped, {why}", key.kind.singular(), key.id);
        self.findings.warn(At::Pointer(pointer), detail);
    }

    fn put(&mut self, key: &Key, existing: Option<Record>, mut entity: Entity, at: Option<Instant>, pointer: &str) {
        let keeps_owner = keep_owner(&mut entity, existing.as_ref());
        let Some(mut record) = existing else {
            let times = at
                .map_or_else(Times::new, |at| key.kind.own_fields().map(|field| (field.name.to_owned(), at)).collect());
            self.create(key, entity, times, pointer);
            return;
        };
        let owner = record.owner();
        match at {
            None => {
                for medium in key.kind.fields().iter().filter(|field| field.attached) {
                    entity.copy_field(medium.name, &record.entity);
                }
                record.entity = entity;
            }
            Some(at) => {
                let kept = |name| keeps_owner && timed(key.kind, name) == "shot_id";
                for field in key.kind.own_fields().filter(|field| !kept(field.name)) {
                    self.set_at(key, &mut record, field.name, at, pointer, |target| {
                        target.copy_field(field.name, &entity);
                    });
                }
            }
        }
        if key.kind == Kind::Membership && record.owner() != owner {
            // A sequence that comes to an episode goes last there.
            record.position = self.draft.next_position(key);
        }
        record.entity.settle_media();
        self.draft.set(key, Some(record));
    }

    fn merge(
        &mut self,
        key: &Key,
        existing: Option<Record>,
        patch: Map<String, Value>,
        at: Option<Instant>,
        pointer: &str,
    ) {
        let place = At::Pointer(pointer);
        let Some(mut record) = existing else {
            let times = at.map_or_else(Times::new, |at| {
                let parts = parts(key.kind, patch.clone()).into_iter();
                parts.map(|(name, _)| (timed(key.kind, &name).to_owned(), at)).collect()
            });
            let mut patch = patch;
            patch.retain(|_, value| !value.is_null());
            let entity = if self.partial {
                self.incomplete(key, patch, place)
            } else {
                let mut found = Findings::default();
                let entity = Entity::read(key.kind, patch, place, &mut found);
                self.findings.append_faults(found);
                entity
            };
            self.create(key, entity, times, pointer);
            return;
        };
        let names_asset = patch.get("asset_id").is_some_and(|id| !id.is_null());
        let names_data = patch.contains_key("data");
        match at {
            None => record.entity.merge(patch, place, &mut Findings::default()),
            Some(at) => self.merge_at(key, &mut record, patch, at, pointer),
        }
        if let Entity::Task(task) = &mut record.entity {
            settle_owner(task, names_asset);
        }
        if let Entity::Shot(shot) = &record.entity
            && names_data
            && !shot.canceled
            && shot.range().is_none()
        {
            self.findings.warn(place.key("data"), NO_RANGE);
        }
        record.entity.settle_media();
        self.draft.set(key, Some(record));
    }

    fn create(&mut self, key: &Key, entity: Entity, times: Times, _pointer: &str) {
        let position = self.draft.next_position(key);
        // A task that goes and comes again in one request goes on from its last step, if the history still has that.
        let is_new = key.project.as_ref().is_some_and(|project| self.draft.request().wiped.contains(project));
        let gone = if is_new { None } else { self.draft.before().get(key) };
        let since = gone.map_or(0, |record| record.since);
        self.draft.set(key, Some(Record { position, times, since, entity }));
    }

    /// What owns must exist: a project its contents, a shot or an asset its tasks. What is only referred to may come later.
    fn check_owners(&mut self) {
        let mut missing_projects = HashSet::new();
        for (key, (pointer, _)) in &self.touched {
            let Some(record) = self.draft.request().records.get(key).and_then(Option::as_ref) else { continue };
            if let Some(project) = &key.project
                && self.draft.record(&Key::new(None, Kind::Project, project)).is_none()
            {
                if missing_projects.insert(project.clone()) {
                    // In a batch the project stands beside the value.
                    let detail = format!("there is no project {project}");
                    match pointer.strip_suffix("/value") {
                        Some(change) => self.findings.fault(At::Pointer(change).key("project"), detail),
                        None => self.findings.fault(At::Pointer(pointer), detail),
                    }
                }
                continue;
            }
            let Some(task) = Task::of(&record.entity) else { continue };
            match task.owner() {
                owner if self.partial => {
                    if owner.is_none_or(|(kind, id)| self.draft.record(&key.sibling(kind, &id)).is_none()) {
                        let detail = format!("incomplete: what the task {} is work on has not come yet", key.id);
                        self.findings.warn(At::Pointer(pointer), detail);
                    }
                }
                None => self
                    .findings
                    .fault(At::Pointer(pointer), "a task needs the shot_id or asset_id of what it is work on"),
                Some((kind, id)) if self.draft.record(&key.sibling(kind, &id)).is_none() => {
                    let field = if kind == Kind::Shot { "shot_id" } else { "asset_id" };
                    let detail = format!("there is no {} {id} in this project", kind.singular());
                    self.findings.fault(At::Pointer(pointer).key(field), detail);
                }
                Some(_) => {}
            }
        }
    }
}

/// A task that is put without saying whose it is stays with its shot or asset; whether that is so.
fn keep_owner(entity: &mut Entity, existing: Option<&Record>) -> bool {
    if let (Entity::Task(task), Some(Entity::Task(old))) = (entity, existing.map(|record| &record.entity))
        && task.owner().is_none()
    {
        task.shot_id.clone_from(&old.shot_id);
        task.asset_id.clone_from(&old.asset_id);
        return true;
    }
    false
}

/// A task that is given to an asset leaves its shot, and the other way round.
fn settle_owner(task: &mut Task, names_asset: bool) {
    if task.shot_id.is_some() && task.asset_id.is_some() {
        if names_asset {
            task.shot_id = None;
        } else {
            task.asset_id = None;
        }
    }
}
