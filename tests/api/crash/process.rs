//! The server in a process of its own.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdout, Command},
    sync::mpsc,
    time::timeout,
};

use crate::support::DEADLINE;

/// A server that runs.
pub struct Process {
    pub folder: PathBuf,
    pub address: SocketAddr,
    client: reqwest::Client,
    child: Child,
    log: mpsc::UnboundedReceiver<String>,
    _stdout: Lines<BufReader<ChildStdout>>,
}

/// The command that starts a server on a data folder and any free port.
pub fn command(folder: &Path) -> Command {
    let mut command = program(folder);
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    command
}

/// Runs a command on a data folder; whether it went well, and what it said on standard output and error.
pub async fn run(folder: &Path, words: &[String]) -> (bool, String, String) {
    let ended = timeout(DEADLINE, program(folder).args(words).output()).await.expect("it does not end").unwrap();
    let [said, failed] = [&ended.stdout, &ended.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    (ended.status.success(), said, failed)
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchtower-server"));
    command.arg("--data-dir").arg(folder).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WATCHTOWER_")) {
        command.env_remove(name);
    }
    command
}

/// Reads a log as it is written, so that nobody waits for a reader.
fn drained(log: ChildStderr) -> mpsc::UnboundedReceiver<String> {
    let (lines, read) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut log = BufReader::new(log).lines();
        while let Ok(Some(line)) = log.next_line().await {
            // Most of it nobody reads.
            let _ = lines.send(line);
        }
    });
    read
}

impl Process {
    /// Starts a server; it is there as soon as it says so.
    pub async fn start(folder: &Path) -> Self {
        Self::of(command(folder)).await
    }

    /// Starts a server by a command of one's own, which names its folder.
    pub async fn of(command: Command) -> Self {
        Self::try_of(command).await.unwrap_or_else(|said| panic!("it ended at once: {said}"))
    }

    /// The same, which may end at once: then it says why.
    pub async fn try_of(mut command: Command) -> Result<Self, String> {
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut log = drained(child.stderr.take().unwrap());
        let line = timeout(DEADLINE, stdout.next_line()).await.expect("it does not start").unwrap();
        let Some(line) = line else {
            let mut said = String::new();
            while let Some(line) = log.recv().await {
                said = said + &line + "\n";
            }
            return Err(said);
        };
        let address = line.split_once("://").and_then(|(_, rest)| rest.split_whitespace().next());
        let address = address.and_then(|address| address.parse().ok()).expect(&line);
        watchtower_server::fetch::client::use_ring();
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(DEADLINE).build().unwrap();
        let folder = command.as_std().get_args().skip_while(|argument| *argument != "--data-dir").nth(1);
        let folder = PathBuf::from(folder.unwrap());
        Ok(Self { folder, address, client, child, log, _stdout: stdout })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The root of the tree on disk.
    pub fn tree(&self) -> PathBuf {
        self.folder.join("tree/classic")
    }

    pub async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, &Value::Null).await
    }

    /// Sends a request, which must succeed.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Value {
        let (status, answer) = self.try_send(method, path, body).await;
        assert!(status.is_success(), "{path}: {status}\n{answer}");
        answer
    }

    /// Sends a request, which may be refused.
    pub async fn try_send(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let mut request = self.client.request(method, self.url() + path);
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        // Some answers have no body.
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// Uploads a file, which must succeed; gives the revision.
    pub async fn upload(&self, path: &str, bytes: Vec<u8>) -> u64 {
        let response = self.client.put(self.url() + path).body(bytes).send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.headers()["watchtower-revision"].to_str().unwrap().parse().unwrap()
    }

    /// A file; `None` if it is not there.
    pub async fn file(&self, path: &str) -> Option<Vec<u8>> {
        let response = self.client.get(self.url() + path).send().await.unwrap();
        if response.status() == StatusCode::NOT_FOUND {
            return None;
        }
        assert!(response.status().is_success(), "{path}: {}", response.status());
        Some(response.bytes().await.unwrap().into())
    }

    /// Ends it without a warning.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// The most memory that it ever had, and what it has now, in KiB.
    pub fn memory(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let of = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        (of("VmHWM:"), of("VmRSS:"))
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until its log says something.
    pub async fn says(&mut self, what: &str) {
        self.line(what).await;
    }

    /// The next line of its log that says something.
    pub async fn line(&mut self, what: &str) -> String {
        let said = async {
            while let Some(line) = self.log.recv().await {
                if line.contains(what) {
                    return Some(line);
                }
            }
            None
        };
        let said = timeout(DEADLINE, said).await.unwrap_or(None);
        said.unwrap_or_else(|| panic!("it never said {what:?}"))
    }

    /// What is answered to a request, whatever it is: status, request id, body.
    pub async fn ask(&self, method: Method, path: &str, body: &Value) -> (u16, String, String) {
        let response = self.client.request(method, self.url() + path).json(body).send().await.unwrap();
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        (response.status().as_u16(), id, response.text().await.unwrap())
    }

    /// Waits until it has ended by itself, which it must have done in order, and gives what it logged until then.
    pub async fn ended_well(mut self) -> Vec<String> {
        let rest = async {
            let mut log = Vec::new();
            while let Some(line) = self.log.recv().await {
                log.push(line);
            }
            (self.child.wait().await.unwrap(), log)
        };
        let (status, log): (ExitStatus, _) = timeout(DEADLINE, rest).await.expect("it does not stop");
        assert!(status.success(), "{status}");
        log
    }

    /// Tells it to stop, and waits until it has.
    pub async fn terminate(self) {
        self.stopped().await;
    }

    /// The same, and gives what it logged until then.
    pub async fn stopped(self) -> Vec<String> {
        self.signal("TERM");
        self.ended_well().await
    }
}
