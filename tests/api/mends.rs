//! What the reference writes wrongly, and the page needs rightly: in both layouts, each fault by its name.

use reqwest::Method;
use serde_json::{Value, json};
use watchtower_server::{layout::Layout, media::blank::blank_movie};

use crate::support::TestServer;

/// A server with both layouts and a project `p`, made of these bodies.
async fn with(context: Value, project: Value) -> TestServer {
    let server = TestServer::of_both_layouts().await;
    server.put("/api/context", &context).await.expect(200);
    server.put("/api/projects/p/snapshot?wait=published", &project).await.expect(200);
    server
}

async fn tree(server: &TestServer, layout: Layout, path: &str) -> Value {
    let answer = reqwest::get(format!("http://{}/data/{path}", server.address_of(layout))).await.unwrap();
    assert!(answer.status().is_success(), "{path}");
    answer.json().await.unwrap()
}

/// `project.json` of the 1.0 layout, with its embedded objects, and `context.json` of the classic one.
async fn embedded(server: &TestServer) -> (Value, Value) {
    (
        tree(server, Layout::V1, "projects/p/project.json").await,
        tree(server, Layout::Classic, "projects/context.json").await,
    )
}

#[tokio::test]
async fn nobody_is_nameless_though_1_0_writes_name_where_its_page_reads_full_name() {
    let users = json!([{"id": "u", "name": "Ada Byron"}]);
    let server = with(json!({"users": users}), json!({"name": "P", "team": ["u"]})).await;
    let (v1, classic) = embedded(&server).await;
    for person in [&v1["team"][0], &classic["users"][0]] {
        assert_eq!((&person["name"], &person["full_name"]), (&json!("Ada Byron"), &json!("Ada Byron")));
    }
}

#[tokio::test]
async fn no_picture_is_asked_for_at_undefined_though_0_1_leaves_thumbnail_url_out() {
    let users = json!([{"id": "u", "name": "U", "has_avatar": true, "thumbnailUrl": "/data/previews/u.png"}, {"id": "v", "name": "V"}]);
    let server = with(json!({"users": users}), json!({"name": "P", "team": ["u", "v"]})).await;
    let (v1, classic) = embedded(&server).await;
    for people in [&v1["team"], &classic["users"]] {
        // Without a leading slash: the page puts one before it.
        assert_eq!(people[0]["thumbnailUrl"], "data/previews/u.png");
        assert_eq!((&people[1]["thumbnailUrl"], &people[1]["has_avatar"]), (&json!(null), &json!(false)));
    }
}

#[tokio::test]
async fn has_avatar_is_true_only_with_a_picture_to_show_though_1_0_says_it_of_everybody() {
    let users = json!([{"id": "u", "name": "U", "has_avatar": true}]);
    let server = with(json!({"users": users}), json!({"name": "P", "team": ["u"]})).await;
    let (v1, classic) = embedded(&server).await;
    for person in [&v1["team"][0], &classic["users"][0]] {
        let picture = person["thumbnailUrl"].as_str().unwrap();
        assert_eq!(person["has_avatar"], true);
        server.get(&format!("/{picture}")).await.expect(200);
    }
}

#[tokio::test]
async fn colours_leave_as_six_digits_and_nothing_as_grey_though_null_loses_the_whole_project() {
    let types = json!([{"id": "a", "name": "A", "color": "#fff"}, {"id": "b", "name": "B", "color": null}, {"id": "c", "name": "C", "color": "202,225,202"}]);
    let statuses = json!([{"id": "a", "name": "A", "color": "red"}, {"id": "b", "name": "B"}]);
    let project = json!({"name": "P", "task_types": ["a", "b", "c"], "task_statuses": ["a", "b"]});
    let server = with(json!({"task_types": types, "task_statuses": statuses}), project).await;
    let (v1, classic) = embedded(&server).await;
    let colors = |list: &Value| list.as_array().unwrap().iter().map(|one| one["color"].clone()).collect::<Vec<_>>();
    for (types, statuses) in
        [(&v1["task_types"], &v1["task_statuses"]), (&classic["task_types"], &classic["task_status"])]
    {
        assert_eq!(colors(types), ["#ffffff", "#999999", "#cae1ca"]);
        assert_eq!(colors(statuses), ["#ff0000", "#999999"]);
    }
}

#[tokio::test]
async fn episodes_are_always_a_list_and_thumbnail_url_always_a_key() {
    let server = with(json!({}), json!({"name": "P", "shots": [{"id": "s", "name": "S", "data": {"frame_in": 0, "frame_out": 5}}], "assets": [{"id": "a", "name": "A"}]})).await;
    let list = tree(&server, Layout::V1, "projects-list/index.json").await;
    assert_eq!(list["projects"][0], json!({"name": "P", "id": "p", "thumbnailUrl": null, "episodes": []}));
    assert_eq!(embedded(&server).await.0["episodes"], json!([]));
    for layout in [Layout::Classic, Layout::V1] {
        for file in ["shots", "assets"] {
            let entity = tree(&server, layout, &format!("projects/p/{file}.json")).await[0].clone();
            assert_eq!(entity.get("thumbnailUrl"), Some(&Value::Null), "{file}");
            assert_eq!(entity["tasks"], json!([]));
        }
    }
}

#[tokio::test]
async fn fps_and_times_are_numbers_though_trackers_send_text_and_text_concatenates() {
    let shot = json!({"id": "s", "name": "S", "fps": "12.5", "data": {"frame_in": "101", "frame_out": "126.0"}});
    let server = with(json!({}), json!({"name": "P", "fps": "25", "shots": [shot]})).await;
    for layout in [Layout::Classic, Layout::V1] {
        assert_eq!(tree(&server, layout, "projects/p/project.json").await["fps"], 25);
        let shot = tree(&server, layout, "projects/p/shots.json").await[0].clone();
        assert_eq!(
            (&shot["startFrame"], &shot["durationSeconds"], &shot["fps"]),
            (&json!(101), &json!(2.0), &json!(12.5))
        );
        assert_eq!(
            shot["data"],
            json!({"frame_in": "101", "frame_out": "126.0"}),
            "what the tracker keeps is untouched"
        );
    }
}

#[tokio::test]
async fn a_shot_that_starts_at_frame_0_is_there_though_1_0_drops_it() {
    let server = with(
        json!({}),
        json!({"name": "P", "shots": [{"id": "s", "name": "S", "data": {"frame_in": 0, "frame_out": 5}}]}),
    )
    .await;
    for layout in [Layout::Classic, Layout::V1] {
        assert_eq!(tree(&server, layout, "projects/p/shots.json").await[0]["startFrame"], 0);
    }
}

#[tokio::test]
async fn a_project_without_an_edit_gets_one_as_long_as_its_last_frame_with_a_movie_to_play() {
    let shots = json!([{"id": "s", "name": "S", "data": {"frame_in": 10, "frame_out": 100}}, {"id": "t", "name": "T", "data": {"frame_in": 100, "frame_out": 148}}]);
    let server = with(json!({}), json!({"name": "P", "shots": shots})).await;
    let edit = tree(&server, Layout::Classic, "projects/p/edit.json").await;
    assert_eq!(
        edit,
        json!({"totalFrames": 148, "frameOffset": 0, "sourceName": "data/projects/p/edit.mp4", "sourceType": "video/mp4"})
    );
    let edits = tree(&server, Layout::V1, "projects/p/edits.json").await;
    assert_eq!(
        edits,
        json!([{"totalFrames": 148, "frameOffset": 0, "sourceName": "data/projects/p/edit-edit.mp4", "sourceType": "video/mp4", "episodeId": null, "id": "edit"}])
    );
    for (layout, edit) in [(Layout::Classic, &edit), (Layout::V1, &edits[0])] {
        let url = format!("http://{}/{}", server.address_of(layout), edit["sourceName"].as_str().unwrap());
        let movie = server.client.get(&url).header("range", "bytes=4-7").send().await.unwrap();
        assert_eq!(movie.status(), 206);
        assert_eq!(movie.headers()["content-type"], "video/mp4");
        assert_eq!(movie.bytes().await.unwrap(), "ftyp");
        // A range of a file that was replaced since is the whole file: never spliced.
        let stale =
            server.client.get(&url).header("range", "bytes=4-7").header("if-range", "\"other\"").send().await.unwrap();
        assert_eq!(stale.status(), 200);
    }
}

#[tokio::test]
async fn the_page_is_led_into_the_frame_that_it_looks_for_though_by_itself_it_finds_the_one_before() {
    let edits = json!([{"id": "cut", "frameOffset": 10}]);
    let server = with(json!({}), json!({"name": "P", "edits": edits})).await;
    let movie = blank_movie(24, 24.0);
    let upload = server.request(Method::PUT, "/api/projects/p/edits/cut/movie?wait=published").body(movie);
    server.send(upload).await.expect(201);
    let edits = tree(&server, Layout::V1, "projects/p/edits.json").await;
    for edit in [&edits[0], &tree(&server, Layout::Classic, "projects/p/edit.json").await] {
        assert_eq!((&edit["frameOffset"], &edit["totalFrames"]), (&json!(9.75), &json!(34)));
    }
    // The API keeps whole frames, also when it is given the tree's own file.
    server.put("/api/projects/p/edits", &edits).await.expect(200);
    let edit = server.get("/api/projects/p/edits/cut").await.expect(200).json();
    assert_eq!((&edit["frameOffset"], &edit["movie"]["frames"]), (&json!(10), &json!(24)));
    server.patch("/api/projects/p/edits/cut", &json!({"frameOffset": 9.5})).await.refused(422, "invalid");
}

#[tokio::test]
async fn every_episode_has_an_edit_though_the_page_shows_nothing_where_one_is_missing() {
    let sequences =
        json!([{"id": "q1", "name": "Q1", "episode_id": "e1"}, {"id": "q2", "name": "Q2", "episode_id": "e2"}]);
    let shot = |id: &str, sequence: &str, end: i64| json!({"id": id, "name": id, "sequence_id": sequence, "data": {"frame_in": 0, "frame_out": end}});
    let project = json!({"name": "P", "episodes": [{"id": "e1", "name": "E1"}, {"id": "e2", "name": "E2"}], "sequences": sequences,
        "shots": [shot("a", "q1", 50), shot("b", "q2", 70)], "edits": [{"id": "cut", "episode_id": "e1", "totalFrames": 55}]});
    let server = with(json!({}), project).await;
    let edits = tree(&server, Layout::V1, "projects/p/edits.json").await;
    let of = |edit: &Value| (edit["episodeId"].clone(), edit["totalFrames"].clone());
    assert_eq!(
        edits.as_array().unwrap().iter().map(of).collect::<Vec<_>>(),
        [(json!("e1"), json!(55)), (json!("e2"), json!(70))]
    );
}

#[tokio::test]
async fn total_frames_is_never_0_where_there_are_shots_though_the_timeline_is_empty_then() {
    let project = json!({"name": "P", "shots": [{"id": "s", "name": "S", "data": {"frame_in": 0, "frame_out": 48}}], "edits": [{"id": "e", "totalFrames": 0}]});
    let server = with(json!({}), project).await;
    assert_eq!(tree(&server, Layout::Classic, "projects/p/edit.json").await["totalFrames"], 48);
    assert_eq!(tree(&server, Layout::V1, "projects/p/edits.json").await[0]["totalFrames"], 48);
}

#[tokio::test]
async fn casting_has_one_entry_a_shot_and_only_what_is_in_the_tree_though_the_reference_crashes_or_writes_an_empty_one()
{
    let shot = |id: &str, canceled: bool| json!({"id": id, "name": id, "canceled": canceled, "data": {"frame_in": 0, "frame_out": 5}});
    let project = json!({"name": "P", "shots": [shot("s", false), shot("gone", true)],
        "assets": [{"id": "a", "name": "A"}, {"id": "b", "name": "B", "canceled": true}],
        "casting": [{}, {"shot_id": "s", "asset_ids": ["a", "b", "never-sent", "a"]}, {"shot_id": "gone", "asset_ids": ["a"]}, {"shot_id": "unknown", "asset_ids": ["a"]}]});
    let server = with(json!({}), project).await;
    for layout in [Layout::Classic, Layout::V1] {
        assert_eq!(
            tree(&server, layout, "projects/p/casting.json").await,
            json!([{"shot_id": "s", "asset_ids": ["a"]}])
        );
    }
}

#[tokio::test]
async fn what_is_canceled_is_kept_but_out_of_the_tree() {
    let shot = |id: &str, sequence: &str, canceled: bool| json!({"id": id, "name": id, "sequence_id": sequence, "canceled": canceled, "data": {"frame_in": 0, "frame_out": 5}});
    let project = json!({"name": "P", "sequences": [{"id": "q", "name": "Q"}, {"id": "r", "name": "R", "canceled": true}],
        "shots": [shot("a", "q", false), shot("b", "q", true), shot("c", "r", false)], "assets": [{"id": "x", "name": "X", "canceled": true}],
        "edits": [{"id": "old", "canceled": true, "totalFrames": 9}, {"id": "new", "totalFrames": 5}]});
    let server = with(json!({}), project).await;
    for layout in [Layout::Classic, Layout::V1] {
        let list = async |file: &str| {
            tree(&server, layout, &format!("projects/p/{file}.json")).await.as_array().unwrap().len()
        };
        assert_eq!((list("shots").await, list("assets").await, list("sequences").await), (1, 0, 1), "{layout:?}");
    }
    assert_eq!(tree(&server, Layout::Classic, "projects/p/edit.json").await["totalFrames"], 5);
    assert_eq!(server.get("/api/projects/p/shots").await.json().as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn task_counts_have_timestamp_and_count_though_1_0_writes_x_and_y_and_no_chart_appears() {
    let context = json!({"task_types": [{"id": "t", "name": "T"}], "task_statuses": [{"id": "done", "name": "Done"}]});
    let task = |id: &str, task_type: &str| json!({"id": id, "task_type_id": task_type, "task_status_id": "done"});
    let shot = json!({"id": "s", "name": "S", "data": {"frame_in": 0, "frame_out": 5}, "tasks": [task("1", "t"), task("2", "unlisted")]});
    let project = json!({"name": "P", "task_types": ["t"], "task_statuses": ["done"], "shots": [shot]});
    let server = with(context, project).await;
    // A task type that the project does not list has no chart, and the page complains of it.
    let wanted = json!([{"task_type_id": "t", "episode_id": null, "task_statuses": [
        {"task_status_id": "done", "data": [{"timestamp": "2026-01-01T23:59:59Z", "count": 1}]}]}]);
    assert_eq!(tree(&server, Layout::V1, "projects/p/task_counts.json").await, wanted);
}

#[tokio::test]
async fn pictures_below_the_page_have_no_leading_slash_and_urls_stay_as_they_came() {
    let shot = |id: &str, url: &str| json!({"id": id, "name": id, "thumbnailUrl": url, "data": {"frame_in": 0, "frame_out": 5}});
    let project = json!({"name": "P", "thumbnailUrl": "//data/p.png", "shots": [shot("a", "/data/a.png"), shot("b", "https://tracker.example/b.png"), shot("c", "")]});
    let server = with(json!({}), project).await;
    for layout in [Layout::Classic, Layout::V1] {
        let shots = tree(&server, layout, "projects/p/shots.json").await;
        let urls: Vec<_> = (0..3).map(|index| shots[index]["thumbnailUrl"].clone()).collect();
        assert_eq!(urls, [json!("data/a.png"), json!("https://tracker.example/b.png"), json!(null)]);
        assert_eq!(tree(&server, layout, "projects/p/project.json").await["thumbnailUrl"], "data/p.png");
    }
}
