//! What goes on while somebody watches: one change of a task's status after the other, without end.

use serde_json::{Value, json};

use super::plan::{Plan, plans};
use super::random::Random;
use super::schedule::{Task, asset_tasks, shot_tasks};

/// What a task that is being worked on goes through, over and over.
///
/// Each status follows the one before as in a real review, and what is done comes back when somebody has an idea: so it never ends.
const ROUND: [&str; 7] = ["wip", "wfa", "retake", "wip", "wfa", "done", "retake"];

/// A task in work, and where in [`ROUND`] it is at the beginning.
struct Mover {
    project: &'static str,
    task: String,
    phase: usize,
}

/// The change that happens at step `step`, as one element of the `changes` of `POST /api/batch`.
///
/// Step 0 follows on [`snapshots`](super::snapshots), and steps may be counted up for ever. Only tasks that are in work take part, so
/// that whatever the number of steps, no task runs ahead of the one it waits for.
#[must_use]
pub fn next_change(step: u64) -> Value {
    let mut movers: Vec<Mover> = plans().flat_map(|plan| movers(&plan)).collect();
    let count = u64::try_from(movers.len()).unwrap_or(u64::MAX);
    let [lap, turn] = [step.checked_div(count), step.checked_rem(count)]
        .map(|n| usize::try_from(n.unwrap_or(0)).unwrap_or(usize::MAX));
    // Each lap moves every task once, in an order of its own: a fixed one would show as a pattern.
    movers.sort_by_cached_key(|mover| Random::of(&format!("{lap} {}", mover.task)).below(u64::MAX));
    movers.get(turn).map_or(Value::Null, |mover| {
        let status = ROUND[(mover.phase + 1 + lap % ROUND.len()) % ROUND.len()];
        json!({
            "op": "merge",
            "kind": "tasks",
            "project": mover.project,
            "id": mover.task,
            "value": {"task_status_id": status},
        })
    })
}

fn movers(plan: &Plan) -> Vec<Mover> {
    let in_the_tree = plan.shots.iter().map(|shot| !shot.canceled);
    let of_shots = shot_tasks(plan).into_iter().zip(in_the_tree);
    of_shots
        .filter_map(|(tasks, is_shown)| is_shown.then_some(tasks))
        .chain(asset_tasks(plan))
        .flatten()
        .filter_map(|task| mover(plan, task))
        .collect()
}

fn mover(plan: &Plan, task: Task) -> Option<Mover> {
    let status = task.status();
    if status == "done" {
        return None;
    }
    let phases = (0..ROUND.len()).filter(|&phase| ROUND[phase] == status);
    let phase = phases.max_by_key(|phase| Random::of(&format!("{}-{phase}", task.id)).below(100))?;
    Some(Mover { project: plan.id, task: task.id, phase })
}

#[cfg(test)]
mod tests {
    use super::super::snapshots;
    use super::*;
    use std::collections::HashMap;

    /// The present status of every task of all projects.
    fn present() -> HashMap<String, String> {
        let snapshots = snapshots();
        let owners =
            snapshots.iter().flat_map(|snapshot| ["shots", "assets"].map(|list| snapshot[list].as_array().unwrap()));
        let tasks = owners.flatten().flat_map(|owner| owner["tasks"].as_array().unwrap());
        tasks
            .map(|task| {
                let text = |key: &str| task[key].as_str().unwrap().to_owned();
                (text("id"), text("task_status_id"))
            })
            .collect()
    }

    fn followers(status: &str) -> Vec<&'static str> {
        let pairs = ROUND.iter().zip(ROUND.iter().cycle().skip(1));
        pairs.filter(|(from, _)| **from == status).map(|(_, to)| *to).collect()
    }

    #[test]
    fn every_step_is_a_change_that_follows_from_the_present() {
        let mut statuses = present();
        for step in 0..400 {
            let change = next_change(step);
            let task = statuses.get_mut(change["id"].as_str().unwrap()).unwrap();
            let next = change["value"]["task_status_id"].as_str().unwrap();
            assert!(followers(task).contains(&next), "{step}: {task} to {next}");
            next.clone_into(task);
        }
    }

    #[test]
    fn steps_never_run_out() {
        assert_eq!(next_change(u64::MAX)["op"], "merge");
        assert_eq!(next_change(7), next_change(7));
    }
}
