//! More connections than there are places for.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use watchtower_server::limits::Limits;

use super::{GET, NEVER, answer, is_served, rest, sent, server_with};
use crate::{
    support::{TestServer, until},
    tokens::Holder,
};

/// The head of a request that a proxy sends for a client.
fn of_client(client: &str, request: &str) -> String {
    format!("{request} HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {client}\r\n\r\n")
}

/// A connection that is at work: a listener.
async fn busy(server: &TestServer) -> TcpStream {
    busy_for(server, "127.0.0.1").await
}

/// The same, for a client behind a proxy.
async fn busy_for(server: &TestServer, client: &str) -> TcpStream {
    let mut stream = sent(server, &of_client(client, "GET /api/events")).await;
    let mut first = [0; 15];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    stream
}

/// A server with four places, on which nobody is connected any more, and which believes proxies on this machine.
async fn small() -> TestServer {
    let mut server = server_with(|limits| (limits.connections, limits.head, limits.idle) = (4, NEVER, NEVER)).await;
    server.restart_with(|options| options.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]).await;
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
    for client in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        all.push(busy_for(&server, client).await);
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

const ONE: &str = "192.0.2.1";
const OTHER: &str = "192.0.2.2";

/// What is answered to a client on a connection of its proxy: the status, and the head.
async fn asked(stream: &mut TcpStream, client: &str, request: &str) -> (u16, String) {
    stream.write_all(of_client(client, request).as_bytes()).await.unwrap();
    let (head, _) = answer(stream).await;
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head)
}

/// Waits until a client is served again.
async fn served_again(stream: &mut TcpStream, client: &str) {
    until("served again", async || (asked(stream, client, "GET /api/users").await.0 == 200).then_some(())).await;
}

#[tokio::test]
async fn one_client_behind_a_proxy_has_half_of_all_connections_at_work_at_most() {
    let server = small().await;
    let (first, second) = (busy_for(&server, ONE).await, busy_for(&server, ONE).await);
    let mut proxy = sent(&server, "").await;
    for request in ["GET /api/users", "GET /api/events", "GET /data/projects/context.json", "GET /"] {
        let (status, head) = asked(&mut proxy, ONE, request).await;
        assert_eq!(status, 503, "{head}");
        assert!(head.contains("retry-after: 1") && head.contains("application/problem+json"), "{head}");
        assert_eq!(
            asked(&mut proxy, OTHER, "GET /api/users").await.0,
            200,
            "whoever else comes by the proxy is served"
        );
    }
    for request in ["GET /healthz", "GET /readyz"] {
        assert_eq!(asked(&mut proxy, ONE, request).await.0, 200);
    }
    drop(first);
    served_again(&mut proxy, ONE).await;
    let first = busy_for(&server, ONE).await;
    assert_eq!(asked(&mut proxy, ONE, "GET /api/users").await.0, 503);
    drop((first, second));
    served_again(&mut proxy, ONE).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_what_it_asked_for_is_counted_until_it_goes() {
    let server = small().await;
    let shot = serde_json::json!({"name": "S", "data": {"note": "x".repeat(24 << 20)}});
    server.put("/api/projects/p/shots/s", &shot).await.expect(201);
    let mut deaf = Vec::new();
    for _ in 0..2 {
        let mut stream = sent(&server, &of_client(ONE, "GET /api/projects/p/shots/s")).await;
        let mut first = [0; 15];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        deaf.push(stream);
    }
    let mut proxy = sent(&server, "").await;
    assert_eq!(asked(&mut proxy, ONE, "GET /api/users").await.0, 503);
    assert_eq!(asked(&mut proxy, OTHER, "GET /api/users").await.0, 200);
    deaf.clear();
    served_again(&mut proxy, ONE).await;
}

#[tokio::test]
async fn however_a_request_ends_it_is_not_counted_any_more() {
    let server = small().await;
    let mut proxy = sent(&server, "").await;
    for _ in 0..3 {
        for (request, status) in [
            ("GET /api/users", 200),
            ("GET /data/projects/context.json", 200),
            ("PUT /data/nothing", 405),
            ("DELETE /api/users", 405),
            ("GET /api/projects/%FF", 400),
        ] {
            let (found, head) = asked(&mut proxy, ONE, request).await;
            assert_eq!(found, status, "{request}: {head}");
        }
        // Who leaves without an answer, in the middle of a body, or of the answer.
        drop(sent(&server, &of_client(ONE, "GET /api/events")).await);
        let head = of_client(ONE, "PUT /api/users/ada").replace("\r\n\r\n", "\r\ncontent-length: 100\r\n\r\n{");
        drop(sent(&server, &head).await);
        drop(busy_for(&server, ONE).await);
        served_again(&mut proxy, ONE).await;
    }
    // All of them are there again.
    let head = of_client(ONE, "GET /api/events");
    until("two at a time", async || {
        let (mut first, mut second) = (sent(&server, &head).await, sent(&server, &head).await);
        let [mut one, mut two] = [[0; 12]; 2];
        first.read_exact(&mut one).await.unwrap();
        second.read_exact(&mut two).await.unwrap();
        (&one == b"HTTP/1.1 200" && one == two).then_some(())
    })
    .await;
}
