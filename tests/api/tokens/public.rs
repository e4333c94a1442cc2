//! Reading that is public: what the page shows, and nothing else.

use reqwest::Method;
use serde_json::{Value, json};

use super::Holder;
use crate::support::TestServer;

#[tokio::test]
async fn where_reading_is_public_everyone_reads_what_the_page_shows_and_nobody_writes() {
    let server = TestServer::start_with(|options| options.openness.is_reading_public = true).await;
    let shots = json!([{"id": "a", "name": "A"}, {"id": "b", "name": "Secret", "canceled": true}]);
    server.put("/api/projects/p/snapshot?wait=published", &json!({"name": "P", "shots": shots})).await.expect(200);
    let admin = Holder::admin(&server).await;
    let of_q = admin.make("of q", &json!({"rights": "write", "projects": ["q"]})).await;
    let revoked = admin.make("revoked", &json!({"rights": "read"})).await;
    admin.revoke(&revoked).await;
    for path in ["/", "/data/projects/context.json", "/data/projects/p/shots.json"] {
        server.get(path).await.expect(200);
        // Whatever is sent with it, or in front of it.
        of_q.get(path).await.expect(200);
        revoked.get(path).await.expect(200);
        let request = server.request(Method::GET, path).basic_auth("ada", Some("of a proxy"));
        server.send(request).await.expect(200);
    }
    assert!(!server.get("/data/projects/p/shots.json").await.text.contains("Secret"));
    assert_eq!(server.client.get(server.url("/api/events")).send().await.unwrap().status(), 200);
    // What the page does not show is for those who have a token: what was canceled, files as they were sent, all of the rest.
    for path in [
        "/api/projects",
        "/api/projects/p",
        "/api/projects/p/shots",
        "/api/projects/p/shots/b",
        "/api/projects/p/shots/b/thumbnail",
        "/api/projects/p/snapshot",
        "/api/projects/p/task-counts",
        "/api/context",
        "/api/users",
        "/api/status",
        "/api/tokens",
        "/api/projects/p/problems",
    ] {
        server.get(path).await.refused(401, "unauthorized");
        revoked.get(path).await.refused(401, "unauthorized");
    }
    for (method, path) in [
        (Method::PUT, "/api/projects/p"),
        (Method::POST, "/api/batch"),
        (Method::POST, "/api/render"),
        (Method::DELETE, "/api/projects/p"),
    ] {
        server.send(server.request(method, path).json(&json!({}))).await.refused(401, "unauthorized");
    }
    of_q.send(Method::DELETE, "/api/projects/p", &Value::Null).await.refused(403, "forbidden");
    of_q.get("/api/projects/p").await.refused(403, "forbidden");
    assert_eq!(of_q.get("/api/projects").await.expect(200).json(), json!([]));
    admin.get("/api/projects/p/shots/b").await.expect(200);
}

#[tokio::test]
async fn where_reading_is_public_whoever_listens_is_told_of_every_project() {
    let server = TestServer::start_with(|options| options.openness.is_reading_public = true).await;
    let admin = Holder::admin(&server).await;
    let of_q = admin.make("of q", &json!({"rights": "write", "projects": ["q"]})).await;
    let request = || server.request(Method::GET, "/api/events");
    let mut streams = Vec::new();
    for request in [request(), request().bearer_auth(&of_q.token), request().bearer_auth("nonsense")] {
        streams.push(request.send().await.unwrap());
    }
    admin.put("/api/projects/p?wait=published", &json!({"name": "P"})).await.expect(201);
    for stream in &mut streams {
        let mut told = String::new();
        while !told.contains("\"project\":\"p\"") {
            told += std::str::from_utf8(&stream.chunk().await.unwrap().expect("the stream goes on")).unwrap();
        }
    }
}
