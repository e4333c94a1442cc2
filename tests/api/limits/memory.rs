//! What the crudest attacks cost: a gibibyte of headers, ten thousand connections.

use rustix::process::{Resource, getrlimit, setrlimit};
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::Mutex, task::JoinSet, time::timeout};

use super::{DEADLINE, GET, answer, is_served, rest};
use crate::crash::process::{Process, command};

/// Ten thousand connections are to be had once at a time.
static CROWD: Mutex<()> = Mutex::const_new(());
const MANY: usize = 10_000;

/// Sends this beginning, and lines of headers after it until nobody takes them; gives the number of bytes.
async fn flood(process: &Process, beginning: &str, lines: &[u8]) -> u64 {
    let mut stream = TcpStream::connect(process.address).await.unwrap();
    let flood = async {
        let mut sent = 0;
        let mut next = beginning.as_bytes();
        while let Ok(written) = stream.write(next).await {
            sent += written as u64;
            next = lines;
        }
        sent
    };
    timeout(DEADLINE, flood).await.expect("it takes all of it")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gibibyte_of_headers_takes_no_memory() {
    let temp = TempDir::new().unwrap();
    let process = Process::start(&temp.path().join("data")).await;
    let lines = b"x: 0123456789012345678901234567890123456789012345678901234567890123\r\n".repeat(1000);
    let trailers = "POST /api/batch HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n0\r\n";
    let extension = "POST /api/batch HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n1;";
    // In one line, too.
    let line = b"0123456789abcdef".repeat(4000);
    flood(&process, "GET / HTTP/1.1\r\n", &lines).await;
    let before = process.memory();
    let beginnings =
        [("GET / HTTP/1.1\r\n", &lines), ("GET / HTTP/1.1\r\nx: ", &line), (trailers, &lines), (extension, &line)];
    let (mut sent, mut connections) = (0, 0);
    while sent < 1 << 30 {
        for (beginning, lines) in beginnings {
            sent += flood(&process, beginning, lines).await;
            connections += 1;
        }
    }
    let after = process.memory();
    eprintln!("{sent} bytes of headers on {connections} connections: VmHWM {} -> {} KiB", before.0, after.0);
    assert!(after.0 <= before.0 + (16 << 10), "{} KiB more", after.0 - before.0);
    process.get("/readyz").await;
    process.terminate().await;
}

/// Lets this process have as many connections as that, and says whether it may.
fn may_have(connections: usize) -> bool {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let may = limit.maximum.is_none_or(|most| most > connections as u64 + 1000);
    assert!(may || std::env::var("CI").as_deref() != Ok("true"), "too few files may be open (ulimit -Hn)");
    if !may {
        eprintln!("skipped: too few files may be open (ulimit -Hn)");
    }
    may
}

/// So many connections, on each of which this was sent.
async fn crowd(process: &Process, text: &'static str) -> Vec<TcpStream> {
    let (mut connecting, address, mut all) = (JoinSet::new(), process.address, Vec::new());
    for _ in 0..20 {
        connecting.spawn(async move {
            let mut part = Vec::new();
            for _ in 0..MANY / 20 {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.write_all(text.as_bytes()).await.unwrap();
                if !text.is_empty() {
                    answer(&mut stream).await;
                }
                part.push(stream);
            }
            part
        });
    }
    while let Some(part) = connecting.join_next().await {
        all.extend(part.unwrap());
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_are_held_where_that_is_wanted() {
    let _alone = CROWD.lock().await;
    if !may_have(MANY) {
        return;
    }
    let temp = TempDir::new().unwrap();
    let mut command = command(&temp.path().join("data"));
    command.args(["--max-connections", "12000"]);
    let process = Process::of(command).await;
    process.get("/readyz").await;
    let before = process.memory();
    let mut idle = crowd(&process, GET).await;
    process.get("/api/status").await;
    let now = process.memory();
    eprintln!("{MANY} idle connections: VmRSS {} -> {} KiB", before.1, now.1);
    assert!(now.1 <= before.1 + 24 * (MANY as u64), "{} KiB more", now.1 - before.1);
    for stream in idle.iter_mut().step_by(100) {
        is_served(stream).await;
    }
    drop(idle);
    process.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_connections_that_say_nothing_keep_nobody_out() {
    let _alone = CROWD.lock().await;
    if !may_have(MANY) {
        return;
    }
    let temp = TempDir::new().unwrap();
    let process = Process::start(&temp.path().join("data")).await;
    let before = process.memory();
    let mut silent = crowd(&process, "").await;
    process.get("/api/status").await;
    let now = process.memory();
    eprintln!("{MANY} silent connections came: VmHWM {} -> {} KiB", before.0, now.0);
    assert!(now.0 <= before.0 + (64 << 10), "{} KiB more", now.0 - before.0);
    // Those that are too many are closed at once, and the others when nothing comes.
    for stream in &mut silent {
        assert_eq!(rest(stream).await, "");
    }
    process.terminate().await;
}
