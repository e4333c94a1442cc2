//! Pictures that change under their addresses.

use serde_json::Value;

use super::{
    copying,
    made::{look_at, movie, png},
    tracker::{File, Reply, header},
};

const RED: [u8; 3] = [250, 0, 0];
const BLUE: [u8; 3] = [0, 0, 250];
const GREEN: [u8; 3] = [0, 250, 0];

/// A picture of a colour, of so many versions.
type Version = fn([u8; 3], u8) -> File;

/// Longer than the usual `refresh`.
const LATER: i64 = 601;

#[tokio::test]
async fn a_new_picture_under_the_same_address_replaces_the_old() {
    let by_tag: Version = |color, version| File::png(png(color)).with_etag(&format!("v{version}"));
    let by_date: Version = |color, version| {
        let date = format!("Thu, 0{version} Jan 2026 10:00:00 GMT");
        File::png(png(color)).modified(&date)
    };
    for (file, condition, validator) in
        [(by_tag, "if-none-match", "\"v1\""), (by_date, "if-modified-since", "Thu, 01 Jan 2026 10:00:00 GMT")]
    {
        let (tracker, server) = copying("").await;
        tracker.has("/a.png", file(RED, 1));
        server.push("a", &tracker.url("/a.png")).await;
        let red = server.other_picture_of("a", None).await;
        assert_eq!(look_at(&server.file(&red).await), ((150, 100), RED));
        assert_eq!(header(&tracker.asked("/a.png")[0], condition), None);

        // The same: it is asked for with its validator, and nothing changes and nothing is rendered.
        server.later(LATER).await;
        tracker.until_asked("/a.png", 2).await;
        let revision = server.later(LATER).await;
        tracker.until_asked("/a.png", 3).await;
        let report = server.rendered().await;
        assert_eq!(report["revision"].to_string(), revision, "what was asked has changed something");
        for head in &tracker.asked("/a.png")[1..] {
            assert_eq!(header(head, condition), Some(validator), "{head}");
        }
        assert_eq!(server.picture_of("a").await.as_deref(), Some(&*red));

        // A new one: its path is another, and the old stays for an hour.
        tracker.has("/a.png", file(BLUE, 2));
        server.later(LATER).await;
        let blue = server.other_picture_of("a", Some(&red)).await;
        assert_eq!(look_at(&server.file(&blue).await), ((150, 100), BLUE));
        assert_eq!(look_at(&server.file(&red).await), ((150, 100), RED));
        let tidied = async |seconds| {
            server.later(seconds).await;
            server.post("/api/render?force=true", &Value::Null).await.expect(200);
            server.get(&format!("/{red}")).await.status.as_u16()
        };
        assert_eq!((tidied(3300).await, tidied(301).await), (200, 404));
        assert_eq!(server.picture_of("a").await, Some(blue));
    }
}

#[tokio::test]
async fn a_broken_new_version_does_not_take_the_old_picture_away() {
    for broken in [
        Reply::page("200 OK", "ETag: \"v2\"\r\n"),
        Reply::page("404 Not Found", ""),
        Reply::page("500 Internal Server Error", ""),
        Reply::Half(File::png(png(BLUE)).with_etag("v2")),
    ] {
        let (tracker, server) = copying("").await;
        tracker.has("/a.png", File::png(png(RED)).with_etag("v1"));
        server.push("a", &tracker.url("/a.png")).await;
        let red = server.other_picture_of("a", None).await;
        tracker.set("/a.png", broken);
        server.later(LATER).await;
        let problem = server.until_failed("its thumbnail could not be fetched").await;
        assert_eq!(problem["problem"], "media-not-fetched");
        server.until_tally([0, 0, 0, 1]).await;
        server.rendered().await;
        assert_eq!(server.picture_of("a").await.as_deref(), Some(&*red));
        // The old one comes back: it is known by its validator, and all is well.
        tracker.has("/a.png", File::png(png(RED)).with_etag("v1"));
        server.later(LATER).await;
        server.until_tally([1, 0, 0, 0]).await;
        assert_eq!(header(tracker.asked("/a.png").last().unwrap(), "if-none-match"), Some("\"v1\""));
        assert_eq!(server.media_problems().await, Vec::<Value>::new());
        // Or a new one.
        tracker.has("/a.png", File::png(png(GREEN)).with_etag("v3"));
        server.later(LATER).await;
        let green = server.other_picture_of("a", Some(&red)).await;
        assert_eq!(look_at(&server.file(&green).await).1, GREEN);
    }
}

#[tokio::test]
async fn a_picture_without_a_version_is_asked_for_again_and_changes_nothing() {
    let (tracker, server) = copying("refresh = 60").await;
    tracker.has("/a.png", File::png(png(RED)));
    server.push("a", &tracker.url("/a.png")).await;
    let red = server.other_picture_of("a", None).await;
    server.later(61).await;
    tracker.until_asked("/a.png", 2).await;
    let revision = server.later(61).await;
    tracker.until_asked("/a.png", 3).await;
    assert_eq!(server.rendered().await["revision"].to_string(), revision);
    assert_eq!(server.picture_of("a").await, Some(red));
}

#[tokio::test]
async fn a_refresh_of_zero_is_never() {
    let (tracker, server) = copying("refresh = 0").await;
    tracker.has("/a.png", File::png(png(RED)).with_etag("v1"));
    server.push("a", &tracker.url("/a.png")).await;
    server.other_picture_of("a", None).await;
    for _ in 0..3 {
        server.later(365 * 24 * 3600).await;
        server.idle(&tracker).await;
    }
    assert_eq!(tracker.asked("/a.png").len(), 1);
    // What failed is tried again nevertheless.
    tracker.set("/b.png", Reply::page("404 Not Found", ""));
    server.push("b", &tracker.url("/b.png")).await;
    server.until_failed("404").await;
    tracker.has("/b.png", File::png(png(BLUE)));
    server.later(LATER).await;
    server.other_picture_of("b", None).await;
}

#[tokio::test]
async fn what_failed_does_not_wait_for_a_refresh_that_is_far() {
    let (tracker, server) = copying("refresh = 86400").await;
    server.push("a", &tracker.url("/a.png")).await;
    server.until_failed("404").await;
    tracker.has("/a.png", File::png(png(RED)));
    server.later(LATER).await;
    server.other_picture_of("a", None).await;
}

#[tokio::test]
async fn a_clock_that_was_ahead_puts_nothing_off() {
    let (tracker, server) = copying("").await;
    let year = 365 * 24 * 3600;
    server.pass(year);
    tracker.has("/a.png", File::png(png(RED)).with_etag("v1"));
    server.push("a", &tracker.url("/a.png")).await;
    server.push("b", &tracker.url("/b.png")).await;
    server.until_tally([1, 0, 0, 1]).await;
    let red = server.other_picture_of("a", None).await;
    // It is set right. What was to be asked for in a year is asked for now, and then as usual.
    tracker.has("/a.png", File::png(png(BLUE)).with_etag("v2"));
    tracker.has("/b.png", File::png(png(GREEN)));
    server.later(-year).await;
    server.other_picture_of("a", Some(&red)).await;
    server.other_picture_of("b", None).await;
    server.idle(&tracker).await;
    let asked = tracker.asked("/a.png").len();
    server.later(599).await;
    server.idle(&tracker).await;
    assert_eq!(tracker.asked("/a.png").len(), asked);
    server.later(2).await;
    tracker.until_asked("/a.png", asked + 1).await;
}

#[tokio::test]
async fn a_new_movie_under_the_same_address_replaces_the_old() {
    let (tracker, server) = copying("").await;
    tracker.has("/cut.mp4", File::movie(movie(48)).with_etag("v1"));
    let edit = serde_json::json!({"id": "cut", "sourceName": tracker.url("/cut.mp4")});
    server.put("/api/projects/p/edits/cut", &edit).await.expect(201);
    let mut paths = Vec::new();
    for (frames, version) in [(48, "v1"), (72, "v2")] {
        tracker.has("/cut.mp4", File::movie(movie(frames)).with_etag(version));
        server.later(LATER).await;
        let shown = super::until(&format!("{frames} frames"), async || {
            let shown = server.tree("projects/p/edit.json").await;
            (shown["totalFrames"] == frames).then_some(shown)
        })
        .await;
        paths.push(shown["sourceName"].as_str().unwrap().to_owned());
        assert_eq!(server.file(paths.last().unwrap()).await, movie(frames));
        assert_eq!(server.file("data/projects/p/edit.mp4").await, movie(frames));
    }
    assert_ne!(paths[0], paths[1]);
    assert_eq!(server.file(&paths[0]).await, movie(48), "who watches the old one still can");
}
