//! The example production as a whole: everything in it fits together.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::*;

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap()
}

fn texts<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    let texts = list(value, key).iter();
    texts.map(|text| text.as_str().unwrap()).collect()
}

fn ids<'a>(value: &'a Value, key: &str) -> HashSet<&'a str> {
    let entries = list(value, key).iter();
    entries.map(|entry| entry["id"].as_str().unwrap()).collect()
}

/// All tasks of a project that the tree shows.
fn tasks(snapshot: &Value) -> impl Iterator<Item = &Value> {
    let owners = list(snapshot, "shots").iter().chain(list(snapshot, "assets"));
    owners.filter(|owner| owner["canceled"] != true).flat_map(|owner| list(owner, "tasks"))
}

#[test]
fn ids_are_unique_and_can_be_folder_names() {
    let mut seen = HashSet::new();
    let mut check = |entry: &Value| {
        let id = entry["id"].as_str().unwrap().to_owned();
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
        assert!(id.bytes().all(is_allowed) && (2..=128).contains(&id.len()), "{id}");
        assert!(seen.insert(id.clone()), "{id} twice");
    };
    let context = context();
    for key in ["users", "asset_types", "task_types", "task_statuses"] {
        list(&context, key).iter().for_each(&mut check);
    }
    for snapshot in &snapshots() {
        check(snapshot);
        for key in ["episodes", "sequences", "shots", "assets", "edits"] {
            list(snapshot, key).iter().for_each(&mut check);
        }
        let owners = list(snapshot, "shots").iter().chain(list(snapshot, "assets"));
        owners.flat_map(|owner| list(owner, "tasks")).for_each(&mut check);
    }
    assert!(WITHOUT_PICTURE.iter().all(|id| seen.contains(*id)));
}

/// Asserts that all `entries` refer by `key` to something in `known`.
fn assert_known(entries: &[Value], key: &str, known: &HashSet<&str>) {
    for entry in entries {
        let id = entry[key].as_str().unwrap();
        assert!(known.contains(id), "{key} {id}");
    }
}

#[test]
fn what_is_referred_to_exists() {
    let context = context();
    let known = |key| ids(&context, key);
    for snapshot in &snapshots() {
        let team: HashSet<&str> = texts(snapshot, "team").into_iter().collect();
        assert!(team.is_subset(&known("users")));
        let assets = ids(snapshot, "assets");
        let sequences = ids(snapshot, "sequences");
        assert_known(list(snapshot, "shots"), "sequence_id", &sequences);
        assert_known(list(snapshot, "assets"), "asset_type_id", &known("asset_types"));
        assert_known(list(snapshot, "casting"), "shot_id", &ids(snapshot, "shots"));
        for task in tasks(snapshot) {
            assert!(known("task_types").contains(task["task_type_id"].as_str().unwrap()));
            assert!(known("task_statuses").contains(task["task_status_id"].as_str().unwrap()));
            assert!(texts(task, "assignees").iter().all(|id| team.contains(id)));
        }
        for casting in list(snapshot, "casting") {
            assert!(texts(casting, "asset_ids").iter().all(|id| assets.contains(id)));
        }
        for episode in list(snapshot, "episodes") {
            assert!(texts(episode, "sequences").iter().all(|id| sequences.contains(id)));
        }
        if !list(snapshot, "episodes").is_empty() {
            assert_known(list(snapshot, "edits"), "episode_id", &ids(snapshot, "episodes"));
        }
    }
}

#[test]
fn every_shot_is_cast_once_and_in_a_set() {
    for snapshot in &snapshots() {
        let cast: HashSet<&str> = list(snapshot, "casting")
            .iter()
            .filter(|casting| texts(casting, "asset_ids").iter().any(|id| id.starts_with("set-")))
            .map(|casting| casting["shot_id"].as_str().unwrap())
            .collect();
        assert_eq!(cast.len(), list(snapshot, "casting").len());
        assert_eq!(cast, ids(snapshot, "shots"));
    }
}

/// For each edit its length, and the ranges of its shots in their order.
fn ranges(snapshot: &Value) -> Vec<(u64, Vec<(u64, u64)>)> {
    let episodes = list(snapshot, "episodes");
    let edits = list(snapshot, "edits").iter();
    edits
        .map(|edit| {
            let episode = episodes.iter().find(|episode| episode["id"] == edit["episode_id"]);
            let sequences = episode.map(|episode| list(episode, "sequences"));
            let shots = list(snapshot, "shots").iter().filter(|shot| {
                shot["canceled"] != true && sequences.is_none_or(|ids| ids.contains(&shot["sequence_id"]))
            });
            let range = |shot: &Value| ["frame_in", "frame_out"].map(|key| shot["data"][key].as_u64().unwrap()).into();
            (edit["totalFrames"].as_u64().unwrap(), shots.map(range).collect())
        })
        .collect()
}

#[test]
fn shots_fill_the_timeline_of_their_edit() {
    for (total, shots) in snapshots().iter().flat_map(ranges) {
        let end = shots.iter().fold(0, |end, &(frame_in, frame_out)| {
            assert_eq!(frame_in, end);
            assert!(frame_out > frame_in);
            frame_out
        });
        assert_eq!(end, total);
    }
}

#[test]
fn the_show_is_of_a_size_worth_showing() {
    for snapshot in &snapshots() {
        assert!(list(snapshot, "shots").len() >= 40);
        let assets = list(snapshot, "assets").iter();
        let types: HashSet<&Value> = assets.map(|asset| &asset["asset_type_id"]).collect();
        assert_eq!(types.len(), 4);
        let statuses: HashSet<&Value> = tasks(snapshot).map(|task| &task["task_status_id"]).collect();
        assert_eq!(statuses.len(), list(&context(), "task_statuses").len(), "{statuses:?}");
        let types: HashSet<&Value> = tasks(snapshot).map(|task| &task["task_type_id"]).collect();
        assert_eq!(types.len(), list(&context(), "task_types").len());
    }
    let snapshots = snapshots();
    let canceled = list(&snapshots[0], "shots").iter().filter(|shot| shot["canceled"] == true);
    assert_eq!(canceled.count(), 2);
    assert_eq!(list(&snapshots[1], "episodes").len(), 2);
}

#[test]
fn work_begins_when_the_work_before_it_is_done() {
    for snapshot in &snapshots() {
        for owner in list(snapshot, "shots").iter().chain(list(snapshot, "assets")) {
            let statuses = list(owner, "tasks").iter().map(|task| task["task_status_id"].as_str().unwrap());
            let mut waiting = statuses.skip_while(|status| *status == "done").skip(1);
            assert!(waiting.all(|status| status == "todo"), "{}", owner["id"]);
        }
    }
}

/// The statuses of the tasks of a shot or an asset, by department.
fn statuses(owner: &Value) -> HashMap<&str, &str> {
    let tasks = list(owner, "tasks").iter();
    tasks.map(|task| ["task_type_id", "task_status_id"].map(|key| task[key].as_str().unwrap()).into()).collect()
}

#[test]
fn what_is_animated_has_been_built_and_what_is_lit_has_been_shaded() {
    for snapshot in &snapshots() {
        let assets = list(snapshot, "assets").iter();
        let assets: HashMap<&str, HashMap<&str, &str>> =
            assets.map(|asset| (asset["id"].as_str().unwrap(), statuses(asset))).collect();
        for (shot, casting) in list(snapshot, "shots").iter().zip(list(snapshot, "casting")) {
            let shot = statuses(shot);
            for (work, before) in [("anim", "model"), ("anim", "rig"), ("light", "shade")] {
                let is_done = shot.get(work) == Some(&"done");
                for asset in texts(casting, "asset_ids").into_iter().filter(|_| is_done) {
                    let status = assets[asset].get(before).copied().unwrap_or("done");
                    assert_eq!(status, "done", "{before} of {asset} in {}", casting["shot_id"]);
                }
            }
        }
    }
}

#[test]
fn it_is_the_same_every_time() {
    assert_eq!(snapshots(), snapshots());
}
