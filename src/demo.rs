//! The example production that `demo` serves, as the bodies that a tracker would send.

pub mod production;

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::model::time::Instant;

/// How many days of history the demo has: two months.
const DAYS: u32 = 60;

/// One project of the demo.
pub struct DemoProject {
    /// Its id.
    pub id: String,
    /// The project before anybody worked on a shot: a snapshot in which the shots have no tasks.
    pub beginning: Value,
    /// The work on the shots since then, as a batch: every change with the time at which it happened.
    pub history: Value,
    /// The present, as a snapshot.
    pub present: Value,
}

/// The projects of the demo, with a history that ends now.
#[must_use]
pub fn projects(now: Instant) -> Vec<DemoProject> {
    let past = production::status_history(DAYS);
    let projects = production::snapshots().into_iter().map(|present| {
        let id = present["id"].as_str().unwrap_or_default().to_owned();
        let mut beginning = present.clone();
        let mut tasks: HashMap<String, Value> = HashMap::new();
        for shot in beginning["shots"].as_array_mut().into_iter().flatten() {
            let owner = shot["id"].clone();
            let own = shot["tasks"].take();
            shot["tasks"] = json!([]);
            for mut task in own.as_array().cloned().unwrap_or_default() {
                task["shot_id"] = owner.clone();
                tasks.insert(task["id"].as_str().unwrap_or_default().to_owned(), task);
            }
        }
        let of_project = past.iter().filter(|change| change.project == id);
        let changes = of_project.map(|change| {
            let at = time_of(now, change.days_ago, change.seconds_of_day);
            let status = json!({"task_status_id": change.status});
            // The first change of a task is its creation.
            match tasks.remove(&change.task) {
                Some(mut task) => {
                    task["task_status_id"] = status["task_status_id"].clone();
                    json!({"op": "put", "kind": "tasks", "project": id, "value": task, "at": at})
                }
                None => {
                    json!({"op": "merge", "kind": "tasks", "project": id, "id": change.task, "value": status, "at": at})
                }
            }
        });
        let changes: Vec<Value> = changes.collect();
        DemoProject { history: json!({"changes": changes}), id, beginning, present }
    });
    projects.collect()
}

/// A time of a past day (UTC), as RFC 3339.
fn time_of(now: Instant, days_ago: u32, seconds_of_day: u32) -> String {
    let midnight = now - now.rem_euclid(86_400_000_000);
    let at = midnight - i64::from(days_ago) * 86_400_000_000 + i64::from(seconds_of_day) * 1_000_000;
    jiff::Timestamp::from_microsecond(at).map_or_else(|_| String::new(), |at| at.to_string())
}
