//! Publish hooks: other tools are told what was published.

mod configured;
mod example;
pub mod receiver;
mod restarts;
mod retries;
mod together;

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use watchtower_server::{
    notify::{HookSettings, Hooks, Pace},
    webhook::verify::{Given, Signer},
};

use crate::support::{DEADLINE, NEW_YEAR, TestServer, until};
use receiver::{Came, Receiver, Reply};

/// The secret of the published example.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";

/// Without the pauses that are for other people's machines.
const QUICK: Pace = Pace {
    back_off: Duration::from_millis(1),
    rest: Duration::from_millis(1),
    time_out: Duration::from_secs(15),
    grace: Duration::from_millis(100),
};

/// A failure is not got over in the time of a test.
const PATIENT: Pace = Pace { back_off: Duration::from_mins(10), ..QUICK };

/// The hooks of a configuration.
fn hooks(text: &str) -> Vec<HookSettings> {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct File {
        #[serde(default)]
        publish_hook: Vec<HookSettings>,
    }
    toml::from_str::<File>(text).unwrap().publish_hook
}

/// The table of a hook.
fn table(name: &str, url: &str, rest: &str) -> String {
    format!("[[publish-hook]]\nname = \"{name}\"\nurl = \"{url}\"\nsecrets = [\"{SECRET}\"]\n{rest}\n")
}

/// A server with the hooks of a configuration.
async fn server_with(pace: Pace, config: &str) -> TestServer {
    TestServer::start_with(|options| {
        options.publish_hooks = hooks(config);
        options.hook_pace = pace;
    })
    .await
}

/// A receiver, and a server that tells it of the project `p` alone.
async fn telling_of_p(pace: Pace) -> (Receiver, TestServer) {
    let receiver = Receiver::start().await;
    let server = server_with(pace, &table("tool", &receiver.url("/hook"), "projects = [\"p\"]")).await;
    (receiver, server)
}

/// What a test does with a server.
impl TestServer {
    /// Has a project changed, and published; gives its revision.
    async fn change(&self, project: &str) -> u64 {
        let name = uuid::Uuid::new_v4().to_string();
        let answer = self.put(&format!("/api/projects/{project}?wait=published"), &json!({"name": name})).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        answer.header("watchtower-revision").parse().unwrap()
    }

    /// How a hook fares.
    async fn hook(&self, name: &str) -> Value {
        let status = self.get("/api/status").await.expect(200).json();
        let hooks = status["publish_hooks"].as_array().unwrap().iter();
        hooks.into_iter().find(|hook| hook["name"] == name).unwrap_or_else(|| panic!("no {name}: {status}")).clone()
    }

    /// Waits until a hook fares so.
    async fn until_hook(&self, name: &str, what: &str, mut is_so: impl FnMut(&Value) -> bool) -> Value {
        until(&format!("{name} {what}"), async || Some(self.hook(name).await).filter(|hook| is_so(hook))).await
    }

    /// Waits until a hook is owed nothing.
    async fn until_told(&self, name: &str) -> Value {
        self.until_hook(name, "is owed nothing", |hook| hook["owed"] == 0).await
    }

    /// Reads a configuration as when the file was altered.
    fn reload(&self, config: &str) {
        self.notices.as_ref().unwrap().replace(Hooks::new(&hooks(config)).unwrap());
    }
}

fn published(project: &str, revision: u64) -> (String, Option<String>, u64) {
    ("project.published".to_owned(), Some(project.to_owned()), revision)
}

#[tokio::test]
async fn what_was_published_is_told_and_signed_when_it_can_be_seen() {
    let receiver = Receiver::start().await;
    let server = server_with(QUICK, &table("tool", &receiver.url("/hook?a=b"), "")).await;
    let revision = server.change("p").await;
    let calls = receiver.calls(2).await;
    let project = calls.iter().find(|call| call.json()["type"] == "project.published").unwrap();
    let expected = json!({
        "type": "project.published", "timestamp": "2026-01-01T00:00:00.000Z",
        "data": {"project": "p", "revision": revision},
    });
    assert_eq!(String::from_utf8_lossy(&project.body), expected.to_string(), "the members have an order");
    assert_eq!(
        calls.iter().map(Came::gist).collect::<Vec<_>>(),
        [("context.published".to_owned(), None, revision), published("p", revision)]
    );
    for call in &calls {
        assert!(call.head.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{}", call.head);
        assert_eq!(call.header("content-type"), "application/json");
        assert_eq!(call.header("user-agent"), concat!("watchtower-server/", env!("CARGO_PKG_VERSION")));
        assert_eq!(call.header("webhook-timestamp"), (NEW_YEAR / 1_000_000).to_string());
        assert!(call.id().starts_with("msg_") && !call.id().contains('.'), "{}", call.id());
        assert_eq!(call.signed_by(SECRET), [0]);
    }
    assert_ne!(calls[0].id(), calls[1].id());
    assert_eq!(server.tree("projects/p/project.json").await["id"], "p");
    let hook = server.until_told("tool").await;
    let expected = json!({
        "name": "tool", "state": "well", "owed": 0, "taken": 2, "failed": 0,
        "last_success_at": "2026-01-01T00:00:00.000Z", "last_failure": null, "next_at": null,
    });
    assert_eq!(hook, expected);
}

#[test]
fn the_published_example_of_standard_webhooks_comes_out() {
    let secrets = Given::Right(vec![Given::Right(SECRET.to_owned())]);
    let signer = Signer::new(&secrets, &|_| None).unwrap();
    let signature = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[tokio::test]
async fn each_of_several_secrets_signs_so_that_they_can_be_changed() {
    let receiver = Receiver::start().await;
    let config = table("tool", &receiver.url("/"), "projects = [\"p\"]")
        .replace(&format!("[\"{SECRET}\"]"), &format!("[\"{OTHER_SECRET}\", \"{SECRET}\"]"));
    let server = server_with(QUICK, &config).await;
    server.change("p").await;
    let [call] = receiver.calls(1).await.try_into().unwrap();
    assert_eq!((call.signed_by(OTHER_SECRET), call.signed_by(SECRET)), (vec![0], vec![1]));
    assert_eq!(call.header("webhook-signature").split(' ').count(), 2);
}

#[tokio::test]
async fn a_hook_with_projects_is_told_of_these_alone() {
    let (receiver, server) = telling_of_p(QUICK).await;
    server.change("q").await;
    server.put("/api/users/u?wait=published", &json!({"name": "U"})).await.expect(201);
    let first = server.change("p").await;
    receiver.told(Some("p"), first).await;
    server.change("q").await;
    let second = server.change("p").await;
    receiver.told(Some("p"), second).await;
    // What has a lower revision would have been told before.
    assert_eq!(receiver.gists(), [published("p", first), published("p", second)]);
}

#[tokio::test]
async fn a_hook_is_told_of_what_projects_share() {
    let receiver = Receiver::start().await;
    let server = server_with(QUICK, &table("tool", &receiver.url("/"), "")).await;
    let answer = server.put("/api/users/u?wait=published", &json!({"name": "U"})).await.expect(201);
    let revision = answer.header("watchtower-revision").parse().unwrap();
    let [call] = receiver.calls(1).await.try_into().unwrap();
    assert_eq!(call.gist(), ("context.published".to_owned(), None, revision));
    assert_eq!(call.json()["data"], json!({"revision": revision}));
}

#[tokio::test]
async fn a_project_that_is_deleted_is_told_and_so_is_one_that_comes_again() {
    let (receiver, server) = telling_of_p(QUICK).await;
    let first = server.change("p").await;
    receiver.told(Some("p"), first).await;
    server.until_told("tool").await;
    server.delete("/api/projects/p?wait=published").await.expect(204);
    let gone = server.revision().await;
    receiver.told(Some("p"), gone).await;
    server.until_told("tool").await;
    let again = server.change("p").await;
    receiver.told(Some("p"), again).await;
    let deleted = ("project.deleted".to_owned(), Some("p".to_owned()), gone);
    assert_eq!(receiver.gists(), [published("p", first), deleted, published("p", again)]);
    server.until_told("tool").await;
}

#[tokio::test]
async fn writing_what_is_there_is_not_told() {
    let (receiver, server) = telling_of_p(QUICK).await;
    let body = json!({"name": "P"});
    server.put("/api/projects/p?wait=published", &body).await.expect(201);
    let [first] = receiver.calls(1).await.try_into().unwrap();
    server.until_told("tool").await;
    server.put("/api/projects/p?wait=published", &body).await.expect(200);
    server.send(server.request(reqwest::Method::POST, "/api/render?force=true")).await.expect(200);
    let last = server.change("p").await;
    receiver.told(Some("p"), last).await;
    assert_eq!(receiver.gists(), [first.gist(), published("p", last)]);
}

#[tokio::test]
async fn a_hundred_writes_while_a_call_is_on_its_way_are_one_more_call() {
    let (receiver, server) = telling_of_p(QUICK).await;
    receiver.script([Reply::Held("200 OK")]);
    let first = server.change("p").await;
    receiver.calls(1).await;
    let mut last = first;
    for _ in 0..100 {
        last = server.change("p").await;
    }
    receiver.let_go();
    receiver.told(Some("p"), last).await;
    server.until_told("tool").await;
    assert_eq!(receiver.gists(), [published("p", first), published("p", last)]);
}

#[tokio::test]
async fn a_hook_that_is_new_is_told_of_what_is_published_from_then_on() {
    let receiver = Receiver::start().await;
    let mut server = server_with(QUICK, "").await;
    server.change("p").await;
    server.change("q").await;
    let config = table("tool", &receiver.url("/"), "projects = [\"p\", \"q\"]");
    server.reload(&config);
    until("the hook", async || server.notices.as_ref().unwrap().status().pop()).await;
    let second = server.change("q").await;
    receiver.told(Some("q"), second).await;
    server.until_told("tool").await;
    // In its first life it is known by its name: a restart tells it nothing again, and forgets nothing.
    server.alter(|options| options.publish_hooks = hooks(&config));
    server.restart().await;
    let third = server.change("p").await;
    receiver.told(Some("p"), third).await;
    assert_eq!(receiver.gists(), [published("q", second), published("p", third)]);
}
