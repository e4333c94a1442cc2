//! Requests at random: bodies as a tracker might send them, over so few ids that they meet all the time.

use std::collections::HashSet;

use proptest::{
    collection::vec,
    option::weighted,
    prelude::*,
    sample::select,
    strategy::{BoxedStrategy, Union},
};
use serde_json::{Map, Value, json};
use watchtower_server::model::{Id, Kind, entity::FieldInfo, fault::At, wire::Reader};

use super::values::{data, nonsense, number, text};

/// The ids of everything but projects.
pub const IDS: [&str; 4] = ["a", "b", "c", "d"];
/// The ids of projects.
pub const PROJECTS: [&str; 3] = ["p", "q", "r"];

/// How a request comes in.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    Put(Option<&'static str>, Kind, &'static str),
    Merge(Option<&'static str>, Kind, &'static str),
    Delete(Option<&'static str>, Kind, &'static str),
    Each(Option<&'static str>, Kind),
    Whole(Option<&'static str>, Kind),
    Context,
    Counts(&'static str),
    Batch,
}

/// A request: where to, and with what.
#[derive(Debug, Clone)]
pub struct Ask {
    pub way: Way,
    pub body: Value,
    pub dry_run: bool,
    pub key: Option<&'static str>,
}

pub fn parse(id: &str) -> Id {
    Id::parse(id).unwrap()
}

impl Ask {
    /// A batch.
    pub fn batch(changes: &[Value]) -> Self {
        Self { way: Way::Batch, body: json!({"changes": changes}), dry_run: false, key: None }
    }

    /// Reads it as the API does.
    pub fn read(&self) -> Reader {
        let mut reader = Reader::default();
        let project = |id: Option<&str>| id.map(parse);
        let body = self.body.clone();
        match self.way {
            Way::Put(of, kind, id) => drop(reader.put(project(of).as_ref(), kind, Some(&parse(id)), body, At::Root)),
            Way::Merge(of, kind, id) => reader.merge(project(of).as_ref(), kind, &parse(id), body, At::Root),
            Way::Delete(of, kind, id) => reader.delete(project(of).as_ref(), kind, &parse(id)),
            Way::Each(of, kind) => drop(reader.each(project(of).as_ref(), kind, body, At::Root)),
            Way::Whole(of, kind) => reader.whole(project(of).as_ref(), kind, body, At::Root),
            Way::Context => reader.context(body, At::Root),
            Way::Counts(id) => reader.task_counts(&parse(id), &body, At::Root),
            Way::Batch => reader.batch(body, At::Root),
        }
        reader
    }
}

/// One of these ids.
pub fn id() -> impl Strategy<Value = &'static str> {
    select(&IDS[..])
}

fn project() -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => Just("p"), 2 => Just("q"), 1 => Just("r")]
}

/// Whether the API has a list of this kind.
pub fn is_offered(kind: Kind) -> bool {
    kind.is_studio_wide() || Kind::OF_PROJECT.contains(&kind)
}

/// A kind of the API, those more often that have most to do with each other.
fn kind() -> impl Strategy<Value = Kind> {
    let weight = |kind: Kind| match kind {
        Kind::Task => 5,
        Kind::Shot | Kind::Episode | Kind::Sequence => 3,
        Kind::Project | Kind::Asset | Kind::Casting => 2,
        _ => 1,
    };
    let offered = Kind::ALL.iter().filter(|kind| is_offered(**kind));
    Union::new_weighted(offered.map(|kind| (weight(*kind), Just(*kind))).collect())
}

fn or_null(strategy: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![8 => strategy, 1 => Just(Value::Null)].boxed()
}

/// Ids, a few as the objects that the 1.0 layout embeds.
pub fn references() -> BoxedStrategy<Value> {
    let embedded = (id(), text()).prop_map(|(id, name)| json!({"id": id, "name": name}));
    let reference = prop_oneof![6 => id().prop_map(Value::from), 1 => embedded];
    vec(reference, 0..4).prop_map(Value::from).boxed()
}

/// A value for a field, fitting but for a few.
fn value(field: &FieldInfo) -> BoxedStrategy<Value> {
    prop_oneof![80 => fitting(field), 1 => nonsense()].boxed()
}

/// A value for a field, by what its schema says.
pub fn fitting(field: &FieldInfo) -> BoxedStrategy<Value> {
    let schema = serde_json::to_value((field.schema)()).unwrap();
    let (schema, nullable) = match &schema["oneOf"] {
        Value::Array(either) => (either[0].clone(), true),
        _ => (schema, false),
    };
    let pattern = schema["pattern"].as_str().unwrap_or_default();
    let good = match schema["type"].as_str().unwrap() {
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        "integer" => (-5..300).prop_map(Value::from).boxed(),
        "number" => prop_oneof![
            select(vec![json!(24), json!("25"), json!("24000/1001"), json!(29.97)]),
            (0.01..1000.0).prop_map(|fps: f64| json!(fps)),
        ]
        .boxed(),
        "string" if pattern.contains('#') => {
            select(vec![json!("#f00"), json!("1,2,3"), json!("Red"), json!("#12345678")]).boxed()
        }
        "string" if !pattern.is_empty() => prop_oneof![12 => id().prop_map(Value::from), 1 => Just(json!(""))].boxed(),
        "string" => text().prop_map(Value::from).boxed(),
        "array" => references(),
        _ => data().boxed(),
    };
    if nullable || !field.required { or_null(good) } else { good }
}

/// The tasks of a shot or asset, the sequences of an episode, the episode of a sequence, the lists of a project.
fn elsewhere(kind: Kind) -> Vec<(&'static str, f64, BoxedStrategy<Value>)> {
    match kind {
        Kind::Shot | Kind::Asset => vec![("tasks", 0.4, list(Kind::Task, entity(Kind::Task, true, Owner::Above)))],
        Kind::Episode => {
            let named = (id(), text()).prop_map(|(id, name)| json!({"id": id, "name": name}));
            let only = id().prop_map(|id| json!({ "id": id }));
            let sequence = prop_oneof![6 => id().prop_map(Value::from), 1 => named, 1 => only];
            vec![("sequences", 0.6, or_null(vec(sequence, 0..6).prop_map(Value::from)))]
        }
        Kind::Sequence => vec![("episode_id", 0.5, or_null(id().prop_map(Value::from)))],
        Kind::Project => {
            let lists = Kind::OF_PROJECT.iter().filter(|kind| **kind != Kind::Task);
            let lists = lists.map(|kind| (kind.plural(), 0.25, list(*kind, entity(*kind, true, Owner::Said))));
            lists.chain([("tasks", 0.04, list(Kind::Task, entity(Kind::Task, true, Owner::Said)))]).collect()
        }
        _ => Vec::new(),
    }
}

/// Who says whose a task is.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    /// The task itself, as a rule.
    Said,
    /// The list that it stands in.
    Above,
    /// Nobody, as a rule: it is there already.
    Kept,
}

/// An entity to put, with nearly all that it needs, or a patch of one.
fn entity(kind: Kind, with_id: bool, owner: Owner) -> BoxedStrategy<Value> {
    object(kind, with_id, owner, (0.5, 0.97))
}

fn object(kind: Kind, with_id: bool, owner: Owner, (usual, required): (f64, f64)) -> BoxedStrategy<Value> {
    let mut members: Vec<(&str, BoxedStrategy<Option<Value>>)> = Vec::new();
    if with_id {
        members.push((kind.id_field(), weighted(0.985, id().prop_map(Value::from)).boxed()));
    }
    for field in kind.own_fields().filter(|field| !["shot_id", "asset_id"].contains(&field.name)) {
        let probability = if field.required { required } else { usual };
        members.push((field.name, weighted(probability, value(field)).boxed()));
    }
    for (name, probability, strategy) in elsewhere(kind) {
        members.push((name, weighted(probability, strategy).boxed()));
    }
    if kind == Kind::Task {
        let said = if owner == Owner::Said { 0.95 } else { 0.05 };
        let whose = (select(vec!["shot_id", "asset_id"]), id()).prop_map(|(field, id)| json!({ field: id }));
        members.push(("whose", weighted(said, whose).boxed()));
    }
    members.push(("unknown", weighted(0.02, Just(json!(1))).boxed()));
    let (names, strategies): (Vec<_>, Vec<_>) = members.into_iter().unzip();
    let object = strategies.prop_map(move |values| {
        let mut object = Map::new();
        for (name, value) in names.iter().zip(values) {
            match (*name, value) {
                ("whose", Some(Value::Object(whose))) => object.extend(whose),
                (name, Some(value)) => drop(object.insert(name.to_owned(), value)),
                (_, None) => {}
            }
        }
        Value::Object(object)
    });
    prop_oneof![150 => object, 1 => nonsense()].boxed()
}

/// A list of entities, in which hardly ever one stands twice.
fn list(kind: Kind, element: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let list = (vec(element, 0..5), proptest::bool::weighted(0.97)).prop_map(move |(mut elements, distinct)| {
        if distinct {
            keep_first(kind, &mut elements, &mut HashSet::new());
        }
        Value::Array(elements)
    });
    prop_oneof![100 => list, 1 => nonsense()].boxed()
}

/// Drops what has the id of another, also from the tasks of the shots and assets.
fn keep_first(kind: Kind, elements: &mut Vec<Value>, seen: &mut HashSet<(Kind, String)>) {
    elements.retain_mut(|element| {
        let id = element[kind.id_field()].as_str().map(str::to_owned);
        let is_first = id.is_none_or(|id| seen.insert((kind, id)));
        if is_first && let Some(tasks) = element.get_mut("tasks").and_then(Value::as_array_mut) {
            keep_first(Kind::Task, tasks, seen);
        }
        is_first
    });
}

/// Like [`keep_first`], over all lists of a snapshot.
fn keep_first_in_snapshot(project: &mut Value) {
    let mut seen = HashSet::new();
    for kind in Kind::OF_PROJECT {
        if let Some(elements) = project.get_mut(kind.plural()).and_then(Value::as_array_mut) {
            keep_first(*kind, elements, &mut seen);
        }
    }
}

fn patch(kind: Kind) -> BoxedStrategy<Value> {
    object(kind, false, Owner::Kept, (0.3, 0.4))
}

/// Times of a tracker, before and after the present, some the same.
fn time() -> impl Strategy<Value = Option<String>> {
    let day = prop_oneof![1 => Just("2025-12-31"), 2 => Just("2026-02-01")];
    weighted(0.5, (day, 0..6).prop_map(|(day, second)| format!("{day}T00:00:0{second}Z")))
}

/// One change of a batch.
fn change() -> impl Strategy<Value = Value> {
    let op =
        prop_oneof![5 => Just("put"), 5 => Just("merge"), 3 => Just("delete"), 2 => Just("add"), 2 => Just("remove")];
    let change = (op, kind(), project(), id(), time()).prop_flat_map(|(op, kind, project, id, at)| {
        let value = match op {
            "put" => entity(kind, true, Owner::Said),
            "merge" => patch(kind),
            "delete" => Just(Value::Null).boxed(),
            _ => members(kind),
        };
        // A put is about the id in its value, if it has one.
        let named = if op == "put" { weighted(0.05, Just(id)).boxed() } else { weighted(0.99, Just(id)).boxed() };
        (value, named).prop_map(move |(value, id)| {
            let mut change = json!({"op": op, "kind": kind.plural()});
            if kind == Kind::Project {
                // Projects have ids of their own; `p` lives longest.
                change["id"] = json!(id.map(|_| if op == "delete" && project == "p" { "q" } else { project }));
            } else {
                change["id"] = json!(id);
            }
            if !kind.is_studio_wide() {
                change["project"] = json!(project);
            }
            if op != "delete" {
                change["value"] = value;
            }
            if kind == Kind::Project && op == "put" && change["value"].is_object() {
                change["value"]["id"] = json!(project);
                change["id"] = json!(project);
                keep_first_in_snapshot(&mut change["value"]);
            }
            if let Some(at) = &at {
                change["at"] = json!(at);
            }
            change
        })
    });
    change.boxed()
}

/// Something that goes, and comes again as it may have been.
fn again() -> impl Strategy<Value = Vec<Value>> {
    change().prop_filter("only puts", |change| change["op"] == "put").prop_map(|put| {
        let kind = Kind::named(put["kind"].as_str().unwrap()).unwrap();
        let mut delete = put.clone();
        delete["op"] = json!("delete");
        delete["id"] = put["value"][kind.id_field()].clone();
        delete.as_object_mut().unwrap().shift_remove("value");
        vec![delete, put]
    })
}

/// Members to add to or remove from the lists of a kind.
fn members(kind: Kind) -> BoxedStrategy<Value> {
    let fields: Vec<_> = kind.own_fields().map(|field| field.name).collect();
    let is_list =
        |field: &&str| ["asset_types", "task_types", "task_statuses", "team", "assignees", "asset_ids"].contains(field);
    let lists: Vec<_> = fields.into_iter().filter(is_list).collect();
    if lists.is_empty() {
        return number().prop_map(|value| json!({"name": value})).boxed();
    }
    let ids = prop_oneof![4 => references(), 1 => id().prop_map(Value::from)];
    (select(lists), ids).prop_map(|(list, ids)| json!({list: ids})).boxed()
}

/// Counts of the past, as in `task_counts.json`.
fn counts() -> impl Strategy<Value = Value> {
    let point =
        (1..28, 0..9).prop_map(|(day, count)| json!({"timestamp": format!("2025-12-{day:02}"), "count": count}));
    let status = (id(), vec(point, 0..3)).prop_map(|(id, data)| json!({"task_status_id": id, "data": data}));
    let entry = (id(), vec(status, 0..3), prop_oneof![Just(Value::Null), id().prop_map(Value::from)]);
    let entry = entry.prop_map(
        |(id, statuses, episode)| json!({"task_type_id": id, "task_statuses": statuses, "episode_id": episode}),
    );
    vec(prop_oneof![40 => entry, 1 => nonsense()], 0..4).prop_map(Value::from)
}

/// Any request.
pub fn ask() -> impl Strategy<Value = Ask> {
    let of = |project: &'static str, kind: Kind| (!kind.is_studio_wide()).then_some(project);
    let item = || (kind(), project(), id());
    let put = item().prop_flat_map(move |(kind, project, id)| {
        let id = if kind == Kind::Project { project } else { id };
        entity(kind, false, Owner::Said).prop_map(move |mut body| {
            keep_first_in_snapshot(&mut body);
            (Way::Put(of(project, kind), kind, id), body)
        })
    });
    let merge = item().prop_flat_map(move |(kind, project, id)| {
        let id = if kind == Kind::Project { project } else { id };
        patch(kind).prop_map(move |mut body| {
            keep_first_in_snapshot(&mut body);
            (Way::Merge(of(project, kind), kind, id), body)
        })
    });
    let delete = item().prop_map(move |(kind, project, id)| {
        let id = if kind == Kind::Project { project } else { id };
        (Way::Delete(of(project, kind), kind, id), Value::Null)
    });
    let lists = (kind().prop_filter("projects are replaced below", |kind| *kind != Kind::Project), project());
    let lists = lists.prop_flat_map(move |(kind, project)| {
        let elements = list(kind, entity(kind, true, Owner::Said));
        (elements, any::<bool>()).prop_map(move |(body, whole)| {
            let project = of(project, kind);
            (if whole { Way::Whole(project, kind) } else { Way::Each(project, kind) }, body)
        })
    });
    let projects = vec((project(), text()), 1..3).prop_map(|mut projects| {
        let mut seen = HashSet::new();
        projects.retain(|(id, _)| seen.insert(*id));
        let projects = projects.into_iter().map(|(id, name)| json!({"id": id, "name": name}));
        (Way::Whole(None, Kind::Project), projects.collect())
    });
    let lists_of_all: Vec<_> =
        Kind::CONTEXT.iter().map(|kind| weighted(0.5, list(*kind, entity(*kind, true, Owner::Said)))).collect();
    let context = lists_of_all.prop_map(|lists| {
        let names = Kind::CONTEXT.iter().map(|kind| kind.plural().replace('-', "_"));
        let named = names.zip(lists).filter_map(|(name, list)| Some((name, list?)));
        (Way::Context, Value::Object(named.collect()))
    });
    let batch = vec(prop_oneof![12 => change().prop_map(|change| vec![change]), 1 => again()], 1..7);
    let batch = batch.prop_map(|changes| (Way::Batch, json!({"changes": changes.concat()})));
    let counts = (project(), counts()).prop_map(|(project, body)| (Way::Counts(project), body));
    let asked = prop_oneof![
        4 => put, 4 => merge, 3 => delete, 5 => lists, 1 => projects, 1 => context, 1 => counts, 8 => batch,
    ];
    let key = weighted(0.05, select(vec!["first", "second"]));
    (asked, proptest::bool::weighted(0.05), key).prop_map(|((way, body), dry_run, key)| Ask { way, body, dry_run, key })
}
