//! What trackers answer, and what becomes of it: a file, or a problem with its reason until the tracker is mended.

use super::{
    copying,
    made::{look_at, movie, png},
    server_with,
    tracker::{File, Reply, Tracker},
};
use crate::support::TestServer;

const RED: [u8; 3] = [250, 0, 0];

/// Longer than anything waits that failed.
const LATER: i64 = 601;

/// A picture that cannot be had: the page shows none, and the problem says why; when the tracker is mended, it comes by itself.
async fn fails_then_comes(tracker: &Tracker, server: &TestServer, reply: Reply, reason: &str) {
    tracker.set("/a.png", reply);
    server.push("a", &tracker.url("/a.png")).await;
    fails(server, reason).await;
    tracker.has("/a.png", File::png(png(RED)));
    comes(server, LATER).await;
}

async fn fails(server: &TestServer, reason: &str) {
    let problem = server.until_failed(reason).await;
    assert_eq!(
        (&problem["problem"], &problem["kind"], &problem["id"]),
        (&"media-not-fetched".into(), &"shots".into(), &"a".into())
    );
    assert!(problem["mend"].as_str().unwrap().contains("by itself"), "{problem}");
    server.until_tally([0, 0, 0, 1]).await;
    server.rendered().await;
    assert_eq!(server.picture_of("a").await, None);
    server.get("/api/projects/p/shots/a/thumbnail").await.expect(404);
    assert_eq!(stored(server), 0, "nothing of what failed is kept");
}

async fn comes(server: &TestServer, seconds: i64) {
    server.later(seconds).await;
    let path = server.other_picture_of("a", None).await;
    assert_eq!(look_at(&server.file(&path).await), ((150, 100), RED));
    server.until_tally([1, 0, 0, 0]).await;
    assert_eq!(server.media_problems().await, Vec::<serde_json::Value>::new());
}

/// The files of the media store, finished or not.
fn stored(server: &TestServer) -> usize {
    crate::support::files(&server.folder.join("media")).len()
}

#[tokio::test]
async fn a_page_for_people_never_becomes_a_picture() {
    for (status, reason) in [
        ("404 Not Found", "404 Not Found: the file is not there"),
        ("200 OK", "HTML"),
        ("403 Forbidden", "403 Forbidden: access is denied"),
        ("204 No Content", "204 No Content: this is not the file"),
    ] {
        let (tracker, server) = copying("").await;
        let reply = Reply::page(status, "");
        let reply = if status == "204 No Content" { Reply::Raw(format!("HTTP/1.1 {status}\r\n\r\n")) } else { reply };
        fails_then_comes(&tracker, &server, reply, reason).await;
    }
}

#[tokio::test]
async fn what_has_a_fault_is_asked_again_after_seconds() {
    let (tracker, server) = copying("").await;
    tracker.set("/a.png", Reply::page("500 Internal Server Error", ""));
    server.push("a", &tracker.url("/a.png")).await;
    fails(&server, "500 Internal Server Error: it has a fault").await;
    // At first after 2 seconds, then after 4 …
    server.later(3).await;
    tracker.until_asked("/a.png", 2).await;
    server.idle(&tracker).await;
    tracker.has("/a.png", File::png(png(RED)));
    server.later(3).await;
    server.idle(&tracker).await;
    assert_eq!(tracker.asked("/a.png").len(), 2);
    comes(&server, 2).await;
    assert_eq!(tracker.asked("/a.png").len(), 3);
}

#[tokio::test]
async fn who_asks_to_be_left_alone_is() {
    let (tracker, server) = copying("").await;
    let busy = Reply::page("503 Service Unavailable", "Retry-After: 120\r\n");
    tracker.set("/a.png", busy);
    server.push("a", &tracker.url("/a.png")).await;
    fails(&server, "503 Service Unavailable").await;
    tracker.has("/a.png", File::png(png(RED)));
    server.later(119).await;
    server.idle(&tracker).await;
    assert_eq!((tracker.asked("/a.png").len(), server.picture_of("a").await), (1, None));
    comes(&server, 2).await;
}

#[tokio::test]
async fn half_a_picture_is_none() {
    let (tracker, server) = copying("").await;
    fails_then_comes(&tracker, &server, Reply::Half(File::png(png(RED))), "half a body: it broke off after").await;
}

#[tokio::test]
async fn a_picture_without_end_is_cut_off() {
    let (tracker, server) = copying("max-bytes = 100000").await;
    let reason = "larger than the 100000 bytes that max-bytes of its [[media-host]] allows";
    fails_then_comes(&tracker, &server, Reply::Endless, reason).await;
}

#[tokio::test]
async fn what_stops_coming_is_given_up() {
    let (tracker, server) = copying("timeout = 0.3").await;
    let stalled = Reply::Stalled(File::png(png(RED)));
    fails_then_comes(&tracker, &server, stalled, "nothing came for 0.3 s").await;
}

#[tokio::test]
async fn no_picture_is_larger_than_the_server_takes() {
    let tracker = Tracker::start().await;
    let server = TestServer::start_with(|options| {
        options.max_picture = 20;
        options.media_hosts = super::hosts(&tracker.settings(""));
    })
    .await;
    server.put("/api/projects/p?wait=published", &serde_json::json!({"name": "P"})).await.expect(201);
    tracker.has("/a.png", File::png(png(RED)));
    server.push("a", &tracker.url("/a.png")).await;
    fails(&server, "larger than 20 bytes, the limit of this server").await;
}

#[tokio::test]
async fn a_redirect_leads_to_configured_hosts_only() {
    let (tracker, server) = copying("").await;
    let other = Tracker::start().await;
    other.has("/a.png", File::png(png(RED)));
    let reason = format!(
        "redirects to where it may not: {} is on a host that the configuration does not name",
        other.url("/a.png")
    );
    fails_then_comes(&tracker, &server, Reply::redirect(&other.url("/a.png")), &reason).await;
    assert_eq!(other.counts().connections, 0);
    // Where it leads to its own host, or to another that is configured, it is followed.
    let both = server_with(&(tracker.settings("") + &other.settings(""))).await;
    tracker.set("/b.png", Reply::redirect("/c.png"));
    tracker.set("/c.png", Reply::redirect(&other.url("/a.png")));
    both.push("b", &tracker.url("/b.png")).await;
    both.other_picture_of("b", None).await;
    assert_eq!((tracker.asked("/c.png").len(), other.asked("/a.png").len()), (1, 1));
}

#[tokio::test]
async fn an_edit_whose_movie_cannot_be_had_has_a_blank_one_and_is_as_long_as_the_movie_when_that_comes() {
    let (tracker, server) = copying("").await;
    server.push("a", "").await;
    let edit = serde_json::json!({"id": "cut", "name": "Cut", "sourceName": tracker.url("/cut.mp4")});
    server.put("/api/projects/p/edits/cut?wait=published", &edit).await.expect(201);
    let problem = server.until_failed("its movie could not be fetched").await;
    assert_eq!((&problem["problem"], &problem["kind"]), (&"media-not-fetched".into(), &"edits".into()));
    let shown = server.tree("projects/p/edit.json").await;
    assert_eq!((&shown["sourceName"], &shown["totalFrames"]), (&"data/projects/p/edit.mp4".into(), &24.into()));
    assert!(watchtower_server::media::blank::is_blank(&server.file("data/projects/p/edit.mp4").await));

    // A picture is no movie either.
    tracker.has("/cut.mp4", File::movie(png(RED)));
    server.later(LATER).await;
    server.until_failed("PNG").await;

    tracker.has("/cut.mp4", File::movie(movie(77)));
    server.later(LATER).await;
    let shown = super::until("a movie of 77 frames", async || {
        let shown = server.tree("projects/p/edit.json").await;
        (shown["totalFrames"] == 77).then_some(shown)
    })
    .await;
    let path = shown["sourceName"].as_str().unwrap();
    assert!(path.starts_with("data/projects/p/movies/cut-"), "{path}");
    assert_eq!(server.file(path).await, movie(77));
    server.until_tally([1, 0, 0, 0]).await;
    assert_eq!(server.media_problems().await, Vec::<serde_json::Value>::new());
}
