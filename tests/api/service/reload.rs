//! SIGHUP: the configuration is read again, and taken as a whole, or not at all.

use reqwest::{Method, tls::Version};
use serde_json::{Value, json};
use tokio::process::Command;

use super::{Place, manager, open_source};
use crate::{
    crash::process::{Process, command},
    limits::tls::Files,
    support::until,
};

/// What is answered to a delivery.
async fn deliver(process: &Process, source: &str, body: &Value) -> u16 {
    process.ask(Method::POST, &format!("/api/webhooks/{source}"), body).await.0
}

#[tokio::test]
async fn sources_of_webhooks_come_and_go_without_a_restart() {
    let place = Place::with(&open_source("one"));
    let mut process = Process::of(place.command()).await;
    assert_eq!(deliver(&process, "one", &json!({"changes": [1]})).await, 202);
    assert_eq!(deliver(&process, "two", &json!({"changes": [1]})).await, 404);
    place.configure(&(open_source("two") + &open_source("three")));
    process.signal("HUP");
    process.says("the configuration was read again: 2 sources of webhooks").await;
    assert_eq!(deliver(&process, "one", &json!({"changes": [2]})).await, 404);
    assert_eq!(deliver(&process, "two", &json!({"changes": [2]})).await, 202);
    assert_eq!(deliver(&process, "three", &json!({"changes": [2]})).await, 202);
    process.terminate().await;
}

#[tokio::test]
async fn an_unsound_file_changes_nothing_and_the_log_says_why() {
    let place = Place::with(&open_source("one"));
    let mut process = Process::of(place.command()).await;
    let with_secret =
        "[[webhook]]\nname = \"two\"\nverify = \"bearer\"\nsecrets = \"hush-hush\"\nmapping = \"changes\"\n";
    let twice = open_source("two") + &open_source("two");
    for (unsound, reason) in [
        ("[[webhook]]\nname = \"two\"\nmapping = \"changes\"\n", "verify"),
        ("[[webhook]]\nname = \"two\"\nverify = \"none\"\nfilter-file = \"absent.jq\"\n", "absent.jq"),
        ("[[webhook]]\nname = \"two\"\nverify = \"none\"\nfilter = \".body |\"\n", "the filter does not compile"),
        ("webhook = 7", "line 1"),
        ("[[webhook", "line 1"),
        ("lisen = \"127.0.0.1:1\"", "lisen"),
        ("listen = \"0.0.0.0:0\"\nallow-anonymous = \"no\"", "line 2"),
        (&twice, "twice"),
        (with_secret, "secrets"),
    ] {
        place.configure(unsound);
        process.signal("HUP");
        let line = process.line("the configuration is not sound: everything stays as it was").await;
        assert!(line.contains("ERROR") && line.contains(reason), "{unsound:?}: {line}");
        assert!(!line.contains("hush-hush"), "{line}");
        assert_eq!(deliver(&process, "one", &json!({"changes": [unsound]})).await, 202, "{unsound:?}");
        assert_eq!(deliver(&process, "two", &json!({"changes": [unsound]})).await, 404, "{unsound:?}");
    }
    std::fs::remove_file(place.file()).unwrap();
    process.signal("HUP");
    let line = process.line("everything stays as it was").await;
    assert!(line.contains("watchtower.toml"), "{line}");
    place.configure(&open_source("two"));
    process.signal("HUP");
    process.says("the configuration was read again").await;
    assert_eq!(deliver(&process, "two", &json!({"changes": []})).await, 202, "and it is taken again once it is sound");
    process.terminate().await;
}

#[tokio::test]
async fn what_needs_a_restart_is_named_until_it_is_as_before() {
    let place = Place::with("max-body = 1000\n");
    let mut process = Process::of(place.command()).await;
    place.configure(&format!("max-body = 2000\nplaceholders = true\n{}", open_source("one")));
    process.signal("HUP");
    let line = process.line("they need a restart").await;
    assert!(line.contains("WARN") && line.contains("\"max-body, placeholders\""), "{line}");
    assert_eq!(deliver(&process, "one", &json!({"changes": []})).await, 202, "what can be taken is");
    let large = json!({"name": "n".repeat(1500)});
    assert_eq!(process.ask(Method::PUT, "/api/projects/p", &large).await.0, 413, "the rest is as it was");
    place.configure("max-body = 1000\n");
    process.signal("HUP");
    process.says("the configuration was read again").await;
    let log = process.stopped().await;
    assert!(!log.iter().any(|line| line.contains("need a restart")), "{log:?}");
}

#[tokio::test]
async fn without_a_file_the_signal_does_no_harm() {
    let place = Place::with("");
    let mut process = Process::start(&place.path("data")).await;
    process.signal("HUP");
    process.says("there is no configuration file to be read again").await;
    process.send(Method::PUT, "/api/projects/p?wait=published", &json!({"name": "P"})).await;
    process.terminate().await;
}

/// The same command, for a server that serves by TLS.
fn by_tls(mut command: Command, files: &Files) -> Command {
    command.arg("--tls-cert").arg(files.certificate()).arg("--tls-key").arg(files.key());
    command
}

/// Waits until the server has the certificate that is on disk now.
async fn has_what_is_on_disk(process: &Process, files: &Files) {
    // With a connection of its own each time.
    let ask = async || {
        let url = format!("https://localhost:{}/healthz", process.address.port());
        files.client(Version::TLS_1_3).get(url).send().await.ok()
    };
    until("the new certificate", ask).await;
}

#[tokio::test]
async fn certificates_are_read_again_whatever_becomes_of_the_file() {
    let (files, place) = (Files::new(), Place::with(&open_source("one")));
    let mut process = Process::of(by_tls(place.command(), &files)).await;
    let uncompiled = "[[webhook]]\nname = \"two\"\nverify = \"none\"\nfilter = \"[\"\n";
    for file in [&open_source("two"), "webhook = 7", "[[webhook", "lisen = \"127.0.0.1:1\"", uncompiled] {
        place.configure(file);
        files.renew();
        process.signal("HUP");
        has_what_is_on_disk(&process, &files).await;
    }
    std::fs::remove_file(place.file()).unwrap();
    files.renew();
    process.signal("HUP");
    has_what_is_on_disk(&process, &files).await;
    // One that is broken is named; that of before stays, and the file is taken all the same.
    let client = files.client(Version::TLS_1_2);
    std::fs::write(files.certificate(), "").unwrap();
    place.configure(&open_source("three"));
    process.signal("HUP");
    let line = process.line("the certificate stays the one of before").await;
    assert!(line.contains("ERROR") && line.contains("certificate.pem"), "{line}");
    process.says("the configuration was read again: 1 sources of webhooks").await;
    let url = format!("https://localhost:{}/api/webhooks/three", process.address.port());
    assert_eq!(client.post(url).json(&json!({"changes": []})).send().await.unwrap().status(), 202);
    process.terminate().await;
}

#[tokio::test]
async fn without_a_file_certificates_are_read_again_too_and_the_manager_is_told_what_became_of_them() {
    let (files, place) = (Files::new(), Place::with(""));
    let command = by_tls(command(&place.path("data")), &files);
    let (process, mut manager) = manager::start(&place, command, None).await;
    files.renew();
    process.signal("HUP");
    has_what_is_on_disk(&process, &files).await;
    manager.hears("RELOADING=1", "STOPPING=1").await;
    let ready = manager.hears("READY=1", "STOPPING=1").await;
    assert!(
        ready[1].contains("no configuration file") && ready[1].contains("1 certificate was read again"),
        "{ready:?}"
    );
    std::fs::remove_file(files.key()).unwrap();
    process.signal("HUP");
    manager.hears("RELOADING=1", "STOPPING=1").await;
    let ready = manager.hears("READY=1", "STOPPING=1").await;
    assert!(ready[1].contains("key.pem") && ready[1].contains("stays the one of before"), "{ready:?}");
    process.signal("TERM");
    manager.hears("STOPPING=1", "READY=1").await;
    process.ended_well().await;
}
