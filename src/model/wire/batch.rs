//! The batch form: a list of changes of any kind, each with its `op`.

use serde_json::{Map, Value};

use super::{Manner, Reader};
use crate::model::{
    Id, Kind,
    change::{Change, Op},
    fault::At,
    field::{Field, named, read_id, read_member},
    scope::Key,
    time::Instant,
    time::parse_instant,
};

/// 1990-01-01T00:00:00Z: what is said to have happened before is a mistake, such as a time that was never set.
const EARLIEST: Instant = 631_152_000_000_000;

const OPS: [&str; 5] = ["put", "merge", "delete", "add", "remove"];

impl Reader {
    /// Reads `{"changes": […]}`.
    pub fn batch(&mut self, value: Value, at: At<'_>) {
        let Some(mut object) = self.object(value, at) else { return };
        match object.shift_remove("changes") {
            Some(Value::Array(changes)) => {
                for (index, change) in changes.into_iter().enumerate() {
                    self.change(change, at.key("changes").index(index));
                }
            }
            Some(other) => {
                let detail = format!("an array of changes is needed here, not {}", named(&other));
                self.findings.fault(at.key("changes"), detail);
            }
            None => self.findings.fault(at.key("changes"), "a batch needs its changes"),
        }
        for key in object.keys() {
            self.unknown(at.key(key), key);
        }
    }

    /// Reads one change: `{"op", "kind", "project", "id", "value", "at"}`.
    pub fn change(&mut self, value: Value, at: At<'_>) {
        let Some(mut object) = self.object(value, at) else { return };
        let op = self.word(&mut object, "op", at);
        let kind = self.word(&mut object, "kind", at).and_then(|name| {
            let kind = Kind::named(&name);
            if kind.is_none() {
                self.findings
                    .fault(at.key("kind"), format!("no kind of entity is called {}", named(&name.as_str().into())));
            }
            kind
        });
        let time = self.instant(object.shift_remove("at"), at.key("at"));
        let id = self.optional_id(&mut object, "id", at);
        let project = self.optional_id(&mut object, "project", at);
        let value = object.shift_remove("value");
        for key in object.keys() {
            self.unknown(at.key(key), key);
        }
        let (Some(op), Some(kind)) = (op, kind) else { return };
        if !kind.is_studio_wide() && project.is_none() {
            self.findings.fault(at.key("project"), format!("a {} belongs to a project: name it", kind.singular()));
            return;
        }
        self.operation(&op, (project.as_ref(), kind, id.as_ref()), value, time, at);
    }

    fn operation(
        &mut self,
        op: &str,
        (project, kind, id): (Option<&Id>, Kind, Option<&Id>),
        value: Option<Value>,
        time: Option<Instant>,
        at: At<'_>,
    ) {
        let value_at = at.key("value");
        match (op, id) {
            ("put", _) => {
                let value = value.unwrap_or_default();
                self.entity(project, kind, id, None, value, value_at, (Manner::Put, time));
            }
            ("merge" | "delete" | "add" | "remove", None) => {
                self.findings.fault(at.key("id"), format!("{op} needs the id of what it is about"));
            }
            ("merge", Some(id)) => {
                let value = value.unwrap_or_default();
                self.entity(project, kind, Some(id), None, value, value_at, (Manner::Merge, time));
            }
            ("delete", Some(id)) => self.one(Key::new(project, kind, id), Op::Delete, time, at),
            ("add" | "remove", Some(id)) => {
                let Some(members) = self.object(value.unwrap_or_default(), value_at) else { return };
                for (name, value) in members {
                    let place = value_at.key(&name);
                    let field = kind
                        .field(&name)
                        .filter(|field| crate::model::Entity::empty(kind).members(field.name).is_some());
                    let Some(field) = field else {
                        self.findings.fault(
                            place,
                            format!("{} is not a list of a {}", named(&name.as_str().into()), kind.singular()),
                        );
                        continue;
                    };
                    // One member may be sent as it is.
                    let ids = if value.is_array() {
                        Vec::<Id>::read(value, place, &mut self.findings)
                    } else {
                        read_member(&value, place, &mut self.findings).map(|id| vec![id])
                    };
                    let Some(ids) = ids else { continue };
                    let op = if op == "add" { Op::Add(field.name, ids) } else { Op::Remove(field.name, ids) };
                    self.one(Key::new(project, kind, id), op, time, value_at);
                }
            }
            (other, _) => {
                let detail = format!("no op is called {}; there are {}", named(&other.into()), OPS.join(", "));
                self.findings.fault(at.key("op"), detail);
            }
        }
    }

    fn one(&mut self, key: Key, op: Op, time: Option<Instant>, at: At<'_>) {
        self.changes.push(Change::One { key, op, at: time, pointer: at.pointer() });
    }

    fn word(&mut self, object: &mut Map<String, Value>, key: &str, at: At<'_>) -> Option<String> {
        match object.shift_remove(key) {
            Some(Value::String(word)) => return Some(word),
            Some(other) => self.findings.fault(at.key(key), format!("a text is needed here, not {}", named(&other))),
            None => self.findings.fault(at.key(key), format!("a change needs its {key}")),
        }
        None
    }

    fn optional_id(&mut self, object: &mut Map<String, Value>, key: &str, at: At<'_>) -> Option<Id> {
        let value = object.shift_remove(key).filter(|value| !value.is_null())?;
        read_id(&value, at.key(key), &mut self.findings)
    }

    fn instant(&mut self, value: Option<Value>, at: At<'_>) -> Option<Instant> {
        let value = value.filter(|value| !value.is_null())?;
        let instant = value.as_str().and_then(parse_instant).filter(|instant| *instant >= EARLIEST);
        if instant.is_none() {
            let detail =
                format!("a time such as 2026-11-23T10:00:00Z, from 1990 on, is needed here, not {}", named(&value));
            self.findings.fault(at, detail);
        }
        instant
    }
}
