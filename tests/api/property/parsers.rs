//! Whatever is sent, reading it ends with changes, or with faults that say where.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};
use watchtower_server::model::{
    Entity, Id, Kind,
    change::{Change, Op},
    color::Color,
    fault::At,
    number::{self, Fps},
    time::parse_instant,
    wire::Reader,
};

use super::{
    asks::{ask, id, is_offered, parse},
    check_places, check_pointers, config,
    values::{json, number, text},
};

/// The words of the API, so that random bodies get somewhere.
fn word() -> impl Strategy<Value = &'static str> {
    let mut words = vec![
        "id",
        "tasks",
        "shots",
        "assets",
        "episodes",
        "sequences",
        "casting",
        "edits",
        "projects",
        "users",
        "changes",
        "op",
        "kind",
        "project",
        "value",
        "at",
        "put",
        "merge",
        "delete",
        "add",
        "remove",
        "frame_in",
        "frame_out",
        "task_status_id",
        "timestamp",
        "count",
        "task_status",
        "episode_id",
        "episodeId",
        "2026-02-01T00:00:00Z",
        "x/~y",
    ];
    for kind in Kind::ALL {
        words.extend(kind.own_fields().flat_map(|field| field.aliases.iter().copied().chain([field.name])));
        words.push(kind.plural());
    }
    select(words)
}

/// Any JSON, with the words of the API in it.
fn body() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        2 => id().prop_map(Value::from),
        2 => word().prop_map(Value::from),
        1 => text().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => number(),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let object = vec((word(), inner.clone()), 0..6)
            .prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
        prop_oneof![3 => object.prop_map(Value::Object), 2 => vec(inner, 0..6).prop_map(Value::from)]
    })
}

/// Replaces one value somewhere in a body, the `n`th from the outside in.
fn replace(body: &mut Value, n: &mut usize, by: &Value) {
    if *n == 0 {
        body.clone_from(by);
    }
    *n = n.wrapping_sub(1);
    match body {
        Value::Array(elements) => elements.iter_mut().for_each(|element| replace(element, n, by)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, n, by)),
        _ => {}
    }
}

/// What must be true of anything that was read.
fn check(body: &Value, reader: Reader) {
    for change in &reader.changes {
        let Change::One { key, op, pointer, .. } = change else { continue };
        assert!(body.pointer(pointer).is_some(), "{pointer}");
        assert_eq!(key.project.is_none(), key.kind.is_studio_wide());
        if let (Op::Put(entity), true) = (op, reader.findings.is_sound()) {
            let stored = Entity::from_stored(entity.kind(), &entity.to_stored().unwrap()).unwrap();
            assert_eq!(stored, **entity, "the store does not give it back");
        }
    }
    check_places(body, reader.generated.iter().map(|(pointer, _)| &**pointer));
    match reader.findings.into_result() {
        Ok(warnings) => check_places(body, warnings.iter().map(|warning| &*warning.pointer)),
        Err(faults) => check_pointers(body, &faults),
    }
}

/// Reads a body in every way there is.
fn read_in_all_ways(body: &Value) {
    let (project, id) = (parse("p"), parse("a"));
    let read = |read: &dyn Fn(&mut Reader, Value)| {
        let mut reader = Reader::default();
        read(&mut reader, body.clone());
        check(body, reader);
    };
    for kind in Kind::ALL.iter().copied().filter(|kind| is_offered(*kind)) {
        let of = (!kind.is_studio_wide()).then_some(&project);
        read(&|reader, body| drop(reader.put(of, kind, None, body, At::Root)));
        read(&|reader, body| drop(reader.put(of, kind, Some(&id), body, At::Root)));
        read(&|reader, body| reader.merge(of, kind, &id, body, At::Root));
        read(&|reader, body| drop(reader.each(of, kind, body, At::Root)));
        read(&|reader, body| reader.whole(of, kind, body, At::Root));
    }
    read(&|reader, body| reader.context(body, At::Root));
    read(&|reader, body| reader.task_counts(&project, &body, At::Root));
    read(&|reader, body| reader.batch(body, At::Root));
    read(&|reader, body| reader.change(body, At::Root));
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn any_body_is_read_or_refused_with_the_places_of_its_faults(body in body()) {
        read_in_all_ways(&body);
    }

    #[test]
    fn a_body_with_something_wrong_in_it_is_refused_with_the_place(ask in ask(), n in 0..60_usize, by in prop_oneof![json(), body()]) {
        let mut ask = ask;
        replace(&mut ask.body, &mut { n }, &by);
        check(&ask.body, ask.read());
        read_in_all_ways(&ask.body);
    }

    #[test]
    fn colours_come_out_as_six_digits(text in prop_oneof![".*", "[#0-9a-fA-F]{0,10}", "(rgb\\()?[0-9 ,]{0,14}\\)?"]) {
        if let Some(color) = Color::parse(&text) {
            let text = color.to_string();
            let digits = text.strip_prefix('#').unwrap();
            assert!(digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()), "{text}");
            assert_eq!(Color::parse(&text), Some(color));
        }
    }

    #[test]
    fn numbers_and_rates_stay_what_they_are(value in prop_oneof![number(), "[-+0-9./]{0,12}".prop_map(Value::from), any::<String>().prop_map(Value::from)]) {
        if let Some(number) = number::of(&value) {
            assert!(number.is_finite());
        }
        if let Some(fps) = Fps::parse(&value) {
            assert!((0.001..=1000.0).contains(&fps.get()));
            let text = serde_json::to_string(&fps).unwrap();
            assert_eq!(serde_json::from_str::<Fps>(&text).unwrap(), fps);
            assert_eq!(Fps::parse(&json!(fps)), Some(fps));
        }
    }

    #[test]
    fn any_text_may_be_asked_whether_it_is_a_time_or_an_id(text in prop_oneof![".*", "[-+0-9TZ:. ]{0,32}", "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"]) {
        let _ = parse_instant(&text);
        if let Ok(id) = Id::parse(&text) {
            assert!(!text.contains(['/', '\\', '\0', '?', '#', '%']) && ![".", "..", ""].contains(&id.as_str()));
        }
    }
}
