//! JSON that is too deep, too long, too much, or compressed.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    support::{Answer, TestServer},
    webhooks,
};

/// The addresses that take JSON, with the verbs for which they take it.
const TAKE_JSON: [(Method, &str); 9] = [
    (Method::PUT, "/api/projects/p/shots/a"),
    (Method::PATCH, "/api/projects/p/shots/a"),
    (Method::PUT, "/api/projects/p/shots"),
    (Method::POST, "/api/projects/p/shots"),
    (Method::PUT, "/api/projects/p/snapshot"),
    (Method::PUT, "/api/projects/p/casting"),
    (Method::PUT, "/api/context"),
    (Method::POST, "/api/batch"),
    (Method::POST, "/api/projects/p/task-counts"),
];

async fn send(
    server: &TestServer,
    method: &Method,
    path: &str,
    media_type: &str,
    body: impl Into<reqwest::Body>,
) -> Answer {
    server.send(server.request(method.clone(), path).header("content-type", media_type).body(body)).await
}

async fn send_json(server: &TestServer, method: &Method, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    send(server, method, path, "application/json", body).await
}

/// Lists in each other, so deep.
fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

#[tokio::test]
async fn what_is_nested_without_an_end_is_refused_wherever_json_is_taken() {
    let server = webhooks::open().await;
    let before = server.revision().await;
    let objects = "{\"data\":".repeat(50_000);
    for (method, path) in TAKE_JSON {
        for body in [nested(200), nested(200_000), objects.clone(), "[".repeat(200_000)] {
            let answer = send_json(&server, &method, path, body).await.refused(400, "bad-request");
            assert!(answer.text.contains("recursion limit"), "{}", answer.text);
        }
    }
    let answer = send(&server, &Method::POST, "/api/batch", "application/x-ndjson", nested(200_000)).await;
    answer.refused(400, "bad-request");
    assert_eq!(server.revision().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_that_nobody_can_read_are_refused_and_those_that_a_mapping_cannot_fail_alone() {
    let server = webhooks::open().await;
    for body in [nested(129), nested(1_000_000), "{\"a\":[1e999999]}".to_owned(), "\"\\ud800\"".to_owned()] {
        for path in ["open", "open/dry-run"] {
            server.send(server.delivery(path, body.clone())).await.refused(400, "bad-request");
        }
    }
    let sent = server.send(server.delivery("open", nested(126))).await.expect(202);
    let failed = server.settled("open", sent.json()["delivery"].as_i64().unwrap()).await;
    assert_eq!(failed["status"], "failed", "{}", failed["result"]);
    server.told(&json!({"op": "put", "kind": "users", "id": "ada", "value": {"name": "Ada"}})).await;
}

#[tokio::test]
async fn data_is_nested_so_deep_that_it_can_be_read_again_from_everything_that_is_made_of_it() {
    let server = TestServer::with_project().await;
    let shot = |depth: usize| format!("{{\"name\": \"A\", \"data\": {{\"x\": {}}}}}", nested(depth));
    let too_deep = send_json(&server, &Method::PUT, "/api/projects/p/shots/a", shot(100)).await.refused(422, "invalid");
    assert_eq!(too_deep.pointers(), ["/data"]);
    send_json(&server, &Method::PUT, "/api/projects/p/shots/a", shot(99)).await.expect(201);
    let patch = format!("{{\"data\": {{\"y\": {}}}}}", nested(100));
    send_json(&server, &Method::PATCH, "/api/projects/p/shots/a", patch).await.refused(422, "invalid");
    server.rendered().await;
    let snapshot = server.get("/api/projects/p/snapshot").await.expect(200).text;
    let answer = send_json(&server, &Method::PUT, "/api/projects/p/snapshot", snapshot).await.expect(200).json();
    assert_eq!((&answer["updated"], &answer["created"]), (&json!(0), &json!(0)));
    let shots = server.get("/data/projects/p/shots.json").await;
    // It has no frames, so that it is not in the tree; with some, it is.
    assert_eq!(shots.expect(200).json(), json!([]));
    let frames = json!({"data": {"frame_in": 1, "frame_out": 2}});
    server.patch("/api/projects/p/shots/a", &frames).await.expect(200);
    server.rendered().await;
    let tree = server.get("/data/projects/p/shots.json").await.expect(200).text;
    let answer = send_json(&server, &Method::PUT, "/api/projects/p/shots", tree).await.expect(200).json();
    assert_eq!((&answer["created"], &answer["deleted"]), (&json!(0), &json!(0)), "{answer}");
    assert_eq!(server.get("/api/projects/p/snapshot").await.text.matches(&nested(99)).count(), 1);
}

#[tokio::test]
async fn numbers_that_are_none_any_more_are_refused_with_their_place() {
    let server = TestServer::with_project().await;
    let shot = |number: &str| format!("{{\"name\": \"A\", \"data\": {{\"frame_in\": {number}, \"frame_out\": 9}}}}");
    let path = "/api/projects/p/shots/a";
    for beyond in ["1e999999", "-1e999999", "1e400", &"9".repeat(400), &format!("{}.5", "1".repeat(4000))] {
        let answer = send_json(&server, &Method::PUT, path, shot(beyond)).await.refused(400, "bad-request");
        assert!(answer.text.contains("number out of range"), "{}", answer.text);
    }
    let text = format!("\"{}\"", "9".repeat(400));
    for large in ["1e300", &"9".repeat(300), &text, "\"1e9\"", "\"Infinity\"", "-9007199254740994"] {
        let answer = send_json(&server, &Method::PUT, path, shot(large)).await.refused(422, "invalid");
        assert_eq!(answer.pointers(), ["/data/frame_in"]);
        assert!(answer.text.len() < 1000, "{}", answer.text);
    }
    send_json(&server, &Method::PUT, path, shot("1e-999999")).await.expect(201);
    assert_eq!(server.get(path).await.json()["startFrame"], 0);
}

#[tokio::test]
async fn a_hundred_thousand_keys_and_a_long_text_come_back_as_they_were() {
    let server = TestServer::with_project().await;
    let keys = (0..100_000).map(|n| (format!("key {n}"), json!(n)));
    let data: serde_json::Map<String, Value> = keys.chain([("long".to_owned(), "é".repeat(1 << 20).into())]).collect();
    server.put("/api/projects/p/shots/a", &json!({"name": "A", "data": data})).await.expect(201);
    let shot = server.get("/api/projects/p/shots/a").await.expect(200).json();
    assert!(shot["data"] == json!(data), "it is another");
    // As fast as they came, they go.
    let none: serde_json::Map<String, Value> = data.keys().map(|key| (key.clone(), Value::Null)).collect();
    let shot = server.patch("/api/projects/p/shots/a", &json!({"data": none})).await.expect(200).json();
    assert_eq!(shot["data"], json!({}));
    // Other texts have a length, and the answer does not repeat them.
    let answer = server.put("/api/users/ada", &json!({"name": "x".repeat(1 << 20)})).await.refused(422, "invalid");
    assert!(answer.text.len() < 1000);
}

#[tokio::test]
async fn lines_without_anything_in_them_are_nothing() {
    let server = TestServer::start().await;
    for lines in ["\n".repeat(1_000_000), "\r\n \t\n".repeat(200_000)] {
        let answer = send(&server, &Method::POST, "/api/batch", "application/x-ndjson", lines).await.expect(200).json();
        assert_eq!((&answer["created"], &answer["unchanged"]), (&json!(0), &json!(0)));
    }
}

#[tokio::test]
async fn more_changes_than_there_is_memory_for_are_refused_before_they_are_read() {
    let server = TestServer::start().await;
    let change = "{\"op\":\"delete\",\"kind\":\"users\",\"id\":\"a\"}\n";
    let lines = change.repeat(1_000_000);
    let answer = send(&server, &Method::POST, "/api/batch", "application/x-ndjson", lines).await;
    let answer = answer.refused(413, "too-large");
    assert!(answer.text.contains("MiB of memory") && answer.text.contains("send it in parts"), "{}", answer.text);
    let lines = change.repeat(10_000);
    send(&server, &Method::POST, "/api/batch", "application/x-ndjson", lines).await.expect(200);
    // So is whatever else comes to more than there is.
    for body in [format!("[{}]", ["{}"; 300_000].join(",")), format!("[{}]", ["[0]"; 1_500_000].join(","))] {
        send_json(&server, &Method::PUT, "/api/users", body).await.refused(413, "too-large");
    }
}

#[tokio::test]
async fn compressed_bodies_are_refused_by_their_header() {
    let server = webhooks::open().await;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&vec![b' '; 10 << 20]).unwrap();
    let bomb = gzip.finish().unwrap();
    let more = [(Method::POST, "/api/webhooks/open"), (Method::POST, "/api/webhooks/open/dry-run")];
    for (method, path) in TAKE_JSON.into_iter().chain(more) {
        for coding in ["gzip", "deflate", "br", "identity, gzip", "GZIP"] {
            let request = server.request(method.clone(), path).header("content-type", "application/json");
            let request = request.header("content-encoding", coding).body(bomb.clone());
            let answer = server.send(request).await.refused(415, "unsupported-media-type");
            assert!(answer.text.contains("as it is"), "{}", answer.text);
        }
    }
    let request = server.request(Method::PUT, "/api/users/ada").header("content-encoding", "identity");
    server.send(request.json(&json!({"name": "Ada"}))).await.expect(201);
}

#[tokio::test]
async fn what_is_too_long_in_an_address_or_a_header_is_refused_or_passed_over() {
    let server = TestServer::with_project().await;
    for length in [129, 10_000, 60_000] {
        let id = "x".repeat(length);
        for path in [format!("/api/users/{id}"), format!("/api/projects/{id}/shots/{id}"), format!("/data/{id}")] {
            let (status, body) = server.raw(&format!("GET {path} HTTP/1.1"), "").await;
            assert!((400..500).contains(&status), "{status}");
            assert!(!path.starts_with("/api/") || body.len() < 1000, "{body}");
        }
    }
    let long = "x".repeat(20_000);
    let request = |name: &str, value: &str| {
        let request = server.request(Method::PUT, "/api/users/ada").body("{\"name\": \"Ada\"}");
        server.send(request.header(name, value))
    };
    request("idempotency-key", &long).await.refused(400, "bad-request");
    let answer = request("x-request-id", &long).await;
    assert!(answer.status.is_success() && answer.header("x-request-id").len() < 65);
    let tags = vec!["\"0123456789abcdef\""; 1000].join(", ");
    request("if-match", &tags).await.refused(412, "precondition-failed");
    request("content-type", &format!("text/{long}")).await.refused(415, "unsupported-media-type");
}
