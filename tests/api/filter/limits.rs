//! A filter that takes too much is stopped, and the next run goes well.

use std::time::Duration;

use serde_json::json;
use watchtower_server::webhook::filter::{Failure, Limits, Runner};

use super::{failure, limited, patient, run};

/// Long enough for what ends at once, also where other tests are run.
const SHORT: Duration = Duration::from_millis(500);

/// A filter that does something bad when it is told to, and otherwise gives back what it gets.
fn either(bad: &str, limits: Limits) -> Runner {
    limited(&format!("if .body == \"bad\" then ({bad}) else .body end"), limits)
}

/// Tells it, and then sees that it works.
async fn stopped(bad: &str, limits: Limits) -> Failure {
    let mut filter = either(bad, limits);
    assert_eq!(run(&mut filter, "1").await, Ok(vec![json!(1)]));
    let failure = run(&mut filter, "\"bad\"").await.expect_err(bad);
    assert_eq!(run(&mut filter, "2").await, Ok(vec![json!(2)]), "after {bad}");
    failure
}

#[tokio::test]
async fn a_loop_without_an_end_is_stopped() {
    let limits = Limits { time: SHORT, ..patient() };
    for endless in ["def f: f; f", "last(repeat(1))", "reduce range(0; infinite) as $i (0; $i)", "until(false; .)"] {
        assert_eq!(stopped(endless, limits).await, Failure::Time(limits.time), "{endless}");
    }
    assert!(Failure::Time(limits.time).to_string().contains("longer than 0.5 s"));
}

#[tokio::test]
async fn memory_ends() {
    let limits = Limits { memory: 32 << 20, ..patient() };
    for large in [
        "[range(0; infinite)]",
        "[range(1000000000)]",
        "\"x\" * 1000000000",
        "\"x\" * 1000000000000000000",
        "reduce range(40) as $i (\"x\"; . + .)",
        "reduce range(40) as $i ([1]; . + .)",
        "[limit(100000000; repeat({a: 1}))]",
    ] {
        assert_eq!(stopped(large, limits).await, Failure::Memory(limits.memory), "{large}");
    }
    assert!(Failure::Memory(limits.memory).to_string().contains("32 MiB"));
}

#[tokio::test]
async fn what_fits_into_memory_is_made() {
    let limits = Limits { memory: 64 << 20, ..patient() };
    let mut filter = limited("[range(1000000)] | length", limits);
    for _ in 0..3 {
        assert_eq!(run(&mut filter, "1").await, Ok(vec![json!(1_000_000)]));
    }
}

#[tokio::test]
async fn an_input_for_which_there_is_no_memory_is_told() {
    let limits = Limits { memory: 8 << 20, ..patient() };
    let mut filter = limited(".body | length", limits);
    let huge = format!("\"{}\"", "x".repeat(20 << 20));
    assert_eq!(run(&mut filter, &huge).await, Err(Failure::Memory(limits.memory)));
    assert_eq!(run(&mut filter, "\"four\"").await, Ok(vec![json!(4)]));
}

#[tokio::test]
async fn a_large_input_goes_through() {
    let mut filter = limited(".body | length", patient());
    let large = format!("\"{}\"", "x".repeat(20 << 20));
    assert_eq!(run(&mut filter, &large).await, Ok(vec![json!(20 << 20)]));
}

#[tokio::test]
async fn the_stack_ends() {
    for deep in ["def f: 1 + f; f", "def f: [f]; f", "def f: f | .a; f"] {
        assert_eq!(stopped(deep, patient()).await, Failure::Stack, "{deep}");
    }
    // Nobody means this who sends it.
    let nested = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
    assert_eq!(failure(".body | length", &nested).await, Failure::Stack);
}

#[tokio::test]
async fn outputs_are_counted() {
    let limits = Limits { changes: 3, ..patient() };
    for many in ["1, 2, 3, 4", "[1, 2], [3, 4]", "[range(4)]", "range(infinite)", "repeat(1)"] {
        assert_eq!(stopped(many, limits).await, Failure::Changes(3), "{many}");
    }
    let mut filter = limited("null, 1, [], [2, null], 3, null", limits);
    assert_eq!(run(&mut filter, "1").await, Ok(vec![json!(1), json!(2), json!(3)]));
}

#[tokio::test]
async fn outputs_are_measured() {
    let limits = Limits { bytes: 100, ..patient() };
    for long in ["\"x\" * 100", "range(1000)", "[range(1000)]", "{(\"x\" * 100): 1}", "repeat({a: 1})"] {
        assert_eq!(stopped(long, limits).await, Failure::Bytes(100), "{long}");
    }
    let mut filter = limited("\"x\" * 90", limits);
    assert_eq!(run(&mut filter, "1").await, Ok(vec![json!("x".repeat(90))]));
}

#[tokio::test]
async fn nesting_ends() {
    let nested = |depth: u32| format!("reduce range({depth}) as $i (0; {{a: .}})");
    let mut filter = limited(&nested(99), patient());
    assert_eq!(run(&mut filter, "1").await.unwrap().len(), 1);
    for deep in [nested(100), nested(1000)] {
        assert_eq!(stopped(&deep, patient()).await, Failure::Nested);
    }
}

#[tokio::test]
async fn a_failure_is_told_in_short() {
    let failure = failure(".body.a", &format!("[{}1]", "1000,".repeat(100_000))).await;
    let Failure::GaveUp(words) = failure else { panic!("{failure}") };
    assert!(words.starts_with("cannot index [1000,1000,") && words.ends_with(",1] with \"a\""), "{words}");
    assert!(words.len() < 700, "{words}");
}
