//! Events of a tracker come in any order: what counts is when they happened.

use std::collections::BTreeMap;

use proptest::{collection::vec, option::weighted, prelude::*, sample::select, strategy::BoxedStrategy};
use serde_json::{Map, Value, json};
use watchtower_server::model::{Entity, Kind, scope::Key};

use super::{
    asks::{Ask, IDS, fitting, id, is_offered, references},
    beginning, config, run,
    world::{State, World},
};

/// What happened, but for the time: the change, and whether it ends its entity.
type Event = (Value, bool);

/// Patches of all kinds, and members added and removed.
fn event() -> impl Strategy<Value = Event> {
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| is_offered(*kind)).collect();
    (select(kinds), id()).prop_flat_map(|(kind, id)| {
        let id = if kind == Kind::Project { "p" } else { id };
        let change = move |op: &str, value: Value| {
            let mut change = json!({"op": op, "kind": kind.plural(), "id": id, "value": value});
            if !kind.is_studio_wide() {
                change["project"] = json!("p");
            }
            change
        };
        let is_list = |field: &&str| Entity::empty(kind).members(field).is_some();
        let lists: Vec<_> = kind.fields().iter().map(|field| field.name).filter(is_list).collect();
        let mut events = vec![(6, patch(kind).prop_map(move |value| (change("merge", value), false)).boxed())];
        if !lists.is_empty() {
            let members = (select(vec!["add", "remove"]), select(lists), references());
            events.push((4, members.prop_map(move |(op, list, ids)| (change(op, json!({list: ids})), false)).boxed()));
        }
        if kind != Kind::Project {
            events.push((1, Just((change("delete", Value::Null), true)).boxed()));
        }
        proptest::strategy::Union::new_weighted(events)
    })
}

/// A patch of some fields. Tasks stay with their shots and assets: those may have gone when a late event comes.
fn patch(kind: Kind) -> BoxedStrategy<Value> {
    let fields = kind.fields().iter().filter(|field| !["shot_id", "asset_id"].contains(&field.name));
    let mut names: Vec<&str> = fields.clone().map(|field| field.name).collect();
    let mut values: Vec<_> =
        fields.map(|field| weighted(0.4, if field.name == "data" { data() } else { fitting(field) }).boxed()).collect();
    if kind == Kind::Sequence {
        names.push("episode_id");
        values.push(weighted(0.6, prop_oneof![3 => id().prop_map(Value::from), 1 => Just(Value::Null)]).boxed());
    }
    values
        .prop_map(move |values| {
            let members = names.iter().zip(values).filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
            Value::Object(members.collect())
        })
        .boxed()
}

/// Some members of `data`: each is as independent as a field.
fn data() -> BoxedStrategy<Value> {
    let value = prop_oneof![3 => (0..50).prop_map(Value::from), 1 => Just(Value::Null), 1 => Just(json!("x"))];
    let members = vec((select(vec!["x", "y", "z"]), value), 0..3);
    members
        .prop_map(|members| Value::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Map<_, _>>()))
        .boxed()
}

/// Events as they happened, each at its own time, what ends something after everything else; and the same as they came.
fn events() -> impl Strategy<Value = (Vec<Value>, Vec<Value>)> {
    vec(event(), 2..14).prop_flat_map(|mut events| {
        events.sort_by_key(|(_, ends)| *ends);
        let timed = events.into_iter().enumerate().map(|(second, (mut change, _))| {
            change["at"] = json!(format!("2026-02-01T00:00:{second:02}Z"));
            change
        });
        let timed: Vec<Value> = timed.collect();
        (Just(timed.clone()), Just(timed).prop_shuffle())
    })
}

/// The entities without their places, lists of members without their order: both are as things came.
fn entities(state: &State) -> BTreeMap<Key, Value> {
    let sorted = |mut value: Value| {
        for list in value.as_object_mut().unwrap().values_mut().filter_map(Value::as_array_mut) {
            list.sort_by_key(Value::to_string);
        }
        value
    };
    state.records().into_iter().map(|(key, record)| (key, sorted(record.entity.to_json()))).collect()
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn events_with_times_may_come_in_any_order((happened, came) in events()) {
        run(async {
            let (first, second) = (World::new().await, World::new().await);
            for (world, events) in [(&first, happened), (&second, came)] {
                world.ask(&beginning()).await.unwrap();
                world.ask(&context()).await.unwrap();
                for event in events {
                    world.ask(&Ask::batch(vec![event])).await.unwrap();
                }
                world.check().await;
            }
            let (first, second) = (entities(&first.state().await), entities(&second.state().await));
            let differ = first.keys().chain(second.keys()).filter(|key| first.get(key) != second.get(key));
            let differ: Vec<_> = differ.map(|key| (key, first.get(key), second.get(key))).collect();
            assert!(differ.is_empty(), "{differ:#?}");
        });
    }
}

/// Everything that events are about, for which only names are needed. Tasks and sequences stay as they are.
fn context() -> Ask {
    let kinds = Kind::ALL.iter().filter(|kind| is_offered(**kind) && ![Kind::Project, Kind::Task].contains(kind));
    let all = kinds.flat_map(|kind| {
        IDS.map(|id| {
            let value = json!({"name": id});
            let mut change = json!({"op": "merge", "kind": kind.plural(), "id": id, "value": value});
            if !kind.is_studio_wide() {
                change["project"] = json!("p");
            }
            change
        })
    });
    let task = json!({"op": "put", "kind": "tasks", "project": "p", "value": {"id": "d", "asset_id": "d"}});
    Ask::batch(all.chain([task]).collect())
}
