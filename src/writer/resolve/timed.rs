//! What was true at a time: each field, each member of `data` and of lists is as recent as what was said of it last, and what is
//! older than that is skipped.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::Resolve;
use crate::model::{
    Entity, Id, Kind, Shot,
    fault::{At, Findings},
    field::MAX_MEMBERS,
    scope::{Key, Record, Times},
    time::Instant,
};

impl Resolve<'_> {
    /// Sets one field to what was true at a time, unless what it holds is more recent.
    pub(super) fn set_at(
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

    /// Merges what was true at a time.
    pub(super) fn merge_at(
        &mut self,
        key: &Key,
        record: &mut Record,
        patch: Map<String, Value>,
        at: Instant,
        pointer: &str,
    ) {
        for (name, part) in parts(key.kind, patch) {
            self.set_at(key, record, &name, at, pointer, |entity| {
                entity.merge(part, At::Pointer(pointer), &mut Findings::default());
            });
        }
    }

    /// Adds members to a list, or removes them.
    pub(super) fn members(
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
}

/// Where a member that was added at a time goes: at the end, but before those that were added after it.
fn place_of(members: &[Id], field: &str, times: &Times, at: Option<Instant>) -> usize {
    let Some(at) = at else { return members.len() };
    let is_later = |id: &&Id| times.get(&format!("{field}/{id}")).is_some_and(|added| *added > at);
    members.len() - members.iter().rev().take_while(is_later).count()
}

/// What a patch sets, each part with the name of its time: fields, and members of `data`, which are as independent.
pub(super) fn parts(kind: Kind, patch: Map<String, Value>) -> Vec<(String, Map<String, Value>)> {
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

/// The field under which it is kept how recent a field is: whose a task is is one thing, in two fields.
pub(super) fn timed(kind: Kind, field: &str) -> &str {
    if kind == Kind::Task && field == "asset_id" { "shot_id" } else { field }
}
