//! What is taken, but cannot be shown or is probably wrong: reported, with how to mend it.

mod limits;
mod since;
mod studio;
mod timeline;

use serde_json::{Value, json};

use crate::support::TestServer;

/// A problem as it was answered.
#[derive(Debug, PartialEq)]
pub struct Found {
    problem: String,
    severity: String,
    kind: String,
    id: String,
    name: String,
    other: Option<String>,
    detail: String,
    since: String,
}

impl Found {
    fn of(found: &Value) -> Self {
        let word = |field: &str| found[field].as_str().unwrap().to_owned();
        assert!(!word("detail").is_empty() && !word("mend").is_empty(), "{found}");
        let other = found["other"].as_object();
        let other = other.map(|other| format!("{}/{}", other["kind"].as_str().unwrap(), other["id"].as_str().unwrap()));
        let [problem, severity, kind] = ["problem", "severity", "kind"].map(word);
        let [id, name, detail, since] = ["id", "name", "detail", "since"].map(word);
        Self { problem, severity, kind, id, name, other, detail, since }
    }

    /// What it is and of what: `gap shots/b B, shots/a`.
    fn named(&self) -> String {
        let other = self.other.as_ref().map_or_else(String::new, |other| format!(", {other}"));
        format!("{} {}/{} {}{other}", self.problem, self.kind, self.id, self.name)
    }
}

/// What is wrong with the project `p`.
pub async fn found_in(server: &TestServer, query: &str) -> Vec<Found> {
    let found = server.get(&format!("/api/projects/p/problems{query}")).await.expect(200).json();
    found.as_array().unwrap().iter().map(Found::of).collect()
}

#[tokio::test]
async fn what_refers_to_nothing_is_taken_reported_and_mended_by_sending_it() {
    let server = TestServer::start().await;
    let project = json!({
        "name": "P", "asset_types": ["at"], "task_types": ["tt"], "task_statuses": ["ts"], "team": ["ada"],
        "episodes": [{"id": "e1", "name": "E1", "sequences": ["s1"]}],
        "sequences": [{"id": "s2", "name": "S2", "episode_id": "e2"}],
        "shots": [{"id": "a", "name": "A", "data": {"frame_in": 0, "frame_out": 10}, "sequence_id": "s3", "tasks": [
            {"id": "t", "task_type_id": "tt2", "task_status_id": "ts2", "assignees": ["bob"]}, {"id": "u"}]}],
        "assets": [{"id": "x", "name": "X", "asset_type_id": "at2"}],
        "casting": [{"shot_id": "b", "asset_ids": ["y"]}],
        "edits": [{"id": "cut", "episode_id": "e3"}],
    });
    server.put("/api/projects/p/snapshot", &project).await.expect(200);
    let problems = async |kind: &str| -> Vec<String> {
        let found = server.get("/api/projects/p/problems").await.expect(200).json();
        let of_kind = found.as_array().unwrap().iter().filter(|found| found["problem"] == kind).cloned();
        let named = of_kind.map(|found| {
            let missing = found["detail"].as_str().unwrap().trim_start_matches("it refers to the ");
            assert!(!found["mend"].as_str().unwrap().is_empty());
            format!(
                "{}/{} {}",
                found["kind"].as_str().unwrap(),
                found["id"].as_str().unwrap(),
                missing.split(',').next().unwrap()
            )
        });
        named.collect()
    };
    let mut dangling = problems("dangling-reference").await;
    dangling.sort();
    let expected = [
        "assets/x asset-type at2",
        "casting/b asset y",
        "casting/b shot b",
        "edits/cut episode e3",
        "episodes/e1 sequence s1",
        "projects/p asset-type at",
        "projects/p task-status ts",
        "projects/p task-type tt",
        "projects/p user ada",
        "sequences/s2 episode e2",
        "shots/a sequence s3",
        "tasks/t task-status ts2",
        "tasks/t task-type tt2",
        "tasks/t user bob",
    ];
    assert_eq!(dangling, expected);
    assert_eq!(problems("incomplete-task").await.len(), 1);
    // The page gets no casting of shots that it does not have.
    server.rendered().await;
    assert_eq!(server.tree("projects/p/casting.json").await, json!([]));

    let named = |ids: &[&str]| -> Value { ids.iter().map(|id| json!({"id": id, "name": id})).collect() };
    server
        .put(
            "/api/context",
            &json!({"users": named(&["ada", "bob"]), "asset_types": named(&["at", "at2"]),
        "task_types": named(&["tt", "tt2"]), "task_statuses": named(&["ts", "ts2"])}),
        )
        .await
        .expect(200);
    for (list, missing) in
        [("episodes", vec!["e2", "e3"]), ("sequences", vec!["s1", "s3"]), ("shots", vec!["b"]), ("assets", vec!["y"])]
    {
        server.post(&format!("/api/projects/p/{list}"), &named(&missing)).await.expect(200);
    }
    assert_eq!(problems("dangling-reference").await, [""; 0]);
}

#[tokio::test]
async fn what_the_page_cannot_show_is_reported_and_no_more() {
    let server = TestServer::with_project().await;
    let problems = async || -> Vec<String> {
        let found = server.get("/api/projects/p/problems").await.expect(200).json();
        let named = found.as_array().unwrap().iter().map(|found| {
            let word = |field: &str| found[field].as_str().unwrap();
            format!("{} {}/{} {}", word("problem"), word("kind"), word("id"), word("name"))
        });
        named.collect()
    };
    assert_eq!(problems().await, [""; 0]);
    let sequences: Value = (1..=22).map(|n| json!({"id": format!("s{n}"), "name": format!("S{n}")})).collect();
    let snapshot = json!({
        "name": "P", "team": ["ada"], "thumbnailUrl": "https://elsewhere.example/p.png", "sequences": sequences,
        "shots": [{"id": "a", "name": "A", "data": {"frame_in": 0, "frame_out": 100}, "thumbnailUrl": "http://elsewhere.example/a.png"}],
        "assets": [{"id": "x", "name": "X", "thumbnailUrl": "/pictures/x.png"},
            {"id": "y", "name": "Y", "thumbnailUrl": "data/projects/p/previews/y.png"}],
        "edits": [{"id": "cut", "name": "Cut", "totalFrames": 99, "sourceName": "https://elsewhere.example/cut.mp4"}],
    });
    server.put("/api/projects/p/snapshot", &snapshot).await.expect(200);
    let user = json!({"name": "Ada", "has_avatar": true, "thumbnailUrl": "https://elsewhere.example/ada.png"});
    server.put("/api/users/ada", &user).await.expect(201);
    let expected = [
        "remote-media projects/p P",
        "remote-media users/ada Ada",
        "remote-media shots/a A",
        "missing-media assets/y Y",
        "too-many-sequences sequences/s22 S22",
        "remote-media edits/cut Cut",
        "shots-beyond-the-edit edits/cut Cut",
    ];
    assert_eq!(problems().await, expected);
    // What is canceled is not shown anyway.
    for address in ["shots/a", "assets/y", "sequences/s22", "edits/cut"] {
        server.patch(&format!("/api/projects/p/{address}"), &json!({"canceled": true})).await.expect(200);
    }
    assert_eq!(problems().await, expected[..2]);
}
