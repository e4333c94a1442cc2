//! Deliveries that do not come to their end: of nobody knows whom, so that they get little.

use serde_json::json;
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use tokio::io::AsyncWriteExt;

use super::{NEVER, answer, sent};
use crate::{
    support::{NEW_YEAR, TestServer, until},
    webhooks::{OPEN, sources},
};

/// The head of a delivery of a megabyte.
fn head(source: &str, headers: &str) -> String {
    format!("POST /api/webhooks/{source} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: 1000000\r\n\r\n")
}

#[tokio::test]
async fn deliveries_that_stop_coming_take_no_room_from_who_has_a_token() {
    let server = TestServer::start_with(|options| {
        options.webhooks = sources(OPEN);
        (options.max_body, options.deliveries.max_body) = (1 << 20, 1 << 20);
        (options.limits.bodies, options.limits.stalled) = (0, NEVER);
    })
    .await;
    let begun = vec![b' '; 700_000];
    let large = format!("\"{}\"", "x".repeat(800_000));
    let _held = until("deliveries have no room left", async || {
        let mut held = sent(&server, &head("open", "")).await;
        // It may have found no room itself.
        drop(held.write_all(&begun).await);
        let other = server.send(server.delivery("open", large.clone())).await;
        (other.status == 503).then_some(held)
    })
    .await;
    let user = json!({"name": "A", "x": "x".repeat(800_000)});
    server.put("/api/users/ada", &user).await.expect(201);
}

#[tokio::test]
async fn a_delivery_has_its_room_until_it_is_stored() {
    let server = TestServer::start_with(|options| {
        options.webhooks = sources(OPEN);
        (options.max_body, options.deliveries.max_body) = (1 << 20, 1 << 20);
        options.limits.bodies = 0;
    })
    .await;
    let mut database =
        SqliteConnectOptions::new().filename(server.folder.join("watchtower.db")).connect().await.unwrap();
    sqlx::query("begin immediate").execute(&mut database).await.unwrap();
    let large = format!("\"{}\"", "x".repeat(800_000));
    let send = || Box::pin(server.send(server.delivery("open", large.clone())));
    let (first, other) = futures_util::future::select(send(), send()).await.factor_first();
    first.refused(503, "unavailable");
    sqlx::query("rollback").execute(&mut database).await.unwrap();
    other.await.expect(202);
}

#[tokio::test]
async fn what_headers_show_to_be_wrong_is_refused_without_its_body() {
    let webhooks = "[[webhook]]\nname = \"bearer\"\nverify = \"bearer\"\nsecrets = [\"a secret of the tests\"]\nmapping = \"changes\"\n\
         [[webhook]]\nname = \"signed\"\nverify = \"frameio\"\nsecrets = [\"a secret of the tests\"]\nmapping = \"changes\"\n";
    let server = TestServer::start_with(|options| {
        options.webhooks = sources(webhooks);
        options.limits.stalled = NEVER;
    })
    .await;
    let now = NEW_YEAR / 1_000_000;
    let signature = format!("x-frameio-signature: v0={}\r\n", "0".repeat(64));
    let time = |time: i64| format!("x-frameio-request-timestamp: {time}\r\n");
    for (source, headers, why) in [
        ("bearer", String::new(), "authorization is missing"),
        ("bearer", "authorization: Bearer another secret\r\n".to_owned(), "authorization"),
        ("signed", time(now), "x-frameio-signature is missing"),
        ("signed", "x-frameio-signature: v0=7\r\n".to_owned() + &time(now), "64 hexadecimal digits"),
        ("signed", signature.clone() + &time(now - 301), "301 seconds in the past"),
    ] {
        let mut stream = sent(&server, &head(source, &headers)).await;
        let (head, body) = answer(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 401 ") && body.contains(why), "{why}: {head}\n{body}");
    }
    let counts = server.get("/api/webhooks").await.expect(200).json();
    let refused: Vec<_> = counts.as_array().unwrap().iter().map(|one| &one["since_start"]["refused"]).collect();
    assert_eq!(refused, [2, 3], "they are told of as any others");
}
