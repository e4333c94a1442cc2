//! The examples of the documentation do what it says.

use serde_json::{Value, json};
use watchtower_server::model::{fault::At, wire::Reader};

use super::{DEADLINE, filter, input};

const DOCUMENT: &str = include_str!("../../../docs/webhooks.md");

/// The blocks of code, each with its language.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let (_, section) = DOCUMENT.split_once("\n### Examples\n").unwrap();
    let (section, _) = section.split_once("\n### ").unwrap();
    section.split("```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap()).collect()
}

#[tokio::test]
async fn the_examples_make_what_they_say() {
    let blocks = blocks();
    assert_eq!(blocks.len(), 3 * 5);
    for example in blocks.chunks(3) {
        let [("jq", text), ("json", given), ("json", expected)] = example else { panic!("{example:?}") };
        let given: Value = serde_json::from_str(given).unwrap();
        let expected: Vec<Value> = serde_json::from_str(expected).unwrap();
        // Most of them show the body alone.
        let whole = if given.get("headers").is_some() {
            given.to_string()
        } else {
            input(&[], given.to_string().as_bytes()).unwrap()
        };
        let made = tokio::time::timeout(DEADLINE, filter(text).run(&whole)).await.unwrap();
        assert_eq!(made.as_ref(), Ok(&expected), "{text}");

        let mut reader = Reader::default();
        reader.batch(json!({"changes": expected}), At::Root);
        let warnings = reader.findings.into_result().unwrap();
        assert!(warnings.is_empty(), "{text}: {warnings:?}");
    }
}
