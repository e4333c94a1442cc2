//! A process that may have few files open.

use tempfile::TempDir;
use tokio::{net::TcpStream, process::Command};

use super::{GET, answer};
use crate::crash::process::{Process, command};

/// The same command, with this limit of open files.
fn limited(command: Command, files: u32) -> Command {
    let mut limited = Command::new("sh");
    limited.arg("-c").arg(format!("ulimit -n {files}; exec \"$0\" \"$@\""));
    limited.arg(command.as_std().get_program()).args(command.as_std().get_args());
    for (name, _) in command.as_std().get_envs().filter(|(_, value)| value.is_none()) {
        limited.env_remove(name);
    }
    limited.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
    limited.stderr(std::process::Stdio::piped()).kill_on_drop(true);
    limited
}

#[tokio::test]
async fn a_server_that_runs_out_of_files_goes_on_as_soon_as_it_has_some() {
    let temp = TempDir::new().unwrap();
    let mut process = Process::of(limited(command(&temp.path().join("data")), 32)).await;
    process.says("no more than 16 connections").await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(process.address).await.unwrap());
    }
    let mut stream = TcpStream::connect(process.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, GET.as_bytes()).await.unwrap();
    answer(&mut stream).await;
    drop(silent);
    process.get("/readyz").await;
    let log = process.stopped().await;
    assert!(log.iter().any(|line| line.contains("no connection can be taken")), "{log:?}");
}
