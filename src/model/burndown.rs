//! The burn-down: how many tasks were in which status, day by day, made from the history of their steps.
//!
//! Days are UTC, counted from 1970-01-01. A day counts as its last state.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    Id, Kind, PastCounts,
    history::{Counted, TaskStep},
    number,
    scope::{Instant, Scope},
};

/// A day, counted from 1970-01-01 (UTC).
pub type Day = i64;

const MICROSECONDS: i64 = 86_400_000_000;

/// The day in which an instant lies.
#[must_use]
pub fn day_of(at: Instant) -> Day {
    at.div_euclid(MICROSECONDS)
}

/// The changes of every count, by day: sums over the history of a project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Burndown {
    changes: BTreeMap<Counted, BTreeMap<Day, i64>>,
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
    fn first_day(&self, of: Kind) -> Option<Day> {
        let counts = self.changes.iter().filter(|(counted, _)| counted.of == of);
        counts.filter_map(|(_, days)| days.keys().next()).min().copied()
    }
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
        let last = burndown.changes.values().filter_map(|days| days.keys().last()).max().copied();
        let end = today.max(last.unwrap_or(today));
        for (counted, days) in burndown.changes.iter().filter(|(counted, _)| counted.of == of) {
            let statuses = series.entry((counted.task_type.clone(), counted.episode.clone())).or_default();
            let points = statuses.entry(counted.task_status.clone()).or_default();
            let mut count = 0;
            for day in begin..=end {
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

/// Reads a day: `2026-01-31`.
#[must_use]
pub fn parse_day(text: &str) -> Option<Day> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let midnight = jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(day_of(midnight.as_microsecond()))
}

/// Writes a day: `2026-01-31`; `None` beyond the year 9999.
#[must_use]
pub fn day_text(day: Day) -> Option<String> {
    let timestamp = jiff::Timestamp::from_microsecond(day.checked_mul(MICROSECONDS)?).ok()?;
    Some(jiff::tz::TimeZone::UTC.to_datetime(timestamp).date().to_string())
}

/// The timestamp of a day's point: its last second. The page takes the local midnight before a timestamp for the day, and
/// shows that in UTC: east of Greenwich, midnight itself would be shown a day early (contract of the page, §2).
#[must_use]
pub fn timestamp(day: Day) -> String {
    day_text(day).map_or_else(String::new, |day| day + "T23:59:59Z")
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
