//! What is taken, what is refused, and what came before.

use std::{io::Write, net::TcpStream};

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{OPEN, open, with};
use crate::support::{NEW_YEAR, TestServer, until};

const SECRET: &str = "a secret of the tests";
const OTHER: &str = "another secret of the tests";

/// A source whose sender signs id, time and body.
fn signed(secrets: &[&str]) -> String {
    format!(
        "[[webhook]]\nname = \"studio\"\nmapping = \"changes\"\nsecrets = {secrets:?}\n\
         verify = {{ hmac = \"sha256\", header = \"x-signature\", id-header = \"x-id\", timestamp-header = \"x-time\", \
         message = \"{{id}}.{{timestamp}}.{{body}}\" }}\n"
    )
}

/// A delivery to that source, signed with a secret at a time.
fn delivery(server: &TestServer, (id, time, body): (&str, i64, &str), secret: &str) -> RequestBuilder {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    let signature = mac.chain_update(format!("{id}.{time}.{body}")).finalize().into_bytes();
    let signature = signature.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
    let request = server.delivery("studio", body);
    request.header("x-id", id).header("x-time", time).header("x-signature", signature)
}

const NOW: i64 = NEW_YEAR / 1_000_000;
const BODY: &str = r#"{"op":"merge","kind":"users","id":"ada","value":{"name":"Ada"}}"#;

async fn count(server: &TestServer, source: &str) -> Value {
    let sources = server.get("/api/webhooks").await.expect(200).json();
    let found = sources.as_array().unwrap().iter().find(|one| one["name"] == source);
    found.unwrap()["since_start"].clone()
}

#[tokio::test]
async fn a_signed_delivery_is_stored_then_applied() {
    let server = TestServer::start_with(with(&signed(&[SECRET]))).await;
    let answer = server.send(delivery(&server, ("d-1", NOW, BODY), SECRET)).await.expect(202).json();
    assert_eq!(answer, json!({"delivery": 1, "duplicate": false}));
    let shown = server.settled("studio", 1).await;
    assert_eq!(shown["status"], "applied");
    assert_eq!(shown["delivery_id"], "d-1");
    assert_eq!(shown["result"]["created"], 1);
    assert_eq!(shown["body"], serde_json::from_str::<Value>(BODY).unwrap());
    assert_eq!(server.get("/api/users/ada").await.expect(200).json()["name"], "Ada");
    server.rendered().await;
    assert_eq!(server.tree("projects/context.json").await["users"][0]["full_name"], "Ada");
}

#[tokio::test]
async fn what_is_not_from_whom_it_says_leaves_nothing_but_a_note() {
    let server = TestServer::start_with(with(&signed(&[SECRET]))).await;
    let altered = delivery(&server, ("d-1", NOW, BODY), SECRET).body(BODY.replace("Ada", "Eve"));
    let without = server.delivery("studio", BODY).header("x-id", "d-1").header("x-time", NOW);
    let renamed = delivery(&server, ("d-1", NOW, BODY), SECRET).header("x-id", "d-2");
    let cases = [
        (delivery(&server, ("d-1", NOW, BODY), OTHER), "made with another secret"),
        (altered, "what was signed is not what came"),
        (delivery(&server, ("d-1", NOW - 301, BODY), SECRET), "301 seconds in the past"),
        (delivery(&server, ("d-1", NOW + 301, BODY), SECRET), "301 seconds in the future"),
        (without, "x-signature is missing"),
        (renamed, "x-id is there more than once"),
    ];
    let refused = cases.len();
    for (request, why) in cases {
        let answer = server.send(request).await.refused(401, "unauthorized");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(why), "{detail}");
        assert!(!answer.text.contains(SECRET));
    }
    assert_eq!(server.get("/api/webhooks/studio/deliveries").await.expect(200).json(), json!([]));
    assert_eq!(count(&server, "studio").await, json!({"received": 0, "duplicates": 0, "refused": refused}));
    let sources = server.get("/api/webhooks").await.json();
    assert_eq!(sources[0]["refusals"].as_array().unwrap().len(), refused);
    assert!(sources[0]["refusals"][0]["detail"].as_str().unwrap().contains("more than once"));
}

#[tokio::test]
async fn one_that_came_before_is_answered_and_not_applied_again() {
    let server = TestServer::start_with(with(&signed(&[SECRET]))).await;
    server.send(delivery(&server, ("d-1", NOW, BODY), SECRET)).await.expect(202);
    server.settled("studio", 1).await;
    server.patch("/api/users/ada", &json!({"name": "Ada Byron"})).await.expect(200);
    // A later attempt, signed anew.
    let again = server.send(delivery(&server, ("d-1", NOW + 60, BODY), SECRET)).await.expect(202).json();
    assert_eq!(again, json!({"delivery": 1, "duplicate": true}));
    let next = server.send(delivery(&server, ("d-2", NOW, r#"{"changes":[]}"#), SECRET)).await.expect(202).json();
    let number = next["delivery"].as_i64().unwrap();
    assert_eq!(server.settled("studio", number).await["status"], "ignored");
    assert_eq!(server.get("/api/users/ada").await.json()["name"], "Ada Byron");
    assert_eq!(count(&server, "studio").await, json!({"received": 2, "duplicates": 1, "refused": 0}));
}

#[tokio::test]
async fn the_same_at_once_from_many_is_one() {
    let server = TestServer::start_with(with(&signed(&[SECRET]))).await;
    let requests = (0..40).map(|_| server.send(delivery(&server, ("d-1", NOW, BODY), SECRET)));
    let answers = futures_util::future::join_all(requests).await;
    let answers: Vec<Value> = answers.into_iter().map(|answer| answer.expect(202).json()).collect();
    assert!(answers.iter().all(|answer| answer["delivery"] == 1), "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer["duplicate"] == false).count(), 1);
}

#[tokio::test]
async fn an_id_that_is_not_signed_does_not_make_a_copy_another_delivery() {
    let github = "[[webhook]]\nname = \"github\"\nverify = \"github\"\nsecrets = [\"a secret of the tests\"]\nmapping = \"changes\"\n";
    let server = TestServer::start_with(with(github)).await;
    let send = async |id: &str| {
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(BODY);
        let bytes = mac.finalize().into_bytes();
        let signature = bytes.iter().fold("sha256=".to_owned(), |digits, byte| digits + &format!("{byte:02x}"));
        let request = server.delivery("github", BODY).header("x-github-delivery", id);
        server.send(request.header("x-hub-signature-256", signature)).await.expect(202).json()
    };
    assert_eq!(send("a").await, json!({"delivery": 1, "duplicate": false}));
    assert_eq!(send("b").await, json!({"delivery": 1, "duplicate": true}), "someone who listened sends it once more");
}

#[tokio::test]
async fn the_same_said_again_at_another_time_is_another_delivery_where_the_time_is_signed() {
    let timed = "[[webhook]]\nname = \"timed\"\nmapping = \"changes\"\nsecrets = [\"a secret of the tests\"]\n\
         verify = { hmac = \"sha256\", header = \"x-signature\", id-header = \"x-id\", timestamp-header = \"x-time\", \
         message = \"{timestamp}.{body}\" }\n";
    let server = TestServer::start_with(with(timed)).await;
    let send = async |id: &str, time: i64| {
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(SECRET.as_bytes()).unwrap();
        let signature = mac.chain_update(format!("{time}.{BODY}")).finalize().into_bytes();
        let signature = signature.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
        let request = server.delivery("timed", BODY).header("x-id", id).header("x-time", time);
        server.send(request.header("x-signature", signature)).await.expect(202).json()["duplicate"].clone()
    };
    assert_eq!(send("a", NOW).await, false);
    assert_eq!(send("b", NOW + 1).await, false, "it was signed at another time");
    assert_eq!(send("c", NOW + 1).await, true, "someone who listened sends it once more");
    assert_eq!(send("a", NOW + 2).await, true, "another attempt");
}

#[tokio::test]
async fn what_is_stored_is_applied_though_its_sender_hung_up() {
    let server = open().await;
    let deliveries = 40;
    for number in 0..deliveries {
        let change = json!({"op": "merge", "kind": "users", "id": format!("u{number}"), "value": {"name": "Ada"}});
        let (address, body) = (server.address, change.to_string());
        let send = move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let length = body.len();
            write!(
                stream,
                "POST /api/webhooks/open HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\n\r\n{body}"
            )
            .unwrap();
        };
        tokio::task::spawn_blocking(send).await.unwrap();
    }
    // Some may be cut off before they are read; whatever is stored is counted and applied, and nothing else has to come for that.
    let path = "/api/webhooks/open/deliveries?limit=1000";
    let applied = async || {
        let listed = server.get(path).await.expect(200).json();
        let listed = listed.as_array().unwrap();
        let is_all = listed.iter().all(|one| one["status"] == "applied") && !listed.is_empty();
        (is_all && count(&server, "open").await["received"] == listed.len()).then_some(())
    };
    until("all that is stored is applied", applied).await;
}

#[tokio::test]
async fn without_id_and_signature_equal_bodies_may_be_two_events() {
    let server = open().await;
    for (name, number) in [("Ada", 1), ("Eve", 2), ("Ada", 3)] {
        let change = json!({"op": "merge", "kind": "users", "id": "ada", "value": {"name": name}});
        assert_eq!(server.tell(&change).await, number);
    }
    server.settled("open", 3).await;
    assert_eq!(server.get("/api/users/ada").await.json()["name"], "Ada");
}

#[tokio::test]
async fn secrets_are_swapped_while_the_sender_still_has_the_old_one() {
    let server = TestServer::start_with(with(&signed(&[OTHER, SECRET]))).await;
    server.send(delivery(&server, ("d-1", NOW, BODY), SECRET)).await.expect(202);
    server.send(delivery(&server, ("d-2", NOW, BODY), OTHER)).await.expect(202);
    server.send(delivery(&server, ("d-3", NOW, BODY), "neither of the two")).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn junk_is_refused_with_what_is_wrong() {
    let server = open().await;
    server.send(server.delivery("open", "{\"op\":")).await.refused(400, "bad-request");
    server.send(server.delivery("open", "")).await.refused(400, "bad-request");
    let form = server.request(Method::POST, "/api/webhooks/open").body("a=b");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    server.send(form).await.refused(415, "unsupported-media-type");
    let zipped = server.delivery("open", "{}").header("content-encoding", "gzip");
    server.send(zipped).await.refused(415, "unsupported-media-type");
    server.send(server.delivery("elsewhere", "{}")).await.refused(404, "not-found");
    let large = format!("\"{}\"", "x".repeat(4 << 20));
    server.send(server.delivery("open", large)).await.refused(413, "too-large");
    assert_eq!(server.get("/api/webhooks/open/deliveries").await.json(), json!([]));
}

#[tokio::test]
async fn what_is_stored_is_shown_without_its_secrets() {
    let bearer = "[[webhook]]\nname = \"bearer\"\nverify = \"bearer\"\nsecrets = [\"a secret of the tests\"]\nmapping = \"changes\"\n";
    let server = TestServer::start_with(with(&(bearer.to_owned() + OPEN))).await;
    let request = server.delivery("bearer", BODY).header("authorization", format!("Bearer {SECRET}"));
    server.send(request.header("cookie", "who=ada").header("x-kind", "test")).await.expect(202);
    let shown = server.get("/api/webhooks/bearer/deliveries/1").await.expect(200);
    assert!(!shown.text.contains(SECRET) && !shown.text.contains("who=ada"), "{}", shown.text);
    let headers = shown.json()["headers"].as_array().unwrap().clone();
    assert!(headers.contains(&json!(["authorization", "(secret)"])), "{headers:?}");
    assert!(headers.contains(&json!(["x-kind", "test"])), "{headers:?}");
    let database = std::fs::read(server.folder.join("watchtower.db-wal")).unwrap();
    let is_in = |text: &str| database.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(is_in("x-kind") && !is_in(SECRET));
    server.send(server.delivery("bearer", BODY)).await.refused(401, "unauthorized");
}
