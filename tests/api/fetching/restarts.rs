//! A server that is stopped while it fetches, and goes on when it is started again.

use std::time::Duration;

use serde_json::json;
use sha2::Digest;
use watchtower_server::model::media::Sha256;

use super::{
    copying,
    made::{look_at, movie, png},
    shot,
    tracker::{File, Reply},
    until,
};
use crate::support::{TestServer, files};

const RED: [u8; 3] = [250, 0, 0];

/// All files that are kept are whole: their names are the digests of their bytes.
fn all_are_whole(server: &TestServer) -> usize {
    let kept = files(&server.folder.join("media"));
    for (path, bytes) in &kept {
        let digest = Sha256::new(sha2::Sha256::digest(bytes).into());
        assert_eq!(path.rsplit_once('/').unwrap().1, digest.to_string(), "{path}");
    }
    kept.len()
}

#[tokio::test]
async fn a_server_that_is_stopped_while_it_fetches_goes_on_when_it_is_started_again() {
    let (tracker, mut server) = copying("connections = 4").await;
    let path = |n: u8| format!("/{n}.png");
    for n in 0..20 {
        tracker.has(&path(n), File::png(png([n, 100, 100])));
    }
    for n in 10..14 {
        tracker.set(&path(n), Reply::Stalled(File::png(png([n, 100, 100]))));
    }
    tracker.set("/cut.mp4", Reply::Held(Box::new(Reply::File(File::movie(movie(48))))));
    // The first ones come; then all connections are stuck.
    let shots = |numbers: std::ops::Range<u8>| numbers.map(|n| shot(&n.to_string(), &tracker.url(&path(n))));
    server.post("/api/projects/p/shots", &shots(0..10).collect()).await.expect(200);
    server.until_tally([10, 0, 0, 0]).await;
    server.post("/api/projects/p/shots", &shots(10..14).collect()).await.expect(200);
    tracker.until("four requests that are stuck", |counts| counts.open == 4).await;
    server.post("/api/projects/p/shots", &shots(14..20).collect()).await.expect(200);
    let edit = json!({"id": "cut", "sourceName": tracker.url("/cut.mp4")});
    server.put("/api/projects/p/edits/cut", &edit).await.expect(201);

    tokio::time::timeout(Duration::from_secs(5), server.stop()).await.expect("it hangs");
    tracker.until("an end", |counts| counts.open == 0).await;
    assert_eq!(all_are_whole(&server), 20, "ten originals, and what is shown of them");
    for n in 10..14 {
        tracker.has(&path(n), File::png(png([n, 100, 100])));
    }
    tracker.let_go();
    server.open().await;
    for n in 0..20 {
        let shown = server.other_picture_of(&n.to_string(), None).await;
        assert_eq!(look_at(&server.file(&shown).await), ((150, 100), [n, 100, 100]));
    }
    until("the movie", async || (server.tree("projects/p/edit.json").await["totalFrames"] == 48).then_some(())).await;
    server.until_tally([21, 0, 0, 0]).await;
    for n in 0..10 {
        assert_eq!(tracker.asked(&path(n)).len(), 1, "{n} was fetched already");
    }
    assert_eq!(all_are_whole(&server), 41);
}

#[tokio::test]
async fn what_was_fetched_is_not_fetched_again_after_a_restart() {
    let (tracker, mut server) = copying("").await;
    tracker.has("/a.png", File::png(png(RED)).with_etag("v1"));
    tracker.has("/cut.mp4", File::movie(movie(48)).with_etag("v2"));
    server.push("a", &tracker.url("/a.png")).await;
    let edit = json!({"id": "cut", "sourceName": tracker.url("/cut.mp4")});
    server.put("/api/projects/p/edits/cut", &edit).await.expect(201);
    server.until_tally([2, 0, 0, 0]).await;
    for _ in 0..3 {
        server.restart().await;
        server.until_tally([2, 0, 0, 0]).await;
        server.idle(&tracker).await;
    }
    assert_eq!((tracker.asked("/a.png").len(), tracker.asked("/cut.mp4").len()), (1, 1));
    // When it is time, it is asked with what was known before.
    server.stop().await;
    server.pass(601);
    server.open().await;
    for (path, tag) in [("/a.png", "\"v1\""), ("/cut.mp4", "\"v2\"")] {
        tracker.until_asked(path, 2).await;
        assert!(tracker.asked(path)[1].contains(&format!("if-none-match: {tag}\r\n")));
    }
}

#[tokio::test]
async fn what_was_noted_at_the_very_end_is_not_lost() {
    let (tracker, mut server) = copying("").await;
    for n in 0..12_u8 {
        tracker.has(&format!("/{n}.png"), File::png(png([n, n, n])));
        server.push("a", &tracker.url(&format!("/{n}.png"))).await;
        until("a picture", async || {
            let entity = server.get("/api/projects/p/shots/a").await.json();
            let source = entity["thumbnail"]["source"].as_str().map(str::to_owned);
            source.filter(|source| source.ends_with(&format!("/{n}.png")))
        })
        .await;
        server.restart().await;
        server.until_tally([1, 0, 0, 0]).await;
        server.idle(&tracker).await;
        assert_eq!(tracker.asked(&format!("/{n}.png")).len(), 1, "{n}");
    }
}

#[tokio::test]
async fn what_failed_is_tried_at_once_after_a_restart_for_the_configuration_may_be_another() {
    let (tracker, mut server) = copying("").await;
    server.push("a", &tracker.url("/a.png")).await;
    server.until_failed("404").await;
    tracker.has("/a.png", File::png(png(RED)));
    server.restart().await;
    server.other_picture_of("a", None).await;
}

#[tokio::test]
async fn copies_that_were_lost_are_fetched_anew() {
    // Whether or not they would be asked for again, and whether or not it can be said that nothing is new.
    for (refresh, tag) in [("", "v1"), ("", ""), ("refresh = 0", "v1"), ("refresh = 0", "")] {
        let (tracker, mut server) = copying(refresh).await;
        let tagged = |file: File| if tag.is_empty() { file } else { file.with_etag(tag) };
        tracker.has("/a.png", tagged(File::png(png(RED))));
        tracker.has("/cut.mp4", tagged(File::movie(movie(48))));
        server.push("a", &tracker.url("/a.png")).await;
        let edit = json!({"id": "cut", "sourceName": tracker.url("/cut.mp4")});
        server.put("/api/projects/p/edits/cut", &edit).await.expect(201);
        server.until_tally([2, 0, 0, 0]).await;
        server.rendered().await;
        let picture = server.picture_of("a").await.unwrap();
        let cut = server.tree("projects/p/edit.json").await["sourceName"].as_str().unwrap().to_owned();
        server.stop().await;
        // As after a backup of the database alone.
        std::fs::remove_dir_all(server.folder.join("media")).unwrap();
        std::fs::remove_dir_all(server.folder.join("tree")).unwrap();
        server.open().await;
        for path in [picture, cut] {
            let is_back = async || server.get(&format!("/{path}")).await.status.is_success().then_some(());
            until(&format!("{path} comes back"), async || is_back().await).await;
        }
        server.until_tally([2, 0, 0, 0]).await;
        server.idle(&tracker).await;
        for path in ["/a.png", "/cut.mp4"] {
            let asked = tracker.asked(path);
            assert_eq!(asked.len(), 2, "{path}");
            assert!(!asked[1].contains("if-none-match"), "it is needed whole: {}", asked[1]);
        }
        assert_eq!(all_are_whole(&server), 5, "what was idle is kept for an hour");
    }
}

#[tokio::test]
async fn a_copy_that_is_lost_while_the_server_runs_is_fetched_anew_when_it_is_asked_for_again() {
    let (tracker, server) = copying("").await;
    tracker.has("/a.png", File::png(png(RED)).with_etag("v1"));
    server.push("a", &tracker.url("/a.png")).await;
    server.other_picture_of("a", None).await;
    server.until_tally([1, 0, 0, 0]).await;
    for path in files(&server.folder.join("media")).into_keys() {
        std::fs::remove_file(server.folder.join("media").join(path)).unwrap();
    }
    // Nothing is new, the tracker says; so it is asked once more, and for all of it.
    server.later(601).await;
    until("it is back", async || (files(&server.folder.join("media")).len() == 2).then_some(())).await;
    let asked = tracker.asked("/a.png");
    assert!(asked.iter().filter(|head| !head.contains("if-none-match")).count() == 2, "{asked:?}");
}
