//! Uploads take no more memory than they always do, however large they are.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Command as Once, Stdio},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use super::{
    made::{boxes, index_last, movie},
    place::{Edit, production},
};
use crate::support::client;

/// The size of a movie that does not fit into memory by mistake.
const LARGE: u64 = 2 << 30;
/// So much more memory may be taken, in KiB.
const MOST: u64 = 16 << 10;

/// Starts a server in a process of its own, and waits until it listens.
pub async fn start(folder: &Path) -> (Child, SocketAddr) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchtower-server"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WATCHTOWER_")) {
        command.env_remove(name);
    }
    watchtower_server::fetch::client::use_ring();
    let mut child = command.spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(Duration::from_secs(20), said.next_line()).await.expect("it does not start").unwrap().unwrap();
    let address = line.split_once("http://").unwrap().1.split_whitespace().next().unwrap();
    (child, address.parse().unwrap())
}

/// The most memory that a process ever had, and what it has now, in KiB.
fn memory(child: &Child) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id().unwrap())).unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (of("VmHWM:"), of("VmRSS:"))
}

/// How much room there is on the disk of a folder, in bytes.
fn room(folder: &Path) -> u64 {
    let output = Once::new("df").args(["--output=avail", "-B1"]).arg(folder).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().nth(1).unwrap().trim().parse().unwrap()
}

/// The head of a box that means nothing, so large that its size takes 64 bits, with all that is in it.
fn large_box(size: u64) -> Vec<u8> {
    [&1_u32.to_be_bytes()[..], b"free", &size.to_be_bytes()].concat()
}

/// Some bytes, so many zeros, and some bytes more.
fn sparse(before: Vec<u8>, zeros: u64, after: Vec<u8>) -> reqwest::Body {
    const PIECE: u64 = 64 << 10;
    assert_eq!(zeros % PIECE, 0);
    let piece = Bytes::from(vec![0; usize::try_from(PIECE).unwrap()]);
    let zeros = stream::repeat(piece).take(usize::try_from(zeros / PIECE).unwrap());
    let all = stream::iter([Bytes::from(before)]).chain(zeros).chain(stream::iter([Bytes::from(after)]));
    reqwest::Body::wrap_stream(all.map(Ok::<_, std::io::Error>))
}

#[tokio::test]
async fn a_movie_of_2_gib_is_taken_in_the_memory_of_a_small_one() {
    let temp = TempDir::new().unwrap();
    let (needed, found) = (7 * LARGE / 2, room(temp.path()));
    if found < needed {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{found} bytes of disk, and {needed} are needed");
        eprintln!("skipped: {found} bytes of disk, and {needed} are needed");
        return;
    }
    let (mut child, address) = start(&temp.path().join("data")).await;
    let client = client();
    let snapshot = client.put(format!("http://{address}/api/projects/p/snapshot?wait=published")).json(&production());
    assert_eq!(snapshot.send().await.unwrap().status(), 200);

    let small = movie(48, 24.0, "");
    let late = index_last(&small, b"");
    let index = boxes(&late).pop().unwrap().1.len();
    let (front, moov) = late.split_at(late.len() - index);
    // One that plays while it arrives, and one that the server writes anew.
    let files = [
        ("in front", [small.clone(), large_box(LARGE + 16)].concat(), Vec::new()),
        ("at the end", [front, &large_box(LARGE + 16)[..]].concat(), moov.to_vec()),
    ];
    for (place, before, after) in files {
        let (length, most, start) = (before.len() as u64 + LARGE + after.len() as u64, memory(&child), Instant::now());
        let request = client.put(format!("http://{address}{}", Edit.address())).header("content-length", length);
        let answer = request.body(sparse(before, LARGE, after)).send().await.unwrap();
        let (status, answer) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
        assert!([200, 201].contains(&status), "{answer}");
        assert_eq!((&answer["size"], &answer["frames"]), (&length.into(), &48.into()));
        let (took, now) = (start.elapsed(), memory(&child));
        eprintln!(
            "2 GiB with the index {place}: {took:.1?}; VmHWM {} -> {} KiB, VmRSS {} -> {} KiB",
            most.0, now.0, most.1, now.1
        );
        assert!(now.0 <= most.0 + MOST, "{} KiB more", now.0 - most.0);
        let render = client.post(format!("http://{address}/api/render?force=true")).send().await.unwrap();
        assert_eq!(render.status(), 200);
        let path = temp.path().join("data/tree/classic").join(answer["path"].as_str().unwrap());
        assert_eq!(std::fs::metadata(path).unwrap().len(), length);
        let now = memory(&child);
        assert!(now.0 <= most.0 + MOST, "{} KiB more with it in the tree", now.0 - most.0);
    }
    child.kill().await.unwrap();
}
