//! The burn-down: from the history of all changes, for films and shows, whatever happens to tasks, shots and sequences.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::{Value, json};
use watchtower_server::{layout::Layout, publish::Mode};

use crate::support::{Answer, TestServer, dataset};

/// Task type, episode, status.
type Count = (String, Option<String>, String);

/// A generator of our own, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one<'a>(&mut self, list: &'a [String]) -> &'a str {
        &list[self.below(list.len())]
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|entity| text(&entity["id"]).unwrap()).collect()
}

/// The counts as anybody would count them, from the whole project as it is.
fn recount(snapshot: &Value) -> BTreeMap<Count, i64> {
    let sequences = snapshot["sequences"].as_array().unwrap();
    let sequence = |id: &Value| sequences.iter().find(|sequence| sequence["id"] == *id);
    let mut counts = BTreeMap::new();
    for shot in snapshot["shots"].as_array().unwrap() {
        let of = sequence(&shot["sequence_id"]);
        if shot["canceled"] == json!(true) || of.is_some_and(|of| of["canceled"] == json!(true)) {
            continue;
        }
        let episode = of.and_then(|of| text(&of["episode_id"]));
        for task in shot["tasks"].as_array().unwrap() {
            if let (Some(task_type), Some(status)) = (text(&task["task_type_id"]), text(&task["task_status_id"])) {
                *counts.entry((task_type, episode.clone(), status)).or_default() += 1;
            }
        }
    }
    counts
}

/// One change of a random kind; whether the server takes it does not matter, what it then has is counted.
async fn change_something(server: &TestServer, path: &str, random: &mut Random, lists: &BTreeMap<&str, Vec<String>>) {
    let shot = random.one(&lists["shots"]).to_owned();
    let tasks = ids(&server.get(&format!("{path}/tasks?shot_id={shot}")).await.json());
    let status = random.one(&lists["statuses"]).to_owned();
    let task_type = random.one(&lists["types"]).to_owned();
    let sequence = random.one(&lists["sequences"]).to_owned();
    let patch = async |what: String, value: Value| -> Answer { server.patch(&format!("{path}/{what}"), &value).await };
    let Some(task) = tasks.get(random.below(tasks.len().max(1))).cloned() else {
        let task = json!({"shot_id": shot, "task_type_id": task_type, "task_status_id": status});
        server.post(&format!("{path}/tasks"), &task).await.expect(201);
        return;
    };
    let answer = match random.below(14) {
        0 => patch(format!("tasks/{task}"), json!({"task_status_id": null})).await,
        1 => server.delete(&format!("{path}/tasks/{task}")).await,
        2 => patch(format!("tasks/{task}"), json!({"task_type_id": task_type})).await,
        3 => patch(format!("tasks/{task}"), json!({"shot_id": random.one(&lists["shots"])})).await,
        4 => patch(format!("shots/{shot}"), json!({"canceled": true})).await,
        5 => patch(format!("shots/{shot}"), json!({"canceled": false})).await,
        6 => patch(format!("shots/{shot}"), json!({"sequence_id": sequence})).await,
        7 => patch(format!("sequences/{sequence}"), json!({"canceled": random.below(3) == 0})).await,
        8 => match lists["episodes"].as_slice() {
            [] => patch(format!("sequences/{sequence}"), json!({"name": "again"})).await,
            episodes => patch(format!("sequences/{sequence}"), json!({"episode_id": random.one(episodes)})).await,
        },
        9 => {
            let task = json!([{"id": format!("new-{}", random.below(50)), "task_type_id": task_type, "task_status_id": status}]);
            patch(format!("shots/{shot}"), json!({"tasks": task})).await
        }
        _ => patch(format!("tasks/{task}"), json!({"task_status_id": status})).await,
    };
    assert!(answer.status.is_success() || answer.status == 422, "{}", answer.text);
}

async fn simulate(dataset_name: &str, seed: u64) {
    let mut server = TestServer::of_both_layouts().await;
    let data = dataset(dataset_name);
    let mut project = data["projects"][0].clone();
    let path = format!("/api/projects/{}", project["id"].as_str().unwrap());
    server
        .put(
            "/api/context",
            &json!({"users": data["users"], "task_types": data["task_types"], "task_statuses": data["task_statuses"]}),
        )
        .await
        .expect(200);
    let names: Vec<&Value> = data["task_types"].as_array().unwrap().iter().collect();
    assert!(names.len() > 3);
    project["fps"] = json!(24);
    server.put(&format!("{path}/snapshot"), &project).await.expect(200);
    let lists: BTreeMap<&str, Vec<String>> = [
        ("shots", ids(&project["shots"])),
        ("sequences", ids(&project["sequences"])),
        ("episodes", ids(&project["episodes"])),
        ("types", ids(&data["task_types"])),
        ("statuses", ids(&data["task_statuses"])),
    ]
    .into();
    let mut random = Random(seed);
    let mut truth: Vec<BTreeMap<Count, i64>> = Vec::new();
    for day in 0..90 {
        for _ in 0..random.below(8) {
            server.pass(60);
            change_something(&server, &path, &mut random, &lists).await;
        }
        truth.push(recount(&server.get(&format!("{path}/snapshot")).await.json()));
        if day == 45 {
            server.restart().await;
        }
        if day < 89 {
            server.pass(86_400 - server.seconds_of_day());
        }
    }
    let counts = server.get(&format!("{path}/task-counts")).await.expect(200).json();
    compare(&counts, &truth);
    // The file of the tree is the same, and recounting gives the same bytes.
    server.rendered().await;
    let file = format!("data/projects/{}/task_counts.json", project["id"].as_str().unwrap());
    let bytes = std::fs::read(server.site_of(Layout::V1).join(&file)).unwrap();
    let drawn: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
    assert!(drawn.iter().all(|entry| counts.as_array().unwrap().contains(entry)) && !drawn.is_empty());
    server.restart().await;
    server.send(server.request(reqwest::Method::POST, "/api/render?force=true")).await.expect(200);
    assert!(std::fs::read(server.site_of(Layout::V1).join(&file)).unwrap() == bytes);
}

/// Every point is what was counted on its day; where there is no point there was nothing, and had been nothing.
fn compare(counts: &Value, truth: &[BTreeMap<Count, i64>]) {
    let mut points: BTreeMap<Count, BTreeMap<String, i64>> = BTreeMap::new();
    for entry in counts.as_array().unwrap() {
        for status in entry["task_statuses"].as_array().unwrap() {
            let key = (
                text(&entry["task_type_id"]).unwrap(),
                text(&entry["episode_id"]),
                text(&status["task_status_id"]).unwrap(),
            );
            let data = status["data"].as_array().unwrap().iter();
            let data: BTreeMap<String, i64> = data
                .map(|point| (text(&point["timestamp"]).unwrap()[..10].to_owned(), point["count"].as_i64().unwrap()))
                .collect();
            assert_eq!(data.len(), status["data"].as_array().unwrap().len(), "one point a day");
            assert!(points.insert(key, data).is_none(), "one entry each");
        }
    }
    let keys: BTreeSet<&Count> = truth.iter().flat_map(BTreeMap::keys).chain(points.keys()).collect();
    let (mut compared, mut zeros) = (0, 0);
    for key in keys {
        let mut before = 0;
        for (day, counted) in truth.iter().enumerate() {
            let date = jiff_date(day);
            let wanted = counted.get(key).copied().unwrap_or(0);
            let given = points.get(key).and_then(|points| points.get(&date)).copied();
            if wanted > 0 || before > 0 {
                assert_eq!(given, Some(wanted), "{key:?} on {date}");
                zeros += usize::from(wanted == 0);
            } else {
                assert_eq!(given, None, "{key:?} on {date}");
            }
            before = wanted;
            compared += 1;
        }
    }
    assert!(compared > 1000 && zeros > 5, "{compared} compared, {zeros} explicit zeros");
}

/// The date of a day, counted from 2026-01-01.
fn jiff_date(day: usize) -> String {
    let date: jiff::civil::Date = "2026-01-01".parse().unwrap();
    (date + jiff::Span::new().days(i64::try_from(day).unwrap())).to_string()
}

#[tokio::test]
async fn ninety_days_of_a_film_burn_down_as_a_recount_of_every_day_says() {
    simulate("short-film", 1).await;
}

#[tokio::test]
async fn ninety_days_of_a_show_burn_down_as_a_recount_of_every_day_says() {
    simulate("tv-show", 2).await;
}

/// A project with one shot and one task.
async fn small() -> TestServer {
    let server = TestServer::of_both_layouts().await;
    let statuses = json!([{"id": "todo", "name": "Todo"}, {"id": "done", "name": "Done"}]);
    let context =
        json!({"task_types": [{"id": "anim", "name": "Animation", "for_shots": true}], "task_statuses": statuses});
    server.put("/api/context", &context).await.expect(200);
    let task = json!({"id": "t", "task_type_id": "anim", "task_status_id": "todo"});
    let shot = json!({"id": "s", "name": "S", "data": {"frame_in": 0, "frame_out": 10}, "tasks": [task]});
    let project = json!({"name": "P", "task_types": ["anim"], "task_statuses": ["todo", "done"], "shots": [shot]});
    server.put("/api/projects/p/snapshot", &project).await.expect(200);
    server
}

/// The points of a status, as pairs of date and count.
fn points(counts: &Value, status: &str) -> Vec<(String, i64)> {
    let statuses = counts[0]["task_statuses"].as_array().cloned().unwrap_or_default();
    let data =
        statuses.into_iter().find(|one| one["task_status_id"] == status).map_or(json!([]), |one| one["data"].clone());
    let point = |point: &Value| (text(&point["timestamp"]).unwrap(), point["count"].as_i64().unwrap());
    data.as_array().unwrap().iter().map(point).collect()
}

#[tokio::test]
async fn a_status_that_empties_gets_a_zero_and_today_gets_a_point_at_midnight() {
    let server = small().await;
    server.pass(86_400);
    server.patch("/api/projects/p/tasks/t", &json!({"task_status_id": "done"})).await.expect(200);
    server.pass(2 * 86_400);
    server.rendered().await;
    let answer =
        reqwest::get(format!("http://{}/data/projects/p/task_counts.json", server.address_of(Layout::V1))).await;
    let counts: Value = answer.unwrap().json().await.unwrap();
    let day = |day: u32| format!("2026-01-{day:02}T23:59:59Z");
    assert_eq!(points(&counts, "todo"), [(day(1), 1), (day(2), 0)]);
    assert_eq!(points(&counts, "done"), [(day(2), 1), (day(3), 1), (day(4), 1)]);
}

#[tokio::test]
async fn the_past_that_a_tracker_knows_comes_before_the_history_and_never_against_it() {
    let server = small().await;
    let point = |timestamp: &str, count: i64| json!({"timestamp": timestamp, "count": count});
    let past = json!([{"task_type_id": "anim", "episode_id": null, "task_statuses": [
        {"task_status_id": "todo", "data": [point("2025-12-30T08:00:00", 9), point("2025-12-30T18:00:00", 7), point("2026-01-01T10:00:00Z", 99)]},
        {"task_status_id": "done", "data": [point("2025-12-31T00:00:00Z", 2)]}]}]);
    for _ in 0..2 {
        server.post("/api/projects/p/task-counts", &past).await.expect(200);
    }
    let counts = server.get("/api/projects/p/task-counts").await.expect(200).json();
    let at = |date: &str| format!("{date}T23:59:59Z");
    assert_eq!(points(&counts, "todo"), [(at("2025-12-30"), 7), (at("2025-12-31"), 0), (at("2026-01-01"), 1)]);
    assert_eq!(points(&counts, "done"), [(at("2025-12-31"), 2), (at("2026-01-01"), 0)]);
    let narrowed = server.get("/api/projects/p/task-counts?from=2025-12-31&to=2025-12-31").await.expect(200).json();
    assert_eq!(points(&narrowed, "done"), [(at("2025-12-31"), 2)]);
    let weekly = server.get("/api/projects/p/task-counts?every=week").await.expect(200).json();
    assert_eq!(points(&weekly, "todo"), [(at("2026-01-01"), 1)], "the three days are one week");
    let wrong =
        json!([{"task_type_id": "a/b", "task_statuses": [{"task_status_id": "todo", "data": [point("soon", -1)]}]}]);
    let refused = server.post("/api/projects/p/task-counts", &wrong).await.expect(422);
    assert_eq!(
        refused.pointers(),
        ["/0/task_type_id", "/0/task_statuses/0/data/0/timestamp", "/0/task_statuses/0/data/0/count"]
    );
    for query in ["from=yesterday", "every=month", "of=people"] {
        server.get(&format!("/api/projects/p/task-counts?{query}")).await.expect(400);
    }
}

#[tokio::test]
async fn changes_that_say_when_they_happened_stand_in_the_burn_down_on_that_day() {
    let server = small().await;
    let change = |status: &str, at: &str| json!({"op": "merge", "kind": "tasks", "project": "p", "id": "u", "value": {"task_status_id": status}, "at": at});
    let task = json!({"shot_id": "s", "task_type_id": "anim", "task_status_id": "todo"});
    let put =
        json!({"op": "put", "kind": "tasks", "project": "p", "id": "u", "value": task, "at": "2025-12-20T09:00:00Z"});
    let changes =
        json!({"changes": [put, change("done", "2025-12-22T09:00:00Z"), change("todo", "2025-12-23T09:00:00Z")]});
    server.post("/api/batch", &changes).await.expect(200);
    let counts = server.get("/api/projects/p/task-counts?to=2025-12-24").await.expect(200).json();
    let at = |day: u32| format!("2025-12-{day}T23:59:59Z");
    assert_eq!(points(&counts, "todo"), [(at(20), 1), (at(21), 1), (at(22), 0), (at(23), 1), (at(24), 1)]);
    assert_eq!(points(&counts, "done"), [(at(22), 1), (at(23), 0)]);
}

#[tokio::test]
async fn tasks_of_assets_are_counted_apart() {
    let server = small().await;
    let asset =
        json!({"id": "a", "name": "A", "tasks": [{"id": "m", "task_type_id": "anim", "task_status_id": "done"}]});
    server.post("/api/projects/p/assets", &asset).await.expect(201);
    let shots = server.get("/api/projects/p/task-counts").await.expect(200).json();
    let assets = server.get("/api/projects/p/task-counts?of=assets").await.expect(200).json();
    assert_eq!((points(&shots, "done").len(), points(&assets, "done").len()), (0, 1));
}

#[tokio::test]
async fn years_of_many_counts_have_a_point_a_week_or_fewer() {
    let server = TestServer::start_with(|options| options.sites[0].layout = Layout::V1).await;
    let ids = |prefix: &str, count: usize| (0..count).map(|n| format!("{prefix}{n}")).collect::<Vec<_>>();
    let (types, statuses) = (ids("t", 100), ids("s", 1));
    let named = |ids: &[String]| ids.iter().map(|id| json!({"id": id, "name": id})).collect::<Vec<_>>();
    server.put("/api/task-types", &json!(named(&types))).await.expect(200);
    server.put("/api/task-statuses", &json!(named(&statuses))).await.expect(200);
    let project = json!({"name": "P", "task_types": types, "task_statuses": statuses});
    server.put("/api/projects/p", &project).await.expect(201);
    let put = |kind: &str, id: &str, value: Value| json!({"op": "put", "kind": kind, "project": "p", "id": id, "value": value, "at": "1990-01-02T00:00:00Z"});
    let shot = put("shots", "shot", json!({"name": "0010"}));
    let task = |id: &String| put("tasks", id, json!({"shot_id": "shot", "task_type_id": id, "task_status_id": "s0"}));
    let changes: Vec<_> = std::iter::once(shot).chain(types.iter().map(task)).collect();
    server.post("/api/batch", &json!({"changes": changes})).await.expect(200);
    server.rendered().await;
    let served = server.tree("projects/p/task_counts.json").await;
    let asked = server.get("/api/projects/p/task-counts").await.expect(200);
    // From 1990 to the beginning of 2026.
    for counts in [&served, &asked.json()] {
        let points = counts[0]["task_statuses"][0]["data"].as_array().unwrap();
        assert!((36 * 52..=36 * 53).contains(&points.len()), "{}", points.len());
        assert_eq!(points.last().unwrap()["count"], 1);
        assert!(points.last().unwrap()["timestamp"].as_str().unwrap().starts_with("2026-01-01"));
    }
    // As fine as ever where less is asked for.
    let asked = server.get("/api/projects/p/task-counts?from=2020-01-01&to=2020-12-31").await.expect(200).json();
    assert_eq!(asked[99]["task_statuses"][0]["data"].as_array().unwrap().len(), 366);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_that_is_asked_for_while_it_is_made_counts_its_tasks_once() {
    let server = TestServer::start_with(|options| options.mode = Mode::Manual).await;
    let named = |id: &str| json!([{"id": id, "name": id}]);
    let context = json!({"task_types": named("anim"), "task_statuses": named("todo")});
    server.put("/api/context", &context).await.expect(200);
    let project = |id: &str, count: usize| {
        let task = |n: usize| json!({"id": n.to_string(), "task_type_id": "anim", "task_status_id": "todo"});
        let shots = (0..count).map(|n| json!({"id": n.to_string(), "name": "S", "tasks": [task(n)]}));
        json!({"op": "put", "kind": "projects", "value": {"id": id, "name": id, "shots": shots.collect::<Vec<_>>()}})
    };
    // The one that is asked for comes last, and all before it takes a while.
    for round in 0..12 {
        let (large, small) = (format!("a{round}"), format!("z{round}"));
        let changes = json!({"changes": [project(&large, 2000), project(&small, 3)]});
        let is_made = AtomicBool::new(false);
        let make = async {
            server.post("/api/batch", &changes).await.expect(200);
            is_made.store(true, Ordering::Relaxed);
        };
        let ask = async || {
            while !is_made.load(Ordering::Relaxed) {
                server.get(&format!("/api/projects/{small}/shots?limit=1")).await;
            }
        };
        tokio::join!(make, ask(), ask(), ask());
        let counts = server.get(&format!("/api/projects/{small}/task-counts")).await.expect(200).json();
        assert_eq!(points(&counts, "todo"), [("2026-01-01T23:59:59Z".to_owned(), 3)], "round {round}");
        server.delete(&format!("/api/projects/{large}")).await.expect(204);
    }
}

#[tokio::test]
async fn the_burn_down_goes_up_to_today_again_when_a_clock_that_was_ahead_is_set_right() {
    let server = small().await;
    server.pass(10 * 86_400);
    server.rendered().await;
    let days = async || {
        let answer = reqwest::get(format!("http://{}/data/projects/p/task_counts.json", server.address_of(Layout::V1)));
        points(&answer.await.unwrap().json().await.unwrap(), "todo").len()
    };
    assert_eq!(days().await, 11);
    server.pass(-10 * 86_400);
    server.rendered().await;
    assert_eq!(days().await, 1);
}
