//! Uploads while they are on their way: refused before they are read, too large, cut off, several at once.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use futures_util::{StreamExt, future::join_all, stream};
use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Child,
    time::timeout,
};
use watchtower_server::publish::Mode;

use super::{
    made::{movie, picture, png, sha256},
    memory::start,
    place::{Edit, PLACES, Place, Project, Shot, filled, filled_with, force, production, put, served, stored},
};
use crate::support::{DEADLINE, TestServer, client, files, until};

/// The names of the files that are not finished.
fn unfinished(folder: &std::path::Path) -> Vec<String> {
    files(&folder.join("media/.unfinished")).into_keys().collect()
}

/// Sends what there is of a request, and gives the answer, for which no more is needed.
async fn answer_to(stream: &mut TcpStream, sent: &[u8]) -> String {
    stream.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = timeout(DEADLINE, stream.read_buf(&mut answer)).await.expect("no answer").unwrap();
        assert_ne!(read, 0, "closed without an answer");
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(method: &str, address: &str, length: usize, more: &str) -> Vec<u8> {
    format!("{method} {address} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{more}\r\n").into_bytes()
}

#[tokio::test]
async fn what_is_refused_by_its_address_or_its_length_is_refused_before_it_is_sent() {
    let server = filled().await;
    let form = "content-type: multipart/form-data; boundary=x\r\n";
    for (method, address, length, more, status) in [
        ("PUT", "/api/projects/p/shots/x/thumbnail", 1000, "", "404"),
        ("PUT", "/api/projects/x/shots/s/thumbnail", 1000, "", "404"),
        ("PUT", "/api/projects/x/edits/edit/movie", 1000, "", "404"),
        ("PUT", "/api/projects/x/thumbnail", 1000, "", "404"),
        ("PUT", "/api/users/x/thumbnail", 1000, "", "404"),
        ("POST", "/api/users/x/thumbnail", 1000, form, "404"),
        ("PUT", "/api/users/u/thumbnail?x=1", 1000, "", "400"),
        ("PUT", "/api/users/u/thumbnail", 65 << 20, "", "413"),
        ("POST", "/api/users/u/thumbnail", 69 << 20, form, "413"),
        ("PUT", "/api/projects/p/edits/edit/movie", 17 << 30, "", "413"),
        ("PUT", "/api/users/u/thumbnail", 1000, "content-digest: x\r\n", "400"),
        ("PUT", "/api/users/u/thumbnail", 1000, "content-encoding: br\r\n", "415"),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let answer = answer_to(&mut stream, &head(method, address, length, more)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{method} {address}: {answer}");
        // Who asks first is not told to go on.
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let more = format!("{more}expect: 100-continue\r\n");
        let answer = answer_to(&mut stream, &head(method, address, length, &more)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{method} {address}: {answer}");
    }
    assert_eq!((stored(&server).len(), server.revision().await), (0, 1));
}

#[tokio::test]
async fn whoever_sends_all_of_it_before_reading_hears_why_it_is_refused() {
    let server = filled().await;
    let large = vec![0; 16 << 20];
    for (address, status) in
        [("/api/projects/p/shots/x/thumbnail", "404"), ("/api/projects/p/shots/s/thumbnail", "422")]
    {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // Once more on the same connection: all of the first was read.
        for _ in 0..2 {
            let sent = [&head("PUT", address, large.len(), "")[..], &large].concat();
            let answer = timeout(DEADLINE, answer_to(&mut stream, &sent)).await.expect("it does not take it");
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
            let length = answer.split("content-length: ").nth(1).unwrap().split('\r').next().unwrap();
            let body = answer.split_once("\r\n\r\n").unwrap().1.len();
            let mut rest = vec![0; length.parse::<usize>().unwrap() - body];
            stream.read_exact(&mut rest).await.unwrap();
        }
    }
}

/// A body of unknown length that begins so, and never ends.
fn endless(beginning: &[u8]) -> reqwest::Body {
    let beginning = stream::iter([Bytes::copy_from_slice(beginning)]);
    let all = beginning.chain(stream::repeat(Bytes::from(vec![0; 4096])));
    reqwest::Body::wrap_stream(all.map(Ok::<_, std::io::Error>))
}

#[tokio::test]
async fn what_is_too_large_is_refused_by_what_arrives() {
    let server = TestServer::start_with(|options| (options.max_picture, options.max_movie) = (100_000, 200_000)).await;
    server.put("/api/projects/p/snapshot", &production()).await.expect(200);
    for place in PLACES {
        let limit = if place == Edit { 200_000 } else { 100_000 };
        let request = server.request(Method::PUT, &place.address()).body(endless(&place.files().0[0][..1000]));
        let answer = server.send(request).await.refused(413, "too-large");
        assert!(answer.text.contains(&limit.to_string()), "{}", answer.text);
        let fitting = if place == Edit { movie(48, 24.0, "") } else { picture(ImageFormat::Png, (90, 90), 1) };
        assert!(fitting.len() < limit);
        put(&server, &place.address(), &fitting).await.expect(201);
        if place == Edit {
            // To the byte.
            let room = limit - movie(48, 24.0, "").len();
            let full = movie(48, 24.0, &"x".repeat(room));
            assert_eq!(full.len(), limit);
            put(&server, &place.address(), &full).await.expect(200);
            put(&server, &place.address(), &[&full[..], b"x"].concat()).await.refused(413, "too-large");
        }
    }
    assert_eq!(unfinished(&server.folder), [""; 0]);
}

/// Begins an upload, as far as the server takes it, and leaves it there.
async fn begun(address: std::net::SocketAddr, path: &str, file: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = head("PUT", path, file.len(), "expect: 100-continue\r\n");
    // By then it has a file for it.
    assert_eq!(answer_to(&mut stream, &head).await, "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(&file[..file.len() / 2]).await.unwrap();
    stream
}

#[tokio::test]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    let mut server = filled().await;
    let film = movie(48, 24.0, &"x".repeat(4 << 20));
    for place in [Edit, Project] {
        let file = if place == Edit { film.clone() } else { png(1) };
        let stream = begun(server.address, &place.address(), &file).await;
        assert_eq!(unfinished(&server.folder).len(), 1);
        drop(stream);
        // It ends in order when all requests have.
        server.stop().await;
        assert_eq!((unfinished(&server.folder), stored(&server)), (vec![], vec![]));
        server.open().await;
        assert_eq!(server.get(place.entity()).await.json()[place.medium()], Value::Null);
    }
    assert_eq!(server.revision().await, 1);
}

#[tokio::test]
async fn what_a_killed_server_left_unfinished_is_gone_when_it_starts_again() {
    let temp = TempDir::new().unwrap();
    let folder = temp.path().join("data");
    let (mut child, address): (Child, _) = start(&folder).await;
    let client = client();
    let snapshot = client.put(format!("http://{address}/api/projects/p/snapshot")).json(&production());
    assert_eq!(snapshot.send().await.unwrap().status(), 200);
    let kept = client.put(format!("http://{address}{}", Shot.address())).body(png(1)).send().await.unwrap();
    assert_eq!(kept.status(), 201);
    let _stream = begun(address, &Edit.address(), &movie(48, 24.0, &"x".repeat(4 << 20))).await;
    child.kill().await.unwrap();
    assert_eq!(unfinished(&folder).len(), 1);
    let (mut child, address) = start(&folder).await;
    assert_eq!(unfinished(&folder), [""; 0]);
    let again = client.get(format!("http://{address}{}", Shot.address())).send().await.unwrap();
    assert_eq!(again.bytes().await.unwrap(), png(1));
    child.kill().await.unwrap();
}

/// Uploads all of these at the same time to one place; in the end it has one of them, whole, and the store has no other.
async fn all_at_once(place: Place, sent: &[Vec<u8>]) {
    let server = filled_with(Mode::Auto).await;
    let address = place.address();
    let answers = join_all(sent.iter().map(|file| put(&server, &address, file))).await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "one was the first: {statuses:?}");
    assert!(statuses.iter().all(|status| [200, 201].contains(status)), "{statuses:?}");
    let mut revisions: Vec<_> = answers.iter().map(|answer| answer.header("watchtower-revision").to_owned()).collect();
    revisions.sort();
    revisions.dedup();
    assert_eq!(revisions.len(), sent.len(), "each was a change of its own");

    force(&server).await;
    let medium = server.get(place.entity()).await.json()[place.medium()].take();
    let last = sent.iter().find(|file| medium["sha256"] == sha256(file)).expect("one of those that were sent");
    assert!(&served(&server, server.layout, &place.address()).await.2 == last);
    let path = place.path(&server).await;
    let (status, _, shown) = served(&server, server.layout, &format!("/{path}")).await;
    assert_eq!((status, json!(sha256(&shown))), (200, medium["shown"].clone()));
    let mut hashes: Vec<_> = ["sha256", "shown"].map(|hash| medium[hash].as_str().unwrap().to_owned()).into();
    hashes.sort();
    hashes.dedup();
    assert_eq!(stored(&server), hashes);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_uploads_to_one_place_at_the_same_time_one_is_there_in_the_end() {
    for count in [2, 8] {
        let films: Vec<_> = (0..count).map(|n| movie(48 + n, 24.0, &"x".repeat(2 << 20))).collect();
        all_at_once(Edit, &films).await;
        let shade = |n| u8::try_from(n).unwrap();
        let pictures: Vec<_> = (0..count).map(|n| picture(ImageFormat::Png, (1000, 800), shade(n))).collect();
        all_at_once(Shot, &pictures).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_that_many_shots_get_at_the_same_time_is_kept_once() {
    use std::os::unix::fs::MetadataExt;
    let server = filled_with(Mode::Auto).await;
    let shots: Vec<_> = (0..20)
        .map(|n| json!({"id": format!("s{n}"), "name": "S", "data": {"frame_in": n, "frame_out": n + 1}}))
        .collect();
    server.put("/api/projects/p/shots", &json!(shots)).await.expect(200);
    let (file, addresses) = (png(1), (0..20).map(|n| format!("/api/projects/p/shots/s{n}/thumbnail")));
    let answers =
        join_all(addresses.map(async |address: String| put(&server, &address, &file).await.expect(201))).await;
    let shown = answers[0].json()["shown"].as_str().unwrap().to_owned();
    assert!(answers.iter().all(|answer| answer.json()["shown"] == shown));
    let mut hashes = vec![sha256(&file), shown.clone()];
    hashes.sort();
    assert_eq!(stored(&server), hashes);
    force(&server).await;
    assert_eq!(stored(&server), hashes);
    let kept = fs::metadata(server.folder.join("media").join(&shown[..2]).join(&shown)).unwrap();
    // Its own name, and one for each shot in both trees.
    assert_eq!(kept.nlink(), 41);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_uploaded_while_the_store_is_freed_is_not_lost() {
    let server = filled_with(Mode::Auto).await;
    let is_over = AtomicBool::new(false);
    let free = async {
        while !is_over.load(Ordering::Relaxed) {
            force(&server).await;
        }
    };
    let upload = async {
        for round in 0..15 {
            let uploads = PLACES.map(async |place| {
                let file = if place == Edit { movie(48 + round, 24.0, "") } else { png(u8::try_from(round).unwrap()) };
                let answer = put(&server, &place.address(), &file).await;
                assert!(answer.status.is_success(), "{}", answer.text);
                assert!(served(&server, server.layout, &place.address()).await.2 == file, "{place:?}");
            });
            join_all(uploads).await;
        }
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(free, upload);
    force(&server).await;
    for place in PLACES {
        let path = place.path(&server).await;
        assert_eq!(served(&server, server.layout, &format!("/{path}")).await.0, 200, "{path}");
    }
    assert_eq!(unfinished(&server.folder), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_whose_sender_hangs_up_while_it_waits_for_the_writer_is_not_lost() {
    let server = filled_with(Mode::Auto).await;
    let count = async |name: &str| {
        let told = server.get("/metrics").await.expect(200).text;
        let line = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
        line.unwrap_or_else(|| panic!("no {name}: {told}")).parse::<f64>().unwrap()
    };
    let is_over = AtomicBool::new(false);
    let waiting = async |wanted: f64| {
        let is_so = async || {
            let is_so = count("watchtower_write_queue_requests").await >= wanted;
            (is_so || is_over.load(Ordering::Relaxed)).then_some(())
        };
        until("so many are waiting", is_so).await;
    };
    let options = SqliteConnectOptions::new().filename(server.folder.join("watchtower.db"));
    let mut other = options.connect().await.unwrap();
    let write = async |id: &str, name: usize| {
        let request = server.request(Method::PUT, &format!("/api/users/{id}")).json(&json!({"name": name.to_string()}));
        let answer = server.send(request).await;
        is_over.store(true, Ordering::Relaxed);
        answer
    };
    for round in 0.. {
        is_over.store(false, Ordering::Relaxed);
        // Somebody else writes to the database, and takes a while.
        sqlx::raw_sql("begin immediate").execute(&mut other).await.unwrap();
        let upload = async {
            waiting(1.0).await;
            let before = count("watchtower_connections").await;
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            let sent = [&head("PUT", &Shot.address(), png(1).len(), "")[..], &png(1)].concat();
            stream.write_all(&sent).await.unwrap();
            waiting(2.0).await;
            drop(stream);
            until("it is noticed", async || (count("watchtower_connections").await <= before).then_some(())).await;
            force(&server).await;
            sqlx::raw_sql("rollback").execute(&mut other).await.unwrap();
        };
        let (_, together, ()) = tokio::join!(write("v", round), write("w", round), upload);
        // On a machine that is busy it may have taken longer than the server waits for the database.
        if together.status.is_success() {
            break;
        }
        assert!(round < 10, "{}", together.text);
    }
    write("x", 0).await.expect(201);
    let medium = server.get(Shot.entity()).await.json()["thumbnail"].take();
    assert_eq!(medium["sha256"], sha256(&png(1)), "what was accepted is written");
    assert!(served(&server, server.layout, &Shot.address()).await.2 == png(1));
    force(&server).await;
    let path = Shot.path(&server).await;
    assert_eq!(served(&server, server.layout, &format!("/{path}")).await.0, 200);
}

#[tokio::test]
async fn a_folder_of_unfinished_files_that_somebody_takes_away_is_made_again() {
    let server = filled_with(Mode::Auto).await;
    fs::remove_dir_all(server.folder.join("media/.unfinished")).unwrap();
    for layout in super::place::LAYOUTS {
        fs::remove_dir_all(server.site_of(layout).join(".unfinished")).unwrap();
    }
    put(&server, &format!("{}?wait=published", Edit.address()), &movie(48, 24.0, "")).await.expect(201);
    for layout in super::place::LAYOUTS {
        let edit = Edit.paths(&server, layout).await[0].as_str().unwrap().to_owned();
        assert_eq!(served(&server, layout, &format!("/{edit}")).await.0, 200);
    }
    server.get("/readyz").await.expect(200);
    assert_eq!(unfinished(&server.folder), [""; 0]);
}
