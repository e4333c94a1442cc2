//! What is owed is known after a restart, and after a crash: told again rather than not at all.

use std::{collections::BTreeMap, sync::Arc};

use reqwest::Method;
use serde_json::json;
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::{QUICK, Receiver, Reply, hooks, published, server_with, table, telling_of_p, until};
use crate::fetching::process::Process;

#[tokio::test]
async fn what_was_not_taken_is_told_after_a_restart_with_the_same_id() {
    let (receiver, mut server) = telling_of_p(QUICK).await;
    receiver.script([Reply::Silent]);
    let revision = server.change("p").await;
    receiver.calls(1).await;
    server.stop().await;
    server.pass(3600);
    server.open().await;
    let [before, after] = receiver.calls(2).await.try_into().unwrap();
    assert_eq!((before.id(), &before.body), (after.id(), &after.body), "the time of the publish stays too");
    assert_ne!(before.header("webhook-timestamp"), after.header("webhook-timestamp"));
    server.until_told("tool").await;
    // What was told is not told again.
    server.restart().await;
    let last = server.change("p").await;
    receiver.told(Some("p"), last).await;
    let told = [published("p", revision), published("p", revision), published("p", last)];
    assert_eq!(receiver.gists(), told);
    let hook = server.until_told("tool").await;
    server.restart().await;
    assert_eq!(server.hook("tool").await["last_success_at"], hook["last_success_at"], "this is known afterwards");
}

#[tokio::test]
async fn what_happened_while_a_call_was_owed_is_told_in_its_place() {
    let (receiver, mut server) = telling_of_p(QUICK).await;
    receiver.script([Reply::Silent]);
    server.change("p").await;
    receiver.calls(1).await;
    let last = server.change("p").await;
    server.restart().await;
    receiver.told(Some("p"), last).await;
    let [before, after] = receiver.calls(2).await.try_into().unwrap();
    assert_ne!(before.id(), after.id());
    server.until_told("tool").await;
    // Also the end of a project.
    receiver.script([Reply::Silent]);
    server.delete("/api/projects/p?wait=published").await.expect(204);
    let gone = receiver.calls(3).await[2].clone();
    assert_eq!(gone.json()["type"], "project.deleted");
    server.restart().await;
    assert_eq!(receiver.calls(4).await[3].id(), gone.id());
    server.until_told("tool").await;
}

#[tokio::test]
async fn a_hook_that_was_taken_away_is_forgotten() {
    let (receiver, mut server) = telling_of_p(QUICK).await;
    let config = table("tool", &receiver.url("/"), "projects = [\"p\"]");
    let mut told = Vec::new();
    let mut change = async |server: &super::TestServer| {
        let revision = server.change("p").await;
        receiver.told(Some("p"), revision).await;
        told.push(published("p", revision));
    };
    change(&server).await;
    // By a restart.
    server.alter(|options| options.publish_hooks = Vec::new());
    server.restart().await;
    server.change("p").await;
    server.alter(|options| options.publish_hooks = hooks(&config));
    server.restart().await;
    change(&server).await;
    // While it runs, with a call on its way.
    receiver.script([Reply::Silent]);
    change(&server).await;
    server.reload("");
    until("no hook", async || server.notices.as_ref().unwrap().status().is_empty().then_some(())).await;
    receiver.until("the call is let go", |counts| counts.open == 0).await;
    server.change("p").await;
    server.reload(&config);
    until("a hook", async || server.notices.as_ref().unwrap().status().pop()).await;
    change(&server).await;
    assert_eq!(receiver.gists(), told);
}

#[tokio::test]
async fn a_project_that_a_hook_is_to_be_told_of_too_is_told_as_it_is() {
    let receiver = Receiver::start().await;
    let with = |projects: &str| table("tool", &receiver.url("/"), &format!("projects = {projects}"));
    let server = server_with(QUICK, &with("[\"p\"]")).await;
    let (p, q) = (server.change("p").await, server.change("q").await);
    receiver.told(Some("p"), p).await;
    server.reload(&with("[\"q\"]"));
    receiver.told(Some("q"), q).await;
    server.until_told("tool").await;
    // What it is not told of any more it need not be told the end of.
    server.delete("/api/projects/p?wait=published").await.expect(204);
    let last = server.change("q").await;
    receiver.told(Some("q"), last).await;
    assert_eq!(receiver.gists(), [published("p", p), published("q", q), published("q", last)]);
}

/// How often the server is killed.
const KILLS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_owes_what_it_owed() {
    let (folder, receiver) = (TempDir::new().unwrap(), Receiver::start().await);
    let config = table("tool", &receiver.url("/"), "");
    let projects = ["p", "q", "r"];
    for kill in 0..KILLS {
        // Some calls are taken, some are not, and one is on its way when the server goes.
        receiver.script([
            Reply::Status("204 No Content"),
            Reply::Status("500 No"),
            Reply::Status("204 No Content"),
            Reply::Silent,
        ]);
        let before = receiver.counts().all;
        let server = Arc::new(Process::start(folder.path(), &config).await);
        let mut writers = JoinSet::new();
        for project in projects {
            let server = server.clone();
            writers.spawn(async move {
                for n in 0..5 {
                    let body = json!({"name": format!("{kill} {n}")});
                    server.send(Method::PUT, &format!("/api/projects/{project}"), &body).await;
                }
            });
        }
        writers.join_all().await;
        receiver.calls(before + 4).await;
        Arc::into_inner(server).unwrap().kill().await;
    }
    let server = Process::start(folder.path(), &config).await;
    until("nothing is owed", async || {
        let status = server.get("/api/status").await;
        (status["publish_hooks"][0]["owed"] == 0).then_some(())
    })
    .await;
    server.terminate().await;
    let told = receiver.gists().into_iter().map(|(_, project, revision)| (project.unwrap_or_default(), revision));
    let last: BTreeMap<String, u64> = told.collect();
    let options = SqliteConnectOptions::new().filename(folder.path().join("data/watchtower.db")).read_only(true);
    let mut connection = options.connect().await.unwrap();
    let known: Vec<(String, i64)> =
        sqlx::query_as("select project, revision from revision").fetch_all(&mut connection).await.unwrap();
    let known = known.into_iter().map(|(project, revision)| (project, revision.unsigned_abs()));
    assert_eq!(last, known.collect());
    // One id is one thing.
    let mut by_id: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for call in receiver.came() {
        let body = by_id.entry(call.id().to_owned()).or_insert_with(|| call.body.clone());
        assert_eq!(*body, call.body);
    }
}
