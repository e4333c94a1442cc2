//! What bodies come to, held against what the server takes them for: in a process of its own, by what the system says of it.

use std::fmt::Write;

use futures_util::future::join_all;
use tempfile::TempDir;
use watchtower_server::http::weight;

use crate::crash::process::{Process, command};
use crate::support::client;

/// MiB of memory for what bodies come to: eight times of the largest one.
const ROOM: usize = 8 * LARGEST;
/// MiB of the largest body.
const LARGEST: usize = 12;
/// MiB that a process may take beside that, for what is done once and kept, and for what the allocator does not give back.
const BESIDE: usize = 24;

/// What is sent where, and how: method, path, media type.
type Target = (&'static str, &'static str, &'static str);

const SHOT: Target = ("PUT", "/api/projects/p/shots/a", "application/json");
const USERS: Target = ("PUT", "/api/users", "application/json");
const NEW_USERS: Target = ("POST", "/api/users", "application/json");
const CASTING: Target = ("PUT", "/api/projects/p/casting", "application/json");
const COUNTS: Target = ("POST", "/api/projects/p/task-counts", "application/json");
const BATCH: Target = ("POST", "/api/batch", "application/x-ndjson");

/// A body: where it goes, how it begins, what is in it again and again with the number of it, what is between, how it ends.
struct Bomb(&'static str, Target, &'static str, fn(usize) -> String, &'static str, &'static str);

const BOMBS: [Bomb; 16] = [
    Bomb("numbers", SHOT, r#"{"name":"a","data":{"x":["#, |_| "0".into(), ",", "]}}"),
    Bomb("lists", SHOT, r#"{"name":"a","data":{"x":["#, |_| "[0]".into(), ",", "]}}"),
    Bomb("objects", SHOT, r#"{"name":"a","data":{"x":["#, |_| r#"{"":0}"#.into(), ",", "]}}"),
    Bomb("empty objects", SHOT, r#"{"name":"a","data":{"x":["#, |_| "{}".into(), ",", "]}}"),
    Bomb("keys", SHOT, r#"{"name":"a","data":{"#, |n| format!(r#""{n:x}":0"#), ",", "}}"),
    Bomb("a text", SHOT, r#"{"name":"a","data":{"x":""#, |_| "text ".into(), "", r#""}}"#),
    Bomb("escapes", SHOT, r#"{"name":"a","data":{"x":""#, |_| r"\u0001".into(), "", r#""}}"#),
    Bomb("tasks", SHOT, r#"{"name":"a","tasks":["#, |n| format!(r#"{{"id":"{n:x}"}}"#), ",", "]}"),
    Bomb("people", USERS, "[", |n| format!(r#"{{"id":"{n:x}","name":""}}"#), ",", "]"),
    Bomb("people without ids", NEW_USERS, "[", |_| r#"{"name":""}"#.into(), ",", "]"),
    Bomb("faults", NEW_USERS, "[", |_| "0".into(), ",", "]"),
    Bomb("unknown fields", NEW_USERS, r#"{"name":"a","#, |n| format!(r#""{n:x}":0"#), ",", "}"),
    Bomb("castings of nothing", CASTING, "[", |_| "{}".into(), ",", "]"),
    Bomb(
        "days",
        COUNTS,
        r#"[{"task_type_id":"a","task_statuses":[{"task_status_id":"b","data":["#,
        |n| format!(r#"{{"x":"{}-{:02}-{:02}","y":1}}"#, 1990 + n / 336, n / 28 % 12 + 1, n % 28 + 1),
        ",",
        "]}]}]",
    ),
    Bomb("deletions", BATCH, "", |n| format!(r#"{{"op":"delete","kind":"users","id":"{n:x}"}}"#), "\n", ""),
    Bomb("nothing", BATCH, "", |_| String::new(), "\n", ""),
];

impl Bomb {
    /// As much of it as is just not refused, in so much room.
    fn body(&self, room: usize) -> String {
        let Self(_, _, beginning, inside, between, end) = self;
        // No number is longer than this one.
        let one = format!("{between}{}", inside(1 << 20));
        let count = ((room - (room >> 5)) / weight::of(one.as_bytes())).min((LARGEST << 20) / one.len() - 100);
        let mut body = (*beginning).to_owned();
        for number in 0..count {
            let _ = write!(body, "{}{}", if number == 0 { "" } else { between }, inside(number));
        }
        body + end
    }

    async fn send(&self, process: &Process, body: String) -> u16 {
        let Self(_, (method, path, media_type), ..) = self;
        let client = client();
        let request = client.request(method.parse().unwrap(), process.url() + path).header("content-type", *media_type);
        request.body(body).send().await.unwrap().status().as_u16()
    }
}

async fn start() -> (TempDir, Process) {
    let folder = TempDir::new().unwrap();
    let largest = (LARGEST << 20).to_string();
    let mut command = command(&folder.path().join("data"));
    command.args(["--max-body", &largest]);
    let process = Process::of(command).await;
    process.send(reqwest::Method::PUT, "/api/projects/p", &serde_json::json!({"name": "P"})).await;
    (folder, process)
}

/// The most memory that a process had so far, in MiB.
fn most(process: &Process) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() >> 10
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_comes_to_more_memory_than_it_is_weighed_at() {
    for bomb in &BOMBS {
        let (_folder, process) = start().await;
        let (before, body) = (most(&process), bomb.body(ROOM << 20));
        let (length, weight) = (body.len(), weight::of(body.as_bytes()) >> 20);
        let status = bomb.send(&process, body).await;
        let more = most(&process) - before;
        eprintln!("{}: {} KiB, weighed at {weight} MiB, came to {more} MiB: {status}", bomb.0, length >> 10);
        assert!([200, 201, 422].contains(&status), "{}: {status}", bomb.0);
        assert!(more <= weight + BESIDE, "{}: {more} MiB", bomb.0);
        process.kill().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_bodies_at_once_come_to_no_more_than_one() {
    let (_folder, process) = start().await;
    let before = most(&process);
    // Each alone would have room twice.
    let sent = (0..4).flat_map(|_| [1, 2, 8, 9].map(|which: usize| &BOMBS[which]));
    let sent = sent.map(|bomb| bomb.send(&process, bomb.body(ROOM << 19)));
    let statuses = join_all(sent).await;
    let more = most(&process) - before;
    eprintln!("16 bodies at once: {statuses:?}, {more} MiB");
    assert!(statuses.iter().all(|status| [200, 201].contains(status)), "{statuses:?}");
    // What was written stays in memory as well, a part of each.
    assert!(more <= 2 * ROOM + BESIDE, "{more} MiB");
    process.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_of_the_largest_size_are_decoded_two_at_a_time() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(&folder.path().join("data")).await;
    process.send(reqwest::Method::PUT, "/api/projects/p", &serde_json::json!({"name": "P"})).await;
    // 49 megapixels of one colour: 200 MB of pixels in some 50 KB.
    let mut file = std::io::Cursor::new(Vec::new());
    let picture = image::GrayAlphaImage::new(7000, 7000);
    picture.write_to(&mut file, image::ImageFormat::Png).unwrap();
    let file = bytes::Bytes::from(file.into_inner());
    let before = most(&process);
    let client = client();
    let sent = (0..6).map(|_| {
        let url = format!("{}/api/projects/p/thumbnail", process.url());
        let (client, file) = (client.clone(), file.clone());
        async move { client.put(url).body(file).send().await.unwrap().status().as_u16() }
    });
    let statuses = join_all(sent).await;
    let more = most(&process) - before;
    eprintln!("6 pictures of 7000 x 7000 in {} KiB each, at once: {statuses:?}, {more} MiB", file.len() >> 10);
    assert!(statuses.iter().all(|status| [200, 201].contains(status)), "{statuses:?}");
    assert!(more <= 2 * 400 + BESIDE, "{more} MiB");
    process.kill().await;
}
