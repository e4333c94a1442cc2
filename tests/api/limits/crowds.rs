//! More connections than there are places for.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{GET, NEVER, answer, is_served, rest, sent, server_with};
use crate::support::TestServer;

/// A connection that is at work: a listener.
async fn busy(server: &TestServer) -> TcpStream {
    let mut stream = sent(server, "GET /api/events HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let mut first = [0; 15];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    stream
}

/// A server with four places, on which nobody is connected any more.
async fn small() -> TestServer {
    let mut server = server_with(|limits| (limits.connections, limits.head, limits.idle) = (4, NEVER, NEVER)).await;
    server.restart().await;
    server
}

#[tokio::test]
async fn for_one_connection_more_the_one_that_waits_longest_for_a_request_is_closed() {
    let server = small().await;
    let mut all = [busy(&server).await, sent(&server, GET).await, sent(&server, GET).await, sent(&server, GET).await];
    for stream in &mut all[1..] {
        answer(stream).await;
    }
    // By this it is not the one that waits longest any more.
    is_served(&mut all[1]).await;
    let mut more = sent(&server, GET).await;
    answer(&mut more).await;
    assert_eq!(rest(&mut all[2]).await, "");
    let mut more_still = sent(&server, GET).await;
    answer(&mut more_still).await;
    assert_eq!(rest(&mut all[3]).await, "");
    for stream in [&mut all[1], &mut more, &mut more_still] {
        is_served(stream).await;
    }
}

#[tokio::test]
async fn connections_that_say_nothing_or_not_all_keep_nobody_out() {
    let server = small().await;
    let mut silent = Vec::new();
    for number in 0..40 {
        let begun = if number % 2 == 0 { "" } else { "GET / HTTP/1.1\r\nx: " };
        silent.push(sent(&server, begun).await);
    }
    let mut stream = sent(&server, GET).await;
    answer(&mut stream).await;
    for stream in &mut silent[..36] {
        assert_eq!(rest(stream).await, "");
    }
    is_served(&mut stream).await;
}

#[tokio::test]
async fn where_every_connection_is_at_work_others_wait_until_one_is_not() {
    let server = small().await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(busy(&server).await);
    }
    let body = r#"{"name": "Ada"}"#;
    let head = format!(
        "PUT /api/users/ada HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut last = sent(&server, &head).await;
    let mut asked = [0; 25];
    last.read_exact(&mut asked).await.unwrap();
    let mut waiting = sent(&server, GET).await;
    last.write_all(body.as_bytes()).await.unwrap();
    assert!(answer(&mut last).await.0.starts_with("HTTP/1.1 201 "));
    answer(&mut waiting).await;
    assert_eq!(rest(&mut last).await, "", "it has made room");
    is_served(&mut waiting).await;
}
