//! Heads of requests that do not come to their end, or are too large; connections on which nothing comes.

use std::time::Duration;

use tokio::{
    io::AsyncWriteExt,
    task::JoinSet,
    time::{interval, timeout},
};

use super::{DEADLINE, GET, NEVER, answer, is_served, rest, sent, server_with};

const SOON: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_head_that_does_not_come_to_its_end_is_cut_and_an_idle_connection_is_not() {
    let server = server_with(|limits| (limits.head, limits.idle) = (SOON, NEVER)).await;
    let mut idle = sent(&server, GET).await;
    answer(&mut idle).await;
    let mut again = sent(&server, GET).await;
    answer(&mut again).await;
    again.write_all(b"GET /healthz HTTP/1.1\r\nhost").await.unwrap();
    assert_eq!(rest(&mut again).await, "");
    for begun in ["", "G", "GET /healthz HTTP/1.1\r\nhost: localhost\r\n"] {
        let mut stream = sent(&server, begun).await;
        assert_eq!(rest(&mut stream).await, "", "after {begun:?}");
    }
    is_served(&mut idle).await;
}

#[tokio::test]
async fn a_connection_on_which_no_other_request_comes_is_closed() {
    let server = server_with(|limits| (limits.head, limits.idle) = (NEVER, SOON)).await;
    let mut stream = sent(&server, GET).await;
    answer(&mut stream).await;
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_heads_that_come_in_drops_are_cut_while_others_are_served() {
    let server = server_with(|limits| limits.head = Duration::from_secs(1)).await;
    let mut slow = JoinSet::new();
    for _ in 0..500 {
        let mut stream = sent(&server, "GET / HTTP/1.1\r\nhost: localhost\r\nx: ").await;
        slow.spawn(async move {
            let mut drops = interval(Duration::from_millis(100));
            let drip = async {
                // Until it is cut: then writing fails.
                while stream.write_all(b"x").await.is_ok() {
                    drops.tick().await;
                }
            };
            timeout(DEADLINE, drip).await.expect("it is not cut");
        });
    }
    let mut served = 0;
    loop {
        tokio::select! {
            biased;
            cut = slow.join_next() => match cut {
                Some(cut) => cut.unwrap(),
                None => break,
            },
            answer = server.get("/api/status") => {
                answer.expect(200);
                served += 1;
            }
        }
    }
    assert!(served > 0);
    server.get("/api/status").await.expect(200);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = server_with(|_| {}).await;
    let lines = |count: usize, length: usize| format!("x: {}\r\n", "x".repeat(length)).repeat(count);
    for (head, status) in [
        (format!("GET /healthz HTTP/1.1\r\n{}\r\n", lines(90, 600)), "200"),
        (format!("GET /healthz HTTP/1.1\r\n{}\r\n", lines(1, 65_000)), "200"),
        (format!("GET /healthz HTTP/1.1\r\n{}\r\n", lines(101, 1)), "431"),
        (format!("GET /healthz HTTP/1.1\r\n{}\r\n", lines(2, 40_000)), "431"),
        (format!("GET /healthz HTTP/1.1\r\nx: {}", "x".repeat(65_536)), "431"),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(65_000)), "404"),
        (format!("GET /{}", "x".repeat(65_536)), "431"),
        ("GET / HTTP/3.0\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nhost\r\n\r\n".to_owned(), "400"),
    ] {
        let mut stream = sent(&server, &head).await;
        let (answered, _) = answer(&mut stream).await;
        assert!(answered.starts_with(&format!("HTTP/1.1 {status} ")), "{answered} to {} bytes", head.len());
        if status != "200" && status != "404" {
            assert_eq!(rest(&mut stream).await, "");
        }
    }
}
