//! What becomes of a movie: the length of the timeline, how it is served, what is wrong with it.

use serde_json::{Value, json};
use watchtower_server::{layout::Layout, media::movie::read};

use super::{
    made::{boxes, by_ffmpeg, index_last, movie, sha256},
    place::{Edit, LAYOUTS, filled, put, served, stored},
};
use crate::support::TestServer;

/// What the trees say of the length of the edit.
async fn total_frames(server: &TestServer) -> i64 {
    server.rendered().await;
    let mut lengths = Vec::new();
    for layout in LAYOUTS {
        lengths.push(Edit.shown(server, layout).await[0]["totalFrames"].as_i64().unwrap());
    }
    assert_eq!(lengths[0], lengths[1]);
    lengths[0]
}

/// The problems of the edit, by their names, with how they are told.
async fn problems(server: &TestServer) -> Vec<(String, String)> {
    let problems = server.get("/api/projects/p/problems").await.expect(200).json();
    let of_edit = problems.as_array().unwrap().iter().filter(|problem| problem["kind"] == "edits");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    of_edit
        .map(|problem| (text(&problem["problem"]), text(&problem["detail"]) + ": " + &text(&problem["mend"])))
        .collect()
}

#[tokio::test]
async fn an_edit_is_as_long_as_its_movie_unless_it_says_how_long_it_is() {
    let server = filled().await;
    assert_eq!(total_frames(&server).await, 10, "up to the last shot");
    put(&server, &Edit.address(), &movie(48, 24.0, "")).await.expect(201);
    assert_eq!(total_frames(&server).await, 48);
    assert_eq!(server.get(Edit.entity()).await.json()["totalFrames"], 0, "it was not sent");
    assert_eq!(problems(&server).await, []);

    server.patch(Edit.entity(), &json!({"frameOffset": 24})).await.expect(200);
    assert_eq!(total_frames(&server).await, 72, "the movie begins at frame 24");
    server.patch(Edit.entity(), &json!({"frameOffset": -24})).await.expect(200);
    assert_eq!(total_frames(&server).await, 48, "the timeline begins at 0");

    server.patch(Edit.entity(), &json!({"frameOffset": 0, "totalFrames": 30})).await.expect(200);
    assert_eq!(total_frames(&server).await, 30, "as it was sent");
    let found = problems(&server).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "movie-length");
    assert!(found[0].1.contains("totalFrames is 30, the movie has 48 frames"), "{found:?}");

    server.patch(Edit.entity(), &json!({"totalFrames": null})).await.expect(200);
    server.patch("/api/projects/p/shots/s", &json!({"data": {"frame_out": 100}})).await.expect(200);
    assert_eq!(total_frames(&server).await, 100, "shots beyond the end are on the timeline");
    let found = problems(&server).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "shots-beyond-the-movie");
    assert!(found[0].1.contains("the last shot ends at frame 100, the movie at 48"), "{found:?}");

    server.delete(&Edit.address()).await.expect(204);
    assert_eq!(total_frames(&server).await, 100);
    assert_eq!(problems(&server).await, []);
}

#[tokio::test]
async fn a_movie_at_another_rate_is_taken_with_a_warning_and_as_long_as_it_lasts() {
    let server = filled().await;
    let answer = put(&server, &Edit.address(), &movie(100, 25.0, "")).await.expect(201);
    let warnings: Value = serde_json::from_str(answer.header("watchtower-warnings")).unwrap();
    let told = "the movie runs at 25 frames per second, the project at 24";
    assert_eq!(warnings, json!([{"pointer": "", "detail": told, "count": 1}]));
    assert_eq!((&answer.json()["frames"], &answer.json()["fps"]), (&json!(100), &json!(25.0)));
    assert_eq!(total_frames(&server).await, 96, "four seconds of the timeline");
    let found = problems(&server).await;
    assert_eq!((found.len(), &*found[0].0), (1, "movie-rate"), "{found:?}");
    assert!(found[0].1.contains(told) && found[0].1.contains("or correct the project's fps"), "{found:?}");

    server.patch("/api/projects/p", &json!({"fps": 25})).await.expect(200);
    assert_eq!((total_frames(&server).await, problems(&server).await), (100, vec![]));
    // The rates of television, however they are rounded.
    for (fps, rate) in [(23.976, 24000.0 / 1001.0), (29.97, 30000.0 / 1001.0)] {
        server.patch("/api/projects/p", &json!({"fps": fps})).await.expect(200);
        let answer = put(&server, &Edit.address(), &movie(1000, rate, "ntsc")).await.expect(200);
        assert_eq!(answer.header("watchtower-warnings"), "", "{fps}");
        assert_eq!((total_frames(&server).await, problems(&server).await), (1000, vec![]));
    }
}

#[tokio::test]
async fn a_movie_whose_index_is_at_its_end_is_served_with_the_index_in_front() {
    let server = filled().await;
    let sent = index_last(&movie(48, 24.0, "late"), b"");
    let answer = put(&server, &Edit.address(), &sent).await.expect(201).json();
    assert_eq!((&answer["sha256"], &answer["size"]), (&json!(sha256(&sent)), &json!(sent.len())));
    assert_eq!(answer["frames"], 48);
    assert_ne!(answer["shown"], answer["sha256"]);
    server.rendered().await;
    let path = format!("/{}", Edit.path(&server).await);
    for (layout, conventional) in [(Layout::Classic, "edit.mp4"), (Layout::V1, "edit-edit.mp4")] {
        let (status, headers, bytes) = served(&server, layout, &path).await;
        assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "video/mp4"));
        assert_eq!(json!(sha256(&bytes)), answer["shown"]);
        let names: Vec<_> = boxes(&bytes).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["ftyp", "moov", "mdat", "free"]);
        let facts = read(&mut std::io::Cursor::new(&bytes)).unwrap();
        assert!(facts.is_fast_start && facts.frames == 48, "{facts:?}");
        // Who looks at the place where movies always were finds it there, too.
        assert_eq!(served(&server, layout, &format!("/data/projects/p/{conventional}")).await.2, bytes);
    }
    // Two copies would be twice the disk, so what is kept is what is served.
    assert_eq!(stored(&server), [answer["shown"].as_str().unwrap()]);
    assert_eq!(json!(sha256(&served(&server, Layout::Classic, &Edit.address()).await.2)), answer["shown"]);
    let revision = server.revision().await;
    assert_eq!(put(&server, &Edit.address(), &sent).await.expect(200).json(), answer);
    assert_eq!((server.revision().await, stored(&server).len()), (revision, 1));
}

#[tokio::test]
async fn a_webm_movie_is_served_as_what_it_is() {
    let Some(webm) = by_ffmpeg("a.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8") else { return };
    let server = filled().await;
    put(&server, &Edit.address(), &movie(48, 24.0, "")).await.expect(201);
    server.rendered().await;
    let answer = put(&server, &Edit.address(), &webm).await.expect(200).json();
    assert_eq!((&answer["type"], &answer["codec"]), (&json!("video/webm"), &json!("V_VP9")));
    assert_eq!((&answer["frames"], &answer["width"], &answer["height"]), (&json!(24), &json!(64), &json!(48)));
    server.rendered().await;
    let path = Edit.path(&server).await;
    assert_eq!(path.rsplit_once('.').unwrap().1, "webm");
    for layout in LAYOUTS {
        assert_eq!(Edit.shown(&server, layout).await[0]["sourceType"], "video/webm");
        let (status, headers, bytes) = served(&server, layout, &format!("/{path}")).await;
        assert_eq!((status, headers["content-type"].to_str().unwrap(), &bytes), (200, "video/webm", &webm));
        // A name that ends in mp4 would say what it is not.
        let conventional = server.site_of(layout).join("data/projects/p");
        assert!(!conventional.join("edit.mp4").exists() && !conventional.join("edit-edit.mp4").exists());
    }
}

#[tokio::test]
async fn a_movie_that_no_browser_plays_is_refused_with_what_to_do_and_one_that_some_do_not_is_a_problem() {
    let server = filled().await;
    let before = server.revision().await;
    for (name, args, codec) in [
        ("a.mov", "-c:v prores_ks -profile:v 2", "ProRes"),
        ("b.mov", "-vf scale=256:128 -c:v dnxhd -profile:v dnxhr_lb -pix_fmt yuv422p", "DNx"),
    ] {
        let Some(movie) = by_ffmpeg(name, args) else { return };
        let answer = put(&server, &Edit.address(), &movie).await.refused(422, "invalid");
        let detail = answer.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(codec) && detail.contains("H.264") && detail.contains("ffmpeg -i IN"), "{detail}");
    }
    assert_eq!((server.revision().await, stored(&server).len()), (before, 0));

    let hevc = "-c:v libx265 -x265-params log-level=none:pools=1 -preset ultrafast -tag:v hvc1";
    let Some(movie) = by_ffmpeg("c.mp4", hevc) else { return };
    assert_eq!(put(&server, &Edit.address(), &movie).await.expect(201).json()["codec"], "hvc1");
    let found = problems(&server).await;
    assert_eq!((found.len(), &*found[0].0), (1, "movie-codec"), "{found:?}");
    for words in ["hvc1", "which not every browser plays", "send it as H.264"] {
        assert!(found[0].1.contains(words), "{found:?}");
    }
}
