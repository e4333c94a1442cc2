//! Uploads that are waited for, and uploads that are repeated.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use watchtower_server::{layout::Layout, publish::Mode};

use super::{
    made::png,
    place::{Edit, FILE, LAYOUTS, PLACES, Shot, User, filled, filled_with, form, post, put, served, stored},
};
use crate::support::{Answer, TestServer};

#[tokio::test]
async fn who_waits_is_answered_when_both_sites_show_it() {
    for mode in [Mode::Auto, Mode::Manual] {
        let server = filled_with(mode).await;
        for place in PLACES {
            let address = format!("{}?wait=published", place.address());
            for file in place.files().0 {
                let answer = put(&server, &address, &file).await.json();
                let path = answer["path"].as_str().unwrap();
                assert_eq!(place.path(&server).await, path);
                for layout in LAYOUTS {
                    assert_eq!(served(&server, layout, &format!("/{path}")).await.0, 200);
                }
            }
            server.delete(&address).await.expect(204);
            for layout in LAYOUTS {
                let paths = place.paths(&server, layout).await;
                let is_gone =
                    |path: &Value| path.is_null() || place == Edit && path.as_str().unwrap().contains("/edit");
                assert!(paths.iter().all(is_gone), "{paths:?}");
            }
            let [file, _] = place.files().0;
            let answer = post(&server, &address, &[(FILE, &file)]).await.expect(201).json();
            assert_eq!(place.path(&server).await, answer["path"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_there_before_anything_names_it() {
    let server = filled_with(Mode::Auto).await;
    // Rendering all projects takes a while, and each of them names the person.
    for n in 0..40 {
        let project = json!({"name": "P", "team": ["u"]});
        server.put(&format!("/api/projects/p{n}"), &project).await.expect(201);
    }
    server.rendered().await;
    let seen = AtomicUsize::new(0);
    for shade in 0..3 {
        let address = User.address();
        let is_over = AtomicBool::new(false);
        let upload = async {
            put(&server, &format!("{address}?wait=published"), &png(shade)).await;
            is_over.store(true, Ordering::Relaxed);
        };
        let look = async {
            while !is_over.load(Ordering::Relaxed) {
                let (_, _, project) = served(&server, Layout::V1, "/data/projects/p0/project.json").await;
                let project: Value = serde_json::from_slice(&project).unwrap();
                let Some(path) = project["team"][0]["thumbnailUrl"].as_str() else { continue };
                assert_eq!(served(&server, Layout::V1, &format!("/{path}")).await.0, 200, "{path}");
                seen.fetch_add(1, Ordering::Relaxed);
            }
        };
        tokio::join!(upload, look);
    }
    assert_ne!(seen.into_inner(), 0);
}

async fn with_key(server: &TestServer, method: Method, key: &str, file: &[u8]) -> Answer {
    let request = server.request(method.clone(), &Shot.address()).header("idempotency-key", key);
    if method == Method::PUT {
        return server.send(request.body(file.to_vec())).await;
    }
    let request = request.header("content-type", "multipart/form-data; boundary=the-end");
    server.send(request.body(form(&[(FILE, file)]))).await
}

#[tokio::test]
async fn an_upload_that_is_repeated_with_its_key_is_answered_as_the_first_time() {
    let mut server = filled().await;
    let first = with_key(&server, Method::POST, "a", &png(1)).await.expect(201);
    put(&server, &Shot.address(), &png(2)).await.expect(200);
    let revision = server.revision().await;
    for _ in 0..2 {
        let again = with_key(&server, Method::POST, "a", &png(1)).await.expect(201);
        assert_eq!(again.json(), first.json());
        assert_eq!(again.header("watchtower-revision"), first.header("watchtower-revision"));
        server.restart().await;
    }
    // It was not done again.
    assert_eq!(server.revision().await, revision);
    assert_eq!(served(&server, server.layout, &Shot.address()).await.2, png(2));

    let held = stored(&server);
    with_key(&server, Method::POST, "a", &png(3)).await.refused(422, "idempotency-key-reused");
    with_key(&server, Method::PUT, "a", &png(1)).await.refused(422, "idempotency-key-reused");
    super::place::force(&server).await;
    assert!(stored(&server).len() <= held.len(), "nothing of it is kept");
    let second = with_key(&server, Method::PUT, "b", &png(4)).await.expect(200);
    assert_eq!(with_key(&server, Method::PUT, "b", &png(4)).await.expect(200).json(), second.json());
    with_key(&server, Method::POST, "", &png(1)).await.refused(400, "bad-request");
}
