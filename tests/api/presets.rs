//! The built-in mappings, tracker by tracker, against what trackers send: `tests/webhooks/<mapping>/*.json`.
//!
//! A file has what came (`headers`, `body`), the changes that are to be made of it, in their order, and a note of where its form
//! is known from. `alter` has lines of the mapping and what a studio puts in their place: the top of each mapping is there to
//! be altered.

use std::{collections::BTreeMap, path::PathBuf};

use jaq_core::{Compiler, Ctx, Vars, data, load, unwrap_valr};
use jaq_json::{Val, read};
use serde::Deserialize;
use serde_json::{Value, json};
use watchtower_server::model::{fault::At, wire::Reader};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    #[serde(skip)]
    name: String,
    note: String,
    #[serde(default)]
    alter: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Value,
    changes: Vec<Value>,
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

    fn input(&self) -> Value {
        json!({"headers": self.headers, "body": self.body})
    }
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The fixtures of a mapping, by name.
fn fixtures(mapping: &str) -> Vec<Fixture> {
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
#[expect(clippy::unused_async, reason = "the server runs mappings in another process")]
async fn run(program: &str, input: &Value) -> Vec<Value> {
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = load::Arena::default();
    let file = load::File { code: program, path: () };
    let modules = load::Loader::new(definitions).load(&arena, file).unwrap_or_else(|faults| panic!("{faults:?}"));
    let compiled = Compiler::default().with_funs(functions).compile(modules);
    let filter = compiled.unwrap_or_else(|faults| panic!("{faults:?}"));
    let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
    let input = read::parse_single(input.to_string().as_bytes()).unwrap();
    let outputs = filter.id.run((context, input)).map(unwrap_valr);
    outputs.map(|output| serde_json::from_str(&output.unwrap().to_string()).unwrap()).collect()
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
    for fixture in fixtures {
        assert!(!fixture.note.is_empty(), "{mapping}/{} says where it is from", fixture.name);
        let made = run(&fixture.program(mapping), &fixture.input()).await;
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
