//! The productions as they are now, in the form of the API's snapshots.

use serde_json::{Value, json};

use super::plan::{Asset, Plan, Reel, Sequence, Shot, plans};
use super::schedule::{Task, asset_tasks, shot_tasks};
use super::studio::{ASSET_TYPES, DEPARTMENTS, PEOPLE, STATUSES};

/// Both projects whole, as `PUT /api/projects/{project}/snapshot` takes them: the film, then the show.
///
/// Frames are counted from 0 in every edit. For the show that means from 0 in each episode, since the page of Watchtower 1.0 shows one
/// episode at a time on a timeline that starts at 0; in the classic page, which knows no episodes, the two lie over one another.
#[must_use]
pub fn snapshots() -> Vec<Value> {
    plans().map(|plan| snapshot(&plan)).collect()
}

fn snapshot(plan: &Plan) -> Value {
    let shots = plan.shots.iter().zip(shot_tasks(plan));
    let assets = plan.assets.iter().zip(asset_tasks(plan));
    json!({
        "id": plan.id,
        "name": plan.name,
        "ratio": plan.ratio,
        "resolution": plan.resolution,
        "fps": plan.fps,
        "asset_types": ASSET_TYPES.map(|(id, ..)| id),
        "task_types": DEPARTMENTS.map(|department| department.id),
        "task_statuses": STATUSES.map(|(id, ..)| id),
        "team": team(plan),
        "thumbnailUrl": "static/img/placeholder-asset.png",
        "episodes": plan.reels.iter().filter_map(|reel| episode(plan, reel)).collect::<Value>(),
        "sequences": plan.sequences.iter().map(sequence).collect::<Value>(),
        "shots": shots.map(|(shot, tasks)| self::shot(plan, shot, &tasks)).collect::<Value>(),
        "assets": assets.map(|(asset, tasks)| self::asset(asset, &tasks)).collect::<Value>(),
        "casting": plan.shots.iter().map(casting).collect::<Value>(),
        "edits": plan.reels.iter().map(edit).collect::<Value>(),
    })
}

fn team(plan: &Plan) -> Vec<&'static str> {
    let works_here = |id: &&str| plan.crews.iter().any(|crew| crew.people.contains(id));
    let people = PEOPLE.into_iter().map(|(id, _)| id);
    people.filter(works_here).collect()
}

fn episode(plan: &Plan, reel: &Reel) -> Option<Value> {
    let (id, name) = reel.episode?;
    let sequences = plan.sequences.iter();
    let its_own = sequences.filter(|sequence| sequence.edit == reel.edit);
    let ids: Vec<&str> = its_own.map(|sequence| sequence.id.as_str()).collect();
    Some(json!({"id": id, "name": name, "sequences": ids}))
}

fn sequence(sequence: &Sequence) -> Value {
    json!({"id": sequence.id, "name": format!("{} {}", sequence.number, sequence.name)})
}

fn shot(plan: &Plan, shot: &Shot, tasks: &[Task]) -> Value {
    let mut value = json!({
        "id": shot_id(shot),
        "name": shot.name,
        "sequence_id": shot.sequence,
        "data": {"frame_in": shot.frame_in, "frame_out": shot.frame_out, "description": shot.action},
        "tasks": tasks.iter().map(task).collect::<Value>(),
        "thumbnailUrl": null,
        "fps": plan.fps,
    });
    if shot.canceled {
        value["canceled"] = true.into();
    }
    value
}

fn asset(asset: &Asset, tasks: &[Task]) -> Value {
    let is_of = |(.., prefix): &(&str, &str, &str)| asset.id.starts_with(prefix);
    json!({
        "id": asset.id,
        "name": asset.name,
        "asset_type_id": ASSET_TYPES.into_iter().find(is_of).map(|(id, ..)| id),
        "tasks": tasks.iter().map(task).collect::<Value>(),
        "thumbnailUrl": null,
    })
}

fn task(task: &Task) -> Value {
    json!({
        "id": task.id,
        "task_type_id": task.department,
        "task_status_id": task.status(),
        "assignees": task.assignees,
    })
}

fn casting(shot: &Shot) -> Value {
    json!({"shot_id": shot_id(shot), "asset_ids": shot.cast})
}

fn edit(reel: &Reel) -> Value {
    json!({
        "id": reel.edit,
        "name": reel.name,
        "frameOffset": 0,
        "totalFrames": reel.frames,
        "sourceName": null,
        "sourceType": "video/mp4",
        "episode_id": reel.episode.map(|(id, _)| id),
    })
}

fn shot_id(shot: &Shot) -> String {
    format!("shot-{}", shot.slug)
}
