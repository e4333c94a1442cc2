//! What goes: one entity with what belongs to it, or what a list does not name any more.

use std::collections::HashSet;

use super::Resolve;
use crate::model::{
    Id, Kind,
    scope::{Key, Record, View},
    time::Instant,
};

impl Resolve<'_> {
    /// Deletes an entity, unless it was changed after that.
    pub(super) fn delete(&mut self, key: &Key, existing: Option<&Record>, at: Option<Instant>, pointer: &str) {
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
    pub(super) fn whole(
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
}
