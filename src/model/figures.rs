//! Figures of a project: how much there is of it, and how far the work has come.

use std::collections::BTreeMap;

use super::{
    Id, Kind, TaskStatus,
    burndown::{Span, task_counts},
    color::NEUTRAL,
    scope::Scope,
    shown::Shown,
    time::{Day, day_text},
};

/// How many days the burn-down of the figures has.
pub const DAYS: usize = 60;

/// The names of statuses that end the work. Trackers have a mark for that, which the page's data lack.
const DONE: [&str; 8] = ["done", "final", "approved", "complete", "completed", "finished", "delivered", "closed"];

/// How much there is of a project, and how far the work has come.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// The shots that are shown.
    pub shots: usize,
    /// The assets that are shown.
    pub assets: usize,
    /// The sequences that are shown.
    pub sequences: usize,
    /// The tasks by status, of shots and assets; those that end the work first, then the others from the last that the studio
    /// lists to the first.
    pub statuses: Vec<InStatus>,
    /// The last day of the counts.
    pub today: Day,
}

/// How many tasks are in a status.
#[derive(Debug, Clone, PartialEq)]
pub struct InStatus {
    /// The name of the status; its id where it has none.
    pub name: String,
    /// Its colour, as `#rrggbb`.
    pub color: String,
    /// Whether it ends the work, by its name.
    pub is_done: bool,
    /// How many were in it at the end of each of the last [`DAYS`] days; the last is now.
    pub counts: Vec<i64>,
}

impl InStatus {
    /// How many are in it now.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.counts.last().copied().unwrap_or_default()
    }
}

impl Figures {
    /// The figures of a project on a day.
    #[must_use]
    pub fn of(context: &Scope, contents: &Scope, today: Day) -> Self {
        let shown = Shown::of(contents);
        let mut counts: BTreeMap<Id, Vec<i64>> = BTreeMap::new();
        let first = today + 1 - i64::try_from(DAYS).unwrap_or_default();
        for of in [Kind::Shot, Kind::Asset] {
            let counted = task_counts(contents, of, today, Span { from: first, to: today, is_weekly: false });
            for (status, points) in counted.into_iter().flat_map(|counts| counts.statuses) {
                let days = counts.entry(status).or_insert_with(|| vec![0; DAYS]);
                for (day, count) in points {
                    if let Some(sum) = usize::try_from(day - first).ok().and_then(|day| days.get_mut(day)) {
                        *sum += count;
                    }
                }
            }
        }
        counts.retain(|_, days| days.iter().any(|count| *count > 0));
        Self {
            shots: shown.shots().count(),
            assets: contents.assets().filter(|(_, asset)| !asset.canceled).count(),
            sequences: shown.sequences().count(),
            statuses: in_order(context, counts),
            today,
        }
    }

    /// The tasks, whatever their status.
    #[must_use]
    pub fn tasks(&self) -> i64 {
        self.statuses.iter().map(InStatus::now).sum()
    }

    /// The share of tasks that are done, in percent, rounded down: nothing is done before it is. None if there are no tasks, or
    /// no status of theirs is known to end the work.
    #[must_use]
    pub fn done_percent(&self) -> Option<i64> {
        let done: Vec<_> = self.statuses.iter().filter(|status| status.is_done).collect();
        let tasks = self.tasks();
        (tasks > 0 && !done.is_empty()).then(|| done.iter().map(|status| status.now()).sum::<i64>() * 100 / tasks)
    }

    /// The first day of the counts, as text.
    #[must_use]
    pub fn first_day(&self) -> String {
        let days = i64::try_from(DAYS).unwrap_or_default();
        day_text(self.today + 1 - days).unwrap_or_default()
    }
}

fn in_order(context: &Scope, mut counts: BTreeMap<Id, Vec<i64>>) -> Vec<InStatus> {
    let mut statuses: Vec<InStatus> = Vec::with_capacity(counts.len());
    for (id, status) in context.entities(Kind::TaskStatus, TaskStatus::of) {
        let Some(counts) = counts.remove(id) else { continue };
        let name = if status.name.is_empty() { id.to_string() } else { status.name.clone() };
        let color = status.color.as_ref().map_or_else(|| NEUTRAL.to_owned(), ToString::to_string);
        statuses.push(InStatus { is_done: is_done(&name), name, color, counts });
    }
    // Those that do not exist.
    let others = counts.into_iter().map(|(id, counts)| InStatus {
        name: id.to_string(),
        color: NEUTRAL.to_owned(),
        is_done: is_done(id.as_str()),
        counts,
    });
    statuses.extend(others);
    statuses.reverse();
    statuses.sort_by_key(|status| !status.is_done);
    statuses
}

fn is_done(name: &str) -> bool {
    DONE.iter().any(|done| name.trim().eq_ignore_ascii_case(done))
}
