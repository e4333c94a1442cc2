//! Clients that write, and remember what was answered.

use std::{collections::BTreeMap, path::Path};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{Shown, names};

/// A generator of numbers that are random enough (`SplitMix64`), and the same for the same seed.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// What one writer alone alters: shots of the project that all share, each with a task, and the assets of its own project.
/// Every value is the number of the write that brought it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Written {
    /// By id: name, and status of the task.
    shots: BTreeMap<String, (u64, u64)>,
    /// In order: id, and name.
    assets: Vec<(String, u64)>,
}

/// A client that writes one thing after the other.
pub struct Writer {
    number: usize,
    random: Random,
    /// How many writes were answered.
    written: u64,
    /// The number of the present write.
    turn: u64,
    /// What was answered last.
    answered: Written,
    /// What is there if the write that was not answered was done all the same.
    perhaps: Option<Written>,
    /// What the tree showed for certain.
    published: Written,
}

/// A request, and what is there after it.
struct Write {
    method: Method,
    path: String,
    body: Value,
    after: Written,
}

impl Writer {
    pub fn new(number: usize) -> Self {
        let (answered, published) = (Written::default(), Written::default());
        Self { number, random: Random(number as u64), written: 0, turn: 0, answered, perhaps: None, published }
    }

    pub fn seed(&mut self, seed: u64) {
        self.random = Random(seed);
    }

    pub fn number(&self) -> usize {
        self.number
    }

    pub fn written(&self) -> u64 {
        self.written
    }

    /// The project that is its own.
    pub fn project(&self) -> String {
        format!("own-{}", self.number)
    }

    /// Whether it alone writes a shot of the shared project.
    pub fn owns(&self, shot: &str) -> bool {
        shot.starts_with(&format!("{}-", self.number))
    }

    /// Writes something; `false` if there was no answer any more.
    pub async fn write(&mut self, client: &Client, url: &str) -> bool {
        self.turn += 1;
        let Write { method, path, body, after } = self.next();
        let wait = self.random.below(4) == 0;
        let query = if wait { "?wait=published" } else { "" };
        self.perhaps = Some(after.clone());
        let mut request = client.request(method, format!("{url}{path}{query}"));
        if !body.is_null() {
            request = request.json(&body);
        }
        let Ok(response) = request.send().await else { return false };
        // The head of an answer counts: it was sent after the write was done.
        let status = response.status();
        let text = response.text().await;
        assert!(status.is_success(), "{path} {body}: {status} {text:?}");
        self.perhaps = None;
        self.written += 1;
        self.answered = after;
        if wait {
            self.published = self.answered.clone();
        }
        true
    }

    fn next(&mut self) -> Write {
        let (turn, shared) = (self.turn, "/api/projects/shared");
        let shot = format!("{}-{}", self.number, self.random.below(5));
        let task = format!("{shot}-task");
        let mut after = self.answered.clone();
        let present = after.shots.get(&shot).copied();
        let data = json!({"frame_in": 0, "frame_out": 10});
        let task_of = |status: u64| json!({"id": task, "task_type_id": "work", "task_status_id": status.to_string()});
        match (self.random.below(7), present) {
            (0 | 1, Some((_, status))) => {
                after.shots.insert(shot.clone(), (turn, status));
                let (path, body) = (format!("{shared}/shots/{shot}"), json!({"name": turn.to_string()}));
                Write { method: Method::PATCH, path, body, after }
            }
            (2, Some((name, _))) => {
                after.shots.insert(shot, (name, turn));
                let (path, body) = (format!("{shared}/tasks/{task}"), json!({"task_status_id": turn.to_string()}));
                Write { method: Method::PATCH, path, body, after }
            }
            (3, Some(_)) => {
                after.shots.remove(&shot);
                Write { method: Method::DELETE, path: format!("{shared}/shots/{shot}"), body: Value::Null, after }
            }
            (4, _) => {
                let count = self.random.below(4);
                let assets = (0..count).map(|place| (format!("asset-{}", (turn + place) % 5), turn + place));
                after.assets = assets.collect();
                let elements = after.assets.iter().map(|(id, name)| json!({"id": id, "name": name.to_string()}));
                let path = format!("/api/projects/{}/assets", self.project());
                Write { method: Method::PUT, path, body: elements.collect(), after }
            }
            (5, Some(_)) => {
                // In two projects at once, all of it or nothing.
                after.shots.insert(shot.clone(), (turn, turn));
                after.assets.retain(|(id, _)| id != "asset-0");
                after.assets.push(("asset-0".to_owned(), turn));
                let own = self.project();
                let name = json!({"name": turn.to_string()});
                let body = json!({"changes": [
                    {"op": "merge", "kind": "shots", "project": "shared", "id": shot, "value": name},
                    {"op": "delete", "kind": "assets", "project": own, "id": "asset-0"},
                    {"op": "put", "kind": "assets", "project": own, "id": "asset-0", "value": name},
                    {"op": "merge", "kind": "tasks", "project": "shared", "id": task, "value": {"task_status_id": turn.to_string()}},
                ]});
                Write { method: Method::POST, path: "/api/batch".to_owned(), body, after }
            }
            _ => {
                after.shots.insert(shot.clone(), (turn, turn));
                let body = json!({"id": shot, "name": turn.to_string(), "data": data, "tasks": [task_of(turn)]});
                Write { method: Method::POST, path: format!("{shared}/shots"), body, after }
            }
        }
    }

    /// What is there is what was answered last, or that and the write that was not answered. Writing goes on from there.
    pub fn compare(&mut self, shots: &[Shown], assets: &[Shown]) {
        let number = |text: &str| text.parse::<u64>().unwrap();
        let status = |shot: &Shown| number(&shot.statuses.concat());
        let shots = shots.iter().map(|shot| (shot.id.clone(), (number(&shot.name), status(shot)))).collect();
        let assets = assets.iter().map(|asset| (asset.id.clone(), number(&asset.name))).collect();
        let present = Written { shots, assets };
        let perhaps = self.perhaps.take();
        assert!(
            present == self.answered || perhaps.as_ref() == Some(&present),
            "writer {}: there is {present:#?}, answered was {:#?}, under way was {perhaps:#?}",
            self.number,
            self.answered
        );
        self.answered = present;
    }

    /// The files on disk are whole, and no older than what was said to be published.
    pub fn check_published(&self, tree: &Path) {
        let read = |project: &str, list: &str| {
            let text = std::fs::read(tree.join(format!("data/projects/{project}/{list}.json"))).unwrap();
            names(&serde_json::from_slice(&text).unwrap())
        };
        let on_disk: BTreeMap<String, Shown> =
            read("shared", "shots").into_iter().map(|shot| (shot.id.clone(), shot)).collect();
        for (id, (name, status)) in &self.published.shots {
            let was_deleted = |later: &Written| !later.shots.contains_key(id);
            match on_disk.get(id) {
                Some(shot) => {
                    let newer = |text: &str, than: u64| text.parse::<u64>().unwrap() >= than;
                    assert!(newer(&shot.name, *name) && newer(&shot.statuses.concat(), *status), "{shot:?}");
                }
                None => assert!(
                    was_deleted(&self.answered) || self.perhaps.as_ref().is_some_and(was_deleted) || self.was_anew(id),
                    "{id} was published, and is not on disk"
                ),
            }
        }
        read(&self.project(), "assets");
    }

    /// Whether a shot was deleted and created again since it was published: its deletion may be what the tree shows.
    fn was_anew(&self, id: &str) -> bool {
        let published = self.published.shots.get(id);
        published.is_some_and(|(name, status)| {
            self.answered.shots.get(id).is_some_and(|(now, then)| now > name && then > status)
        })
    }
}
