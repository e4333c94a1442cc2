//! What events do: parts of entities, in any order, and what waits, fails, is tried again.

use serde_json::{Value, json};

use super::{OPEN, open, with};
use crate::support::{TestServer, until};

#[tokio::test]
async fn what_is_partial_is_merged_as_far_as_it_goes_and_completed_later() {
    let server = open().await;
    let event = |kind: &str, id: &str, value: Value, minute: u32| {
        json!({"op": "merge", "kind": kind, "project": "p", "id": id, "value": value,
               "at": format!("2026-01-01T10:{minute:02}:00Z")})
    };
    // A task before its shot, a status before the task says whose it is.
    let shown = server.told(&event("tasks", "t1", json!({"task_status_id": "wip"}), 1)).await;
    let warnings = shown["result"]["warnings"].to_string();
    assert!(warnings.contains("incomplete: what the task t1 is work on has not come yet"), "{warnings}");
    let shown = server.told(&event("shots", "s1", json!({}), 2)).await;
    let warnings = shown["result"]["warnings"].to_string();
    assert!(warnings.contains("incomplete: the shot s1 has no name yet"), "{warnings}");
    let problems = server.get("/api/projects/p/problems").await.json();
    let kinds: Vec<_> = problems.as_array().unwrap().iter().map(|one| one["problem"].as_str().unwrap()).collect();
    assert!(
        kinds.contains(&"no-name") && kinds.contains(&"no-range") && kinds.contains(&"incomplete-task"),
        "{kinds:?}"
    );
    server.told(&event("shots", "s1", json!({"name": "0010", "data": {"frame_in": 0}}), 3)).await;
    server.told(&event("shots", "s1", json!({"data": {"frame_out": 24}}), 4)).await;
    server.told(&event("tasks", "t1", json!({"shot_id": "s1", "task_type_id": "anim"}), 5)).await;
    server
        .put(
            "/api/context",
            &json!({"task_types": [{"id": "anim", "name": "Animation", "for_shots": true}],
        "task_statuses": [{"id": "wip", "name": "In Progress"}]}),
        )
        .await
        .expect(200);
    server.rendered().await;
    let shots = server.tree("projects/p/shots.json").await;
    assert_eq!(shots[0]["name"], "0010");
    assert_eq!(shots[0]["tasks"][0]["task_status_id"], "wip");
}

#[tokio::test]
async fn members_may_come_before_what_they_are_members_of() {
    let server = open().await;
    let change = |op: &str, kind: &str, id: &str, value: Value| json!({"op": op, "kind": kind, "project": "p", "id": id, "value": value});
    server.told(&change("add", "casting", "s1", json!({"asset_ids": ["bird"]}))).await;
    server.told(&change("add", "tasks", "t1", json!({"assignees": ["ada"]}))).await;
    server.told(&change("remove", "tasks", "t2", json!({"assignees": ["ada"]}))).await;
    assert_eq!(server.get("/api/projects/p/casting/s1").await.json()["asset_ids"], json!(["bird"]));
    assert_eq!(server.get("/api/projects/p/tasks/t1").await.json()["assignees"], json!(["ada"]));
    server.told(&json!({"op": "add", "kind": "projects", "id": "p", "value": {"team": ["ada"]}})).await;
    assert_eq!(server.get("/api/projects/p").await.json()["team"], json!(["ada"]));
}

#[tokio::test]
async fn the_earliest_event_says_where_in_its_list_something_is() {
    let server = open().await;
    server.put("/api/projects/p/shots", &json!([{"id": "first", "name": "first"}])).await.expect(200);
    for (id, minute) in [("c", 30), ("b", 20), ("d", 40), ("a", 10), ("c", 15)] {
        let at = format!("2026-01-01T10:{minute}:00Z");
        let value = json!({"name": id, "data": {"seen": minute}});
        server.told(&json!({"op": "merge", "kind": "shots", "project": "p", "id": id, "value": value, "at": at})).await;
    }
    let shots = server.get("/api/projects/p/shots").await.json();
    let ids: Vec<_> = shots.as_array().unwrap().iter().map(|shot| shot["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, ["first", "a", "c", "b", "d"]);
    assert_eq!(shots[2]["data"]["seen"], 30, "of the values, the latest counts");
}

#[tokio::test]
async fn an_event_that_is_older_than_what_it_would_change_is_skipped_and_says_so() {
    let server = open().await;
    let event = |name: &str, hour: u32| {
        json!({"op": "merge", "kind": "shots", "project": "p", "id": "s1",
        "value": {"name": name}, "at": format!("2026-01-01T{hour:02}:00:00Z")})
    };
    server.told(&event("new", 12)).await;
    let shown = server.told(&event("old", 11)).await;
    assert_eq!(shown["result"]["unchanged"], 1);
    assert!(shown["result"]["warnings"][0]["detail"].as_str().unwrap().contains("skipped"), "{shown}");
    assert_eq!(server.get("/api/projects/p/shots/s1").await.json()["name"], "new");
}

#[tokio::test]
async fn deliveries_wait_for_their_project() {
    let server = open().await;
    let shot = json!({"op": "merge", "kind": "shots", "project": "q", "id": "s1", "value": {"name": "0010"}});
    let first = server.tell(&shot).await;
    let shown = server.settled("open", first).await;
    assert_eq!(shown["status"], "waiting");
    assert_eq!(shown["result"]["project"], "q");
    assert!(shown["result"]["detail"].as_str().unwrap().contains("as soon as there is"));
    server.get("/api/projects/q").await.refused(404, "not-found");
    server.put("/api/projects/q", &json!({"name": "Q"})).await.expect(201);
    let path = format!("/api/webhooks/open/deliveries/{first}");
    until("applied", async || (server.get(&path).await.json()["status"] == "applied").then_some(())).await;
    assert_eq!(server.get("/api/projects/q/shots/s1").await.expect(200).json()["name"], "0010");
}

#[tokio::test]
async fn a_project_that_nobody_pushed_is_passed_over_and_holds_nothing_up() {
    let server = open().await;
    let named = json!({"op": "merge", "kind": "projects", "id": "secret", "value": {"name": "Secret Pitch"}});
    let joined = json!({"op": "add", "kind": "projects", "id": "secret", "value": {"team": ["ada"]}});
    let left = json!({"op": "remove", "kind": "projects", "id": "other", "value": {"team": ["ada"]}});
    let person = json!({"op": "merge", "kind": "users", "id": "ada", "value": {"name": "Ada"}});
    let shown = server.told(&json!([named, joined, left, person])).await;
    let warnings = shown["result"]["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 2, "{shown}");
    assert!(warnings[0]["detail"].as_str().unwrap().contains("project secret: skipped, it is not here"), "{shown}");
    server.get("/api/projects/secret").await.refused(404, "not-found");
    assert_eq!(server.get("/api/users/ada").await.expect(200).json()["name"], "Ada");
    server.rendered().await;
    assert!(!server.site().join("data/projects/secret").exists());
    // Who gives all of a project makes it.
    server.told(&json!({"op": "put", "kind": "projects", "id": "secret", "value": {"name": "Pitch"}})).await;
    server.told(&joined).await;
    assert_eq!(server.get("/api/projects/secret").await.expect(200).json()["team"], json!(["ada"]));
}

#[tokio::test]
async fn a_delivery_of_several_projects_is_applied_to_those_that_are_here() {
    let server = open().await;
    let shot = |project: &str| json!({"op": "put", "kind": "shots", "project": project, "id": "s1", "value": {"name": "0010", "tasks": [{"id": "t"}]}});
    let both = json!([shot("secret"), shot("p"), shot("other")]);
    let tried = server.post("/api/webhooks/open/dry-run", &both).await.expect(200).json();
    assert_eq!((&tried["status"], &tried["outcome"]["created"]), (&json!("applied"), &json!(2)), "{tried}");
    let shown = server.told(&both).await;
    let warning = shown["result"]["warnings"].as_array().unwrap();
    let passed = warning.iter().find(|one| one["detail"].as_str().unwrap().contains("there is no project secret"));
    assert_eq!(passed.unwrap()["pointer"], "/changes/0/value", "{shown}");
    server.get("/api/projects/p/shots/s1").await.expect(200);
    server.get("/api/projects/secret/shots").await.refused(404, "not-found");
    // What is of one project alone waits for it.
    let waiting = server
        .tell(&json!([shot("secret"), {"op": "merge", "kind": "users", "id": "ada", "value": {"name": "Ada"}}]))
        .await;
    assert_eq!(server.settled("open", waiting).await["status"], "waiting");
}

#[tokio::test]
async fn what_takes_away_waits_for_its_project_like_what_came_before_it() {
    let server = open().await;
    let shot = json!({"op": "merge", "kind": "shots", "project": "q", "id": "s1", "value": {"name": "0010"}});
    let gone = json!({"op": "delete", "kind": "shots", "project": "q", "id": "s1"});
    let deliveries = [server.tell(&shot).await, server.tell(&gone).await];
    for delivery in deliveries {
        assert_eq!(server.settled("open", delivery).await["status"], "waiting");
    }
    server.put("/api/projects/q", &json!({"name": "Q"})).await.expect(201);
    for delivery in deliveries {
        let path = format!("/api/webhooks/open/deliveries/{delivery}");
        until("applied", async || (server.get(&path).await.json()["status"] == "applied").then_some(())).await;
    }
    assert_eq!(server.get("/api/projects/q/shots").await.json(), json!([]));
}

#[tokio::test]
async fn of_very_many_faults_the_first_are_kept_and_all_are_counted() {
    let server = open().await;
    let wrong = json!({"op": "mend", "kind": "shots", "project": "p", "id": "s1"});
    let delivery = server.tell(&json!(vec![wrong; 250])).await;
    let shown = server.settled("open", delivery).await;
    assert_eq!(shown["status"], "failed");
    assert_eq!(shown["result"]["errors"].as_array().unwrap().len(), 100);
    let detail = shown["result"]["detail"].as_str().unwrap();
    assert!(detail.ends_with("in 250 places, of which the first 100 are kept"), "{detail}");
}

#[tokio::test]
async fn what_fails_says_why_and_is_applied_once_that_is_mended() {
    let mut server = open().await;
    let wrong = server.tell(&json!([{"op": "merge", "kind": "shots", "project": "p", "id": "s1", "value": {"data": {"frame_in": "soon"}}},
        {"op": "mend", "kind": "shots", "project": "p", "id": "s1"}])).await;
    let shown = server.settled("open", wrong).await;
    assert_eq!(shown["status"], "failed");
    assert_eq!(shown["result"]["stage"], "changes");
    let pointers: Vec<_> =
        shown["result"]["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
    assert_eq!(pointers, ["/changes/0/value/data/frame_in", "/changes/1/op"]);
    // Applied once more, it fails once more.
    let again = server.replay("open", wrong).await.expect(200).json();
    assert_eq!((&again["status"], &again["attempts"]), (&json!("failed"), &json!(2)));
    let failed = server.get("/api/webhooks/open/deliveries?status=failed").await.json();
    assert_eq!(failed.as_array().unwrap().len(), 1);
    // The mapping is mended.
    let mended = OPEN.replace(
        "mapping = \"changes\"",
        "filter = '{op: \"merge\", kind: \"users\", id: \"ada\", value: {name: \"Ada\"}}'",
    );
    server.restart_with(with(&mended)).await;
    let replayed = server.post("/api/webhooks/open/replay", &Value::Null).await.expect(202).json();
    assert_eq!(replayed, json!({"replayed": 1}));
    let shown = server.settled("open", wrong).await;
    assert_eq!((&shown["status"], &shown["attempts"]), (&json!("applied"), &json!(3)));
    server.get("/api/users/ada").await.expect(200);
}

#[tokio::test]
async fn a_delivery_is_applied_whole_or_not_at_all() {
    let server = open().await;
    let sound = json!({"op": "merge", "kind": "shots", "project": "p", "id": "s1", "value": {"name": "0010"}});
    let wrong = json!({"op": "put", "kind": "shots", "project": "p", "id": "s2", "value": {}});
    let delivery = server.tell(&json!({"changes": [sound, wrong]})).await;
    assert_eq!(server.settled("open", delivery).await["status"], "failed");
    assert_eq!(server.get("/api/projects/p/shots").await.json(), json!([]));
}

#[tokio::test]
async fn deliveries_are_listed_in_pages_the_latest_first() {
    let server = open().await;
    for number in 1..=5 {
        assert_eq!(server.tell(&json!([])).await, number);
    }
    server.settled("open", 5).await;
    let page = server.get("/api/webhooks/open/deliveries?limit=2&status=ignored").await.expect(200);
    let ids = |answer: &crate::support::Answer| -> Vec<i64> {
        answer.json().as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(&page), [5, 4]);
    let next = page.header("link").strip_prefix('<').unwrap().split('>').next().unwrap().to_owned();
    let page = server.get(&format!("/api/webhooks/open/deliveries{next}")).await.expect(200);
    assert_eq!(ids(&page), [3, 2]);
    assert!(page.json()[0].get("body").is_none());
    for wrong in ["?limit=0", "?limit=x", "?status=lost", "?before=x", "?colour=red"] {
        server.get(&format!("/api/webhooks/open/deliveries{wrong}")).await.refused(400, "bad-request");
    }
    server.get("/api/webhooks/elsewhere/deliveries").await.refused(404, "not-found");
    server.get("/api/webhooks/open/deliveries/99").await.refused(404, "not-found");
    server.get("/api/webhooks/open/deliveries/x").await.refused(404, "not-found");
}

#[tokio::test]
async fn a_trial_says_what_would_be_done_and_does_nothing() {
    let server = open().await;
    let body = json!({"op": "merge", "kind": "shots", "project": "p", "id": "s1", "value": {"name": "0010"}});
    let tried = server.post("/api/webhooks/open/dry-run", &body).await.expect(200).json();
    assert_eq!(tried["status"], "applied");
    assert_eq!(tried["changes"], json!([body]));
    assert_eq!(tried["outcome"]["created"], 1);
    let wrong =
        json!({"op": "merge", "kind": "shots", "project": "p", "id": "s1", "value": {"name": 7, "fps": "many"}});
    let tried = server.post("/api/webhooks/open/dry-run", &wrong).await.expect(200).json();
    assert_eq!((&tried["status"], &tried["outcome"]), (&json!("failed"), &Value::Null));
    assert!(!tried["errors"].as_array().unwrap().is_empty(), "{tried}");
    let elsewhere = json!({"op": "merge", "kind": "shots", "project": "q", "id": "s1", "value": {}});
    let tried = server.post("/api/webhooks/open/dry-run", &elsewhere).await.expect(200).json();
    assert_eq!(tried["status"], "waiting");
    let nothing = server.post("/api/webhooks/open/dry-run", &json!([])).await.expect(200).json();
    assert_eq!((&nothing["status"], &nothing["problem"]), (&json!("ignored"), &Value::Null));
    assert_eq!(server.get("/api/projects/p/shots").await.json(), json!([]));
    assert_eq!(server.get("/api/webhooks/open/deliveries").await.json(), json!([]));
}

#[tokio::test]
async fn what_was_kept_long_enough_is_forgotten_and_what_waits_is_no_exception() {
    let mut server = TestServer::start_with(|options| {
        with(OPEN)(options);
        options.deliveries.keep_days = 2;
    })
    .await;
    let wait = json!({"op": "merge", "kind": "shots", "project": "p", "id": "s1", "value": {}});
    let old = [json!([]), wait.clone()];
    for delivery in &old {
        let delivery = server.tell(delivery).await;
        server.settled("open", delivery).await;
    }
    server.pass(86_400);
    let [waiting, new] = [server.tell(&wait).await, server.tell(&json!([])).await];
    assert_eq!(server.settled("open", waiting).await["status"], "waiting");
    server.settled("open", new).await;
    server.pass(86_400 + 1);
    // It is tidied at the start.
    server.restart().await;
    let shown = async |delivery: i64| server.get(&format!("/api/webhooks/open/deliveries/{delivery}")).await;
    until("the old ones are gone", async || (shown(2).await.status == 404).then_some(())).await;
    shown(1).await.refused(404, "not-found");
    assert_eq!(shown(waiting).await.expect(200).json()["status"], "waiting");
    assert_eq!(shown(new).await.expect(200).json()["is_kept"], true);
    server.restart_with(|options| options.deliveries.keep_mib = 0).await;
    let shown = async |delivery: i64| server.get(&format!("/api/webhooks/open/deliveries/{delivery}")).await.json();
    let is_gone = async || Some(shown(new).await).filter(|shown| shown["is_kept"] == false);
    assert_eq!(until("the bodies are gone", is_gone).await.get("body"), None);
    server.replay("open", new).await.refused(422, "invalid");
    let given_up = shown(waiting).await;
    assert_eq!((&given_up["status"], &given_up["is_kept"]), (&json!("failed"), &json!(false)));
    assert_eq!(given_up["result"]["detail"], "project p did not come before others needed the room");
}

#[tokio::test]
async fn what_waits_leaves_others_their_room() {
    let mut server = TestServer::start_with(|options| {
        with(OPEN)(options);
        options.deliveries.keep_mib = 1;
    })
    .await;
    server.put("/api/projects/p", &json!({"name": "P"})).await.expect(201);
    let of = |project: &str, id: u32| {
        json!({"op": "merge", "kind": "shots", "project": project, "id": id.to_string(),
        "value": {"note": "x".repeat(100 << 10)}})
    };
    let known = server.tell(&of("p", 0)).await;
    for id in 1..20 {
        server.tell(&of("q", id)).await;
    }
    let last = server.tell(&of("p", 20)).await;
    server.settled("open", last).await;
    server.restart().await;
    let sources = until("some are given up", async || {
        let sources = server.get("/api/webhooks").await.json();
        sources[0]["deliveries"].get("failed").is_some().then_some(sources)
    });
    assert_eq!(sources.await[0]["deliveries"], json!({"applied": 2, "failed": 14, "waiting": 5}));
    let shown = server.get(&format!("/api/webhooks/open/deliveries/{known}")).await.json();
    assert_eq!(shown["is_kept"], true, "what can be looked at is not pushed out");
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let mut server = open().await;
    for number in 0..200 {
        let value = json!({"name": format!("{number}")});
        server
            .tell(&json!({"op": "merge", "kind": "shots", "project": "p", "id": format!("s{number}"), "value": value}))
            .await;
    }
    server.restart().await;
    server.settled("open", 200).await;
    assert_eq!(server.get("/api/projects/p/shots").await.json().as_array().unwrap().len(), 200);
}
