//! What strangers send to a webhook goes through a built-in mapping, and what the server reads of a filter's process becomes
//! changes: in both ways there are proper changes in the end, or faults.
//!
//! The first character of an input says which mapping it goes through; `=` says that it is what a filter's process answers, and
//! `?` that it is a filter.

#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::Value;
use watchtower_server::{
    model::{fault::At, wire::Reader},
    webhook::{
        PRESETS,
        filter::{Answer, Failure, Limits, Program, input},
    },
};

/// Longer filters, and deeper ones, may use up the stack, for which they have a process of their own.
const LONGEST_FILTER: usize = 400;

thread_local! {
    static COMPILED: RefCell<Vec<Option<Program>>> = RefCell::new(PRESETS.iter().map(|_| None).collect());
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((way, rest)) = data.split_first() else { return Corpus::Reject };
    match way {
        b'=' => {
            if let Ok(Answer::Changes(changes)) = Answer::read(rest) {
                check(&changes);
            }
        }
        b'?' if rest.len() > LONGEST_FILTER => return Corpus::Reject,
        b'?' => {
            let Ok(text) = std::str::from_utf8(rest) else { return Corpus::Reject };
            if let Err(Failure::DoesNotCompile(faults)) = Program::compile(text).map(drop) {
                let lines = text.split('\n').count();
                assert!(faults.iter().all(|fault| (1..=lines).contains(&fault.line) && fault.column > 0), "{faults:?}");
            }
        }
        way => map(usize::from(*way) % PRESETS.len(), rest),
    }
    Corpus::Keep
});

/// Takes a delivery through a built-in mapping.
fn map(preset: usize, body: &[u8]) {
    let headers = [("Content-Type", "application/json"), ("X-Ayon-Event", "x"), ("x-twice", "a"), ("X-Twice", "b")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let Ok(input) = input(&headers, body) else { return };
    let made = COMPILED.with_borrow_mut(|compiled| {
        let program = compiled[preset].get_or_insert_with(|| match Program::compile(PRESETS[preset].1) {
            Ok(program) => program,
            Err(failure) => panic!("{failure}"),
        });
        program.run(input.into_bytes(), &Limits::default())
    });
    let Ok(made) = made else { return };
    match Answer::read(&Answer::of_changes(&made)) {
        Ok(Answer::Changes(changes)) => check(&changes),
        other => panic!("{other:?} was read of {}", String::from_utf8_lossy(&made)),
    }
}

/// Reads changes as the server does.
fn check(changes: &[Value]) {
    let mut reader = Reader::default();
    for (index, change) in changes.iter().enumerate() {
        reader.change(change.clone(), At::Root.key("changes").index(index));
    }
    let _ = reader.findings.into_result();
}
