//! A token of one project: what it sees, and which changes it may make.

use reqwest::Method;
use serde_json::{Value, json};

use super::Holder;
use crate::support::TestServer;

/// A server with the projects p and q, each with a shot and a task, and the studio's lists.
async fn two_projects() -> TestServer {
    let server = TestServer::start().await;
    let context = json!({
        "users": [{"id": "ada", "name": "Ada"}],
        "task_types": [{"id": "anim", "name": "Animation", "for_shots": true}],
        "task_statuses": [{"id": "todo", "name": "Todo"}, {"id": "done", "name": "Done"}],
    });
    server.put("/api/context", &context).await.expect(200);
    for project in ["p", "q"] {
        let task = json!({"id": "a.anim", "task_type_id": "anim", "task_status_id": "todo"});
        let shot = json!({"id": "a", "name": "A", "data": {"frame_in": 0, "frame_out": 9}, "tasks": [task]});
        let snapshot = json!({"name": project, "shots": [shot]});
        server.put(&format!("/api/projects/{project}/snapshot"), &snapshot).await.expect(200);
    }
    server.rendered().await;
    server
}

async fn of_p<'a>(admin: &Holder<'a>) -> Holder<'a> {
    admin.make("p only", &json!({"rights": "write", "projects": ["p"]})).await
}

#[tokio::test]
async fn a_token_of_a_project_sees_that_one_and_what_all_share() {
    let server = two_projects().await;
    let admin = Holder::admin(&server).await;
    let of_p = of_p(&admin).await;
    let ids = |list: Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(admin.get("/api/projects").await.expect(200).json()), ["p", "q"]);
    for query in ["", "?limit=5", "?id=p,q", "?name="] {
        let listed = of_p.get(&format!("/api/projects{query}")).await.expect(200);
        assert!(!listed.text.contains("\"q\"") && listed.header("link").is_empty(), "{}", listed.text);
    }
    assert_eq!(ids(of_p.get("/api/projects?limit=1").await.json()), ["p"]);
    for path in [
        "/api/projects/p/snapshot",
        "/api/projects/p/problems",
        "/api/projects/p/task-counts",
        "/api/context",
        "/api/users/ada",
        "/data/projects/p/shots.json",
    ] {
        of_p.get(path).await.expect(200);
    }
    for path in [
        "/api/projects/q",
        "/api/projects/q/shots/a",
        "/api/projects/q/snapshot",
        "/api/projects/q/problems",
        "/data/projects/q/shots.json",
        "/data/projects/context.json",
        "/data/projects/p/%2e%2e/q/shots.json",
        "/data/projects/p%2f..%2fq/shots.json",
        "/data//projects/p/shots.json",
        "/data/projects/p",
        "/api/status",
        "/api/problems",
        "/metrics",
        "/",
    ] {
        let (status, body) = raw(&of_p, path).await;
        assert_eq!(status, 403, "{path}: {body}");
    }
    for path in ["/data/projects/p/../q/shots.json", "/data/projects/p/./../q/shots.json"] {
        assert_eq!(raw(&of_p, path).await.0, 403, "{path}");
    }
}

/// A request to the letter.
async fn raw(holder: &Holder<'_>, path: &str) -> (u16, String) {
    let head = format!("GET {path} HTTP/1.1\r\nauthorization: Bearer {}", holder.token);
    holder.server.raw(&head, "").await
}

#[tokio::test]
async fn every_change_that_is_not_allowed_is_named_and_none_is_made() {
    let server = two_projects().await;
    let admin = Holder::admin(&server).await;
    let of_p = of_p(&admin).await;
    let before = admin.get("/api/status").await.json()["revision"].clone();
    let shot =
        |project: &str| json!({"op": "merge", "kind": "shots", "project": project, "id": "a", "value": {"name": "B"}});
    let batch = json!({"changes": [
        shot("p"),
        shot("q"),
        {"op": "put", "kind": "users", "id": "eve", "value": {"name": "Eve"}},
        {"op": "delete", "kind": "projects", "id": "q"},
        {"op": "merge", "kind": "projects", "id": "p", "value": {"name": "P"}},
        {"op": "remove", "kind": "projects", "id": "q", "value": {"team": ["ada"]}},
        {"op": "put", "kind": "projects", "value": {"name": "Without an id"}},
    ]});
    for path in ["/api/batch", "/api/batch?dry_run=true", "/api/batch?wait=published"] {
        let answer = of_p.post(path, &batch).await.refused(403, "forbidden");
        let pointers = answer.pointers();
        assert_eq!(
            pointers,
            ["/changes/1/value", "/changes/2/value", "/changes/3", "/changes/5/value", "/changes/6/value"]
        );
        let first = answer.json()["errors"][0]["detail"].clone();
        let expected =
            "the shot a of the project q may not be changed: the token \"p only\" has write of the project p";
        assert_eq!(first, expected);
    }
    let lines = format!("{}\n{}\n", shot("p"), shot("q"));
    let request = server.request(Method::POST, "/api/batch").bearer_auth(&of_p.token);
    let answer = server.send(request.header("content-type", "application/x-ndjson").body(lines)).await;
    assert_eq!(answer.refused(403, "forbidden").pointers(), ["/1/value"]);
    // The people that the 1.0 page's files embed in a project are the studio's.
    let snapshot =
        json!({"name": "P", "team": [{"id": "ada", "name": "Eve"}], "task_types": [{"id": "anim", "name": "X"}]});
    let answer = of_p.put("/api/projects/p/snapshot", &snapshot).await.refused(403, "forbidden");
    assert_eq!(answer.pointers().len(), 2, "{}", answer.text);
    for (path, body) in [
        ("/api/projects", json!([{"id": "p", "name": "P"}, {"id": "q", "name": "Q"}])),
        ("/api/projects", json!({"id": "r", "name": "R"})),
        ("/api/projects", json!({"name": "Without an id"})),
        ("/api/users", json!([])),
        ("/api/render", Value::Null),
        ("/api/projects/q/render", Value::Null),
    ] {
        of_p.post(path, &body).await.refused(403, "forbidden");
    }
    for path in ["/api/projects", "/api/users", "/api/context"] {
        of_p.put(path, &json!([])).await.refused(403, "forbidden");
    }
    assert_eq!(admin.get("/api/status").await.json()["revision"], before);
}

#[tokio::test]
async fn a_token_of_a_project_writes_all_of_it() {
    let server = two_projects().await;
    let admin = Holder::admin(&server).await;
    let of_p = of_p(&admin).await;
    let snapshot = of_p.get("/api/projects/p/snapshot").await.expect(200).json();
    of_p.send(Method::DELETE, "/api/projects/p", &Value::Null).await.expect(204);
    of_p.put("/api/projects/p/snapshot?wait=published", &snapshot).await.expect(200);
    of_p.post("/api/projects", &json!({"id": "p", "name": "P"})).await.expect(200);
    of_p.post("/api/projects", &json!([{"id": "p", "name": "Q"}])).await.expect(200);
    of_p.send(Method::PATCH, "/api/projects/p", &json!({"fps": 25})).await.expect(200);
    let change =
        json!({"op": "merge", "kind": "tasks", "project": "p", "id": "a.anim", "value": {"assignees": ["ada"]}});
    of_p.post("/api/batch?wait=published", &json!({"changes": [change]})).await.expect(200);
    of_p.post("/api/projects/p/render", &Value::Null).await.expect(200);
    let shots = of_p.get("/data/projects/p/shots.json").await.expect(200).json();
    assert_eq!(shots[0]["tasks"][0]["assignees"], json!(["ada"]));
}

#[tokio::test]
async fn each_token_has_its_own_keys_for_repeated_requests() {
    let server = TestServer::with_project().await;
    let admin = Holder::admin(&server).await;
    let other = admin.make("other", &json!({"rights": "write"})).await;
    let post = |holder: &Holder<'_>, name: &str| {
        let request = server.request(Method::POST, "/api/users").bearer_auth(&holder.token);
        server.send(request.header("idempotency-key", "1").json(&json!({"name": name})))
    };
    let id = |answer: crate::support::Answer| answer.json()["id"].as_str().unwrap().to_owned();
    let first = id(post(&admin, "Ada").await.expect(201));
    assert_eq!(id(post(&admin, "Ada").await), first, "the same again");
    post(&admin, "Eve").await.refused(422, "idempotency-key-reused");
    let second = id(post(&other, "Eve").await.expect(201));
    assert_ne!(first, second);
    assert_eq!(id(post(&other, "Eve").await), second);
}
