//! What probes are told, and what they cost.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use watchtower_server::{
    layout::Layout,
    server::{DataFolder, Options, Server, SiteOptions},
    writer::Clock,
};

use crate::{
    support::{NEW_YEAR, TestServer, client},
    tokens::Holder,
};

#[tokio::test]
async fn who_may_not_see_the_state_of_the_server_is_told_only_what_kind_of_failure_there_is() {
    let server = TestServer::start().await;
    server.put("/api/projects/secret?wait=published", &json!({"name": "P"})).await.expect(201);
    let folder = server.site().join("data/projects/secret/shots.json");
    fs::remove_file(&folder).unwrap();
    fs::create_dir_all(folder.join("in the way")).unwrap();
    let shot = json!({"id": "s", "name": "S", "data": {"frame_in": 0, "frame_out": 5}});
    server.post("/api/projects/secret/shots?wait=published", &shot).await.expect(503);
    // As long as there are no tokens, everyone may see everything.
    let reason = |answer: crate::support::Answer| answer.expect(503).json()["reason"].as_str().unwrap().to_owned();
    assert!(reason(server.get("/readyz").await).contains("secret"));
    let admin = Holder::admin(&server).await;
    let viewer = admin.make("viewer", &json!({"rights": "read"})).await;
    let source = admin.make("source", &json!({"rights": "write", "source": "flow"})).await;
    for may in [&admin, &viewer] {
        assert!(reason(may.get("/readyz").await).contains("secret"));
    }
    let wrong = server.send(server.request(Method::GET, "/readyz").bearer_auth("wrong")).await;
    for answer in [server.get("/readyz").await, source.get("/readyz").await, wrong] {
        assert_eq!(reason(answer), "what changed cannot be published; the log says more");
    }
}

#[tokio::test]
async fn many_probes_ask_the_database_once() {
    let server = TestServer::with_project().await;
    let database = SqliteConnectOptions::new().filename(server.folder.join("watchtower.db"));
    let mut other = database.connect().await.unwrap();
    sqlx::raw_sql("begin immediate").execute(&mut other).await.unwrap();
    // Each question takes ten seconds now, and one after another they would take longer than is waited for here.
    let probes = join_all((0..40).map(|_| server.get("/readyz"))).await;
    for probe in probes {
        assert!(probe.expect(503).text.contains("locked"));
    }
    sqlx::raw_sql("rollback").execute(&mut other).await.unwrap();
    crate::support::until("it is well again", async || (server.get("/readyz").await.status == 200).then_some(())).await;
}

/// A clock that goes wrong once, when it is looked at for the time that the number says.
fn fragile(looks: Arc<AtomicI64>) -> Clock {
    Arc::new(move || {
        assert_ne!(looks.fetch_sub(1, SeqCst), 0, "the clock is broken, as it is meant to be");
        NEW_YEAR
    })
}

#[tokio::test]
async fn a_server_whose_writer_has_ended_is_not_ready() {
    let (temp, looks) = (TempDir::new().unwrap(), Arc::new(AtomicI64::new(-1)));
    let site = SiteOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        layout: Layout::Classic,
        page: None,
        live: false,
        tls: None,
    };
    let folder = DataFolder::take(&temp.path().join("data")).unwrap();
    let server = Server::start(folder, Options::usual(vec![site]), fragile(looks.clone())).await.unwrap();
    let (url, parts, client) = (format!("http://{}", server.addresses().unwrap()[0]), server.parts(), client());
    let running = tokio::spawn(server.run(std::future::pending()));
    assert_eq!(client.get(format!("{url}/readyz")).send().await.unwrap().status(), 200);
    // A request looks at the clock before the writer does, and what panics there is caught.
    for number in 0.. {
        assert!(number < 100, "the writer does not look at the clock");
        looks.store(number, SeqCst);
        let body = json!({"changes": [{"op": "put", "kind": "users", "id": "ada", "value": {"name": "Ada"}}]});
        let answer = client.post(format!("{url}/api/batch?dry_run=true")).json(&body).send().await.unwrap();
        looks.store(-1, SeqCst);
        if answer.status() == 503 {
            break;
        }
    }
    assert_eq!(parts.ended(), Some("the writer has ended"), "this is what the watchdog goes by");
    let answer = client.get(format!("{url}/readyz")).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.text().await.unwrap().contains("the writer has ended"));
    running.abort();
}
