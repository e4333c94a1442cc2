//! Who guesses at tokens, and who only has one that ran out.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use watchtower_server::access::Secret;

use super::Holder;
use crate::support::{Answer, TestServer};

/// A server where one guess a minute is let pass, and two at once.
async fn strict() -> TestServer {
    TestServer::start_with(|options| {
        options.limits.failures = 1;
        options.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await
}

/// Asks with a token, or with none, from an address.
async fn ask(server: &TestServer, address: &str, token: Option<&str>) -> Answer {
    let request = server.request(Method::GET, "/api/users").header("x-forwarded-for", address);
    server.send(token.into_iter().fold(request, RequestBuilder::bearer_auth)).await
}

#[tokio::test]
async fn who_guesses_too_often_is_refused_and_who_has_a_token_is_let_in_from_the_same_address() {
    let server = strict().await;
    let admin = Holder::admin(&server).await;
    let unknown = Secret::random().unwrap();
    for guess in [unknown.reveal(), "wrong"] {
        ask(&server, "192.0.2.1", Some(guess)).await.refused(401, "unauthorized");
    }
    for guess in [unknown.reveal(), "wrong"] {
        let refused = ask(&server, "192.0.2.1", Some(guess)).await.refused(429, "too-many-requests");
        assert!((1..=61).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    }
    ask(&server, "192.0.2.1", Some(&admin.token)).await.expect(200);
    // Without a token nobody guesses.
    ask(&server, "192.0.2.1", None).await.refused(401, "unauthorized");
    ask(&server, "192.0.2.2", Some("wrong")).await.refused(401, "unauthorized");
    // One network of IPv6 is one address.
    for address in ["2001:db8::1", "2001:db8::2"] {
        ask(&server, address, Some("wrong")).await.refused(401, "unauthorized");
    }
    ask(&server, "2001:db8::3", Some("wrong")).await.refused(429, "too-many-requests");
    ask(&server, "2001:db8:0:1::3", Some("wrong")).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn a_screen_whose_token_ran_out_keeps_nobody_out() {
    let server = strict().await;
    let admin = Holder::admin(&server).await;
    let screen = admin.make("screen", &json!({"rights": "read", "expires": "1h"})).await;
    let former = admin.make("former", &json!({"rights": "read"})).await;
    admin.revoke(&former).await;
    server.pass(3600);
    for _ in 0..10 {
        for (holder, why) in [(&screen, "expired"), (&former, "revoked")] {
            let refused = ask(&server, "192.0.2.1", Some(&holder.token)).await.refused(401, "unauthorized");
            assert!(refused.json()["detail"].as_str().unwrap().contains(why), "{}", refused.text);
        }
    }
    // Nobody was counted for that: a guess is still looked at.
    ask(&server, "192.0.2.1", Some("wrong")).await.refused(401, "unauthorized");
    let users: Value = ask(&server, "192.0.2.1", Some(&admin.token)).await.expect(200).json();
    assert_eq!(users, json!([]));
}
