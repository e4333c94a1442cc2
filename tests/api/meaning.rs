//! What the server takes an entity to mean: defaults, other spellings, what refers to what, what is shown.

use serde_json::{Value, json};

use crate::support::TestServer;

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entity| entity["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn put_returns_what_it_does_not_name_to_the_default_but_leaves_the_tasks() {
    let server = TestServer::with_project().await;
    for list in ["shots", "assets"] {
        let path = format!("/api/projects/p/{list}/a");
        let tasks = json!([{"id": format!("{list}-t1")}, {"id": format!("{list}-t2")}]);
        server
            .put(&path, &json!({"name": "A", "thumbnailUrl": "a.png", "canceled": true, "tasks": tasks}))
            .await
            .expect(201);
        let replaced = server.put(&path, &json!({"name": "B"})).await.expect(200).json();
        assert_eq!(
            (&replaced["name"], &replaced["thumbnailUrl"], &replaced["canceled"]),
            (&json!("B"), &Value::Null, &json!(false))
        );
        assert_eq!(ids(&replaced["tasks"]).len(), 2);
        // As a list, too.
        server.put(&format!("/api/projects/p/{list}"), &json!([{"id": "a", "name": "C"}])).await.expect(200);
        assert_eq!(ids(&server.get(&path).await.json()["tasks"]).len(), 2);
        let patched =
            server.patch(&path, &json!({"tasks": [{"id": format!("{list}-t2")}, {"id": format!("{list}-t3")}]})).await;
        assert_eq!(ids(&patched.expect(200).json()["tasks"]), [format!("{list}-t2"), format!("{list}-t3")]);
        let bare = server.put(&path, &json!({"name": "C", "tasks": []})).await.expect(200).json();
        assert_eq!(bare["tasks"], json!([]));
    }
    assert_eq!(server.get("/api/projects/p/tasks").await.json(), json!([]));
}

#[tokio::test]
async fn put_of_a_project_leaves_its_lists_unless_it_names_them() {
    let server = TestServer::with_project().await;
    server.put("/api/projects/p/shots", &json!([{"id": "a", "name": "A"}, {"id": "b", "name": "B"}])).await.expect(200);
    server.put("/api/projects/p/assets", &json!([{"id": "c", "name": "C"}])).await.expect(200);
    server.put("/api/projects/p", &json!({"name": "P2", "fps": 30})).await.expect(200);
    server
        .put("/api/projects/p/snapshot", &json!({"name": "P3", "shots": [{"id": "b", "name": "B"}]}))
        .await
        .expect(200);
    let snapshot = server.get("/api/projects/p/snapshot").await.expect(200).json();
    assert_eq!((&snapshot["name"], &snapshot["fps"]), (&json!("P3"), &json!(24)));
    assert_eq!((ids(&snapshot["shots"]), ids(&snapshot["assets"])), (vec!["b"], vec!["c"]));
    server.put("/api/projects/p", &json!({"name": "P3", "assets": []})).await.expect(200);
    assert_eq!(server.get("/api/projects/p/assets").await.json(), json!([]));
}

#[tokio::test]
async fn a_task_may_be_moved_and_stays_with_its_owner_if_none_is_named() {
    let server = TestServer::with_project().await;
    server.put("/api/projects/p/shots/s", &json!({"name": "S", "tasks": [{"id": "t"}]})).await.expect(201);
    server.put("/api/projects/p/assets/a", &json!({"name": "A"})).await.expect(201);
    let task = "/api/projects/p/tasks/t";
    assert_eq!(server.put(task, &json!({"assignees": ["ada"]})).await.expect(200).json()["shot_id"], "s");
    let moved = server.patch(task, &json!({"asset_id": "a"})).await.expect(200).json();
    assert_eq!((&moved["shot_id"], &moved["asset_id"]), (&Value::Null, &json!("a")));
    assert_eq!(server.get("/api/projects/p/shots/s").await.json()["tasks"], json!([]));
    assert_eq!(ids(&server.get("/api/projects/p/assets/a").await.json()["tasks"]), ["t"]);
    let moved = server.put(task, &json!({"shot_id": "s"})).await.expect(200).json();
    assert_eq!((&moved["shot_id"], &moved["asset_id"]), (&json!("s"), &Value::Null));
    assert_eq!(ids(&server.get("/api/projects/p/shots/s").await.json()["tasks"]), ["t"]);
}

#[tokio::test]
async fn what_belongs_to_a_shot_or_asset_goes_with_it() {
    let server = TestServer::with_project().await;
    let shots =
        json!([{"id": "a", "name": "A", "tasks": [{"id": "ta"}]}, {"id": "b", "name": "B", "tasks": [{"id": "tb"}]}]);
    server.put("/api/projects/p/shots", &shots).await.expect(200);
    server.put("/api/projects/p/assets", &json!([{"id": "c", "name": "C", "tasks": [{"id": "tc"}]}])).await.expect(200);
    server
        .put("/api/projects/p/casting", &json!([{"shot_id": "a", "asset_ids": ["c"]}, {"shot_id": "b"}]))
        .await
        .expect(200);
    server.delete("/api/projects/p/shots/a").await.expect(204);
    assert_eq!(ids(&server.get("/api/projects/p/tasks").await.json()), ["tb", "tc"]);
    assert_eq!(server.get("/api/projects/p/casting").await.json(), json!([{"shot_id": "b", "asset_ids": []}]));
    let answer = server.put("/api/projects/p/shots", &json!([])).await.expect(200).json();
    assert_eq!(answer["deleted"], 3, "a shot, its task and its casting: {answer}");
    server.delete("/api/projects/p/assets/c").await.expect(204);
    assert_eq!(server.get("/api/projects/p/tasks").await.json(), json!([]));
}

#[tokio::test]
async fn numbers_and_truths_may_come_as_text_and_ids_as_numbers() {
    let server = TestServer::start().await;
    server
        .put("/api/projects/7", &json!({"id": 7, "name": 2049, "fps": "23.976", "team": [12, "bob"]}))
        .await
        .expect(201);
    let project = server.get("/api/projects/7").await.json();
    assert_eq!((&project["id"], &project["name"], &project["fps"]), (&json!("7"), &json!("2049"), &json!(23.976)));
    assert_eq!(project["team"], json!(["12", "bob"]));
    let data =
        json!({"frame_in": "1001", "frame_out": "1025.0", "nb_frames": "24", "deep": {"z": 1, "a": [null, 1.50]}});
    let shot = json!({"name": "A", "fps": "24000/1001", "canceled": "false", "data": data});
    let shot = server.put("/api/projects/7/shots/1", &shot).await.expect(201).json();
    // `data` is the tracker's: kept to the letter.
    assert_eq!(shot["data"].to_string(), data.to_string());
    assert_eq!((&shot["startFrame"], &shot["durationSeconds"]), (&json!(1001), &json!(1.001)));
    server.put("/api/projects/7/edits/e", &json!({"frameOffset": "-10", "totalFrames": "1200.0"})).await.expect(201);
    server.rendered().await;
    let edit = server.tree("projects/7/edit.json").await;
    assert_eq!((&edit["frameOffset"], &edit["totalFrames"]), (&json!(-10), &json!(1200)));
    assert_eq!(server.tree("projects/7/shots.json").await[0]["startFrame"], 1001);
}

#[tokio::test]
async fn a_shot_without_a_frame_rate_takes_that_of_its_project() {
    let server = TestServer::with_project().await;
    let data = json!({"frame_in": 0, "frame_out": 100});
    server
        .put(
            "/api/projects/p/shots",
            &json!([{"id": "a", "name": "A", "data": data}, {"id": "b", "name": "B", "data": data, "fps": 50}]),
        )
        .await
        .expect(200);
    server.patch("/api/projects/p", &json!({"fps": 25})).await.expect(200);
    server.rendered().await;
    for list in [server.tree("projects/p/shots.json").await, server.get("/api/projects/p/shots").await.json()] {
        assert_eq!((&list[0]["durationSeconds"], &list[1]["durationSeconds"]), (&json!(4.0), &json!(2.0)));
    }
    let shown = server.tree("projects/p/shots.json").await;
    assert_eq!((&shown[0]["fps"], &shown[1]["fps"]), (&json!(25), &json!(50)));
}

#[tokio::test]
async fn the_objects_that_the_newer_layout_embeds_in_a_project_are_read() {
    let server = TestServer::start().await;
    server.put("/api/users/bob", &json!({"name": "Bob", "has_avatar": true})).await.expect(201);
    let project = json!({
        "id": "p", "name": "P", "ratio": "2.35:1", "resolution": "2048x858", "fps": 24, "thumbnailUrl": null,
        "asset_types": [{"id": "prop", "name": "Prop"}],
        "task_types": [{"id": "anim", "name": "Animation", "color": "#f00", "for_shots": true}],
        "task_statuses": [{"id": "done", "name": "Done", "color": "#0f0"}],
        "team": [{"id": "ada", "full_name": "Ada Lovelace", "has_avatar": false}, {"id": "bob"}, "eve"],
        "episodes": [{"id": "e1", "name": "One", "sequences": [{"id": "s1", "name": "Opening"}, {"id": "s2", "name": "Chase"}]}],
    });
    let answer = server.put("/api/projects/p/snapshot", &project).await.expect(200).json();
    assert_eq!(answer["warnings"], json!([]));
    let kept = server.get("/api/projects/p").await.json();
    assert_eq!((&kept["team"], &kept["task_types"]), (&json!(["ada", "bob", "eve"]), &json!(["anim"])));
    assert_eq!((&kept["asset_types"], &kept["task_statuses"]), (&json!(["prop"]), &json!(["done"])));
    assert_eq!(server.get("/api/users/ada").await.json()["name"], "Ada Lovelace");
    assert_eq!(server.get("/api/users/bob").await.json()["has_avatar"], true);
    assert_eq!(server.get("/api/task-types/anim").await.json()["color"], "#ff0000");
    server.get("/api/users/eve").await.expect(404);
    let sequences = server.get("/api/projects/p/sequences").await.json();
    assert_eq!(ids(&sequences), ["s1", "s2"]);
    assert_eq!((&sequences[0]["name"], &sequences[0]["episode_id"]), (&json!("Opening"), &json!("e1")));
    // The other names of fields.
    server.patch("/api/projects/p", &json!({"task_status": ["wip"]})).await.expect(200);
    assert_eq!(server.get("/api/projects/p").await.json()["task_statuses"], json!(["wip"]));
    let edit = server.put("/api/projects/p/edits/cut", &json!({"name": "Cut", "episodeId": "e1"})).await.expect(201);
    assert_eq!(edit.json()["episode_id"], "e1");
    server.patch("/api/projects/p/sequences/s1", &json!({"episodeId": null})).await.expect(200);
    assert_eq!(server.get("/api/projects/p/episodes/e1").await.json()["sequences"], json!(["s2"]));
}

#[tokio::test]
async fn episodes_and_sequences_name_each_other_and_whichever_came_last_is_right() {
    let server = TestServer::with_project().await;
    let episodes = json!([{"id": "e1", "name": "One", "sequences": ["b", "a"]}, {"id": "e2", "name": "Two"}]);
    server.put("/api/projects/p/episodes", &episodes).await.expect(200);
    // Named before they were sent; sent without a word of their episode.
    let sequences: Value = ["a", "b", "c"].iter().map(|id| json!({"id": id, "name": id})).collect();
    server.put("/api/projects/p/sequences", &sequences).await.expect(200);
    let state = async || {
        let episodes = server.get("/api/projects/p/episodes").await.json();
        let sequences = server.get("/api/projects/p/sequences").await.json();
        let of_episodes: Vec<_> =
            episodes.as_array().unwrap().iter().map(|episode| episode["sequences"].clone()).collect();
        let of_sequences: Vec<_> =
            sequences.as_array().unwrap().iter().map(|sequence| sequence["episode_id"].clone()).collect();
        (json!(of_episodes), json!(of_sequences))
    };
    assert_eq!(state().await, (json!([["b", "a"], []]), json!(["e1", "e1", null])));
    server.patch("/api/projects/p/sequences/a", &json!({"episode_id": "e2"})).await.expect(200);
    assert_eq!(state().await, (json!([["b"], ["a"]]), json!(["e2", "e1", null])));
    server.patch("/api/projects/p/episodes/e1", &json!({"sequences": ["c", {"id": "a"}]})).await.expect(200);
    assert_eq!(state().await, (json!([["c", "a"], []]), json!(["e1", null, "e1"])));
    server.put("/api/projects/p/sequences/c", &json!({"name": "c", "episode_id": null})).await.expect(200);
    assert_eq!(state().await, (json!([["a"], []]), json!(["e1", null, null])));
    // Not named, not touched.
    server.put("/api/projects/p/sequences/a", &json!({"name": "A"})).await.expect(200);
    server.put("/api/projects/p/episodes/e1", &json!({"name": "1"})).await.expect(200);
    assert_eq!(state().await, (json!([["a"], []]), json!(["e1", null, null])));
    server.delete("/api/projects/p/sequences/a").await.expect(204);
    server.put("/api/projects/p/sequences/a", &json!({"name": "A"})).await.expect(201);
    assert_eq!(state().await, (json!([[], []]), json!([null, null, null])));
}

#[tokio::test]
async fn a_sequence_that_only_changes_its_episode_counts_as_updated() {
    let server = TestServer::with_project().await;
    server.put("/api/projects/p/sequences", &json!([{"id": "a", "name": "A"}])).await.expect(200);
    let counts = async |path: &str, list: Value| {
        let answer = server.post(path, &list).await.expect(200).json();
        (answer["updated"].clone(), answer["unchanged"].clone())
    };
    let one = (json!(1), json!(0));
    assert_eq!(counts("/api/projects/p/sequences", json!([{"id": "a", "name": "A", "episode_id": "e1"}])).await, one);
    server.put("/api/projects/p/episodes/e2", &json!({"name": "Two"})).await.expect(201);
    assert_eq!(counts("/api/projects/p/episodes", json!([{"id": "e2", "name": "Two", "sequences": ["a"]}])).await, one);
    let none = (json!(0), json!(1));
    assert_eq!(
        counts("/api/projects/p/episodes", json!([{"id": "e2", "name": "Two", "sequences": ["a"]}])).await,
        none
    );
}

#[tokio::test]
async fn canceled_things_are_kept_but_not_shown() {
    let server = TestServer::with_project().await;
    let data = json!({"frame_in": 0, "frame_out": 24});
    let snapshot = json!({
        "name": "P",
        "sequences": [{"id": "s1", "name": "S1"}, {"id": "s2", "name": "S2"}],
        "shots": [
            {"id": "a", "name": "A", "data": data, "sequence_id": "s1", "tasks": [{"id": "ta", "task_type_id": "t", "task_status_id": "d"}]},
            {"id": "b", "name": "B", "data": data, "sequence_id": "s2"},
            {"id": "c", "name": "C", "data": data},
        ],
        "assets": [{"id": "x", "name": "X"}, {"id": "y", "name": "Y"}],
        "casting": [{"shot_id": "a", "asset_ids": ["x", "y"]}, {"shot_id": "c", "asset_ids": ["x", "y"]}],
        "edits": [{"id": "cut", "name": "Cut", "totalFrames": 500}],
    });
    server.put("/api/projects/p/snapshot", &snapshot).await.expect(200);
    for (list, id) in [("shots", "a"), ("assets", "y"), ("sequences", "s2"), ("edits", "cut")] {
        let kept =
            server.patch(&format!("/api/projects/p/{list}/{id}"), &json!({"canceled": true})).await.expect(200).json();
        assert_eq!(kept["canceled"], true);
    }
    server.rendered().await;
    let tree = async |file: &str| server.tree(&format!("projects/p/{file}.json")).await;
    // `b` is in a canceled sequence.
    assert_eq!(ids(&tree("shots").await), ["c"]);
    assert_eq!(ids(&tree("assets").await), ["x"]);
    assert_eq!(ids(&tree("sequences").await), ["s1"]);
    assert_eq!(tree("casting").await, json!([{"shot_id": "c", "asset_ids": ["x"]}]));
    assert_eq!(tree("edit").await["totalFrames"], 24);
    let kept = server.get("/api/projects/p/shots/a").await.expect(200).json();
    assert_eq!((ids(&kept["tasks"]), &kept["data"]), (vec!["ta"], &data));
    assert_eq!(ids(&server.get("/api/projects/p/shots").await.json()), ["a", "b", "c"]);
    // And they come back as they were.
    for (list, id) in [("shots", "a"), ("assets", "y"), ("sequences", "s2"), ("edits", "cut")] {
        server.patch(&format!("/api/projects/p/{list}/{id}"), &json!({"canceled": false})).await.expect(200);
    }
    server.rendered().await;
    assert_eq!(ids(&tree("shots").await), ["a", "b", "c"]);
    assert_eq!(ids(&tree("shots").await[0]["tasks"]), ["ta"]);
    assert_eq!(tree("edit").await["totalFrames"], 500);
}

#[tokio::test]
async fn fields_that_are_unknown_are_left_out_and_named_with_their_number() {
    let server = TestServer::with_project().await;
    let shot = |n: usize| json!({"id": format!("s{n}"), "name": "S", "nb_frames": 7, "code/x": 1, "data": {"any": {"thing": n}}});
    let list: Value = (0..50).map(shot).collect();
    let warnings = server.put("/api/projects/p/shots", &list).await.expect(200).json()["warnings"].clone();
    let unknown: Vec<_> = warnings
        .as_array()
        .unwrap()
        .iter()
        .filter(|warning| warning["detail"].as_str().unwrap().contains("unknown"))
        .collect();
    assert_eq!(unknown.len(), 2, "{warnings}");
    assert_eq!((&unknown[0]["pointer"], &unknown[0]["count"]), (&json!("/0/nb_frames"), &json!(50)));
    assert_eq!((&unknown[1]["pointer"], &unknown[1]["count"]), (&json!("/0/code~1x"), &json!(50)));
    let kept = server.get("/api/projects/p/shots/s7").await.json();
    assert_eq!((kept.get("nb_frames"), &kept["data"]), (None, &json!({"any": {"thing": 7}})));
    // Alone, and in a patch, the warning is in a header, in ASCII.
    let answer = server.patch("/api/projects/p/shots/s7", &json!({"größe": 1})).await.expect(200);
    let warnings: Value = serde_json::from_str(answer.header("watchtower-warnings")).unwrap();
    assert_eq!(warnings[0]["pointer"], "/größe");
    for (path, body, pointer) in [
        ("/api/context", json!({"starships": []}), "/starships"),
        ("/api/projects/p/snapshot", json!({"name": "P", "crew": []}), "/crew"),
    ] {
        let answer = server.put(path, &body).await.expect(200).json();
        assert_eq!(answer["warnings"][0]["pointer"], pointer, "{answer}");
    }
    let change = json!({"op": "delete", "kind": "users", "id": "x", "why": "gone"});
    let answer = server.post("/api/batch", &json!({"changes": [change], "by": "me"})).await.expect(200).json();
    assert_eq!(answer["warnings"].as_array().unwrap().len(), 2, "{answer}");
}
