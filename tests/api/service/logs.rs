//! The log: one line for one thing, with the request that it is about, and never a secret.

use std::process::Output;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Place, open_source};
use crate::crash::process::Process;
use crate::support::client;

async fn logging(place: &Place, options: &[&str]) -> Process {
    let mut command = place.command();
    command.args(options);
    Process::of(command).await
}

#[tokio::test]
async fn in_json_a_line_is_an_object_with_the_fields_that_the_documents_list() {
    let place = Place::with("");
    let mut process = logging(&place, &["--log-format", "json"]).await;
    let (_, id, _) = process.ask(Method::PUT, "/api/projects/p", &json!({"name": "P"})).await;
    let line: Value = serde_json::from_str(&process.line(&id).await).unwrap();
    assert_eq!(line["span"]["request.id"], id);
    let known = [("level", "INFO"), ("message", "answered"), ("method", "PUT"), ("path", "/api/projects/p")];
    for (name, value) in known {
        assert_eq!(line[name], value, "{line}");
    }
    assert_eq!(line["status"], 201);
    assert!(line["duration_ms"].is_f64() && line["timestamp"].is_string() && line["target"].is_string(), "{line}");
    let documents = include_str!("../../../docs/operations.md");
    for name in line.as_object().unwrap().keys() {
        assert!(documents.contains(&format!("`{name}`")), "docs/operations.md does not say what {name} is");
    }
    process.terminate().await;
}

#[tokio::test]
async fn the_cause_of_a_failure_is_logged_once_under_the_id_of_its_answer() {
    let place = Place::with("");
    // Though only warnings are logged, those of a request carry its id.
    let mut process = logging(&place, &["--log", "warn"]).await;
    let mut database = place.database().await;
    sqlx::raw_sql("alter table entity rename to gone").execute(&mut database).await.unwrap();
    let (status, id, answer) = process.ask(Method::PUT, "/api/projects/p", &json!({"name": "P"})).await;
    assert_eq!(status, 500, "{answer}");
    let problem: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(problem["request_id"], id);
    let line = process.line(&id).await;
    assert!(line.contains("ERROR") && line.contains("no such table"), "{line}");
    sqlx::raw_sql("alter table gone rename to entity").execute(&mut database).await.unwrap();
    process.send(Method::PUT, "/api/projects/p", &json!({"name": "P"})).await;
    let log = process.stopped().await;
    assert!(!log.iter().any(|line| line.contains("no such table") || line.contains(&id)), "{log:?}");
}

#[tokio::test]
async fn a_render_that_fails_is_logged_under_the_id_of_who_asked_for_it() {
    let place = Place::with("render = \"manual\"\n");
    let mut process = logging(&place, &[]).await;
    let folder = process.tree().join("data");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    let (status, id, _) = process.ask(Method::POST, "/api/render?force=true", &json!({})).await;
    assert_eq!(status, 500);
    let line = process.line("publishing failed").await;
    assert!(line.contains(&id) && line.contains("ERROR"), "{line}");
    process.terminate().await;
}

#[tokio::test]
async fn lines_about_a_delivery_name_its_source_and_its_number() {
    let place = Place::with(&open_source("tracker"));
    let mut process = logging(&place, &["--log", "debug"]).await;
    let wrong = json!({"changes": [{"op": "merge", "kind": "shots", "project": "p", "id": "s", "value": {"data": 7}}]});
    process.send(Method::PUT, "/api/projects/p", &json!({"name": "P"})).await;
    let (status, id, receipt) = process.ask(Method::POST, "/api/webhooks/tracker", &wrong).await;
    assert_eq!(status, 202);
    let number = serde_json::from_str::<Value>(&receipt).unwrap()["delivery"].to_string();
    let (mut came, mut failed) = (None, None);
    // One of the two is there first.
    while came.is_none() || failed.is_none() {
        let line = process.line("").await;
        if line.contains(&id) && line.contains("answered") {
            came = Some(line);
        } else if line.contains("a delivery failed") {
            failed = Some(line);
        }
    }
    let (came, failed) = (came.unwrap(), failed.unwrap());
    assert!(came.contains(&format!("delivery={number}")) && came.contains("/api/webhooks/tracker"), "{came}");
    for part in ["WARN", "source=\"tracker\"", &format!("delivery={number}"), "stage=\"changes\"", "detail="] {
        assert!(failed.contains(part), "{part} is not in {failed}");
    }
    process.terminate().await;
}

#[tokio::test]
async fn a_secret_is_in_no_line_however_much_is_logged() {
    let place = Place::with(
        "[[webhook]]\nname = \"tracker\"\nverify = \"bearer\"\nsecrets = [\"hush-hush-hush-hush\"]\nmapping = \"changes\"\n",
    );
    let process = logging(&place, &["--log", "trace,hyper=off,reqwest=off"]).await;
    let client = client();
    for (secret, status) in [("hush-hush-hush-hush", 202), ("hush-hush-hush-huss", 401)] {
        let request = client.post(process.url() + "/api/webhooks/tracker").bearer_auth(secret);
        let answer = request.json(&json!({"changes": [{"secret": 1}]})).send().await.unwrap();
        assert_eq!(answer.status(), status);
    }
    drop(client);
    place.configure("[[webhook]]\nname = \"tracker\"\nverify = \"bearer\"\nsecrets = \"hush-hush-hush-hush\"\n");
    process.signal("HUP");
    let log = process.stopped().await;
    assert!(log.iter().any(|line| line.contains("/api/webhooks/tracker")), "{log:?}");
    let with_secret: Vec<_> = log.iter().filter(|line| line.contains("hush")).collect();
    assert!(with_secret.is_empty(), "{with_secret:?}");
}

#[tokio::test]
async fn that_deliveries_are_refused_is_said_once_a_minute_however_many_come() {
    let place = Place::with(
        "[[webhook]]\nname = \"tracker\"\nverify = \"bearer\"\nsecrets = [\"hush-hush-hush-hush\"]\nmapping = \"changes\"\n",
    );
    let process = logging(&place, &[]).await;
    for _ in 0..20 {
        assert_eq!(process.ask(Method::POST, "/api/webhooks/tracker", &json!({})).await.0, 401);
    }
    let (_, _, sources) = process.ask(Method::GET, "/api/webhooks", &Value::Null).await;
    let sources: Value = serde_json::from_str(&sources).unwrap();
    assert_eq!(sources[0]["since_start"]["refused"], 20, "each is counted");
    let log = process.stopped().await;
    let said: Vec<_> = log.iter().filter(|line| line.contains("a delivery was refused")).collect();
    assert!(!said.is_empty() && said.len() < 20 && said[0].contains("refused=1"), "{said:?}");
}

#[tokio::test]
async fn the_secret_of_a_source_is_not_taken_for_a_token_that_is_not_valid() {
    let place = Place::with(
        "[[webhook]]\nname = \"tracker\"\nverify = \"bearer\"\nsecrets = [\"hush-hush-hush-hush\"]\nmapping = \"changes\"\n",
    );
    let process = logging(&place, &[]).await;
    process.send(Method::POST, "/api/tokens", &json!({"name": "admin", "rights": "admin"})).await;
    let client = client();
    for (secret, status) in [("hush-hush-hush-hush", 202), ("hush-hush-hush-huss", 401)] {
        let request = client.post(process.url() + "/api/webhooks/tracker").bearer_auth(secret);
        assert_eq!(request.json(&json!({"changes": []})).send().await.unwrap().status(), status);
    }
    let count = |log: &[String]| log.iter().filter(|line| line.contains("a token was sent that is not valid")).count();
    let other = client.get(process.url() + "/api/users").bearer_auth("hush-hush-hush-hush");
    assert_eq!(other.send().await.unwrap().status(), 401);
    drop(client);
    let log = process.stopped().await;
    assert_eq!(count(&log), 1, "that of the request for users: {log:?}");
}

/// What the server says of its options before it starts.
fn refused(options: &[&str]) -> String {
    let program = env!("CARGO_BIN_EXE_watchtower-server");
    let Output { status, stderr, .. } = std::process::Command::new(program).args(options).output().unwrap();
    assert_eq!(status.code(), Some(1), "{options:?}");
    String::from_utf8(stderr).unwrap()
}

#[test]
fn a_level_that_is_misspelt_is_refused_with_those_that_there_are() {
    for wrong in ["inf", "info,watchtower_server", "watchtower_server=loud", "info,,verbose"] {
        let said = refused(&["--log", wrong, "openapi"]);
        let word = wrong.rsplit([',', '=']).next().unwrap();
        assert!(said.contains("--log") && said.contains(word) && said.contains("error, warn, info"), "{said}");
    }
    let program = env!("CARGO_BIN_EXE_watchtower-server");
    for right in ["info", "OFF", "warn,watchtower_server::publish=debug", "[request{request.id=7}]=debug"] {
        let run = std::process::Command::new(program).args(["--log", right, "openapi"]).output().unwrap();
        assert!(run.status.success(), "{right}: {}", String::from_utf8_lossy(&run.stderr));
    }
}
