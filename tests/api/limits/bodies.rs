//! Bodies that stop coming, come in drops, or never come to their end; and more of them than there is memory for.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{interval, timeout},
};

use super::{DEADLINE, NEVER, answer, rest, sent, server_with};
use crate::{
    media::{made::png, place::FILE},
    support::{Answer, TestServer, files},
};

const SOON: Duration = Duration::from_millis(300);

/// The head of a request whose body has so many bytes.
fn head(line: &str, length: usize) -> String {
    format!("{line} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n")
}

/// The head of a body that comes in pieces.
fn chunked(line: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n")
}

/// The answer must be 408, in these words, and the last one.
async fn is_cut(stream: &mut TcpStream, words: &str) {
    let (head, body) = answer(stream).await;
    assert!(head.starts_with("HTTP/1.1 408 "), "{head}\n{body}");
    let problem: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(problem["type"], "urn:watchtower-server:problem:request-timeout");
    assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    assert!(problem["request_id"].is_string());
    assert_eq!(rest(stream).await, "");
}

/// Sends a byte now and then until an answer comes.
async fn drip(stream: &mut TcpStream, piece: &[u8]) {
    let mut drops = interval(Duration::from_millis(20));
    let until_answered = async {
        let mut byte = [0];
        loop {
            tokio::select! {
                peeked = stream.peek(&mut byte) => break assert!(peeked.is_ok()),
                _ = drops.tick() => {}
            }
            stream.write_all(piece).await.unwrap();
        }
    };
    timeout(DEADLINE, until_answered).await.expect("it is not cut");
}

async fn with_shot(alter: impl FnOnce(&mut watchtower_server::limits::Limits)) -> TestServer {
    let server = server_with(alter).await;
    server.put("/api/projects/p/shots/s", &json!({"name": "S"})).await.expect(201);
    server
}

#[tokio::test]
async fn a_body_that_stops_coming_is_cut_whatever_it_is() {
    let server = with_shot(|limits| (limits.stalled, limits.idle) = (SOON, NEVER)).await;
    let before = server.revision().await;
    let (file, thumbnail) = (png(1), "/api/projects/p/shots/s/thumbnail");
    let half = &file[..file.len() / 2];
    let mut form = format!("--x\r\n{FILE}\r\n\r\n").into_bytes();
    form.extend(half);
    let form_head = format!(
        "POST {thumbnail} HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 100000\r\n\r\n"
    );
    for (head, begun) in [
        (head("PUT /api/users/ada", 100), &b"{\"name\": "[..]),
        (head("PUT /api/users/ada", 100), b""),
        (chunked("PUT /api/users/ada"), b"9\r\n{\"name\": \r\n"),
        (chunked("POST /api/batch"), b""),
        (head(&format!("PUT {thumbnail}"), file.len()), half),
        (head(&format!("PUT {thumbnail}"), file.len()), b""),
        (form_head, &form),
    ] {
        let mut stream = sent(&server, &head).await;
        stream.write_all(begun).await.unwrap();
        is_cut(&mut stream, "too slowly").await;
    }
    assert_eq!(server.revision().await, before);
    assert_eq!(files(&server.folder.join("media/.unfinished")).len(), 0);
}

#[tokio::test]
async fn a_body_that_comes_in_drops_is_cut_although_it_never_stops() {
    let server = with_shot(|limits| (limits.stalled, limits.slowest) = (SOON, 1 << 20)).await;
    for line in ["PUT /api/users/ada", "PUT /api/projects/p/shots/s/thumbnail"] {
        let mut stream = sent(&server, &head(line, 1 << 20)).await;
        drip(&mut stream, b"  ").await;
        is_cut(&mut stream, "1048576 bytes a second").await;
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_and_the_upload_of_a_file_takes_as_long_as_it_comes() {
    let server = with_shot(|limits| (limits.request, limits.slowest) = (SOON, 0)).await;
    let file = png(1);
    let (front, back) = file.split_at(file.len() / 2);
    let mut upload = sent(&server, &head("PUT /api/projects/p/shots/s/thumbnail", file.len())).await;
    upload.write_all(front).await.unwrap();
    for _ in 0..2 {
        let mut stream = sent(&server, &head("PUT /api/users/ada", 1 << 20)).await;
        drip(&mut stream, b" ").await;
        is_cut(&mut stream, "did not come within").await;
    }
    upload.write_all(back).await.unwrap();
    let (head, body) = answer(&mut upload).await;
    assert!(head.starts_with("HTTP/1.1 201 "), "{head}\n{body}");
}

#[tokio::test]
async fn large_bodies_find_room_or_are_told_to_come_again_and_small_ones_always_find_it() {
    let server = TestServer::start_with(|options| {
        options.max_body = 1 << 20;
        options.limits.bodies = 0;
    })
    .await;
    let large = json!({"name": "A", "x": "x".repeat(800_000)});
    server.put("/api/users/ada", &large).await.expect(201);
    let refused = async {
        loop {
            let (answer, held) = while_held(&server, &large).await;
            if answer.status == 503 && held == 201 {
                return answer.refused(503, "unavailable");
            }
        }
    };
    let refused = timeout(DEADLINE, refused).await.expect("it is never refused");
    assert_eq!(refused.header("retry-after"), "1");
    server.put("/api/users/ada", &large).await.expect(200);
}

/// Puts a user, while the server has most of another one in memory, if it has read that by then; gives the answer to it, and
/// the status of the other one.
async fn while_held(server: &TestServer, user: &Value) -> (Answer, u16) {
    let body = user.to_string();
    let mut held = sent(server, &head("PUT /api/users/eve", body.len())).await;
    held.write_all(&body.as_bytes()[..700_000]).await.unwrap();
    for number in 0..10 {
        // What is small finds room in any case.
        let small = json!({"name": format!("B{number}"), "x": "x".repeat(60_000)});
        assert!(server.put("/api/users/bob", &small).await.status.is_success());
    }
    let refused = server.put("/api/users/ada", user).await;
    held.write_all(&body.as_bytes()[700_000..]).await.unwrap();
    let status = answer(&mut held).await.0.split(' ').nth(1).unwrap().parse().unwrap();
    server.delete("/api/users/eve").await;
    (refused, status)
}
