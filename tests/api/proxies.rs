//! Behind nginx and Caddy, as docs/proxies configures them: everything comes through that goes without them.

mod front;

use std::net::SocketAddr;

use reqwest::{Method, header};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::support::{DEADLINE, TestServer};
use front::{CADDY, Front, Kind, NGINX};

/// A server with something to see, and a proxy in front of it; `None` if the proxy is not here.
async fn behind(kind: &'static Kind) -> Option<(TestServer, Front)> {
    let server = TestServer::with_project().await;
    // Enough to be worth compressing.
    let shot = |number: u32| json!({"id": format!("s{number}"), "name": "s", "data": {"frame_in": 1, "frame_out": 9}});
    server.put("/api/projects/p/shots", &json!((0..50).map(shot).collect::<Vec<_>>())).await.expect(200);
    server.rendered().await;
    let front = Front::start(kind, server.address).await?;
    Some((server, front))
}

async fn files_come_through_whole_in_parts_and_not_at_all(kind: &'static Kind) {
    let Some((server, front)) = behind(kind).await else { return };
    let path = "/data/projects/p/shots.json";
    let ask = |name: &'static str, value: String| server.send(server.client.get(front.url(path)).header(name, value));
    let whole = server.send(server.client.get(front.url(path))).await.expect(200);
    assert_eq!(whole.text, server.get(path).await.expect(200).text);
    ask("if-none-match", whole.header("etag").to_owned()).await.expect(304);
    let packed = ask("accept-encoding", "gzip".to_owned()).await.expect(200);
    assert_eq!(packed.header("content-encoding"), "gzip");

    let name = "data/users/previews/film.mp4";
    let place = server.site().join(name);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(&place, "0123456789".repeat(100_000)).unwrap();
    let ask = |range: &'static str| {
        server.send(server.client.get(front.url(&format!("/{name}"))).header(header::RANGE, range))
    };
    let part = ask("bytes=3-6").await.expect(206);
    assert_eq!((part.text.as_str(), part.header("content-range")), ("3456", "bytes 3-6/1000000"));
    assert!(ask("bytes=0-1,5-6").await.expect(206).header("content-type").starts_with("multipart/byteranges"));
    ask("bytes=1000000-").await.expect(416);
}

async fn events_arrive_one_by_one_while_the_stream_goes_on(kind: &'static Kind) {
    let Some((server, front)) = behind(kind).await else { return };
    let mut events = server.client.get(front.url("/api/events")).send().await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    for name in ["a", "b"] {
        server.put("/api/projects/p/shots/s1", &json!({"name": name})).await.expect(200);
        let revision = server.revision().await;
        let mut seen = String::new();
        let arrives = async {
            while !seen.contains(&format!("id: {revision}\n")) {
                seen += std::str::from_utf8(&events.chunk().await.unwrap().expect("it ended")).unwrap();
            }
        };
        timeout(DEADLINE, arrives).await.expect("the event does not arrive");
    }
}

async fn bodies_may_be_as_large_as_the_server_takes_and_pages_may_write(kind: &'static Kind) {
    let Some((server, front)) = behind(kind).await else { return };
    let large = json!({"name": "s", "data": {"notes": "n".repeat(3 << 20)}});
    let put = |body: &serde_json::Value| {
        let request = server.client.put(front.url("/api/projects/p/shots/s1")).json(body);
        // As a page of this site sends it.
        server.send(request.header(header::ORIGIN, front.url("")))
    };
    put(&large).await.expect(200);
    let request = server.client.put(front.url("/api/projects/p/shots/s1")).json(&large);
    server.send(request.header(header::ORIGIN, "http://other.example")).await.refused(403, "forbidden");
    let too_large = json!({"name": "s", "data": {"notes": "n".repeat(65 << 20)}});
    put(&too_large).await.refused(413, "too-large");
}

/// What the proxy sends on when it is asked, with a body of which the second half follows only when the first has arrived.
async fn passed_on(kind: &'static Kind, head: &str) -> Option<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = Front::start(kind, listener.local_addr().unwrap()).await?;
    let mut client = TcpStream::connect(front.address).await.unwrap();
    let head = format!("{head}\r\nhost: {}\r\ncontent-length: 8\r\n\r\n", front.address);
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(b"half").await.unwrap();
    let arrives = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_until(&mut stream, "\r\n\r\n", 4).await
    };
    let received = timeout(DEADLINE, arrives).await.expect("the proxy waits for the whole body");
    assert!(received.ends_with("half"), "{received}");
    Some(received.to_lowercase())
}

/// Reads until something has come, and so many bytes after it.
async fn read_until(stream: &mut TcpStream, what: &str, rest: usize) -> String {
    let (mut received, mut piece) = (String::new(), [0; 4096]);
    while received.split_once(what).is_none_or(|(_, after)| after.len() < rest) {
        let length = stream.read(&mut piece).await.unwrap();
        assert!(length > 0, "{received}");
        received += std::str::from_utf8(&piece[..length]).unwrap();
    }
    received
}

async fn uploads_go_on_as_they_come_with_who_asks(kind: &'static Kind) {
    let head = "PUT /api/projects/p/edits/e/movie HTTP/1.1\r\nx-forwarded-for: 192.0.2.7\r\nx-request-id: forged";
    let Some(received) = passed_on(kind, head).await else { return };
    let header = |name: &str| {
        let all: Vec<_> = received.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).collect();
        assert_eq!(all.len(), 1, "{name}: {received}");
        all[0].to_owned()
    };
    assert_eq!(header("x-forwarded-for"), "127.0.0.1", "what a client says of itself is not passed on");
    assert_eq!(header("x-forwarded-proto"), "http");
    assert!(header("host").parse::<SocketAddr>().is_ok(), "the port belongs to the host: {received}");
    let id = header("x-request-id");
    assert!(id != "forged" && id.len() >= 32 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
}

macro_rules! behind_both {
    ($($name:ident)*) => {
        mod nginx {
            $(#[tokio::test] async fn $name() { super::$name(&super::NGINX).await })*
        }
        mod caddy {
            $(#[tokio::test] async fn $name() { super::$name(&super::CADDY).await })*
        }
    };
}

behind_both! {
    files_come_through_whole_in_parts_and_not_at_all
    events_arrive_one_by_one_while_the_stream_goes_on
    bodies_may_be_as_large_as_the_server_takes_and_pages_may_write
    uploads_go_on_as_they_come_with_who_asks
}

/// A request id of the proxy is that of the server's answers.
#[tokio::test]
async fn the_proxy_s_request_id_is_the_server_s() {
    let Some((server, front)) = behind(&NGINX).await else { return };
    let request = server.client.request(Method::GET, front.url("/api/projects/none"));
    let answer = server.send(request).await.refused(404, "not-found");
    assert_eq!(answer.header("x-request-id").len(), 32);
}
