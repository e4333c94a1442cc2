//! The burn-down: how many tasks were in which status, day by day, made from the history of their steps.
//!
//! A day counts as its last state (UTC).

use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeStruct};
use serde_json::Value;

use super::{
    Asset, Id, Kind, Membership, PastCounts, Sequence, Shot, Task,
    history::{Burndown, Counted},
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

/// So many points a burn-down has at most, as far as years go: a film of three years has some 50,000. An event that is told to
/// be of 1990 is a few bytes, and would come to 13,000 points.
const MOST_POINTS: i64 = 250_000;

/// The days of which one point is left: of each, of a week, of four, of a year. They begin with a Monday, as 1970-01-05 was.
const STEPS: [Day; 4] = [1, 7, 28, 364];
const TO_MONDAY: Day = 3;

/// The days that points are wanted of.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// Whether the last point of each week is enough.
    pub is_weekly: bool,
}

impl Span {
    /// All days.
    pub const ALL: Self = Self { from: Day::MIN, to: Day::MAX, is_weekly: false };

    /// How many days have one point, so that there are not too many in all.
    fn step(&self, burndown: &Burndown, of: Kind, today: Day) -> Day {
        let points = |step: Day| -> i64 {
            let runs = burndown.counts(of).flat_map(|(_, days)| runs(days, today)).filter(|run| run.count > 0);
            runs.map(|run| (run.last.min(self.to) - run.first.max(self.from)).max(0) / step + 1).sum()
        };
        let mut steps = STEPS.into_iter().filter(|step| *step > 1 || !self.is_weekly);
        steps.find(|step| points(*step) <= MOST_POINTS).unwrap_or(STEPS[STEPS.len() - 1])
    }
}

/// Days on which a count was the same.
struct Run {
    first: Day,
    last: Day,
    count: i64,
}

/// What the changes of a count, by day, come to.
fn runs(days: &BTreeMap<Day, i64>, today: Day) -> impl Iterator<Item = Run> {
    let until = days.range(..=today).skip(1).map(|(day, _)| day - 1).chain([today]);
    let mut count = 0;
    days.range(..=today).zip(until).map(move |((first, change), last)| {
        count += change;
        Run { first: *first, last, count: count.max(0) }
    })
}

/// Points of one count while they are being collected: one for each step of days while there is something to count, and a zero
/// on the day on which it empties.
struct Points {
    span: Span,
    step: Day,
    found: Vec<(Day, i64)>,
    last: i64,
}

impl Points {
    fn new(span: Span, step: Day) -> Self {
        Self { span, step, found: Vec::new(), last: 0 }
    }

    fn add(&mut self, Run { first, last, count }: Run) {
        if count == 0 {
            if self.last > 0 && (self.span.from..=self.span.to).contains(&first) {
                self.put(first, 0);
            }
        } else {
            let (mut day, last) = (first.max(self.span.from), last.min(self.span.to));
            while day <= last {
                let end = ((self.index(day) + 1) * self.step - TO_MONDAY - 1).min(last);
                self.put(end, count);
                day = end + 1;
            }
        }
        self.last = count;
    }

    fn index(&self, day: Day) -> i64 {
        (day + TO_MONDAY).div_euclid(self.step)
    }

    /// The last one of its days stands for all of them.
    fn put(&mut self, day: Day, count: i64) {
        let index = self.index(day);
        if self.found.last().is_some_and(|(last, _)| self.index(*last) == index) {
            self.found.pop();
        }
        self.found.push((day, count));
    }
}

/// The counts of tasks on shots (or on assets) of a project up to a day: as they were told for the time before its
/// history begins, and as its history says from then on. Where that would be more than some 250,000 points, only the last one
/// of each week is left, of each four, or of a year.
#[must_use]
pub fn task_counts(contents: &Scope, of: Kind, today: Day, span: Span) -> Vec<TaskCounts> {
    let burndown = contents.burndown();
    let (begin, step) = (burndown.first_day(of), span.step(burndown, of, today));
    let mut series: BTreeMap<(Id, Option<Id>), BTreeMap<Id, Points>> = BTreeMap::new();
    // What was told is of shots: the reference counts no others.
    if of == Kind::Shot {
        for (_, past) in contents.entities(Kind::PastCounts, PastCounts::of) {
            let statuses = series.entry((past.task_type_id.clone(), past.episode_id.clone())).or_default();
            for (day, status, count) in
                told(past).into_iter().filter(|(day, ..)| begin.is_none_or(|begin| *day < begin))
            {
                let points = statuses.entry(status).or_insert_with(|| Points::new(span, step));
                points.add(Run { first: day, last: day, count });
            }
        }
    }
    if let Some(begin) = begin {
        // What was told ends where the history begins, which may say the same.
        for points in series.values_mut().flat_map(BTreeMap::values_mut) {
            points.add(Run { first: begin, last: begin, count: 0 });
        }
        for (counted, days) in burndown.counts(of) {
            let statuses = series.entry((counted.task_type.clone(), counted.episode.clone())).or_default();
            let points = statuses.entry(counted.task_status.clone()).or_insert_with(|| Points::new(span, step));
            runs(days, today).for_each(|run| points.add(run));
        }
    }
    let counts = series.into_iter().map(|((task_type, episode), statuses)| {
        let mut statuses: Vec<_> = statuses.into_iter().filter(|(_, points)| !points.found.is_empty()).collect();
        statuses.sort_by_key(|(_, points)| points.last);
        let statuses = statuses.into_iter().map(|(status, points)| (status, points.found)).collect();
        TaskCounts { task_type, episode, statuses }
    });
    counts.filter(|counts| !counts.statuses.is_empty()).collect()
}

/// What was told of the past: day, status, count, in ascending order of days. A status that is not named on a day on
/// which others are counted none, which is said once.
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
    let mut open: Vec<Id> = Vec::new();
    let mut all = Vec::new();
    for (day, counts) in days {
        all.extend(open.drain(..).filter(|status| !counts.contains_key(status)).map(|status| (day, status, 0)));
        open.extend(counts.iter().filter(|(_, count)| **count > 0).map(|(status, _)| status.clone()));
        all.extend(counts.into_iter().map(|(status, count)| (day, status, count)));
    }
    all
}

/// The form of `task_counts.json`.
impl Serialize for TaskCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut counts = serializer.serialize_struct("TaskCounts", 3)?;
        counts.serialize_field("task_type_id", &self.task_type)?;
        counts.serialize_field("episode_id", &self.episode)?;
        let statuses = self.statuses.iter().map(|(status, points)| InStatus { task_status_id: status, data: points });
        counts.serialize_field("task_statuses", &statuses.collect::<Vec<_>>())?;
        counts.end()
    }
}

#[derive(Serialize)]
struct InStatus<'a> {
    task_status_id: &'a Id,
    #[serde(serialize_with = "serialize_points")]
    data: &'a [(Day, i64)],
}

#[derive(Serialize)]
struct Point {
    timestamp: String,
    count: i64,
}

fn serialize_points<S: Serializer>(points: &[(Day, i64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(points.iter().map(|(day, count)| Point { timestamp: timestamp(*day), count: *count }))
}

/// A count of tasks: a whole number, not below 0.
#[must_use]
pub fn parse_count(value: &Value) -> Option<i64> {
    number::of(value).and_then(number::whole).filter(|count| *count >= 0)
}
