//! The types of the entities' fields: how each is read from what trackers send, and described in the API document.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::{
    ObjectBuilder, RefOr, Schema,
    schema::{ArrayBuilder, OneOfBuilder, SchemaType, Type},
};

use super::{
    color::Color,
    fault::{At, Findings},
    id::Id,
    number,
};

/// The longest text that a field takes, in bytes.
const MAX_TEXT: usize = 4096;

/// The most members of a list of ids; each change of one goes through all of them.
pub const MAX_MEMBERS: usize = 10_000;

/// How deep `data` may be nested. JSON is read to a depth of 128, and in files and batches it stands deeper than in its entity.
const MAX_DEPTH: usize = 100;

/// A type that a field of an entity can have.
pub trait Field: Sized + Clone + PartialEq + Default {
    /// Reads a value that is not null; notes what is wrong with it and gives `None` then.
    fn read(value: Value, at: At<'_>, findings: &mut Findings) -> Option<Self>;

    /// Applies a merge patch (RFC 7396) that is not null; most types are simply replaced.
    fn merge(&mut self, patch: Value, at: At<'_>, findings: &mut Findings) {
        if let Some(value) = Self::read(patch, at, findings) {
            *self = value;
        }
    }

    /// The list of ids that this field is, if it is one.
    fn members(&mut self) -> Option<&mut Vec<Id>> {
        None
    }

    /// Its schema in the API document, as the server gives it.
    fn schema() -> RefOr<Schema>;
}

/// An object schema of one primitive type.
fn primitive(schema_type: Type, description: &str) -> RefOr<Schema> {
    let mut builder = ObjectBuilder::new().schema_type(SchemaType::Type(schema_type));
    if !description.is_empty() {
        builder = builder.description(Some(description));
    }
    builder.into()
}

impl Field for String {
    fn read(value: Value, at: At<'_>, findings: &mut Findings) -> Option<Self> {
        match value {
            Value::String(text) if text.len() <= MAX_TEXT => return Some(text),
            Value::String(_) => findings.fault(at, format!("a text of at most {MAX_TEXT} bytes")),
            Value::Number(number) => return Some(number.to_string()),
            other => findings.fault(at, format!("a text is needed here, not {}", named(&other))),
        }
        None
    }

    fn schema() -> RefOr<Schema> {
        primitive(Type::String, "")
    }
}

impl Field for bool {
    fn read(value: Value, at: At<'_>, findings: &mut Findings) -> Option<Self> {
        match &value {
            Value::Bool(truth) => return Some(*truth),
            Value::String(text) if text == "true" => return Some(true),
            Value::String(text) if text == "false" => return Some(false),
            other => findings.fault(at, format!("true or false is needed here, not {}", named(other))),
        }
        None
    }

    fn schema() -> RefOr<Schema> {
        primitive(Type::Boolean, "")
    }
}

impl Field for i64 {
    fn read(value: Value, at: At<'_>, findings: &mut Findings) -> Option<Self> {
        let whole = number::of(&value).and_then(number::whole);
        if whole.is_none() {
            findings.fault(at, format!("a whole number is needed here, not {}", named(&value)));
        }
        whole
    }

    fn schema() -> RefOr<Schema> {
        primitive(Type::Integer, "")
    }
}

impl Field for number::Fps {
    fn read(value: Value, at: At<'_>, findings: &mut Findings) -> Option<Self> {
        let fps = Self::parse(&value);
        if fps.is_none() {
            let detail = format!("frames per second are a number from 0.001 to 1000, not {}", named(&value));
            findings.fault(at, detail);
        }
        fps
    }

    fn schema() -> RefOr<Schema> {
        primitive(Type::Number, "Frames per second, from 0.001 to 1000.")
    }
}

impl Field for Color {
    fn read(value: Value, at: At<'_>, findings: &mut Findings) -> Option<Self> {
        let color = value.as_str().and_then(Self::parse);
        if color.is_none() {
            findings.fault(at, format!("a colour is #rrggbb, #rgb, r,g,b or a basic name, not {}", named(&value)));
        }
        color
    }

    fn schema() -> RefOr<Schema> {
        let builder = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
        builder.description(Some("`#rrggbb`")).pattern(Some("^#[0-9A-Fa-f]{6}$")).into()
    }
}

impl Field for Id {
    fn read(value: Value, at: At<'_>, findings: &mut Findings) -> Option<Self> {
        read_id(&value, at, findings)
    }

    fn schema() -> RefOr<Schema> {
        id_schema()
    }
}

impl Default for Id {
    /// Only a place-holder while an entity is being read: `-`.
    fn default() -> Self {
        Self::parse("-").unwrap_or_else(|_| Self::random())
    }
}

impl<T: Field> Field for Option<T> {
    fn read(value: Value, at: At<'_>, findings: &mut Findings) -> Option<Self> {
        // Trackers send an empty text for "none".
        if value.as_str() == Some("") { Some(None) } else { T::read(value, at, findings).map(Some) }
    }

    fn schema() -> RefOr<Schema> {
        let null = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Null));
        OneOfBuilder::new().item(T::schema()).item(null).into()
    }
}

impl Field for Vec<Id> {
    /// Ids, or the embedded objects of the 1.0 layout, of which only the `id` is taken; a repeated id counts once.
    fn read(value: Value, at: At<'_>, findings: &mut Findings) -> Option<Self> {
        let Value::Array(elements) = value else {
            findings.fault(at, format!("a list of ids is needed here, not {}", named(&value)));
            return None;
        };
        if elements.len() > MAX_MEMBERS {
            findings.fault(at, format!("at most {MAX_MEMBERS} ids are needed here, not {}", elements.len()));
            return None;
        }
        let mut ids = Vec::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate() {
            ids.extend(read_member(element, at.index(index), findings));
        }
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        Some(ids)
    }

    fn members(&mut self) -> Option<&mut Vec<Id>> {
        Some(self)
    }

    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new().items(id_schema()).into()
    }
}

/// What the tracker keeps beside the fields that Watchtower knows: any keys, untouched.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Data(pub Map<String, Value>);

impl Field for Data {
    fn read(value: Value, at: At<'_>, findings: &mut Findings) -> Option<Self> {
        let Value::Object(data) = value else {
            findings.fault(at, format!("an object is needed here, not {}", named(&value)));
            return None;
        };
        if data.values().any(|value| !is_within(value, MAX_DEPTH - 1)) {
            findings.fault(at, format!("this is nested more than {MAX_DEPTH} deep"));
            return None;
        }
        for key in ["frame_in", "frame_out"] {
            let frame = data.get(key).unwrap_or(&Value::Null);
            if !frame.is_null() && frame.as_str() != Some("") && number::of(frame).is_none() {
                findings.fault(at.key(key), format!("a frame number is needed here, not {}", named(frame)));
            }
        }
        Some(Self(data))
    }

    fn merge(&mut self, patch: Value, at: At<'_>, findings: &mut Findings) {
        let mut merged = Value::Object(self.0.clone());
        merge_patch(&mut merged, patch);
        if let Some(data) = Self::read(merged, at, findings) {
            *self = data;
        }
    }

    fn schema() -> RefOr<Schema> {
        primitive(Type::Object, "Whatever the tracker keeps; of a shot, `frame_in` and `frame_out` are read.")
    }
}

/// Whether lists and objects stand in each other at most so many deep.
fn is_within(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(elements) => depth > 0 && elements.iter().all(|element| is_within(element, depth - 1)),
        Value::Object(members) => depth > 0 && members.values().all(|member| is_within(member, depth - 1)),
        _ => true,
    }
}

/// Applies a JSON merge patch, as RFC 7396 §2 spells it out.
fn merge_patch(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    let mut gone = HashSet::new();
    for (key, value) in patch {
        if value.is_null() {
            gone.insert(key);
        } else {
            merge_patch(target.entry(key).or_insert(Value::Null), value);
        }
    }
    // All at once: to take one out of an ordered map moves all that come after it.
    if !gone.is_empty() {
        target.retain(|key, _| !gone.contains(key));
    }
}

/// Reads an id: a text, or a whole number, since some trackers count theirs.
pub fn read_id(value: &Value, at: At<'_>, findings: &mut Findings) -> Option<Id> {
    let id = match value {
        Value::String(text) => Id::parse(text).ok(),
        Value::Number(number) if number.is_u64() => Id::parse(&number.to_string()).ok(),
        _ => None,
    };
    if id.is_none() {
        findings.fault(at, format!("{}, not {}", super::id::InvalidId, named(value)));
    }
    id
}

/// Reads a member of a list: an id, or an embedded object, of which only the `id` is taken.
pub fn read_member(member: &Value, at: At<'_>, findings: &mut Findings) -> Option<Id> {
    match member {
        Value::Object(object) => read_id(object.get("id").unwrap_or(&Value::Null), at.key("id"), findings),
        other => read_id(other, at, findings),
    }
}

/// The schema of an id.
#[must_use]
pub fn id_schema() -> RefOr<Schema> {
    let builder = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    builder.pattern(Some("^[A-Za-z0-9._~-]{1,128}$")).into()
}

/// A value as an error message shows it: short, and with its type where that is what is wrong.
#[must_use]
pub fn named(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        scalar => {
            let text = scalar.to_string();
            if text.chars().count() <= 60 { text } else { text.chars().take(59).chain(['…']).collect() }
        }
    }
}
