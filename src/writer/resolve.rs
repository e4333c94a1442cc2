//! From changes to what they alter: the one function that every input goes through.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::{draft::Draft, steps::Steps};
use crate::model::{
    Entity, Id, Kind, Shot, Task,
    change::{Change, Op},
    fault::{At, Findings},
    field::MAX_MEMBERS,
    media::Attachment,
    represent::NO_RANGE,
    scope::{Key, Record, Times, View},
    time::Instant,
};

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

    /// Sets one field to what was true at a time, unless what it holds is more recent.
    fn set_at(
        &mut self,
        key: &Key,
        record: &mut Record,
        field: &str,
        at: Instant,
        pointer: &str,
        set: impl FnOnce(&mut Entity),
    ) {
        // A member of `data` was set as well when all of it was.
        let whole = field.split_once('/').map_or(field, |(whole, _)| whole);
        let timed = timed(key.kind, field);
        if record.times.get(timed).max(record.times.get(whole)).is_some_and(|held| *held > at) {
            self.skipped(key, pointer, &format!("its {field} is more recent"));
            return;
        }
        let data = Shot::of(&record.entity).filter(|_| field == "data").map(|shot| shot.data.clone());
        let before = record.entity.members(field).cloned();
        set(&mut record.entity);
        if let (Some(before), Entity::Shot(shot)) = (data, &mut record.entity) {
            let members = record.times.iter().filter_map(|(name, held)| Some((name.strip_prefix("data/")?, *held)));
            let mut gone = HashSet::new();
            for member in members.filter(|(_, held)| *held > at).map(|(member, _)| member) {
                match before.0.get(member) {
                    Some(value) => drop(shot.data.0.insert(member.to_owned(), value.clone())),
                    None => drop(gone.insert(member)),
                }
            }
            shot.data.0.retain(|member, _| !gone.contains(member.as_str()));
        }
        // Members that were added or removed since then stay as that left them.
        if let (Some(before), Some(now)) = (before, record.entity.members(field)) {
            let prefix = format!("{field}/");
            let timed = record.times.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix));
            let mut timed: Vec<_> = timed.collect();
            timed.sort_by_key(|(_, held)| **held);
            let was_in: HashMap<&str, &Id> = before.iter().map(|id| (id.as_str(), id)).collect();
            let mut is_in: HashSet<Id> = now.iter().cloned().collect();
            let mut gone = HashSet::new();
            for member in timed.iter().filter(|(_, held)| **held > at).map(|(name, _)| &name[prefix.len()..]) {
                match was_in.get(member) {
                    Some(id) if is_in.insert(Id::clone(id)) => now.push(Id::clone(id)),
                    None => drop(gone.insert(member)),
                    Some(_) => {}
                }
            }
            now.retain(|id| !gone.contains(id.as_str()));
        }
        record.times.insert(timed.to_owned(), at);
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

    /// Merges what was true at a time.
    fn merge_at(&mut self, key: &Key, record: &mut Record, patch: Map<String, Value>, at: Instant, pointer: &str) {
        for (name, part) in parts(key.kind, patch) {
            self.set_at(key, record, &name, at, pointer, |entity| {
                entity.merge(part, At::Pointer(pointer), &mut Findings::default());
            });
        }
    }

    fn create(&mut self, key: &Key, entity: Entity, times: Times, _pointer: &str) {
        let position = self.draft.next_position(key);
        // A task that goes and comes again in one request goes on from its last step, if the history still has that.
        let is_new = key.project.as_ref().is_some_and(|project| self.draft.request().wiped.contains(project));
        let gone = if is_new { None } else { self.draft.before().get(key) };
        let since = gone.map_or(0, |record| record.since);
        self.draft.set(key, Some(Record { position, times, since, entity }));
    }

    fn members(
        &mut self,
        key: &Key,
        existing: Option<Record>,
        (field, add): (&'static str, bool),
        ids: &[Id],
        at: Option<Instant>,
        pointer: &str,
    ) {
        let Some(mut record) = existing.or_else(|| self.empty(key, At::Pointer(pointer))) else {
            let detail = format!("there is no {} {}", key.kind.singular(), key.id);
            self.findings.fault(At::Pointer(pointer), detail);
            return;
        };
        let mut taken = HashSet::with_capacity(ids.len());
        for id in ids {
            if let Some(at) = at {
                let member = format!("{field}/{id}");
                let held = record.times.get(field).max(record.times.get(&member));
                if held.is_some_and(|held| *held > at) {
                    self.skipped(key, pointer, &format!("its {field} are more recent"));
                    continue;
                }
                record.times.insert(member, at);
            }
            taken.insert(id);
        }
        if let Some(members) = record.entity.members(field) {
            if add {
                for known in members.iter() {
                    taken.remove(known);
                }
                let place = place_of(members, field, &record.times, at);
                members.splice(place..place, ids.iter().filter(|id| taken.contains(id)).cloned());
            } else {
                members.retain(|member| !taken.contains(member));
            }
            if members.len() > MAX_MEMBERS {
                let detail = format!("{field} would have more than {MAX_MEMBERS} members");
                self.findings.fault(At::Pointer(pointer).key(field), detail);
            }
        }
        self.draft.set(key, Some(record));
    }

    fn delete(&mut self, key: &Key, existing: Option<&Record>, at: Option<Instant>, pointer: &str) {
        if let Some(at) = at {
            let latest = existing.and_then(|record| record.times.values().max());
            if latest.is_some_and(|latest| *latest > at) {
                self.skipped(key, pointer, "it was changed after that");
                return;
            }
        }
        self.remove(key, existing, at, pointer);
    }

    /// Takes an entity away, with what belongs to it.
    fn remove(&mut self, key: &Key, existing: Option<&Record>, at: Option<Instant>, pointer: &str) {
        let latest = existing.and_then(|record| record.times.values().max().copied());
        if let Some(at) = at.max(latest) {
            self.draft.bury(key, at);
        }
        if existing.is_none() {
            return;
        }
        self.draft.set(key, None);
        let also = match key.kind {
            Kind::Shot => {
                let tasks = self.draft.owned(key).into_iter().map(|(id, _)| key.sibling(Kind::Task, &id));
                tasks.chain([key.sibling(Kind::Casting, &key.id)]).collect()
            }
            Kind::Asset => self.draft.owned(key).into_iter().map(|(id, _)| key.sibling(Kind::Task, &id)).collect(),
            Kind::Sequence => vec![key.sibling(Kind::Membership, &key.id)],
            Kind::Project => {
                self.draft.wipe(&key.id);
                self.steps.forget(&key.id);
                self.moment.retain(|touched, _| touched.project.as_ref() != Some(&key.id));
                self.touched.retain(|touched, _| touched.project.as_ref() != Some(&key.id));
                Vec::new()
            }
            _ => Vec::new(),
        };
        for key in also {
            let existing = self.draft.record(&key).map(|record| Record::clone(record));
            if existing.is_some() {
                self.remove(&key, existing.as_ref(), at, pointer);
                self.moment.entry(key).or_insert((pointer.to_owned(), at));
            } else if let Some(at) = at {
                // What was said of it before that, and comes late, does not bring it about either.
                self.draft.bury(&key, at);
            }
        }
    }

    /// Lets a list consist of these ids in this order; what is more recent than the list stays in it.
    fn whole(
        &mut self,
        project: Option<&Id>,
        kind: Kind,
        owner: Option<(Kind, Id)>,
        (ids, at): (&[Id], Option<Instant>),
    ) {
        let wanted: HashSet<&Id> = ids.iter().collect();
        let present = match owner {
            Some((owner, id)) => {
                let owned = self.draft.owned(&Key::new(project, owner, &id));
                owned.into_iter().map(|(id, _)| id).collect()
            }
            None => self.draft.ids(project, kind),
        };
        for id in present.iter().filter(|id| !wanted.contains(id)) {
            let key = Key::new(project, kind, id);
            let existing = self.draft.record(&key).map(|record| Record::clone(record));
            let latest = existing.as_ref().and_then(|record| record.times.values().max());
            if at.is_some() && latest.copied() > at {
                self.skipped(&key, "", "it was changed after the list that it is not in");
                continue;
            }
            self.remove(&key, existing.as_ref(), at, "");
            self.moment.entry(key).or_insert((String::new(), at));
        }
        let keys: Vec<Key> = ids.iter().map(|id| Key::new(project, kind, id)).collect();
        let mut records: Vec<_> =
            keys.into_iter().filter_map(|key| Some((self.draft.record(&key)?.clone(), key))).collect();
        let mut positions: Vec<i64> = records.iter().map(|(record, _)| record.position).collect();
        positions.sort_unstable();
        for ((record, key), position) in records.drain(..).zip(positions) {
            if record.position != position {
                self.draft.set(&key, Some(Record { position, ..Record::clone(&record) }));
                self.moment.entry(key).or_insert((String::new(), None));
            }
        }
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

/// Where a member that was added at a time goes: at the end, but before those that were added after it.
fn place_of(members: &[Id], field: &str, times: &Times, at: Option<Instant>) -> usize {
    let Some(at) = at else { return members.len() };
    let is_later = |id: &&Id| times.get(&format!("{field}/{id}")).is_some_and(|added| *added > at);
    members.len() - members.iter().rev().take_while(is_later).count()
}

/// What a patch sets, each part with the name of its time: fields, and members of `data`, which are as independent.
fn parts(kind: Kind, patch: Map<String, Value>) -> Vec<(String, Map<String, Value>)> {
    let mut parts = Vec::new();
    for (name, value) in patch {
        match (kind.field(&name), value) {
            (Some(field), Value::Object(members)) if field.name == "data" => {
                for (member, value) in members {
                    let time = format!("data/{member}");
                    let data = Value::Object(Map::from_iter([(member, value)]));
                    parts.push((time, Map::from_iter([(name.clone(), data)])));
                }
            }
            (Some(field), _) if field.attached => {}
            (Some(field), value) => parts.push((field.name.to_owned(), Map::from_iter([(name, value)]))),
            (None, _) => {}
        }
    }
    parts
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

/// The field under which it is kept how recent a field is: whose a task is is one thing, in two fields.
fn timed(kind: Kind, field: &str) -> &str {
    if kind == Kind::Task && field == "asset_id" { "shot_id" } else { field }
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
