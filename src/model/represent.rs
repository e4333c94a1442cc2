//! How an entity looks to the outside: its fields, its id, and what is derived from its surroundings.

use serde_json::{Map, Value, json};

use super::{
    Entity, Id, Kind, Membership, Project, Shot,
    number::{self, Fps},
    scope::{Key, Record, View},
};

/// The JSON form of an entity in the API: the id, the fields, then `tasks` of a shot or asset, `sequences` of an
/// episode, `episode_id` of a sequence, and `startFrame` and `durationSeconds` of a shot that has a range.
#[must_use]
pub fn represent(view: &impl View, key: &Key, record: &Record) -> Value {
    let mut object = identified(key.kind, &key.id, &record.entity);
    match &record.entity {
        Entity::Shot(shot) => {
            object.insert("tasks".to_owned(), tasks(view, key));
            let project = key.project.as_ref().map(|id| Key::new(None, Kind::Project, id));
            let project = project.and_then(|key| view.record(&key)).and_then(|record| Project::of(&record.entity));
            let fps = shot.fps.unwrap_or_else(|| project.map_or_else(Fps::default, |project| project.fps));
            if let Some(range) = shot.range() {
                object.insert("startFrame".to_owned(), whole_or_fraction(range.start));
                object.insert("durationSeconds".to_owned(), json!(range.seconds(fps)));
            }
        }
        Entity::Asset(_) => {
            object.insert("tasks".to_owned(), tasks(view, key));
        }
        Entity::Episode(_) => {
            let sequences: Vec<Id> = view.owned(key).into_iter().map(|(id, _)| id).collect();
            object.insert("sequences".to_owned(), json!(sequences));
        }
        Entity::Sequence(_) => {
            let membership = view.record(&key.sibling(Kind::Membership, &key.id));
            let episode = membership.and_then(|record| Membership::of(&record.entity)).map(|of| &of.episode_id);
            object.insert("episode_id".to_owned(), json!(episode));
        }
        _ => {}
    }
    Value::Object(object)
}

/// The strong entity tag of a body, quoted as in the header `ETag`.
#[must_use]
pub fn etag_of(body: &[u8]) -> String {
    format!("\"{:032x}\"", twox_hash::XxHash3_128::oneshot(body))
}

/// The strong entity tag of an entity's JSON form.
#[must_use]
pub fn etag(value: &Value) -> String {
    etag_of(value.to_string().as_bytes())
}

/// The fields of an entity, behind its id.
fn identified(kind: Kind, id: &Id, entity: &Entity) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert(kind.id_field().to_owned(), json!(id));
    if let Value::Object(fields) = entity.to_json() {
        object.extend(fields);
    }
    object
}

/// The tasks of a shot or asset; whose they are is plain from where they stand.
fn tasks(view: &impl View, owner: &Key) -> Value {
    let tasks = view.owned(owner).into_iter().map(|(id, record)| {
        let mut task = identified(Kind::Task, &id, &record.entity);
        task.retain(|field, _| field != "shot_id" && field != "asset_id");
        Value::Object(task)
    });
    tasks.collect()
}

fn whole_or_fraction(number: f64) -> Value {
    number::whole(number).map_or_else(|| json!(number), |whole| json!(whole))
}

/// The frames that a shot takes on the timeline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The first frame.
    pub start: f64,
    /// The frame behind the last one.
    pub end: f64,
}

impl Range {
    /// Its length in seconds: `(frame_out - frame_in) / fps`, as the reference computes it.
    #[must_use]
    pub fn seconds(self, fps: Fps) -> f64 {
        (self.end - self.start) / fps.get()
    }
}

/// What is said of a shot without a range, where it is sent.
pub const NO_RANGE: &str = "a shot without a usable frame_in and frame_out is kept, but cannot be shown";

impl Shot {
    /// Its range, if `frame_in` and `frame_out` are numbers and in order; without one it cannot be drawn.
    #[must_use]
    pub fn range(&self) -> Option<Range> {
        let frame = |key| self.data.0.get(key).and_then(number::of);
        let range = Range { start: frame("frame_in")?, end: frame("frame_out")? };
        (range.start <= range.end).then_some(range)
    }
}
