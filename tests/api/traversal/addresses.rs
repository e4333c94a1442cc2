//! Addresses, in every way in which somebody may write a way out.

use std::{fs, net::SocketAddr, os::unix::fs::symlink};

use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use watchtower_server::layout::Layout;

use super::{SECRET, hide};
use crate::support::{TestServer, page};

/// A way up, as it may be written.
const UP: [&str; 18] = [
    "..",
    "%2e%2e",
    ".%2e",
    "%2E.",
    "%252e%252e",
    "..%00",
    "..;",
    "....",
    "..%20",
    "..%c0%af",
    "%c0%ae%c0%ae",
    "%e0%80%ae%e0%80%ae",
    "%uff0e%uff0e",
    "．．",
    "..%5c..",
    "..\\..",
    "./..",
    "%2e%2e%2f%2e%2e",
];

/// A slash, as it may be written.
const SLASHES: [&str; 6] = ["/", "//", "%2f", "%5c", "\\", "/./"];

/// What follows it.
const FILES: [&str; 5] = ["secret.txt", "watchtower.db", "data/watchtower.db", "etc/passwd", "media/"];

/// A server with a page, and what is to stay secret beside the page, its data folder, and in it.
async fn with_secrets() -> (TestServer, TempDir) {
    let temp = TempDir::new().unwrap();
    let root = temp.path().join("site/page");
    fs::create_dir_all(root.join("assets")).unwrap();
    fs::write(root.join("index.html"), "<html>").unwrap();
    fs::write(root.join("assets/a.js"), "a").unwrap();
    let server = TestServer::start_with(|options| options.sites[0].page = Some(page(&root, Layout::Classic))).await;
    for folder in [temp.path(), root.parent().unwrap(), &server.folder, server.folder.parent().unwrap()] {
        hide(folder);
    }
    hide(&server.site());
    server.put("/api/projects/p?wait=published", &json!({"name": "P"})).await.expect(201);
    (server, temp)
}

/// What is answered to the letter, with many requests on one connection.
struct Raw(TcpStream, SocketAddr);

impl Raw {
    async fn to(server: &TestServer) -> Self {
        Self(TcpStream::connect(server.address).await.unwrap(), server.address)
    }

    async fn get(&mut self, target: &str) -> (u16, Vec<u8>) {
        let request = format!("GET {target} HTTP/1.1\r\nhost: localhost\r\naccept-encoding: identity\r\n\r\n");
        self.0.write_all(request.as_bytes()).await.unwrap();
        let (mut read, mut byte) = (Vec::new(), [0]);
        while !read.ends_with(b"\r\n\r\n") {
            self.0.read_exact(&mut byte).await.unwrap();
            read.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&read).to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).await.unwrap();
        if head.contains("connection: close") {
            self.0 = TcpStream::connect(self.1).await.unwrap();
        }
        (status, body)
    }
}

fn has(body: &[u8], words: &str) -> bool {
    body.windows(words.len()).any(|part| part == words.as_bytes())
}

#[tokio::test]
async fn no_address_leads_out_of_the_tree_or_of_the_page() {
    let (server, _temp) = with_secrets().await;
    let mut raw = Raw::to(&server).await;
    // What is asked for in order can be had.
    assert_eq!(raw.get("/assets/a.js").await, (200, b"a".to_vec()));
    assert_eq!(raw.get("/data/projects/p/shots.json").await.0, 200);
    let beginnings =
        ["/", "/data/", "/data/projects/p/", "/data/projects/", "/assets/", "/static/img/", "/data/users/"];
    let mut asked = 0;
    for beginning in beginnings {
        for (up, slash) in UP.iter().flat_map(|up| SLASHES.map(|slash| (up, slash))) {
            for times in [1, 2, 3, 5] {
                let file = FILES[asked % FILES.len()];
                let way = format!("{up}{slash}").repeat(times);
                let target = format!("{beginning}{way}{file}");
                // Not an address at all, by RFC 9110: the connection is closed.
                if target.bytes().any(|byte| !byte.is_ascii_graphic()) {
                    continue;
                }
                let (status, body) = raw.get(&target).await;
                assert!((400..500).contains(&status), "{target}: {status}");
                assert!(!has(&body, SECRET) && !has(&body, "SQLite format") && !has(&body, "root:"), "{target}");
                asked += 1;
            }
        }
    }
    assert!(asked > 2000, "{asked}");
}

#[tokio::test]
async fn addresses_that_begin_elsewhere_lead_nowhere() {
    let (server, temp) = with_secrets().await;
    let mut raw = Raw::to(&server).await;
    let secret = temp.path().join("secret.txt").display().to_string();
    for target in [
        format!("/data/{secret}"),
        format!("/data//{secret}"),
        format!("//{secret}"),
        format!("/%2f{secret}"),
        format!("/data/%2f{secret}"),
        format!("/data/file:%2f%2f{secret}"),
        format!("/file://{secret}"),
        format!("http://x/data/..{secret}"),
        format!("http://x/..{secret}"),
        "/data".to_owned(),
        "/data/".to_owned(),
        "/data/.".to_owned(),
        "/data/..".to_owned(),
        "/data/projects".to_owned(),
        "/data/projects/p".to_owned(),
        "/.unfinished/0".to_owned(),
        "/data/.unfinished/0".to_owned(),
        "/data/../secret.txt".to_owned(),
        "/data/projects/p/remote/shots/..%2f..%2f..%2fsecret-0000000000000000.png".to_owned(),
        "/data/projects/../users/remote/users/x-0000000000000000.png".to_owned(),
    ] {
        let (status, body) = raw.get(&target).await;
        assert!((400..500).contains(&status), "{target}: {status}");
        assert!(!has(&body, SECRET), "{target}");
    }
}

#[tokio::test]
async fn ids_in_addresses_of_files_are_checked_before_anything_is_looked_for() {
    let (server, _temp) = with_secrets().await;
    let mut raw = Raw::to(&server).await;
    for up in ["%2e%2e", "..%2f..", "..%5c..", "%2e", "a%2fb", "a%00", "%00", "a%0a", "%c0%af", "%ff"] {
        for path in [
            format!("/api/projects/{up}/thumbnail"),
            format!("/api/projects/p/shots/{up}/thumbnail"),
            format!("/api/projects/{up}/shots/{up}/thumbnail"),
            format!("/api/projects/p/edits/{up}/movie"),
            format!("/api/users/{up}/thumbnail"),
            format!("/api/projects/{up}/snapshot"),
        ] {
            let (status, body) = raw.get(&path).await;
            assert!([400, 404, 422].contains(&status), "{path}: {status} {}", String::from_utf8_lossy(&body));
        }
        let (status, _) = raw.get(&format!("/api/webhooks/{up}/deliveries/{up}")).await;
        assert!([400, 404].contains(&status), "{up}: {status}");
    }
}

#[tokio::test]
async fn links_that_somebody_put_into_the_tree_lead_nowhere() {
    let (server, temp) = with_secrets().await;
    let project = server.site().join("data/projects/p");
    symlink(temp.path().join("secret.txt"), project.join("out.txt")).unwrap();
    symlink(temp.path(), project.join("out")).unwrap();
    symlink("circle", project.join("circle")).unwrap();
    symlink("../../../../../watchtower.db", project.join("database")).unwrap();
    fs::write(project.join("mine.txt"), "mine").unwrap();
    symlink("mine.txt", project.join("in.txt")).unwrap();
    for name in ["out.txt", "out/secret.txt", "out", "out/", "circle", "database"] {
        server.get(&format!("/data/projects/p/{name}")).await.refused(404, "not-found");
    }
    for name in ["mine.txt", "in.txt"] {
        assert_eq!(server.get(&format!("/data/projects/p/{name}")).await.expect(200).text, "mine");
    }
}

#[tokio::test]
async fn paths_in_entities_are_words_for_the_page_and_move_no_file() {
    let (server, temp) = with_secrets().await;
    let secret = temp.path().join("secret.txt").display().to_string();
    let paths = [
        "data/../../../secret.txt".to_owned(),
        "data/projects/p/../../../../secret.txt".to_owned(),
        "../../secret.txt".to_owned(),
        "..\\..\\secret.txt".to_owned(),
        format!("file://{secret}"),
        format!("file:{secret}"),
        secret,
    ];
    let before: Vec<String> = crate::support::files(&server.folder.join("media")).into_keys().collect();
    for (number, path) in paths.iter().enumerate() {
        let project = format!("q{number}");
        let snapshot = json!({
            "name": "Q", "thumbnailUrl": path, "team": [{"id": "ada", "name": "Ada", "thumbnailUrl": path}],
            "shots": [{"id": "s", "name": "S", "thumbnailUrl": path, "data": {"frame_in": 0, "frame_out": 9}}],
            "edits": [{"id": "edit", "sourceName": path, "totalFrames": 9}],
        });
        server.put(&format!("/api/projects/{project}/snapshot?wait=published"), &snapshot).await.expect(200);
        assert_eq!(server.tree(&format!("projects/{project}/shots.json")).await.as_array().unwrap().len(), 1);
    }
    assert_eq!(crate::support::files(&server.folder.join("media")).into_keys().collect::<Vec<_>>(), before);
    let shown = crate::support::files(&server.site().join("data"));
    for (name, bytes) in shown {
        assert!(!has(&bytes, SECRET), "{name}");
    }
}
