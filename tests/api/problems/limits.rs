//! What is more than a page can take, and what is listed and never used.

use serde_json::{Value, json};
use watchtower_server::layout::Layout;

use super::{Found, found_in};
use crate::support::TestServer;

fn numbered(count: u32, each: impl Fn(u32) -> Value) -> Value {
    (0..count).map(each).collect()
}

fn shot(index: u32, sequence: &str, picture: bool) -> Value {
    let picture = picture.then_some("pictures/of-the-page.png");
    let data = json!({"frame_in": index * 10, "frame_out": index * 10 + 10});
    json!({"id": format!("{sequence}.{index}"), "name": format!("{index:05}"), "sequence_id": sequence, "data": data, "thumbnailUrl": picture})
}

#[tokio::test]
async fn the_page_has_room_for_2048_pictures_and_says_so_from_the_next_on() {
    let server = TestServer::with_project().await;
    server.put("/api/projects/p/sequences", &json!([{"id": "s", "name": "S"}])).await.expect(200);
    // Shots without pictures take the place of one as well; where none has a picture, none is missed.
    server.put("/api/projects/p/shots", &numbered(2049, |index| shot(index, "s", false))).await.expect(200);
    assert_eq!(found_in(&server, "").await, []);
    server.put("/api/projects/p/shots", &numbered(2049, |index| shot(index, "s", index == 7))).await.expect(200);
    let found = found_in(&server, "").await;
    assert_eq!(found.iter().map(Found::named).collect::<Vec<_>>(), ["too-many-pictures projects/p P"]);
    assert_eq!(
        found[0].detail,
        "it has 2049 shots, 1 of them with pictures: the page has room for 2048, and shows none"
    );
    server.patch("/api/projects/p/shots/s.0", &json!({"canceled": true})).await.expect(200);
    let found = found_in(&server, "?problem=too-many-pictures").await;
    assert_eq!(found, []);
}

#[tokio::test]
async fn the_1_0_page_shows_an_episode_at_a_time_and_any_number_of_sequences() {
    let sequences = numbered(22, |index| json!({"id": format!("s{index}"), "name": format!("S{index}")}));
    let half = |sequence: &str| (0..1500).map(|index| shot(index, sequence, true)).collect::<Vec<_>>();
    let shots = [half("s0"), half("s1")].concat();
    let snapshot = json!({
        "name": "P", "sequences": sequences, "shots": shots,
        "episodes": [{"id": "e0", "name": "E0", "sequences": ["s0"]}, {"id": "e1", "name": "E1", "sequences": ["s1"]}],
    });
    for (layout, expected) in [
        (Layout::V1, &[][..]),
        (Layout::Classic, &["too-many-pictures projects/p P", "too-many-sequences sequences/s21 S21"]),
    ] {
        let server = TestServer::of_layout(layout).await;
        server.put("/api/projects/p/snapshot", &snapshot).await.expect(200);
        assert_eq!(found_in(&server, "").await.iter().map(Found::named).collect::<Vec<_>>(), expected, "{layout:?}");
    }
}

#[tokio::test]
async fn a_status_that_no_task_ever_had_is_a_hint() {
    let server = TestServer::start().await;
    let named = |ids: &[&str]| -> Value { ids.iter().map(|id| json!({"id": id, "name": id})).collect() };
    let context = json!({"task_types": named(&["anim"]), "task_statuses": named(&["todo", "wip", "done", "other"])});
    server.put("/api/context", &context).await.expect(200);
    let project = json!({"name": "P", "task_statuses": ["todo", "wip", "done"]});
    server.put("/api/projects/p", &project).await.expect(201);
    assert_eq!(found_in(&server, "").await, [], "a project without tasks has used none yet");
    let task = |id: &str, status: &str| json!({"id": id, "task_type_id": "anim", "task_status_id": status});
    let shot = json!({"id": "a", "name": "A", "data": {"frame_in": 0, "frame_out": 10},
        "tasks": [task("t", "todo"), task("u", "wip")]});
    server.put("/api/projects/p/shots", &json!([shot])).await.expect(200);
    let found = found_in(&server, "").await;
    assert_eq!(found.iter().map(Found::named).collect::<Vec<_>>(), ["unused-status task-statuses/done done"]);
    assert_eq!(found[0].severity, "hint");
    // What was used once is not unused for being empty now.
    server.patch("/api/projects/p/tasks/t", &json!({"task_status_id": "done"})).await.expect(200);
    assert_eq!(found_in(&server, "").await, []);
}
