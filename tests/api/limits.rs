//! Clients that take their time, or too much of the server's: cut, or told to come again, and nobody else notices.

mod bodies;
mod crowds;
mod deliveries;
mod files;
mod heads;
mod memory;
mod proxies;
mod rates;
mod readers;
mod stopping;
pub mod tls;
mod uploads;

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use watchtower_server::limits::Limits;

use crate::support::{DEADLINE, TestServer};

/// Longer than any test takes.
const NEVER: Duration = Duration::from_secs(3600);

/// A request for something small, on a connection that stays.
const GET: &str = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A server with one project, whose limits were altered.
async fn server_with(alter: impl FnOnce(&mut Limits)) -> TestServer {
    let server = TestServer::start_with(|options| alter(&mut options.limits)).await;
    server.put("/api/projects/p", &serde_json::json!({"name": "P"})).await.expect(201);
    server
}

/// A connection, on which this was sent.
async fn sent(server: &TestServer, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// What comes until the server closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // What was sent and not read makes the end a reset.
    drop(timeout(DEADLINE, stream.read_to_end(&mut answer)).await.expect("the connection is not closed"));
    String::from_utf8(answer).unwrap()
}

/// The next answer on a connection, which must have a `content-length`: its head, and its body.
async fn answer(stream: &mut TcpStream) -> (String, String) {
    let read = async {
        let mut answer = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&answer).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.unwrap().parse().unwrap() {
                    return (head.to_owned(), body.to_owned());
                }
            }
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "closed after {text:?}");
        }
    };
    timeout(DEADLINE, read).await.expect("no answer")
}

/// Sends a request on a connection that was used before, and checks that it is answered.
async fn is_served(stream: &mut TcpStream) {
    stream.write_all(GET.as_bytes()).await.unwrap();
    let (head, _) = answer(stream).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
}
