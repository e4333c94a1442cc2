//! What counts in a burn-down: the state of a task at a moment, and the step from one state to the next.

use super::{
    Asset, Id, Kind, Membership, Sequence, Shot, Task,
    scope::{Instant, Key, View},
};

/// A task as a burn-down counts it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Counted {
    /// The kind of what it is work on: shots and assets are counted apart.
    pub of: Kind,
    /// Its task type.
    pub task_type: Id,
    /// Its status.
    pub task_status: Id,
    /// The episode of its shot's sequence.
    pub episode: Option<Id>,
}

/// One step in the life of a task, as the history keeps it for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskStep {
    /// The project of the task.
    pub project: Id,
    /// The task.
    pub task: Id,
    /// When it was taken.
    pub at: Instant,
    /// How the task counted before; `None`: it was not there, or canceled, or had no type or status.
    pub from: Option<Counted>,
    /// How it counts from then on.
    pub to: Option<Counted>,
}

/// How a task counts, if it does: it has a type and a status, and what it is work on is there and not canceled, nor
/// is the sequence of its shot.
#[must_use]
pub fn counted(view: &impl View, key: &Key) -> Option<Counted> {
    let task = Task::of(&view.record(key)?.entity)?;
    let (of, owner) = task.owner()?;
    let owner = &view.record(&key.sibling(of, &owner))?.entity;
    let canceled =
        Shot::of(owner).is_some_and(|shot| shot.canceled) || Asset::of(owner).is_some_and(|asset| asset.canceled);
    let sequence = Shot::of(owner).and_then(|shot| shot.sequence_id.as_ref());
    if canceled || sequence.is_some_and(|id| is_canceled(view, &key.sibling(Kind::Sequence, id))) {
        return None;
    }
    let membership = sequence.and_then(|id| view.record(&key.sibling(Kind::Membership, id)));
    let episode = membership.and_then(|record| Membership::of(&record.entity)).map(|of| of.episode_id.clone());
    Some(Counted { of, task_type: task.task_type_id.clone()?, task_status: task.task_status_id.clone()?, episode })
}

fn is_canceled(view: &impl View, sequence: &Key) -> bool {
    let record = view.record(sequence);
    record.and_then(|record| Sequence::of(&record.entity)).is_some_and(|sequence| sequence.canceled)
}
