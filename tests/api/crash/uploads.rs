//! Clients that upload pictures, and send deliveries, and remember what was answered.

use std::collections::BTreeSet;

use image::ImageFormat;
use reqwest::Client;
use serde_json::{Value, json};

use super::{process::Process, writers::Random};
use crate::media::made::picture;
use crate::support::until;

/// The shots whose pictures one client uploads, one after the other.
const SHOTS: u64 = 3;

/// A client that uploads pictures.
pub struct Uploader {
    number: usize,
    random: Random,
    turn: u32,
    /// The turns of the pictures that were answered last, by shot; 0: none.
    answered: [u32; SHOTS as usize],
    /// A shot, and the picture that it has if the upload that was not answered was done all the same.
    perhaps: Option<(usize, u32)>,
}

impl Uploader {
    pub fn new(number: usize) -> Self {
        Self { number, random: Random(number as u64), turn: 0, answered: [0; SHOTS as usize], perhaps: None }
    }

    /// The shots that it gives pictures to.
    pub fn shots(&self) -> Vec<Value> {
        let data = json!({"frame_in": 0, "frame_out": 10});
        (0..self.answered.len()).map(|shot| json!({"id": self.id(shot), "name": "x", "data": data})).collect()
    }

    fn id(&self, shot: usize) -> String {
        format!("{}-{shot}", self.number)
    }

    fn png(&self, turn: u32) -> Vec<u8> {
        let width = 20 + u32::try_from(self.number).unwrap();
        picture(ImageFormat::Png, (width, 8 + turn / 256), u8::try_from(turn % 256).unwrap())
    }

    /// Uploads something; `false` if there was no answer any more.
    pub async fn write(&mut self, client: &Client, url: &str) -> bool {
        self.turn += 1;
        let shot = usize::try_from(self.random.below(SHOTS)).unwrap();
        self.perhaps = Some((shot, self.turn));
        let path = format!("{url}/api/projects/pictures/shots/{}/thumbnail", self.id(shot));
        let Ok(response) = client.put(path).body(self.png(self.turn)).send().await else { return false };
        let status = response.status();
        let text = response.text().await;
        assert!(status.is_success(), "{status} {text:?}");
        self.answered[shot] = self.turn;
        self.perhaps = None;
        true
    }

    /// The pictures that are there are those that were answered last, or the one that was under way.
    pub async fn compare(&mut self, process: &Process) {
        for shot in 0..self.answered.len() {
            let path = format!("/api/projects/pictures/shots/{}/thumbnail", self.id(shot));
            let found = process.file(&path).await;
            let is = |turn: &u32| found.as_deref() == (*turn > 0).then(|| self.png(*turn)).as_deref();
            let perhaps = self.perhaps.filter(|(under_way, _)| *under_way == shot).map(|(_, turn)| turn);
            let answered = self.answered[shot];
            let present = perhaps.into_iter().chain([answered]).find(is);
            let size = found.as_ref().map(Vec::len);
            self.answered[shot] = present
                .unwrap_or_else(|| panic!("{path}: not picture {answered}, nor {perhaps:?}, but {size:?} bytes"));
        }
        self.perhaps = None;
    }
}

/// A tracker that sends deliveries.
#[derive(Default)]
pub struct Tracker {
    turn: u64,
    /// The shots that the deliveries which were answered make, and the numbers of those.
    answered: Vec<(String, i64)>,
}

impl Tracker {
    /// Sends a delivery; `false` if there was no answer any more.
    pub async fn write(&mut self, client: &Client, url: &str) -> bool {
        self.turn += 1;
        let shot = format!("delivered-{}", self.turn);
        let change = json!({"op": "put", "kind": "shots", "project": "hooked", "id": shot, "value": {"name": "x", "data": {"frame_in": 0, "frame_out": 10}}});
        let Ok(response) = client.post(format!("{url}/api/webhooks/tracker")).json(&json!([change])).send().await
        else {
            return false;
        };
        let status = response.status();
        let Ok(text) = response.text().await else { return false };
        // One that comes while the server is being stopped is not taken, and told so.
        if status == 503 && text.contains("the server is stopping") {
            return false;
        }
        assert_eq!(status, 202, "{text}");
        let receipt: Value = serde_json::from_str(&text).unwrap();
        self.answered.push((shot, receipt["delivery"].as_i64().unwrap()));
        true
    }

    /// The deliveries that were answered are there.
    pub async fn compare(&self, process: &Process) {
        let mut listed = BTreeSet::new();
        let mut page = String::new();
        loop {
            let found = process.get(&format!("/api/webhooks/tracker/deliveries?limit=1000{page}")).await;
            let found: Vec<i64> = found.as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect();
            let Some(last) = found.last() else { break };
            page = format!("&before={last}");
            listed.extend(found);
        }
        let lost: Vec<_> = self.answered.iter().filter(|(_, number)| !listed.contains(number)).collect();
        assert!(lost.is_empty(), "answered, and lost: {lost:?}");
    }

    /// In the end all of them are applied.
    pub async fn finish(&self, process: &Process) {
        let waiting = "/api/webhooks/tracker/deliveries?status=received";
        until("all are applied", async || (process.get(waiting).await == json!([])).then_some(())).await;
        let shots = process.get("/api/projects/hooked/shots").await;
        let there: BTreeSet<&str> = shots.as_array().unwrap().iter().map(|shot| shot["id"].as_str().unwrap()).collect();
        let lost: Vec<_> = self.answered.iter().filter(|(shot, _)| !there.contains(&**shot)).collect();
        assert!(lost.is_empty(), "delivered, and not applied: {lost:?}");
    }

    pub fn answered(&self) -> usize {
        self.answered.len()
    }
}
