//! Entities in memory: a [`Scope`] holds the studio's lists, or those of one project, in the tracker's order.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use indexmap::IndexMap;

use super::{
    Asset, Entity, Id, Kind, Membership, Project, Shot, Task,
    history::{Burndown, TaskStep},
    time::Instant,
};

/// Where an entity is: in a project or (`None`) studio-wide, of which kind, under which id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The project that it belongs to.
    pub project: Option<Id>,
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: Id,
}

impl Key {
    /// The key of an entity of a project; the project is left out for studio-wide kinds.
    #[must_use]
    pub fn new(project: Option<&Id>, kind: Kind, id: &Id) -> Self {
        let project = if kind.is_studio_wide() { None } else { project.cloned() };
        Self { project, kind, id: id.clone() }
    }

    /// The key of another entity of the same project.
    #[must_use]
    pub fn sibling(&self, kind: Kind, id: &Id) -> Self {
        Self::new(self.project.as_ref(), kind, id)
    }
}

/// When the fields of an entity, or members of its lists (`assignees/<id>`), were last changed in the tracker, as far as
/// changes said so.
pub type Times = BTreeMap<String, Instant>;

/// An entity as it is kept: what it says, its place in its list, and how recent its fields are.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its place: records are in ascending order of it, and no two of a list share one.
    pub position: i64,
    /// How recent its fields are.
    pub times: Times,
    /// When a task took its last step in the history; 0 if it took none, and for what is no task.
    pub since: Instant,
    /// What it says.
    pub entity: Entity,
}

impl Record {
    /// What the entity belongs to: a task to its shot or asset, a membership to its episode.
    #[must_use]
    pub fn owner(&self) -> Option<(Kind, Id)> {
        match &self.entity {
            Entity::Task(task) => task.owner(),
            Entity::Membership(membership) => Some((Kind::Episode, membership.episode_id.clone())),
            _ => None,
        }
    }
}

impl Task {
    /// The shot or asset that it is work on.
    #[must_use]
    pub fn owner(&self) -> Option<(Kind, Id)> {
        let shot = self.shot_id.clone().map(|id| (Kind::Shot, id));
        shot.or_else(|| self.asset_id.clone().map(|id| (Kind::Asset, id)))
    }
}

/// Something that can be asked for records: what is in memory, or a draft of what will be.
pub trait View {
    /// The record under a key.
    fn record(&self, key: &Key) -> Option<&Arc<Record>>;

    /// What belongs to an owner (the tasks of a shot or asset, the memberships of an episode), in order.
    fn owned(&self, owner: &Key) -> Vec<(Id, Arc<Record>)>;
}

/// One list of records, in order.
#[derive(Debug, Clone, Default)]
pub struct List {
    records: IndexMap<Id, Arc<Record>>,
    owned: HashMap<(Kind, Id), Vec<Id>>,
}

impl List {
    /// A list out of records in any order.
    #[must_use]
    pub fn new(records: impl IntoIterator<Item = (Id, Record)>) -> Self {
        let mut list = Self::default();
        list.records.extend(records.into_iter().map(|(id, record)| (id, Arc::new(record))));
        list.restore_order();
        list
    }

    /// The records, in order.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Id, &Arc<Record>)> {
        self.records.iter()
    }

    /// The number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The record with this id.
    #[must_use]
    pub fn get(&self, id: &Id) -> Option<&Arc<Record>> {
        self.records.get(id)
    }

    /// The ids of what belongs to an owner, in order.
    #[must_use]
    pub fn owned_ids(&self, owner: &(Kind, Id)) -> &[Id] {
        self.owned.get(owner).map_or(&[], Vec::as_slice)
    }

    /// The position behind the last record.
    #[must_use]
    pub fn next_position(&self) -> i64 {
        self.records.last().map_or(0, |(_, record)| record.position + 1)
    }

    /// Takes over changed records; `None` is a removed one. Gives whether all that were there are where they were.
    fn apply(&mut self, changed: Vec<(Id, Option<Arc<Record>>)>) -> bool {
        let mut removed = HashSet::new();
        let mut order_broken = false;
        for (id, record) in changed {
            let Some(record) = record else {
                removed.insert(id);
                continue;
            };
            let (position, owner) = (record.position, record.owner());
            let is_last = position >= self.next_position();
            match self.records.insert(id.clone(), record) {
                Some(old) => order_broken |= old.position != position || old.owner() != owner,
                None if is_last => {
                    if let Some(owner) = owner {
                        self.owned.entry(owner).or_default().push(id);
                    }
                }
                None => order_broken = true,
            }
        }
        if !removed.is_empty() {
            self.records.retain(|id, _| !removed.contains(id));
            order_broken |= !self.owned.is_empty();
        }
        if order_broken {
            self.restore_order();
        }
        !order_broken && removed.is_empty()
    }

    fn restore_order(&mut self) {
        self.records.sort_by(|a_id, a, b_id, b| a.position.cmp(&b.position).then_with(|| a_id.cmp(b_id)));
        self.owned.clear();
        for (id, record) in &self.records {
            if let Some(owner) = record.owner() {
                self.owned.entry(owner).or_default().push(id.clone());
            }
        }
    }
}

impl PartialEq for List {
    /// Equal records in equal order; the index of owners follows from them.
    fn eq(&self, other: &Self) -> bool {
        self.records.iter().eq(other.records.iter())
    }
}

/// All records of the studio (context and projects), or of the contents of one project.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scope {
    /// The revision of its last change; 0 if it never had one.
    pub revision: u64,
    lists: HashMap<Kind, Arc<List>>,
    /// When entities that are gone were deleted in the tracker, as far as changes said so.
    tombstones: Arc<HashMap<(Kind, Id), Instant>>,
    burndown: Arc<Burndown>,
    recent: Recent,
}

/// So many altered tasks are remembered: for more, everything is rendered nearly as fast.
const REMEMBERED: usize = 1000;

/// The tasks that were altered lately, each with the revision: as long as nothing else was, what was rendered before needs not be
/// rendered from the beginning.
#[derive(Debug, Clone, Default)]
struct Recent {
    /// Since this revision nothing was altered but these tasks.
    since: u64,
    tasks: Arc<Vec<(u64, Id)>>,
}

impl PartialEq for Recent {
    /// How something came about is no part of what it is.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Recent {
    fn note(&mut self, revision: u64, tasks: Option<Vec<Id>>) {
        match tasks {
            Some(tasks) if !tasks.is_empty() && self.tasks.len() + tasks.len() <= REMEMBERED => {
                Arc::make_mut(&mut self.tasks).extend(tasks.into_iter().map(|task| (revision, task)));
            }
            _ => *self = Self { since: revision, tasks: Arc::default() },
        }
    }
}

/// What a committed write altered in one scope.
#[derive(Debug, Default)]
pub struct Altered {
    /// The revision that it brought, if it brought one.
    pub revision: Option<u64>,
    /// The records that are other than before; `None` is one that is gone.
    pub records: Vec<(Kind, Id, Option<Arc<Record>>)>,
    /// When entities were deleted in the tracker, as far as the changes said so.
    pub tombstones: Vec<(Kind, Id, Instant)>,
    /// The steps that tasks took.
    pub steps: Vec<TaskStep>,
}

impl Scope {
    /// A scope as it was loaded.
    #[must_use]
    pub fn new(
        revision: u64,
        lists: impl IntoIterator<Item = (Kind, List)>,
        tombstones: HashMap<(Kind, Id), Instant>,
        burndown: Burndown,
    ) -> Self {
        let lists = lists.into_iter().map(|(kind, list)| (kind, Arc::new(list))).collect();
        let recent = Recent { since: revision, tasks: Arc::default() };
        Self { revision, lists, tombstones: Arc::new(tombstones), burndown: Arc::new(burndown), recent }
    }

    /// The list of one kind.
    #[must_use]
    pub fn list(&self, kind: Kind) -> &List {
        static EMPTY: std::sync::LazyLock<List> = std::sync::LazyLock::new(List::default);
        self.lists.get(&kind).map_or(&EMPTY, |list| list)
    }

    /// When an entity that is gone was deleted in the tracker.
    #[must_use]
    pub fn tombstone(&self, kind: Kind, id: &Id) -> Option<Instant> {
        self.tombstones.get(&(kind, id.clone())).copied()
    }

    /// Takes over what a committed write altered.
    pub fn apply(&mut self, altered: Altered) {
        let only_tasks = altered.records.iter().all(|(kind, ..)| *kind == Kind::Task);
        let tasks = only_tasks.then(|| altered.records.iter().map(|(_, id, _)| id.clone()).collect());
        let mut are_in_place = true;
        self.revision = altered.revision.unwrap_or(self.revision);
        let mut by_kind: HashMap<Kind, Vec<_>> = HashMap::new();
        for (kind, id, record) in altered.records {
            by_kind.entry(kind).or_default().push((id, record));
        }
        for (kind, records) in by_kind {
            let list = self.lists.entry(kind).or_default();
            are_in_place &= Arc::make_mut(list).apply(records);
            if list.is_empty() {
                self.lists.remove(&kind);
            }
        }
        if !altered.tombstones.is_empty() {
            let kept = Arc::make_mut(&mut self.tombstones);
            kept.extend(altered.tombstones.into_iter().map(|(kind, id, at)| ((kind, id), at)));
        }
        if !altered.steps.is_empty() {
            let burndown = Arc::make_mut(&mut self.burndown);
            for step in &altered.steps {
                burndown.take(step);
            }
        }
        if let Some(revision) = altered.revision {
            self.recent.note(revision, tasks.filter(|_| are_in_place));
        }
    }

    /// The tasks that were altered since a revision, or are new, if nothing else was: no task went or moved either.
    #[must_use]
    pub fn tasks_since(&self, revision: u64) -> Option<Vec<&Id>> {
        let after = self.recent.tasks.iter().filter(|(altered, _)| *altered > revision);
        (revision >= self.recent.since).then(|| after.map(|(_, task)| task).collect())
    }

    /// How the tasks of the project counted, day by day.
    #[must_use]
    pub fn burndown(&self) -> &Burndown {
        &self.burndown
    }

    /// The entities of a list that are of type `T`, with their ids, in order.
    pub fn entities<'a, T: 'a>(
        &'a self,
        kind: Kind,
        of: fn(&'a Entity) -> Option<&'a T>,
    ) -> impl Iterator<Item = (&'a Id, &'a T)> {
        self.list(kind).iter().filter_map(move |(id, record)| of(&record.entity).map(|entity| (id, entity)))
    }

    /// The shots, in order.
    pub fn shots(&self) -> impl Iterator<Item = (&Id, &Shot)> {
        self.entities(Kind::Shot, Shot::of)
    }

    /// The assets, in order.
    pub fn assets(&self) -> impl Iterator<Item = (&Id, &Asset)> {
        self.entities(Kind::Asset, Asset::of)
    }

    /// The projects, in order.
    pub fn projects(&self) -> impl Iterator<Item = (&Id, &Project)> {
        self.entities(Kind::Project, Project::of)
    }

    /// A project of this (the studio's) scope.
    #[must_use]
    pub fn project(&self, id: &Id) -> Option<&Project> {
        Project::of(&self.list(Kind::Project).get(id)?.entity)
    }

    /// The tasks of a shot or an asset, in order.
    pub fn tasks(&self, owner: Kind, id: &Id) -> impl Iterator<Item = (&Id, &Task)> {
        let tasks = self.list(Kind::Task);
        let ids = tasks.owned_ids(&(owner, id.clone())).iter();
        ids.filter_map(|id| Some((id, Task::of(&tasks.get(id)?.entity)?)))
    }

    /// The episode of each sequence that has one.
    pub fn episodes_of_sequences(&self) -> impl Iterator<Item = (&Id, &Id)> {
        self.entities(Kind::Membership, Membership::of).map(|(sequence, membership)| (sequence, &membership.episode_id))
    }
}

/// The studio and one project, looked at together.
#[derive(Clone, Copy)]
pub struct Studio<'a> {
    /// The context and the projects.
    pub context: &'a Scope,
    /// The contents of a project, with its id.
    pub project: Option<(&'a Id, &'a Scope)>,
}

impl Studio<'_> {
    fn scope(&self, project: Option<&Id>) -> Option<&Scope> {
        match (project, self.project) {
            (None, _) => Some(self.context),
            (Some(wanted), Some((id, scope))) if wanted == id => Some(scope),
            _ => None,
        }
    }
}

impl View for Studio<'_> {
    fn record(&self, key: &Key) -> Option<&Arc<Record>> {
        self.scope(key.project.as_ref())?.list(key.kind).get(&key.id)
    }

    fn owned(&self, owner: &Key) -> Vec<(Id, Arc<Record>)> {
        let Some(scope) = self.scope(owner.project.as_ref()) else { return Vec::new() };
        let list = scope.list(owned_kind(owner.kind));
        let ids = list.owned_ids(&(owner.kind, owner.id.clone()));
        ids.iter().filter_map(|id| Some((id.clone(), list.get(id)?.clone()))).collect()
    }
}

/// The kind of what an owner of a kind owns.
#[must_use]
pub fn owned_kind(owner: Kind) -> Kind {
    if owner == Kind::Episode { Kind::Membership } else { Kind::Task }
}
