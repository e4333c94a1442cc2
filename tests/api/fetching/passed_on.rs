//! Files that are passed on from a tracker when the page asks.

use reqwest::{Method, header};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    copying,
    made::{look_at, movie, png},
    server_with, shot,
    tracker::{self, File, Reply, Tracker},
};
use crate::support::{Answer, DEADLINE, TestServer};

const RED: [u8; 3] = [250, 0, 0];

async fn passing_on(rest: &str) -> (Tracker, TestServer) {
    copying(&format!("mode = \"proxy\"\n{rest}")).await
}

fn is_between(path: &str, begin: &str, end: &str) -> bool {
    path.starts_with(begin) && path.ends_with(end)
}

/// Pushes a shot with the URL of a picture; gives the path that the tree has for it.
async fn pushed(server: &TestServer, url: &str) -> String {
    server.put("/api/projects/p/shots/a?wait=published", &shot("a", url)).await;
    let path = server.picture_of("a").await.unwrap();
    assert!(is_between(&path, "data/projects/p/remote/shots/a-", ".png"), "{path}");
    format!("/{path}")
}

/// The same of the movie of an edit.
async fn pushed_movie(server: &TestServer, url: &str) -> String {
    server.put("/api/projects/p/edits/cut?wait=published", &json!({"sourceName": url})).await;
    let path = server.tree("projects/p/edit.json").await["sourceName"].as_str().unwrap().to_owned();
    assert!(is_between(&path, "data/projects/p/remote/edits/cut-", ".mp4"), "{path}");
    format!("/{path}")
}

/// An answer with its bytes.
async fn asked(
    server: &TestServer,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> (u16, header::HeaderMap, Vec<u8>) {
    let request =
        headers.iter().fold(server.request(method, path), |request, (name, value)| request.header(*name, *value));
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_picture_is_fitted_when_the_page_asks_and_not_before() {
    let (tracker, server) = passing_on("headers = { X-Key = \"k\" }").await;
    tracker.has("/a.png", File::png(png(RED)).with_etag("v1").modified("Thu, 01 Jan 2026 10:00:00 GMT"));
    let path = pushed(&server, &tracker.url("/a.png?size=1")).await;
    server.rendered().await;
    assert_eq!(tracker.counts().connections, 0);
    let (status, headers, bytes) = asked(&server, Method::GET, &path, &[]).await;
    assert_eq!(
        (status, &headers["content-type"], &headers["etag"]),
        (200, &"image/png".parse().unwrap(), &"\"v1\"".parse().unwrap())
    );
    assert_eq!(headers["cache-control"], "no-cache");
    assert_eq!(look_at(&bytes), ((150, 100), RED));
    assert_eq!(tracker::header(&tracker.asked("/a.png")[0], "x-key"), Some("k"));

    // Whoever has it is told so by the tracker.
    for (name, value) in [("if-none-match", "\"v1\""), ("if-modified-since", "Thu, 01 Jan 2026 10:00:00 GMT")] {
        let (status, headers, bytes) = asked(&server, Method::GET, &path, &[(name, value)]).await;
        assert_eq!((status, bytes.len(), headers.contains_key("content-type")), (304, 0, false), "{name}");
        assert_eq!(tracker::header(tracker.asked("/a.png").last().unwrap(), name), Some(value));
    }
    // A new one is new at once.
    tracker.has("/a.png", File::png(png([0, 0, 250])).with_etag("v2"));
    let (status, headers, bytes) = asked(&server, Method::GET, &path, &[("if-none-match", "\"v1\"")]).await;
    assert_eq!((status, &headers["etag"], look_at(&bytes).1), (200, &"\"v2\"".parse().unwrap(), [0, 0, 250]));
    let (status, headers, bytes) = asked(&server, Method::HEAD, &path, &[]).await;
    assert_eq!((status, &headers["content-type"], bytes.len()), (200, &"image/png".parse().unwrap(), 0));
    // A picture is nothing to ask a part of.
    let (status, _, bytes) = asked(&server, Method::GET, &path, &[("range", "bytes=0-9")]).await;
    assert_eq!((status, look_at(&bytes).0), (200, (150, 100)));
    // Nothing of it is kept, and there is nothing to be copied.
    assert!(crate::support::files(&server.folder.join("media")).is_empty());
    assert_eq!((server.tally().await, server.media_problems().await.len()), ([0; 4], 0));
}

#[tokio::test]
async fn a_person_has_a_larger_picture() {
    let (tracker, server) = passing_on("").await;
    tracker.has("/ada.png", File::png(png(RED)));
    let ada = json!({"name": "Ada", "thumbnailUrl": tracker.url("/ada.png")});
    server.put("/api/users/ada?wait=published", &ada).await.expect(201);
    let path = server.tree("projects/context.json").await["users"][0]["thumbnailUrl"].as_str().unwrap().to_owned();
    assert!(path.starts_with("data/users/remote/users/ada-"), "{path}");
    assert_eq!(look_at(&server.file(&path).await), ((400, 400), RED));
}

#[tokio::test]
async fn what_the_tracker_does_not_have_is_a_problem_and_no_picture() {
    let (tracker, server) = passing_on("timeout = 0.3\nmax-bytes = 1000").await;
    for (reply, reason) in [
        (Reply::page("404 Not Found", ""), "404 Not Found: the file is not there"),
        (Reply::page("500 Internal Server Error", ""), "500 Internal Server Error: it has a fault"),
        (Reply::page("401 Unauthorized", ""), "access is denied; check the headers of its [[media-host]]"),
        (Reply::page("200 OK", ""), "HTML"),
        (Reply::Half(File::png(png(RED))), "half a body"),
        (Reply::Stalled(File::png(png(RED))), "nothing came for 0.3 s"),
        (Reply::Endless, "larger than the 1000 bytes"),
        (Reply::redirect("http://elsewhere.test/"), "a host that the configuration does not name"),
        (Reply::Held(Box::new(Reply::Endless)), "no answer within 0.3 s"),
    ] {
        tracker.set("/a.png", reply);
        let path = pushed(&server, &tracker.url("/a.png?token=hush")).await;
        let answer = server.get(&path).await.refused(502, "bad-gateway");
        assert!(answer.text.contains(reason) && !answer.text.contains("hush"), "{reason}: {}", answer.text);
        assert!(!answer.headers.contains_key("etag") && !answer.header("cache-control").contains("max-age"));
    }
    assert!(crate::support::files(&server.folder.join("media")).is_empty());
    // A movie that is none is found out by whoever plays it; an absent one is a problem.
    let path = pushed_movie(&server, &tracker.url("/none.mp4")).await;
    server.get(&path).await.refused(502, "bad-gateway");
}

#[tokio::test]
async fn no_path_but_that_of_the_present_url_is_passed_on() {
    let (tracker, server) = passing_on("").await;
    tracker.has("/a.png", File::png(png(RED)));
    tracker.has("/b.png", File::png(png(RED)));
    let old = pushed(&server, &tracker.url("/a.png")).await;
    let path = pushed(&server, &tracker.url("/b.png")).await;
    assert_ne!(old, path);
    let (folder, hash) = path.rsplit_once("/a-").unwrap();
    server.put("/api/projects/p/shots/b?wait=published", &json!({"name": "b"})).await.expect(201);
    server.put("/api/projects/p/assets/a?wait=published", &json!({"name": "a"})).await.expect(201);
    server.put("/api/projects/q?wait=published", &json!({"name": "Q"})).await.expect(201);
    let wrong = [
        old.clone(),
        format!("{folder}/b-{hash}"),
        format!("{folder}/none-{hash}"),
        format!("/data/projects/p/remote/assets/a-{hash}"),
        format!("/data/projects/p/remote/edits/a-{hash}"),
        format!("/data/projects/q/remote/shots/a-{hash}"),
        format!("/data/projects/none/remote/shots/a-{hash}"),
        format!("/data/users/remote/shots/a-{hash}"),
        format!("{folder}/a-0123456789abcdef.png"),
        format!("{folder}/a-.png"),
        format!("{folder}/a-{}", hash.to_uppercase()),
        format!("{folder}/a-{}", hash.replace(".png", ".mp4")),
        format!("{folder}/a-{}", hash.replace(".png", "")),
        format!("{folder}//a-{hash}"),
        format!("{folder}/./a-{hash}"),
        format!("{folder}/x/../a-{hash}"),
        format!("{folder}/a%2D{hash}"),
        format!("/data/projects/p/remote/shots/%2e%2e/shots/a-{hash}"),
        format!("/data/projects/p/remote/shots/../../../../a-{hash}"),
        format!("{folder}/a-{hash}/"),
        folder.to_owned(),
    ];
    for wrong in wrong {
        let (status, body) = server.raw(&format!("GET {wrong} HTTP/1.1"), "").await;
        assert_eq!(status, 404, "{wrong}: {body}");
    }
    assert_eq!(tracker.counts().all, 0);
    assert_eq!(look_at(&server.file(&path[1..]).await).1, RED);
    assert_eq!(tracker.counts().all, 1);
    server.patch("/api/projects/p/shots/a", &json!({"thumbnailUrl": null})).await.expect(200);
    server.get(&path).await.refused(404, "not-found");
    // Of a host that is copied, nothing is passed on.
    let copies = server_with(&tracker.settings("")).await;
    copies.put("/api/projects/p/shots/a?wait=published", &shot("a", &tracker.url("/b.png"))).await.expect(201);
    copies.get(&path).await.refused(404, "not-found");
}

#[tokio::test]
async fn a_movie_is_streamed_in_parts() {
    let (tracker, server) = passing_on("connections = 1").await;
    let bytes = movie(240);
    tracker.has("/cut.mp4", File::movie(bytes.clone()).with_etag("v1"));
    let path = pushed_movie(&server, &tracker.url("/cut.mp4")).await;
    let (status, headers, whole) = asked(&server, Method::GET, &path, &[]).await;
    assert_eq!(
        (status, &headers["content-type"], &headers["accept-ranges"]),
        (200, &"video/mp4".parse().unwrap(), &"bytes".parse().unwrap())
    );
    assert_eq!((headers["content-length"].to_str().unwrap().parse(), whole == bytes), (Ok(bytes.len()), true));

    let ranged = async |headers: &[(&str, &str)]| asked(&server, Method::GET, &path, headers).await;
    let (status, headers, part) = ranged(&[("range", "bytes=100-199")]).await;
    assert_eq!((status, &part[..]), (206, &bytes[100..200]));
    assert_eq!(headers["content-range"], format!("bytes 100-199/{}", bytes.len()).as_str());
    let (status, _, part) = ranged(&[("range", "bytes=100-")]).await;
    assert_eq!((status, &part[..]), (206, &bytes[100..]));
    let (status, ..) = ranged(&[("range", "bytes=99999999-")]).await;
    assert_eq!(status, 416);
    // Several parts at once are the whole, which is as good.
    let (status, headers, whole) = ranged(&[("range", "bytes=0-1,5-6")]).await;
    assert_eq!((status, headers.contains_key("content-range"), whole == bytes), (200, false, true));

    // A part of what is still the same; if it has changed, the whole. The one connection is enough for that.
    let (status, ..) = ranged(&[("range", "bytes=100-199"), ("if-range", "\"v1\"")]).await;
    assert_eq!(status, 206);
    let changed = movie(480);
    tracker.has("/cut.mp4", File::movie(changed.clone()).with_etag("v2"));
    for condition in ["\"v1\"", "W/\"v2\"", "Thu, 01 Jan 2026 10:00:00 GMT"] {
        let (status, headers, whole) = ranged(&[("range", "bytes=100-199"), ("if-range", condition)]).await;
        assert_eq!((status, whole == changed), (200, true), "{condition}");
        assert!(!headers.contains_key("content-range") && headers["etag"] == "\"v2\"");
    }
    let (status, headers, bytes) = asked(&server, Method::HEAD, &path, &[]).await;
    assert_eq!((status, bytes.len()), (200, 0));
    assert_eq!(headers["content-length"], changed.len().to_string().as_str());
    // And the one connection is free again.
    tracker.until("no request open", |counts| counts.open == 0).await;
    assert_eq!((ranged(&[]).await.0, tracker.counts().most), (200, 1));
}

#[tokio::test]
async fn who_goes_away_in_the_middle_of_a_movie_frees_the_connection() {
    let (tracker, server) = passing_on("connections = 1").await;
    tracker.has("/cut.mp4", File::movie(vec![7; 64 << 20]));
    tracker.has("/a.png", File::png(png(RED)));
    let path = pushed_movie(&server, &tracker.url("/cut.mp4")).await;
    let picture = pushed(&server, &tracker.url("/a.png")).await;
    for _ in 0..3 {
        let mut viewer = TcpStream::connect(server.address).await.unwrap();
        viewer.write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
        let mut begun = vec![0; 1 << 16];
        viewer.read_exact(&mut begun).await.unwrap();
        assert!(begun.starts_with(b"HTTP/1.1 200 OK"));
        assert_eq!(tracker.counts().open, 1, "it is too long to have come whole");
        drop(viewer);
        tracker.until("no request open", |counts| counts.open == 0).await;
        assert_eq!(look_at(&server.file(&picture[1..]).await).1, RED);
    }
    assert_eq!(tracker.counts().most, 1);
}

#[tokio::test]
async fn who_watches_a_movie_keeps_nobody_from_the_other_files_of_its_host() {
    let (tracker, server) = passing_on("connections = 1").await;
    tracker.has("/cut.mp4", File::movie(vec![7; 64 << 20]));
    tracker.has("/a.png", File::png(png(RED)));
    let path = pushed_movie(&server, &tracker.url("/cut.mp4")).await;
    let picture = pushed(&server, &tracker.url("/a.png")).await;
    let mut viewers = Vec::new();
    for _ in 0..3 {
        let mut viewer = TcpStream::connect(server.address).await.unwrap();
        viewer.write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
        let mut begun = vec![0; 1 << 16];
        timeout(DEADLINE, viewer.read_exact(&mut begun)).await.expect("another viewer has the place").unwrap();
        assert!(begun.starts_with(b"HTTP/1.1 200 OK"));
        viewers.push(viewer);
    }
    assert_eq!(tracker.counts().open, 3, "they are too long to have come whole");
    assert_eq!(look_at(&server.file(&picture[1..]).await).1, RED);
}

#[tokio::test]
async fn nobody_waits_longer_for_a_place_at_a_host_than_for_its_answer() {
    let (tracker, server) = passing_on("connections = 1\ntimeout = 0.5").await;
    tracker.set("/a.png", Reply::Held(Box::new(Reply::page("404 Not Found", ""))));
    let path = pushed(&server, &tracker.url("/a.png")).await;
    let (mut silent, mut busy) = (0, 0);
    for answer in futures_util::future::join_all((0..6).map(|_| server.get(&path))).await {
        if answer.status == 502 {
            silent += 1;
        } else {
            let refused = answer.refused(503, "unavailable");
            assert!(refused.text.contains(&tracker.host()), "{}", refused.text);
            assert_eq!(refused.header("retry-after"), "1");
            busy += 1;
        }
    }
    // The place may become free just in time for one of those that wait.
    assert!((1..=2).contains(&silent), "{silent} without an answer, {busy} without a place");
}

#[tokio::test]
async fn the_url_of_a_host_that_is_left_alone_stays_as_it_came() {
    let (tracker, server) = copying("mode = \"keep\"").await;
    let url = tracker.url("/A%20b.png?x=%2F#c");
    let answer: Answer = server.put("/api/projects/p/shots/a?wait=published", &shot("a", &url)).await.expect(201);
    assert_eq!(answer.header("watchtower-warnings"), "", "the configuration wants it so");
    let edit = json!({"sourceName": tracker.url("/cut.mp4"), "sourceType": "video/x"});
    server.put("/api/projects/p/edits/cut?wait=published", &edit).await.expect(201);
    assert_eq!(server.picture_of("a").await, Some(url));
    let shown = server.tree("projects/p/edit.json").await;
    assert_eq!((&shown["sourceName"], &shown["sourceType"]), (&json!(tracker.url("/cut.mp4")), &json!("video/x")));
    let problems = server.media_problems().await;
    assert_eq!(problems.len(), 2);
    for problem in problems {
        assert_eq!(problem["problem"], "remote-media");
        assert!(
            problem["detail"].as_str().unwrap().contains(&format!("the configuration leaves {} alone", tracker.host()))
        );
        assert!(problem["mend"].as_str().unwrap().contains("mode = \"copy\""));
    }
    assert_eq!(tracker.counts().connections, 0);
}
