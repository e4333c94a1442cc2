//! The stream of what is published: one event for each project and revision, resumed where a listener was.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use crate::support::TestServer;

/// A listener: its stream, and what of it has come but was not looked at.
struct Listener {
    response: Response,
    text: String,
}

impl Listener {
    async fn new(server: &TestServer, last: Option<&str>) -> Self {
        let mut request = server.request(reqwest::Method::GET, "/api/events");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event: its id, and its data.
    async fn next(&mut self) -> (u64, Value) {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let event = field("id:")
                    .zip(field("data:"))
                    .map(|(id, data)| (id.parse().unwrap(), serde_json::from_str(data).unwrap()));
                let is_published = field("event:") == Some("published");
                let rest = rest.to_owned();
                self.text = rest;
                if let Some(event) = event {
                    assert!(is_published);
                    return event;
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(30), self.response.chunk()).await.expect("an event");
            self.text += std::str::from_utf8(&chunk.unwrap().expect("the stream goes on")).unwrap();
        }
    }
}

async fn two_projects() -> TestServer {
    let server = TestServer::start().await;
    for id in ["p", "q"] {
        server.put(&format!("/api/projects/{id}?wait=published"), &json!({"name": id})).await.expect(201);
    }
    server
}

#[tokio::test]
async fn a_listener_is_told_of_each_project_whose_new_revision_can_be_seen_and_of_nothing_else() {
    let server = two_projects().await;
    let mut listener = Listener::new(&server, None).await;
    server.post("/api/projects/q/shots", &json!({"id": "s", "name": "S"})).await.expect(201);
    assert_eq!(listener.next().await, (3, json!({"project": "q", "revision": 3})));
    // Writing what is there publishes nothing.
    server.post("/api/projects/q/shots", &json!({"id": "s", "name": "S"})).await.expect(200);
    server.put("/api/users/u", &json!({"name": "U"})).await.expect(201);
    assert_eq!(listener.next().await, (4, json!({"project": null, "revision": 4})));
    let before = server.get("/data/projects/q/shots.json").await.text;
    server.patch("/api/projects/q/shots/s", &json!({"data": {"frame_in": 0, "frame_out": 9}})).await.expect(200);
    assert_eq!(listener.next().await.0, 5);
    assert_ne!(server.get("/data/projects/q/shots.json").await.text, before, "what is told can be seen");
}

#[tokio::test]
async fn a_listener_that_comes_back_is_told_what_it_missed_also_by_a_server_that_was_restarted() {
    let mut server = two_projects().await;
    server.post("/api/projects/p/shots?wait=published", &json!({"id": "s", "name": "S"})).await.expect(201);
    server.put("/api/projects/q?wait=published", &json!({"name": "again"})).await.expect(200);
    for _ in 0..2 {
        let mut listener = Listener::new(&server, Some("2")).await;
        assert_eq!(listener.next().await, (3, json!({"project": "p", "revision": 3})));
        let mut rest = [listener.next().await, listener.next().await];
        rest.sort_by_key(|(_, data)| data["project"].to_string());
        assert_eq!(rest, [(4, json!({"project": "q", "revision": 4})), (4, json!({"project": null, "revision": 4}))]);
        drop(listener);
        server.restart().await;
    }
    server.send(server.request(reqwest::Method::GET, "/api/events").header("last-event-id", "soon")).await.expect(400);
}

#[tokio::test]
async fn an_open_stream_does_not_keep_the_server_from_stopping() {
    let mut server = two_projects().await;
    let mut listener = Listener::new(&server, None).await;
    server.stop().await;
    assert_eq!(listener.response.chunk().await.unwrap(), None);
}
