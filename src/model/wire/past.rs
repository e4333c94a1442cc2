//! The past that somebody knows of: `task_counts.json`, as the reference and this server write it.

use serde_json::{Map, Value, json};

use super::Reader;
use crate::model::{
    Id, Kind,
    burndown::parse_count,
    change::{Change, Op},
    fault::At,
    field::{named, read_id},
    represent::etag_of,
    scope::Key,
    time::{day_of, day_text, parse_instant},
};

impl Reader {
    /// Reads counts of the past. A day's last point counts; days that are not named stay as they are.
    pub fn task_counts(&mut self, project: &Id, value: &Value, at: At<'_>) {
        let Some(entries) = self.array(value, at) else { return };
        for (index, entry) in entries.iter().enumerate() {
            let place = at.index(index);
            if !self.is_object(entry, place) {
                continue;
            }
            let task_type = self.member_id(entry, "task_type_id", place);
            let episode = match entry.get("episode_id") {
                None | Some(Value::Null) => None,
                Some(id) => read_id(id, place.key("episode_id"), &mut self.findings),
            };
            let mut days = Map::new();
            let list = place.key("task_statuses");
            let statuses = self.array(entry.get("task_statuses").unwrap_or(&Value::Null), list).unwrap_or_default();
            for (index, status) in statuses.iter().enumerate() {
                if self.is_object(status, list.index(index)) {
                    self.points(status, list.index(index), &mut days);
                }
            }
            let id = etag_of(json!([task_type, episode]).to_string().as_bytes());
            let (Some(task_type), Ok(id)) = (task_type, Id::parse(id.trim_matches('"'))) else { continue };
            let patch = json!({"task_type_id": task_type, "episode_id": episode, "days": days});
            let Value::Object(patch) = patch else { continue };
            let key = Key::new(Some(project), Kind::PastCounts, &id);
            self.changes.push(Change::One { key, op: Op::Merge(patch), at: None, pointer: place.pointer() });
        }
    }

    fn points(&mut self, status: &Value, at: At<'_>, days: &mut Map<String, Value>) {
        let id = self.member_id(status, "task_status_id", at);
        let list = at.key("data");
        let points = self.array(status.get("data").unwrap_or(&Value::Null), list).unwrap_or_default();
        for (index, point) in points.iter().enumerate() {
            let place = list.index(index);
            if !self.is_object(point, place) {
                continue;
            }
            // The reference's own classes write x and y.
            let timestamp = point.get("timestamp").or_else(|| point.get("x")).unwrap_or(&Value::Null);
            let day = timestamp.as_str().and_then(parse_instant).map(day_of).and_then(day_text);
            if day.is_none() {
                let detail = format!("a time such as 2026-01-31T00:00:00Z is needed here, not {}", named(timestamp));
                self.findings.fault(place.key("timestamp"), detail);
            }
            let count = point.get("count").or_else(|| point.get("y")).unwrap_or(&Value::Null);
            let number = parse_count(count);
            if number.is_none() {
                let detail = format!("a number of tasks is needed here, not {}", named(count));
                self.findings.fault(place.key("count"), detail);
            }
            if let (Some(id), Some(day), Some(number)) = (&id, day, number) {
                days.entry(day).or_insert_with(|| json!({}))[id.as_str()] = json!(number);
            }
        }
    }

    fn array<'v>(&mut self, value: &'v Value, at: At<'_>) -> Option<&'v [Value]> {
        if let Value::Array(elements) = value {
            return Some(elements);
        }
        self.findings.fault(at, format!("an array is needed here, not {}", named(value)));
        None
    }

    fn is_object(&mut self, value: &Value, at: At<'_>) -> bool {
        if !value.is_object() {
            self.findings.fault(at, format!("an object is needed here, not {}", named(value)));
        }
        value.is_object()
    }

    fn member_id(&mut self, object: &Value, name: &str, at: At<'_>) -> Option<Id> {
        read_id(object.get(name).unwrap_or(&Value::Null), at.key(name), &mut self.findings)
    }
}
