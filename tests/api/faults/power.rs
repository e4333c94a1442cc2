//! The power fails: what was not synced is lost, as are the names of folders that were not.

use reqwest::Method;
use serde_json::json;

use super::{disk::Disk, ledger::Ledger};
use crate::crash::process::Process;

/// The syncs that fail before each power cut: none, some, all from some moment on, those of pictures, those of the database
/// file, some of any.
const FAILURES: [&str; 6] = [
    "",
    "sync .db-wal$ EIO 4 2",
    "sync .db-wal$ EIO 12 -1",
    "sync media/ EIO 1 1",
    "sync watchtower.db$ EIO 0 -1",
    "sync * EIO 6 3",
];

/// Writes, and is killed while it does.
async fn write_and_die(process: Process, ledger: &mut Ledger, times: usize) {
    for _ in 0..times {
        assert!(ledger.send(&process, false).await);
    }
    tokio::join!(ledger.send(&process, false), async { process.signal("KILL") });
    process.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_power_cut() {
    let mut disk = Disk::new();
    let process = Process::of(disk.command_with_power()).await;
    let mut ledger = Ledger::prepare(&process).await;
    process.kill().await;
    for failures in FAILURES {
        eprintln!("{failures:?}");
        let process = Process::of(disk.command_with_power()).await;
        disk.fail(failures);
        write_and_die(process, &mut ledger, 6).await;
        disk.mend();
        // What the dead process wrote, and could not sync, is still in memory, as if it were on the disk.
        let process = Process::of(disk.command_with_power()).await;
        write_and_die(process, &mut ledger, 3).await;
        disk = disk.after_power_cut();
        let process = Process::of(disk.command_with_power()).await;
        ledger.check(&process).await;
        process.kill().await;
    }
    assert!(ledger.answered() > 100, "{}", ledger.answered());
}

#[tokio::test]
async fn what_is_written_alone_is_synced_before_it_is_answered() {
    let disk = Disk::new();
    let process = Process::of(disk.command()).await;
    let synced = || disk.noted("sync watchtower.db-wal ", "ok");
    for number in 0..20 {
        let before = synced();
        let body = json!({"id": format!("project-{number}"), "name": "x"});
        process.send(Method::POST, "/api/projects", &body).await;
        assert!(synced() > before, "write {number} was answered without a sync");
    }
    process.terminate().await;
}
