//! Many files, and many who want the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    copying,
    made::{look_at, movie, png},
    server_with, shot,
    tracker::{File, Reply, Tracker},
    until,
};
use crate::support::TestServer;

const RED: [u8; 3] = [250, 0, 0];

/// The pictures of all shots, when all have one.
async fn all_pictures(server: &TestServer, count: usize) -> BTreeMap<String, String> {
    until(&format!("{count} pictures"), async || {
        let shots = server.tree("projects/p/shots.json").await;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let shots = shots.as_array().unwrap().iter();
        let shown: Option<BTreeMap<_, _>> =
            shots.map(|shot| Some((text(&shot["id"])?, text(&shot["thumbnailUrl"])?))).collect();
        shown.filter(|shown| shown.len() == count)
    })
    .await
}

async fn push_all(server: &TestServer, shots: impl Iterator<Item = Value>) {
    server.put("/api/projects/p/shots", &shots.collect()).await.expect(200);
}

#[tokio::test]
async fn a_host_gets_no_more_requests_at_once_than_it_may_and_all_files_arrive() {
    let (tracker, server) = copying("connections = 3").await;
    let color = |n: u32| [u8::try_from(n % 200).unwrap(), u8::try_from(n / 2).unwrap(), 7];
    for n in 0..300 {
        tracker.set(&format!("/{n}.png"), Reply::Held(Box::new(Reply::File(File::png(png(color(n)))))));
    }
    push_all(&server, (0..300).map(|n| shot(&n.to_string(), &tracker.url(&format!("/{n}.png"))))).await;
    tracker.until("three requests at once", |counts| counts.open == 3).await;
    // What is looked into when it has come counts as running, too, and there is room for that.
    server.until_tally([0, 294, 6, 0]).await;
    tracker.let_go();
    let shown = all_pictures(&server, 300).await;
    for n in [0, 1, 150, 299] {
        assert_eq!(look_at(&server.file(&shown[&n.to_string()]).await), ((150, 100), color(n)));
    }
    server.until_tally([300, 0, 0, 0]).await;
    let counts = tracker.counts();
    assert_eq!((counts.most, counts.all), (3, 300));
    assert!(counts.connections <= 3, "{counts:?}");
}

#[tokio::test]
async fn what_fifty_shots_name_is_asked_for_once_and_given_to_whoever_comes_later() {
    let (tracker, server) = copying("").await;
    tracker.has("/a.png", File::png(png(RED)));
    push_all(&server, (0..50).map(|n| shot(&n.to_string(), &tracker.url("/a.png")))).await;
    let shown = all_pictures(&server, 50).await;
    assert_eq!(shown["0"].rsplit_once('-').unwrap().1, shown["49"].rsplit_once('-').unwrap().1);
    server.push("late", &tracker.url("/a.png")).await;
    server.other_picture_of("late", None).await;
    server
        .put("/api/projects/q?wait=published", &json!({"name": "Q", "thumbnailUrl": tracker.url("/a.png")}))
        .await
        .expect(201);
    until("a picture of the other project", async || {
        server.tree("projects/q/project.json").await["thumbnailUrl"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(tracker.asked("/a.png").len(), 1);
    server.until_tally([1, 0, 0, 0]).await;
}

#[tokio::test]
async fn a_person_and_a_shot_with_one_picture_get_it_in_their_own_sizes() {
    let (tracker, server) = copying("").await;
    tracker.has("/a.png", File::png(png(RED)));
    let batch = json!({"changes": [
        {"op": "put", "kind": "users", "id": "ada", "value": {"name": "Ada", "thumbnailUrl": tracker.url("/a.png")}},
        {"op": "put", "kind": "shots", "project": "p", "id": "a", "value": shot("a", &tracker.url("/a.png"))},
    ]});
    server.post("/api/batch", &batch).await.expect(200);
    let path = server.other_picture_of("a", None).await;
    assert_eq!(look_at(&server.file(&path).await), ((150, 100), RED));
    let path = until("a picture of the person", async || {
        let context = server.tree("projects/context.json").await;
        context["users"][0]["thumbnailUrl"].as_str().filter(|path| path.contains("previews")).map(str::to_owned)
    })
    .await;
    assert_eq!(look_at(&server.file(&path).await), ((400, 400), RED));
    assert_eq!(tracker.asked("/a.png").len(), 1);
}

#[tokio::test]
async fn a_url_that_is_signed_anew_with_every_push_is_not_asked_again() {
    let (tracker, server) = copying("").await;
    tracker.has("/a.png", File::png(png(RED)));
    let signed = |n: u32| {
        let signature = format!("X-Amz-Algorithm=A&X-Amz-Date=2026010{n}T000000Z&X-Amz-Signature={n}{n}{n}");
        tracker.url(&format!("/a.png?version=3&{signature}"))
    };
    server.push("a", &signed(1)).await;
    let path = server.other_picture_of("a", None).await;
    for n in 2..6 {
        server.push("a", &signed(n)).await;
        server.idle(&tracker).await;
        assert_eq!(server.picture_of("a").await.as_deref(), Some(&*path));
    }
    assert_eq!(tracker.asked("/a.png").len(), 1);
    // When it is asked again, it is by the last.
    server.later(601).await;
    tracker.until_asked("/a.png", 2).await;
    assert!(tracker.asked("/a.png")[1].contains("X-Amz-Signature=555"));
}

#[tokio::test]
async fn a_signature_that_has_ended_is_no_obstacle_to_one_that_has_not() {
    let (tracker, server) = copying("").await;
    tracker.set("/a.png", Reply::Signed("Signature=new".to_owned(), Box::new(Reply::File(File::png(png(RED))))));
    let [old, new] = ["old", "new"].map(|name| tracker.url(&format!("/a.png?Expires=1&Signature={name}")));
    server.push("a", &old).await;
    server.until_failed("whether the URL's signature has ended").await;
    server.push("a", &new).await;
    server.other_picture_of("a", None).await;
    // Of several at once, each is tried.
    let server = server_with(&tracker.settings("")).await;
    let urls = [&old, &old, &new, &old];
    push_all(&server, urls.iter().enumerate().map(|(n, url)| shot(&n.to_string(), url))).await;
    all_pictures(&server, 4).await;
    // None of them is tried over and over.
    tracker.set("/a.png", Reply::page("403 Forbidden", ""));
    let asked = tracker.asked("/a.png").len();
    server.later(601).await;
    tracker.until_asked("/a.png", asked + 2).await;
    server.idle(&tracker).await;
    server.idle(&tracker).await;
    assert_eq!(tracker.asked("/a.png").len(), asked + 2);
}

#[tokio::test]
async fn a_movie_that_is_signed_anew_while_it_comes_comes_nevertheless() {
    let (tracker, server) = copying("").await;
    tracker.set("/cut.mp4", Reply::Held(Box::new(Reply::File(File::movie(movie(48))))));
    let push = async |signature: &str| {
        let url = tracker.url(&format!("/cut.mp4?X-Amz-Signature={signature}"));
        let edit = json!({"id": "cut", "sourceName": url});
        server.put("/api/projects/p/edits/cut?wait=published", &edit).await;
    };
    push("one").await;
    tracker.until_asked("/cut.mp4", 1).await;
    push("two").await;
    tracker.let_go();
    until("the movie", async || (server.tree("projects/p/edit.json").await["totalFrames"] == 48).then_some(())).await;
    push("three").await;
    server.idle(&tracker).await;
    assert_eq!(tracker.asked("/cut.mp4").len(), 1);
}

#[tokio::test]
async fn what_is_named_as_a_movie_and_as_a_picture_is_what_it_is_and_not_asked_for_without_end() {
    let (tracker, server) = copying("").await;
    for (file, failing) in [(File::png(png(RED)), "edits"), (File::movie(movie(48)), "shots")] {
        let path = format!("/{failing}");
        tracker.has(&path, file);
        server.push("a", &tracker.url(&path)).await;
        let edit = json!({"id": "cut", "sourceName": tracker.url(&path)});
        server.put("/api/projects/p/edits/cut", &edit).await;
        server.until_tally([1, 0, 0, 1]).await;
        server.idle(&tracker).await;
        server.idle(&tracker).await;
        let (picture, edit) = (server.picture_of("a").await, server.tree("projects/p/edit.json").await);
        let is_movie = edit["sourceName"].as_str().unwrap().contains("/movies/");
        assert_eq!((picture.is_none(), is_movie), (failing == "shots", failing == "shots"), "{path}");
        assert_eq!(tracker.asked(&path).len(), 2);
        server.patch("/api/projects/p/shots/a", &json!({"thumbnailUrl": null})).await.expect(200);
    }
}

#[tokio::test]
async fn a_host_that_does_not_answer_does_not_hold_up_the_others() {
    let (slow, fast) = (Tracker::start().await, Tracker::start().await);
    let server = server_with(&(slow.settings("connections = 2") + &fast.settings(""))).await;
    fast.has("/a.png", File::png(png(RED)));
    for n in 0..100 {
        slow.set(&format!("/{n}.png"), Reply::Held(Box::new(Reply::page("404 Not Found", ""))));
    }
    push_all(&server, (0..100).map(|n| shot(&n.to_string(), &slow.url(&format!("/{n}.png"))))).await;
    slow.until("two requests", |counts| counts.open == 2).await;
    server.push("a", &fast.url("/a.png")).await;
    server.other_picture_of("a", None).await;
    assert_eq!((slow.counts().most, slow.counts().all), (2, 2));
}

#[tokio::test]
async fn a_new_picture_comes_before_the_old_ones_are_asked_for_again() {
    let (tracker, server) = copying("connections = 1").await;
    for n in 0..40 {
        tracker.has(&format!("/{n}.png"), File::png(png([n, 9, 9])).with_etag("v1"));
    }
    push_all(&server, (0..40).map(|n| shot(&n.to_string(), &tracker.url(&format!("/{n}.png"))))).await;
    all_pictures(&server, 40).await;
    server.until_tally([40, 0, 0, 0]).await;
    // Now the one connection is taken, and one file more is lined up for it.
    for n in 0..40 {
        tracker
            .set(&format!("/{n}.png"), Reply::Held(Box::new(Reply::File(File::png(png([n, 9, 9])).with_etag("v1")))));
    }
    server.later(601).await;
    tracker.until("one that waits", |counts| counts.all == 41).await;
    tracker.has("/new.png", File::png(png(RED)));
    server.push("new", &tracker.url("/new.png")).await;
    server.until_tally([40, 1, 0, 0]).await;
    tracker.let_go();
    server.other_picture_of("new", None).await;
    assert_eq!(tracker.position("/new.png"), 42);
}
