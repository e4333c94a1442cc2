//! The example of a receiver does what it says.

use std::{path::Path, process::Stdio};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use sha2::Sha256;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};
use watchtower_server::writer::system_clock;

use super::{DEADLINE, NEW_YEAR, OTHER_SECRET, QUICK, SECRET, server_with, table};
use crate::support::client;

struct Follower {
    url: String,
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Follower {
    async fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/follow.py");
        let mut command = Command::new("python3");
        command.arg(script).env("HOOK_SECRET", SECRET).env("PORT", "0").stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut follower = Self { url: String::new(), lines, _child: child };
        let line = follower.line().await;
        let url = line.strip_prefix("listening on ").unwrap().to_owned();
        Self { url, ..follower }
    }

    async fn line(&mut self) -> String {
        timeout(DEADLINE, self.lines.next_line()).await.expect("it says nothing").unwrap().expect("it ended")
    }
}

#[tokio::test]
async fn the_example_of_a_receiver_follows_a_server() {
    let mut follower = Follower::start().await;
    let config = table("tool", &follower.url, "")
        .replace(&format!("[\"{SECRET}\"]"), &format!("[\"{OTHER_SECRET}\", \"{SECRET}\"]"));
    let server = server_with(QUICK, &config).await;
    // The receiver has the computer's clock, and looks at it.
    server.pass((system_clock()() - NEW_YEAR) / 1_000_000);
    let first = server.change("kestrel").await;
    assert_eq!(follower.line().await, format!("what all projects share is published at revision {first}"));
    assert_eq!(follower.line().await, format!("kestrel is published at revision {first}"));
    server.until_told("tool").await;
    server.delete("/api/projects/kestrel").await.expect(204);
    let gone = server.revision().await;
    let mut said = [follower.line().await, follower.line().await];
    said.sort();
    let expected = [
        format!("kestrel is gone at revision {gone}"),
        format!("what all projects share is published at revision {gone}"),
    ];
    assert_eq!(said, expected);
    assert_eq!(server.until_told("tool").await["failed"], 0);
}

#[tokio::test]
async fn the_example_of_a_receiver_takes_nothing_from_others() {
    let mut follower = Follower::start().await;
    let now = system_clock()() / 1_000_000;
    let key = STANDARD.decode(&SECRET[6..]).unwrap();
    let send = async |id: &str, time: i64, signed: &str, body: &str| {
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).unwrap();
        let mac = mac.chain_update(format!("{id}.{time}.{signed}")).finalize().into_bytes();
        watchtower_server::fetch::client::use_ring();
        let client = client();
        let request = client.post(&follower.url).header("webhook-id", id).header("webhook-timestamp", time.to_string());
        let request = request.header("webhook-signature", format!("v1a,x v1,{}", STANDARD.encode(mac)));
        request.body(body.to_owned()).send().await.unwrap().status()
    };
    let body = |revision: u64| {
        let data = format!(r#"{{"project":"p","revision":{revision}}}"#);
        format!(r#"{{"type":"project.published","timestamp":"2026-01-01T00:00:00.000Z","data":{data}}}"#)
    };
    let one = body(1);
    assert_eq!(send("msg_a", now, &one, &body(2)).await, StatusCode::UNAUTHORIZED, "another body");
    assert_eq!(send("msg_a", now - 301, &one, &one).await, StatusCode::UNAUTHORIZED, "too old");
    assert_eq!(send("msg_a", now + 1000, &one, &one).await, StatusCode::UNAUTHORIZED, "too new");
    assert_eq!(send("msg_a", now, &one, &one).await, StatusCode::NO_CONTENT);
    assert_eq!(send("msg_a", now, &one, &one).await, StatusCode::NO_CONTENT, "repeated");
    let unknown = r#"{"type":"project.renamed","timestamp":"2026-01-01T00:00:00.000Z","data":{}}"#;
    assert_eq!(send("msg_b", now, unknown, unknown).await, StatusCode::NO_CONTENT, "of no interest");
    let three = body(3);
    assert_eq!(send("msg_c", now, &three, &three).await, StatusCode::NO_CONTENT);
    assert_eq!(follower.line().await, "p is published at revision 1");
    assert_eq!(follower.line().await, "p is published at revision 3");
}
