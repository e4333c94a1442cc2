//! Bodies that are refused as a whole: with which status, naming which places, and without a trace in what is stored.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestServer};

async fn send_text(
    server: &TestServer,
    method: Method,
    path: &str,
    media_type: &str,
    body: impl Into<reqwest::Body>,
) -> Answer {
    server.send(server.request(method, path).header("content-type", media_type).body(body)).await
}

async fn put_text(server: &TestServer, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    send_text(server, Method::PUT, path, "application/json", body).await
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let server = TestServer::with_project().await;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let bodies: [(&str, &[u8]); 10] = [
        ("nothing at all", b""),
        ("a broken object", b"{\"name\": \"Ada\""),
        ("two values", b"{\"name\": \"Ada\"} {}"),
        ("a trailing comma", b"{\"name\": \"Ada\",}"),
        ("NaN", b"{\"name\": NaN}"),
        ("a number beyond all numbers", b"{\"name\": \"Ada\", \"data\": {\"frame_in\": 1e400}}"),
        ("a lone surrogate", br#"{"name": "\ud83d"}"#),
        ("a control character", b"{\"name\": \"A\nda\"}"),
        ("bytes that are not UTF-8", b"{\"name\": \"Ad\xff\"}"),
        ("two hundred brackets", deep.as_bytes()),
    ];
    let before = server.revision().await;
    for (name, body) in bodies {
        for path in ["/api/projects/p/shots/a", "/api/projects/p/shots", "/api/projects/p/snapshot", "/api/context"] {
            let answer = put_text(&server, path, body.to_vec()).await;
            assert_eq!(answer.status, 400, "{name}, {path}: {}", answer.text);
            answer.refused(400, "bad-request");
        }
    }
    assert_eq!(server.revision().await, before);
}

#[tokio::test]
async fn a_broken_line_of_many_is_named_and_nothing_of_them_is_stored() {
    let server = TestServer::start().await;
    let good = json!({"op": "put", "kind": "users", "id": "ada", "value": {"name": "Ada"}});
    let lines = format!("{good}\n\n{{\"op\": \"put\"\n{good}\n");
    let answer = send_text(&server, Method::POST, "/api/batch", "application/x-ndjson", lines).await;
    let answer = answer.refused(400, "bad-request");
    assert!(answer.text.contains("line 3"), "{}", answer.text);
    // Faults in lines that are JSON have pointers that begin with the line, empty ones not counted.
    let wrong = json!({"op": "put", "kind": "users", "id": "bob", "value": {"name": ["Bob"]}});
    let lines = format!("{good}\n\n{wrong}\n");
    let answer = send_text(&server, Method::POST, "/api/batch", "application/x-ndjson", lines).await;
    assert_eq!(answer.refused(422, "invalid").pointers(), ["/1/value/name"]);
    assert_eq!(server.get("/api/users").await.expect(200).json(), json!([]));
}

/// Shots with a task each.
fn shots(count: usize) -> Vec<Value> {
    let shot = |n: usize| {
        let task =
            json!({"id": format!("t{n}"), "task_type_id": "anim", "task_status_id": "wip", "assignees": ["ada"]});
        let data = json!({"frame_in": n * 10, "frame_out": n * 10 + 10, "notes": {"by": ["ada"]}});
        json!({"id": format!("s{n}"), "name": format!("{n:05}"), "data": data, "tasks": [task]})
    };
    (0..count).map(shot).collect()
}

#[tokio::test]
async fn a_wrong_type_deep_inside_ten_thousand_shots_is_found() {
    let server = TestServer::with_project().await;
    let mut shots = shots(10_000);
    shots[7_321]["tasks"][0]["assignees"][0] = json!({"name": "Ada"});
    let answer = server.put("/api/projects/p/shots", &json!(shots)).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/7321/tasks/0/assignees/0/id"]);
    assert_eq!(server.get("/api/projects/p/shots").await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn ten_faulty_shots_of_ten_thousand_are_all_named_and_nothing_is_stored() {
    let server = TestServer::with_project().await;
    server.put("/api/projects/p/shots/kept", &json!({"name": "kept"})).await.expect(201);
    let mut shots = shots(10_000);
    shots[17]["name"] = Value::Null;
    shots[500].as_object_mut().unwrap().shift_remove("name");
    shots[1_234]["data"]["frame_in"] = "soon".into();
    shots[2_345]["data"] = json!([]);
    shots[3_456]["tasks"][0]["assignees"] = "ada".into();
    shots[4_567]["id"] = "a/b".into();
    shots[5_678]["fps"] = 0.into();
    shots[6_789]["canceled"] = "maybe".into();
    shots[7_890]["tasks"] = json!({});
    shots[9_999] = 7.into();
    let faulty = [
        "/17/name",
        "/500/name",
        "/1234/data/frame_in",
        "/2345/data",
        "/3456/tasks/0/assignees",
        "/4567/id",
        "/5678/fps",
        "/6789/canceled",
        "/7890/tasks",
        "/9999",
    ];
    let before = (server.revision().await, server.get("/api/projects/p/snapshot").await.text);
    let list = json!(shots);
    let snapshot = json!({"name": "Renamed", "shots": shots});
    let answers = [
        server.put("/api/projects/p/shots", &list).await,
        server.post("/api/projects/p/shots", &list).await,
        server.put("/api/projects/p/snapshot", &snapshot).await,
    ];
    for (answer, prefix) in answers.into_iter().zip(["", "", "/shots"]) {
        let expected: Vec<String> = faulty.iter().map(|pointer| format!("{prefix}{pointer}")).collect();
        assert_eq!(answer.refused(422, "invalid").pointers(), expected);
    }
    assert_eq!((server.revision().await, server.get("/api/projects/p/snapshot").await.text), before);
}

#[tokio::test]
async fn all_faults_of_one_entity_are_named_at_once() {
    let server = TestServer::with_project().await;
    let shot = json!({"id": "a b", "data": {"frame_in": {}, "frame_out": true}, "fps": "fast", "thumbnailUrl": 7.5, "sequence_id": "../s"});
    let answer = server.post("/api/projects/p/shots", &shot).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/id", "/data/frame_in", "/data/frame_out", "/fps", "/sequence_id", "/name"]);
    assert!(answer.json()["detail"].as_str().unwrap().contains("6 places"), "{}", answer.text);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let limit = 10_000;
    let server = TestServer::start_with(|options| options.max_body = limit).await;
    let of_length = |length: usize| {
        let empty = r#"{"name": ""}"#.len();
        format!(r#"{{"name": "{}"}}"#, "A".repeat(4_000)) + &" ".repeat(length - empty - 4_000)
    };
    put_text(&server, "/api/users/ada", of_length(limit)).await.expect(201);
    put_text(&server, "/api/users/bob", of_length(limit + 1)).await.refused(413, "too-large");
    // One that does not say beforehand how long it is.
    let body = of_length(limit + 1);
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let (status, answer) = server.raw("PUT /api/users/bob HTTP/1.1\r\ntransfer-encoding: chunked", &chunked).await;
    assert_eq!(status, 413, "{answer}");
    // One that is much too long.
    put_text(&server, "/api/users/bob", of_length(5_000_000)).await.refused(413, "too-large");
    server.get("/api/users/bob").await.expect(404);
}

#[tokio::test]
async fn bodies_of_other_types_are_refused() {
    let server = TestServer::with_project().await;
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "json",
        "",
    ] {
        let answer = send_text(&server, Method::PUT, "/api/users/ada", media_type, r#"{"name": "Ada"}"#).await;
        answer.refused(415, "unsupported-media-type");
    }
    // Lines are for batches only.
    let answer = send_text(&server, Method::POST, "/api/users", "application/x-ndjson", r#"{"name": "Ada"}"#).await;
    answer.refused(415, "unsupported-media-type");
    for media_type in ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"] {
        let answer = send_text(&server, Method::PUT, "/api/users/ada", media_type, r#"{"name": "Ada"}"#).await;
        assert!(answer.status.is_success(), "{media_type}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_batch_whose_last_change_is_wrong_leaves_nothing() {
    let server = TestServer::with_project().await;
    server.put("/api/users/ada", &json!({"name": "Ada"})).await.expect(201);
    let good = [
        json!({"op": "put", "kind": "users", "id": "bob", "value": {"name": "Bob"}}),
        json!({"op": "merge", "kind": "users", "id": "ada", "value": {"name": "Augusta"}}),
        json!({"op": "put", "kind": "shots", "project": "p", "id": "a", "value": {"name": "A", "tasks": [{"id": "t"}]}}),
        json!({"op": "add", "kind": "projects", "id": "p", "value": {"team": "ada"}}),
    ];
    let wrong = [
        (
            json!({"op": "put", "kind": "users", "id": "eve", "value": {"name": 7, "has_avatar": 7}}),
            "/changes/4/value/has_avatar",
        ),
        (json!({"op": "put", "kind": "users", "id": "eve", "value": {}}), "/changes/4/value/name"),
        (json!({"op": "put", "kind": "users", "id": "eve"}), "/changes/4/value"),
        (json!({"op": "merge", "kind": "users", "value": {"name": "Eve"}}), "/changes/4/id"),
        (json!({"op": "merge", "kind": "users", "id": "eve", "value": {"has_avatar": true}}), "/changes/4/value/name"),
        (json!({"op": "put", "kind": "shots", "id": "b", "value": {"name": "B"}}), "/changes/4/project"),
        (
            json!({"op": "put", "kind": "tasks", "project": "p", "id": "u", "value": {"shot_id": "gone"}}),
            "/changes/4/value/shot_id",
        ),
        (
            json!({"op": "add", "kind": "shots", "project": "p", "id": "a", "value": {"tasks": ["t"]}}),
            "/changes/4/value/tasks",
        ),
        (
            json!({"op": "add", "kind": "tasks", "project": "p", "id": "gone", "value": {"assignees": ["ada"]}}),
            "/changes/4/value",
        ),
        (json!({"op": "upsert", "kind": "users", "id": "eve", "value": {"name": "Eve"}}), "/changes/4/op"),
        (
            json!({"op": "put", "kind": "memberships", "project": "p", "id": "s", "value": {"episode_id": "e"}}),
            "/changes/4/kind",
        ),
        (json!({"op": "put", "kind": "starships", "id": "s", "value": {"name": "S"}}), "/changes/4/kind"),
        (
            json!({"op": "put", "kind": "users", "id": "eve", "at": "yesterday", "value": {"name": "Eve"}}),
            "/changes/4/at",
        ),
        (json!({"op": "put", "kind": "users", "id": "eve", "at": 17, "value": {"name": "Eve"}}), "/changes/4/at"),
        (
            json!({"op": "put", "kind": "users", "id": "eve", "at": "2026-13-01T00:00:00Z", "value": {"name": "Eve"}}),
            "/changes/4/at",
        ),
        (json!("put"), "/changes/4"),
    ];
    let before = (
        server.revision().await,
        server.get("/api/context").await.text,
        server.get("/api/projects/p/snapshot").await.text,
    );
    for (last, pointer) in wrong {
        let changes: Vec<Value> = good.iter().cloned().chain([last.clone()]).collect();
        let answer = server.post("/api/batch", &json!({"changes": changes})).await;
        assert_eq!(answer.status, 422, "{last}: {}", answer.text);
        assert_eq!(answer.refused(422, "invalid").pointers(), [pointer], "{last}");
        let after = (
            server.revision().await,
            server.get("/api/context").await.text,
            server.get("/api/projects/p/snapshot").await.text,
        );
        assert_eq!(after, before, "{last}");
    }
    server.post("/api/batch", &json!({"changes": good})).await.expect(200);
}

#[tokio::test]
async fn a_batch_without_changes_is_refused() {
    let server = TestServer::start().await;
    for (body, pointer) in
        [(json!({}), "/changes"), (json!({"changes": {}}), "/changes"), (json!([]), ""), (json!(null), "")]
    {
        let answer = server.post("/api/batch", &body).await.refused(422, "invalid");
        assert_eq!(answer.pointers(), [pointer], "{body}");
    }
    server.post("/api/batch", &json!({"changes": []})).await.expect(200);
}
