//! JSON values at random: what trackers send, and what they should not.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Map, Number, Value, json};

/// A text: short ones that meet, and strange ones.
pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(vec!["A", "B", "/pictures/a.png", ""]).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => Just("a\u{0}b\u{1f600}\u{2028}\"\\".to_owned()),
    ]
}

/// Any number that JSON has.
pub fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (-10..2000_i64).prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        2 => (-1e6..1e6).prop_map(|number: f64| json!(number)),
        1 => any::<f64>().prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::Number)),
    ]
}

/// Any JSON, not deep.
pub fn json() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number(), text().prop_map(Value::from),];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let members = vec((text(), inner.clone()), 0..4);
        let object = members.prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()));
        prop_oneof![vec(inner, 0..4).prop_map(Value::from), object]
    })
}

/// What fits in few places.
pub fn nonsense() -> impl Strategy<Value = Value> {
    select(vec![json!({}), json!([[]]), json!(-1.5), json!("a/b"), json!([null, 7]), json!({"id": ".."}), json!(true)])
}

/// The `data` of a shot, with a range as a rule.
pub fn data() -> impl Strategy<Value = Value> {
    let frame = || {
        prop_oneof![
            8 => (0..300).prop_map(Value::from),
            1 => (0..300).prop_map(|frame: i32| json!(frame.to_string())),
            1 => (0.0..300.0).prop_map(|frame: f64| json!(frame)),
        ]
    };
    let range = proptest::option::weighted(0.8, (frame(), frame()));
    (range, vec((select(vec!["x", "y", "z/~"]), json()), 0..3)).prop_map(|(range, members)| {
        let mut data: Map<String, Value> = members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        if let Some((frame_in, frame_out)) = range {
            data.insert("frame_in".to_owned(), frame_in);
            data.insert("frame_out".to_owned(), frame_out);
        }
        Value::Object(data)
    })
}
