//! The server as a command with a configuration file, and all that it says.

use std::{
    path::Path,
    process::{Output, Stdio},
    sync::{Arc, Mutex},
};

use reqwest::{Method, Response};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    time::timeout,
};

use super::{DEADLINE, until};

/// A server that runs.
pub struct Process {
    pub address: String,
    client: reqwest::Client,
    child: Child,
    said: Arc<Mutex<String>>,
}

/// The command, on a data folder and a configuration beside it.
pub fn command(name: &str, folder: &Path, config: &str) -> Command {
    let file = folder.join("watchtower.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchtower-server"));
    command.arg(name).args(["--listen", "127.0.0.1:0", "--log", "trace", "--config"]).arg(file);
    command.arg("--data-dir").arg(folder.join("data")).stdin(Stdio::null()).kill_on_drop(true);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WATCHTOWER_")) {
        command.env_remove(name);
    }
    command
}

/// What `check` says of a configuration.
pub async fn check(folder: &Path, config: &str) -> Output {
    timeout(DEADLINE, command("check", folder, config).output()).await.unwrap().unwrap()
}

impl Process {
    pub async fn start(folder: &Path, config: &str) -> Self {
        let mut command = command("serve", folder, config);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::default();
        keep(child.stdout.take().unwrap(), &said);
        keep(child.stderr.take().unwrap(), &said);
        let address = until("an address", async || {
            let said = said.lock().unwrap().clone();
            let (_, rest) = said.split_once("listens on http://")?;
            rest.split_once(' ').map(|(address, _)| address.to_owned())
        })
        .await;
        watchtower_server::fetch::client::use_ring();
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        Self { address, client, child, said }
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Response {
        let request = self.client.request(method, format!("http://{}{path}", self.address));
        let request = if body.is_null() { request } else { request.json(body) };
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.text().await.unwrap());
        response
    }

    pub async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, &Value::Null).await.json().await.unwrap()
    }

    /// Ends it without a warning.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Tells it to stop, waits until it has, and gives all that it said.
    pub async fn terminate(mut self) -> String {
        let id = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
        let status = timeout(DEADLINE, self.child.wait()).await.expect("it does not stop").unwrap();
        let said = self.said.lock().unwrap().clone();
        assert!(status.success(), "{said}");
        said
    }
}

/// Keeps the lines that come.
fn keep(lines: impl AsyncRead + Unpin + Send + 'static, said: &Arc<Mutex<String>>) {
    let said = said.clone();
    tokio::spawn(async move {
        let mut lines = BufReader::new(lines).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            *said.lock().unwrap() += &(line + "\n");
        }
    });
}
