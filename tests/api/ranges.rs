//! Files from disk in parts, and conditionally: as nginx serves them, whole again when they were replaced, and kept for
//! ever where names go with content.

mod answer;
mod compare;
mod differences;
mod nginx;
mod property;
mod splice;
mod table;

use std::{
    fs,
    time::{Duration, UNIX_EPOCH},
};

use reqwest::Method;

use crate::support::TestServer;

/// Bytes that are nowhere the same for long.
fn bytes(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

#[tokio::test]
async fn files_whose_names_go_with_their_content_are_kept_for_ever_and_others_asked_for_anew() {
    let server = TestServer::with_project().await;
    server.rendered().await;
    let kept = "data/users/previews/s1-0123456789abcdef.png";
    for path in [kept, "data/users/previews/s1.png"] {
        let place = server.site().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, "0123456789").unwrap();
        let expected = if path == kept { "max-age=31536000, immutable" } else { "no-cache" };
        let etag = server.get(&format!("/{path}")).await.expect(200).header("etag").to_owned();
        for (name, value, status) in [
            ("range", "bytes=0-4", 206),
            ("range", "bytes=0-1,4-5", 206),
            ("if-none-match", etag.as_str(), 304),
            ("range", "bytes=70-", 416),
            ("if-match", "\"x\"", 412),
        ] {
            let request = server.request(Method::GET, &format!("/{path}")).header(name, value);
            let answer = server.send(request).await.expect(status);
            let expected = if status < 400 { expected } else { "no-store" };
            assert_eq!(answer.header("cache-control"), expected, "{path} {name} {value}");
        }
    }
    let absent = server.get("/data/users/previews/s1-fedcba9876543210.png").await.refused(404, "not-found");
    assert_eq!(absent.header("cache-control"), "no-store");
    assert_eq!(server.get("/data/projects/context.json").await.expect(200).header("cache-control"), "no-cache");
}

#[tokio::test]
async fn no_name_of_a_file_makes_the_server_fail() {
    let server = TestServer::start().await;
    let long = "a".repeat(300);
    for name in
        [long.as_str(), "a%00b", "%ff", "..%2f..%2fwatchtower.db", "%2e%2e/%2e%2e/watchtower.db", "a%5cb", "//a"]
    {
        for method in ["GET", "HEAD"] {
            let (status, _) = server.raw(&format!("{method} /data/{name} HTTP/1.1"), "").await;
            assert_eq!(status, 404, "{method} {name}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_done_with_a_file_is_a_problem() {
    let server = TestServer::start().await;
    let refused = server.send(server.request(Method::PUT, "/data/a.png")).await.refused(405, "method-not-allowed");
    assert_eq!(refused.header("allow"), "GET, HEAD");
    let folder = server.site().join("data/users");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("a.png"), "0123456789").unwrap();
    for (name, value) in [("if-match", "\"x\""), ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT")] {
        let request = server.request(Method::GET, "/data/users/a.png").header(name, value);
        server.send(request.header("range", "bytes=0-4")).await.refused(412, "precondition-failed");
    }
}

#[tokio::test]
async fn files_from_before_1970_are_served_without_validators() {
    let server = TestServer::start().await;
    let path = server.site().join("data/users/old.png");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "0123456789").unwrap();
    // What a clock says that was never set, west of Greenwich.
    let changed = UNIX_EPOCH - Duration::from_hours(1);
    fs::File::options().write(true).open(&path).unwrap().set_modified(changed).unwrap();
    for (range, condition, status, text) in [
        ("bytes=2-3", None, 206, "23"),
        ("bytes=2-3", Some("\"x\""), 200, "0123456789"),
        // Nothing says that two parts are of one file.
        ("bytes=2-3,5-6", None, 200, "0123456789"),
    ] {
        let request = server.request(Method::GET, "/data/users/old.png").header("range", range);
        let request = condition.into_iter().fold(request, |request, tag| request.header("if-range", tag));
        let answer = server.send(request).await.expect(status);
        assert_eq!((answer.text.as_str(), answer.header("etag"), answer.header("last-modified")), (text, "", ""));
    }
}
