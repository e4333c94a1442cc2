//! The server as a process: killed at any moment, it has lost nothing that it answered.

pub mod process;
mod readers;
mod uploads;
pub mod writers;

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc, time::Instant};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    task::JoinSet,
};

use crate::support::{client, files, until};
use process::Process;
use readers::Readers;
use uploads::{Tracker, Uploader};
use writers::{Random, Writer};

/// How many write at a time, and how many upload.
const WRITERS: usize = 6;
const UPLOADERS: usize = 2;
/// How often the server is killed.
const KILLS: usize = 50;

/// Everybody who has the server do something.
struct Clients {
    writers: Vec<Writer>,
    uploaders: Vec<Uploader>,
    tracker: Tracker,
}

/// One of them.
enum Worker {
    Writer(Writer),
    Uploader(Uploader),
    Tracker(Tracker),
    /// Has everything rendered anew.
    Renderer,
}

impl Worker {
    /// Does something; `false` if there was no answer any more.
    async fn write(&mut self, client: &Client, url: &str) -> bool {
        match self {
            Self::Writer(writer) => writer.write(client, url).await,
            Self::Uploader(uploader) => uploader.write(client, url).await,
            Self::Tracker(tracker) => tracker.write(client, url).await,
            Self::Renderer => {
                let Ok(response) = client.post(format!("{url}/api/render?force=true")).send().await else {
                    return false;
                };
                let status = response.status();
                assert!(status.is_success(), "{status}");
                true
            }
        }
    }
}

impl Clients {
    fn new() -> Self {
        let (writers, uploaders) = ((0..WRITERS).map(Writer::new), (0..UPLOADERS).map(Uploader::new));
        Self { writers: writers.collect(), uploaders: uploaders.collect(), tracker: Tracker::default() }
    }

    fn take(&mut self) -> Vec<Worker> {
        let writers = self.writers.drain(..).map(Worker::Writer);
        let uploaders = self.uploaders.drain(..).map(Worker::Uploader);
        let tracker = Worker::Tracker(std::mem::take(&mut self.tracker));
        writers.chain(uploaders).chain([tracker, Worker::Renderer]).collect()
    }

    fn give_back(&mut self, workers: Vec<Worker>) {
        for worker in workers {
            match worker {
                Worker::Writer(writer) => self.writers.push(writer),
                Worker::Uploader(uploader) => self.uploaders.push(uploader),
                Worker::Tracker(tracker) => self.tracker = tracker,
                Worker::Renderer => {}
            }
        }
        self.writers.sort_by_key(Writer::number);
    }
}

/// Lets all clients write until the server is gone; `act` is called once this many writes were answered.
async fn write_until<T>(
    process: Process,
    clients: &mut Clients,
    answers: u64,
    act: impl AsyncFnOnce(Process) -> T,
) -> T {
    let (count, mut counted) = watch::channel(0_u64);
    let count = Arc::new(count);
    let mut running = JoinSet::new();
    for mut worker in clients.take() {
        let (count, client, url) = (count.clone(), client(), process.url());
        running.spawn(async move {
            while worker.write(&client, &url).await {
                count.send_modify(|count| *count += 1);
            }
            worker
        });
    }
    drop(count);
    counted.wait_for(|count| *count >= answers).await.expect("writes were refused");
    let acted = act(process).await;
    clients.give_back(running.join_all().await);
    acted
}

/// What the server shows of its data and in its tree, after a restart, is the same, and is what the writers were told.
async fn check(process: &Process, clients: &mut Clients) {
    process.get("/readyz").await;
    let mut connection = SqliteConnectOptions::new()
        .filename(process.folder.join("watchtower.db"))
        .read_only(true)
        .connect()
        .await
        .unwrap();
    let found: Vec<String> = sqlx::query_scalar("pragma quick_check").fetch_all(&mut connection).await.unwrap();
    assert_eq!(found, ["ok"]);
    let mut projects = BTreeMap::new();
    for project in process.get("/api/projects").await.as_array().unwrap() {
        let id = project["id"].as_str().unwrap();
        let mut lists = BTreeMap::new();
        // Deliveries are still being applied.
        let of = if id == "hooked" { &[][..] } else { &["shots", "assets"] };
        for list in of.iter().copied() {
            let data = process.get(&format!("/api/projects/{id}/{list}")).await;
            let path = format!("data/projects/{id}/{list}.json");
            let tree = process.get(&format!("/{path}")).await;
            assert_eq!(names(&tree), names(&data), "{path}");
            let on_disk = std::fs::read(process.tree().join(&path)).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&on_disk).unwrap(), tree, "{path}");
            lists.insert(list, names(&data));
        }
        projects.insert(id.to_owned(), lists);
    }
    // Deliveries that are being applied are being published, too.
    let unfinished = process.tree().join(".unfinished");
    let is_empty = async || (std::fs::read_dir(&unfinished).unwrap().count() == 0).then_some(());
    until("nothing is unfinished", is_empty).await;
    let folders = std::fs::read_dir(process.tree().join("data/projects")).unwrap();
    let folders = folders.map(|entry| entry.unwrap()).filter(|entry| entry.path().is_dir());
    let mut folders: Vec<_> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    folders.sort();
    assert_eq!(folders, projects.keys().cloned().collect::<Vec<_>>());
    for writer in &mut clients.writers {
        let own = &projects[&writer.project()];
        let shared = projects["shared"]["shots"].iter().filter(|shot| writer.owns(&shot.id));
        writer.compare(&shared.cloned().collect::<Vec<_>>(), &own["assets"]);
    }
    for uploader in &mut clients.uploaders {
        uploader.compare(process).await;
    }
    clients.tracker.compare(process).await;
}

/// An entity as far as writers alter it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    id: String,
    name: String,
    /// The status of its tasks.
    statuses: Vec<String>,
}

fn names(list: &Value) -> Vec<Shown> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let shown = list.as_array().unwrap().iter().map(|entity| {
        let tasks = entity["tasks"].as_array().unwrap().iter();
        let statuses = tasks.map(|task| text(&task["task_status_id"])).collect();
        Shown { id: text(&entity["id"]), name: text(&entity["name"]), statuses }
    });
    shown.collect()
}

/// A server with a source of webhooks, on a folder.
async fn start(folder: &std::path::Path) -> Process {
    let config: PathBuf = folder.with_file_name("watchtower.toml");
    fs::write(&config, "[[webhook]]\nname = \"tracker\"\nverify = \"none\"\nmapping = \"changes\"\n").unwrap();
    let mut command = process::command(folder);
    command.arg("--config").arg(config);
    Process::of(command).await
}

/// A folder with the projects of all clients in it.
async fn prepared(temp: &TempDir) -> (Process, Clients) {
    let process = start(&temp.path().join("data")).await;
    let clients = Clients::new();
    let projects = clients.writers.iter().map(Writer::project);
    let projects = projects.chain(["shared", "pictures", "hooked"].map(str::to_owned));
    let projects: Vec<_> = projects.map(|id| json!({"id": id, "name": id})).collect();
    process.send(Method::PUT, "/api/projects", &json!(projects)).await;
    let shots: Vec<_> = clients.uploaders.iter().flat_map(Uploader::shots).collect();
    process.send(Method::PUT, "/api/projects/pictures/shots?wait=published", &json!(shots)).await;
    (process, clients)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_has_lost_nothing_that_it_answered_and_readers_of_its_tree_never_notice() {
    let seed =
        std::env::var("CRASH_SEED").map_or_else(|_| uuid::Uuid::new_v4().as_u64_pair().0, |seed| seed.parse().unwrap());
    eprintln!("CRASH_SEED={seed}");
    let (temp, begun) = (TempDir::new().unwrap(), Instant::now());
    let (mut process, mut clients) = prepared(&temp).await;
    let readers = Readers::start(&process.tree());
    let mut random = Random(seed);
    for writer in &mut clients.writers {
        writer.seed(random.next());
    }
    for kill in 0..KILLS {
        readers.tell(Some(process.url()));
        let (answers, folder) = (random.below(100), process.folder.clone());
        write_until(process, &mut clients, answers, Process::kill).await;
        readers.tell(None);
        for writer in &clients.writers {
            writer.check_published(&folder.join("tree/classic"));
        }
        process = start(&folder).await;
        check(&process, &mut clients).await;
        assert!(readers.are_well(), "somebody read what is not whole");
        eprintln!("kill {kill} after {answers} answers, {:?}", begun.elapsed());
    }
    clients.tracker.finish(&process).await;
    let written: u64 = clients.writers.iter().map(Writer::written).sum();
    assert!(written > 15 * KILLS as u64, "only {written} writes were answered");
    assert!(clients.tracker.answered() > KILLS, "only {} deliveries were answered", clients.tracker.answered());
    let (on_disk, over_http) = readers.finish().await;
    assert!(on_disk > 1000 && over_http > 1000, "only {on_disk} and {over_http} files were read");
    process.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_stop_finishes_what_it_accepted() {
    let temp = TempDir::new().unwrap();
    let (process, mut clients) = prepared(&temp).await;
    let folder = process.folder.clone();
    // Connections that say nothing, as browsers open them ahead of time, are nothing to wait for.
    let silent = TcpStream::connect(process.address).await.unwrap();
    let body = json!({"id": "late", "name": "late"}).to_string();
    let mut slow = TcpStream::connect(process.address).await.unwrap();
    let head = format!(
        "POST /api/projects HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body: it has accepted the request.
    let mut asked = [0; 25];
    slow.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    let stop = async |mut process: Process| {
        process.signal("TERM");
        process.says("stopping").await;
        slow.write_all(body.as_bytes()).await.unwrap();
        process
    };
    let process = write_until(process, &mut clients, 40, stop).await;
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    process.ended_well().await;
    drop(silent);
    let process = start(&folder).await;
    check(&process, &mut clients).await;
    process.get("/api/projects/late").await;
    assert!(files(&process.tree()).contains_key("data/projects/late/shots.json"));
    process.terminate().await;
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused() {
    let temp = TempDir::new().unwrap();
    let (process, _) = prepared(&temp).await;
    let folder = process.folder.clone();
    let second =
        tokio::time::timeout(crate::support::DEADLINE, process::command(&folder).output()).await.unwrap().unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("another watchtower-server uses the data folder"), "{said}");
    assert!(said.contains(folder.to_str().unwrap()), "{said}");
    assert_eq!(second.stdout, b"");
    process.get("/readyz").await;
    // When the first has ended, even badly, the folder is free.
    process.kill().await;
    Process::start(&folder).await.terminate().await;
}
