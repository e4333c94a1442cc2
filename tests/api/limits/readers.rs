//! Clients that do not read what they asked for, and those that have nothing to read for long.

use std::time::Duration;

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::{TcpSocket, TcpStream},
    time::{interval, timeout},
};

use super::{DEADLINE, GET, NEVER, answer, rest, sent, server_with};
use crate::support::TestServer;

const SOON: Duration = Duration::from_millis(300);
/// More than the system keeps for a connection on its way.
const LARGE: usize = 24 << 20;

/// A shot with a lot of data.
async fn fill(server: &TestServer) {
    let shot = json!({"name": "S", "data": {"note": "x".repeat(LARGE)}});
    server.put("/api/projects/p/shots/s", &shot).await.expect(201);
}

/// Asks for it, on a connection that takes little at a time.
async fn ask(server: &TestServer) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 << 10).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /api/projects/p/shots/s HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_cut_and_who_reads_slowly_gets_all_of_it() {
    let server = server_with(|limits| (limits.unread, limits.idle) = (Duration::from_secs(1), NEVER)).await;
    fill(&server).await;
    let (deaf, mut slow) = (ask(&server).await, ask(&server).await);
    let (mut pauses, mut read) = (interval(Duration::from_millis(20)), 0);
    let mut buffer = vec![0; 16 << 10];
    let cut = async {
        loop {
            tokio::select! {
                ready = deaf.ready(Interest::ERROR) => return ready.unwrap(),
                _ = pauses.tick() => read += slow.read(&mut buffer).await.unwrap(),
            }
        }
    };
    assert!(timeout(DEADLINE, cut).await.expect("it is not cut").is_error());
    assert!(read < LARGE, "the slow one is no slow one");
    let mut others = Vec::new();
    timeout(DEADLINE, slow.read_to_end(&mut others)).await.unwrap().unwrap();
    assert!(read + others.len() > LARGE, "{read} + {}", others.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_a_little_now_and_then_is_cut_although_it_never_stops() {
    let server = server_with(|limits| (limits.unread, limits.slowest) = (Duration::from_secs(1), u64::MAX)).await;
    fill(&server).await;
    let mut slow = ask(&server).await;
    let (mut pauses, mut read, mut buffer) = (interval(Duration::from_millis(20)), 0, vec![0; 16 << 10]);
    let until_cut = async {
        loop {
            pauses.tick().await;
            match slow.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(some) => read += some,
            }
        }
    };
    timeout(DEADLINE, until_cut).await.expect("it is not cut");
    assert!(read < LARGE, "it had all of it");
}

#[tokio::test]
async fn a_listener_to_whom_nothing_happens_is_not_cut() {
    let server = server_with(|limits| {
        (limits.head, limits.idle, limits.unread, limits.stalled, limits.request) = (SOON, SOON, SOON, SOON, SOON);
    })
    .await;
    let mut listener = sent(&server, "GET /api/events HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    for _ in 0..4 {
        let mut idle = sent(&server, GET).await;
        answer(&mut idle).await;
        assert_eq!(rest(&mut idle).await, "");
    }
    server.put("/api/users/ada", &json!({"name": "Ada"})).await.expect(201);
    let told = async {
        let mut stream = Vec::new();
        while !String::from_utf8_lossy(&stream).contains("event: published") {
            assert_ne!(listener.read_buf(&mut stream).await.unwrap(), 0, "closed");
        }
    };
    timeout(DEADLINE, told).await.expect("it is not told");
}
