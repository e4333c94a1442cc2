//! What is refused: with which status, naming which places, and without a trace in what is stored.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Answer, TestServer};

/// Ids that would break a path, a URL or a page, as text.
fn bad_ids() -> Vec<String> {
    let ids = ["a/b", "../b", "..", ".", "a\0b", "\0", "a b", "a\\b", "é", "a?b", "a#b", ""];
    ids.iter().map(|id| (*id).to_owned()).chain(["x".repeat(200)]).collect()
}

/// The same as one segment of a path.
fn encoded(id: &str) -> String {
    id.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Sends a request to the letter, since a client library tidies paths up; gives the status and the body.
async fn raw(server: &TestServer, head: &str, body: &str) -> (u16, String) {
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let (host, length) = (server.address, body.len());
    let framing =
        if head.contains("transfer-encoding") { String::new() } else { format!("content-length: {length}\r\n") };
    let request = format!("{head}\r\nhost: {host}\r\nconnection: close\r\n{framing}\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

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
async fn bad_ids_in_addresses_are_refused() {
    let server = TestServer::with_project().await;
    let before = server.revision().await;
    let mut segments: Vec<String> = bad_ids().iter().filter(|id| !id.is_empty()).map(|id| encoded(id)).collect();
    segments.extend(["..".to_owned(), ".".to_owned(), "x".repeat(200), "a%2Fb".to_owned()]);
    for segment in segments {
        for address in [
            "/api/users/ID",
            "/api/projects/ID",
            "/api/projects/ID/shots",
            "/api/projects/p/shots/ID",
            "/api/projects/ID/problems",
        ] {
            let path = address.replace("ID", &segment);
            let (status, body) = raw(&server, &format!("GET {path} HTTP/1.1"), "").await;
            assert_eq!(status, 422, "{path}: {body}");
        }
        for address in ["/api/users/ID", "/api/projects/ID", "/api/projects/ID/snapshot", "/api/projects/p/shots/ID"] {
            let path = address.replace("ID", &segment);
            let (status, body) = raw(&server, &format!("PUT {path} HTTP/1.1"), r#"{"name": "N"}"#).await;
            assert_eq!(status, 422, "{path}: {body}");
        }
    }
    let (status, _) = raw(&server, "GET /api/users/%FF HTTP/1.1", "").await;
    assert_eq!(status, 400);
    assert_eq!(server.revision().await, before);
}

#[tokio::test]
async fn no_path_leads_out_of_the_tree() {
    let server = TestServer::with_project().await;
    server.rendered().await;
    for path in [
        "/data/../../../watchtower.db",
        "/data/%2e%2e/%2e%2e/%2e%2e/watchtower.db",
        "/data/..%2f..%2f..%2fwatchtower.db",
        "/../watchtower.db",
    ] {
        let (status, body) = raw(&server, &format!("GET {path} HTTP/1.1"), "").await;
        assert!((400..500).contains(&status), "{path}: {status} {body}");
    }
}

#[tokio::test]
async fn an_unknown_project_is_not_found_whatever_is_asked_of_it() {
    let server = TestServer::start().await;
    for list in ["episodes", "sequences", "shots", "assets", "tasks", "casting", "edits"] {
        let path = format!("/api/projects/nowhere/{list}");
        server.get(&path).await.refused(404, "not-found");
        server.put(&path, &json!([])).await.refused(404, "not-found");
        server.post(&path, &json!([])).await.refused(404, "not-found");
        server.get(&format!("{path}/a")).await.refused(404, "not-found");
        server.patch(&format!("{path}/a"), &json!({})).await.refused(404, "not-found");
        server.delete(&format!("{path}/a")).await.refused(404, "not-found");
    }
    server.put("/api/projects/nowhere/shots/a", &json!({"name": "A"})).await.refused(404, "not-found");
    for path in ["/api/projects/nowhere", "/api/projects/nowhere/snapshot", "/api/projects/nowhere/problems"] {
        server.get(path).await.refused(404, "not-found");
    }
    server.post("/api/projects/nowhere/render", &json!({})).await.refused(404, "not-found");
    let change = json!({"op": "put", "kind": "shots", "project": "nowhere", "id": "a", "value": {"name": "A"}});
    let answer = server.post("/api/batch", &json!({"changes": [change]})).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/changes/0/project"]);
    assert_eq!(server.revision().await, 0);
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
    let (status, answer) = raw(&server, "PUT /api/users/bob HTTP/1.1\r\ntransfer-encoding: chunked", &chunked).await;
    assert_eq!(status, 413, "{answer}");
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
    let kept = answer.json();
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
            "/changes/4/value/assignees",
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

#[tokio::test]
async fn parameters_and_headers_that_make_no_sense_are_refused() {
    let server = TestServer::with_project().await;
    for query in [
        "nmae=Ada",
        "limit=0",
        "limit=-1",
        "limit=ten",
        "limit=",
        "limit=1000001",
        "cursor=next",
        "cursor=1.5",
        "wait=published",
    ] {
        server.get(&format!("/api/users?{query}")).await.refused(400, "bad-request");
    }
    server.get("/api/projects/p/shots?data=x").await.refused(400, "bad-request");
    let user = json!({"name": "Ada"});
    for query in ["wiat=published", "wait=soon", "wait=", "dry_run=maybe", "dry_run=true", "name=Ada"] {
        server.put(&format!("/api/users/ada?{query}"), &user).await.refused(400, "bad-request");
    }
    server.put("/api/users?dryrun=true", &json!([user])).await.refused(400, "bad-request");
    server.post("/api/render?force=perhaps", &json!({})).await.refused(400, "bad-request");
    server.post("/api/render?froce=true", &json!({})).await.refused(400, "bad-request");
    let long = "k".repeat(256);
    for (name, value) in
        [("if-none-match", "\"abc\""), ("idempotency-key", ""), ("idempotency-key", &long), ("idempotency-key", "é")]
    {
        let request = server.request(Method::PUT, "/api/users/ada").json(&user);
        let value = reqwest::header::HeaderValue::from_bytes(value.as_bytes()).unwrap();
        server.send(request.header(name, value)).await.refused(400, "bad-request");
    }
    assert_eq!(server.get("/api/users").await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn addresses_and_methods_that_do_not_exist_are_refused() {
    let server = TestServer::with_project().await;
    for path in [
        "/api",
        "/api/",
        "/api/starships",
        "/api/users/ada/pets",
        "/api/projects/p/memberships",
        "/api/projects/p/users",
    ] {
        server.get(path).await.refused(404, "not-found");
    }
    for (method, path) in [
        (Method::PATCH, "/api/users"),
        (Method::DELETE, "/api/users"),
        (Method::POST, "/api/users/ada"),
        (Method::DELETE, "/api/projects/p/snapshot"),
        (Method::GET, "/api/batch"),
        (Method::GET, "/api/render"),
        (Method::PUT, "/api/status"),
        (Method::POST, "/data/projects/context.json"),
        (Method::PUT, "/"),
    ] {
        server.send(server.request(method, path)).await.refused(405, "method-not-allowed");
    }
}

#[tokio::test]
async fn pages_of_other_sites_may_not_write() {
    let server = TestServer::start().await;
    let own = server.url("");
    let port = server.address.port();
    let others = ["http://elsewhere.example", "null", "", &format!("http://localhost:{port}"), "http://127.0.0.1:1"];
    for origin in others {
        let request = server.request(Method::PUT, "/api/users/ada").json(&json!({"name": "Ada"}));
        server.send(request.header("origin", origin)).await.refused(403, "forbidden");
        server
            .send(server.request(Method::POST, "/api/render").header("origin", origin))
            .await
            .refused(403, "forbidden");
        server.send(server.request(Method::GET, "/api/users").header("origin", origin)).await.expect(200);
    }
    let request = server.request(Method::PUT, "/api/users/ada").json(&json!({"name": "Ada"}));
    server.send(request.header("origin", own)).await.expect(201);
}

#[tokio::test]
async fn of_two_writers_who_saw_the_same_only_the_first_succeeds() {
    let server = TestServer::with_project().await;
    let path = "/api/projects/p/shots/a";
    let seen = server.put(path, &json!({"name": "A"})).await.expect(201).header("etag").to_owned();
    let write = |name: &str| {
        let request = server.request(Method::PATCH, path).json(&json!({"name": name}));
        server.send(request.header("if-match", seen.clone()))
    };
    let (ada, bob) = tokio::join!(write("by Ada"), write("by Bob"));
    let (winner, loser) = if ada.status == 200 { (ada, bob) } else { (bob, ada) };
    loser.refused(412, "precondition-failed");
    let now = winner.expect(200);
    assert_eq!(server.get(path).await.json()["name"], now.json()["name"]);
    for (method, tag, status) in [
        (Method::PUT, seen.as_str(), 412),
        (Method::DELETE, seen.as_str(), 412),
        (Method::PUT, "\"x\", \"y\"", 412),
        (Method::PUT, now.header("etag"), 200),
        (Method::PUT, "*", 200),
    ] {
        let request = server.request(method.clone(), path).json(&now.json()).header("if-match", tag);
        server.send(request).await.expect(status);
    }
    // What is not there matches nothing.
    let request = server.request(Method::PUT, "/api/projects/p/shots/b").json(&json!({"name": "B"}));
    server.send(request.header("if-match", "*")).await.refused(412, "precondition-failed");
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
