//! A draft: what will be in memory once a batch is committed. Requests of the batch see what those before them did.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use super::partial::BIRTH;
use crate::model::{
    Id, Kind,
    scope::{Key, Record, Scope, View, owned_kind},
    time::Instant,
};

/// What was altered on top of what lies below; `None` is a record that is gone.
#[derive(Debug, Default)]
pub struct Layer {
    pub(super) records: HashMap<Key, Option<Arc<Record>>>,
    /// Projects of which nothing below counts any more.
    pub(super) wiped: HashSet<Id>,
    pub(super) tombstones: HashMap<Key, Instant>,
    /// Whatever was put under an owner in this layer, to find it again.
    owned: HashMap<Key, BTreeSet<Id>>,
    next_positions: HashMap<(Option<Id>, Kind), i64>,
    /// The latest moment at which anything of a list came to be, as far as events told.
    latest_births: HashMap<(Option<Id>, Kind), Instant>,
}

impl Layer {
    fn wipes(&self, project: Option<&Id>) -> bool {
        project.is_some_and(|project| self.wiped.contains(project))
    }

    /// Puts another layer on top of this one, so that both are one.
    fn cover(&mut self, top: Layer) {
        if !top.wiped.is_empty() {
            self.records.retain(|key, _| !top.wipes(key.project.as_ref()));
            self.tombstones.retain(|key, _| !top.wipes(key.project.as_ref()));
            self.owned.retain(|key, _| !top.wipes(key.project.as_ref()));
            self.next_positions.retain(|(project, _), _| !top.wipes(project.as_ref()));
            self.latest_births.retain(|(project, _), _| !top.wipes(project.as_ref()));
        }
        self.wiped.extend(top.wiped);
        self.records.extend(top.records);
        self.tombstones.extend(top.tombstones);
        self.next_positions.extend(top.next_positions);
        self.latest_births.extend(top.latest_births);
        for (owner, ids) in top.owned {
            self.owned.entry(owner).or_default().extend(ids);
        }
    }
}

/// The scopes that a batch is about, with what its requests altered so far, and what the present request alters.
#[derive(Debug)]
pub struct Draft {
    base: HashMap<Option<Id>, Arc<Scope>>,
    batch: Layer,
    request: Layer,
}

impl Draft {
    /// A draft on top of what is in memory.
    pub fn new(base: HashMap<Option<Id>, Arc<Scope>>) -> Self {
        Self { base, batch: Layer::default(), request: Layer::default() }
    }

    /// Whether a scope is part of what the draft lies on.
    pub fn has(&self, project: Option<&Id>) -> bool {
        self.base.contains_key(&project.cloned())
    }

    /// Adds a scope to what the draft lies on.
    pub fn add(&mut self, project: Option<Id>, scope: Arc<Scope>) {
        self.base.insert(project, scope);
    }

    /// Puts a record in place, or takes it away.
    pub fn set(&mut self, key: &Key, record: Option<Record>) {
        if let Some(record) = &record {
            let owner = record.owner().map(|(kind, id)| key.sibling(kind, &id));
            if let Some(owner) = owner {
                self.request.owned.entry(owner).or_default().insert(key.id.clone());
            }
            if let Some(born) = record.times.get(BIRTH) {
                let latest = self.latest_birth(key).map_or(*born, |latest| latest.max(*born));
                self.request.latest_births.insert((key.project.clone(), key.kind), latest);
            }
        }
        self.request.records.insert(key.clone(), record.map(Arc::new));
    }

    /// A position behind everything in the list of this key.
    pub fn next_position(&mut self, key: &Key) -> i64 {
        let list = (key.project.clone(), key.kind);
        let base = if self.batch.wipes(key.project.as_ref()) { None } else { self.base.get(&key.project) };
        let below = self.batch.next_positions.get(&list).copied();
        let first = below.unwrap_or_else(|| base.map_or(0, |scope| scope.list(key.kind).next_position()));
        let next = self.request.next_positions.entry(list).or_insert(first);
        *next += 1;
        *next - 1
    }

    /// A moment at which, or before which, everything came to be that is at the end of the list of this key and of which events
    /// told when. None if nothing is.
    pub fn latest_birth(&self, key: &Key) -> Option<Instant> {
        let list = (key.project.clone(), key.kind);
        let layers = [&self.request, &self.batch];
        let above = layers.iter().find_map(|layer| layer.latest_births.get(&list)).copied();
        let base = self.base.get(&key.project).and_then(|scope| scope.list(key.kind).iter().next_back());
        above.max(base.and_then(|(_, record)| record.times.get(BIRTH).copied()))
    }

    /// When an entity was deleted in the tracker, as far as a change said so.
    pub fn tombstone(&self, key: &Key) -> Option<Instant> {
        for layer in [&self.request, &self.batch] {
            if let Some(at) = layer.tombstones.get(key) {
                return Some(*at);
            }
            if layer.wipes(key.project.as_ref()) {
                return None;
            }
        }
        self.base.get(&key.project)?.tombstone(key.kind, &key.id)
    }

    /// Notes when an entity was deleted in the tracker.
    pub fn bury(&mut self, key: &Key, at: Instant) {
        let latest = self.tombstone(key).map_or(at, |known| known.max(at));
        self.request.tombstones.insert(key.clone(), latest);
    }

    /// Drops a project with everything in it.
    pub fn wipe(&mut self, project: &Id) {
        self.request.records.retain(|key, _| key.project.as_ref() != Some(project));
        self.request.tombstones.retain(|key, _| key.project.as_ref() != Some(project));
        self.request.owned.retain(|key, _| key.project.as_ref() != Some(project));
        self.request.wiped.insert(project.clone());
    }

    /// The ids of one list, in order.
    pub fn ids(&self, project: Option<&Id>, kind: Kind) -> Vec<Id> {
        let mut ids = HashSet::new();
        if !self.request.wipes(project) {
            if !self.batch.wipes(project)
                && let Some(scope) = self.base.get(&project.cloned())
            {
                ids.extend(scope.list(kind).iter().map(|(id, _)| id.clone()));
            }
            ids.extend(keys_of(&self.batch, project, kind));
        }
        ids.extend(keys_of(&self.request, project, kind));
        let keys = ids.iter().map(|id| Key::new(project, kind, id));
        let mut found: Vec<_> = keys.filter_map(|key| Some((self.record(&key)?.position, key.id))).collect();
        found.sort();
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// The state before the present request.
    pub fn before(&self) -> Before<'_> {
        Before(self)
    }

    /// What the present request altered so far.
    pub fn request(&self) -> &Layer {
        &self.request
    }

    /// Keeps what the present request altered.
    pub fn keep(&mut self) {
        let mut request = std::mem::take(&mut self.request);
        // What is as it was need not be written.
        request.records.retain(|key, record| {
            key.project.as_ref().is_some_and(|project| request.wiped.contains(project))
                || self.below(key) != record.as_ref()
        });
        self.batch.cover(request);
    }

    /// Drops what the present request altered.
    pub fn drop_request(&mut self) {
        self.request = Layer::default();
    }

    /// Everything that the batch altered. The scopes below are let go, so that they can be altered in place.
    pub fn finish(self) -> Layer {
        self.batch
    }

    /// What belongs to an owner in a view of this draft, in order.
    fn owned_in(&self, view: &impl View, owner: &Key) -> Vec<(Id, Arc<Record>)> {
        let kind = owned_kind(owner.kind);
        let owner_in_list = (owner.kind, owner.id.clone());
        let mut ids: BTreeSet<Id> = BTreeSet::new();
        if let Some(scope) = self.base.get(&owner.project) {
            ids.extend(scope.list(kind).owned_ids(&owner_in_list).iter().cloned());
        }
        for layer in [&self.batch, &self.request] {
            ids.extend(layer.owned.get(owner).into_iter().flatten().cloned());
        }
        let records = ids.into_iter().filter_map(|id| Some((view.record(&owner.sibling(kind, &id))?.clone(), id)));
        let mut owned: Vec<_> = records.filter(|(record, _)| record.owner().as_ref() == Some(&owner_in_list)).collect();
        owned.sort_by_key(|(record, _)| record.position);
        owned.into_iter().map(|(record, id)| (id, record)).collect()
    }

    fn below(&self, key: &Key) -> Option<&Arc<Record>> {
        if let Some(record) = self.batch.records.get(key) {
            return record.as_ref();
        }
        if self.batch.wipes(key.project.as_ref()) {
            return None;
        }
        self.base.get(&key.project)?.list(key.kind).get(&key.id)
    }
}

fn keys_of<'a>(layer: &'a Layer, project: Option<&'a Id>, kind: Kind) -> impl Iterator<Item = Id> + 'a {
    layer
        .records
        .keys()
        .filter(move |key| key.kind == kind && key.project.as_ref() == project)
        .map(|key| key.id.clone())
}

impl View for Draft {
    fn record(&self, key: &Key) -> Option<&Arc<Record>> {
        match self.request.records.get(key) {
            Some(record) => record.as_ref(),
            None if self.request.wipes(key.project.as_ref()) => None,
            None => self.below(key),
        }
    }

    fn owned(&self, owner: &Key) -> Vec<(Id, Arc<Record>)> {
        self.owned_in(self, owner)
    }
}

/// A draft as it was before the present request.
#[derive(Clone, Copy)]
pub struct Before<'a>(&'a Draft);

impl<'a> Before<'a> {
    /// The record under a key.
    pub fn get(self, key: &Key) -> Option<&'a Arc<Record>> {
        self.0.below(key)
    }
}

impl View for Before<'_> {
    fn record(&self, key: &Key) -> Option<&Arc<Record>> {
        self.0.below(key)
    }

    fn owned(&self, owner: &Key) -> Vec<(Id, Arc<Record>)> {
        self.0.owned_in(self, owner)
    }
}
