//! Clients that ask too often.

use reqwest::Method;
use serde_json::json;

use super::server_with;
use crate::support::{Answer, TestServer};

/// Asks as this client, by a proxy on this machine.
async fn ask(server: &TestServer, client: &str) -> Answer {
    server.send(server.request(Method::GET, "/api/users").header("x-forwarded-for", client)).await
}

/// Asks until it is refused, and says how often it was not.
async fn exhaust(server: &TestServer, client: &str) -> usize {
    for count in 0.. {
        let answer = ask(server, client).await;
        if answer.status != 200 {
            let answer = answer.refused(429, "too-many-requests");
            assert!((1..=2).contains(&answer.header("retry-after").parse::<u64>().unwrap()));
            return count;
        }
    }
    unreachable!()
}

#[tokio::test]
async fn who_asks_too_often_is_refused_and_others_are_not() {
    let server = TestServer::start_with(|options| {
        options.limits.rate = 1;
        options.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    assert!(exhaust(&server, "192.0.2.1").await >= 2);
    ask(&server, "192.0.2.2").await.expect(200);
    // Whoever sends a body hears it as well.
    let (path, body) = ("/api/users/ada", json!({"name": "A", "x": "x".repeat(4 << 20)}));
    let refused = loop {
        let request = server.request(Method::PUT, path).header("x-forwarded-for", "192.0.2.3").json(&body);
        let answer = server.send(request).await;
        if !answer.status.is_success() {
            break answer;
        }
    };
    refused.refused(429, "too-many-requests");
    assert!(exhaust(&server, "2001:db8::1").await >= 2);
    // Another address of the same network has nothing of its own.
    assert!(exhaust(&server, "2001:db8::2:1").await < 2);
    ask(&server, "2001:db8:0:1::1").await.expect(200);
}

#[tokio::test]
async fn what_a_client_says_of_itself_makes_it_no_other_client() {
    let server = TestServer::start_with(|options| options.limits.rate = 1).await;
    let mut answers = Vec::new();
    for number in 0..100 {
        answers.push(ask(&server, &format!("192.0.2.{number}")).await.status.as_u16());
    }
    assert!(answers.contains(&429), "{answers:?}");
}

#[tokio::test]
async fn no_rate_is_no_limit() {
    let server = server_with(|limits| limits.rate = 0).await;
    for _ in 0..100 {
        server.get("/healthz").await.expect(200);
    }
}
