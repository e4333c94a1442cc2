//! More connections than there are places for.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use watchtower_server::limits::Limits;

use super::{GET, NEVER, answer, is_served, rest, sent, server_with};
use crate::{support::TestServer, tokens::Holder};

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

/// The head of a request that is refused without a token, whose body does not come.
const UNWANTED: &str = "POST /api/batch HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n";

/// A server with a token and four places.
async fn closed(alter: impl FnOnce(&mut Limits)) -> TestServer {
    let mut server = server_with(|limits| {
        (limits.connections, limits.head, limits.idle, limits.stalled) = (4, NEVER, NEVER, NEVER);
        alter(limits);
    })
    .await;
    Holder::admin(&server).await;
    server.restart().await;
    server
}

/// A connection on which a request was refused, and its body is still to come.
async fn refused(server: &TestServer) -> TcpStream {
    let mut stream = sent(server, UNWANTED).await;
    let (head, _) = answer(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 401 "), "{head}");
    stream
}

#[tokio::test]
async fn a_connection_whose_request_was_refused_makes_room_though_its_body_is_still_to_come() {
    let server = closed(|limits| limits.unwanted = NEVER).await;
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(refused(&server).await);
    }
    let mut more = sent(&server, GET).await;
    answer(&mut more).await;
    assert_eq!(rest(&mut all[0]).await, "");
    // The others are heard out as long as nobody needs their places.
    for stream in &mut all[1..] {
        stream.write_all(&[b' '; 100]).await.unwrap();
        is_served(stream).await;
    }
}

#[tokio::test]
async fn a_body_that_was_refused_is_not_waited_for_long() {
    let server = closed(|limits| limits.unwanted = Duration::from_millis(300)).await;
    let mut stream = refused(&server).await;
    assert_eq!(rest(&mut stream).await, "");
}

/// A connection from another address of this machine, on which this was sent.
async fn sent_from(address: &str, server: &TestServer, text: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    // Where it is closed at once, that may fail.
    drop(stream.write_all(text.as_bytes()).await);
    stream
}

#[tokio::test]
async fn one_address_has_half_of_all_connections_at_most() {
    // Only as an exception has this machine a share, since many clients come from it by a proxy.
    let mut server = server_with(|limits| {
        (limits.connections, limits.head, limits.idle) = (4, NEVER, NEVER);
        limits.crowds.clear();
    })
    .await;
    server.restart().await;
    let mut elder = sent_from("127.0.0.2", &server, GET).await;
    answer(&mut elder).await;
    let mut idle = sent(&server, GET).await;
    answer(&mut idle).await;
    let _busy = busy(&server).await;
    // A third one takes the place of its own address, though another has waited longer.
    let _busy_too = busy(&server).await;
    assert_eq!(rest(&mut idle).await, "");
    // Where each is at work there is none.
    let mut third = sent_from("127.0.0.1", &server, GET).await;
    assert_eq!(rest(&mut third).await, "");
    is_served(&mut elder).await;
    let mut other = sent_from("127.0.0.2", &server, GET).await;
    answer(&mut other).await;
    is_served(&mut elder).await;
}
