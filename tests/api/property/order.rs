//! Events of a tracker come in any order: what counts is when they happened.

use std::collections::BTreeMap;

use proptest::{
    collection::vec,
    option::weighted,
    prelude::*,
    sample::select,
    strategy::{BoxedStrategy, Union},
};
use serde_json::{Map, Value, json};
use watchtower_server::model::{Entity, Kind, entity::FieldInfo, scope::Key};

use super::{
    asks::{Ask, IDS, fitting, id, is_offered, references},
    beginning, config, run,
    world::{State, World},
};

/// What happened, but for the time: the change, and whether it ends its entity.
type Event = (Value, bool);

/// What a run of events is about.
#[derive(Debug, Clone, Copy)]
struct About {
    kind: Kind,
    id: &'static str,
    /// Whether tasks move between shots and assets. If not, those are deleted: a task cannot move to what has gone, so
    /// that both together depend on the order.
    moves: bool,
}

/// What can happen to an entity: patches, puts, members added and removed, its end.
fn event(about: About) -> BoxedStrategy<Event> {
    let About { kind, id, moves } = about;
    let change = move |op: &str, value: Value| {
        let mut change = json!({"op": op, "kind": kind.plural(), "id": id, "value": value});
        if !kind.is_studio_wide() {
            change["project"] = json!("p");
        }
        change
    };
    let is_list = |field: &&str| Entity::empty(kind).members(field).is_some();
    let lists: Vec<_> = kind.own_fields().map(|field| field.name).filter(is_list).collect();
    let mut events = vec![
        (6, object(about, 0.4, Some(0.3)).prop_map(move |value| (change("merge", value), false)).boxed()),
        (2, object(about, 0.6, None).prop_map(move |value| (change("put", value), false)).boxed()),
    ];
    if !lists.is_empty() {
        let members = (select(vec!["add", "remove"]), select(lists), references());
        events.push((6, members.prop_map(move |(op, list, ids)| (change(op, json!({list: ids})), false)).boxed()));
    }
    if kind != Kind::Project && !(moves && [Kind::Shot, Kind::Asset].contains(&kind)) {
        events.push((1, Just((change("delete", Value::Null), true)).boxed()));
    }
    Union::new_weighted(events).boxed()
}

/// Some fields, the required ones always or with another probability.
fn object(About { kind, moves, .. }: About, usual: f64, required: Option<f64>) -> BoxedStrategy<Value> {
    let is_owner = |field: &&FieldInfo| kind == Kind::Task && ["shot_id", "asset_id"].contains(&field.name);
    let fields = kind.own_fields().filter(|field| !is_owner(field));
    let value = |field: &FieldInfo| if field.name == "data" { data() } else { fitting(field) };
    let maybe = |field: &FieldInfo| match (field.required, required) {
        (true, None) => value(field).prop_map(Some).boxed(),
        (true, Some(probability)) => weighted(probability, value(field)).boxed(),
        (false, _) => weighted(usual, value(field)).boxed(),
    };
    let mut members: Vec<(&str, _)> = fields.map(|field| (field.name, maybe(field))).collect();
    if kind == Kind::Sequence {
        let episode = prop_oneof![3 => id().prop_map(Value::from), 1 => Just(Value::Null)];
        members.push(("episode_id", weighted(0.6, episode).boxed()));
    }
    if kind == Kind::Task && moves {
        let owner = (select(vec!["shot_id", "asset_id"]), id()).prop_map(|(field, id)| json!({ field: id }));
        members.push(("owner", weighted(0.5, owner).boxed()));
    }
    let (names, values): (Vec<_>, Vec<_>) = members.into_iter().unzip();
    let object = values.prop_map(move |values| {
        let members = names.iter().zip(values).filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
        let mut object: Map<String, Value> = members.collect();
        if let Some(Value::Object(owner)) = object.shift_remove("owner") {
            object.extend(owner);
        }
        Value::Object(object)
    });
    object.boxed()
}

/// Some members of `data`: each is as independent as a field.
fn data() -> BoxedStrategy<Value> {
    let value = prop_oneof![3 => (0..50).prop_map(Value::from), 1 => Just(Value::Null), 1 => Just(json!("x"))];
    let members = vec((select(vec!["x", "y", "z"]), value), 0..3);
    let object = members
        .prop_map(|members| Value::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Map<_, _>>()));
    prop_oneof![8 => object, 1 => Just(Value::Null)].boxed()
}

/// Events as they happened, each at its own time, what ends something after everything else; and the same as they came.
fn events() -> impl Strategy<Value = (Vec<Value>, Vec<Value>)> {
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| is_offered(*kind)).collect();
    let about = (any::<bool>(), vec((select(kinds), id()), 1..4)).prop_map(|(moves, entities)| {
        let about = entities.into_iter().map(|(kind, id)| {
            let id = if kind == Kind::Project { "p" } else { id };
            About { kind, id, moves }
        });
        about.collect::<Vec<_>>()
    });
    let events = about.prop_flat_map(|about| vec(select(about).prop_flat_map(event), 2..12));
    events.prop_flat_map(|mut events| {
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
                    world.ask(&Ask::batch(&[event])).await.unwrap();
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
    Ask::batch(&all.chain([task]).collect::<Vec<_>>())
}
