//! Webhooks over HTTP: signed requests in, changes on the served tree.

mod arrivals;
mod events;
mod filters;
mod guides;
mod history;
mod presets;
mod shuffled;

use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use watchtower_server::{server::Options, webhook::SourceSettings};

use crate::support::{Answer, TestServer, until};

/// The sources of a configuration file.
pub fn sources(toml: &str) -> Vec<SourceSettings> {
    #[derive(Deserialize)]
    struct File {
        webhook: Vec<SourceSettings>,
    }
    toml::from_str::<File>(toml).unwrap().webhook
}

/// Lets a server have sources.
pub fn with(toml: &str) -> impl FnOnce(&mut Options) {
    let webhooks = sources(toml);
    move |options| {
        options.webhooks = webhooks;
    }
}

/// A source that everybody may send to, and that sends changes as they are.
pub const OPEN: &str = "[[webhook]]\nname = \"open\"\nverify = \"none\"\nmapping = \"changes\"\n";

/// A server with the source [`OPEN`] and a project `p`.
pub async fn open() -> TestServer {
    let server = TestServer::start_with(with(OPEN)).await;
    server.put("/api/projects/p", &json!({"name": "P"})).await.expect(201);
    server
}

impl TestServer {
    /// A delivery that can still be altered.
    pub fn delivery(&self, source: &str, body: impl Into<String>) -> RequestBuilder {
        let request = self.request(Method::POST, &format!("/api/webhooks/{source}"));
        request.header("content-type", "application/json").body(body.into())
    }

    /// Sends changes to the source `open`; gives the number of the delivery.
    pub async fn tell(&self, changes: &Value) -> i64 {
        let answer = self.send(self.delivery("open", changes.to_string())).await.expect(202);
        answer.json()["delivery"].as_i64().unwrap()
    }

    /// A delivery once it is settled.
    pub async fn settled(&self, source: &str, delivery: i64) -> Value {
        let path = format!("/api/webhooks/{source}/deliveries/{delivery}");
        let shown = async || self.get(&path).await.expect(200).json();
        until("settled", async || Some(shown().await).filter(|shown| shown["status"] != "received")).await
    }

    /// Sends changes, which must be applied.
    pub async fn told(&self, changes: &Value) -> Value {
        let delivery = self.tell(changes).await;
        let shown = self.settled("open", delivery).await;
        assert_eq!(shown["status"], "applied", "{shown}");
        shown
    }

    /// Applies a delivery once more.
    pub async fn replay(&self, source: &str, delivery: i64) -> Answer {
        self.post(&format!("/api/webhooks/{source}/deliveries/{delivery}/replay"), &Value::Null).await
    }
}
