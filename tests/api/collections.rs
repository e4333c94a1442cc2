//! The verbs, alike for all twelve collections: items, lists, order.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestServer;

/// A collection with something to do in it.
struct Collection {
    path: &'static str,
    id_field: &'static str,
    /// What is sent.
    sent: Value,
    /// What the server makes of it, without the id: every field that was not sent has its default.
    kept: Value,
    /// A patch, and the fields that it leaves.
    patch: Value,
    patched: Value,
}

fn collection(path: &'static str, sent: Value, kept: Value, patch: Value, patched: Value) -> Collection {
    let id_field = if path.ends_with("/casting") { "shot_id" } else { "id" };
    Collection { path, id_field, sent, kept, patch, patched }
}

/// All twelve, in a project `p` with a shot `anchor`.
fn collections() -> [Collection; 12] {
    [
        collection(
            "/api/users",
            json!({"name": "Ada"}),
            json!({"name": "Ada", "has_avatar": false, "thumbnailUrl": null}),
            json!({"full_name": "Ada Lovelace", "has_avatar": true}),
            json!({"name": "Ada Lovelace", "has_avatar": true}),
        ),
        collection(
            "/api/asset-types",
            json!({"name": "Prop"}),
            json!({"name": "Prop"}),
            json!({"name": "Set"}),
            json!({"name": "Set"}),
        ),
        collection(
            "/api/task-types",
            json!({"name": "Layout"}),
            json!({"name": "Layout", "color": null, "for_shots": false}),
            json!({"color": "fff", "for_shots": true}),
            json!({"color": "#ffffff", "for_shots": true}),
        ),
        collection(
            "/api/task-statuses",
            json!({"name": "Done", "color": "202,225,202"}),
            json!({"name": "Done", "color": "#cae1ca"}),
            json!({"color": null}),
            json!({"color": null}),
        ),
        collection(
            "/api/projects",
            json!({"name": "Kestrel"}),
            json!({"name": "Kestrel", "ratio": "", "resolution": "", "fps": 24, "asset_types": [], "task_types": [],
                "task_statuses": [], "team": [], "thumbnailUrl": null}),
            json!({"fps": "25", "team": ["ada"], "resolution": "2048x858"}),
            json!({"fps": 25, "team": ["ada"], "resolution": "2048x858"}),
        ),
        collection(
            "/api/projects/p/episodes",
            json!({"name": "E1"}),
            json!({"name": "E1", "sequences": []}),
            json!({"sequences": ["s1", "s2"]}),
            json!({"sequences": ["s1", "s2"]}),
        ),
        collection(
            "/api/projects/p/sequences",
            json!({"name": "Opening"}),
            json!({"name": "Opening", "canceled": false, "episode_id": null}),
            json!({"canceled": true, "name": "Closing"}),
            json!({"canceled": true, "name": "Closing"}),
        ),
        collection(
            "/api/projects/p/shots",
            json!({"name": "010", "data": {"frame_in": 24, "frame_out": 60, "camera": {"lens": 35}}}),
            json!({"name": "010", "sequence_id": null, "data": {"frame_in": 24, "frame_out": 60, "camera": {"lens": 35}}, "fps": null,
                "thumbnailUrl": null, "canceled": false, "tasks": [], "startFrame": 24, "durationSeconds": 1.5}),
            json!({"fps": 12, "data": {"camera": {"lens": null, "crane": true}, "frame_out": 84}}),
            json!({"fps": 12, "data": {"frame_in": 24, "frame_out": 84, "camera": {"crane": true}}, "durationSeconds": 5.0}),
        ),
        collection(
            "/api/projects/p/assets",
            json!({"name": "Chair", "thumbnailUrl": "pictures/chair.png"}),
            json!({"name": "Chair", "asset_type_id": null, "thumbnailUrl": "pictures/chair.png", "canceled": false, "tasks": []}),
            json!({"asset_type_id": "prop", "thumbnailUrl": null}),
            json!({"asset_type_id": "prop", "thumbnailUrl": null}),
        ),
        collection(
            "/api/projects/p/tasks",
            json!({"shot_id": "anchor", "task_type_id": "anim"}),
            json!({"shot_id": "anchor", "asset_id": null, "task_type_id": "anim", "task_status_id": null, "assignees": []}),
            json!({"task_status_id": "done", "assignees": ["ada", "bob", "ada"]}),
            json!({"task_status_id": "done", "assignees": ["ada", "bob"], "shot_id": "anchor"}),
        ),
        collection(
            "/api/projects/p/casting",
            json!({"asset_ids": ["chair", "table"]}),
            json!({"asset_ids": ["chair", "table"]}),
            json!({"asset_ids": []}),
            json!({"asset_ids": []}),
        ),
        collection(
            "/api/projects/p/edits",
            json!({}),
            json!({"name": "", "frameOffset": 0, "totalFrames": 0, "sourceName": null, "sourceType": null, "episode_id": null, "canceled": false}),
            json!({"name": "v2", "totalFrames": "1200", "episodeId": "e1"}),
            json!({"name": "v2", "totalFrames": 1200, "episode_id": "e1"}),
        ),
    ]
}

async fn with_anchor() -> TestServer {
    let server = TestServer::with_project().await;
    server.put("/api/projects/p/shots/anchor", &json!({"name": "anchor"})).await.expect(201);
    server
}

#[tokio::test]
async fn every_collection_creates_reads_replaces_patches_and_deletes() {
    let server = with_anchor().await;
    for collection in collections() {
        // Shown if the test fails.
        eprintln!("{}", collection.path);
        let Collection { path, id_field, sent, kept, patch, patched } = collection;
        let item = format!("{path}/x-1");
        let if_none_match =
            async |tag: &str| server.send(server.request(Method::GET, &item).header("if-none-match", tag)).await;
        let list_before = server.get(path).await.expect(200);

        server.get(&item).await.refused(404, "not-found");
        server.patch(&item, &patch).await.refused(404, "not-found");
        server.delete(&item).await.refused(404, "not-found");

        let created = server.put(&item, &sent).await.expect(201);
        let mut whole = json!({id_field: "x-1"});
        whole.as_object_mut().unwrap().extend(kept.as_object().unwrap().clone());
        // What has a picture or a movie has none yet.
        for medium in ["thumbnail", "movie"].into_iter().filter(|medium| created.json().get(medium).is_some()) {
            whole[medium] = Value::Null;
        }
        assert_eq!(created.json(), whole);
        assert_eq!(created.header("location"), item);
        let revision = server.revision().await;
        assert_eq!(created.header("watchtower-revision"), revision.to_string());

        let read = server.get(&item).await.expect(200);
        assert_eq!((&read.text, read.header("etag")), (&created.text, created.header("etag")));
        assert_eq!(if_none_match(created.header("etag")).await.expect(304).text, "");
        assert_eq!(if_none_match("\"other\"").await.expect(200).text, created.text);
        let list = server.get(path).await.expect(200);
        assert_eq!(list.json().as_array().unwrap().last(), Some(&whole));
        assert_ne!(list.header("etag"), list_before.header("etag"));
        let known = server.request(Method::GET, path).header("if-none-match", list.header("etag"));
        server.send(known).await.expect(304);

        let again = server.put(&item, &sent).await.expect(200);
        assert_eq!((&again.text, again.header("etag")), (&created.text, created.header("etag")));
        assert_eq!(server.put(&item, &whole).await.expect(200).text, created.text);
        assert_eq!(server.revision().await, revision);
        let only_new = server.request(Method::PUT, &item).json(&sent).header("if-none-match", "*");
        server.send(only_new).await.refused(412, "precondition-failed");

        let changed = server.patch(&item, &patch).await.expect(200);
        for (field, value) in patched.as_object().unwrap() {
            assert_eq!(changed.json()[field], *value, "{field}");
        }
        assert_ne!(changed.header("etag"), created.header("etag"));
        assert_eq!(changed.header("watchtower-revision"), (revision + 1).to_string());
        assert_eq!(server.get(&item).await.expect(200).text, changed.text);

        server.delete(&item).await.expect(204);
        server.get(&item).await.refused(404, "not-found");
        server.delete(&item).await.refused(404, "not-found");
        assert_eq!(server.get(path).await.expect(200).text, list_before.text);
        let anew =
            server.send(server.request(Method::PUT, &item).json(&sent).header("if-none-match", "*")).await.expect(201);
        assert!(path.ends_with("/episodes") || anew.text == created.text, "{}", anew.text);
    }
}

#[tokio::test]
async fn every_collection_takes_one_object_or_many_by_post() {
    let server = with_anchor().await;
    for collection in collections() {
        eprintln!("{}", collection.path);
        let Collection { path, id_field, sent, patch, .. } = collection;
        let with_id = |id: &str, object: &Value| {
            let mut object = object.clone();
            object[id_field] = id.into();
            object
        };
        let one = server.post(path, &with_id("one", &sent)).await.expect(201);
        assert_eq!(one.json()[id_field], "one");
        assert_eq!(one.header("location"), format!("{path}/one"));
        assert_eq!(server.post(path, &with_id("one", &sent)).await.expect(200).text, one.text);
        let many = json!([with_id("one", &sent), with_id("two", &sent), with_id("three", &sent)]);
        let answer = server.post(path, &many).await.expect(200);
        let counts = json!({"revision": server.revision().await, "created": 2, "updated": 0, "deleted": 0, "unchanged": 1, "warnings": []});
        let mut said = answer.json();
        said["warnings"] = json!([]);
        assert_eq!(said, counts);
        assert_eq!(answer.header("watchtower-revision"), counts["revision"].to_string());
        // Not named, not deleted; not named, back to the default.
        let mut replaced = with_id("two", &sent);
        replaced.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
        let answer = server.post(path, &json!([replaced])).await.expect(200).json();
        assert_eq!((&answer["updated"], &answer["deleted"]), (&json!(1), &json!(0)), "{answer}");
        assert_eq!(server.get(&format!("{path}/three")).await.expect(200).json()[id_field], "three");
    }
}

#[tokio::test]
async fn every_collection_is_replaced_by_put_in_the_order_that_was_sent() {
    let server = TestServer::with_project().await;
    for collection in collections().into_iter().filter(|collection| collection.path != "/api/projects") {
        eprintln!("{}", collection.path);
        server.put("/api/projects/p/shots/anchor", &json!({"name": "anchor"})).await;
        let Collection { path, id_field, sent, .. } = collection;
        let list = |ids: &[&str]| -> Value {
            let with_id = |id: &&str| {
                let mut object = sent.clone();
                object[id_field] = (*id).into();
                object
            };
            ids.iter().map(with_id).collect()
        };
        let ids = async || -> Vec<String> {
            let list = server.get(path).await.expect(200).json();
            list.as_array().unwrap().iter().map(|entity| entity[id_field].as_str().unwrap().to_owned()).collect()
        };
        let replace = async |ids: &[&str]| {
            let answer = server.put(path, &list(ids)).await.expect(200).json();
            ["created", "updated", "deleted", "unchanged"].map(|count| answer[count].as_u64().unwrap())
        };
        if path.ends_with("/shots") {
            // Not `anchor`, whose tasks belong to another collection of this test.
            server.put(path, &json!([])).await.expect(200);
        }
        assert_eq!(replace(&["c", "a", "b"]).await, [3, 0, 0, 0]);
        assert_eq!(ids().await, ["c", "a", "b"]);
        assert_eq!(replace(&["c", "a", "b"]).await, [0, 0, 0, 3]);
        assert_eq!(replace(&["a", "d", "b", "c"]).await[0], 1);
        assert_eq!(ids().await, ["a", "d", "b", "c"]);
        // A new one alone goes last; an old one stays where it is.
        server.put(&format!("{path}/0"), &sent).await.expect(201);
        server.put(&format!("{path}/d"), &sent).await.expect(200);
        assert_eq!(ids().await, ["a", "d", "b", "c", "0"]);
        assert_eq!(replace(&["0", "d"]).await[2], 3);
        assert_eq!(ids().await, ["0", "d"]);
        assert_eq!(replace(&[]).await, [0, 0, 2, 0]);
        assert_eq!(ids().await, [""; 0]);
    }
}

#[tokio::test]
async fn the_list_of_projects_is_replaced_by_put_with_everything_in_them() {
    let mut server = with_anchor().await;
    let projects = json!([{"id": "q", "name": "Q"}, {"id": "r", "name": "R"}]);
    let answer = server.put("/api/projects?wait=published", &projects).await.expect(200).json();
    assert_eq!((&answer["created"], &answer["deleted"]), (&json!(2), &json!(1)));
    server.get("/data/projects/p/shots.json").await.expect(404);
    server.put("/api/projects/p", &json!({"name": "P"})).await.expect(201);
    for _ in 0..2 {
        assert_eq!(server.get("/api/projects/p/shots").await.expect(200).json(), json!([]));
        let listed = server.get("/api/projects").await.json();
        let ids: Vec<_> = listed.as_array().unwrap().iter().map(|project| project["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["q", "r", "p"]);
        server.restart().await;
    }
}

#[tokio::test]
async fn the_order_of_lists_is_that_of_the_tree_and_survives_a_restart() {
    let mut server = TestServer::with_project().await;
    let shots: Value = ["m", "z", "a"]
        .iter()
        .map(|id| json!({"id": id, "name": id, "data": {"frame_in": 0, "frame_out": 10}}))
        .collect();
    server.put("/api/projects/p/shots", &shots).await.expect(200);
    server
        .put("/api/projects/p/shots/b", &json!({"name": "b", "data": {"frame_in": 0, "frame_out": 10}}))
        .await
        .expect(201);
    server.rendered().await;
    for _ in 0..2 {
        for list in [server.tree("projects/p/shots.json").await, server.get("/api/projects/p/shots").await.json()] {
            let ids: Vec<_> = list.as_array().unwrap().iter().map(|shot| shot["id"].as_str().unwrap()).collect();
            assert_eq!(ids, ["m", "z", "a", "b"]);
        }
        server.restart().await;
    }
}

#[tokio::test]
async fn ids_that_were_not_sent_are_made_up_and_told() {
    let server = TestServer::with_project().await;
    let answer = server.post("/api/users", &json!({"name": "Ada"})).await.expect(201);
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 36);
    assert_eq!(answer.header("location"), format!("/api/users/{id}"));
    assert_eq!(server.get(&format!("/api/users/{id}")).await.expect(200).text, answer.text);
    let shots = json!([
        {"name": "A", "tasks": [{"task_type_id": "anim"}]},
        {"id": "b", "name": "B", "tasks": [{"id": "t"}, {"id": null}]},
    ]);
    let made_up = server.post("/api/projects/p/shots", &shots).await.expect(200).json()["generated_ids"].clone();
    let pointers: Vec<_> = made_up.as_object().unwrap().keys().collect();
    assert_eq!(pointers, ["/0", "/0/tasks/0", "/1/tasks/1"]);
    let list = server.get("/api/projects/p/shots").await.json();
    assert_eq!(list[0]["id"], made_up["/0"]);
    assert_eq!(list[0]["tasks"][0]["id"], made_up["/0/tasks/0"]);
    assert_eq!(list[1]["tasks"][1]["id"], made_up["/1/tasks/1"]);
    let change = json!({"op": "put", "kind": "users", "value": {"name": "Bob"}});
    let made_up =
        server.post("/api/batch", &json!({"changes": [change]})).await.expect(200).json()["generated_ids"].clone();
    server.get(&format!("/api/users/{}", made_up["/changes/0/value"].as_str().unwrap())).await.expect(200);
}

#[tokio::test]
async fn an_unknown_field_of_one_entity_does_not_make_its_answer_a_bulk_answer() {
    let server = TestServer::start().await;
    // As Flow sends people.
    let answer =
        server.post("/api/users", &json!({"id": "ada", "name": "Ada", "projects": [{"id": 1}]})).await.expect(201);
    assert_eq!(answer.json()["name"], "Ada");
    assert!(answer.header("watchtower-warnings").contains("projects"));
}
