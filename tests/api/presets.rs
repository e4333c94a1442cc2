//! The built-in mappings, tracker by tracker, against what trackers send: `tests/webhooks/<mapping>/*.json`.
//!
//! A file has what came (`headers`, `body`), the changes that are to be made of it, in their order, and a note of where its form
//! is known from. `alter` has lines of the mapping and what a studio puts in their place: the top of each mapping is there to
//! be altered.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use watchtower_server::{
    model::{fault::At, wire::Reader},
    webhook::{
        filter::{self, Limits, Runner},
        preset,
    },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    #[serde(skip)]
    pub name: String,
    note: String,
    #[serde(default)]
    pub alter: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
    pub body: Value,
    pub changes: Vec<Value>,
}

impl Fixture {
    /// The mapping as it is, or as a studio altered it.
    fn program(&self, mapping: &str) -> String {
        let path = repository().join(format!("src/webhook/presets/{mapping}.jq"));
        self.alter.iter().fold(std::fs::read_to_string(path).unwrap(), |program, (line, other)| {
            assert_eq!(program.matches(line).count(), 1, "{}: {mapping}.jq has this line once: {line}", self.name);
            program.replace(line, other)
        })
    }
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The fixtures of a mapping, by name.
pub fn fixtures(mapping: &str) -> Vec<Fixture> {
    let folder = repository().join("tests/webhooks").join(mapping);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let fixture: Fixture =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Fixture { name: path.file_stem().unwrap().to_string_lossy().into_owned(), ..fixture }
    };
    paths.iter().map(read).collect()
}

/// What a mapping makes of an input.
async fn run(runner: &mut Runner, fixture: &Fixture) -> Vec<Value> {
    let headers: Vec<(String, String)> = fixture.headers.clone().into_iter().collect();
    let input = filter::input(&headers, fixture.body.to_string().as_bytes()).unwrap();
    runner.run(&input).await.unwrap_or_else(|failure| panic!("{}: {failure}", fixture.name))
}

fn runner(program: &str) -> Runner {
    Runner::new(program, env!("CARGO_BIN_EXE_watchtower-server").into(), Limits::default())
}

/// Numbers that are the same, whether they are written as `24` or as `24.0`.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(elements) => elements.iter().map(plain).collect(),
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        other => other.clone(),
    }
}

fn lines(changes: &[Value]) -> String {
    changes.iter().fold(String::new(), |lines, change| lines + "\n    " + &change.to_string())
}

/// Fails with all fixtures of which the mapping makes something else.
async fn assert_maps(mapping: &str) {
    let fixtures = fixtures(mapping);
    assert!(fixtures.len() >= 10, "{mapping} has {} fixtures", fixtures.len());
    let mut wrong = Vec::new();
    let mut usual = runner(preset(mapping).unwrap());
    for fixture in fixtures {
        assert!(!fixture.note.is_empty(), "{mapping}/{} says where it is from", fixture.name);
        let made = if fixture.alter.is_empty() {
            run(&mut usual, &fixture).await
        } else {
            run(&mut runner(&fixture.program(mapping)), &fixture).await
        };
        if plain(&made.clone().into()) != plain(&fixture.changes.clone().into()) {
            let (made, meant) = (lines(&made), lines(&fixture.changes));
            wrong.push(format!("{mapping}/{}:\n  made{made}\n  instead of{meant}", fixture.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn flow_events_become_the_changes_that_are_meant() {
    assert_maps("flow").await;
}

#[tokio::test]
async fn ftrack_events_become_the_changes_that_are_meant() {
    assert_maps("ftrack").await;
}

#[tokio::test]
async fn kitsu_events_become_the_changes_that_are_meant() {
    assert_maps("kitsu").await;
}

#[tokio::test]
async fn ayon_events_become_the_changes_that_are_meant() {
    assert_maps("ayon").await;
}

#[tokio::test]
async fn changes_pass_as_they_came() {
    assert_maps("changes").await;
}

/// A misspelt field would be left out with a warning, and a wrong value would refuse the whole delivery.
#[test]
fn what_mappings_make_is_in_the_batch_form() {
    for mapping in ["flow", "ftrack", "kitsu", "ayon"] {
        for fixture in fixtures(mapping) {
            for change in fixture.changes {
                let mut reader = Reader::default();
                reader.change(change.clone(), At::Root);
                let read = reader.findings.into_result();
                assert_eq!(
                    read.map_err(|faults| format!("{faults:?}")),
                    Ok(Vec::new()),
                    "{mapping}/{}: {change}",
                    fixture.name
                );
            }
        }
    }
}
