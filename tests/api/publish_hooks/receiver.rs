//! A receiver of calls on loopback: it keeps what came, and answers as it is told to.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

use super::DEADLINE;

/// How a call is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    /// By a status line without `HTTP/1.1`, and headers.
    Status(&'static str),
    /// By these bytes, after which the connection is closed.
    Raw(&'static str),
    /// Not before [`Receiver::let_go`].
    Held(&'static str),
    /// Never.
    Silent,
    /// By 500 if the body has this in it, else by 204.
    Unless(&'static str),
}

/// A call that came.
#[derive(Debug, Clone)]
pub struct Came {
    pub head: String,
    pub body: Vec<u8>,
}

impl Came {
    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> &str {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
    }

    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Its type, its project, and the revision.
    pub fn gist(&self) -> (String, Option<String>, u64) {
        let (json, text) = (self.json(), |value: &Value| value.as_str().map(str::to_owned));
        (text(&json["type"]).unwrap(), text(&json["data"]["project"]), json["data"]["revision"].as_u64().unwrap())
    }

    /// The places of the signatures that are right by a secret, as Standard Webhooks 1.0 have it.
    pub fn signed_by(&self, secret: &str) -> Vec<usize> {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let message = [self.id(), ".", self.header("webhook-timestamp"), "."].concat();
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).unwrap();
        let mac = mac.chain_update(message).chain_update(&self.body).finalize().into_bytes();
        let right = format!("v1,{}", STANDARD.encode(mac));
        let all = self.header("webhook-signature").split(' ').enumerate();
        all.filter(|(_, signature)| *signature == right).map(|(place, _)| place).collect()
    }
}

/// How many calls there are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub all: usize,
    /// Those that are not answered yet, and the most that were at once.
    pub open: usize,
    pub most: usize,
}

#[derive(Default)]
struct State {
    /// For the next calls, and then for all.
    script: Mutex<VecDeque<Reply>>,
    reply: Mutex<Option<Reply>>,
    came: Mutex<Vec<Came>>,
    counts: watch::Sender<Counts>,
    free: watch::Sender<bool>,
}

pub struct Receiver {
    pub port: u16,
    state: Arc<State>,
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let receiver = Self { port: listener.local_addr().unwrap().port(), state: Arc::default() };
        let state = receiver.state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, state.clone()));
            }
        });
        receiver
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// How the next calls are answered, one after the other.
    pub fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state.script.lock().unwrap().extend(replies);
    }

    /// How all others are answered.
    pub fn always(&self, reply: Reply) {
        *self.state.reply.lock().unwrap() = Some(reply);
    }

    /// What is held goes on, now and from now on.
    pub fn let_go(&self) {
        self.state.free.send_replace(true);
    }

    pub fn counts(&self) -> Counts {
        *self.state.counts.borrow()
    }

    /// All calls so far.
    pub fn came(&self) -> Vec<Came> {
        self.state.came.lock().unwrap().clone()
    }

    /// All calls so far, in short.
    pub fn gists(&self) -> Vec<(String, Option<String>, u64)> {
        self.came().iter().map(Came::gist).collect()
    }

    /// Waits until its counts are so.
    pub async fn until(&self, what: &str, is_so: impl FnMut(&Counts) -> bool) {
        let mut counts = self.state.counts.subscribe();
        let waited = timeout(DEADLINE, counts.wait_for(is_so)).await;
        assert!(waited.is_ok(), "never {what}: {:?}, {:?}", self.counts(), self.gists());
    }

    /// Waits for so many calls; gives all.
    pub async fn calls(&self, number: usize) -> Vec<Came> {
        self.until(&format!("{number} calls"), |counts| counts.all >= number).await;
        self.came()
    }

    /// Waits until it was told of a revision of a project.
    pub async fn told(&self, project: Option<&str>, revision: u64) {
        let project = project.map(str::to_owned);
        let is_it = |came: &(String, Option<String>, u64)| came.1 == project && came.2 == revision;
        self.until(&format!("{project:?} at {revision}"), |_| self.gists().iter().any(is_it)).await;
    }
}

async fn converse(mut stream: TcpStream, state: Arc<State>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let mut came = Came { head: String::from_utf8(head).unwrap(), body: Vec::new() };
    let length = came.header("content-length").parse().unwrap();
    came.body.resize(length, 0);
    if stream.read_exact(&mut came.body).await.is_err() {
        return;
    }
    let reply = state.script.lock().unwrap().pop_front().or_else(|| state.reply.lock().unwrap().clone());
    state.came.lock().unwrap().push(came.clone());
    state.counts.send_modify(|counts| {
        counts.all += 1;
        counts.open += 1;
        counts.most = counts.most.max(counts.open);
    });
    if let Some(answer) = answer(&mut stream, &came, reply, &state).await {
        // First, for who is answered may call again before this goes on.
        state.counts.send_modify(|counts| counts.open -= 1);
        // Who called may have gone.
        let _ = stream.write_all(answer.as_bytes()).await;
    } else {
        state.counts.send_modify(|counts| counts.open -= 1);
    }
}

/// What is answered to a call, when it is time; nothing if who called has gone before.
async fn answer(stream: &mut TcpStream, came: &Came, reply: Option<Reply>, state: &State) -> Option<String> {
    let status = match reply {
        Some(Reply::Status(status)) => status,
        Some(Reply::Raw(text)) => return Some(text.to_owned()),
        Some(Reply::Unless(text)) if String::from_utf8_lossy(&came.body).contains(text) => "500 Internal Server Error",
        None | Some(Reply::Unless(_)) => "204 No Content",
        Some(Reply::Held(status)) => {
            let mut free = state.free.subscribe();
            tokio::select! {
                _ = free.wait_for(|free| *free) => status,
                _ = stream.read_u8() => return None,
            }
        }
        Some(Reply::Silent) => return stream.read_u8().await.ok().map(|_| String::new()),
    };
    let length = if status.starts_with("204") { "" } else { "Content-Length: 0\r\n" };
    Some(format!("HTTP/1.1 {status}\r\n{length}\r\n"))
}
