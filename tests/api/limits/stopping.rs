//! A server that is told to stop while clients take their time.

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{GET, answer};
use crate::crash::process::Process;

#[tokio::test]
async fn half_a_head_and_idle_connections_are_nothing_to_wait_for() {
    let temp = TempDir::new().unwrap();
    let process = Process::start(&temp.path().join("data")).await;
    let mut open = Vec::new();
    for begun in ["", "GET / HTTP/1.1\r\nhost: localhost\r\n", GET] {
        let mut stream = TcpStream::connect(process.address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        open.push(stream);
    }
    answer(&mut open[2]).await;
    let log = process.stopped().await;
    assert!(!log.iter().any(|line| line.contains("are cut")), "{log:?}");
    for stream in &mut open {
        assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
    }
}
