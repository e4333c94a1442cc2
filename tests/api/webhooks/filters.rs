//! Filters that do what they should not: the sender is answered, the server stays well, the delivery says what went wrong, and is
//! applied once the filter is mended.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{OPEN, with};
use crate::support::{TestServer, until};

/// A source with this filter, and another one beside it.
fn config(filter: &str) -> String {
    format!(
        "[[webhook]]\nname = \"odd\"\nverify = \"none\"\nfilter-seconds = 1\nfilter-mib = 64\nfilter = '''{filter}'''\n{OPEN}"
    )
}

/// What each delivery stands for, by the mended filter.
const MENDED: &str = r#"{op: "merge", kind: "users", id: "u\(.body.number)", value: {name: "user \(.body.number)"}}"#;

/// Sends deliveries through a filter; gives what became of each, and applies them all once the filter is mended.
async fn through(filter: &str, deliveries: i64) -> Vec<Value> {
    let mut server = TestServer::start_with(with(&config(filter))).await;
    for number in 1..=deliveries {
        let body = json!({"number": number}).to_string();
        let answer = server.send(server.delivery("odd", body)).await.expect(202).json();
        assert_eq!(answer["delivery"], number);
    }
    // Others are served meanwhile.
    server.get("/readyz").await.expect(200);
    let other = json!({"op": "merge", "kind": "users", "id": "other", "value": {"name": "Other"}});
    server.told(&other).await;
    let mut settled = Vec::new();
    for number in 1..=deliveries {
        settled.push(server.settled("odd", number).await);
    }
    let failed = settled.iter().filter(|delivery| delivery["status"] == "failed").count();
    server.restart_with(with(&config(MENDED))).await;
    let replayed = server.post("/api/webhooks/odd/replay", &Value::Null).await.expect(202).json();
    assert_eq!(replayed["replayed"], failed);
    for number in 1..=deliveries {
        let delivery = server.settled("odd", number).await;
        assert_eq!(delivery["status"], "applied", "{delivery}");
        server.get(&format!("/api/users/u{number}")).await.expect(200);
    }
    settled
}

/// Why a delivery failed, which is at the mapping.
#[track_caller]
fn reason(delivery: &Value) -> String {
    assert_eq!(delivery["status"], "failed", "{delivery}");
    assert_eq!(delivery["result"]["stage"], "mapping", "{delivery}");
    delivery["result"]["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_filter_that_loops_for_ever_is_stopped() {
    for delivery in through("def forever: forever; forever", 2).await {
        assert!(reason(&delivery).contains("longer than 1 s"), "{delivery}");
    }
}

#[tokio::test]
async fn a_filter_that_makes_a_gigabyte_is_stopped() {
    for delivery in through(r#"[range(100000000) | "more \(.)"]"#, 2).await {
        let reason = reason(&delivery);
        assert!(reason.contains("memory") || reason.contains("longer than 1 s"), "{reason}");
    }
}

#[tokio::test]
async fn a_filter_that_fails_on_every_second_event_does_no_harm_to_the_others() {
    let filter = format!("if .body.number % 2 == 0 then error(\"even: \\(.body.number)\") else {MENDED} end");
    let settled = through(&filter, 6).await;
    for (delivery, number) in settled.iter().zip(1..) {
        if number % 2 == 0 {
            assert!(reason(delivery).contains(&format!("even: {number}")), "{delivery}");
        } else {
            assert_eq!(delivery["status"], "applied", "{delivery}");
        }
    }
}

#[tokio::test]
async fn a_filter_cannot_read_the_environment() {
    for filter in ["env", "$ENV.PATH"] {
        for delivery in through(filter, 1).await {
            let reason = reason(&delivery);
            assert!(reason.contains("line 1"), "where it is: {reason}");
            assert!(!reason.contains("/bin"), "{reason}");
        }
    }
}

#[tokio::test]
async fn a_filter_that_does_not_compile_is_shown_with_its_place() {
    let settled = through("{op: \"merge\"\n  kind: }", 1).await;
    assert!(reason(&settled[0]).contains("line 2"), "{}", settled[0]);
    let server = TestServer::start_with(with(&config("nothing_of_the_kind"))).await;
    server.told(&json!({"op": "merge", "kind": "users", "id": "other", "value": {"name": "Other"}})).await;
    let odd = until("the fault is told", async || {
        let sources = server.get("/api/webhooks").await.expect(200).json();
        let odd = sources.as_array().unwrap().iter().find(|one| one["name"] == "odd").unwrap().clone();
        Some(odd).filter(|odd| !odd["fault"].is_null())
    });
    let odd = odd.await;
    assert!(odd["fault"].as_str().unwrap().contains("nothing_of_the_kind"), "{odd}");
}

#[tokio::test]
async fn a_delivery_at_which_the_process_always_ends_fails_and_the_next_one_is_applied() {
    // A library that the filter's language is made of fails at numbers that no clock has; in a build without checks it does not.
    let filter = "if .body.t then (.body.t | gmtime | empty) else .body end";
    let server = TestServer::start_with(with(&config(filter))).await;
    let send = async |body: Value| {
        let answer = server.send(server.delivery("odd", body.to_string())).await.expect(202);
        answer.json()["delivery"].as_i64().unwrap()
    };
    let fatal = send(json!({"t": i64::MAX})).await;
    let next = send(json!({"op": "merge", "kind": "users", "id": "ada", "value": {"name": "Ada"}})).await;
    assert_eq!(server.settled("odd", next).await["status"], "applied");
    let shown = server.settled("odd", fatal).await;
    if cfg!(debug_assertions) {
        assert_eq!(shown["status"], "failed", "{shown}");
        assert!(shown["result"]["detail"].as_str().unwrap().contains("ended unexpectedly"), "{shown}");
    }
}

#[tokio::test]
async fn two_deliveries_are_tried_at_a_time_and_one_more_is_told_to_come_again() {
    let filter = "if .body.loops then def forever: forever; forever else [] end";
    let config = config(filter).replace("filter-seconds = 1\n", "filter-seconds = 60\n");
    let server = Arc::new(TestServer::start_with(with(&config)).await);
    let path = "/api/webhooks/odd/dry-run";
    let (mut trials, loops) = (JoinSet::new(), json!({"loops": true}));
    for _ in 0..2 {
        let (server, loops) = (server.clone(), loops.clone());
        // It may find its place taken by one of those below, which look whether both have one.
        trials.spawn(async move { while server.post(path, &loops).await.status == 503 {} });
    }
    let look = async || Some(server.post(path, &json!({})).await).filter(|answer| answer.status != 200);
    let busy = until("both are being tried", look).await.refused(503, "unavailable");
    assert_eq!(busy.header("retry-after"), "1");
    // What comes by itself is not kept waiting.
    let other = json!({"op": "merge", "kind": "users", "id": "other", "value": {"name": "Other"}});
    server.told(&other).await;
    // Who goes away leaves the place to others.
    trials.shutdown().await;
    until("there is a place again", async || (server.post(path, &json!({})).await.status == 200).then_some(())).await;
}
