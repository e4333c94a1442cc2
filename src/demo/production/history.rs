//! How the productions came to where they are.

use super::plan::plans;
use super::schedule::{NOW, shot_tasks};

/// When people come to work, in seconds of the day; tasks are created half an hour earlier.
const MORNING: u64 = 9 * 3600;

/// How long they work on a day, in seconds.
const WORKDAY: u64 = 9 * 3600;

/// One task of one project changed to a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// The project's id.
    pub project: String,
    /// The task's id.
    pub task: String,
    /// How many days before today it happened.
    pub days_ago: u32,
    /// At which second of that day.
    pub seconds_of_day: u32,
    /// The id of the status that the task has from then on.
    pub status: String,
}

/// The past of all shot tasks over the last `days` days, oldest change first.
///
/// Each task begins as Todo on the oldest day and ends in the status that [`snapshots`](super::snapshots) gives it. The last changes
/// happened yesterday, so that none lies in the future whatever the time is (if `days` is 0, all happened today). Every day counts
/// the same, for without a clock nobody knows which ones are weekends.
#[must_use]
pub fn status_history(days: u32) -> Vec<StatusChange> {
    let mut changes = Vec::new();
    for plan in plans() {
        for task in shot_tasks(&plan).iter().flatten() {
            changes.extend(task.past().map(|event| {
                let (days_ago, seconds_of_day) = moment(event.time, days);
                let change = StatusChange {
                    project: plan.id.to_owned(),
                    task: task.id.clone(),
                    days_ago,
                    seconds_of_day,
                    status: event.status.to_owned(),
                };
                (event.time, change)
            }));
        }
    }
    // Stable and by tick, not by day and second: changes of one task that fall into the same second stay in their order.
    changes.sort_by_key(|(time, _)| *time);
    changes.into_iter().map(|(_, change)| change).collect()
}

/// Which of the last `days` days a tick falls on, as days ago and second of that day.
fn moment(tick: u64, days: u32) -> (u32, u32) {
    if tick == 0 {
        return (days, seconds(MORNING - 1800));
    }
    let passed = tick * u64::from(days.max(1));
    let day = u32::try_from(passed / (NOW + 1)).unwrap_or(u32::MAX);
    let of_the_day = passed % (NOW + 1) * WORKDAY / (NOW + 1);
    (days.saturating_sub(day), seconds(MORNING + of_the_day))
}

fn seconds(of_the_day: u64) -> u32 {
    u32::try_from(of_the_day).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::snapshots;
    use super::*;
    use std::collections::HashMap;

    /// Project, task and status of all shot tasks, as the snapshots have them.
    fn present() -> HashMap<(String, String), String> {
        let mut present = HashMap::new();
        for snapshot in snapshots() {
            for shot in snapshot["shots"].as_array().unwrap() {
                for task in shot["tasks"].as_array().unwrap() {
                    let text = |key: &str| task[key].as_str().unwrap().to_owned();
                    let project = snapshot["id"].as_str().unwrap().to_owned();
                    present.insert((project, text("id")), text("task_status_id"));
                }
            }
        }
        present
    }

    #[test]
    fn the_past_ends_in_the_present() {
        for days in [0, 1, 30, 90, 365] {
            let mut last = HashMap::new();
            for change in status_history(days) {
                last.insert((change.project, change.task), change.status);
            }
            assert_eq!(last, present(), "{days} days");
        }
    }

    #[test]
    fn all_tasks_begin_as_todo_on_the_oldest_day() {
        let history = status_history(60);
        let begun = history.iter().take_while(|change| change.status == "todo");
        assert!(begun.clone().all(|change| change.days_ago == 60));
        assert_eq!(begun.count(), present().len());
    }

    #[test]
    fn changes_are_in_order_and_none_is_in_the_future() {
        let history = status_history(45);
        let time = |change: &StatusChange| (45 - change.days_ago, change.seconds_of_day);
        assert!(history.is_sorted_by_key(time));
        assert!(history.iter().all(|change| change.days_ago >= 1));
        assert!(history.iter().all(|change| change.seconds_of_day < 86_400));
    }

    #[test]
    fn some_work_came_back() {
        let history = status_history(90);
        let retakes = history.iter().filter(|change| change.status == "retake");
        assert!(retakes.count() > 50);
    }
}
