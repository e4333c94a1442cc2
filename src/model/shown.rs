//! What of a project is shown: a tree has it, as far as it is not canceled and has what a page needs to draw it.

use std::collections::{HashMap, HashSet};

use super::{Id, Kind, Sequence, Shot, represent::Range, scope::Scope};

/// What is shown of the contents of a project.
#[derive(Debug, Clone)]
pub struct Shown<'a> {
    contents: &'a Scope,
    canceled: HashSet<&'a Id>,
}

/// A shot that is shown.
pub type Drawn<'a> = (&'a Id, &'a Shot, Range);

impl<'a> Shown<'a> {
    /// Of these contents.
    #[must_use]
    pub fn of(contents: &'a Scope) -> Self {
        let sequences = contents.entities(Kind::Sequence, Sequence::of);
        let canceled = sequences.filter(|(_, sequence)| sequence.canceled).map(|(id, _)| id).collect();
        Self { contents, canceled }
    }

    /// Whether a sequence is canceled.
    #[must_use]
    pub fn is_canceled(&self, sequence: &Id) -> bool {
        self.canceled.contains(sequence)
    }

    /// Whether a shot would be shown if it had a range: neither it nor its sequence is canceled.
    #[must_use]
    pub fn wants(&self, shot: &Shot) -> bool {
        !shot.canceled && !shot.sequence_id.as_ref().is_some_and(|sequence| self.is_canceled(sequence))
    }

    /// The shots that are not canceled, in order.
    pub fn wanted_shots(&self) -> impl Iterator<Item = (&'a Id, &'a Shot)> {
        self.contents.shots().filter(|(_, shot)| self.wants(shot))
    }

    /// The shots that are shown, in order.
    pub fn shots(&self) -> impl Iterator<Item = Drawn<'a>> {
        self.wanted_shots().filter_map(|(id, shot)| Some((id, shot, shot.range()?)))
    }

    /// The sequences that are shown, in order.
    pub fn sequences(&self) -> impl Iterator<Item = (&'a Id, &'a Sequence)> {
        self.contents.entities(Kind::Sequence, Sequence::of).filter(|(_, sequence)| !sequence.canceled)
    }

    /// The shots that are shown, in order, by their episodes; those of no episode under `None`.
    #[must_use]
    pub fn shots_by_episode(&self) -> Vec<(Option<&'a Id>, Vec<Drawn<'a>>)> {
        let episodes: HashMap<&Id, &'a Id> = self.contents.episodes_of_sequences().collect();
        let mut groups: indexmap::IndexMap<Option<&'a Id>, Vec<Drawn<'a>>> = indexmap::IndexMap::new();
        for (id, shot, range) in self.shots() {
            let episode = shot.sequence_id.as_ref().and_then(|sequence| episodes.get(sequence)).copied();
            groups.entry(episode).or_default().push((id, shot, range));
        }
        groups.into_iter().collect()
    }
}
