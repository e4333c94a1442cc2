//! A file at each of the five addresses: sent, sent again, replaced, read, taken away.

use image::GenericImageView;
use reqwest::Method;
use serde_json::{Value, json};
use watchtower_server::layout::Layout;

use super::{
    made::sha256,
    place::{Edit, FILE, LAYOUTS, PLACES, Place, User, filled, post, put, served, stored},
};
use crate::support::{Answer, TestServer};

/// The answer to an upload says what the file is.
#[track_caller]
fn assert_describes(answer: &Answer, place: Place, (file, media_type): (&[u8], &str), path: &Value) {
    let described = answer.json();
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!((&described["sha256"], &described["size"]), (&json!(sha256(file)), &json!(file.len())));
    assert_eq!((&described["type"], &described["path"]), (&json!(media_type), path), "{described}");
    let start = format!("{}/{}-", place.folder(), place.id());
    let hash = path.as_str().unwrap().strip_prefix(&start).unwrap().split('.').next().unwrap();
    assert!(described["shown"].as_str().unwrap().starts_with(hash), "{described}");
    assert_eq!(described.get("source"), None);
}

/// Both trees name the file of a place, which is there, may be kept for ever, and is of the page's size.
async fn assert_shown(server: &TestServer, place: Place, path: &str) {
    for layout in LAYOUTS {
        for shown in place.shown(server, layout).await {
            let (name, expected) =
                if place == Edit { ("sourceName", "video/mp4") } else { ("thumbnailUrl", "image/png") };
            assert_eq!(shown[name], path, "{place:?} {}", layout.name());
            assert!(place != Edit || shown["sourceType"] == expected, "{shown}");
            assert!(place != User || shown["has_avatar"] == true, "{shown}");
            let (status, headers, bytes) = served(server, layout, &format!("/{path}")).await;
            assert_eq!((status, &headers["cache-control"]), (200, &"max-age=31536000, immutable".parse().unwrap()));
            assert_eq!(headers["content-type"], expected);
            assert_eq!(std::fs::read(server.site_of(layout).join(path)).unwrap(), bytes);
            if place != Edit {
                assert_eq!(image::load_from_memory(&bytes).unwrap().dimensions(), place.canvas());
            }
        }
    }
}

/// Both trees are as they are without an upload.
async fn assert_shows_nothing(server: &TestServer, place: Place) {
    for layout in LAYOUTS {
        for shown in place.shown(server, layout).await {
            if place != Edit {
                assert_eq!(shown["thumbnailUrl"], Value::Null, "{shown}");
                assert!(place != User || shown["has_avatar"] == false, "{shown}");
                continue;
            }
            let name = if layout == Layout::V1 { "edit-edit.mp4" } else { "edit.mp4" };
            let path = format!("data/projects/p/{name}");
            assert_eq!((&shown["sourceName"], &shown["sourceType"]), (&json!(path), &json!("video/mp4")));
            let (status, headers, bytes) = served(server, layout, &format!("/{path}")).await;
            assert_eq!((status, &headers["cache-control"]), (200, &"no-cache".parse().unwrap()), "{path}");
            assert!(watchtower_server::media::blank::is_blank(&bytes), "a blank movie");
        }
    }
}

#[tokio::test]
async fn a_file_is_shown_by_both_trees_as_soon_as_it_was_sent_and_no_more_when_it_was_taken_away() {
    let server = filled().await;
    for place in PLACES {
        let address = place.address();
        let ([first, second], [one, other], known) = place.files();
        server.get(&address).await.refused(404, "not-found");
        server.delete(&address).await.refused(404, "not-found");
        assert_shows_nothing(&server, place).await;
        let before = server.revision().await;

        let answer = put(&server, &address, &first).await.expect(201);
        assert_eq!(answer.header("watchtower-revision"), (before + 1).to_string());
        server.rendered().await;
        let path = place.path(&server).await;
        assert_describes(&answer, place, (&first, one), &json!(path));
        let mut described = answer.json();
        assert!(known.as_object().unwrap().iter().all(|(field, value)| described[field] == *value), "{described}");
        assert_shown(&server, place, &path).await;
        described.as_object_mut().unwrap().shift_remove("path");
        assert_eq!(server.get(place.entity()).await.json()[place.medium()], described);

        let answer = put(&server, &address, &second).await.expect(200);
        assert_eq!(answer.header("watchtower-revision"), (before + 2).to_string());
        server.rendered().await;
        let next = place.path(&server).await;
        assert_ne!(path, next);
        assert_describes(&answer, place, (&second, other), &json!(next));
        assert_shown(&server, place, &next).await;

        let answer = server.delete(&address).await.expect(204);
        assert_eq!((answer.header("watchtower-revision"), &*answer.text), (&*(before + 3).to_string(), ""));
        server.get(&address).await.refused(404, "not-found");
        server.delete(&address).await.refused(404, "not-found");
        assert_eq!(server.get(place.entity()).await.json()[place.medium()], Value::Null);
        server.rendered().await;
        assert_shows_nothing(&server, place).await;
    }
}

#[tokio::test]
async fn the_same_file_again_changes_nothing_however_it_is_sent() {
    let server = filled().await;
    for place in PLACES {
        let ([file, _], ..) = place.files();
        let first = post(&server, &place.address(), &[(FILE, &file)]).await.expect(201);
        server.rendered().await;
        let (revision, held) = (server.revision().await, stored(&server));
        for _ in 0..2 {
            let again = put(&server, &place.address(), &file).await.expect(200);
            let by_form = post(&server, &place.address(), &[(FILE, &file)]).await.expect(200);
            for answer in [again, by_form] {
                assert_eq!(answer.json(), first.json());
                assert_eq!(answer.header("watchtower-revision"), first.header("watchtower-revision"));
            }
            assert_eq!(server.revision().await, revision);
            assert_eq!(server.rendered().await["files_written"], 0);
            assert_eq!(stored(&server), held);
        }
    }
}

#[tokio::test]
async fn what_was_sent_is_read_again_byte_for_byte_whole_in_parts_or_not_at_all() {
    let server = filled().await;
    for place in PLACES {
        let ([first, second], types, _) = place.files();
        for (file, media_type) in [(&first, types[0]), (&second, types[1])] {
            put(&server, &place.address(), file).await;
            let (status, headers, bytes) = served(&server, Layout::Classic, &place.address()).await;
            assert_eq!((status, &headers["content-type"]), (200, &media_type.parse().unwrap()));
            assert_eq!((&headers["cache-control"], &bytes), (&"no-cache".parse().unwrap(), file));
            let modified = headers["last-modified"].to_str().unwrap();
            let ask = async |method, name: &'static str, value: &str| {
                let request = server.request(method, &place.address()).header(name, value);
                let response = request.send().await.unwrap();
                let (status, headers) = (response.status().as_u16(), response.headers().clone());
                (status, headers, response.bytes().await.unwrap().to_vec())
            };
            let (status, headers, part) = ask(Method::GET, "range", "bytes=4-11").await;
            assert_eq!((status, &*part), (206, &file[4..12]));
            assert_eq!(headers["content-range"], format!("bytes 4-11/{}", file.len()));
            assert_eq!(headers["content-type"], media_type);
            let (status, _, part) = ask(Method::GET, "range", "bytes=-8").await;
            assert_eq!((status, &*part), (206, &file[file.len() - 8..]));
            assert_eq!(ask(Method::GET, "range", "bytes=99999999-").await.0, 416);
            let (status, _, nothing) = ask(Method::GET, "if-modified-since", modified).await;
            assert_eq!((status, &*nothing), (304, &b""[..]));
            let etag = headers["etag"].to_str().unwrap().to_owned();
            assert_eq!(ask(Method::GET, "if-none-match", &etag).await.0, 304);
            let (status, headers, nothing) = ask(Method::HEAD, "accept", "*/*").await;
            assert_eq!((status, &*nothing), (200, &b""[..]));
            assert_eq!(headers["content-length"], file.len().to_string());
            assert_eq!(headers["content-type"], media_type);
        }
    }
}

#[tokio::test]
async fn what_a_file_is_called_and_said_to_be_does_not_matter() {
    let server = filled().await;
    let (file, address) = (super::made::png(3), Place::Shot.address());
    let request = server.request(Method::PUT, &address).header("content-type", "video/mp4");
    let first = server.send(request.body(file.clone())).await.expect(201).json();
    assert_eq!(first["type"], "image/png");
    for head in [
        "content-disposition: form-data; name=\"thumbnail\"",
        "content-disposition: form-data; name=\"file\"",
        "content-disposition: form-data; name=\"anything\"; filename=\"../../../etc/passwd\"\r\ncontent-type: text/html",
    ] {
        let field: (&str, &[u8]) = ("content-disposition: form-data; name=\"comment\"", b"no file");
        let answer = post(&server, &address, &[field, (head, &file), field]).await.expect(200);
        assert_eq!(answer.json(), first, "{head}");
    }
}
