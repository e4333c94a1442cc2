//! How a token is sent, and what is said of one that is not valid.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Holder, assert_asks_who};
use crate::support::{Answer, TestServer};

async fn with_header(server: &TestServer, value: &str) -> Answer {
    server.send(server.request(Method::GET, "/api/users").header("authorization", value)).await
}

#[tokio::test]
async fn a_token_is_taken_as_bearer_and_as_the_password_of_anyone() {
    let server = TestServer::start().await;
    let token = &Holder::admin(&server).await.token;
    let basic = |pair: &str| STANDARD.encode(pair);
    for value in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("BEARER   {token}"),
        format!("Basic {}", basic(&format!("ada:{token}"))),
        format!("basic {}", basic(&format!(":{token}"))),
        format!("Basic {}", basic(&format!("größer:{token}"))),
        format!("Basic {}", basic(&format!("ada:{token}")).trim_end_matches('=')),
    ] {
        with_header(&server, &value).await.expect(200);
    }
    let answer = server.send(server.request(Method::GET, "/").basic_auth("ada", Some(token))).await;
    assert!(answer.expect(200).text.contains("Watchtower"));
}

#[tokio::test]
async fn a_token_is_taken_nowhere_else() {
    let server = TestServer::start().await;
    let token = &Holder::admin(&server).await.token;
    for value in [
        token.clone(),
        format!("Token {token}"),
        format!("Bearer {token}x"),
        format!("Bearer {token} {token}"),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Basic".to_owned(),
        "Basic %%%".to_owned(),
        format!("Basic {}", STANDARD.encode(token)),
        format!("Basic {}", STANDARD.encode(format!("{token}:"))),
        format!("Basic {}", STANDARD.encode(format!("ada:{token}:"))),
        format!("Basic {}", STANDARD.encode(b"ada:\xff")),
        format!("Basic {token}"),
        format!("Digest {token}"),
    ] {
        let answer = with_header(&server, &value).await.refused(401, "unauthorized");
        assert_asks_who(&answer);
        assert!(!answer.text.contains("wts_"), "{}", answer.text);
    }
    for query in ["token", "access_token", "api_key", "key"] {
        let path = format!("/api/users?{query}={token}");
        assert!(!server.get(&path).await.refused(401, "unauthorized").text.contains("wts_"));
        server.get(&format!("/?{query}={token}")).await.refused(401, "unauthorized");
    }
    for (name, value) in [("cookie", format!("token={token}")), ("x-api-key", token.clone())] {
        server.send(server.request(Method::GET, "/api/users").header(name, value)).await.refused(401, "unauthorized");
    }
    // Of two, neither: what is in front may have looked at the other one.
    let bearer = format!("Bearer {token}");
    let twice = server.request(Method::GET, "/api/users").header("authorization", &bearer);
    server.send(twice.header("authorization", &bearer)).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn who_has_a_token_learns_why_it_is_not_valid_and_who_guesses_learns_nothing() {
    let server = TestServer::start().await;
    let admin = Holder::admin(&server).await;
    let revoked = admin.make("revoked", &json!({"rights": "read"})).await;
    let expired = admin.make("expired", &json!({"rights": "read", "expires": "1h"})).await;
    expired.get("/api/users").await.expect(200);
    server.pass(3599);
    expired.get("/api/users").await.expect(200);
    server.pass(1);
    admin.revoke(&revoked).await;
    let unknown = {
        let other = TestServer::start().await;
        Holder::admin(&other).await.token
    };
    let detail = async |token: &str| {
        let answer = with_header(&server, &format!("Bearer {token}")).await.refused(401, "unauthorized");
        answer.json()["detail"].as_str().unwrap().to_owned()
    };
    assert_eq!(detail(&revoked.token).await, "this token was revoked");
    assert_eq!(detail(&expired.token).await, "this token expired at 2026-01-01T01:00:00Z");
    assert_eq!(detail(&unknown).await, "this token is not known here");
    let wrong = admin.token.replace(&admin.token[10..20], "0000000000");
    let of_no_token = detail(&wrong).await;
    assert_eq!(detail("password").await, of_no_token);
    let without = server.get("/api/users").await.refused(401, "unauthorized").json()["detail"].clone();
    assert_eq!(without, "this needs a token: as Authorization: Bearer, or as the password of HTTP Basic");
    // Where nothing is needed, nothing is looked at.
    for path in ["/healthz", "/api/openapi.json"] {
        server.send(server.request(Method::GET, path).bearer_auth("nonsense")).await.expect(200);
    }
}

#[tokio::test]
async fn a_page_of_another_site_cannot_use_what_the_browser_knows() {
    let server = TestServer::start().await;
    let admin = Holder::admin(&server).await;
    let write = |headers: &[(&'static str, &str)]| {
        let request = server.request(Method::PUT, "/api/users/ada").basic_auth("ada", Some(&admin.token));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        server.send(request.json(&json!({"name": "Ada"})))
    };
    let own = server.url("");
    for headers in [
        &[("origin", "http://elsewhere.example")][..],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        // What a browser says of the sender goes before the origin: http and https of one name are two.
        &[("sec-fetch-site", "cross-site"), ("origin", &own)],
        &[("sec-fetch-site", "same-site"), ("origin", &own)],
    ] {
        write(headers).await.refused(403, "forbidden");
    }
    assert_eq!(admin.get("/api/users").await.json(), json!([]));
    // A proxy may have asked under another name than the browser.
    write(&[("sec-fetch-site", "same-origin"), ("origin", "https://watchtower.example")]).await.expect(201);
    write(&[("sec-fetch-site", "none")]).await.expect(200);
    write(&[("origin", &own)]).await.expect(200);
    write(&[]).await.expect(200);
}

#[tokio::test]
async fn what_a_token_lacks_is_named() {
    let server = TestServer::with_project().await;
    let admin = Holder::admin(&server).await;
    let read = admin.make("page", &json!({"rights": "read"})).await;
    let write = admin.make("flow", &json!({"rights": "write", "projects": ["q"]})).await;
    let source = admin.make("hook", &json!({"rights": "write", "source": "flow"})).await;
    let user = json!({"name": "Ada"});
    let detail = |answer: Answer| answer.refused(403, "forbidden").json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(
        detail(read.put("/api/users/ada", &user).await),
        "this needs the right to write all projects and what they share; the token \"page\" has read"
    );
    assert_eq!(
        detail(write.put("/api/projects/p/shots/a", &user).await),
        "this needs the right to write the project p; the token \"flow\" has write of the project q"
    );
    assert_eq!(
        detail(source.get("/api/users").await),
        "this needs the right to read; the token \"hook\" has write of the webhook source flow"
    );
    assert_eq!(detail(read.get("/api/tokens").await), "this needs the right admin; the token \"page\" has read");
    // Whether it is there is nobody's business who may not read it.
    let detail = |answer: Answer| detail(answer).replace("nowhere", "p");
    let (there, nowhere) = (write.get("/api/projects/p").await, write.get("/api/projects/nowhere").await);
    assert_eq!(detail(there), detail(nowhere));
    // What cannot be an id is not repeated.
    let answer = write.send(Method::GET, "/api/projects/%3Cscript%3E", &Value::Null).await;
    assert!(!answer.refused(403, "forbidden").text.contains("script"));
    admin.get("/api/projects/%3Cscript%3E").await.refused(422, "invalid");
    write.get("/api/projects/%FF").await.refused(403, "forbidden");
    admin.get("/api/projects/%FF").await.refused(400, "bad-request");
}
