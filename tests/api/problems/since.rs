//! Since when problems are there: from when they were seen first until they are mended, also over a restart.

use serde_json::{Value, json};

use super::found_in;
use crate::support::TestServer;

async fn since(server: &TestServer) -> Vec<String> {
    found_in(server, "").await.into_iter().map(|found| format!("{} {}", found.id, found.since)).collect()
}

fn shots(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"id": id, "name": id})).collect()
}

#[tokio::test]
async fn a_problem_is_as_old_as_when_it_was_seen_first_also_after_a_restart_and_until_it_is_mended() {
    let mut server = TestServer::with_project().await;
    server.post("/api/projects/p/shots", &shots(&["a"])).await.expect(200);
    assert_eq!(since(&server).await, ["a 2026-01-01T00:00:00.000Z"]);
    server.pass(60);
    server.post("/api/projects/p/shots", &shots(&["a", "b"])).await.expect(200);
    let both = ["a 2026-01-01T00:00:00.000Z", "b 2026-01-01T00:01:00.000Z"];
    assert_eq!(since(&server).await, both);
    server.pass(3600);
    server.restart().await;
    assert_eq!(since(&server).await, both);
    // Other words, the same problem.
    server.patch("/api/projects/p/shots/a", &json!({"data": {"frame_in": 5}})).await.expect(200);
    assert_eq!(since(&server).await, both);
    let range = json!({"data": {"frame_in": 0, "frame_out": 24}});
    server.patch("/api/projects/p/shots/a", &range).await.expect(200);
    assert_eq!(since(&server).await, both[1..]);
    server.patch("/api/projects/p/shots/a", &json!({"data": null})).await.expect(200);
    assert_eq!(since(&server).await, ["a 2026-01-01T01:01:00.000Z", both[1]], "it is there anew");
}

#[tokio::test]
async fn what_nobody_asked_for_is_seen_and_kept_all_the_same() {
    let mut server = TestServer::with_project().await;
    server.post("/api/projects/p/shots", &shots(&["a", "b"])).await.expect(200);
    server.restart().await;
    server.pass(60);
    assert_eq!(since(&server).await, ["a 2026-01-01T00:00:00.000Z", "b 2026-01-01T00:00:00.000Z"]);
    // A project that goes takes its problems along.
    server.delete("/api/projects/p").await.expect(204);
    server.restart().await;
    server.pass(60);
    server.put("/api/projects/p", &json!({"name": "P"})).await.expect(201);
    server.post("/api/projects/p/shots", &shots(&["a"])).await.expect(200);
    assert_eq!(since(&server).await, ["a 2026-01-01T00:02:00.000Z"]);
}

#[tokio::test]
async fn all_projects_are_counted_by_kind_and_severity() {
    let server = TestServer::with_project().await;
    server.put("/api/projects/q", &json!({"name": "Q"})).await.expect(201);
    server.put("/api/projects/fine", &json!({"name": "Fine"})).await.expect(201);
    server.post("/api/projects/p/shots", &shots(&["a", "b"])).await.expect(200);
    server.get("/api/projects/p/problems").await.expect(200);
    server.pass(60);
    let gap = json!([{"id": "a", "name": "A", "data": {"frame_in": 0, "frame_out": 10}},
        {"id": "b", "name": "B", "data": {"frame_in": 20, "frame_out": 30}}]);
    server.post("/api/projects/q/shots", &gap).await.expect(200);
    let problems = server.get("/api/problems").await.expect(200).json();
    let expected = json!({
        "counts": {"error": 0, "warning": 2, "hint": 1},
        "studio": [],
        "projects": [
            {"project": "p", "name": "P", "count": 2, "worst": "warning", "by_problem": {"no-range": 2},
                "since": "2026-01-01T00:00:00.000Z"},
            {"project": "q", "name": "Q", "count": 1, "worst": "hint", "by_problem": {"gap": 1},
                "since": "2026-01-01T00:01:00.000Z"},
        ],
    });
    assert_eq!(problems, expected);
    let status = server.get("/api/status").await.expect(200).json();
    assert_eq!(status["problems"], expected["counts"]);
    server.get("/api/problems?project=p").await.refused(400, "bad-request");
}

#[tokio::test]
async fn problems_are_filtered_by_kind() {
    let server = TestServer::with_project().await;
    let mixed = json!([{"id": "a", "name": "A"}, {"id": "b", "name": "B", "data": {"frame_in": 9, "frame_out": 1}},
        {"id": "c", "name": "C", "sequence_id": "s", "data": {"frame_in": 0, "frame_out": 1}}]);
    server.post("/api/projects/p/shots", &mixed).await.expect(200);
    let kinds = async |query: &str| -> Vec<String> {
        found_in(&server, query).await.into_iter().map(|found| found.problem).collect()
    };
    assert_eq!(kinds("").await, ["no-range", "backwards-range", "dangling-reference"]);
    assert_eq!(kinds("?problem=backwards-range").await, ["backwards-range"]);
    assert_eq!(kinds("?problem=no-range,dangling-reference").await, ["no-range", "dangling-reference"]);
    let refused = server.get("/api/projects/p/problems?problem=no-rage").await.refused(400, "bad-request").json();
    assert!(refused["detail"].as_str().unwrap().contains("no-range"), "it says which there are: {refused}");
    server.get("/api/projects/p/problems?kind=shots").await.refused(400, "bad-request");
    server.get("/api/projects/nothing/problems").await.refused(404, "not-found");
}
