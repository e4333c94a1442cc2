//! The built-in mappings from end to end: what trackers send, signed as they sign it, comes to the served tree as the changes do
//! that it stands for.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;

use super::{OPEN, history::context, with};
use crate::{
    presets::{Fixture, fixtures},
    support::{NEW_YEAR, TestServer, files},
};

const SECRET: &str = "whsec_YSBzZWNyZXQgb2YgdGhlIHRlc3Rz";
const KEY: &[u8] = b"a secret of the tests";
const NOW: i64 = NEW_YEAR / 1_000_000;

fn mac<M: KeyInit + Mac>(key: &[u8], message: &str) -> Vec<u8> {
    <M as KeyInit>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

/// How the sender of a mapping verifies itself, as its guide says.
fn verify(mapping: &str) -> &'static str {
    match mapping {
        "flow" => "\"flow\"",
        "ftrack" => "{ header = \"ftrack-secret\" }",
        "kitsu" => "\"standard-webhooks\"",
        "ayon" => "\"bearer\"",
        _ => "\"github\"",
    }
}

fn signed(request: RequestBuilder, mapping: &str, number: usize, body: &str) -> RequestBuilder {
    match mapping {
        "flow" => {
            request.header("x-sg-signature", format!("sha1={}", hex(&mac::<Hmac<Sha1>>(SECRET.as_bytes(), body))))
        }
        "ftrack" => request.header("ftrack-secret", SECRET),
        "kitsu" => {
            let signature = STANDARD.encode(mac::<Hmac<Sha256>>(KEY, &format!("{number}.{NOW}.{body}")));
            let request = request.header("webhook-id", number).header("webhook-timestamp", NOW);
            request.header("webhook-signature", format!("v1,{signature}"))
        }
        "ayon" => request.header("authorization", format!("Bearer {SECRET}")),
        _ => {
            let signature = hex(&mac::<Hmac<Sha256>>(SECRET.as_bytes(), body));
            request.header("x-github-delivery", number).header("x-hub-signature-256", format!("sha256={signature}"))
        }
    }
}

/// Everything that the tree shows.
async fn shown(server: &TestServer) -> Vec<(String, Value)> {
    server.rendered().await;
    let json = files(&server.site()).into_iter().filter(|(name, _)| name.ends_with(".json"));
    json.map(|(name, bytes)| (name, serde_json::from_slice(&bytes).unwrap())).collect()
}

/// The projects that changes are about.
fn projects(fixtures: &[Fixture]) -> BTreeSet<String> {
    let changes = fixtures.iter().flat_map(|fixture| &fixture.changes);
    let named = |change: &Value| change["project"].as_str().map(str::to_owned);
    changes.filter_map(named).collect()
}

async fn prepared(toml: &str, projects: &BTreeSet<String>) -> TestServer {
    let server = TestServer::start_with(with(toml)).await;
    server.put("/api/context", &context()).await.expect(200);
    for id in projects {
        server.put(&format!("/api/projects/{id}"), &json!({"name": id})).await.expect(201);
    }
    server
}

#[tokio::test]
async fn what_trackers_send_comes_to_the_tree_as_the_changes_do_that_it_stands_for() {
    for mapping in ["flow", "ftrack", "kitsu", "ayon", "changes"] {
        let mut fixtures = fixtures(mapping);
        fixtures.retain(|fixture| fixture.alter.is_empty());
        // What ends a project comes last: the rest would wait for it.
        fixtures.sort_by_key(|fixture| {
            fixture.changes.iter().any(|change| change["op"] == "delete" && change["kind"] == "projects")
        });
        let projects = projects(&fixtures);
        let toml = format!(
            "[[webhook]]\nname = \"tracker\"\nverify = {}\nsecrets = [\"{SECRET}\"]\nmapping = \"{mapping}\"\n",
            verify(mapping)
        );
        let (server, other) = (prepared(&toml, &projects).await, prepared(OPEN, &projects).await);
        let mut applied = 0;
        for (number, fixture) in fixtures.iter().enumerate() {
            let body = fixture.body.to_string();
            // The recorded ids repeat: these are deliveries of their own.
            let own = ["content-type", "x-sg-delivery-id", "x-sg-event-batch-id", "webhook-id", "webhook-timestamp"];
            let headers = fixture.headers.iter().filter(|(name, _)| !own.contains(&&***name));
            let request =
                headers.fold(server.delivery("tracker", &*body), |request, (name, value)| request.header(name, value));
            let unsigned = server.delivery("tracker", &*body);
            server.send(unsigned).await.refused(401, "unauthorized");
            let answer = server.send(signed(request, mapping, number, &body)).await.expect(202).json();
            let delivery = server.settled("tracker", answer["delivery"].as_i64().unwrap()).await;
            let told = other.tell(&json!(fixture.changes)).await;
            let told = other.settled("open", told).await;
            assert_eq!(delivery["status"], told["status"], "{mapping}/{}: {delivery}\n{told}", fixture.name);
            // All projects are there that anything belongs to.
            assert_ne!(delivery["status"], "waiting", "{mapping}/{}: {delivery}", fixture.name);
            applied += usize::from(delivery["status"] == "applied");
        }
        assert!(applied * 3 > fixtures.len(), "{mapping}: {applied} of {} are applied", fixtures.len());
        for (found, wanted) in shown(&server).await.into_iter().zip(shown(&other).await) {
            assert_eq!(found, wanted, "{mapping}");
        }
        assert!(server.get("/data/projects/context.json").await.expect(200).text.len() > 100);
    }
}
