//! The history of tasks: how one counts, the steps from one state to the next, and their sums.

use std::collections::BTreeMap;

use super::{
    Id, Kind,
    time::{Day, Instant, day_of},
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

/// The changes of every count, by day: sums over the history of a project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Burndown {
    changes: BTreeMap<Counted, BTreeMap<Day, i64>>,
}

impl Burndown {
    /// Takes a step into the sums.
    pub fn take(&mut self, step: &TaskStep) {
        for (counted, change) in [(&step.from, -1), (&step.to, 1)] {
            if let Some(counted) = counted {
                self.add(counted.clone(), day_of(step.at), change);
            }
        }
    }

    /// Adds to the change of a count on a day.
    pub fn add(&mut self, counted: Counted, day: Day, change: i64) {
        *self.changes.entry(counted).or_default().entry(day).or_default() += change;
    }

    /// The day of the first step of a task on what is of this kind.
    #[must_use]
    pub fn first_day(&self, of: Kind) -> Option<Day> {
        self.counts(of).filter_map(|(_, days)| days.keys().next()).min().copied()
    }

    /// The changes of each count of tasks on what is of this kind, by day.
    pub fn counts(&self, of: Kind) -> impl Iterator<Item = (&Counted, &BTreeMap<Day, i64>)> {
        self.changes.iter().filter(move |(counted, _)| counted.of == of)
    }
}
