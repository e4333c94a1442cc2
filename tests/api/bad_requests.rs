//! Requests that are refused for their address, their method, their headers or their query.

use reqwest::Method;
use serde_json::json;

use crate::{bad_values::bad_ids, support::TestServer};

/// The same as one segment of a path.
fn encoded(id: &str) -> String {
    id.bytes().fold(String::new(), |path, byte| format!("{path}%{byte:02X}"))
}

#[tokio::test]
async fn bad_ids_in_addresses_are_refused() {
    let server = TestServer::with_project().await;
    let before = server.revision().await;
    let mut segments: Vec<String> = bad_ids().iter().filter(|id| !id.is_empty()).map(|id| encoded(id)).collect();
    segments.extend(["..".to_owned(), ".".to_owned(), "x".repeat(200), "a%2Fb".to_owned()]);
    for segment in segments {
        for address in [
            "/api/users/ID",
            "/api/projects/ID",
            "/api/projects/ID/shots",
            "/api/projects/p/shots/ID",
            "/api/projects/ID/problems",
        ] {
            let path = address.replace("ID", &segment);
            let (status, body) = server.raw(&format!("GET {path} HTTP/1.1"), "").await;
            assert_eq!(status, 422, "{path}: {body}");
        }
        for address in ["/api/users/ID", "/api/projects/ID", "/api/projects/ID/snapshot", "/api/projects/p/shots/ID"] {
            let path = address.replace("ID", &segment);
            let (status, body) = server.raw(&format!("PUT {path} HTTP/1.1"), r#"{"name": "N"}"#).await;
            assert_eq!(status, 422, "{path}: {body}");
        }
    }
    let (status, _) = server.raw("GET /api/users/%FF HTTP/1.1", "").await;
    assert_eq!(status, 400);
    assert_eq!(server.revision().await, before);
}

#[tokio::test]
async fn no_path_leads_out_of_the_tree() {
    let server = TestServer::with_project().await;
    server.rendered().await;
    for path in [
        "/data/../../../watchtower.db",
        "/data/%2e%2e/%2e%2e/%2e%2e/watchtower.db",
        "/data/..%2f..%2f..%2fwatchtower.db",
        "/../watchtower.db",
    ] {
        let (status, body) = server.raw(&format!("GET {path} HTTP/1.1"), "").await;
        assert!((400..500).contains(&status), "{path}: {status} {body}");
    }
}

#[tokio::test]
async fn an_unknown_project_is_not_found_whatever_is_asked_of_it() {
    let server = TestServer::start().await;
    for list in ["episodes", "sequences", "shots", "assets", "tasks", "casting", "edits"] {
        let path = format!("/api/projects/nowhere/{list}");
        server.get(&path).await.refused(404, "not-found");
        server.put(&path, &json!([])).await.refused(404, "not-found");
        server.post(&path, &json!([])).await.refused(404, "not-found");
        server.get(&format!("{path}/a")).await.refused(404, "not-found");
        server.patch(&format!("{path}/a"), &json!({})).await.refused(404, "not-found");
        server.delete(&format!("{path}/a")).await.refused(404, "not-found");
    }
    server.put("/api/projects/nowhere/shots/a", &json!({"name": "A"})).await.refused(404, "not-found");
    for path in ["/api/projects/nowhere", "/api/projects/nowhere/snapshot", "/api/projects/nowhere/problems"] {
        server.get(path).await.refused(404, "not-found");
    }
    server.post("/api/projects/nowhere/render", &json!({})).await.refused(404, "not-found");
    let change = json!({"op": "put", "kind": "shots", "project": "nowhere", "id": "a", "value": {"name": "A"}});
    let answer = server.post("/api/batch", &json!({"changes": [change]})).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/changes/0/project"]);
    assert_eq!(server.revision().await, 0);
}

#[tokio::test]
async fn parameters_and_headers_that_make_no_sense_are_refused() {
    let server = TestServer::with_project().await;
    for query in [
        "nmae=Ada",
        "limit=0",
        "limit=-1",
        "limit=ten",
        "limit=",
        "limit=1000001",
        "cursor=next",
        "cursor=1.5",
        "wait=published",
    ] {
        server.get(&format!("/api/users?{query}")).await.refused(400, "bad-request");
    }
    server.get("/api/projects/p/shots?data=x").await.refused(400, "bad-request");
    let user = json!({"name": "Ada"});
    for query in ["wiat=published", "wait=soon", "wait=", "dry_run=maybe", "dry_run=true", "name=Ada"] {
        server.put(&format!("/api/users/ada?{query}"), &user).await.refused(400, "bad-request");
    }
    server.put("/api/users?dryrun=true", &json!([user])).await.refused(400, "bad-request");
    server.post("/api/render?force=perhaps", &json!({})).await.refused(400, "bad-request");
    server.post("/api/render?froce=true", &json!({})).await.refused(400, "bad-request");
    let long = "k".repeat(256);
    for (name, value) in
        [("if-none-match", "\"abc\""), ("idempotency-key", ""), ("idempotency-key", &long), ("idempotency-key", "é")]
    {
        let request = server.request(Method::PUT, "/api/users/ada").json(&user);
        let value = reqwest::header::HeaderValue::from_bytes(value.as_bytes()).unwrap();
        server.send(request.header(name, value)).await.refused(400, "bad-request");
    }
    assert_eq!(server.get("/api/users").await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn addresses_and_methods_that_do_not_exist_are_refused() {
    let server = TestServer::with_project().await;
    for path in [
        "/api",
        "/api/",
        "/api/starships",
        "/api/users/ada/pets",
        "/api/projects/p/memberships",
        "/api/projects/p/users",
    ] {
        server.get(path).await.refused(404, "not-found");
    }
    for (method, path) in [
        (Method::PATCH, "/api/users"),
        (Method::DELETE, "/api/users"),
        (Method::POST, "/api/users/ada"),
        (Method::DELETE, "/api/projects/p/snapshot"),
        (Method::GET, "/api/batch"),
        (Method::GET, "/api/render"),
        (Method::PUT, "/api/status"),
        (Method::POST, "/data/projects/context.json"),
        (Method::PUT, "/"),
    ] {
        server.send(server.request(method, path)).await.refused(405, "method-not-allowed");
    }
}

#[tokio::test]
async fn pages_of_other_sites_may_not_write() {
    let server = TestServer::start().await;
    let own = server.url("");
    let port = server.address.port();
    let others = ["http://elsewhere.example", "null", "", &format!("http://localhost:{port}"), "http://127.0.0.1:1"];
    for origin in others {
        let request = server.request(Method::PUT, "/api/users/ada").json(&json!({"name": "Ada"}));
        server.send(request.header("origin", origin)).await.refused(403, "forbidden");
        server
            .send(server.request(Method::POST, "/api/render").header("origin", origin))
            .await
            .refused(403, "forbidden");
        server.send(server.request(Method::GET, "/api/users").header("origin", origin)).await.expect(200);
    }
    let request = server.request(Method::PUT, "/api/users/ada").json(&json!({"name": "Ada"}));
    server.send(request.header("origin", own)).await.expect(201);
}

#[tokio::test]
async fn of_two_writers_who_saw_the_same_only_the_first_succeeds() {
    let server = TestServer::with_project().await;
    let path = "/api/projects/p/shots/a";
    let seen = server.put(path, &json!({"name": "A"})).await.expect(201).header("etag").to_owned();
    let write = |name: &str| {
        let request = server.request(Method::PATCH, path).json(&json!({"name": name}));
        server.send(request.header("if-match", seen.clone()))
    };
    let (ada, bob) = tokio::join!(write("by Ada"), write("by Bob"));
    let (winner, loser) = if ada.status == 200 { (ada, bob) } else { (bob, ada) };
    loser.refused(412, "precondition-failed");
    let now = winner.expect(200);
    assert_eq!(server.get(path).await.json()["name"], now.json()["name"]);
    for (method, tag, status) in [
        (Method::PUT, seen.as_str(), 412),
        (Method::DELETE, seen.as_str(), 412),
        (Method::PUT, "\"x\", \"y\"", 412),
        (Method::PUT, now.header("etag"), 200),
        (Method::PUT, "*", 200),
    ] {
        let request = server.request(method.clone(), path).json(&now.json()).header("if-match", tag);
        server.send(request).await.expect(status);
    }
    // What is not there matches nothing.
    let request = server.request(Method::PUT, "/api/projects/p/shots/b").json(&json!({"name": "B"}));
    server.send(request.header("if-match", "*")).await.refused(412, "precondition-failed");
}
