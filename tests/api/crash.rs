//! The server as a process: killed at any moment, it has lost nothing that it answered.

pub mod process;
pub mod writers;

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    task::JoinSet,
};

use crate::support::files;
use process::Process;
use writers::{Random, Writer};

/// How many write at a time.
const WRITERS: usize = 8;
/// How often the server is killed.
const KILLS: usize = 20;

/// Lets all writers write until the server is gone; `act` is called once this many writes were answered.
async fn write_until<T>(
    process: Process,
    writers: &mut Vec<Writer>,
    answers: u64,
    act: impl AsyncFnOnce(Process) -> T,
) -> T {
    let (count, mut counted) = watch::channel(0_u64);
    let count = Arc::new(count);
    let mut running = JoinSet::new();
    for mut writer in writers.drain(..) {
        let (count, client, url) =
            (count.clone(), reqwest::Client::builder().no_proxy().build().unwrap(), process.url());
        running.spawn(async move {
            while writer.write(&client, &url).await {
                count.send_modify(|count| *count += 1);
            }
            writer
        });
    }
    drop(count);
    counted.wait_for(|count| *count >= answers).await.expect("writes were refused");
    let acted = act(process).await;
    *writers = running.join_all().await;
    writers.sort_by_key(Writer::number);
    acted
}

/// What the server shows of its data and in its tree, after a restart, is the same, and is what the writers were told.
async fn check(process: &Process, writers: &mut [Writer]) {
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
        for list in ["shots", "assets"] {
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
    assert_eq!(std::fs::read_dir(process.tree().join(".unfinished")).unwrap().count(), 0, "unfinished files");
    let folders = std::fs::read_dir(process.tree().join("data/projects")).unwrap();
    let folders = folders.map(|entry| entry.unwrap()).filter(|entry| entry.path().is_dir());
    let mut folders: Vec<_> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    folders.sort();
    assert_eq!(folders, projects.keys().cloned().collect::<Vec<_>>());
    for writer in writers {
        let own = &projects[&writer.project()];
        let shared = projects["shared"]["shots"].iter().filter(|shot| writer.owns(&shot.id));
        writer.compare(&shared.cloned().collect::<Vec<_>>(), &own["assets"]);
    }
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

/// A folder with the projects of all writers in it.
async fn prepared(temp: &TempDir) -> (Process, Vec<Writer>) {
    let process = Process::start(&temp.path().join("data")).await;
    let writers: Vec<_> = (0..WRITERS).map(Writer::new).collect();
    let projects = writers.iter().map(Writer::project).chain(["shared".to_owned()]);
    let projects: Vec<_> = projects.map(|id| json!({"id": id, "name": id})).collect();
    process.send(Method::PUT, "/api/projects?wait=published", &json!(projects)).await;
    (process, writers)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_has_lost_nothing_that_it_answered() {
    let seed =
        std::env::var("CRASH_SEED").map_or_else(|_| uuid::Uuid::new_v4().as_u64_pair().0, |seed| seed.parse().unwrap());
    eprintln!("CRASH_SEED={seed}");
    let (temp, start) = (TempDir::new().unwrap(), Instant::now());
    let (mut process, mut writers) = prepared(&temp).await;
    let mut random = Random(seed);
    for writer in &mut writers {
        writer.seed(random.next());
    }
    for kill in 0..KILLS {
        let answers = random.below(150);
        let folder = process.folder.clone();
        write_until(process, &mut writers, answers, Process::kill).await;
        for writer in &writers {
            writer.check_published(&folder.join("tree/classic"));
        }
        process = Process::start(&folder).await;
        check(&process, &mut writers).await;
        eprintln!("kill {kill} after {answers} answers, {:?}", start.elapsed());
    }
    let written: u64 = writers.iter().map(Writer::written).sum();
    assert!(written > 20 * KILLS as u64, "only {written} writes were answered");
    process.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_stop_finishes_what_it_accepted() {
    let temp = TempDir::new().unwrap();
    let (process, mut writers) = prepared(&temp).await;
    let folder = process.folder.clone();
    // Connections that say nothing, as browsers open them ahead of time, are nothing to wait for.
    let silent = TcpStream::connect(process.address).await.unwrap();
    let body = json!({"id": "late", "name": "late"}).to_string();
    let mut slow = TcpStream::connect(process.address).await.unwrap();
    let head = format!(
        "POST /api/projects HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
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
    let process = write_until(process, &mut writers, 40, stop).await;
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    process.ended_well().await;
    drop(silent);
    let process = Process::start(&folder).await;
    check(&process, &mut writers).await;
    process.get("/api/projects/late").await;
    assert!(files(&process.tree()).contains_key("data/projects/late/shots.json"));
    process.terminate().await;
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused() {
    let temp = TempDir::new().unwrap();
    let (process, _) = prepared(&temp).await;
    let folder = process.folder.clone();
    let second = tokio::time::timeout(process::DEADLINE, process::command(&folder).output()).await.unwrap().unwrap();
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
