//! What becomes of a file when something else happens to its entity: an upload, another URL, none, its end.

use serde_json::{Value, json};

use super::{
    copying,
    made::{look_at, movie, png},
    tracker::{File, Reply},
    until,
};
use crate::support::{TestServer, files};

const RED: [u8; 3] = [250, 0, 0];
const BLUE: [u8; 3] = [0, 0, 250];
const GREEN: [u8; 3] = [0, 250, 0];

const THUMBNAIL: &str = "/api/projects/p/shots/a/thumbnail";

async fn upload(server: &TestServer, address: &str, bytes: Vec<u8>) {
    let answer = server.send(server.client.put(server.url(address)).body(bytes)).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    server.rendered().await;
}

async fn color(server: &TestServer) -> Option<[u8; 3]> {
    Some(look_at(&server.file(&server.picture_of("a").await?).await).1)
}

#[tokio::test]
async fn an_upload_goes_before_a_url_and_when_it_is_taken_away_the_picture_of_the_url_comes_back() {
    let (tracker, server) = copying("").await;
    tracker.has("/a.png", File::png(png(RED)));
    tracker.has("/b.png", File::png(png(BLUE)));
    server.push("a", &tracker.url("/a.png")).await;
    let red = server.other_picture_of("a", None).await;
    // What was fetched cannot be deleted, for it would come again.
    server.delete(THUMBNAIL).await.refused(404, "not-found");

    upload(&server, THUMBNAIL, png(GREEN)).await;
    assert_eq!(color(&server).await, Some(GREEN));
    server.push("a", &tracker.url("/b.png")).await;
    server.idle(&tracker).await;
    assert_eq!((color(&server).await, tracker.asked("/b.png").len()), (Some(GREEN), 0));
    server.patch("/api/projects/p/shots/a", &json!({"thumbnailUrl": null})).await.expect(200);
    server.push("a", &tracker.url("/a.png")).await;
    server.later(601).await;
    server.idle(&tracker).await;
    assert_eq!((color(&server).await, tracker.asked("/a.png").len()), (Some(GREEN), 1));
    server.until_tally([0; 4]).await;

    server.delete(THUMBNAIL).await.expect(204);
    let back = until("the picture of the URL", async || server.picture_of("a").await.filter(|path| *path == red)).await;
    assert_eq!(look_at(&server.file(&back).await).1, RED);
}

#[tokio::test]
async fn an_upload_that_comes_while_the_url_is_asked_stays() {
    let (tracker, server) = copying("").await;
    tracker.set("/a.png", Reply::Held(Box::new(Reply::File(File::png(png(RED))))));
    server.push("a", &tracker.url("/a.png")).await;
    tracker.until_asked("/a.png", 1).await;
    upload(&server, THUMBNAIL, png(GREEN)).await;
    tracker.let_go();
    server.until_tally([0; 4]).await;
    server.idle(&tracker).await;
    assert_eq!(color(&server).await, Some(GREEN));
}

#[tokio::test]
async fn an_uploaded_movie_goes_before_a_url_too() {
    let (tracker, server) = copying("").await;
    tracker.has("/cut.mp4", File::movie(movie(48)));
    let edit = json!({"id": "cut", "sourceName": tracker.url("/cut.mp4")});
    server.put("/api/projects/p/edits/cut", &edit).await.expect(201);
    let frames = async |frames: u64| {
        let what = format!("{frames} frames");
        until(&what, async || (server.tree("projects/p/edit.json").await["totalFrames"] == frames).then_some(())).await;
    };
    frames(48).await;
    upload(&server, "/api/projects/p/edits/cut/movie", movie(96)).await;
    frames(96).await;
    server.put("/api/projects/p/edits/cut?wait=published", &edit).await.expect(200);
    frames(96).await;
    server.delete("/api/projects/p/edits/cut/movie").await.expect(204);
    frames(48).await;
}

#[tokio::test]
async fn the_old_picture_stays_until_that_of_another_url_has_come_and_goes_at_once_if_there_is_none() {
    let (tracker, server) = copying("").await;
    tracker.has("/a.png", File::png(png(RED)));
    tracker.set("/b.png", Reply::Held(Box::new(Reply::File(File::png(png(BLUE))))));
    server.push("a", &tracker.url("/a.png")).await;
    let red = server.other_picture_of("a", None).await;
    server.push("a", &tracker.url("/b.png")).await;
    tracker.until_asked("/b.png", 1).await;
    server.rendered().await;
    assert_eq!(server.picture_of("a").await.as_deref(), Some(&*red));
    tracker.let_go();
    let blue = server.other_picture_of("a", Some(&red)).await;
    assert_eq!(look_at(&server.file(&blue).await).1, BLUE);
    // One that cannot be had does not take it away either.
    server.push("a", &tracker.url("/none.png")).await;
    server.until_failed("404").await;
    server.rendered().await;
    assert_eq!(server.picture_of("a").await.as_deref(), Some(&*blue));

    let none = json!({"thumbnailUrl": null});
    server.patch("/api/projects/p/shots/a?wait=published", &none).await.expect(200);
    assert_eq!(server.picture_of("a").await, None);
    server.until_tally([0; 4]).await;
    assert_eq!(server.media_problems().await, Vec::<Value>::new());
    // The same by leaving it out of the whole.
    server.push("a", &tracker.url("/a.png")).await;
    server.other_picture_of("a", None).await;
    let bare = json!({"name": "a", "data": {"frame_in": 0, "frame_out": 24}});
    server.put("/api/projects/p/shots/a?wait=published", &bare).await.expect(200);
    assert_eq!(server.picture_of("a").await, None);
}

#[tokio::test]
async fn urls_that_change_faster_than_files_come_end_with_the_last() {
    let (tracker, server) = copying("connections = 2").await;
    let paths: Vec<String> = (0..20).map(|n| format!("/{n}.png")).collect();
    for (n, path) in (0..).zip(&paths) {
        tracker.has(path, File::png(png([n, 200, n])));
    }
    for _ in 0..3 {
        for path in &paths {
            server.push("a", &tracker.url(path)).await;
        }
    }
    until("the last picture", async || (color(&server).await == Some([19, 200, 19])).then_some(())).await;
    server.until_tally([1, 0, 0, 0]).await;
    server.idle(&tracker).await;
    assert_eq!(color(&server).await, Some([19, 200, 19]));
}

#[tokio::test]
async fn of_what_was_deleted_while_its_file_came_nothing_is_left() {
    for address in ["/api/projects/p/shots/a", "/api/projects/p"] {
        let (tracker, server) = copying("").await;
        tracker.set("/a.png", Reply::Held(Box::new(Reply::File(File::png(png(RED))))));
        tracker.set("/b.png", Reply::Stalled(File::png(png(BLUE))));
        server.push("a", &tracker.url("/a.png")).await;
        server.put("/api/projects/p/assets/b", &json!({"name": "B", "thumbnailUrl": tracker.url("/b.png")})).await;
        tracker.until("two requests", |counts| counts.open == 2).await;
        server.delete(address).await.expect(204);
        server.delete("/api/projects/p/assets/b").await;
        tracker.let_go();
        // Who asked for it has hung up.
        tracker.until("an end", |counts| counts.open == 0).await;
        server.until_tally([0; 4]).await;
        until("nothing that is known", async || server.downloads().await.is_empty().then_some(())).await;
        server.later(3601).await;
        server.post("/api/render?force=true", &Value::Null).await.expect(200);
        assert_eq!(files(&server.folder.join("media")).len(), 0);
        assert!(!files(&server.site()).keys().any(|path| path.contains("previews/")));
        server.get("/readyz").await.expect(200);
        // It can come again.
        server.put("/api/projects/p?wait=published", &json!({"name": "P"})).await;
        server.push("a", &tracker.url("/a.png")).await;
        server.other_picture_of("a", None).await;
        assert_eq!(color(&server).await, Some(RED));
    }
}
