//! Drawn pictures for shots that have none, where they are wanted.

use image::{GenericImageView, ImageFormat};
use serde_json::{Value, json};
use watchtower_server::{layout::Layout, publish::Mode};

use super::{
    made::png,
    place::{LAYOUTS, filled, force, put, served},
};
use crate::support::{TestServer, files};

fn shots() -> Value {
    let shot = |id: &str, name: &str, sequence: Option<&str>| json!({"id": id, "name": name, "sequence_id": sequence, "data": {"frame_in": 0, "frame_out": 5}});
    let mut of_page = shot("of-page", "010", Some("A"));
    of_page["thumbnailUrl"] = json!("static/img/own.png");
    json!([
        shot("a10", "010", Some("A")),
        shot("a20", "020", Some("A")),
        shot("b10", "010", Some("B")),
        shot("b10-again", "010", Some("B")),
        shot("none", "010", None),
        shot("with", "010", Some("A")),
        of_page,
    ])
}

/// The picture of each shot, as a tree names it.
async fn pictures(server: &TestServer, layout: Layout) -> Vec<Option<String>> {
    let (_, _, bytes) = served(server, layout, "/data/projects/p/shots.json").await;
    let shots: Value = serde_json::from_slice(&bytes).unwrap();
    shots.as_array().unwrap().iter().map(|shot| shot["thumbnailUrl"].as_str().map(str::to_owned)).collect()
}

async fn with_shots(placeholders: bool) -> TestServer {
    let server = TestServer::start_with(|options| {
        let classic = options.sites[0].clone();
        options.sites.push(watchtower_server::server::SiteOptions { layout: Layout::V1, ..classic });
        (options.placeholders, options.mode) = (placeholders, Mode::Manual);
    });
    let server = server.await;
    let sequences = json!([{"id": "A", "name": "A"}, {"id": "B", "name": "B"}]);
    let snapshot = json!({"name": "P", "sequences": sequences, "shots": shots()});
    server.put("/api/projects/p/snapshot", &snapshot).await.expect(200);
    put(&server, "/api/projects/p/shots/with/thumbnail", &png(1)).await.expect(201);
    server.rendered().await;
    server
}

#[tokio::test]
async fn a_shot_without_a_picture_gets_one_with_its_name_in_the_colour_of_its_sequence() {
    let server = with_shots(true).await;
    let (mut before, mut of_a10) = (None, None);
    for layout in LAYOUTS {
        let named = pictures(&server, layout).await;
        let named: Vec<_> = named.into_iter().map(Option::unwrap).collect();
        let [a10, a20, b10, again, none, with, of_page] = &named[..] else { panic!("{named:?}") };
        assert_eq!(b10, again, "the same picture is one file");
        assert_eq!(of_page, "static/img/own.png");
        assert!(with.starts_with("data/projects/p/previews/with-"), "{with}");
        let mut bytes = Vec::new();
        for path in [a10, a20, b10, none] {
            let hash = path.strip_prefix("data/projects/p/drawn/shot-").unwrap().strip_suffix(".png").unwrap();
            assert!(hash.len() == 16 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()), "{path}");
            let (status, headers, png) = served(&server, layout, &format!("/{path}")).await;
            assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "image/png"));
            assert_eq!(headers["cache-control"], "max-age=31536000, immutable");
            assert_eq!(image::guess_format(&png).unwrap(), ImageFormat::Png);
            assert_eq!(image::load_from_memory(&png).unwrap().dimensions(), (150, 100));
            assert!(!bytes.contains(&png), "{path} is like another");
            bytes.push(png);
        }
        assert_eq!(files(&server.site_of(layout).join("data/projects/p/drawn")).len(), 4);
        assert!(before.is_none_or(|before| before == named), "both trees are alike");
        of_a10 = Some(a10.clone());
        before = Some(named);
    }
    // A picture of one's own takes its place, and the drawn one goes an hour later.
    let drawn = of_a10.unwrap();
    put(&server, "/api/projects/p/shots/a10/thumbnail", &png(2)).await.expect(201);
    force(&server).await;
    assert!(pictures(&server, Layout::V1).await[0].as_ref().unwrap().contains("/previews/a10-"));
    assert!(server.site().join(&drawn).is_file());
    server.pass(3600);
    force(&server).await;
    assert!(!server.site().join(&drawn).exists());
    // They are nobody's, so that none is in the store.
    assert_eq!(super::place::stored(&server).len(), 4);
    server.delete("/api/projects/p/shots/a10/thumbnail").await.expect(204);
    server.rendered().await;
    assert_eq!(pictures(&server, Layout::Classic).await[0].as_ref(), Some(&drawn));
    assert!(server.site().join(&drawn).is_file());
}

#[tokio::test]
async fn nothing_is_drawn_unless_it_is_wanted() {
    let server = with_shots(false).await;
    for layout in LAYOUTS {
        let named = pictures(&server, layout).await;
        assert_eq!(named.iter().filter(|path| path.is_none()).count(), 5, "{named:?}");
        assert!(!server.site_of(layout).join("data/projects/p/drawn").exists());
    }
    assert!(filled().await.get("/api/projects/p/problems").await.text.starts_with("[]"));
}
