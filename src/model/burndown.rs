//! The burn-down: how many tasks were in which status, day by day, made from the history of their steps.
//!
//! A day counts as its last state (UTC).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    Asset, Id, Kind, Membership, PastCounts, Sequence, Shot, Task,
    history::Counted,
    number,
    scope::{Key, Scope, View},
    time::{Day, parse_day, timestamp},
};

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

/// The counts of one task type in one episode.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskCounts {
    /// The task type.
    pub task_type: Id,
    /// The episode; none for tasks of no episode.
    pub episode: Option<Id>,
    /// The statuses with their points, which are in ascending order of days. The status with the smallest present count
    /// comes first: the page draws the first in front of the others.
    pub statuses: Vec<(Id, Vec<(Day, i64)>)>,
}

/// Points of one count while they are being collected: a point a day while there is something to count, and a zero on the
/// day on which it empties.
#[derive(Default)]
struct Points {
    points: Vec<(Day, i64)>,
    last: i64,
}

impl Points {
    fn add(&mut self, day: Day, count: i64) {
        if count > 0 || self.last > 0 {
            self.points.push((day, count));
        }
        self.last = count;
    }
}

/// The counts of tasks on shots (or on assets) of a project up to a day: as they were told for the time before its
/// history begins, and as its history says from then on.
#[must_use]
pub fn task_counts(contents: &Scope, of: Kind, today: Day) -> Vec<TaskCounts> {
    let burndown = contents.burndown();
    let begin = burndown.first_day(of);
    let mut series: BTreeMap<(Id, Option<Id>), BTreeMap<Id, Points>> = BTreeMap::new();
    // What was told is of shots: the reference counts no others.
    if of == Kind::Shot {
        for (_, past) in contents.entities(Kind::PastCounts, PastCounts::of) {
            let statuses = series.entry((past.task_type_id.clone(), past.episode_id.clone())).or_default();
            for (day, status, count) in
                told(past).into_iter().filter(|(day, ..)| begin.is_none_or(|begin| *day < begin))
            {
                statuses.entry(status).or_default().add(day, count);
            }
        }
    }
    if let Some(begin) = begin {
        for (counted, days) in burndown.counts(of) {
            let statuses = series.entry((counted.task_type.clone(), counted.episode.clone())).or_default();
            let points = statuses.entry(counted.task_status.clone()).or_default();
            let mut count = 0;
            for day in begin..=today {
                count += days.get(&day).copied().unwrap_or_default();
                points.add(day, count.max(0));
            }
        }
        // What was told of a status that nothing is in when the history begins ends there.
        for points in series.values_mut().flat_map(BTreeMap::values_mut) {
            if points.last > 0 && points.points.last().is_some_and(|(day, _)| *day < begin) {
                points.add(begin, 0);
            }
        }
    }
    let counts = series.into_iter().map(|((task_type, episode), statuses)| {
        let mut statuses: Vec<_> = statuses.into_iter().filter(|(_, points)| !points.points.is_empty()).collect();
        statuses.sort_by_key(|(_, points)| points.last);
        let statuses = statuses.into_iter().map(|(status, points)| (status, points.points)).collect();
        TaskCounts { task_type, episode, statuses }
    });
    counts.filter(|counts| !counts.statuses.is_empty()).collect()
}

/// What was told of the past: day, status, count, in ascending order of days. A status that is not named on a day on
/// which others are counted none.
fn told(past: &PastCounts) -> Vec<(Day, Id, i64)> {
    let mut days: BTreeMap<Day, BTreeMap<Id, i64>> = BTreeMap::new();
    for (day, counts) in &past.days.0 {
        let (Some(day), Some(counts)) = (parse_day(day), counts.as_object()) else { continue };
        for (status, count) in counts {
            if let (Ok(status), Some(count)) = (Id::parse(status), count.as_i64()) {
                days.entry(day).or_default().insert(status, count);
            }
        }
    }
    let statuses: BTreeSet<Id> = days.values().flat_map(BTreeMap::keys).cloned().collect();
    let all = days.into_iter().flat_map(|(day, counts)| {
        let of_day = statuses.iter().map(move |status| (day, status.clone(), counts.get(status).copied().unwrap_or(0)));
        of_day.collect::<Vec<_>>()
    });
    all.collect()
}

impl TaskCounts {
    /// The form of `task_counts.json`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let statuses = self.statuses.iter().map(|(status, points)| {
            let data = points.iter().map(|(day, count)| json!({"timestamp": timestamp(*day), "count": count}));
            json!({"task_status_id": status, "data": data.collect::<Value>()})
        });
        json!({"task_type_id": self.task_type, "episode_id": self.episode, "task_statuses": statuses.collect::<Value>()})
    }
}

/// A count of tasks: a whole number, not below 0.
#[must_use]
pub fn parse_count(value: &Value) -> Option<i64> {
    number::of(value).and_then(number::whole).filter(|count| *count >= 0)
}
