//! Mixed changes in one transaction, changes that say when they happened, rehearsals, and requests that are sent again.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestServer};

/// One change of something in project `p`.
async fn change(server: &TestServer, op: &str, address: &str, at: &str, value: Value) -> Value {
    let (kind, id) = address.split_once('/').unwrap();
    let mut change = json!({"op": op, "kind": kind, "project": "p", "id": id, "value": value});
    if !at.is_empty() {
        change["at"] = format!("2026-01-01T{at}:00Z").into();
    }
    server.post("/api/batch", &json!({"changes": [change]})).await.expect(200).json()
}

/// What a change was warned about, in one text.
fn warned(answer: &Value) -> String {
    let details = answer["warnings"].as_array().unwrap().iter().map(|warning| warning["detail"].as_str().unwrap());
    details.collect::<Vec<_>>().join("; ")
}

async fn with_task() -> TestServer {
    let server = TestServer::with_project().await;
    let shot = json!({"name": "A", "tasks": [{"id": "t", "task_type_id": "anim", "task_status_id": "todo"}]});
    server.put("/api/projects/p/shots/a", &shot).await.expect(201);
    server
}

#[tokio::test]
async fn a_batch_does_all_its_changes_in_order() {
    let server = TestServer::start().await;
    let changes = json!({"changes": [
        {"op": "put", "kind": "tasks", "project": "p", "id": "t", "value": {"shot_id": "a", "assignees": ["ada"]}},
        {"op": "put", "kind": "shot", "project": "p", "id": "a", "value": {"name": "A", "data": {"frame_in": 0, "note": "x"}}},
        {"op": "put", "kind": "projects", "id": "p", "value": {"name": "P", "team": ["ada"]}},
        {"op": "merge", "kind": "shots", "project": "p", "id": "a", "value": {"data": {"frame_out": 10, "note": null}}},
        {"op": "merge", "kind": "assets", "project": "p", "id": "x", "value": {"name": "X", "canceled": null}},
        {"op": "put", "kind": "assets", "project": "p", "id": "y", "value": {"name": "Y"}},
        {"op": "delete", "kind": "assets", "project": "p", "id": "y"},
        {"op": "delete", "kind": "assets", "project": "p", "id": "never"},
        {"op": "put", "kind": "casting", "project": "p", "id": "a", "value": {}},
        {"op": "add", "kind": "casting", "project": "p", "id": "a", "value": {"asset_ids": ["x", "z"]}},
        {"op": "add", "kind": "tasks", "project": "p", "id": "t", "value": {"assignees": "bob"}},
        {"op": "remove", "kind": "tasks", "project": "p", "id": "t", "value": {"assignees": ["ada"]}},
        {"op": "add", "kind": "projects", "id": "p", "value": {"team": ["bob"], "task_types": ["anim"]}},
    ]});
    let answer = server.post("/api/batch", &changes).await.expect(200);
    let counts = ["created", "updated", "deleted", "unchanged"].map(|count| answer.json()[count].as_u64().unwrap());
    assert_eq!(counts, [5, 0, 0, 2], "{}", answer.text);
    assert_eq!(answer.header("watchtower-revision"), "1");
    let snapshot = server.get("/api/projects/p/snapshot").await.expect(200).json();
    assert_eq!((&snapshot["team"], &snapshot["task_types"]), (&json!(["ada", "bob"]), &json!(["anim"])));
    assert_eq!(snapshot["shots"][0]["data"], json!({"frame_in": 0, "frame_out": 10}));
    assert_eq!(snapshot["shots"][0]["tasks"][0]["assignees"], json!(["bob"]));
    assert_eq!(snapshot["casting"], json!([{"shot_id": "a", "asset_ids": ["x", "z"]}]));
    assert_eq!(snapshot["assets"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_project_may_be_deleted_and_made_anew_in_one_batch() {
    let mut server = with_task().await;
    let changes = json!({"changes": [
        {"op": "put", "kind": "shots", "project": "p", "id": "b", "value": {"name": "B"}},
        {"op": "delete", "kind": "projects", "id": "p"},
        {"op": "put", "kind": "shots", "project": "p", "id": "c", "value": {"name": "C"}},
        {"op": "put", "kind": "projects", "id": "p", "value": {"name": "P2"}},
    ]});
    server.post("/api/batch?wait=published", &changes).await.expect(200);
    for _ in 0..2 {
        let snapshot = server.get("/api/projects/p/snapshot").await.expect(200).json();
        let shots = snapshot["shots"].as_array().unwrap();
        assert_eq!((&snapshot["name"], shots.len(), &shots[0]["id"]), (&json!("P2"), 1, &json!("c")));
        assert_eq!(server.get("/api/projects/p/tasks").await.json(), json!([]));
        server.restart().await;
    }
}

#[tokio::test]
async fn a_batch_may_come_as_lines() {
    let server = TestServer::start().await;
    let lines =
        ["ada", "bob"].map(|id| json!({"op": "put", "kind": "users", "id": id, "value": {"name": id}}).to_string());
    for media_type in ["application/x-ndjson", "application/ndjson; charset=utf-8", "application/jsonl"] {
        let request = server.request(Method::POST, "/api/batch").header("content-type", media_type);
        server.send(request.body(format!("\n{}\r\n\n{}", lines[0], lines[1]))).await.expect(200);
    }
    assert_eq!(server.get("/api/users").await.json().as_array().unwrap().len(), 2);
    assert_eq!(server.revision().await, 1);
}

#[tokio::test]
async fn adding_and_removing_members_twice_is_as_good_as_once() {
    let server = with_task().await;
    let members = async || server.get("/api/projects/p/tasks/t").await.json()["assignees"].clone();
    for _ in 0..2 {
        change(&server, "add", "tasks/t", "", json!({"assignees": ["ada", "bob", "ada"]})).await;
        assert_eq!(members().await, json!(["ada", "bob"]));
    }
    let revision = server.revision().await;
    assert_eq!(change(&server, "add", "tasks/t", "", json!({"assignees": ["bob"]})).await["unchanged"], 1);
    assert_eq!(server.revision().await, revision);
    for _ in 0..2 {
        change(&server, "remove", "tasks/t", "", json!({"assignees": ["ada", "eve"]})).await;
        assert_eq!(members().await, json!(["bob"]));
    }
}

#[tokio::test]
async fn what_is_older_than_what_a_field_holds_is_skipped_field_by_field_and_said_so() {
    let server = with_task().await;
    let done = change(&server, "merge", "tasks/t", "12:00", json!({"task_status_id": "done"})).await;
    assert_eq!((&done["updated"], warned(&done)), (&json!(1), String::new()));
    let late = json!({"task_status_id": "wip", "task_type_id": "layout"});
    let late = change(&server, "merge", "tasks/t", "11:00", late).await;
    assert!(warned(&late).contains("task t: skipped, its task_status_id is more recent"), "{late}");
    let task = server.get("/api/projects/p/tasks/t").await.json();
    assert_eq!((&task["task_status_id"], &task["task_type_id"]), (&json!("done"), &json!("layout")));
    // The same again, at the same time, is no news, and later is.
    assert_eq!(warned(&change(&server, "merge", "tasks/t", "12:00", json!({"task_status_id": "done"})).await), "");
    change(&server, "merge", "tasks/t", "12:01", json!({"task_status_id": "todo"})).await;
    assert_eq!(server.get("/api/projects/p/tasks/t").await.json()["task_status_id"], "todo");
    // A put that is late sets what nobody set since.
    let late = change(
        &server,
        "put",
        "tasks/t",
        "12:00",
        json!({"shot_id": "a", "task_status_id": "wip", "assignees": ["ada"]}),
    )
    .await;
    assert!(warned(&late).contains("its task_status_id is more recent"), "{late}");
    let task = server.get("/api/projects/p/tasks/t").await.json();
    assert_eq!((&task["task_status_id"], &task["task_type_id"]), (&json!("todo"), &Value::Null));
    assert_eq!(task["assignees"], json!(["ada"]));
    // Without a time it is now.
    server.patch("/api/projects/p/tasks/t", &json!({"task_status_id": "retake"})).await.expect(200);
    assert_eq!(server.get("/api/projects/p/tasks/t").await.json()["task_status_id"], "retake");
}

#[tokio::test]
async fn members_of_lists_have_times_of_their_own() {
    let server = with_task().await;
    let members = async || server.get("/api/projects/p/tasks/t").await.json()["assignees"].clone();
    change(&server, "add", "tasks/t", "12:00", json!({"assignees": ["ada"]})).await;
    change(&server, "remove", "tasks/t", "12:00", json!({"assignees": ["eve"]})).await;
    let late = change(&server, "remove", "tasks/t", "11:00", json!({"assignees": ["ada"]})).await;
    assert!(warned(&late).contains("its assignees are more recent"), "{late}");
    change(&server, "add", "tasks/t", "11:00", json!({"assignees": ["bob", "eve"]})).await;
    // Who was added before stands before.
    assert_eq!(members().await, json!(["bob", "ada"]));
    // The list as it was in between: what was added and removed since stays so.
    change(&server, "merge", "tasks/t", "11:30", json!({"assignees": ["eve", "kim"]})).await;
    assert_eq!(members().await, json!(["kim", "ada"]));
    change(&server, "add", "tasks/t", "11:15", json!({"assignees": ["bob"]})).await;
    assert_eq!(members().await, json!(["kim", "ada"]));
    change(&server, "remove", "tasks/t", "12:30", json!({"assignees": ["ada"]})).await;
    assert_eq!(members().await, json!(["kim"]));
}

#[tokio::test]
async fn the_members_of_data_have_times_of_their_own() {
    let server = with_task().await;
    let data = async || server.get("/api/projects/p/shots/a").await.json()["data"].clone();
    change(&server, "merge", "shots/a", "12:00", json!({"data": {"frame_in": 10, "old": null}})).await;
    let late = change(&server, "merge", "shots/a", "11:00", json!({"data": {"frame_in": 5, "frame_out": 50}})).await;
    assert!(warned(&late).contains("data/frame_in is more recent"), "{late}");
    assert_eq!(data().await, json!({"frame_in": 10, "frame_out": 50}));
    // The whole of it as it was before: what is more recent stays.
    change(
        &server,
        "put",
        "shots/a",
        "11:30",
        json!({"name": "A", "data": {"frame_in": 1, "frame_out": 40, "old": 1}}),
    )
    .await;
    assert_eq!(data().await, json!({"frame_in": 10, "frame_out": 40}));
    // And then a part of it as it was before that.
    change(&server, "merge", "shots/a", "11:15", json!({"data": {"frame_out": 60, "more": 1}})).await;
    assert_eq!(data().await, json!({"frame_in": 10, "frame_out": 40}));
    change(&server, "merge", "shots/a", "13:00", json!({"data": {"frame_in": 20, "frame_out": 60}})).await;
    assert_eq!(data().await, json!({"frame_in": 20, "frame_out": 60}));
}

#[tokio::test]
async fn what_was_deleted_is_not_brought_back_by_what_happened_before() {
    let mut server = with_task().await;
    change(&server, "merge", "shots/a", "12:00", json!({"name": "B"})).await;
    let late = change(&server, "delete", "shots/a", "11:00", Value::Null).await;
    assert!(warned(&late).contains("shot a: skipped, it was changed after that"), "{late}");
    server.get("/api/projects/p/shots/a").await.expect(200);
    assert_eq!(change(&server, "delete", "shots/a", "13:00", Value::Null).await["deleted"], 2);
    // Nor what went with it; nor what never came.
    change(&server, "delete", "assets/x", "13:00", Value::Null).await;
    server.restart().await;
    for (address, value) in
        [("shots/a", json!({"name": "C"})), ("tasks/t", json!({"shot_id": "a"})), ("assets/x", json!({"name": "X"}))]
    {
        for op in ["put", "merge"] {
            let late = change(&server, op, address, "12:30", value.clone()).await;
            assert!(warned(&late).contains("skipped, it was deleted after that"), "{late}");
        }
        server.get(&format!("/api/projects/p/{address}")).await.expect(404);
    }
    change(&server, "put", "shots/a", "13:30", json!({"name": "D"})).await;
    assert_eq!(server.get("/api/projects/p/shots/a").await.expect(200).json()["name"], "D");
    // Deleted without a time: what it held is known to be over.
    server.delete("/api/projects/p/shots/a").await.expect(204);
    change(&server, "merge", "shots/a", "13:15", json!({"name": "E"})).await;
    server.get("/api/projects/p/shots/a").await.expect(404);
    server.put("/api/projects/p/shots/a", &json!({"name": "F"})).await.expect(201);
}

#[tokio::test]
async fn a_rehearsal_says_what_would_be_done_and_does_nothing() {
    let server = with_task().await;
    let before = (
        server.revision().await,
        server.get("/api/projects").await.text,
        server.get("/api/projects/p/snapshot").await.text,
    );
    let shots = json!([{"id": "b", "name": "B"}, {"id": "c", "name": "C", "tasks": [{"task_type_id": "anim"}]}]);
    let counts = |answer: Answer| {
        let json = answer.expect(200).json();
        ["created", "updated", "deleted", "unchanged"].map(|count| json[count].as_u64().unwrap())
    };
    let list = server.put("/api/projects/p/shots?dry_run=true", &shots).await;
    assert_eq!(counts(list), [3, 0, 2, 0]);
    let snapshot =
        server.put("/api/projects/q/snapshot?dry_run=true&wait=published", &json!({"name": "Q", "shots": shots})).await;
    assert_eq!(counts(snapshot), [4, 0, 0, 0]);
    assert_eq!(counts(server.post("/api/projects/p/shots?dry_run", &shots).await), [3, 0, 0, 0]);
    assert_eq!(
        counts(server.put("/api/context?dry_run=1", &json!({"users": [{"id": "ada", "name": "Ada"}]})).await),
        [1, 0, 0, 0]
    );
    let change = json!({"changes": [{"op": "delete", "kind": "projects", "id": "p"}]});
    assert_eq!(counts(server.post("/api/batch?dry_run=true", &change).await)[2], 1);
    let wrong = json!([{"id": "b"}]);
    server.put("/api/projects/p/shots?dry_run=true", &wrong).await.refused(422, "invalid");
    let after = (
        server.revision().await,
        server.get("/api/projects").await.text,
        server.get("/api/projects/p/snapshot").await.text,
    );
    assert_eq!(after, before);
    // For real it does just that.
    assert_eq!(counts(server.put("/api/projects/p/shots?dry_run=false", &shots).await), [3, 0, 2, 0]);
}

async fn post_with_key(server: &TestServer, path: &str, key: &str, body: &Value) -> Answer {
    server.send(server.request(Method::POST, path).header("idempotency-key", key).json(body)).await
}

#[tokio::test]
async fn a_request_that_is_sent_again_with_its_key_is_answered_again_and_not_done_again() {
    let mut server = with_task().await;
    let ada = json!({"name": "Ada"});
    let changes = json!({"changes": [{"op": "put", "kind": "users", "value": {"name": "Bob"}}]});
    let first = post_with_key(&server, "/api/users", "k1", &ada).await.expect(201);
    let batch = post_with_key(&server, "/api/batch", "k2", &changes).await.expect(200);
    let list = post_with_key(&server, "/api/users", "k3", &json!([ada])).await.expect(200);
    let revision = server.revision().await;
    server.pass(24 * 3600 - 1);
    for _ in 0..2 {
        let again = post_with_key(&server, "/api/users", "k1", &ada).await.expect(201);
        assert_eq!((&again.text, again.header("location")), (&first.text, first.header("location")));
        assert_eq!(again.header("watchtower-revision"), first.header("watchtower-revision"));
        assert_eq!(post_with_key(&server, "/api/batch", "k2", &changes).await.expect(200).text, batch.text);
        assert_eq!(post_with_key(&server, "/api/users", "k3", &json!([ada])).await.expect(200).text, list.text);
        server.restart().await;
    }
    assert_eq!(server.revision().await, revision);
    // The key belongs to that request alone.
    post_with_key(&server, "/api/users", "k1", &json!({"name": "Eve"})).await.refused(422, "idempotency-key-reused");
    post_with_key(&server, "/api/task-types", "k1", &ada).await.refused(422, "idempotency-key-reused");
    // After a day it is a new request.
    server.pass(1);
    let anew = post_with_key(&server, "/api/users", "k1", &ada).await.expect(201);
    assert_ne!(anew.json()["id"], first.json()["id"]);
    assert_eq!(server.get("/api/users").await.json().as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn requests_with_one_key_at_the_same_time_are_done_once() {
    let server = TestServer::start().await;
    let ada = json!({"name": "Ada"});
    let post = || post_with_key(&server, "/api/users", "k", &ada);
    let (a, b, c) = tokio::join!(post(), post(), post());
    assert_eq!((&a.text, &b.text), (&b.text, &c.text));
    assert_eq!(server.get("/api/users").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_refused_or_rehearsed_request_does_not_use_its_key_up() {
    let server = TestServer::start().await;
    post_with_key(&server, "/api/users", "k", &json!({"name": null})).await.refused(422, "invalid");
    post_with_key(&server, "/api/users?dry_run=true", "k", &json!([{"name": "Ada"}])).await.expect(200);
    post_with_key(&server, "/api/users", "k", &json!({"name": "Ada"})).await.expect(201);
}

#[tokio::test]
async fn the_lists_in_an_entity_are_as_old_as_the_change_that_they_come_with() {
    let tasks = |list: &[(&str, &str)]| -> Value {
        list.iter().map(|(id, status)| json!({"id": id, "task_type_id": "anim", "task_status_id": status})).collect()
    };
    let shot = |at: &str, list: &[(&str, &str)]| {
        let value = json!({"name": "A", "tasks": tasks(list)});
        json!({"op": "put", "kind": "shots", "project": "p", "id": "a", "value": value, "at": at})
    };
    let episode = |at: &str, id: &str, sequences: &[&str]| {
        let value = json!({"name": id, "sequences": sequences});
        json!({"op": "put", "kind": "episodes", "project": "p", "id": id, "value": value, "at": at})
    };
    let changes = [
        shot("2026-01-01T09:00:00Z", &[("t1", "todo"), ("t3", "todo")]),
        shot("2026-01-01T11:00:00Z", &[("t1", "wip"), ("t2", "todo")]),
        episode("2026-01-01T09:00:00Z", "e1", &["s1", "s2"]),
        episode("2026-01-01T11:00:00Z", "e2", &["s2"]),
    ];
    for order in [[0, 1, 2, 3], [1, 0, 3, 2]] {
        let server = TestServer::with_project().await;
        for index in order {
            server.post("/api/batch", &json!({"changes": [changes[index]]})).await.expect(200);
        }
        let shot = server.get("/api/projects/p/shots/a").await.expect(200).json();
        let mut held: Vec<_> = shot["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| format!("{} {}", task["id"], task["task_status_id"]))
            .collect();
        held.sort();
        assert_eq!(held[..2], ["\"t1\" \"wip\"", "\"t2\" \"todo\""], "{order:?}");
        for (id, sequences) in [("e1", json!(["s1"])), ("e2", json!(["s2"]))] {
            let episode = server.get(&format!("/api/projects/p/episodes/{id}")).await.expect(200).json();
            assert_eq!(episode["sequences"], sequences, "{order:?}");
        }
    }
}
