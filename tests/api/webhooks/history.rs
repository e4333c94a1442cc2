//! The history of a production as a tracker tells it, event by event, and what it comes down to by another way: a plain model
//! that applies the events in their order.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::crash::writers::Random;

/// 2026-01-01T00:00:00Z, in seconds.
const BEGIN: i64 = 1_767_225_600;

/// Entities of a kind, in the order in which they came to be.
type List = IndexMap<String, Map<String, Value>>;

/// What happened, and what there is then.
pub struct History {
    random: Random,
    seconds: i64,
    sequences: List,
    shots: List,
    assets: List,
    tasks: List,
    casting: List,
    gone: HashSet<String>,
}

impl History {
    /// Nothing yet.
    pub fn new(seed: u64) -> Self {
        let lists = || (List::new(), List::new());
        let ((sequences, shots), (assets, tasks)) = (lists(), lists());
        Self {
            random: Random(seed),
            seconds: 0,
            sequences,
            shots,
            assets,
            tasks,
            casting: List::new(),
            gone: HashSet::new(),
        }
    }

    /// The bodies of deliveries, each an event, in their order.
    pub fn deliveries(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.event()).collect()
    }

    /// The project that it comes down to, as a snapshot.
    pub fn snapshot(&self) -> Value {
        let list = |list: &List, id: &str| -> Vec<Value> {
            let whole = list.iter().filter(|(key, _)| !self.gone.contains(*key));
            let entity = |(key, fields): (&String, &Map<String, Value>)| {
                let id = Map::from_iter([(id.to_owned(), json!(key))]);
                Value::Object(id.into_iter().chain(fields.clone()).collect())
            };
            whole.map(entity).collect()
        };
        let is_there =
            |list: &List, id: &Value| id.as_str().is_some_and(|id| list.contains_key(id) && !self.gone.contains(id));
        let mut tasks = list(&self.tasks, "id");
        tasks.retain(|task| is_there(&self.shots, &task["shot_id"]) || is_there(&self.assets, &task["asset_id"]));
        let named = |mut entities: Vec<Value>| {
            for entity in &mut entities {
                if entity.get("name").is_none() {
                    entity["name"] = json!("");
                }
            }
            entities
        };
        json!({
            "name": "P",
            "sequences": named(list(&self.sequences, "id")),
            "shots": named(list(&self.shots, "id")),
            "assets": named(list(&self.assets, "id")),
            "tasks": tasks,
            "casting": list(&self.casting, "shot_id"),
        })
    }

    fn event(&mut self) -> String {
        self.seconds += 1 + i64::try_from(self.random.below(3)).unwrap();
        loop {
            let change = match self.random.below(20) {
                0 => self.create("sequences", json!({})),
                1..=3 => self.create("shots", json!({})),
                4 => self.create("assets", json!({"name": "a thing"})),
                5..=6 => self.create_task(),
                7..=13 => self.alter(),
                14..=17 => self.member(),
                _ => self.end(),
            };
            if let Some(mut change) = change {
                let at = jiff::Timestamp::from_second(BEGIN + self.seconds).unwrap().to_string();
                change["project"] = json!("p");
                change["at"] = json!(at);
                return change.to_string();
            }
        }
    }

    fn list(&mut self, kind: &str) -> &mut List {
        match kind {
            "sequences" => &mut self.sequences,
            "shots" => &mut self.shots,
            "assets" => &mut self.assets,
            "tasks" => &mut self.tasks,
            _ => &mut self.casting,
        }
    }

    /// Something of a list that is still there.
    fn any(&mut self, kind: &str) -> Option<String> {
        let (pick, gone) = (self.random.next(), self.gone.clone());
        let left: Vec<&String> = self.list(kind).keys().filter(|id| !gone.contains(*id)).collect();
        let index = usize::try_from(pick % (left.len().max(1) as u64)).unwrap();
        left.get(index).map(|id| (*id).clone())
    }

    /// Merges into an entity, which exists from then on.
    fn merge(&mut self, kind: &str, id: &str, value: Value) -> Value {
        let entity = self.list(kind).entry(id.to_owned()).or_default();
        for (name, value) in value.as_object().unwrap() {
            match (entity.get_mut(name), value) {
                (Some(Value::Object(held)), Value::Object(members)) => held.extend(members.clone()),
                _ => drop(entity.insert(name.clone(), value.clone())),
            }
        }
        json!({"op": "merge", "kind": kind, "id": id, "value": value})
    }

    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        words[usize::try_from(self.random.below(words.len() as u64)).unwrap()]
    }

    fn create(&mut self, kind: &str, value: Value) -> Option<Value> {
        let id = format!("{}-{}", &kind[..2], self.list(kind).len());
        Some(self.merge(kind, &id, value))
    }

    fn create_task(&mut self) -> Option<Value> {
        let (kind, field) = if self.random.below(3) == 0 { ("assets", "asset_id") } else { ("shots", "shot_id") };
        let owner = self.any(kind)?;
        let id = format!("ta-{}", self.tasks.len());
        let task_type = if kind == "shots" { "anim" } else { "model" };
        Some(self.merge("tasks", &id, json!({field: owner, "task_type_id": task_type, "task_status_id": "todo"})))
    }

    fn alter(&mut self) -> Option<Value> {
        let kind = self.one_of(&["shots", "shots", "assets", "tasks", "tasks", "sequences"]);
        let frame = self.random.below(1000);
        let id = self.any(kind)?;
        let status = self.one_of(&["todo", "wip", "retake", "done"]);
        let value = match (kind, self.random.below(5)) {
            ("tasks", _) => json!({"task_status_id": status}),
            ("shots", 0) => json!({"data": {"frame_in": frame}}),
            ("shots", 1) => json!({"data": {"frame_out": 1000 + frame}}),
            ("shots", 2) => json!({"sequence_id": self.any("sequences")?}),
            ("shots" | "assets" | "sequences", 3) => json!({"canceled": frame % 2 == 0}),
            _ => json!({"name": format!("{kind} {frame} ü")}),
        };
        Some(self.merge(kind, &id, value))
    }

    fn member(&mut self) -> Option<Value> {
        let add = self.random.below(3) > 0;
        let (kind, field) = if self.random.below(2) == 0 { ("casting", "asset_ids") } else { ("tasks", "assignees") };
        let id = self.any(if kind == "casting" { "shots" } else { kind })?;
        let member = if kind == "casting" { self.any("assets")? } else { format!("user-{}", self.random.below(5)) };
        let entity = self.list(kind).entry(id.clone()).or_default();
        let Value::Array(members) = entity.entry(field).or_insert_with(|| json!([])) else { return None };
        let is_in = members.iter().any(|one| *one == member);
        if add && !is_in {
            members.push(json!(member));
        } else if !add {
            members.retain(|one| *one != member);
        }
        Some(json!({"op": if add { "add" } else { "remove" }, "kind": kind, "id": id, "value": {field: [member]}}))
    }

    fn end(&mut self) -> Option<Value> {
        let kind = if self.random.below(4) == 0 { "shots" } else { "tasks" };
        let id = self.any(kind)?;
        self.gone.insert(id.clone());
        if kind == "shots" {
            self.casting.shift_remove(&id);
            let tasks = self.tasks.iter().filter(|(_, task)| task.get("shot_id") == Some(&json!(id)));
            let tasks: Vec<String> = tasks.map(|(id, _)| id.clone()).collect();
            self.gone.extend(tasks);
        }
        Some(json!({"op": "delete", "kind": kind, "id": id}))
    }
}

/// What all of it refers to.
pub fn context() -> Value {
    let named = |ids: &[&str]| -> Vec<Value> { ids.iter().map(|id| json!({"id": id, "name": id})).collect() };
    json!({
        "users": named(&["user-0", "user-1", "user-2", "user-3", "user-4"]),
        "task_types": [{"id": "anim", "name": "Animation", "for_shots": true}, {"id": "model", "name": "Modeling"}],
        "task_statuses": named(&["todo", "wip", "retake", "done"]),
    })
}

/// The same deliveries, a third of them twice, in another order: within each window of so many.
pub fn shuffled(deliveries: &[String], window: usize, seed: u64) -> Vec<(usize, &String)> {
    let mut random = Random(seed);
    let numbered: Vec<_> = deliveries.iter().enumerate().collect();
    let mut all = Vec::new();
    for window in numbered.chunks(window) {
        let again = window.iter().filter(|_| random.below(3) == 0).copied().collect::<Vec<_>>();
        let mut window: Vec<_> = window.iter().copied().chain(again).collect();
        for last in (1..window.len()).rev() {
            window.swap(last, usize::try_from(random.below(last as u64 + 1)).unwrap());
        }
        all.extend(window);
    }
    all
}
