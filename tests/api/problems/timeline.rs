//! Shots lie end to end on the timeline; where they do not, it is said, and briefly.

use serde_json::{Value, json};

use super::{Found, found_in};
use crate::support::TestServer;

fn shots(ranges: &[(f64, f64)]) -> Value {
    let shot = |(index, (first, last)): (usize, &(f64, f64))| {
        let name = format!("{:04}", (index + 1) * 10);
        json!({"id": format!("s{name}"), "name": name, "data": {"frame_in": first, "frame_out": last}})
    };
    ranges.iter().enumerate().map(shot).collect()
}

/// A server whose project has shots with these ranges, and what is wrong with it.
async fn problems_of(ranges: &[(f64, f64)]) -> Vec<Found> {
    let server = TestServer::with_project().await;
    server.put("/api/projects/p/shots", &shots(ranges)).await.expect(200);
    found_in(&server, "").await
}

/// Ranges of so many shots, each this long, and each this much later than the last ended (earlier if it is negative).
fn ranges(count: u32, length: f64, apart: f64) -> Vec<(f64, f64)> {
    let start = |index: u32| f64::from(index) * (length + apart);
    (0..count).map(|index| (start(index), start(index) + length)).collect()
}

#[tokio::test]
async fn an_overlap_and_a_gap_name_both_shots() {
    let found = problems_of(&[(0.0, 100.0), (90.0, 200.0), (200.0, 300.0), (312.0, 400.0)]).await;
    let [overlap, gap] = &found[..] else { panic!("{found:?}") };
    assert_eq!(overlap.named(), "overlap shots/s0020 0020, shots/s0010");
    assert_eq!(overlap.detail, "it begins at frame 90, and 0010 ends only at 100: they overlap by 10 frames");
    assert_eq!(gap.named(), "gap shots/s0040 0040, shots/s0030");
    assert_eq!(gap.detail, "0030 ends at frame 300, and it begins only at 312: there is no shot for 12 frames");
}

#[tokio::test]
async fn shots_that_lie_end_to_end_are_fine_in_any_order_and_with_rounding() {
    for fine in [
        vec![],
        vec![(1001.0, 1050.0)],
        vec![(200.0, 300.0), (0.0, 100.0), (100.0, 200.0)],
        vec![(0.0, 100.2), (100.0, 200.0), (200.3, 300.0)],
        // A shot without length is in nobody's way.
        vec![(0.0, 100.0), (50.0, 50.0), (100.0, 200.0), (200.0, 200.0)],
    ] {
        assert_eq!(problems_of(&fine).await, [], "{fine:?}");
    }
}

#[tokio::test]
async fn a_shot_inside_another_overlaps_it_and_hides_no_later_overlap() {
    let found = problems_of(&[(0.0, 300.0), (50.0, 60.0), (290.0, 400.0)]).await;
    let named: Vec<String> = found.iter().map(Found::named).collect();
    assert_eq!(named, ["overlap shots/s0020 0020, shots/s0010", "overlap shots/s0030 0030, shots/s0010"]);
}

#[tokio::test]
async fn many_are_listed_up_to_ten_and_then_counted() {
    let mut many = Vec::new();
    for index in 0..15 {
        let start = f64::from(index) * 1000.0;
        many.push((start, start + 100.0 + f64::from(index)));
    }
    let found = problems_of(&many).await;
    assert_eq!(found.len(), 11, "{found:?}");
    assert!(found[..10].iter().all(|gap| gap.problem == "gap" && gap.kind == "shots"));
    assert_eq!(found[10].named(), "gap projects/p P");
    assert_eq!(found[10].detail, "4 more gaps are between shots, next 0110 and 0120");
}

#[tokio::test]
async fn what_is_wrong_with_all_shots_alike_is_one_problem_that_says_what_it_is() {
    let cases = [
        (ranges(50, 40.0, -16.0), "overlap", "49 times shots overlap by 16 frames, first 0010 and 0020: handles"),
        (ranges(50, 40.0, 1.0), "gap", "49 times a frame is missing between two shots, first 0010 and 0020: frame_out"),
        (vec![(1001.0, 1050.0); 30], "overlap", "30 of 30 shots begin at frame 1001: those seem to be frames of"),
    ];
    for (ranges, problem, begin) in cases {
        let found = problems_of(&ranges).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].named(), format!("{problem} projects/p P"));
        assert!(found[0].detail.starts_with(begin), "{:?} {begin:?}", found[0].detail);
    }
}

#[tokio::test]
async fn each_episode_has_a_timeline_of_its_own() {
    let server = TestServer::with_project().await;
    let shot = |id: &str, sequence: &str, first: i64, last: i64| {
        let data = json!({"frame_in": first, "frame_out": last});
        json!({"id": id, "name": id, "sequence_id": sequence, "data": data})
    };
    let snapshot = json!({
        "name": "P",
        "episodes": [{"id": "e1", "name": "One", "sequences": ["s1"]}, {"id": "e2", "name": "Two", "sequences": ["s2"]}],
        "sequences": [{"id": "s1", "name": "S1"}, {"id": "s2", "name": "S2"}],
        "shots": [shot("a", "s1", 0, 50), shot("b", "s1", 50, 100), shot("c", "s2", 0, 50), shot("d", "s2", 60, 100)],
        "edits": [{"id": "one", "name": "One", "episode_id": "e1", "totalFrames": 90},
            {"id": "two", "name": "Two", "episode_id": "e2", "totalFrames": 100}],
    });
    server.put("/api/projects/p/snapshot", &snapshot).await.expect(200);
    let named: Vec<String> = found_in(&server, "").await.iter().map(Found::named).collect();
    assert_eq!(named, ["gap shots/d d, shots/c", "shots-beyond-the-edit edits/one One"]);
}

#[tokio::test]
async fn what_is_canceled_or_has_no_range_is_not_on_the_timeline() {
    let server = TestServer::with_project().await;
    let snapshot = json!({
        "name": "P",
        "sequences": [{"id": "old", "name": "Old", "canceled": true}],
        "shots": [
            {"id": "a", "name": "A", "data": {"frame_in": 0, "frame_out": 50}},
            {"id": "x", "name": "X", "data": {"frame_in": 10, "frame_out": 90}, "canceled": true},
            {"id": "y", "name": "Y", "data": {"frame_in": 10, "frame_out": 90}, "sequence_id": "old",
                "tasks": [{"id": "t", "task_type_id": "nothing", "task_status_id": "none", "assignees": ["nobody"]}]},
            {"id": "z", "name": "Z", "sequence_id": "old"},
            {"id": "b", "name": "B", "data": {"frame_in": 50, "frame_out": 90}},
        ],
        "casting": [{"shot_id": "y", "asset_ids": ["nothing"]}],
    });
    server.put("/api/projects/p/snapshot", &snapshot).await.expect(200);
    assert_eq!(found_in(&server, "").await, []);
    server.patch("/api/projects/p/sequences/old", &json!({"canceled": false})).await.expect(200);
    let problems: Vec<String> = found_in(&server, "").await.into_iter().map(|found| found.problem).collect();
    assert_eq!(
        problems,
        [
            "no-range",
            "overlap",
            "overlap",
            "dangling-reference",
            "dangling-reference",
            "dangling-reference",
            "dangling-reference"
        ]
    );
}
