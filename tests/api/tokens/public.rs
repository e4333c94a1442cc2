//! Reading that is public: what the page shows, and nothing else.

use reqwest::Method;
use serde_json::{Value, json};

use super::Holder;
use crate::support::TestServer;

#[tokio::test]
async fn where_reading_is_public_everyone_reads_what_the_page_shows_and_nobody_writes() {
    let server = TestServer::start_with(|options| options.openness.is_reading_public = true).await;
    server.put("/api/projects/p/snapshot?wait=published", &json!({"name": "P"})).await.expect(200);
    let admin = Holder::admin(&server).await;
    let of_q = admin.make("of q", &json!({"rights": "write", "projects": ["q"]})).await;
    let revoked = admin.make("revoked", &json!({"rights": "read"})).await;
    admin.revoke(&revoked).await;
    for path in ["/", "/data/projects/context.json", "/data/projects/p/shots.json", "/api/projects", "/api/projects/p"]
    {
        server.get(path).await.expect(200);
        // Whatever is sent with it, or in front of it.
        of_q.get(path).await.expect(200);
        revoked.get(path).await.expect(200);
        let request = server.request(Method::GET, path).basic_auth("ada", Some("of a proxy"));
        server.send(request).await.expect(200);
    }
    assert!(of_q.get("/api/projects").await.text.contains("\"p\""));
    assert_eq!(server.client.get(server.url("/api/events")).send().await.unwrap().status(), 200);
    for path in ["/api/status", "/api/tokens", "/api/projects/p/problems"] {
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
    server.get("/api/projects/p").await.expect(200);
}
