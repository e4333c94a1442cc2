//! Values that are refused, or taken with a warning, wherever they stand in a body.

use serde_json::{Value, json};

use crate::support::TestServer;

/// Ids that would break a path, a URL or a page, as text.
pub fn bad_ids() -> Vec<String> {
    let ids = ["a/b", "../b", "..", ".", "a\0b", "\0", "a b", "a\\b", "é", "a?b", "a#b", ""];
    ids.iter().map(|id| (*id).to_owned()).chain(["x".repeat(200)]).collect()
}

#[tokio::test]
async fn bad_ids_in_bodies_are_refused_wherever_they_stand() {
    let server = TestServer::with_project().await;
    let mut ids: Vec<Value> = bad_ids().into_iter().map(Value::from).collect();
    ids.extend([json!(true), json!(1.5), json!(-1), json!([]), json!({})]);
    let before = server.revision().await;
    for id in ids {
        let is_empty = id == "";
        let places = [
            ("/api/users", json!({"id": id, "name": "Ada"}), "/id"),
            ("/api/users", json!([{"id": id, "name": "Ada"}]), "/0/id"),
            ("/api/projects", json!({"id": id, "name": "P"}), "/id"),
            ("/api/projects", json!({"name": "P", "team": [id]}), "/team/0"),
            ("/api/projects/p/shots", json!({"name": "A", "sequence_id": id}), "/sequence_id"),
            ("/api/projects/p/shots", json!({"name": "A", "tasks": [{"id": id}]}), "/tasks/0/id"),
            ("/api/projects/p/shots", json!({"name": "A", "tasks": [{"assignees": [id]}]}), "/tasks/0/assignees/0"),
            ("/api/projects/p/episodes", json!({"name": "E", "sequences": [id]}), "/sequences/0"),
            ("/api/projects/p/sequences", json!({"name": "S", "episode_id": id}), "/episode_id"),
            ("/api/projects/p/casting", json!({"shot_id": id}), "/shot_id"),
            ("/api/projects/p/casting", json!({"shot_id": "a", "asset_ids": [id]}), "/asset_ids/0"),
            (
                "/api/batch",
                json!({"changes": [{"op": "put", "kind": "users", "id": id, "value": {"name": "A"}}]}),
                "/changes/0/id",
            ),
            (
                "/api/batch",
                json!({"changes": [{"op": "put", "kind": "shots", "project": id, "value": {"name": "A"}}]}),
                "/changes/0/project",
            ),
            (
                "/api/batch",
                json!({"changes": [{"op": "add", "kind": "projects", "id": "p", "value": {"team": [id]}}]}),
                "/changes/0/value/team/0",
            ),
        ];
        for (path, body, pointer) in places {
            // Where nothing may be referred to, an empty text says so; and an object in a list of ids is an entity.
            if is_empty && ["/sequence_id", "/episode_id"].contains(&pointer) {
                continue;
            }
            let pointer =
                if id.is_object() && pointer.ends_with("/0") { format!("{pointer}/id") } else { pointer.to_owned() };
            let answer = server.post(path, &body).await;
            assert_eq!(answer.status, 422, "{body}: {}", answer.text);
            assert!(answer.refused(422, "invalid").pointers().contains(&pointer), "{body}: {pointer}");
        }
    }
    assert_eq!(server.revision().await, before);
}

#[tokio::test]
async fn a_project_cannot_stand_in_the_way_of_the_tree() {
    let server = TestServer::with_project().await;
    // Its folder would have the name of a file beside it.
    for id in ["context.json", "any.json"] {
        let answer = server.post("/api/projects", &json!({"id": id, "name": "Q"})).await;
        assert_eq!(answer.refused(422, "invalid").pointers(), ["/id"]);
        let answer = server.put(&format!("/api/projects/{id}"), &json!({"name": "Q"})).await;
        answer.refused(422, "invalid");
    }
    server.rendered().await;
}

#[tokio::test]
async fn colours_that_are_none_are_refused() {
    let server = TestServer::start().await;
    for color in [
        json!("reddish"),
        json!("#ggg"),
        json!("#12345"),
        json!("300,1,1"),
        json!("1,2"),
        json!(16_711_680),
        json!(["#fff"]),
        json!(true),
    ] {
        for list in ["task-types", "task-statuses"] {
            let answer = server.post(&format!("/api/{list}"), &json!({"name": "N", "color": color})).await;
            assert_eq!(answer.refused(422, "invalid").pointers(), ["/color"], "{color}");
        }
    }
}

#[tokio::test]
async fn frame_rates_that_are_none_are_refused() {
    let server = TestServer::with_project().await;
    for fps in [
        json!(0),
        json!(-24),
        json!("fast"),
        json!("24/0"),
        json!("0/0"),
        json!(1e9),
        json!("1e1"),
        json!("inf"),
        json!([24]),
        json!(true),
        json!(""),
    ] {
        let answer = server.put("/api/projects/q", &json!({"name": "Q", "fps": fps})).await;
        assert_eq!(answer.refused(422, "invalid").pointers(), ["/fps"], "{fps}");
        if fps != "" {
            let answer = server.post("/api/projects/p/shots", &json!({"name": "A", "fps": fps})).await;
            assert_eq!(answer.refused(422, "invalid").pointers(), ["/fps"], "{fps}");
        }
    }
}

#[tokio::test]
async fn numbers_that_are_none_are_refused() {
    let server = TestServer::with_project().await;
    for frame in [
        json!("soon"),
        json!("1e5"),
        json!("1e400"),
        json!(1e300),
        json!("--1"),
        json!([1]),
        json!({"at": 1}),
        json!(false),
    ] {
        let answer = server.post("/api/projects/p/shots", &json!({"name": "A", "data": {"frame_out": frame}})).await;
        assert_eq!(answer.refused(422, "invalid").pointers(), ["/data/frame_out"], "{frame}");
        let answer = server.post("/api/projects/p/edits", &json!({"totalFrames": frame})).await;
        assert_eq!(answer.refused(422, "invalid").pointers(), ["/totalFrames"], "{frame}");
    }
    let answer = server.post("/api/projects/p/edits", &json!({"totalFrames": 10.5})).await;
    assert_eq!(answer.refused(422, "invalid").pointers(), ["/totalFrames"]);
}

#[tokio::test]
async fn a_backwards_range_is_kept_warned_about_reported_and_not_shown() {
    let server = TestServer::with_project().await;
    let data = json!({"frame_in": 100, "frame_out": 50, "note": "reversed"});
    let shots = json!([
        {"id": "good", "name": "010", "data": {"frame_in": 0, "frame_out": 50}},
        {"id": "back", "name": "020", "data": data},
        {"id": "bare", "name": "030"},
    ]);
    let answer = server.put("/api/projects/p/shots", &shots).await.expect(200).json();
    let warnings = answer["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{answer}");
    assert_eq!((&warnings[0]["pointer"], &warnings[0]["count"]), (&json!("/1/data"), &json!(2)));
    // Alone, the warning is in a header.
    let answer = server.put("/api/projects/p/shots/back", &shots[1]).await.expect(200);
    let warnings: Value = serde_json::from_str(answer.header("watchtower-warnings")).unwrap();
    assert_eq!(warnings[0]["pointer"], "/data");
    // And after a patch that turns a range round, or takes it away.
    for frame_out in [json!(-1), Value::Null] {
        let answer =
            server.patch("/api/projects/p/shots/bare", &json!({"data": {"frame_in": 0, "frame_out": 9}})).await;
        assert_eq!(answer.expect(200).header("watchtower-warnings"), "");
        let answer = server.patch("/api/projects/p/shots/bare", &json!({"data": {"frame_out": frame_out}})).await;
        assert!(answer.expect(200).header("watchtower-warnings").contains("cannot be shown"), "{frame_out}");
    }
    let kept = server.get("/api/projects/p/shots/back").await.json();
    assert_eq!(kept["data"], data);
    assert_eq!((kept.get("startFrame"), kept.get("durationSeconds")), (None, None));
    let problems = server.get("/api/projects/p/problems").await.expect(200).json();
    let found: Vec<_> = problems.as_array().unwrap().iter().map(|found| (&found["problem"], &found["id"])).collect();
    assert_eq!(found, [(&json!("backwards-range"), &json!("back")), (&json!("no-range"), &json!("bare"))]);
    server.rendered().await;
    let shown = server.tree("projects/p/shots.json").await;
    assert_eq!(shown.as_array().unwrap().len(), 1);
    assert_eq!(shown[0]["id"], "good");
}

#[tokio::test]
async fn an_id_that_stands_twice_in_one_list_is_refused() {
    let server = TestServer::with_project().await;
    let before = server.revision().await;
    let twice = json!([{"id": "a", "name": "A"}, {"id": "b", "name": "B"}, {"id": "a", "name": "C"}]);
    for path in ["/api/users", "/api/projects", "/api/projects/p/shots", "/api/projects/p/sequences"] {
        for answer in [server.put(path, &twice).await, server.post(path, &twice).await] {
            assert_eq!(answer.refused(422, "invalid").pointers(), ["/2/id"], "{path}");
        }
    }
    let answer = server.put("/api/projects/p/casting", &json!([{"shot_id": "a"}, {"shot_id": "a"}])).await;
    assert_eq!(answer.refused(422, "invalid").pointers(), ["/1/shot_id"]);
    let answer = server.put("/api/projects/p/snapshot", &json!({"name": "P", "assets": twice, "shots": twice})).await;
    assert_eq!(answer.refused(422, "invalid").pointers(), ["/shots/2/id", "/assets/2/id"]);
    let answer = server.put("/api/context", &json!({"users": twice})).await;
    assert_eq!(answer.refused(422, "invalid").pointers(), ["/users/2/id"]);
    // A task belongs to one shot.
    let of_two =
        json!([{"id": "a", "name": "A", "tasks": [{"id": "t"}]}, {"id": "b", "name": "B", "tasks": [{"id": "t"}]}]);
    let answer = server.put("/api/projects/p/shots", &of_two).await;
    assert_eq!(answer.refused(422, "invalid").pointers(), ["/1/tasks/0/id"]);
    assert_eq!(server.revision().await, before);
}

#[tokio::test]
async fn one_object_is_not_a_whole_list() {
    let server = TestServer::with_project().await;
    for path in ["/api/users", "/api/projects/p/shots"] {
        server.post(path, &json!([{"id": "a", "name": "A"}, {"id": "b", "name": "B"}])).await.expect(200);
    }
    // Taken as a list of one, it would delete everything else.
    for path in ["/api/users", "/api/projects", "/api/projects/p/shots"] {
        let answer = server.put(path, &json!({"id": "a", "name": "A"})).await.refused(422, "invalid");
        assert_eq!(answer.pointers(), [""], "{path}");
    }
    let answer = server.put("/api/projects/p/snapshot", &json!({"name": "P", "shots": {"id": "a", "name": "A"}})).await;
    assert_eq!(answer.refused(422, "invalid").pointers(), ["/shots"]);
    assert_eq!(server.get("/api/projects/p/shots").await.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_needed_cannot_be_taken_away() {
    let server = TestServer::with_project().await;
    server.put("/api/users/ada", &json!({"name": "Ada"})).await.expect(201);
    server.put("/api/projects/p/shots/a", &json!({"name": "A", "tasks": [{"id": "t"}]})).await.expect(201);
    for (path, patch, pointer) in [
        ("/api/users/ada", json!({"name": null}), "/name"),
        ("/api/users/ada", json!({"full_name": null}), "/full_name"),
        ("/api/projects/p", json!({"name": null}), "/name"),
        ("/api/projects/p/tasks/t", json!({"shot_id": null}), ""),
        ("/api/users/ada", json!(["name", "Ada"]), ""),
        ("/api/users/ada", json!({"id": "eve"}), "/id"),
    ] {
        let answer = server.patch(path, &patch).await.refused(422, "invalid");
        assert_eq!(answer.pointers(), [pointer], "{path} {patch}");
    }
    assert_eq!(server.get("/api/users/ada").await.json()["name"], "Ada");
}

#[tokio::test]
async fn a_task_is_work_on_exactly_one_thing_that_exists() {
    let server = TestServer::with_project().await;
    server.put("/api/projects/p/shots/s", &json!({"name": "S", "tasks": [{"id": "t"}]})).await.expect(201);
    server.put("/api/projects/p/assets/a", &json!({"name": "A"})).await.expect(201);
    let both = json!({"shot_id": "s", "asset_id": "a"});
    for (body, pointer) in [
        (json!({}), ""),
        (both.clone(), "/asset_id"),
        (json!({"shot_id": "gone"}), "/shot_id"),
        (json!({"asset_id": "s"}), "/asset_id"),
    ] {
        let answer = server.post("/api/projects/p/tasks", &body).await.refused(422, "invalid");
        assert_eq!(answer.pointers(), [pointer], "{body}");
    }
    let answer = server.patch("/api/projects/p/tasks/t", &both).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/asset_id"]);
    let change = json!({"op": "merge", "kind": "tasks", "project": "p", "id": "new", "value": both});
    let answer = server.post("/api/batch", &json!({"changes": [change]})).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/changes/0/value/asset_id"]);
    assert_eq!(server.get("/api/projects/p/tasks").await.json().as_array().unwrap().len(), 1);
}
