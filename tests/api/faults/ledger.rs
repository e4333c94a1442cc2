//! What was sent to a server, and whether it was answered: what is there later must be just that.

use std::{collections::BTreeSet, fs, path::Path};

use image::ImageFormat;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};

use crate::support::client;
use crate::{
    crash::process::Process,
    media::made::{picture, sha256},
    support::files,
};

/// The shots that get pictures, one each.
const PICTURES: u32 = 250;

/// Something that was sent, with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    /// A new shot.
    Shot(u32),
    /// A new shot and a new asset of another project, in one batch.
    Pair(u32),
    /// The picture of a shot.
    Picture(u32),
    /// A delivery of a webhook, once it has a number.
    Delivery(u32),
    /// A delivery that does not fit into the log beside others, so that it is folded into the database.
    LargeDelivery(u32),
}

/// What was sent so far.
#[derive(Debug, Default)]
pub struct Ledger {
    next: u32,
    answered: BTreeSet<Thing>,
    refused: BTreeSet<Thing>,
    /// Not answered at all: it may be there or not.
    open: BTreeSet<Thing>,
    /// The numbers that deliveries got.
    deliveries: BTreeSet<i64>,
    /// The statuses of refusals.
    pub statuses: BTreeSet<u16>,
}

fn png(number: u32) -> Vec<u8> {
    picture(ImageFormat::Png, (12 + number / 200, 10), u8::try_from(number % 200).unwrap())
}

impl Thing {
    fn request(self, client: &Client, url: &str) -> reqwest::RequestBuilder {
        let post = |path: &str, body: Value| client.post(format!("{url}{path}")).json(&body);
        // So that it is in the tree.
        let data = json!({"frame_in": 0, "frame_out": 10});
        let delivery = |number: u32, note: String| {
            let change = json!({"op": "put", "kind": "shots", "project": "hooked", "id": number.to_string(), "value": {"name": "x", "note": note}});
            post("/api/webhooks/tracker", json!([change]))
        };
        match self {
            Self::Shot(number) => {
                post("/api/projects/p/shots", json!({"id": format!("shot-{number}"), "name": "x", "data": data}))
            }
            Self::Pair(number) => {
                let id = format!("pair-{number}");
                let put = |kind: &str, project: &str| json!({"op": "put", "kind": kind, "project": project, "id": id, "value": {"name": "x"}});
                post("/api/batch", json!({"changes": [put("shots", "p"), put("assets", "q")]}))
            }
            Self::Picture(number) => {
                let path = format!("{url}/api/projects/p/shots/picture-{number}/thumbnail");
                client.put(path).body(png(number))
            }
            Self::Delivery(number) => delivery(number, String::new()),
            Self::LargeDelivery(number) => delivery(number, "x".repeat(3 << 20)),
        }
    }
}

impl Ledger {
    /// Makes what the rest refers to.
    pub async fn prepare(process: &Process) -> Self {
        let projects = ["p", "q", "hooked"].map(|id| json!({"id": id, "name": id}));
        process.send(Method::PUT, "/api/projects", &json!(projects)).await;
        let shots = (0..PICTURES).map(|number| json!({"id": format!("picture-{number}"), "name": "x"}));
        process.send(Method::POST, "/api/projects/p/shots?wait=published", &shots.collect()).await;
        Self::default()
    }

    /// Sends one of each at the same time; whether the server is still there.
    pub async fn send(&mut self, process: &Process, large: bool) -> bool {
        self.next += 1;
        assert!(self.next < PICTURES, "there are no more shots for pictures");
        let (number, url) = (self.next, process.url());
        let delivery = if large { Thing::LargeDelivery } else { Thing::Delivery };
        let things = [Thing::Shot(number), Thing::Pair(number), Thing::Picture(number), delivery(number)];
        let client = client();
        let send = async |thing: Thing| {
            let response = thing.request(&client, &url).send().await.ok()?;
            let status = response.status();
            // The head of an answer counts: it was sent after the write was done.
            Some((status, response.text().await.unwrap_or_default()))
        };
        let [shot, pair, picture, delivery] = things;
        let answers = tokio::join!(send(shot), send(pair), send(picture), send(delivery));
        let answers = [answers.0, answers.1, answers.2, answers.3];
        let is_there = answers.iter().all(Option::is_some);
        for (thing, answer) in things.into_iter().zip(answers) {
            self.enter(thing, answer);
        }
        is_there
    }

    fn enter(&mut self, thing: Thing, answer: Option<(StatusCode, String)>) {
        let Some((status, text)) = answer else {
            self.open.insert(thing);
            return;
        };
        if status.is_success() {
            self.answered.insert(thing);
            if status == StatusCode::ACCEPTED
                && let Ok(receipt) = serde_json::from_str::<Value>(&text)
            {
                self.deliveries.insert(receipt["delivery"].as_i64().unwrap());
            }
        } else {
            let problem: Value = serde_json::from_str(&text).unwrap();
            assert!(problem["type"].as_str().unwrap().starts_with("urn:watchtower-server:problem:"), "{text}");
            self.statuses.insert(status.as_u16());
            self.refused.insert(thing);
        }
    }

    /// Forgets which statuses there were.
    pub fn turn_page(&mut self) {
        self.statuses.clear();
    }

    /// How many were answered.
    pub fn answered(&self) -> usize {
        self.answered.len()
    }

    /// What was answered is there, what was refused is not, and all that is there is whole.
    pub async fn check(&mut self, process: &Process) {
        process.get("/readyz").await;
        let ids = async |path: &str| -> BTreeSet<String> {
            let list = process.get(path).await;
            list.as_array().unwrap().iter().map(|entity| entity["id"].as_str().unwrap().to_owned()).collect()
        };
        let (shots, assets) = (ids("/api/projects/p/shots").await, ids("/api/projects/q/assets").await);
        let mut found = BTreeSet::new();
        for number in 1..=self.next {
            let pair = format!("pair-{number}");
            assert_eq!(shots.contains(&pair), assets.contains(&pair), "half of the batch {number}");
            found.extend(shots.contains(&pair).then_some(Thing::Pair(number)));
            found.extend(shots.contains(&format!("shot-{number}")).then_some(Thing::Shot(number)));
            let original = process.file(&format!("/api/projects/p/shots/picture-{number}/thumbnail")).await;
            if let Some(original) = original {
                assert!(original == png(number), "the picture {number} is another");
                found.insert(Thing::Picture(number));
            }
        }
        self.compare(found);
        self.check_deliveries(process).await;
        for (project, list) in [("p", "shots"), ("q", "assets")] {
            let path = format!("data/projects/{project}/{list}.json");
            let tree = process.get(&format!("/{path}")).await;
            let on_disk: Value = serde_json::from_slice(&fs::read(process.tree().join(&path)).unwrap()).unwrap();
            assert_eq!(tree, on_disk, "{path}");
        }
        check_files(&process.folder).await;
    }

    fn compare(&mut self, found: BTreeSet<Thing>) {
        let is_delivery = |thing: &Thing| matches!(thing, Thing::Delivery(_) | Thing::LargeDelivery(_));
        let lost: Vec<_> = self.answered.iter().filter(|thing| !is_delivery(thing) && !found.contains(thing)).collect();
        assert!(lost.is_empty(), "answered, and lost: {lost:?}");
        let left: Vec<_> = self.refused.intersection(&found).collect();
        assert!(left.is_empty(), "refused, and there: {left:?}");
        // What is there stays there.
        self.answered.extend(found);
    }

    async fn check_deliveries(&mut self, process: &Process) {
        let listed = process.get("/api/webhooks/tracker/deliveries?limit=1000").await;
        let listed: BTreeSet<i64> =
            listed.as_array().unwrap().iter().map(|delivery| delivery["id"].as_i64().unwrap()).collect();
        let lost: Vec<_> = self.deliveries.difference(&listed).collect();
        assert!(lost.is_empty(), "deliveries answered, and lost: {lost:?}");
        let open =
            self.open.iter().filter(|thing| matches!(thing, Thing::Delivery(_) | Thing::LargeDelivery(_))).count();
        let more = listed.len() - self.deliveries.len();
        assert!(more <= open, "{more} deliveries more than were answered");
        self.deliveries = listed;
        self.open.clear();
    }
}

/// The database is sound, no file is half, and nothing is left of what was not finished.
pub async fn check_files(folder: &Path) {
    let options = SqliteConnectOptions::new().filename(folder.join("watchtower.db")).read_only(true);
    let mut connection = options.connect().await.unwrap();
    let found: Vec<String> = sqlx::query_scalar("pragma integrity_check").fetch_all(&mut connection).await.unwrap();
    assert_eq!(found, ["ok"]);
    for (path, bytes) in files(&folder.join("media")) {
        let (shard, name) = path.split_once('/').unwrap();
        assert_ne!(shard, ".unfinished", "{name} is left");
        assert_eq!(sha256(&bytes), name);
    }
    let left = fs::read_dir(folder.join("tree/classic/.unfinished")).unwrap().count();
    assert_eq!(left, 0, "unfinished files of the tree are left");
    for (path, bytes) in files(&folder.join("tree/classic")) {
        if path.ends_with(".json") {
            serde_json::from_slice::<Value>(&bytes).expect(&path);
        }
    }
}
