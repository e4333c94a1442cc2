//! A disk that is full, or fails: what was answered stays, what was refused leaves nothing, and reading goes on.
//!
//! The server runs as a process, with `tests/faults/shim.c` between it and the disk.

mod disk;
mod ledger;
mod power;
mod small;

use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};

use crate::crash::process::Process;
use crate::publish_hooks::receiver::{Receiver, Reply};
use crate::support::until;
use disk::Disk;
use ledger::Ledger;

/// How a disk fails, and what is answered to who writes then.
struct Case {
    name: &'static str,
    /// For the shim.
    faults: &'static str,
    /// The statuses of what is refused; none: nothing is.
    refusals: &'static [u16],
    /// Whether deliveries are so large that the log is folded into the database meanwhile.
    large: bool,
}

const fn case(name: &'static str, faults: &'static str, refusals: &'static [u16]) -> Case {
    Case { name, faults, refusals, large: false }
}

const fn folded(case: Case) -> Case {
    Case { large: true, ..case }
}

/// A full disk, in every place and at every moment.
const FULL: &[Case] = &[
    case("full", "write * ENOSPC 0 -1", &[507]),
    case("nearly full", "write * ENOSPC 3000 -1", &[507]),
    folded(case("full in the middle", "write * ENOSPC 500000 -1", &[507])),
    case("over its quota", "write * EDQUOT 0 -1", &[507]),
    case("no room for the log", "write .db-wal$ ENOSPC 6000 -1", &[507]),
    folded(case("no room in the database", "write watchtower.db$ ENOSPC 0 -1", &[])),
    case("no room for media", "write media/ ENOSPC 0 -1", &[507]),
    case("no room for the tree", "write tree/ ENOSPC 0 -1", &[]),
    case("no room for names", "create * ENOSPC 0 -1", &[507]),
    case("no room for a moment", "write * ENOSPC 2000 2", &[507]),
];

/// A disk that fails to write, writes less than it was asked for, or to move and cut files.
const BROKEN: &[Case] = &[
    case("writes fail", "write * EIO 0 -1", &[500, 507]),
    case("the log fails", "write .db-wal$ EIO 9000 3", &[507]),
    folded(case("the database fails", "write watchtower.db$ EIO 0 -1", &[])),
    folded(case("every write is short", "write * SHORT 0 -1", &[])),
    folded(case("cutting fails", "truncate * EIO 0 -1", &[])),
    case("media cannot be moved", "rename media/ EIO 0 -1", &[500]),
    case("the tree cannot be moved", "rename tree/ EIO 0 -1", &[]),
];

/// A disk that does not say of what was written that it is there.
const UNSYNCED: &[Case] = &[
    case("one sync of the log", "sync .db-wal$ EIO 0 1", &[500]),
    case("later ones", "sync .db-wal$ EIO 3 6", &[500]),
    case("a few of them", "sync .db-wal$ EIO 1 4", &[500]),
    case("all of them", "sync .db-wal$ EIO 0 -1", &[500]),
    folded(case("those of the database", "sync watchtower.db$ EIO 0 -1", &[])),
    folded(case("those of both, for a while", "sync .db EIO 2 9", &[500])),
    case("those of media", "sync media/ EIO 0 -1", &[500]),
    case("those of the tree", "sync tree/ EIO 0 -1", &[]),
    case("everything", "sync * EIO 0 -1", &[500]),
];

/// Reading goes on, over HTTP and on the disk, and all JSON is whole.
async fn read(process: &Process, tree: &Path) {
    for path in ["data/projects/p/shots.json", "data/projects/context.json"] {
        process.get(&format!("/{path}")).await;
        serde_json::from_slice::<Value>(&std::fs::read(tree.join(path)).unwrap()).expect(path);
    }
    process.get("/api/projects/p/shots").await;
    process.get("/api/status").await;
}

impl Case {
    async fn run(&self) {
        eprintln!("{}", self.name);
        let disk = Disk::new();
        let process = Process::of(disk.command()).await;
        let mut ledger = Ledger::prepare(&process).await;
        ledger.send(&process, false).await;
        self.fail(&disk, &process, &mut ledger).await;
        disk.mend();
        ledger.turn_page();
        for _ in 0..3 {
            assert!(ledger.send(&process, false).await);
        }
        assert!(ledger.statuses.is_empty(), "there is room again: {:?}", ledger.statuses);
        process.send(Method::POST, "/api/render", &Value::Null).await;
        ledger.check(&process).await;
        // Once more, and it ends while the disk fails.
        self.fail(&disk, &process, &mut ledger).await;
        process.kill().await;
        disk.mend();
        let process = Process::of(disk.command()).await;
        ledger.check(&process).await;
        ledger.turn_page();
        assert!(ledger.send(&process, false).await);
        assert!(ledger.statuses.is_empty());
        process.terminate().await;
    }

    async fn fail(&self, disk: &Disk, process: &Process, ledger: &mut Ledger) {
        ledger.turn_page();
        disk.fail(self.faults);
        for _ in 0..4 {
            assert!(ledger.send(process, self.large).await, "{}: the server is gone", self.name);
            read(process, &process.tree()).await;
        }
        for status in &ledger.statuses {
            assert!(self.refusals.contains(status), "{}: refused with {status}", self.name);
        }
        assert_eq!(ledger.statuses.is_empty(), self.refusals.is_empty(), "{}: {:?}", self.name, ledger.statuses);
    }
}

async fn run(cases: &[Case]) {
    for case in cases {
        case.run().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_that_was_answered_and_keeps_nothing_that_was_refused() {
    run(FULL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_disk_loses_nothing_that_was_answered_and_keeps_nothing_that_was_refused() {
    run(BROKEN).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_known_to_be_on_the_disk_is_not_answered() {
    run(UNSYNCED).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_named_and_a_tree_that_lags_behind_is_written_as_soon_as_there_is_room() {
    let disk = Disk::new();
    let process = Process::of(disk.command()).await;
    Ledger::prepare(&process).await;
    disk.fail("write tree/ ENOSPC 0 -1");
    let shot = |id: &str| json!({"id": id, "name": "x", "data": {"frame_in": 0, "frame_out": 10}});
    let (status, _) = process.try_send(Method::POST, "/api/projects/p/shots?wait=published", &shot("late")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "it is stored, and not in the tree");
    let (status, problem) = process.try_send(Method::POST, "/api/render", &Value::Null).await;
    assert_eq!((status, &*problem["type"].to_string()), refusal());
    let (status, health) = process.try_send(Method::GET, "/readyz", &Value::Null).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(health["reason"].as_str().unwrap().contains("No space left"), "{health}");
    disk.fail("write * ENOSPC 0 -1");
    let (status, problem) = process.try_send(Method::POST, "/api/projects/p/shots", &shot("too-much")).await;
    assert_eq!((status, &*problem["type"].to_string()), refusal());
    assert!(problem["detail"].as_str().unwrap().contains("nothing was stored"), "{problem}");
    disk.mend();
    // It is tried again by itself.
    let health = async || process.try_send(Method::GET, "/readyz", &Value::Null).await.0;
    until("it is well again", async || (health().await == StatusCode::OK).then_some(())).await;
    let on_disk = std::fs::read_to_string(process.tree().join("data/projects/p/shots.json")).unwrap();
    assert!(on_disk.contains("late") && !on_disk.contains("too-much"));
    process.terminate().await;
}

fn refusal() -> (StatusCode, &'static str) {
    (StatusCode::INSUFFICIENT_STORAGE, "\"urn:watchtower-server:problem:insufficient-storage\"")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_hook_was_told_of_on_a_full_disk_does_not_harm_what_comes_after() {
    let receiver = Receiver::start().await;
    receiver.script([Reply::Held("204 No Content")]);
    let disk = Disk::new();
    let command = disk.command();
    let hook = format!("[[publish-hook]]\nname = \"tool\"\nurl = \"{}\"\nprojects = [\"p\"]", receiver.url("/"));
    std::fs::write(disk.config(), format!("{hook}\nsecrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]\n")).unwrap();
    let mut process = Process::of(command).await;
    process.send(Method::PUT, "/api/projects/p?wait=published", &json!({"name": "P"})).await;
    receiver.calls(1).await;
    disk.fail("write .db-wal$ ENOSPC 0 -1");
    receiver.let_go();
    process.says("what publish hooks were told could not be stored").await;
    disk.mend();
    for id in ["u", "v", "w"] {
        process.send(Method::PUT, &format!("/api/users/{id}"), &json!({"name": id})).await;
        process.get("/readyz").await;
    }
    process.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_fails_while_a_project_is_loaded_leaves_no_reader_in_the_past() {
    let disk = Disk::new();
    let process = Process::of(disk.command()).await;
    let shot = |n: usize| json!({"id": n.to_string(), "name": "x", "data": {"note": "x".repeat(1000)}});
    let shots: Vec<_> = (0..2000).map(shot).collect();
    process.send(Method::PUT, "/api/projects/p/snapshot", &json!({"name": "P", "shots": shots})).await;
    process.terminate().await;
    let (pages, mut failed) = (std::fs::metadata(disk.folder.join("watchtower.db")).unwrap().len() / 4096, 0);
    // At the start all of it is looked over, while the project is loaded: the one or the other fails.
    for eighths in (8..16).cycle().take(80) {
        disk.fail(&format!("read watchtower.db$ EUCLEAN {} 1", pages * eighths / 8));
        let started = Process::try_of(disk.command()).await;
        disk.mend();
        let process = match started {
            Ok(process) => process,
            Err(said) if said.contains("error") => continue,
            Err(said) => panic!("{said}"),
        };
        let ready = async || process.try_send(Method::GET, "/readyz", &Value::Null).await.0;
        until("it is well again", async || (ready().await == StatusCode::OK).then_some(())).await;
        process.send(Method::PUT, "/api/users/u", &json!({"name": failed.to_string()})).await;
        // Nobody who reads holds up the log: else this says that somebody is busy.
        let options = SqliteConnectOptions::new().filename(process.folder.join("watchtower.db"));
        let mut connection = options.connect().await.unwrap();
        let folded = "pragma wal_checkpoint(truncate)";
        let (busy, ..): (i64, i64, i64) = sqlx::query_as(folded).fetch_one(&mut connection).await.unwrap();
        sqlx::Connection::close(connection).await.unwrap();
        assert_eq!(busy, 0, "a reader is left in an old transaction");
        let log = process.stopped().await;
        failed += usize::from(log.iter().any(|line| line.contains("publishing failed, and is tried again")));
        if failed == 3 {
            return;
        }
    }
    panic!("publishing failed only {failed} times");
}
