//! A disk that is really small: a file system of its own, which the kernel says is full.

use std::{fs, path::PathBuf};

use reqwest::{Body, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::ledger::Ledger;
use crate::support::client;
use crate::{
    crash::process::{Process, command},
    media::made::movie,
};

const MIB: usize = 1 << 20;
/// The size of the disk.
const SIZE: usize = 40 * MIB;

/// A server on a small disk, which lasts as long as that; `None` where no file system can be mounted, which the test says.
async fn start(temp: &TempDir, min_free: usize) -> Option<(Process, PathBuf)> {
    let small = temp.path().join("small");
    fs::create_dir(&small).unwrap();
    let alone = |program: &str| {
        let mut unshare = Command::new("unshare");
        let mount = format!("mount -t tmpfs -o size={SIZE} tmpfs \"$0\" && exec {program}");
        unshare.args(["--map-root-user", "--mount", "sh", "-c", &mount]).arg(&small).kill_on_drop(true);
        unshare
    };
    if !alone("true").output().await.is_ok_and(|tried| tried.status.success()) {
        eprintln!("skipped: a process may not mount a file system of its own here (unshare --map-root-user --mount)");
        return None;
    }
    let config = temp.path().join("watchtower.toml");
    fs::write(&config, "[[webhook]]\nname = \"tracker\"\nverify = \"none\"\nmapping = \"changes\"\n").unwrap();
    let server = command(&small.join("data"));
    let mut small_server = alone("\"$@\"");
    small_server.arg(server.as_std().get_program()).args(server.as_std().get_args());
    small_server.arg("--config").arg(config).args(["--min-free", &min_free.to_string()]);
    small_server.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let process = Process::of(small_server).await;
    let seen = PathBuf::from(format!("/proc/{}/root{}", process.id(), small.display()));
    Some((process, seen))
}

async fn free(process: &Process) -> usize {
    process.get("/api/status").await["disk"]["free"].as_u64().unwrap().try_into().unwrap()
}

/// Sends deliveries until one is refused.
async fn fill(process: &Process) {
    let delivery = json!([{"note": "x".repeat(MIB)}]);
    for sent in 0..SIZE / MIB {
        let (status, answer) = process.try_send(Method::POST, "/api/webhooks/tracker", &delivery).await;
        if status != 202 {
            assert_eq!(status, 507, "{answer}");
            assert!(sent > 5, "refused at once");
            return;
        }
    }
    panic!("the disk is never full");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reserve_of_a_small_disk_stays_free_and_lets_things_be_deleted() {
    let temp = TempDir::new().unwrap();
    let Some((process, _)) = start(&temp, 16 * MIB).await else { return };
    let mut ledger = Ledger::prepare(&process).await;
    assert!(ledger.send(&process, false).await);
    process.send(Method::PUT, "/api/projects/p/edits/e", &json!({"name": "E"})).await;
    let before = process.get("/api/status").await["media"]["bytes"].take();
    // Nobody knows how long it will be.
    let large = movie(10, 24.0, &"x".repeat(SIZE));
    let pieces = large.chunks(MIB).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>();
    let body = Body::wrap_stream(futures_util::stream::iter(pieces));
    let url = process.url() + "/api/projects/p/edits/e/movie";
    let answer = client().put(url).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 507);
    assert!(free(&process).await > 16 * MIB, "what was begun is gone");
    assert_eq!(process.get("/api/status").await["media"]["bytes"], before);
    fill(&process).await;
    assert!(free(&process).await < 16 * MIB, "deliveries may use a part of the reserve");
    // A small write may still find room where a large delivery did not.
    let mut statuses = Vec::new();
    while statuses.last().is_none_or(|status| *status == 201) && statuses.len() < SIZE / (64 << 10) {
        let (path, value) =
            (format!("/api/projects/{}", statuses.len()), json!({"name": "N", "note": "x".repeat(64 << 10)}));
        statuses.push(process.try_send(Method::PUT, &path, &value).await.0.as_u16());
    }
    assert_eq!(statuses.last(), Some(&507), "{statuses:?}");
    let (status, _) = process.try_send(Method::DELETE, "/api/projects/q", &Value::Null).await;
    assert_eq!(status, 204);
    process.send(Method::POST, "/api/render", &Value::Null).await;
    process.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_to_the_last_byte_serves_and_takes_more_as_soon_as_it_can() {
    let temp = TempDir::new().unwrap();
    let Some((process, disk)) = start(&temp, 0).await else { return };
    let mut ledger = Ledger::prepare(&process).await;
    assert!(ledger.send(&process, false).await);
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![1; 10 * MIB]).unwrap();
    fill(&process).await;
    // The rest goes to somebody else.
    let rest = free(&process).await;
    fs::write(disk.join("rest"), vec![1; rest]).unwrap();
    ledger.turn_page();
    for _ in 0..3 {
        assert!(ledger.send(&process, false).await);
        super::read(&process, &disk.join("data/tree/classic")).await;
    }
    assert!(ledger.statuses.iter().eq([&507]), "{:?}", ledger.statuses);
    fs::remove_file(ballast).unwrap();
    ledger.turn_page();
    assert!(ledger.send(&process, false).await);
    assert!(ledger.statuses.is_empty(), "{:?}", ledger.statuses);
    process.send(Method::POST, "/api/render", &Value::Null).await;
    process.get("/readyz").await;
    process.terminate().await;
}
