//! How long files are kept: as long as somebody refers to them, and in the trees an hour more.

use std::{fs, os::unix::fs::MetadataExt, path::PathBuf};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use watchtower_server::{layout::Layout, publish::Mode};

use super::{
    made::{movie, png, sha256},
    place::{Edit, LAYOUTS, PLACES, Place, Project, Shot, filled, filled_with, force, put, served, stored},
};
use crate::support::TestServer;

const HOUR: i64 = 3600;

/// Whether both sites serve a path.
async fn is_served(server: &TestServer, path: &str) -> bool {
    let mut found = Vec::new();
    for layout in LAYOUTS {
        let (status, ..) = served(server, layout, &format!("/{path}")).await;
        assert_eq!(status == 200, server.site_of(layout).join(path).is_file(), "{path}");
        found.push(status == 200);
    }
    assert_eq!(found[0], found[1]);
    found[0]
}

/// The hashes of the files that entities refer to, in order.
async fn referred(server: &TestServer, places: &[Place]) -> Vec<String> {
    let mut hashes = Vec::new();
    for place in places {
        let medium = server.get(place.entity()).await.expect(200).json()[place.medium()].take();
        hashes.extend(["sha256", "shown"].map(|hash| medium[hash].as_str().unwrap().to_owned()));
    }
    hashes.sort();
    hashes.dedup();
    hashes
}

#[tokio::test]
async fn what_was_replaced_stays_in_the_trees_for_an_hour_and_in_the_store_until_nobody_refers_to_it() {
    let server = filled().await;
    for place in PLACES {
        let ([first, second], ..) = place.files();
        put(&server, &place.address(), &first).await.expect(201);
        server.rendered().await;
        let old = place.path(&server).await;
        let bytes = served(&server, Layout::Classic, &format!("/{old}")).await.2;
        put(&server, &place.address(), &second).await.expect(200);
        assert!(is_served(&server, &old).await, "not rendered yet");
        force(&server).await;
        let new = place.path(&server).await;
        assert_eq!(stored(&server), referred(&server, &[place]).await);
        for pass in [HOUR - 1, 0] {
            server.pass(pass);
            force(&server).await;
            assert!(is_served(&server, &old).await && is_served(&server, &new).await);
            assert_eq!(served(&server, Layout::V1, &format!("/{old}")).await.2, bytes);
        }
        server.pass(1);
        force(&server).await;
        assert!(!is_served(&server, &old).await && is_served(&server, &new).await);
        server.delete(&place.address()).await.expect(204);
        force(&server).await;
        assert!(is_served(&server, &new).await);
        assert_eq!(stored(&server), [""; 0]);
        server.pass(HOUR);
        force(&server).await;
        assert!(!is_served(&server, &new).await);
    }
}

#[tokio::test]
async fn an_hour_after_a_movie_was_taken_away_the_blank_one_in_its_place_is_still_there() {
    let server = filled().await;
    put(&server, &Edit.address(), &movie(48, 24.0, "")).await.expect(201);
    server.rendered().await;
    server.delete(&Edit.address()).await.expect(204);
    for pass in [0, HOUR, HOUR] {
        server.pass(pass);
        force(&server).await;
        for (layout, name) in [(Layout::Classic, "edit.mp4"), (Layout::V1, "edit-edit.mp4")] {
            let (status, _, bytes) = served(&server, layout, &format!("/data/projects/p/{name}")).await;
            assert_eq!(status, 200, "{name}");
            assert!(watchtower_server::media::blank::is_blank(&bytes), "{name}");
        }
    }
}

#[tokio::test]
async fn what_comes_back_within_the_hour_stays() {
    let server = filled().await;
    let ([first, second], ..) = Shot.files();
    let mut paths = Vec::new();
    for file in [&first, &second, &first] {
        put(&server, &Shot.address(), file).await;
        server.rendered().await;
        paths.push(Shot.path(&server).await);
        server.pass(HOUR / 2);
    }
    assert_eq!(paths[0], paths[2]);
    server.pass(HOUR);
    force(&server).await;
    assert!(is_served(&server, &paths[0]).await && !is_served(&server, &paths[1]).await);
}

#[tokio::test]
async fn after_a_restart_the_hour_begins_anew() {
    let mut server = filled().await;
    let ([first, second], ..) = Shot.files();
    put(&server, &Shot.address(), &first).await.expect(201);
    server.rendered().await;
    let old = Shot.path(&server).await;
    put(&server, &Shot.address(), &second).await.expect(200);
    server.rendered().await;
    server.pass(HOUR - 10);
    server.restart().await;
    assert_eq!(stored(&server), referred(&server, &[Shot]).await, "freed at the start");
    server.pass(HOUR - 1);
    force(&server).await;
    assert!(is_served(&server, &old).await);
    server.pass(1);
    force(&server).await;
    assert!(!is_served(&server, &old).await && is_served(&server, &Shot.path(&server).await).await);
    assert_eq!(served(&server, Layout::Classic, &Shot.address()).await.2, second);
}

#[tokio::test]
async fn a_deleted_shot_leaves_its_picture_for_an_hour_and_a_canceled_one_keeps_it() {
    let server = filled().await;
    put(&server, &Shot.address(), &png(1)).await.expect(201);
    server.rendered().await;
    let path = Shot.path(&server).await;
    server.patch(Shot.entity(), &json!({"canceled": true})).await.expect(200);
    force(&server).await;
    assert!(is_served(&server, &path).await);
    server.pass(HOUR);
    force(&server).await;
    assert!(!is_served(&server, &path).await);
    assert_eq!(stored(&server).len(), 2);
    assert_eq!(served(&server, Layout::Classic, &Shot.address()).await.2, png(1));
    server.patch(Shot.entity(), &json!({"canceled": false})).await.expect(200);
    force(&server).await;
    assert!(is_served(&server, &path).await);

    server.delete(Shot.entity()).await.expect(204);
    force(&server).await;
    assert!(is_served(&server, &path).await);
    assert_eq!(stored(&server), [""; 0]);
    server.pass(HOUR);
    force(&server).await;
    assert!(!is_served(&server, &path).await);
}

#[tokio::test]
async fn a_deleted_project_takes_its_files_along_but_not_those_that_others_have_as_well() {
    let server = filled().await;
    let other = json!({"name": "Q", "shots": [{"id": "s", "name": "S", "data": {"frame_in": 0, "frame_out": 1}}]});
    server.put("/api/projects/q/snapshot", &other).await.expect(200);
    for place in PLACES {
        put(&server, &place.address(), &place.files().0[0]).await.expect(201);
    }
    put(&server, "/api/projects/q/shots/s/thumbnail", &png(1)).await.expect(201);
    server.rendered().await;
    let mut paths = Vec::new();
    for place in PLACES {
        paths.push(place.path(&server).await);
        assert!(is_served(&server, paths.last().unwrap()).await);
    }
    server.delete("/api/projects/p").await.expect(204);
    force(&server).await;
    for (place, path) in PLACES.iter().zip(&paths) {
        assert_eq!(is_served(&server, path).await, *place == Place::User, "{path}");
    }
    let hashes = ["/api/projects/q/shots/s", Place::User.entity()].map(async |entity| {
        let medium = server.get(entity).await.json()["thumbnail"].take();
        ["sha256", "shown"].map(|hash| medium[hash].as_str().unwrap().to_owned())
    });
    let mut hashes = futures_util::future::join_all(hashes).await.concat();
    hashes.sort();
    hashes.dedup();
    assert_eq!(stored(&server), hashes);
    // What comes again under its id has none of it.
    server.put("/api/projects/p", &json!({"name": "P"})).await.expect(201);
    server.get(&Project.address()).await.refused(404, "not-found");
}

#[tokio::test]
async fn an_hour_later_the_next_publish_frees_the_store_by_itself() {
    let server = filled_with(Mode::Auto).await;
    put(&server, &Shot.address(), &png(1)).await.expect(201);
    put(&server, &format!("{}?wait=published", Shot.address()), &png(2)).await.expect(200);
    assert_eq!(stored(&server).len(), 4);
    server.patch("/api/projects/p?wait=published", &json!({"ratio": "1:1"})).await.expect(200);
    assert_eq!(stored(&server).len(), 4);
    server.pass(HOUR);
    server.patch("/api/projects/p?wait=published", &json!({"ratio": "2:1"})).await.expect(200);
    assert_eq!(stored(&server), referred(&server, &[Shot]).await);
    let status = server.get("/api/status").await.json()["media"].take();
    assert_eq!(status["files"], 2);
    let media = crate::support::files(&server.folder.join("media"));
    assert_eq!(status["bytes"], media.values().map(Vec::len).sum::<usize>());
}

#[tokio::test]
async fn a_movie_that_is_being_read_can_be_read_to_its_end_when_it_is_gone() {
    let server = filled().await;
    let old = movie(48, 24.0, &"x".repeat(32 << 20));
    put(&server, &Edit.address(), &old).await.expect(201);
    server.rendered().await;
    let path = Edit.path(&server).await;
    let mut readers = Vec::new();
    for path in [format!("/{path}"), Edit.address()] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut beginning = vec![0; 100_000];
        stream.read_exact(&mut beginning).await.unwrap();
        readers.push((stream, beginning));
    }
    put(&server, &Edit.address(), &movie(24, 24.0, "")).await.expect(200);
    server.rendered().await;
    server.pass(HOUR);
    force(&server).await;
    assert!(!is_served(&server, &path).await);
    assert_eq!(stored(&server), referred(&server, &[Edit]).await);
    for (mut stream, mut read) in readers {
        stream.read_to_end(&mut read).await.unwrap();
        let body = read.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        assert!(read[body..] == old, "{} bytes of {}", read.len() - body, old.len());
    }
}

#[tokio::test]
async fn store_and_trees_share_one_file_on_disk() {
    let server = filled().await;
    for place in PLACES {
        // Each its own, since equal ones are one file.
        let file = if place == Edit { movie(48, 24.0, "") } else { png(u8::try_from(place.address().len()).unwrap()) };
        put(&server, &place.address(), &file).await.expect(201);
        server.rendered().await;
        let path = place.path(&server).await;
        let shown = server.get(place.entity()).await.json()[place.medium()]["shown"].as_str().unwrap().to_owned();
        let kept = fs::metadata(server.folder.join("media").join(&shown[..2]).join(&shown)).unwrap();
        let conventional = |layout| if layout == Layout::V1 { "edit-edit.mp4" } else { "edit.mp4" };
        let mut names: Vec<PathBuf> = LAYOUTS.map(|layout| server.site_of(layout).join(&path)).into();
        if place == Edit {
            names.extend(
                LAYOUTS.map(|layout| server.site_of(layout).join("data/projects/p").join(conventional(layout))),
            );
        }
        for name in &names {
            let found = fs::metadata(name).unwrap();
            assert_eq!((found.ino(), found.dev()), (kept.ino(), kept.dev()), "{}", name.display());
        }
        assert_eq!(kept.nlink(), 1 + names.len() as u64);
    }
}

#[tokio::test]
async fn a_file_that_somebody_removed_from_the_store_keeps_nothing_else_from_the_page() {
    let mut server = filled().await;
    put(&server, &Shot.address(), &png(1)).await.expect(201);
    put(&server, &Project.address(), &png(2)).await.expect(201);
    server.rendered().await;
    server.stop().await;
    fs::remove_dir_all(server.folder.join("media")).unwrap();
    fs::remove_dir_all(server.folder.join("tree")).unwrap();
    server.open().await;
    server.patch(Shot.entity(), &json!({"name": "new"})).await.expect(200);
    server.rendered().await;
    assert_eq!(Shot.shown(&server, Layout::V1).await[0]["name"], "new");
    server.get(&Shot.address()).await.refused(404, "not-found");
    // Sent again it is there again, though its hash is known.
    let answer = put(&server, &Shot.address(), &png(1)).await.expect(200);
    assert_eq!(answer.json()["sha256"], sha256(&png(1)));
    force(&server).await;
    assert!(is_served(&server, &Shot.path(&server).await).await);
}

#[tokio::test]
async fn what_was_lost_is_back_on_the_page_as_soon_as_it_is_sent_again() {
    for mode in [Mode::Auto, Mode::Manual] {
        let mut server = filled_with(mode).await;
        let shot = json!({"name": "Q", "shots": [{"id": "s", "name": "S", "data": {"frame_in": 0, "frame_out": 1}}]});
        server.put("/api/projects/q/snapshot", &shot).await.expect(200);
        for place in PLACES {
            put(&server, &place.address(), &place.files().0[0]).await.expect(201);
        }
        put(&server, "/api/projects/q/shots/s/thumbnail", &png(1)).await.expect(201);
        server.rendered().await;
        let other = server.tree("projects/q/shots.json").await[0]["thumbnailUrl"].as_str().unwrap().to_owned();
        server.stop().await;
        fs::remove_dir_all(server.folder.join("media")).unwrap();
        fs::remove_dir_all(server.folder.join("tree")).unwrap();
        server.open().await;
        let missing = async |project: &str| {
            let path = format!("/api/projects/{project}/problems?problem=missing-media");
            server.get(&path).await.expect(200).json().as_array().unwrap().len()
        };
        // Also that of somebody of its team.
        assert_eq!((missing("p").await, missing("q").await), (5, 1));
        for place in PLACES {
            let path = place.path(&server).await;
            assert!(!is_served(&server, &path).await, "{path}");
        }
        for place in PLACES {
            let path = place.path(&server).await;
            let again = put(&server, &format!("{}?wait=published", place.address()), &place.files().0[0]).await;
            let revision = server.revision().await;
            assert_eq!(again.expect(200).header("watchtower-revision"), revision.to_string());
            assert!(is_served(&server, &path).await, "{path}");
            // Now it is there, and nothing changes.
            let once_more = put(&server, &place.address(), &place.files().0[0]).await.expect(200);
            assert_eq!(once_more.header("watchtower-revision"), revision.to_string());
        }
        assert_eq!(missing("p").await, 0);
        // Others that have the same get it with the next publish, whatever that is for.
        server.put("/api/users/v?wait=published", &json!({"name": "V"})).await.expect(201);
        assert!(is_served(&server, &other).await);
        assert_eq!(missing("q").await, 0);
    }
}

#[tokio::test]
async fn a_file_that_comes_back_into_the_store_by_other_hands_is_placed_by_the_next_publish() {
    let mut server = filled_with(Mode::Auto).await;
    for place in [Shot, Project] {
        put(&server, &place.address(), &png(u8::try_from(place.address().len()).unwrap())).await.expect(201);
    }
    server.rendered().await;
    let paths = [Shot.path(&server).await, Project.path(&server).await];
    server.stop().await;
    let (media, aside) = (server.folder.join("media"), server.folder.join("aside"));
    fs::rename(&media, &aside).unwrap();
    fs::remove_dir_all(server.folder.join("tree")).unwrap();
    server.open().await;
    assert!(!is_served(&server, &paths[0]).await && !is_served(&server, &paths[1]).await);
    fs::remove_dir_all(&media).unwrap();
    fs::rename(&aside, &media).unwrap();
    server.put("/api/projects/other?wait=published", &json!({"name": "O"})).await.expect(201);
    assert!(is_served(&server, &paths[0]).await && is_served(&server, &paths[1]).await);
}

#[tokio::test]
async fn a_clock_that_was_ahead_and_is_set_right_keeps_nothing_for_ever() {
    let server = filled_with(Mode::Auto).await;
    let ([first, second], ..) = Shot.files();
    let publish = async |ratio: &str| {
        server.patch("/api/projects/p?wait=published", &json!({"ratio": ratio})).await.expect(200);
    };
    put(&server, &format!("{}?wait=published", Shot.address()), &first).await.expect(201);
    let old = Shot.path(&server).await;
    server.pass(240 * HOUR);
    publish("1:1").await;
    put(&server, &format!("{}?wait=published", Shot.address()), &second).await.expect(200);
    server.pass(-240 * HOUR);
    publish("2:1").await;
    assert_eq!(stored(&server), referred(&server, &[Shot]).await, "the store is freed");
    assert!(is_served(&server, &old).await, "somebody looks at it, maybe");
    server.pass(HOUR);
    publish("3:1").await;
    assert!(!is_served(&server, &old).await);
}
