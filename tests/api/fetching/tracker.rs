//! A tracker on loopback, which answers as it is told to, also as no proper server does.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

use super::DEADLINE;

/// A file as a tracker has it.
#[derive(Debug, Clone, Default)]
pub struct File {
    pub bytes: Vec<u8>,
    pub media_type: &'static str,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

impl File {
    pub fn png(bytes: Vec<u8>) -> Self {
        Self { bytes, media_type: "image/png", ..Self::default() }
    }

    pub fn movie(bytes: Vec<u8>) -> Self {
        Self { bytes, media_type: "video/mp4", ..Self::default() }
    }

    pub fn with_etag(self, etag: &str) -> Self {
        Self { etag: Some(format!("\"{etag}\"")), ..self }
    }

    pub fn modified(self, date: &str) -> Self {
        Self { last_modified: Some(date.to_owned()), ..self }
    }

    /// The answer to a request: all of it, a part of it, or that it is what the client has.
    fn answer(&self, head: &str) -> Vec<u8> {
        let versions = [("ETag", &self.etag), ("Last-Modified", &self.last_modified)];
        let versions = versions.map(|(name, value)| value.as_ref().map(|value| format!("{name}: {value}\r\n")));
        let headers = versions.into_iter().flatten().collect::<String>();
        let is_known = match (header(head, "if-none-match"), header(head, "if-modified-since")) {
            (Some(tag), _) => self.etag.as_deref() == Some(tag),
            (None, since) => since.is_some() && self.last_modified.as_deref() == since,
        };
        if is_known {
            return format!("HTTP/1.1 304 Not Modified\r\n{headers}\r\n").into();
        }
        let all = self.bytes.len();
        let asked = header(head, "range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
        let (status, part, place) = match asked {
            Some((first, _)) if first.parse::<usize>().is_ok_and(|first| first >= all) => {
                return format!("HTTP/1.1 416 No\r\nContent-Range: bytes */{all}\r\nContent-Length: 0\r\n\r\n").into();
            }
            Some((first, last)) => {
                let (first, last) = (first.parse().unwrap(), last.parse().map_or(all, |last: usize| all.min(last + 1)));
                let place = format!("Content-Range: bytes {first}-{}/{all}\r\n", last - 1);
                ("206 Partial Content", &self.bytes[first..last], place)
            }
            None => ("200 OK", &self.bytes[..], String::new()),
        };
        let (media_type, length) = (self.media_type, part.len());
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\nAccept-Ranges: bytes\r\n{place}{headers}\r\n"
        );
        [head.as_bytes(), part].concat()
    }
}

/// How a path is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    File(File),
    /// This, to the letter.
    Raw(String),
    /// Only its beginning; then the connection is closed.
    Half(File),
    /// Only its beginning; then nothing more comes.
    Stalled(File),
    /// Bytes without end.
    Endless,
    /// Not before [`Tracker::let_go`].
    Held(Box<Reply>),
    /// Only to who has this in `Authorization`.
    Closed(String, Box<Reply>),
    /// Only by a URL with this in its query.
    Signed(String, Box<Reply>),
}

impl Reply {
    /// A status with a page for people.
    pub fn page(status: &str, headers: &str) -> Self {
        let html = format!("<!doctype html><html><title>{status}</title></html>");
        let length = html.len();
        Self::Raw(format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n{headers}\r\n{html}"
        ))
    }

    pub fn redirect(to: &str) -> Self {
        Self::Raw(format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"))
    }
}

/// How many requests there are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Those that are not answered yet.
    pub open: usize,
    /// The most that were open at once.
    pub most: usize,
    /// All so far.
    pub all: usize,
    /// All connections so far.
    pub connections: usize,
}

#[derive(Default)]
struct State {
    replies: Mutex<HashMap<String, Reply>>,
    heads: Mutex<Vec<String>>,
    counts: watch::Sender<Counts>,
    /// Whether what is held goes on.
    free: watch::Sender<bool>,
}

pub struct Tracker {
    pub port: u16,
    state: Arc<State>,
}

impl Tracker {
    /// One that has nothing: it answers 404 with a page for people.
    pub async fn start() -> Self {
        Self::on(TcpListener::bind(("127.0.0.1", 0)).await.unwrap())
    }

    pub fn on(listener: TcpListener) -> Self {
        let tracker = Self { port: listener.local_addr().unwrap().port(), state: Arc::default() };
        let state = tracker.state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                state.counts.send_modify(|counts| counts.connections += 1);
                tokio::spawn(converse(stream, state.clone()));
            }
        });
        tracker
    }

    /// What the configuration calls it.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its table in the configuration, as a private host.
    pub fn settings(&self, rest: &str) -> String {
        format!("[[media-host]]\nhost = \"{}\"\nprivate = true\n{rest}\n", self.host())
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host())
    }

    /// How a path is answered from now on, whatever its query.
    pub fn set(&self, path: &str, reply: Reply) {
        self.state.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    pub fn has(&self, path: &str, file: File) {
        self.set(path, Reply::File(file));
    }

    /// What is held goes on, now and from now on.
    pub fn let_go(&self) {
        self.state.free.send_replace(true);
    }

    /// The requests for a path so far, with their headers.
    pub fn asked(&self, path: &str) -> Vec<String> {
        let heads = self.state.heads.lock().unwrap();
        heads.iter().filter(|head| path_of(head) == path).cloned().collect()
    }

    /// How many requests came before the first for a path.
    pub fn position(&self, path: &str) -> usize {
        self.state.heads.lock().unwrap().iter().position(|head| path_of(head) == path).unwrap()
    }

    pub fn counts(&self) -> Counts {
        *self.state.counts.borrow()
    }

    /// Waits until its counts are so.
    pub async fn until(&self, what: &str, is_so: impl FnMut(&Counts) -> bool) {
        let mut counts = self.state.counts.subscribe();
        let waited = timeout(DEADLINE, counts.wait_for(is_so)).await;
        assert!(waited.is_ok(), "never {what}: {:?}", self.counts());
    }

    /// Waits until a path was asked for so many times.
    pub async fn until_asked(&self, path: &str, times: usize) {
        self.until(&format!("{times} requests for {path}"), |_| self.asked(path).len() >= times).await;
    }
}

/// A header of a request.
pub fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn path_of(head: &str) -> &str {
    head.split(' ').nth(1).and_then(|target| target.split('?').next()).unwrap()
}

/// Answers one request after the other, until one of both sides has enough.
async fn converse(mut stream: TcpStream, state: Arc<State>) {
    let mut head = Vec::new();
    while let Ok(byte) = stream.read_u8().await {
        head.push(byte);
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let text = String::from_utf8(std::mem::take(&mut head)).unwrap();
        state.heads.lock().unwrap().push(text.clone());
        state.counts.send_modify(|counts| {
            counts.open += 1;
            counts.all += 1;
            counts.most = counts.most.max(counts.open);
        });
        let reply = state.replies.lock().unwrap().get(path_of(&text)).cloned();
        let reply = reply.unwrap_or_else(|| Reply::page("404 Not Found", ""));
        let goes_on = answer(&mut stream, &text, reply, &state).await;
        state.counts.send_modify(|counts| counts.open -= 1);
        if !goes_on.unwrap_or(false) {
            return;
        }
    }
}

/// Answers a request; says whether another may follow.
async fn answer(stream: &mut TcpStream, head: &str, reply: Reply, state: &State) -> io::Result<bool> {
    match reply {
        Reply::File(file) => stream.write_all(&file.answer(head)).await?,
        Reply::Raw(text) => stream.write_all(text.as_bytes()).await?,
        Reply::Half(file) => {
            let whole = file.answer(head);
            stream.write_all(&whole[..whole.len() - file.bytes.len() / 2]).await?;
            return Ok(false);
        }
        Reply::Stalled(file) => {
            let whole = file.answer(head);
            stream.write_all(&whole[..whole.len() - file.bytes.len() / 2]).await?;
            // Until the client gives up.
            drop(stream.read_u8().await);
            return Ok(false);
        }
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n").await?;
            while timeout(Duration::from_mins(1), stream.write_all(&[0; 4096])).await.is_ok_and(|sent| sent.is_ok()) {}
            return Ok(false);
        }
        Reply::Held(reply) => {
            let mut free = state.free.subscribe();
            let is_free = async { drop(free.wait_for(|free| *free).await) };
            tokio::select! {
                () = is_free => {}
                // The client has gone.
                _ = stream.read_u8() => return Ok(false),
            }
            return Box::pin(answer(stream, head, *reply, state)).await;
        }
        Reply::Closed(key, reply) => {
            let is_open = header(head, "authorization") == Some(&key);
            let reply = if is_open { *reply } else { Reply::page("401 Unauthorized", "") };
            return Box::pin(answer(stream, head, reply, state)).await;
        }
        Reply::Signed(signature, reply) => {
            let is_open = head.lines().next().is_some_and(|line| line.contains(&signature));
            let reply = if is_open { *reply } else { Reply::page("403 Forbidden", "") };
            return Box::pin(answer(stream, head, reply, state)).await;
        }
    }
    Ok(true)
}
