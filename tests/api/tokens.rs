//! Tokens: made, sent, listed, revoked, and what whoever has one may do.

mod beside;
mod changes;
pub mod commands;
mod guesses;
mod open;
mod public;
mod secrecy;
mod sent;
mod used;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestServer};

/// A client of a server that has a token.
pub struct Holder<'a> {
    pub server: &'a TestServer,
    pub id: String,
    pub token: String,
}

impl<'a> Holder<'a> {
    /// The first one, of a server that has none; it is closed then.
    pub async fn admin(server: &'a TestServer) -> Self {
        let wish = json!({"name": "admin", "rights": "admin"});
        Self::of(server, &server.post("/api/tokens", &wish).await.expect(201))
    }

    /// Whoever has the token of this answer.
    fn of(server: &'a TestServer, made: &Answer) -> Self {
        let made = made.json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Self { server, id: text("id"), token: text("token") }
    }

    /// Another one, that this one makes.
    pub async fn make(&self, name: &str, rights: &Value) -> Self {
        let mut wish = rights.clone();
        wish["name"] = name.into();
        Self::of(self.server, &self.post("/api/tokens", &wish).await.expect(201))
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.server.request(method, path).bearer_auth(&self.token);
        self.server.send(if body.is_null() { request } else { request.json(body) }).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &Value::Null).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, body).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub async fn revoke(&self, other: &Holder<'_>) {
        self.send(Method::DELETE, &format!("/api/tokens/{}", other.id), &Value::Null).await.expect(204);
    }

    /// The tokens that are listed, by name.
    pub async fn listed(&self, name: &str) -> Value {
        let tokens = self.get("/api/tokens").await.expect(200).json();
        tokens.as_array().unwrap().iter().rfind(|token| token["name"] == name).cloned().unwrap_or_default()
    }
}

/// An answer has a browser ask for a password. Each way is in a header of its own: Chromium does not read on after a comma.
#[track_caller]
fn assert_asks_who(answer: &Answer) {
    let ways: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
    assert_eq!(ways, ["Basic realm=\"Watchtower\"", "Bearer"]);
}

#[tokio::test]
async fn the_first_token_closes_the_server_for_good() {
    let mut server = TestServer::with_project().await;
    server.rendered().await;
    let paths = ["/", "/data/projects/context.json", "/api/users", "/api/nothing", "/api/tokens"];
    for path in ["/", "/data/projects/context.json", "/api/users", "/api/tokens"] {
        server.get(path).await.expect(200);
    }
    let admin = Holder::admin(&server).await;
    let (id, token) = (admin.id.clone(), admin.token.clone());
    admin.revoke(&admin).await;
    for restart in [false, true] {
        if restart {
            server.restart().await;
        }
        for path in paths {
            let answer = server.get(path).await.refused(401, "unauthorized");
            assert_asks_who(&answer);
        }
        server.put("/api/users/ada", &json!({"name": "Ada"})).await.refused(401, "unauthorized");
        server.post("/api/tokens", &json!({"name": "b", "rights": "admin"})).await.refused(401, "unauthorized");
        for path in ["/healthz", "/readyz", "/api/openapi.json", "/api/docs", "/api/docs/"] {
            server.get(path).await.expect(200);
        }
        let holder = Holder { server: &server, id: id.clone(), token: token.clone() };
        holder.get("/api/users").await.refused(401, "unauthorized");
    }
}

#[tokio::test]
async fn the_first_token_over_http_is_an_admins_since_nobody_could_make_the_second() {
    let server = TestServer::start().await;
    for wish in [json!({"name": "a", "rights": "read"}), json!({"name": "a", "rights": "write"})] {
        assert_eq!(server.post("/api/tokens", &wish).await.refused(422, "invalid").pointers(), ["/rights"]);
    }
    assert_eq!(server.get("/api/tokens").await.expect(200).json(), json!([]));
    let admin = Holder::admin(&server).await;
    admin.make("a", &json!({"rights": "read"})).await;
}

#[tokio::test]
async fn a_token_is_answered_once_and_listed_without_its_text() {
    let server = TestServer::start().await;
    let admin = Holder::admin(&server).await;
    let wish = json!({"name": "flow", "rights": "write", "projects": ["q", "p"], "expires": "90d"});
    let answer = admin.post("/api/tokens", &wish).await.expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let mut made = answer.json();
    let token = made.as_object_mut().unwrap().remove("token").unwrap();
    let (token, id) = (token.as_str().unwrap(), made["id"].as_str().unwrap());
    assert!(token.starts_with("wts_") && token.len() == 53, "{token}");
    let expected = json!({
        "id": id, "name": "flow", "rights": "write", "projects": ["p", "q"],
        "created": "2026-01-01T00:00:00Z", "expires": "2026-04-01T00:00:00Z", "revoked": null, "last_used": null,
    });
    assert_eq!(made, expected);
    let listed = admin.get("/api/tokens").await.expect(200);
    assert_eq!(listed.header("cache-control"), "no-store");
    assert_eq!(listed.json()[1], expected);
    assert!(!listed.text.contains("wts_") && !listed.text.contains("hash"), "{}", listed.text);
    let source = admin.make("hook", &json!({"rights": "write", "source": "flow", "expires": "2026-02-28"})).await;
    let listed = admin.listed("hook").await;
    assert_eq!((&listed["source"], &listed["expires"]), (&json!("flow"), &json!("2026-03-01T00:00:00Z")));
    server.pass(60);
    admin.revoke(&source).await;
    server.pass(60);
    // Once more does no harm, and changes nothing.
    admin.revoke(&source).await;
    assert_eq!(admin.listed("hook").await["revoked"], "2026-01-01T00:01:00Z");
    let path = "/api/tokens/none";
    admin.send(Method::DELETE, path, &Value::Null).await.refused(404, "not-found");
    let answer = admin.send(Method::DELETE, &format!("/api/tokens/{token}"), &Value::Null).await;
    assert!(!answer.refused(404, "not-found").text.contains("wts_"));
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_wish_is_named_and_nothing_that_narrows_it_is_passed_over() {
    let server = TestServer::start().await;
    let admin = Holder::admin(&server).await;
    let good = json!({"name": "x", "rights": "write"});
    let cases = [
        (json!({}), &["/name", "/rights"][..]),
        (json!([]), &[""]),
        (json!({"name": "", "rights": "write", "expires": "soon"}), &["/name", "/expires"]),
        (json!({"name": 5, "rights": true, "expires": 5}), &["/name", "/rights", "/expires"]),
        (json!({"name": "x", "rights": "all"}), &["/rights"]),
        (json!({"name": "x", "rights": "read", "projects": ["p"]}), &["/rights"]),
        (json!({"name": "x", "rights": "admin", "source": "flow"}), &["/rights"]),
        (json!({"name": "x", "rights": "write", "projects": ["p"], "source": "flow"}), &["/rights"]),
        // With a slip of the pen these would be tokens for everything.
        (json!({"name": "x", "rights": "write", "project": "p"}), &["/project"]),
        (json!({"name": "x", "rights": "write", "projects": []}), &["/projects"]),
        (json!({"name": "x", "rights": "write", "projects": ["a/b"]}), &["/projects/0"]),
        (json!({"name": "x", "rights": "write", "projects": "p"}), &["/projects"]),
        (json!({"name": "x", "rights": "write", "source": "a b"}), &["/source"]),
        (json!({"name": "x", "rights": "write", "source": ["flow"]}), &["/source"]),
        (json!({"name": "x", "rights": "write", "expires": "2025-12-31"}), &["/expires"]),
        (json!({"name": "x", "rights": "write", "expiers": "90d"}), &["/expiers"]),
    ];
    for (wish, pointers) in cases {
        let answer = admin.post("/api/tokens", &wish).await.refused(422, "invalid");
        assert_eq!(answer.pointers(), pointers, "{wish}: {}", answer.text);
    }
    assert_eq!(admin.get("/api/tokens").await.json().as_array().map(Vec::len), Some(1));
    admin.post("/api/tokens", &good).await.expect(201);
    let text = server.request(Method::POST, "/api/tokens").bearer_auth(&admin.token).body("{}");
    server.send(text.header("content-type", "text/plain")).await.refused(415, "unsupported-media-type");
    admin.post("/api/tokens", &json!({"name": "x".repeat(100_000)})).await.refused(413, "too-large");
}

#[tokio::test]
async fn a_name_is_of_one_token_until_that_is_revoked() {
    let server = TestServer::start().await;
    let admin = Holder::admin(&server).await;
    let read = json!({"rights": "read"});
    let wish = json!({"name": "page", "rights": "read"});
    let first = admin.make("page", &read).await;
    assert_eq!(admin.post("/api/tokens", &wish).await.refused(422, "invalid").pointers(), ["/name"]);
    admin.revoke(&first).await;
    let second = admin.make("page", &read).await;
    assert_ne!((&first.id, &first.token), (&second.id, &second.token));
    first.get("/api/users").await.refused(401, "unauthorized");
    second.get("/api/users").await.expect(200);
}
