//! The example production that `demo` serves, as the bodies that a tracker would send.

pub mod movie;
pub mod pictures;
pub mod production;

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::model::{Id, Kind, scope::Key, time::Instant};

/// How many days of history the demo has: two months.
const DAYS: u32 = 60;

/// One project of the demo.
pub struct DemoProject {
    /// Its id.
    pub id: String,
    /// The project before anybody worked on it: a snapshot in which nothing has tasks.
    pub beginning: Value,
    /// The work since then, as a batch: every change with the time at which it happened. That on assets was done before it begins.
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
        let tasks = take_tasks(&mut beginning, "shots", "shot_id");
        let mut tasks: HashMap<String, Value> =
            tasks.into_iter().map(|task| (task["id"].as_str().unwrap_or_default().to_owned(), task)).collect();
        let made = time_of(now, DAYS, 0);
        let assets = take_tasks(&mut beginning, "assets", "asset_id").into_iter();
        let assets = assets.map(|task| json!({"op": "put", "kind": "tasks", "project": id, "value": task, "at": made}));
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
        let changes: Vec<Value> = assets.chain(changes).collect();
        DemoProject { history: json!({"changes": changes}), id, beginning, present }
    });
    projects.collect()
}

/// Takes the tasks of all shots or assets of a snapshot out, each with the id of what it is work on.
fn take_tasks(project: &mut Value, list: &str, owner: &str) -> Vec<Value> {
    let mut tasks = Vec::new();
    for entity in project[list].as_array_mut().into_iter().flatten() {
        let id = entity["id"].clone();
        for mut task in std::mem::replace(&mut entity["tasks"], json!([])).as_array().cloned().unwrap_or_default() {
            task[owner] = id.clone();
            tasks.push(task);
        }
    }
    tasks
}

/// A time of a past day (UTC), as RFC 3339.
fn time_of(now: Instant, days_ago: u32, seconds_of_day: u32) -> String {
    let midnight = now - now.rem_euclid(86_400_000_000);
    let at = midnight - i64::from(days_ago) * 86_400_000_000 + i64::from(seconds_of_day) * 1_000_000;
    jiff::Timestamp::from_microsecond(at).map_or_else(|_| String::new(), |at| at.to_string())
}

/// What makes the file of an entity, when its turn comes: painting takes a while.
pub type Painter = Box<dyn FnOnce() -> Vec<u8> + Send>;

/// The pictures and movies of the demo, each with the entity that it belongs to: those of the people first, then those of
/// each project, whose movies come last.
#[must_use]
pub fn media() -> Vec<(Key, Painter)> {
    let mut media = Vec::new();
    let mut add = |project: Option<&Id>, kind: Kind, id: &str, paint: Painter| {
        if let Ok(id) = Id::parse(id)
            && !production::WITHOUT_PICTURE.contains(&id.as_str())
        {
            media.push((Key::new(project, kind, &id), paint));
        }
    };
    let snapshots = production::snapshots();
    let people: BTreeSet<String> = snapshots.iter().flat_map(|project| ids(&project["team"])).collect();
    for id in people {
        let painted = id.clone();
        add(None, Kind::User, &id, Box::new(move || pictures::png(&pictures::person_picture(&painted))));
    }
    for snapshot in snapshots {
        let text = |field: &str| snapshot[field].as_str().unwrap_or_default().to_owned();
        let (name, id) = (text("name"), text("id"));
        let project = Id::parse(&id).ok();
        let poster = id.clone();
        add(None, Kind::Project, &id, Box::new(move || pictures::png(&pictures::project_picture(&poster, &name))));
        for id in ids(&snapshot["assets"]) {
            let painted = id.clone();
            add(
                project.as_ref(),
                Kind::Asset,
                &id,
                Box::new(move || pictures::png(&pictures::asset_picture(&painted))),
            );
        }
        let snapshot = std::sync::Arc::new(snapshot);
        for (index, id) in pictures::shots(&snapshot).iter().map(|shot| shot.id.to_owned()).enumerate() {
            let snapshot = snapshot.clone();
            let paint = move || {
                let shots = pictures::shots(&snapshot);
                shots.get(index).map_or_else(Vec::new, |shot| pictures::png(&pictures::shot_picture(shot)))
            };
            add(project.as_ref(), Kind::Shot, &id, Box::new(paint));
        }
        for edit in snapshot["edits"].as_array().cloned().unwrap_or_default() {
            let (snapshot, id) = (snapshot.clone(), edit["id"].as_str().unwrap_or_default().to_owned());
            add(project.as_ref(), Kind::Edit, &id, Box::new(move || movie::edit_movie(&snapshot, &edit).to_vec()));
        }
    }
    media
}

/// The ids of a list of ids or of entities.
fn ids(list: &Value) -> Vec<String> {
    let members = list.as_array().into_iter().flatten();
    members.filter_map(|member| member.as_str().or_else(|| member["id"].as_str()).map(str::to_owned)).collect()
}
