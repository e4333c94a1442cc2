//! From what was sent to changes: entities, whole lists, snapshots and batches, in the JSON of Watchtower's files.
//!
//! The files of both layouts are read as they are: aliases (`full_name`, `episodeId`), embedded objects in place of ids, lists
//! that live elsewhere (`tasks` of a shot), and fields that are computed (`startFrame`), which are passed over.

mod batch;
mod past;

use std::collections::HashSet;

use indexmap::IndexSet;
use serde_json::{Map, Value};

use super::{
    Entity, Id, Kind, Membership, Task,
    change::{Change, Op},
    fault::{At, Findings},
    field::{named, read_id, read_member},
    media::INTO_THE_FRAME,
    number,
    represent::NO_RANGE,
    scope::Key,
    time::Instant,
};

/// The lists of a project that a snapshot may name, under the names of their files.
const LISTS_OF_PROJECT: [(&str, Kind); 7] = [
    ("episodes", Kind::Episode),
    ("sequences", Kind::Sequence),
    ("shots", Kind::Shot),
    ("assets", Kind::Asset),
    ("tasks", Kind::Task),
    ("casting", Kind::Casting),
    ("edits", Kind::Edit),
];

/// The id lists of a project that the 1.0 layout embeds as objects.
const EMBEDDED: [(&str, Kind); 5] = [
    ("asset_types", Kind::AssetType),
    ("task_types", Kind::TaskType),
    ("task_statuses", Kind::TaskStatus),
    ("task_status", Kind::TaskStatus),
    ("team", Kind::User),
];

/// Reads bodies into changes, and collects what is wrong with them.
#[derive(Debug, Default)]
pub struct Reader {
    /// The changes, in the order in which they are to be applied.
    pub changes: Vec<Change>,
    /// What was wrong or odd.
    pub findings: Findings,
    /// The ids that were made up for entities without one, with the pointers of those.
    pub generated: Vec<(String, Id)>,
    /// What was put as an element of a list, to find ids that stand twice.
    listed: HashSet<Key>,
}

/// How the members of an object apply to an entity.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Put,
    Merge,
}

impl Reader {
    /// Reads one entity to be created or replaced; `id` is the one that the address names. Gives the entity's id.
    pub fn put(&mut self, project: Option<&Id>, kind: Kind, id: Option<&Id>, value: Value, at: At<'_>) -> Option<Id> {
        self.entity(project, kind, id, None, value, at, (Manner::Put, None))
    }

    /// Reads a merge patch (RFC 7396) of one entity.
    pub fn merge(&mut self, project: Option<&Id>, kind: Kind, id: &Id, value: Value, at: At<'_>) {
        self.entity(project, kind, Some(id), None, value, at, (Manner::Merge, None));
    }

    /// Notes that an entity is to be deleted.
    pub fn delete(&mut self, project: Option<&Id>, kind: Kind, id: &Id) {
        let key = Key::new(project, kind, id);
        self.changes.push(Change::One { key, op: Op::Delete, at: None, pointer: String::new() });
    }

    /// Reads an array whose elements are each to be created or replaced. A lone object counts as an array of one, as
    /// does the list of projects in the file `projects-list/index.json`, of which only what it names is taken.
    /// Gives the ids.
    pub fn each(&mut self, project: Option<&Id>, kind: Kind, value: Value, at: At<'_>) -> Vec<Id> {
        match value {
            Value::Object(mut index) if kind == Kind::Project && index.get("projects").is_some_and(Value::is_array) => {
                let projects = index.shift_remove("projects").unwrap_or_default();
                self.elements(project, kind, None, projects, at.key("projects"), (Manner::Merge, None))
            }
            Value::Object(object) => {
                let id = (kind == Kind::Edit && !object.contains_key("id")).then(|| Id::parse("edit").ok()).flatten();
                self.put(project, kind, id.as_ref(), Value::Object(object), at).into_iter().collect()
            }
            array => self.elements(project, kind, None, array, at, (Manner::Put, None)),
        }
    }

    /// Reads an array that is the whole list: what is absent from it is to be deleted. So a lone object is not taken for a
    /// list of one, unless it is a file of a tree: `edit.json`, or `projects-list/index.json`.
    pub fn whole(&mut self, project: Option<&Id>, kind: Kind, value: Value, at: At<'_>) {
        let is_file = match kind {
            Kind::Edit => value.get("id").is_none(),
            Kind::Project => value.get("projects").is_some_and(Value::is_array),
            _ => false,
        };
        if value.is_object() && !is_file {
            let detail = format!("the array of all {} is needed here, not an object", kind.plural());
            self.findings.fault(at, detail);
            return;
        }
        let ids = self.each(project, kind, value, at);
        self.changes.push(Change::Whole { project: project.cloned(), kind, owner: None, ids, at: None });
    }

    /// Reads the four studio-wide lists, as in the file `context.json`; a list that is absent stays as it is. Projects
    /// that are named beside them are created or updated, and none is deleted.
    pub fn context(&mut self, value: Value, at: At<'_>) {
        let Some(object) = self.object(value, at) else { return };
        for (key, value) in object {
            let place = at.key(&key);
            let kind = if key == "task_status" { Some(Kind::TaskStatus) } else { Kind::named(&key.replace('_', "-")) };
            match kind {
                Some(kind) if Kind::CONTEXT.contains(&kind) => self.whole(None, kind, value, place),
                Some(Kind::Project) => drop(self.each(None, Kind::Project, value, place)),
                _ => self.unknown(place, &key),
            }
        }
    }

    /// Reads the contents of one list of a project, as one of its files.
    pub fn whole_of_project(&mut self, project: &Id, list: &str, value: Value, at: At<'_>) {
        match LISTS_OF_PROJECT.iter().find(|(name, _)| *name == list) {
            Some((_, kind)) => self.whole(Some(project), *kind, value, at),
            None => self.unknown(at, list),
        }
    }

    fn unknown(&mut self, at: At<'_>, key: &str) {
        self.findings.warn(at, format!("unknown field {}, left out", named(&key.into())));
    }

    fn object(&mut self, value: Value, at: At<'_>) -> Option<Map<String, Value>> {
        if let Value::Object(object) = value {
            return Some(object);
        }
        self.findings.fault(at, format!("an object is needed here, not {}", named(&value)));
        None
    }

    fn elements(
        &mut self,
        project: Option<&Id>,
        kind: Kind,
        owner: Option<&Key>,
        value: Value,
        at: At<'_>,
        manner: (Manner, Option<Instant>),
    ) -> Vec<Id> {
        let Value::Array(elements) = value else {
            self.findings.fault(at, format!("an array of {} is needed here, not {}", kind.plural(), named(&value)));
            return Vec::new();
        };
        let mut ids = Vec::with_capacity(elements.len());
        for (index, element) in elements.into_iter().enumerate() {
            let place = at.index(index);
            if kind == Kind::Casting && element.as_object().is_some_and(Map::is_empty) {
                self.findings.warn(place, "casting of no shot, left out");
                continue;
            }
            let Some(id) = self.entity(project, kind, None, owner, element, place, manner) else { continue };
            if !self.listed.insert(Key::new(project, kind, &id)) {
                let detail = format!("the {} {id} stands twice", kind.singular());
                self.findings.fault(place.key(kind.id_field()), detail);
            }
            ids.push(id);
        }
        ids
    }

    /// Reads one entity with everything that stands in it.
    #[expect(clippy::too_many_arguments, reason = "private, and each says one thing about the one entity")]
    fn entity(
        &mut self,
        project: Option<&Id>,
        kind: Kind,
        id: Option<&Id>,
        owner: Option<&Key>,
        value: Value,
        at: At<'_>,
        (manner, time): (Manner, Option<Instant>),
    ) -> Option<Id> {
        let mut object = self.object(value, at)?;
        let identified = self.identify(kind, id, &mut object, at);
        let ends_in = identified.as_ref().and_then(|id| id.as_str().rsplit_once('.')).map(|(_, end)| end);
        if kind == Kind::Project && ends_in == Some("json") {
            let detail = "the id of a project cannot end in .json: its folder stands among the files of the tree";
            self.findings.fault(at.key("id"), detail);
        }
        // What else is wrong is found as well; with a fault, nothing is applied.
        let key = Key::new(project, kind, &identified.clone().unwrap_or_default());
        let elsewhere = take_elsewhere(kind, &mut object);
        if kind == Kind::Edit {
            from_the_page(&mut object);
        }
        if kind == Kind::Project {
            self.embedded(&object, at, time);
        }
        let op = match manner {
            Manner::Put => {
                let mut entity = Entity::read(kind, object, at, &mut self.findings);
                if let Entity::Task(task) = &mut entity {
                    self.assign_owner(task, owner, at);
                }
                Op::Put(Box::new(entity))
            }
            Manner::Merge => {
                let mut entity = Entity::empty(kind);
                entity.merge(object.clone(), at, &mut self.findings);
                if let Entity::Task(task) = &mut entity {
                    self.assign_owner(task, owner, at);
                }
                Op::Merge(object)
            }
        };
        self.warn_oddities(&op, at);
        self.changes.push(Change::One { key: key.clone(), op, at: time, pointer: at.pointer() });
        for (name, value) in elsewhere {
            self.elsewhere(&key, &name, value, at.key(&name), time);
        }
        identified
    }

    /// The id of an entity: from the address or the body, which must agree, or made up.
    fn identify(&mut self, kind: Kind, id: Option<&Id>, object: &mut Map<String, Value>, at: At<'_>) -> Option<Id> {
        let field = kind.id_field();
        let sent = object.shift_remove(field).filter(|value| !value.is_null());
        let sent = match sent {
            Some(value) => Some(read_id(&value, at.key(field), &mut self.findings)?),
            None => None,
        };
        match (id, sent) {
            (Some(id), Some(sent)) if *id != sent => {
                self.findings.fault(at.key(field), format!("the address names {id}, the body {sent}"));
                None
            }
            (Some(id), _) => Some(id.clone()),
            (None, Some(sent)) => Some(sent),
            (None, None) if kind == Kind::Casting => {
                self.findings.fault(at.key(field), "a casting needs the id of its shot");
                None
            }
            (None, None) => {
                let id = Id::random();
                self.generated.push((at.pointer(), id.clone()));
                Some(id)
            }
        }
    }

    /// A task in the list of a shot or asset belongs to that; one alone says whose it is.
    fn assign_owner(&mut self, task: &mut Task, owner: Option<&Key>, at: At<'_>) {
        if let Some(owner) = owner {
            task.shot_id = (owner.kind == Kind::Shot).then(|| owner.id.clone());
            task.asset_id = (owner.kind == Kind::Asset).then(|| owner.id.clone());
        } else if task.shot_id.is_some() && task.asset_id.is_some() {
            self.findings.fault(at.key("asset_id"), "a task is work on a shot or on an asset, not on both");
        }
    }

    /// Reads a list that stands in an entity but is kept elsewhere.
    fn elsewhere(&mut self, key: &Key, name: &str, value: Value, at: At<'_>, time: Option<Instant>) {
        match (key.kind, name) {
            (Kind::Shot | Kind::Asset, _) => {
                let value = if value.is_null() { Value::Array(Vec::new()) } else { value };
                let (project, manner) = (key.project.as_ref(), (Manner::Put, time));
                let ids = self.elements(project, Kind::Task, Some(key), value, at, manner);
                let (project, owner) = (key.project.clone(), Some((key.kind, key.id.clone())));
                self.changes.push(Change::Whole { project, kind: Kind::Task, owner, ids, at: time });
            }
            (Kind::Episode, _) => self.sequences_of_episode(key, value, at, time),
            (Kind::Sequence, _) => {
                let op = if value.is_null() || value.as_str() == Some("") {
                    Op::Delete
                } else {
                    let Some(episode_id) = read_id(&value, at, &mut self.findings) else { return };
                    Op::Put(Box::new(Entity::Membership(Membership { episode_id })))
                };
                self.membership(key, &key.id, op, at, time);
            }
            (_, "task_counts") => self.task_counts(&key.id, &value, at),
            (_, list) => self.whole_of_project(&key.id, list, value, at),
        }
    }

    fn membership(&mut self, sibling: &Key, sequence: &Id, op: Op, at: At<'_>, time: Option<Instant>) {
        let key = sibling.sibling(Kind::Membership, sequence);
        self.changes.push(Change::One { key, op, at: time, pointer: at.pointer() });
    }

    /// The sequences of an episode: ids, or objects of which the name is taken as well.
    fn sequences_of_episode(&mut self, episode: &Key, value: Value, at: At<'_>, time: Option<Instant>) {
        let value = if value.is_null() { Value::Array(Vec::new()) } else { value };
        let Value::Array(elements) = value else {
            self.findings.fault(at, format!("a list of sequences is needed here, not {}", named(&value)));
            return;
        };
        // One that stands twice counts once.
        let mut ids = IndexSet::with_capacity(elements.len());
        for (index, element) in elements.into_iter().enumerate() {
            let place = at.index(index);
            let id = match element {
                Value::Object(ref object) if object.contains_key("id") && object.contains_key("name") => {
                    let (project, manner) = (episode.project.as_ref(), (Manner::Merge, time));
                    self.entity(project, Kind::Sequence, None, None, element, place, manner)
                }
                id => read_member(&id, place, &mut self.findings),
            };
            let Some(id) = id else { continue };
            let belongs = Membership { episode_id: episode.id.clone() };
            self.membership(episode, &id, Op::Put(Box::new(Entity::Membership(belongs))), place, time);
            ids.insert(id);
        }
        let ids = ids.into_iter().collect();
        let (project, owner) = (episode.project.clone(), Some((Kind::Episode, episode.id.clone())));
        self.changes.push(Change::Whole { project, kind: Kind::Membership, owner, ids, at: time });
    }

    /// The objects that the 1.0 layout embeds in a project carry the context along: what they name is merged into it.
    fn embedded(&mut self, object: &Map<String, Value>, at: At<'_>, time: Option<Instant>) {
        for (field, kind) in EMBEDDED {
            let Some(Value::Array(elements)) = object.get(field) else { continue };
            for (index, element) in elements.iter().enumerate() {
                let says_more = element.get("name").is_some() || element.get("full_name").is_some();
                if says_more && element.get("id").is_some() {
                    let (list, manner) = (at.key(field), (Manner::Merge, time));
                    self.entity(None, kind, None, None, element.clone(), list.index(index), manner);
                }
            }
        }
    }

    fn warn_oddities(&mut self, op: &Op, at: At<'_>) {
        let Op::Put(entity) = op else { return };
        if let Entity::Shot(shot) = &**entity
            && !shot.canceled
            && shot.range().is_none()
        {
            self.findings.warn(at.key("data"), NO_RANGE);
        }
    }
}

/// Takes what is not a field out of an entity's object: lists and references that are kept elsewhere are given back,
/// computed fields are dropped.
fn take_elsewhere(kind: Kind, object: &mut Map<String, Value>) -> Vec<(String, Value)> {
    let (elsewhere, computed): (&[&str], &[&str]) = match kind {
        Kind::Shot => (&["tasks"], &["startFrame", "durationSeconds"]),
        Kind::Asset => (&["tasks"], &[]),
        Kind::Episode => (&["sequences"], &[]),
        Kind::Sequence => (&["episode_id", "episodeId"], &[]),
        Kind::Project => {
            (&["episodes", "sequences", "shots", "assets", "tasks", "casting", "edits", "task_counts"], &[])
        }
        _ => (&[], &[]),
    };
    for field in computed {
        object.shift_remove(*field);
    }
    elsewhere.iter().filter_map(|name| object.shift_remove_entry(*name)).collect()
}

/// An edit as a tree has it, with its movie a part of a frame early, becomes what it was made from.
fn from_the_page(edit: &mut Map<String, Value>) {
    let Some(offset) = edit.get_mut("frameOffset") else { return };
    let frame = number::of(offset).and_then(|early| number::whole(early + INTO_THE_FRAME));
    if let Some(frame) = frame {
        *offset = frame.into();
    }
}
