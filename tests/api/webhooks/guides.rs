//! The guides for trackers, followed to the letter: from the configuration to a change on the served tree.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::outside::succeed;
use crate::support::{client, until};

/// A reader of a guide: a folder, and a server once it was told to start one.
struct Reader {
    folder: TempDir,
    base: String,
    server: Option<Child>,
}

const SERVE: &str = "watchtower-server serve --config watchtower.toml";

impl Reader {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), base: String::new(), server: None }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Pastes a block into a shell; gives what it prints. The line that starts the server starts one at another address.
    async fn paste(&mut self, block: &str) -> String {
        let program = env!("CARGO_BIN_EXE_watchtower-server");
        let starts = block.contains(SERVE);
        let lines = block.lines().filter(|line| !line.contains(SERVE) && !line.starts_with("jq "));
        let script = lines.collect::<Vec<_>>().join("\n").replace("http://127.0.0.1:8080", &self.base);
        let script = script.replace("watchtower-server webhook", &format!("{program} --data-dir data webhook"));
        let exported = "export SLATE_SECRET=9f2c1d7a55e04b8d8c0e6f3b FLOW_SECRET=0123456789abcdef0123456789abcdef\n";
        let mut command = std::process::Command::new("bash");
        command.args(["-euo", "pipefail", "-c", &format!("{exported}{script}")]).current_dir(self.path());
        let printed = succeed(command).await;
        if starts {
            self.serve().await;
        }
        printed
    }

    async fn serve(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_watchtower-server"));
        command.args(["serve", "--config", "watchtower.toml", "--listen", "127.0.0.1:0", "--data-dir", "data"]);
        command.env("SLATE_SECRET", "9f2c1d7a55e04b8d8c0e6f3b").env("FLOW_SECRET", "0123456789abcdef0123456789abcdef");
        command.current_dir(self.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = command.kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("it does not start");
        let address = line.split_once("http://").unwrap().1.split_whitespace().next().unwrap();
        self.base = format!("http://{address}");
        self.server = Some(server);
    }

    async fn get(&self, path: &str) -> Value {
        let client = client();
        client.get(format!("{}{path}", self.base)).send().await.unwrap().json().await.unwrap()
    }

    /// Waits until the last delivery is settled.
    async fn settled(&self, source: &str) -> Value {
        let path = format!("/api/webhooks/{source}/deliveries?limit=1");
        let last = async || self.get(&path).await[0].clone();
        until("settled", async || Some(last().await).filter(|last| last["status"] != "received")).await
    }
}

/// The blocks of a guide that are to be pasted, up to a heading.
fn blocks(guide: &str, upto: &str) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/trackers").join(guide);
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split_once(upto).unwrap_or_else(|| panic!("{guide} has no heading {upto:?}")).0;
    let pasted = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    pasted.map(str::to_owned).collect()
}

fn has_openssl() -> bool {
    if std::process::Command::new("openssl").arg("version").output().is_ok() {
        return true;
    }
    eprintln!("skipped: there is no openssl");
    assert!(std::env::var_os("CI").is_none(), "with CI=true nothing may be skipped");
    false
}

#[tokio::test]
async fn the_guide_for_a_tracker_of_ones_own_leads_to_a_shot_on_the_page() {
    if !has_openssl() {
        return;
    }
    let mut reader = Reader::new();
    let blocks = blocks("custom.md", "## Writing the filter");
    assert!(blocks.len() >= 6, "{blocks:?}");
    let mut printed = Vec::new();
    for block in &blocks {
        printed.push(reader.paste(block).await);
        if block.contains("--data-binary") {
            let last = reader.settled("slate").await;
            assert_eq!(last["status"], "applied", "{last}");
            reader.get("/readyz").await;
            let rendered = "curl --fail-with-body -X POST http://127.0.0.1:8080/api/render";
            reader.paste(rendered).await;
        }
    }
    let shots = reader.get("/data/projects/kestrel/shots.json").await;
    assert_eq!(shots[0]["name"], "0010 – the nest");
    assert_eq!(shots[0]["tasks"][0]["task_status_id"], "wip");
    // The trials say that nothing is left to change.
    let tried = printed.last().unwrap();
    assert!(tried.contains("\"unchanged\": 3"), "{tried}");
}

#[tokio::test]
async fn the_guide_for_flow_leads_to_a_status_on_the_page() {
    if !has_openssl() {
        return;
    }
    let mut reader = Reader::new();
    let guide = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/trackers/flow.md")).unwrap();
    let config = guide.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    std::fs::write(reader.path().join("watchtower.toml"), config).unwrap();
    reader.serve().await;
    for block in blocks("flow.md", "**Or let a script do that**").iter().filter(|block| block.contains("context.json"))
    {
        reader.paste(block).await;
    }
    // What Flow sends when somebody makes a shot with a task, and sets the task's status.
    let event = |id: u32, kind: &str, entity: u32, field: &str, value: &str| {
        let field = format!("\"attribute_name\":\"{field}\",");
        let meta = format!("{{\"type\":\"attribute_change\",{field}\"new_value\":{value}}}");
        format!(
            "{{\"id\":\"{id}\",\"event_log_entry_id\":{id},\"event_type\":\"Shotgun_{kind}_Change\",\"operation\":\"update\",{field}\
             \"entity\":{{\"type\":\"{kind}\",\"id\":{entity}}},\"project\":{{\"type\":\"Project\",\"id\":127}},\
             \"meta\":{meta},\"created_at\":\"2026-11-23 10:00:{id:02}.0\"}}"
        )
    };
    let events = [
        event(1, "Shot", 860, "code", "\"0010\""),
        event(2, "Shot", 860, "sg_cut_in", "0"),
        event(3, "Shot", 860, "sg_cut_out", "95"),
        event(4, "Task", 4711, "entity", "{\"type\":\"Shot\",\"id\":860,\"name\":\"0010\"}"),
        event(5, "Task", 4711, "step", "{\"type\":\"Step\",\"id\":5,\"name\":\"Animation\"}"),
        event(6, "Task", 4711, "sg_status_list", "\"ip\""),
    ];
    let body = format!("{{\"timestamp\":\"2026-11-23T10:00:09Z\",\"data\":{{\"deliveries\":[{}]}}}}", events.join(","));
    std::fs::write(reader.path().join("payload.json"), body).unwrap();
    let send = "signature=$(openssl dgst -sha1 -hmac \"$FLOW_SECRET\" -hex payload.json | sed 's/^.*= //')\n\
        curl --fail-with-body http://127.0.0.1:8080/api/webhooks/flow --data-binary @payload.json \
        -H 'Content-Type: application/json' -H \"x-sg-signature: sha1=$signature\" -H 'x-sg-event-batch-id: 1'";
    reader.paste(send).await;
    let last = reader.settled("flow").await;
    assert_eq!(last["status"], "applied", "{last}");
    for block in blocks("flow.md", "## What is mapped").iter().skip(3) {
        if !block.contains("push.py") {
            reader.paste(block).await;
        }
    }
    reader.paste("curl --fail-with-body -X POST http://127.0.0.1:8080/api/render").await;
    let shots = reader.get("/data/projects/127/shots.json").await;
    assert_eq!(shots[0]["name"], "0010");
    assert_eq!(shots[0]["data"]["frame_out"], 96);
    assert_eq!(shots[0]["tasks"][0]["task_status_id"], "ip");
}
