//! Events: each tells a part of an entity, and they come in any order. What they leave is the same in whatever order they came:
//! what they are about exists from the first of them on, and its place in its list is that of its earliest.

use super::{draft::Draft, resolve::Resolve};
use crate::model::{
    Entity, Kind,
    change::Op,
    fault::{At, Findings},
    scope::{Key, Record, Times, View},
    time::Instant,
};

/// The name among the times of an entity under which it is kept when it came to be, as far as events told.
pub const BIRTH: &str = "id";

impl Resolve<'_> {
    /// Whether an event is none of ours, being about a project that is not here: a tracker tells of many that nobody wants on the
    /// page. Only whoever gives all of one (`put`) makes it.
    pub fn passes_over(&self, key: &Key, op: &Op) -> bool {
        self.partial && key.kind == Kind::Project && matches!(op, Op::Merge(_) | Op::Add(..) | Op::Remove(..))
    }

    /// What is created of the first event about something.
    pub fn incomplete(&mut self, key: &Key, patch: serde_json::Map<String, serde_json::Value>, at: At<'_>) -> Entity {
        let mut entity = Entity::empty(key.kind);
        entity.merge(patch, at, &mut Findings::default());
        let nameless = key.kind.fields().iter().find(|field| field.required && entity.is_empty(field.name));
        if let Some(field) = nameless {
            let detail = format!("incomplete: the {} {} has no {} yet", key.kind.singular(), key.id, field.name);
            self.findings.warn(at, detail);
        }
        entity
    }

    /// What members are added to or removed from, if it is not there yet.
    pub fn empty(&mut self, key: &Key, at: At<'_>) -> Option<Record> {
        if !self.partial {
            return None;
        }
        let entity = self.incomplete(key, serde_json::Map::new(), at);
        Some(Record { position: self.draft.next_position(key), times: Times::new(), since: 0, entity })
    }

    /// An event of that moment is about something; if no earlier one was, that is when it came to be. What was there without an
    /// event stays where it is.
    pub fn was_there(&mut self, key: &Key, was_known: bool, at: Instant) {
        let Some(record) = self.draft.record(key) else { return };
        let known = record.times.get(BIRTH);
        if was_known && known.is_none() || known.is_some_and(|known| *known <= at) {
            return;
        }
        let mut record = Record::clone(record);
        record.times.insert(BIRTH.to_owned(), at);
        let latest = self.draft.latest_birth(key);
        self.draft.set(key, Some(record));
        if latest.is_some_and(|latest| latest >= at) {
            self.place(key, at);
        }
    }

    /// Moves something before all at the end of its list that came to be later.
    fn place(&mut self, key: &Key, born: Instant) {
        let ids = self.draft.ids(key.project.as_ref(), key.kind);
        let Some(index) = ids.iter().position(|id| *id == key.id) else { return };
        let is_later = |id| {
            let birth = birth(self.draft, &key.sibling(key.kind, id));
            birth.is_some_and(|birth| (birth, id) > (born, &key.id))
        };
        let later = ids[..index].iter().rev().take_while(|id| is_later(id)).count();
        let moved = &ids[index - later..=index];
        let records: Vec<_> =
            moved.iter().filter_map(|id| self.draft.record(&key.sibling(key.kind, id)).cloned()).collect();
        let mut order: Vec<_> = moved.iter().zip(&records).collect();
        order.rotate_right(1);
        for ((id, record), position) in order.into_iter().zip(records.iter().map(|record| record.position)) {
            if record.position != position {
                let other = key.sibling(key.kind, id);
                self.draft.set(&other, Some(Record { position, ..Record::clone(record) }));
                // That it moved is to be seen; who is asked about it is not.
                self.moment.entry(other).or_insert((String::new(), None));
            }
        }
    }
}

/// When something came to be, as far as events told.
fn birth(draft: &Draft, key: &Key) -> Option<Instant> {
    draft.record(key)?.times.get(BIRTH).copied()
}
