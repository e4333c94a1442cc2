//! A server of one's own for each test: a folder that goes away with it, a free port, an HTTP client.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};
use watchtower_server::{
    layout::Layout,
    notify::Notices,
    page::Page,
    server::{DataFolder, Options, Server, SiteOptions},
    writer::Clock,
};

/// 2026-01-01T00:00:00Z, in microseconds since 1970: where the clock of a test begins.
pub const NEW_YEAR: i64 = 1_767_225_600_000_000;

/// How long a test waits for what must come: longer than any machine takes that is merely busy.
pub const DEADLINE: Duration = Duration::from_mins(2);

/// A server under test.
pub struct TestServer {
    pub address: SocketAddr,
    pub client: reqwest::Client,
    pub folder: PathBuf,
    pub layout: Layout,
    /// The publish hooks of the server that runs, or ran last.
    pub notices: Option<Arc<Notices>>,
    clock: Arc<AtomicI64>,
    options: Options,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
    _temp: Option<TempDir>,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The same, which must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// The same, which must be a problem of this kind.
    #[track_caller]
    pub fn refused(self, status: u16, kind: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!(problem["type"], format!("urn:watchtower-server:problem:{kind}"));
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], answer.header("x-request-id"));
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        answer
    }

    /// The pointers of all faults of a problem.
    pub fn pointers(&self) -> Vec<String> {
        let json = self.json();
        let errors = json["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }
}

impl TestServer {
    /// An empty server.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A server with one project, `p`, that has nothing in it.
    pub async fn with_project() -> Self {
        let server = Self::start().await;
        server.put("/api/projects/p", &serde_json::json!({"name": "P"})).await.expect(201);
        server
    }

    /// An empty server of a layout.
    pub async fn of_layout(layout: Layout) -> Self {
        Self::start_with(|options| options.sites[0].layout = layout).await
    }

    /// An empty server with a site of each layout, the classic one first.
    pub async fn of_both_layouts() -> Self {
        Self::start_with(|options| {
            let v1 = SiteOptions { layout: Layout::V1, ..options.sites[0].clone() };
            options.sites.push(v1);
        })
        .await
    }

    /// The address of the site of a layout.
    pub fn address_of(&self, layout: Layout) -> SocketAddr {
        self.options.sites.iter().find(|site| site.layout == layout).unwrap().listen
    }

    /// The folder of the tree of a layout, that holds `data/`.
    pub fn site_of(&self, layout: Layout) -> PathBuf {
        self.folder.join("tree").join(layout.name())
    }

    /// An empty server with other options than usual.
    pub async fn start_with(alter: impl FnOnce(&mut Options)) -> Self {
        let temp = TempDir::new().unwrap();
        let folder = temp.path().join("data");
        Self::start_on(folder, Some(temp), alter).await
    }

    /// A server on a folder of one's own, which may have been written by another.
    pub async fn start_on(folder: PathBuf, temp: Option<TempDir>, alter: impl FnOnce(&mut Options)) -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let site = SiteOptions { listen, layout: Layout::Classic, page: None, live: false, tls: None };
        let mut options = Options { max_body: 64 << 20, ..Options::usual(vec![site]) };
        // Filters run in a process of the server's program, and not of that of the tests.
        options.program = env!("CARGO_BIN_EXE_watchtower-server").into();
        alter(&mut options);
        let clock = Arc::new(AtomicI64::new(NEW_YEAR));
        watchtower_server::fetch::client::use_ring();
        let mut server = Self {
            address: listen,
            client: client(),
            folder,
            layout: options.sites[0].layout,
            notices: None,
            clock,
            options,
            stop: None,
            task: None,
            _temp: temp,
        };
        server.open().await;
        server
    }

    /// Starts it on its folder, where it was stopped.
    pub async fn open(&mut self) {
        let now = self.clock.clone();
        let clock: Clock = Arc::new(move || now.load(Ordering::Relaxed));
        // A process that another test starts has the lock too, for the moment until it is its own program.
        let data = until("its folder is free", async || DataFolder::take(&self.folder).ok()).await;
        let server = Server::start(data, self.options.clone(), clock).await.unwrap();
        let addresses = server.addresses().unwrap();
        self.notices = Some(server.parts().notices.clone());
        self.address = addresses[0];
        // The same addresses when it is started again.
        for (site, address) in self.options.sites.iter_mut().zip(addresses) {
            site.listen = address;
        }
        let (stop, stopped) = oneshot::channel::<()>();
        self.stop = Some(stop);
        self.task = Some(tokio::spawn(async move {
            let shutdown = async { drop(stopped.await) };
            server.run(shutdown).await.unwrap();
        }));
    }

    /// Stops the server as SIGTERM does.
    pub async fn stop(&mut self) {
        // Idle connections of the client are not to keep it alive.
        self.client = client();
        drop(self.stop.take());
        let stopped = tokio::time::timeout(DEADLINE, self.task.take().unwrap());
        stopped.await.expect("it does not stop").unwrap();
    }

    /// Has other options the next time that it is started.
    pub fn alter(&mut self, alter: impl FnOnce(&mut Options)) {
        alter(&mut self.options);
    }

    /// Stops it, and starts it again on the same folder.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.open().await;
    }

    /// Stops it, and starts it again with other options.
    pub async fn restart_with(&mut self, alter: impl FnOnce(&mut Options)) {
        self.stop().await;
        alter(&mut self.options);
        self.open().await;
    }

    /// Lets time pass, in seconds.
    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    /// How far the day has gone, in seconds (UTC).
    pub fn seconds_of_day(&self) -> i64 {
        self.clock.load(Ordering::Relaxed).rem_euclid(86_400_000_000) / 1_000_000
    }

    /// The folder that holds `data/`.
    pub fn site(&self) -> PathBuf {
        self.folder.join("tree").join(self.layout.name())
    }

    /// The full address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request that can still be altered.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Waits until the tree shows everything that was answered, by asking for a render.
    pub async fn rendered(&self) -> Value {
        self.send(self.request(Method::POST, "/api/render")).await.expect(200).json()
    }

    /// Sends a request to the letter, since a client library tidies paths up; gives the status and the body.
    pub async fn raw(&self, head: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let (host, length) = (self.address, body.len());
        let framing =
            if head.contains("transfer-encoding") { String::new() } else { format!("content-length: {length}\r\n") };
        let request = format!("{head}\r\nhost: {host}\r\nconnection: close\r\n{framing}\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// The revision of the last change.
    pub async fn revision(&self) -> u64 {
        self.get("/api/status").await.expect(200).json()["revision"].as_u64().unwrap()
    }

    /// A file of the tree, as it is served.
    pub async fn tree(&self, path: &str) -> Value {
        self.get(&format!("/data/{path}")).await.expect(200).json()
    }
}

/// A client that waits for no answer for ever.
pub fn client() -> reqwest::Client {
    watchtower_server::fetch::client::use_ring();
    reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap()
}

/// Waits until something is there, and fails where it does not come: a test that waits for ever says nothing at all.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let Ok(found) = tokio::time::timeout(DEADLINE, looking).await else { panic!("never {what}") };
    found
}

/// A page folder as an installed page.
pub fn page(root: &Path, layout: Layout) -> Page {
    Page { root: root.to_owned(), layout, version: None }
}

/// A folder of the tests' data.
pub fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name)
}

/// A dataset: its context, and its projects with their lists.
pub fn dataset(name: &str) -> Value {
    let path = reference(&format!("{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// All files below a folder, by relative path.
pub fn files(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}
