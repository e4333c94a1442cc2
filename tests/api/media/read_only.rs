//! As part of an entity its picture or movie is only read: whatever is written about the entity, it stays.

use reqwest::Method;
use serde_json::{Value, json};
use watchtower_server::layout::Layout;

use super::place::{Asset, Edit, LAYOUTS, PLACES, Project, Shot, User, filled, production, put};
use crate::support::TestServer;

/// What each entity says of its picture or movie.
async fn media(server: &TestServer) -> Vec<Value> {
    let mut media = Vec::new();
    for place in PLACES {
        media.push(server.get(place.entity()).await.expect(200).json()[place.medium()].take());
    }
    media
}

/// The production, with everything said of pictures and movies that could do harm.
fn with(medium: &Value) -> Value {
    let mut production = production();
    production["thumbnail"] = medium.clone();
    for (list, name) in [("team", "thumbnail"), ("shots", "thumbnail"), ("assets", "thumbnail"), ("edits", "movie")] {
        production[list][0][name] = medium.clone();
    }
    production
}

#[tokio::test]
async fn a_picture_or_movie_stays_whatever_is_written_about_its_entity() {
    let server = filled().await;
    for place in PLACES {
        put(&server, &place.address(), &place.files().0[0]).await.expect(201);
    }
    let before = media(&server).await;
    assert!(before.iter().all(|medium| medium["sha256"].is_string()), "{before:?}");
    let hash = "0".repeat(64);
    let forged = json!({"sha256": hash, "size": 1, "type": "image/png", "width": 1, "height": 1, "shown": hash});
    for medium in [Value::Null, json!("x"), json!({}), json!([1]), forged] {
        let said = with(&medium);
        let context = json!({"users": said["team"]});
        let project = json!({"id": "p", "name": "P", "thumbnail": medium});
        let change = |op: &str, kind: &str, id: &str, value: &Value, at: Option<&str>| {
            let mut change = json!({"op": op, "kind": kind, "id": id, "value": value});
            if !["users", "projects"].contains(&kind) {
                change["project"] = json!("p");
            }
            if let Some(at) = at {
                change["at"] = json!(at);
            }
            change
        };
        let changes = ["put", "merge"].into_iter().flat_map(|op| {
            let values = [
                ("shots", "s", &said["shots"][0]),
                ("assets", "a", &said["assets"][0]),
                ("edits", "edit", &said["edits"][0]),
                ("users", "u", &said["team"][0]),
                ("projects", "p", &project),
            ];
            let of = move |at| values.map(|(kind, id, value)| change(op, kind, id, value, at));
            of(None).into_iter().chain(of(Some("2025-12-31T00:00:00Z"))).chain(of(Some("2026-01-01T00:00:00Z")))
        });
        let batch = json!({"changes": changes.collect::<Vec<_>>()});
        let all = |list: &str| said[list].clone();
        let writes = [
            (Method::PUT, "/api/projects/p/snapshot", said.clone()),
            (Method::PUT, "/api/context", context),
            (Method::PUT, "/api/projects", json!([project])),
            (Method::PUT, "/api/users", all("team")),
            (Method::PUT, "/api/projects/p/shots", all("shots")),
            (Method::PUT, "/api/projects/p/assets", all("assets")),
            (Method::PUT, "/api/projects/p/edits", all("edits")),
            (Method::POST, "/api/projects/p/shots", all("shots")),
            (Method::POST, "/api/batch", batch),
        ];
        let one_by_one = [(Shot, "shots"), (Asset, "assets"), (Edit, "edits"), (User, "team")].map(|(place, list)| {
            let value = said[list][0].clone();
            [(Method::PUT, place.entity(), value.clone()), (Method::PATCH, place.entity(), value)]
        });
        let of_project = [Method::PUT, Method::PATCH].map(|method| (method, Project.entity(), project.clone()));
        for (method, path, body) in writes.into_iter().chain(one_by_one.into_iter().flatten()).chain(of_project) {
            let answer = server.send(server.request(method.clone(), path).json(&body)).await.expect(200);
            assert!(!answer.text.contains("unknown") && answer.header("watchtower-warnings").is_empty(), "{answer:?}");
            assert_eq!(media(&server).await, before, "{method} {path} {body}");
        }
    }
}

#[tokio::test]
async fn what_is_read_of_an_entity_can_be_put_back_and_changes_nothing() {
    let server = filled().await;
    for place in PLACES {
        put(&server, &place.address(), &place.files().0[0]).await.expect(201);
    }
    let revision = server.revision().await;
    for place in PLACES {
        let entity = server.get(place.entity()).await.json();
        let answer = server.put(place.entity(), &entity).await.expect(200);
        assert_eq!(answer.json(), entity);
        server.patch(place.entity(), &entity).await.expect(200);
        for list in ["/api/projects", "/api/users", "/api/projects/p/shots", "/api/projects/p/edits"] {
            let all = server.get(list).await.expect(200).json();
            assert_eq!(server.put(list, &all).await.expect(200).json()["unchanged"], 1, "{list}");
        }
    }
    assert_eq!(server.revision().await, revision);
}

#[tokio::test]
async fn what_comes_again_under_an_id_does_not_get_the_file_of_what_was_deleted() {
    let server = filled().await;
    put(&server, &Shot.address(), &Shot.files().0[0]).await.expect(201);
    let shot = server.get(Shot.entity()).await.json();
    server.delete(Shot.entity()).await.expect(204);
    server.get(&Shot.address()).await.refused(404, "not-found");
    assert_eq!(server.put(Shot.entity(), &shot).await.expect(201).json()["thumbnail"], Value::Null);
    server.get(&Shot.address()).await.refused(404, "not-found");
    server.rendered().await;
    assert_eq!(Shot.paths(&server, Layout::Classic).await, [Value::Null]);
}

#[tokio::test]
async fn an_uploaded_file_goes_before_a_path_that_was_sent_which_is_shown_again_without_it() {
    let server = filled().await;
    let sent = "static/img/other.png";
    for place in [Shot, Asset, Project, User] {
        server.patch(place.entity(), &json!({"thumbnailUrl": sent})).await.expect(200);
    }
    server.patch(Edit.entity(), &json!({"sourceName": "film.webm", "sourceType": "video/webm"})).await.expect(200);
    for place in PLACES {
        put(&server, &place.address(), &place.files().0[0]).await.expect(201);
        server.rendered().await;
        let path = place.path(&server).await;
        assert!(path.starts_with(&format!("{}/{}-", place.folder(), place.id())), "{path}");
        server.delete(&place.address()).await.expect(204);
        server.rendered().await;
        assert_eq!(place.path(&server).await, if place == Edit { "film.webm" } else { sent });
    }
    for layout in LAYOUTS {
        assert_eq!(Edit.shown(&server, layout).await[0]["sourceType"], "video/webm");
    }
}
