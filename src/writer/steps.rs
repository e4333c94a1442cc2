//! The steps that tasks took in a request, for the history: found by comparing how they counted before and after.

use std::collections::{HashMap, HashSet};

use super::{draft::Draft, resolve::Touched};
use crate::model::{
    Asset, Entity, Id, Kind, Sequence, Shot, Task,
    burndown::counted,
    history::{Counted, TaskStep},
    scope::{Key, Record, View},
    time::Instant,
};

/// The steps that tasks took in one request, moment by moment: changes that say when they happened are each a moment of
/// their own, so that many changes of one task in one batch are as many steps.
#[derive(Debug, Default)]
pub struct Steps {
    taken: Vec<TaskStep>,
    /// How tasks count since an earlier moment of the request, and since when.
    states: HashMap<Key, (Option<Counted>, Instant)>,
    /// What was touched in an earlier moment: that it is as before the request does not say that it did not change.
    touched: HashSet<Key>,
    /// Projects that the request deleted: nothing of before counts for them.
    deleted: HashSet<Id>,
    /// The shots of each sequence, by project, found when first asked for; until a shot is touched.
    shots_of_sequences: HashMap<Option<Id>, HashMap<Id, Vec<Key>>>,
}

impl Steps {
    /// Finds the steps of one moment: of the tasks that were changed themselves, and of those of what was canceled,
    /// revived or moved. The tasks remember when they took them.
    ///
    /// A step is taken when the change says that it happened, but never before the last one of the same task, so that
    /// sums over the history stay true at every moment.
    pub fn take(&mut self, draft: &mut Draft, touched: &Touched, now: Instant) {
        let mut taken = Vec::new();
        for key in touched.keys().filter(|key| key.kind == Kind::Shot) {
            self.shots_of_sequences.remove(&key.project);
        }
        let mut affected = Affected { draft, shots_of_sequences: &mut self.shots_of_sequences };
        let mut seen: HashSet<Key> = HashSet::new();
        for (key, (_, at)) in touched {
            let Some(project) = &key.project else { continue };
            let is_new = self.deleted.contains(project);
            for task in affected.by(key, is_new || self.touched.contains(key)) {
                let before = affected.draft.before();
                let known = self.states.get(&task).cloned();
                let (from, last) = known.unwrap_or_else(|| {
                    let from = if is_new { None } else { counted(&before, &task) };
                    let present = affected.draft.record(&task).or_else(|| before.get(&task));
                    (from, present.map_or(Instant::MIN, |record| record.since))
                });
                let to = counted(affected.draft, &task);
                if from == to || !seen.insert(task.clone()) {
                    continue;
                }
                // Nothing can have happened in the future: a clock that is ahead is not to stretch the burn-down.
                let at = at.map_or(now, |at| at.min(now)).max(last);
                taken.push((task.clone(), TaskStep { project: project.clone(), task: task.id, at, from, to }));
            }
        }
        for (key, step) in taken {
            let record = draft.record(&key).map(|record| Record { since: step.at, ..Record::clone(record) });
            if record.is_some() {
                draft.set(&key, record);
            }
            self.states.insert(key, (step.to.clone(), step.at));
            self.taken.push(step);
        }
        self.touched.extend(touched.keys().cloned());
    }

    /// Forgets a project that is deleted, with its history.
    pub fn forget(&mut self, project: &Id) {
        self.taken.retain(|step| step.project != *project);
        self.states.retain(|task, _| task.project.as_ref() != Some(project));
        self.deleted.insert(project.clone());
    }

    /// How many steps there are so far.
    pub fn len(&self) -> usize {
        self.taken.len()
    }

    /// The steps of the request, in their order.
    pub fn finish(self) -> Vec<TaskStep> {
        without_exchanges(self.taken)
    }
}

/// Finds the tasks that may count otherwise when something is other than before.
struct Affected<'a> {
    draft: &'a Draft,
    shots_of_sequences: &'a mut HashMap<Option<Id>, HashMap<Id, Vec<Key>>>,
}

impl Affected<'_> {
    /// The tasks that an entity decides about: all if it was touched `before`, else if it is other than before.
    fn by(&mut self, key: &Key, before: bool) -> Vec<Key> {
        if before {
            return self.all_by(key);
        }
        let before = self.draft.before().get(key).map(|record| &record.entity);
        let after = self.draft.record(key).map(|record| &record.entity);
        if before == after {
            return Vec::new();
        }
        let differ = |state: fn(&Entity) -> Option<State<'_>>| before.and_then(state) != after.and_then(state);
        let differs = match key.kind {
            Kind::Task => differ(|entity| Task::of(entity).map(State::Task)),
            Kind::Shot => {
                differ(|entity| Shot::of(entity).map(|shot| State::Shot(shot.canceled, shot.sequence_id.as_ref())))
            }
            Kind::Asset => differ(|entity| Asset::of(entity).map(|asset| State::Canceled(asset.canceled))),
            // A sequence that is not there is not canceled either.
            Kind::Sequence => is_canceled(before) != is_canceled(after),
            kind => kind == Kind::Membership,
        };
        if differs { self.all_by(key) } else { Vec::new() }
    }

    fn all_by(&mut self, key: &Key) -> Vec<Key> {
        match key.kind {
            Kind::Task => vec![key.clone()],
            Kind::Shot | Kind::Asset => self.tasks_of(key),
            Kind::Sequence | Kind::Membership => self.tasks_of_sequence(&key.sibling(Kind::Sequence, &key.id)),
            _ => Vec::new(),
        }
    }

    fn tasks_of(&self, owner: &Key) -> Vec<Key> {
        self.draft.owned(owner).into_iter().map(|(id, _)| owner.sibling(Kind::Task, &id)).collect()
    }

    fn tasks_of_sequence(&mut self, sequence: &Key) -> Vec<Key> {
        let draft = self.draft;
        let shots = self.shots_of_sequences.entry(sequence.project.clone()).or_insert_with(|| {
            let mut shots: HashMap<Id, Vec<Key>> = HashMap::new();
            for id in draft.ids(sequence.project.as_ref(), Kind::Shot) {
                let shot = sequence.sibling(Kind::Shot, &id);
                let of = draft.record(&shot).and_then(|record| Shot::of(&record.entity)?.sequence_id.clone());
                if let Some(of) = of {
                    shots.entry(of).or_default().push(shot);
                }
            }
            shots
        });
        let of_sequence = shots.get(&sequence.id).cloned().unwrap_or_default();
        of_sequence.iter().flat_map(|shot| self.tasks_of(shot)).collect()
    }
}

/// What of an entity decides how tasks count.
#[derive(PartialEq)]
enum State<'a> {
    Task(&'a Task),
    Shot(bool, Option<&'a Id>),
    Canceled(bool),
}

fn is_canceled(entity: Option<&Entity>) -> bool {
    entity.and_then(Sequence::of).is_some_and(|sequence| sequence.canceled)
}

/// Drops pairs of steps that do not count: a task that went while another came in its place, in the same state, at the
/// same time. Connectors that make up a new task id at every run would fill the history with them.
fn without_exchanges(mut steps: Vec<TaskStep>) -> Vec<TaskStep> {
    let state = |step: &TaskStep| match (&step.from, &step.to) {
        (Some(gone), None) => Some(((gone.clone(), step.at), -1)),
        (None, Some(come)) => Some(((come.clone(), step.at), 1)),
        _ => None,
    };
    let mut balance: HashMap<(Counted, Instant), i64> = HashMap::new();
    for (key, change) in steps.iter().filter_map(state) {
        *balance.entry(key).or_default() += change;
    }
    steps.retain(|step| {
        let Some((key, change)) = state(step) else { return true };
        let open = balance.entry(key).or_default();
        let counts = *open * change > 0;
        *open -= if counts { change } else { 0 };
        counts
    });
    steps
}
