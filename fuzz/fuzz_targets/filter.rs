//! Any text is compiled as a filter, or refused at a place that is in it. Any text is an input for filters, and what they make of
//! it is an answer that is read again, the same. Any bytes are read as an answer, or refused.
//!
//! Filters that are any text cannot be run here: they may loop, grow and call themselves without an end, which is why the
//! server runs them in a process of its own. Those that are run end whatever they are given.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::Value;
use watchtower_server::webhook::filter::{Answer, Failure, Limits, Program};

/// A longer text finds nothing that a shorter one does not, and may be nested too deeply for the stack of this process.
const LONGEST: usize = 1000;

/// The first gives back what it gets; the others go through all of it.
const FILTERS: [&str; 6] = [
    "[.]",
    "..",
    "[paths]",
    ".. | tojson | fromjson",
    ".. | (numbers | floor, -., . + 1), (strings | length, explode, @base64, @csv \"\\(.)\", ltrimstr(\"a\"), (tonumber? // 0))",
    ".. | (arrays | join(\",\"), sort, flatten, (transpose? // [])), (objects | to_entries, with_entries(.value |= 1))",
];

static PROGRAMS: LazyLock<Vec<Program>> =
    LazyLock::new(|| FILTERS.map(|text| Program::compile(text).unwrap_or_else(|failure| panic!("{failure}"))).into());

fuzz_target!(|bytes: &[u8]| -> Corpus {
    if let Ok(Answer::Changes(changes)) = Answer::read(bytes) {
        let again = Answer::Changes(changes).to_json().expect("it was read");
        assert!(Answer::read(&again).is_ok());
    }
    let Ok(text) = str::from_utf8(bytes) else { return Corpus::Reject };
    if text.len() > LONGEST {
        return Corpus::Reject;
    }
    compile(text);
    for (index, program) in PROGRAMS.iter().enumerate() {
        run(program, text, index == 0);
    }
    Corpus::Keep
});

fn compile(text: &str) {
    let Err(failure) = Program::compile(text) else { return };
    let Failure::DoesNotCompile(faults) = failure else { panic!("{failure}") };
    assert!(!faults.is_empty());
    for fault in faults {
        let line = text.split('\n').nth(fault.line - 1).unwrap_or_else(|| panic!("{fault:?}"));
        assert!(fault.column - 1 <= line.chars().count(), "{fault:?}");
    }
}

fn run(program: &Program, text: &str, is_identity: bool) {
    let Ok(array) = program.run(text.as_bytes().to_vec(), &Limits::default()) else { return };
    let answer = Answer::read(&Answer::of_changes(&array));
    let Ok(Answer::Changes(changes)) = answer else { panic!("{answer:?}: {}", String::from_utf8_lossy(&array)) };
    // What this reads and JSON does not have, such as comments, is no matter; nor is the sign of nothing.
    if !is_identity || text.contains("-0") {
        return;
    }
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        let expected = if value.is_null() { vec![] } else { vec![value] };
        assert_eq!(changes, expected);
    }
}
