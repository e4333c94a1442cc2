//! What must hold after anything that was ever asked for.

mod asks;
mod order;
mod parsers;
mod values;
mod world;

use std::collections::HashSet;

use futures_util::future::join_all;
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngSeed},
};
use serde_json::{Value, json};
use watchtower_server::{
    model::{
        Kind,
        change::{Change, Op},
        fault::Fault,
        represent::etag_of,
        scope::Key,
    },
    writer::{Outcome, Refused, Request},
};

use asks::{Ask, Way, ask, is_offered};
use world::{State, World};

/// As many cases as `PROPTEST_CASES` says, else these; the same ones at every run, unless more are asked for or
/// `PROPTEST_RNG_SEED` names others: looking for new ones is a job of its own, and no change is to fail by chance.
fn config(cases: u32) -> Config {
    let default = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_some() || std::env::var_os("PROPTEST_RNG_SEED").is_some() {
        return Config { max_shrink_iters: 600, ..default };
    }
    Config { cases, max_shrink_iters: 600, rng_seed: RngSeed::Fixed(20_260_101), ..default }
}

/// Runs a property on a thread of its own, with what async code needs.
fn run(property: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(property);
}

/// What happens next in the life of a server.
#[derive(Debug, Clone)]
enum Step {
    /// Requests that come at once, so that they share a transaction.
    Ask(Vec<Ask>),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![12 => vec(ask(), 1..5).prop_map(Step::Ask), 1 => Just(Step::Restart)];
    vec(step, 1..14)
}

/// A project to begin with, so that there is something to alter.
fn beginning() -> Ask {
    let task = |id, kind, status| json!({"id": id, "task_type_id": kind, "task_status_id": status, "assignees": ["a"]});
    let data = json!({"frame_in": 0, "frame_out": 10});
    let body = json!({
        "name": "P", "team": ["a", "b"],
        "episodes": [{"id": "a", "name": "E", "sequences": ["a", "b", "c", "d"]}, {"id": "b", "name": "F"}],
        "sequences": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}],
        "shots": [
            {"id": "a", "name": "A", "sequence_id": "a", "data": data, "tasks": [task("a", "a", "a"), task("b", "b", "a")]},
            {"id": "b", "name": "B", "sequence_id": "a", "data": data},
            {"id": "c", "name": "C", "sequence_id": "b", "data": data},
        ],
        "assets": [{"id": "a", "name": "A", "tasks": [task("c", "a", "b")]}, {"id": "b", "name": "B"}],
        "casting": [{"shot_id": "a", "asset_ids": ["a", "b"]}],
        "edits": [{"id": "a"}],
    });
    Ask { way: Way::Put(None, Kind::Project, "p"), body, dry_run: false, key: None }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn memory_equals_the_database_after_any_requests(steps in steps()) {
        run(live(steps));
    }
}

/// Lives through the steps twice, with requests that share transactions and with one at a time, and compares.
async fn live(steps: Vec<Step>) {
    let (mut together, alone) = (World::new().await, World::new().await);
    for step in [Step::Ask(vec![beginning()])].into_iter().chain(steps) {
        match step {
            Step::Restart => together.restart().await,
            Step::Ask(asks) => submit(&together, &alone, &asks).await,
        }
        together.check().await;
        let (rows, others) = (together.dump(true).await, alone.dump(true).await);
        let differ: Vec<_> = rows.iter().filter(|row| !others.contains(row)).collect();
        let missing: Vec<_> = others.iter().filter(|row| !rows.contains(row)).collect();
        assert!(rows == others, "written at once: {differ:#?}\nwritten one by one: {missing:#?}");
    }
    alone.check().await;
    assert!(together.state().await.trees() == alone.state().await.trees());
}

/// Has requests written, at once in one world and one after the other in the other.
async fn submit(together: &World, alone: &World, asks: &[Ask]) {
    let mut at_once = Vec::new();
    let mut expected = Vec::new();
    for ask in asks {
        let reader = ask.read();
        if !reader.findings.is_sound() {
            check_pointers(&ask.body, &reader.findings.into_result().unwrap_err());
            continue;
        }
        let request = || Request {
            changes: reader.changes.clone(),
            generated: reader.generated.clone(),
            actor: "test".to_owned(),
            dry_run: ask.dry_run,
            idempotency: ask.key.map(|key| (key.to_owned(), etag_of(format!("{ask:?}").as_bytes()))),
            ..Request::default()
        };
        expected.push(submit_alone(alone, ask, &request).await);
        at_once.push(together.write(request()));
    }
    let answers: Vec<String> = join_all(at_once).await.iter().map(|answer| format!("{answer:?}")).collect();
    assert_eq!(answers, expected);
}

/// Has one request written, and sees what it did to memory and database.
async fn submit_alone(world: &World, ask: &Ask, request: &impl Fn() -> Request) -> String {
    let (before, revision) = (world.state().await, world.revision());
    let dump = world.dump(false).await;
    let tried = world.write(Request { dry_run: true, idempotency: None, ..request() }).await;
    assert_eq!(world.dump(false).await, dump, "a dry run wrote something");
    assert!(world.state().await == before && world.revision() == revision);
    let answer = world.write(request()).await;
    match &answer {
        Ok(outcome) if !ask.dry_run => {
            let tried = tried.map(|tried| counts(&tried));
            if ask.key.is_none() || world.dump(false).await != dump {
                assert_eq!(tried.ok(), Some(counts(outcome)), "the dry run said something else");
                check_counts(&request().changes, &before, &world.state().await, outcome);
            }
            assert!(world.revision() == revision || world.revision() == revision + 1);
        }
        refused_or_dry => {
            assert_eq!(world.dump(false).await, dump, "{refused_or_dry:?} left something");
            assert!(world.state().await == before && world.revision() == revision);
            if let Err(Refused::Faults(faults)) = refused_or_dry {
                check_pointers(&ask.body, faults);
            }
        }
    }
    format!("{answer:?}")
}

fn counts(outcome: &Outcome) -> [usize; 4] {
    [outcome.created, outcome.updated, outcome.deleted, outcome.unchanged]
}

/// The counts of an outcome are what a look at everything before and after gives. Memberships are not counted by
/// themselves; what goes with a project is not counted, which this leaves out.
fn check_counts(changes: &[Change], before: &State, after: &State, outcome: &Outcome) {
    let mut touched = HashSet::new();
    for change in changes {
        match change {
            Change::One { key, op, .. } if key.kind == Kind::Project && *op == Op::Delete => return,
            Change::Whole { kind: Kind::Project, .. } => return,
            Change::One { key, .. } => drop(touched.insert(key.clone())),
            Change::Whole { .. } => {}
        }
    }
    // An episode with other sequences, and a sequence with another episode, is another when it is named.
    let looks_other = |key: &Key| {
        [Kind::Episode, Kind::Sequence].contains(&key.kind) && before.represent(key) != after.represent(key)
    };
    let looks_other: HashSet<Key> = touched.iter().filter(|key| looks_other(key)).cloned().collect();
    let (before, after) = (before.records(), after.records());
    touched.extend(before.keys().chain(after.keys()).cloned());
    let (mut created, mut updated, mut deleted, mut unchanged) = (0, 0, 0, 0);
    let named: HashSet<&Key> = changes
        .iter()
        .filter_map(|change| if let Change::One { key, .. } = change { Some(key) } else { None })
        .collect();
    for key in touched.iter().filter(|key| is_offered(key.kind)) {
        match (before.get(key), after.get(key)) {
            (None, Some(_)) => created += 1,
            (Some(_), None) => deleted += 1,
            (Some(before), Some(after)) if (&before.entity, before.position) != (&after.entity, after.position) => {
                updated += 1;
            }
            (Some(_), Some(_)) if looks_other.contains(key) => updated += 1,
            _ if named.contains(key) => unchanged += 1,
            _ => {}
        }
    }
    assert_eq!(counts(outcome), [created, updated, deleted, unchanged], "created, updated, deleted, unchanged");
}

/// Every fault is about a place of the body, or about a member that an object of the body lacks.
fn check_pointers(body: &Value, faults: &[Fault]) {
    assert!(!faults.is_empty() && faults.iter().all(|fault| !fault.detail.is_empty()));
    check_places(body, faults.iter().map(|fault| &*fault.pointer));
}

fn check_places<'a>(body: &Value, pointers: impl Iterator<Item = &'a str>) {
    for pointer in pointers {
        let parent = pointer.rsplit_once('/').map(|(parent, _)| parent);
        let is_missing_member = || parent.and_then(|parent| body.pointer(parent)).is_some_and(Value::is_object);
        assert!(body.pointer(pointer).is_some() || is_missing_member(), "{pointer:?} leads nowhere");
    }
}
