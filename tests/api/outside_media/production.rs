//! A small production that has a picture of every kind, and one that has none.

use std::{fs, path::Path, thread};

use serde_json::{Value, json};

use super::{
    charts::{CORNERS, Chart, Color, Form, INSIDES, SIDES},
    reel::Reel,
};

/// The id of the production, and of the one without media.
pub const PROJECT: &str = "charts";
pub const BARE: &str = "bare";
/// Where its movie goes.
pub const MOVIE: &str = "/api/projects/charts/edits/cut/movie";
/// The file of the movie that is sent first, and of the one that takes its place.
pub const MP4: &str = "cut.mp4";
pub const WEBM: &str = "cut.webm";

const PEOPLE: [&str; 4] = ["Ada", "Kofi", "Mei", "Zoe"];
const SEQUENCES: [&str; 3] = ["harbour", "storm", "landfall"];
/// Frames of the movies behind the last shot, and their colour.
const CREDITS: (usize, usize, Color) = (12, 30, [16, 16, 16]);

/// What people have: 4K renders, tall cut-outs, icons, photos of phones held either way, and what fits already.
const OF_SHOTS: [((u32, u32), Form); 12] = [
    ((3840, 2160), Form::Jpeg),
    ((600, 1500), Form::HollowPng),
    ((16, 16), Form::Gif),
    ((600, 800), Form::TurnedJpeg(6)),
    ((600, 800), Form::TurnedJpeg(8)),
    ((150, 100), Form::WebP),
    ((150, 100), Form::Png),
    ((2000, 500), Form::Png),
    ((800, 600), Form::TurnedJpeg(8)),
    ((192, 108), Form::Png),
    ((720, 405), Form::WebP),
    ((400, 1000), Form::Gif),
];
const OF_ASSETS: [((u32, u32), Form); 6] = [
    ((3840, 2160), Form::Jpeg),
    ((600, 1500), Form::HollowPng),
    ((16, 16), Form::Gif),
    ((800, 600), Form::TurnedJpeg(6)),
    ((600, 800), Form::TurnedJpeg(8)),
    ((150, 100), Form::Png),
];
const OF_PEOPLE: [((u32, u32), Form); 4] = [
    ((500, 1200), Form::HollowPng),
    ((1200, 600), Form::Jpeg),
    ((450, 600), Form::TurnedJpeg(6)),
    ((16, 16), Form::Gif),
];

/// A picture, where it is sent to, and its file.
pub struct Picture {
    /// `project`, or such as `shots/0010`.
    pub of: String,
    pub path: String,
    pub file: String,
    pub chart: Chart,
}

impl Picture {
    fn new(of: &str, index: usize, size: (u32, u32), form: Form) -> Self {
        let path = match of.split_once('/') {
            None => format!("/api/projects/{PROJECT}/thumbnail"),
            Some(("users", _)) => format!("/api/{of}/thumbnail"),
            Some(_) => format!("/api/projects/{PROJECT}/{of}/thumbnail"),
        };
        let inside = INSIDES[index % INSIDES.len()];
        Self { of: of.to_owned(), path, file: of.replace('/', "-"), chart: Chart { size, inside, form } }
    }

    fn to_json(&self) -> Value {
        json!({"of": self.of, "path": self.path, "file": self.file, "chart": self.chart.to_json()})
    }
}

/// The production, and what takes the place of something in it later on.
pub struct Production {
    pub pictures: Vec<Picture>,
    pub later: Vec<Picture>,
    pub mp4: Reel,
    pub webm: Reel,
}

fn shot(index: usize) -> String {
    format!("{:04}", 10 * (index + 1))
}

fn asset(index: usize) -> String {
    format!("asset-{index}")
}

/// How many frames a shot has: no two neighbours the same.
fn length(shot: usize) -> usize {
    13 + shot * 7 % 16
}

impl Production {
    pub fn new() -> Self {
        let shots =
            OF_SHOTS.iter().enumerate().map(|(at, (size, form))| (format!("shots/{}", shot(at)), at, size, form));
        let assets = OF_ASSETS
            .iter()
            .enumerate()
            .map(|(at, (size, form))| (format!("assets/{}", asset(at)), at + 5, size, form));
        let people = OF_PEOPLE.iter().zip(PEOPLE).enumerate();
        let people = people.map(|(at, ((size, form), name))| (format!("users/{name}"), at + 2, size, form));
        let own = [("project".to_owned(), 9, &(1500, 800), &Form::Jpeg)];
        let all = shots.chain(assets).chain(people).chain(own);
        let later = [
            ("shots/0050", 0, (300, 900), Form::Png),
            ("assets/asset-1", 1, (900, 300), Form::Jpeg),
            ("users/Mei", 11, (100, 50), Form::WebP),
        ];
        let reel = |shift: usize, credits: usize| {
            let shots = (0..OF_SHOTS.len()).map(|at| (length(at), INSIDES[(at + shift) % INSIDES.len()]));
            Reel { shots: shots.chain([(credits, CREDITS.2)]).collect() }
        };
        Self {
            pictures: all.map(|(of, index, size, form)| Picture::new(&of, index, *size, *form)).collect(),
            later: later.map(|(of, index, size, form)| Picture::new(of, index, size, form)).into(),
            mp4: reel(0, CREDITS.0),
            webm: reel(5, CREDITS.1),
        }
    }

    /// Writes its files into a folder, and what they show to `media.json`.
    pub fn write(&self, ffmpeg: &Path, folder: &Path) {
        fs::create_dir(folder.join("later")).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                let h264 = "-c:v libx264 -preset veryfast -threads 1 -g 24";
                self.mp4.write(ffmpeg, h264, &folder.join(MP4));
                let vp9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -threads 1 -g 24";
                self.webm.write(ffmpeg, vp9, &folder.join(WEBM));
            });
            for picture in &self.pictures {
                fs::write(folder.join(&picture.file), picture.chart.file()).unwrap();
            }
            for picture in &self.later {
                fs::write(folder.join("later").join(&picture.file), picture.chart.file()).unwrap();
            }
        });
        let shown = |pictures: &[Picture]| -> Vec<Value> { pictures.iter().map(Picture::to_json).collect() };
        let media = json!({
            "project": PROJECT, "bare": BARE, "corners": CORNERS, "sides": SIDES,
            "pictures": shown(&self.pictures), "later": shown(&self.later),
            "movie": MOVIE, "mp4": self.mp4.to_json(MP4), "webm": self.webm.to_json(WEBM),
        });
        fs::write(folder.join("media.json"), media.to_string()).unwrap();
    }

    pub fn context(&self) -> Value {
        let people = PEOPLE.iter().chain(&["Nobody"]).map(|name| json!({"id": name, "name": name}));
        json!({
            "users": people.collect::<Vec<_>>(),
            "asset_types": [{"id": "prop", "name": "Prop"}],
            "task_types": [
                {"id": "model", "name": "Modelling", "color": "#78909c", "for_shots": false},
                {"id": "anim", "name": "Animation", "color": "#f9a825", "for_shots": true},
            ],
            "task_statuses": [{"id": "wip", "name": "In Progress", "color": "#3273dc"}],
        })
    }

    pub fn snapshot(&self) -> Value {
        let mut frame = 0;
        let shots = (0..OF_SHOTS.len()).map(|at| {
            let (start, id) = (frame, shot(at));
            frame += length(at);
            json!({
                "id": id, "name": id, "sequence_id": SEQUENCES[at / 4], "data": {"frame_in": start, "frame_out": frame},
                "tasks": [task(&id, "anim", at)],
            })
        });
        let shots: Vec<_> = shots.collect();
        let assets = (0..OF_ASSETS.len()).map(|at| {
            let id = asset(at);
            json!({"id": id, "name": id, "asset_type_id": "prop", "tasks": [task(&id, "model", at)]})
        });
        json!({
            "name": "Charts", "fps": 24, "team": PEOPLE, "task_types": ["model", "anim"], "task_statuses": ["wip"],
            "asset_types": ["prop"], "sequences": sequences(), "shots": shots, "assets": assets.collect::<Vec<_>>(),
            "edits": [{"id": "cut", "name": "Cut"}],
        })
    }

    /// A production that nobody has sent a picture or a movie of.
    pub fn bare(&self) -> Value {
        let shots = (0..6).map(|at| {
            let (id, start) = (shot(at), at * 24);
            let sequence = SEQUENCES.get(at / 2 % 4);
            let name = format!("{}-{id}", &SEQUENCES[at / 2][..3]);
            json!({"id": id, "name": name, "sequence_id": sequence, "data": {"frame_in": start, "frame_out": start + 24}, "tasks": [task(&id, "anim", 0)]})
        });
        let mut shots: Vec<_> = shots.collect();
        shots.push(json!({"id": "loose", "name": "loose end", "data": {"frame_in": 144, "frame_out": 168}}));
        let mut bare = self.snapshot();
        let alone = json!({
            "name": "Bare", "team": ["Nobody"], "shots": shots, "edits": [],
            "assets": [{"id": "bird", "name": "Bird", "asset_type_id": "prop"}],
        });
        bare.as_object_mut().unwrap().extend(alone.as_object().unwrap().clone());
        bare
    }
}

fn task(of: &str, task_type: &str, at: usize) -> Value {
    let id = format!("{of}.{task_type}");
    json!({"id": id, "task_type_id": task_type, "task_status_id": "wip", "assignees": [PEOPLE[at % PEOPLE.len()]]})
}

fn sequences() -> Vec<Value> {
    SEQUENCES.iter().map(|name| json!({"id": name, "name": name})).collect()
}
