//! Writes that would keep the writer busy: it takes one after the other, and everybody waits for it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestServer;

/// So many ids.
fn ids(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("u{n:05}")).collect()
}

fn batch(changes: &[Value]) -> Value {
    json!({"changes": changes})
}

#[tokio::test]
async fn a_list_has_ten_thousand_members_at_most_in_whatever_way_they_come() {
    let server = TestServer::with_project().await;
    let (full, more) = (ids(10_000), ids(10_001));
    let answer = server.patch("/api/projects/p", &json!({"team": more})).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/team"]);
    server.patch("/api/projects/p", &json!({"team": full})).await.expect(200);
    let add = |team: &[String]| json!({"op": "add", "kind": "projects", "id": "p", "value": {"team": team}});
    let answer = server.post("/api/batch", &batch(&[add(&more[10_000..])])).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/changes/0/value/team"]);
    // Who is in it already is no member more.
    let answer = server.post("/api/batch", &batch(&[add(&full)])).await.expect(200).json();
    assert_eq!(answer["unchanged"], 1);
    assert_eq!(server.get("/api/projects/p").await.json()["team"], json!(full));
}

#[tokio::test]
async fn members_are_added_and_removed_by_the_thousand_in_their_order() {
    let server = TestServer::with_project().await;
    let all = ids(9_000);
    let change = |op: &str, at: u32, team: Vec<&String>| {
        let at = format!("2026-01-01T00:00:{at:02}Z");
        json!({"op": op, "kind": "projects", "id": "p", "at": at, "value": {"team": team}})
    };
    let third = |rest: usize| all.iter().skip(rest).step_by(3).collect::<Vec<_>>();
    // Those of the second are there before those of the first, which came later; and nobody who left after that.
    let changes = [
        change("add", 30, third(0)),
        change("add", 10, third(1)),
        change("add", 10, third(2)),
        change("remove", 20, third(2)),
    ];
    server.post("/api/batch", &batch(&changes)).await.expect(200);
    let team = server.get("/api/projects/p").await.expect(200).json()["team"].take();
    assert!(team == json!([third(1), third(0)].concat()), "{team}");
    // A list of before that puts back who left since, or drops who came since, does neither.
    let old = json!({"op": "merge", "kind": "projects", "id": "p", "at": "2026-01-01T00:00:15Z", "value": {"team": third(2)}});
    server.post("/api/batch", &batch(&[old])).await.expect(200);
    let team = server.get("/api/projects/p").await.expect(200).json()["team"].take();
    assert!(team == json!(third(0)), "{team}");
}

#[tokio::test]
async fn changes_of_which_each_is_a_step_of_very_many_tasks_are_refused_and_leave_nothing() {
    let server = TestServer::with_project().await;
    let tasks: Vec<Value> =
        (0..5_000).map(|n| json!({"id": format!("t{n}"), "task_type_id": "anim", "task_status_id": "wip"})).collect();
    server.put("/api/projects/p/shots/s", &json!({"name": "S", "tasks": tasks})).await.expect(201);
    let before = (server.revision().await, server.get("/api/projects/p/snapshot").await.text);
    let toggle = |n: usize| {
        let at = format!("2026-01-01T00:{:02}:{:02}Z", n / 60, n % 60);
        json!({"op": "merge", "kind": "shots", "project": "p", "id": "s", "at": at, "value": {"canceled": n % 2 == 0}})
    };
    let changes: Vec<Value> = (0..300).map(toggle).collect();
    let answer = server.post("/api/batch", &batch(&changes)).await.refused(422, "invalid");
    assert!(answer.text.contains("send it in parts"), "{}", answer.text);
    assert_eq!((server.revision().await, server.get("/api/projects/p/snapshot").await.text), before);
    server.post("/api/batch", &batch(&changes[..3])).await.expect(200);
}

#[tokio::test]
async fn projects_that_do_not_exist_cost_nothing_however_many_are_named() {
    let server = TestServer::start().await;
    let lines: String = (0..10_000)
        .map(|n| format!("{{\"op\":\"delete\",\"kind\":\"shots\",\"project\":\"p{n}\",\"id\":\"a\"}}\n"))
        .collect();
    let request = server.request(Method::POST, "/api/batch").header("content-type", "application/x-ndjson");
    let answer = server.send(request.body(lines)).await.expect(200).json();
    assert_eq!(answer["unchanged"], 10_000);
    assert_eq!(server.get("/api/projects").await.json(), json!([]));
    // One that is deleted is like one that never was, and may come again.
    server.put("/api/projects/p1", &json!({"name": "P"})).await.expect(201);
    server.put("/api/projects/p1/shots/s", &json!({"name": "S"})).await.expect(201);
    server.delete("/api/projects/p1").await.expect(204);
    server.put("/api/projects/p1/shots/s", &json!({"name": "S"})).await.refused(404, "not-found");
    server.put("/api/projects/p1", &json!({"name": "P"})).await.expect(201);
    assert_eq!(server.get("/api/projects/p1/shots").await.json(), json!([]));
}
