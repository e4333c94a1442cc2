//! The life of every task: when it changes to which status, from its creation to beyond the present.
//!
//! Time is counted in ticks, from the start of the production at `0` to the present at [`NOW`]. Each department finishes its tasks
//! in the order of the story along an S-curve: few at first, many in the middle, the last ones slowly. Whoever has the present
//! status and whoever has the history ask the same [`Task`], so they cannot disagree.

use std::iter;

use super::plan::{Asset, Crew, Plan, Shot};
use super::random::Random;
use super::studio::{DEPARTMENTS, Department};

/// The present, in ticks since the start of the production.
pub(super) const NOW: u64 = 10_000;

/// How far ahead of the present work is given to people.
const PLANNED_AHEAD: u64 = 900;

/// How many tasks in a row one person gets: neighbouring shots are often worked on by the same hands.
const TASKS_IN_A_ROW: usize = 3;

/// A step in the life of a task: after at least and at most how many hundredths of its effort it changes to which status.
type Step = (u64, u64, &'static str);

const FIRST_TAKE: Step = (50, 75, "wfa");
const RETAKE: [Step; 3] = [(20, 45, "retake"), (30, 60, "wip"), (15, 40, "wfa")];
const APPROVAL: Step = (25, 60, "done");

/// A task, with its whole life.
pub(super) struct Task {
    pub(super) id: String,
    pub(super) department: &'static str,
    pub(super) assignees: Vec<&'static str>,
    events: Vec<Event>,
}

/// A task changes to a status.
#[derive(Clone, Copy)]
pub(super) struct Event {
    pub(super) time: u64,
    pub(super) status: &'static str,
}

impl Event {
    fn new(time: u64, status: &'static str) -> Self {
        Self { time, status }
    }
}

impl Task {
    /// What has happened until now, oldest first.
    pub(super) fn past(&self) -> impl Iterator<Item = Event> {
        self.events.iter().copied().take_while(|event| event.time <= NOW)
    }

    /// The status it has now.
    pub(super) fn status(&self) -> &'static str {
        self.past().last().map_or("todo", |event| event.status)
    }

    /// When it is finished for good, if ever.
    fn finished(&self) -> Option<u64> {
        self.events.last().filter(|event| event.status == "done").map(|event| event.time)
    }
}

/// The tasks of each shot, in the order of the plan. What is in the shot is built before it is animated, and shaded before it is lit.
pub(super) fn shot_tasks(plan: &Plan) -> Vec<Vec<Task>> {
    let assets: Vec<(&Asset, Vec<Task>)> = plan.assets.iter().zip(asset_tasks(plan)).collect();
    let shots = plan.shots.iter().enumerate();
    shots
        .map(|(index, shot)| {
            let departments = DEPARTMENTS.iter().filter(|d| is_needed(d, shot));
            let cast = assets.iter().filter(|(asset, _)| shot.cast.contains(&asset.id));
            let built: Vec<&Task> = cast.flat_map(|(_, tasks)| tasks).collect();
            let place = scaled(index, plan.shots.len());
            chain(plan, &shot.slug, departments, &built, place, index)
        })
        .collect()
}

/// The tasks of each asset, in the order of the plan. What the story needs first is built first.
pub(super) fn asset_tasks(plan: &Plan) -> Vec<Vec<Task>> {
    let first_shot = |asset: &Asset| {
        let shows = |shot: &Shot| shot.cast.contains(&asset.id);
        plan.shots.iter().position(shows)
    };
    let needed: Vec<Option<usize>> = plan.assets.iter().map(first_shot).collect();
    let assets = plan.assets.iter().zip(&needed).enumerate();
    assets
        .map(|(index, (asset, first))| {
            let departments = DEPARTMENTS.iter().filter(|d| is_built_by(d, asset));
            let earlier = needed.iter().filter(|other| *other < first).count();
            let place = scaled(earlier, plan.assets.len());
            chain(plan, asset.id, departments, &[], place, index)
        })
        .collect()
}

fn is_needed(department: &Department, shot: &Shot) -> bool {
    match department.id {
        "story" | "layout" => true,
        // A canceled shot was cut before anybody animated it.
        _ if shot.canceled => false,
        "fx" => shot.cast.iter().any(|asset| asset.starts_with("fx-")),
        _ => department.for_shots,
    }
}

fn is_built_by(department: &Department, asset: &Asset) -> bool {
    match department.id {
        "model" => !asset.id.starts_with("fx-"),
        "rig" => asset.rigged,
        _ => !department.for_shots,
    }
}

/// The tasks that `departments` have with one shot or asset, each begun only when the one before and those of `built` that it needs are
/// finished.
///
/// `place` is how far along it comes in the work of each department, from 0 to [`NOW`]; `turn` decides whose turn it is.
fn chain<'a>(
    plan: &'a Plan,
    subject: &'a str,
    departments: impl Iterator<Item = &'a Department>,
    built: &[&Task],
    place: u64,
    turn: usize,
) -> Vec<Task> {
    let mut before = Some(0);
    departments
        .filter_map(|department| {
            let crew = plan.crews.iter().find(|c| c.department == department.id)?;
            let id = format!("task-{subject}-{}", department.id);
            let held = plan.holds.contains(&id.as_str());
            let mut random = Random::of(&id);
            // Nothing comes exactly in the order of the story.
            let place = (place + random.below(800)).saturating_sub(400).min(NOW);
            let planned = moment(crew, place).saturating_sub(department.effort);
            let needed = built.iter().filter(|task| needs(department, task));
            let free_from = latest(needed.map(|task| task.finished()).chain([before]));
            let events = life(&mut random, department.effort, planned, free_from, held);
            let task =
                Task { assignees: assignees(&mut random, crew, turn, &events), department: department.id, events, id };
            before = task.finished();
            Some(task)
        })
        .collect()
}

/// Whether a department can only begin with a shot when this task of something in it is finished.
fn needs(department: &Department, built: &Task) -> bool {
    match department.id {
        "anim" => matches!(built.department, "model" | "rig"),
        "light" => built.department == "shade",
        _ => false,
    }
}

/// The latest of all times, if each of them ever comes.
fn latest(times: impl IntoIterator<Item = Option<u64>>) -> Option<u64> {
    times.into_iter().try_fold(0, |latest, time| time.map(|time| latest.max(time)))
}

/// Which share of the whole `part` is, where the whole is `NOW`.
fn scaled(part: usize, whole: usize) -> u64 {
    let [part, whole] = [part, whole].map(|n| u64::try_from(n).unwrap_or(u64::MAX));
    (part * NOW).checked_div(whole).unwrap_or(0)
}

/// When a crew has finished the share `place` of its tasks.
fn moment(crew: &Crew, place: u64) -> u64 {
    // Smoothstep, 3t² - 2t³, has no plain inverse, but a search of 14 steps.
    let finished = |t: u64| t * t * (3 * NOW - 2 * t) / (NOW * NOW);
    let (mut low, mut high) = (0, NOW);
    while low < high {
        let middle = u64::midpoint(low, high);
        if finished(middle) < place {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    crew.from + (crew.to - crew.from) * low / NOW
}

/// What happens to a task that is planned to begin at `planned`, and can begin when the work before it is finished, if it ever is.
fn life(random: &mut Random, effort: u64, planned: u64, free_from: Option<u64>, held: bool) -> Vec<Event> {
    let mut events = vec![Event::new(0, "todo")];
    let Some(free_from) = free_from else {
        return events;
    };
    let announced = planned.saturating_sub(random.between(200, 700));
    let ready = announced.max(free_from + random.between(10, 50));
    let mut time = planned.max(ready + random.between(20, 90));
    events.extend([Event::new(ready, "ready"), Event::new(time, "wip")]);
    if held {
        events.push(Event::new(time + effort / 2, "on-hold"));
        return events;
    }
    let retakes = match random.below(10) {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    };
    let reviews = iter::repeat_n(RETAKE, retakes).flatten();
    for (low, high, status) in iter::once(FIRST_TAKE).chain(reviews).chain([APPROVAL]) {
        time += effort * random.between(low, high) / 100;
        events.push(Event::new(time, status));
    }
    events
}

/// Who does a task: nobody as long as it is far off, and sometimes two where much is to be animated.
fn assignees(random: &mut Random, crew: &Crew, turn: usize, events: &[Event]) -> Vec<&'static str> {
    let soon = |event: &Event| event.time <= NOW + PLANNED_AHEAD;
    if !events.get(1).is_some_and(soon) {
        return Vec::new();
    }
    let hands = if crew.department == "anim" && random.below(12) == 0 { 2 } else { 1 };
    let people = crew.people.iter().copied().cycle();
    people.skip(turn / TASKS_IN_A_ROW % crew.people.len().max(1)).take(hands.min(crew.people.len())).collect()
}
