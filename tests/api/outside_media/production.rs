//! A small production that has a picture of every kind, and one that has none.

use std::{fs, path::Path, thread};

use serde_json::{Value, json};

use super::{
    charts::{Chart, Color, Form, INSIDES},
    reel::Reel,
};

/// The id of the production.
pub const PROJECT: &str = "charts";
/// The id of the one without pictures and movie.
pub const BARE: &str = "bare";
/// Where its movie goes.
pub const MOVIE: &str = "/api/projects/charts/edits/cut/movie";
/// The file of the movie that is sent first.
pub const MP4: &str = "cut.mp4";
/// The file of the movie that takes its place.
const WEBM: &str = "cut.webm";

const PEOPLE: [&str; 4] = ["Ada", "Kofi", "Mei", "Zoe"];
const SEQUENCES: [&str; 3] = ["harbour", "storm", "landfall"];
/// What is behind the last shot of a movie.
const BLACK: Color = [16, 16, 16];

/// A picture as people have it: its size as it is to be looked at, and what kind of file it is.
type Kind = ((u32, u32), Form);

/// A 4K render, a tall cut-out, an icon, photos of phones held either way, what fits already, and what does not.
const OF_SHOTS: [Kind; 12] = [
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
const OF_ASSETS: [Kind; 6] = [
    ((3840, 2160), Form::Jpeg),
    ((600, 1500), Form::HollowPng),
    ((16, 16), Form::Gif),
    ((800, 600), Form::TurnedJpeg(6)),
    ((600, 800), Form::TurnedJpeg(8)),
    ((150, 100), Form::Png),
];
const OF_PEOPLE: [Kind; 4] = [
    ((500, 1200), Form::HollowPng),
    ((1200, 600), Form::Jpeg),
    ((450, 600), Form::TurnedJpeg(6)),
    ((16, 16), Form::Gif),
];

/// A picture, where it is sent to, and its file.
pub struct Picture {
    /// `project`, or such as `shots/0010`.
    of: String,
    pub path: String,
    pub file: String,
    pub chart: Chart,
}

impl Picture {
    fn new(of: &str, color: usize, (size, form): Kind) -> Self {
        let path = match of.split_once('/') {
            None => format!("/api/projects/{PROJECT}/thumbnail"),
            Some(("users", _)) => format!("/api/{of}/thumbnail"),
            Some(_) => format!("/api/projects/{PROJECT}/{of}/thumbnail"),
        };
        let inside = INSIDES[color % INSIDES.len()];
        Self { of: of.to_owned(), path, file: of.replace('/', "-"), chart: Chart { size, inside, form } }
    }

    fn to_json(&self) -> Value {
        json!({"of": self.of, "path": self.path, "file": self.file, "chart": self.chart.to_json()})
    }
}

/// The files of the production, and of what takes the place of some later on.
pub struct Production {
    pub pictures: Vec<Picture>,
    later: Vec<Picture>,
    pub mp4: Reel,
    webm: Reel,
}

impl Production {
    pub fn new() -> Self {
        let shots =
            OF_SHOTS.iter().enumerate().map(|(at, kind)| Picture::new(&format!("shots/{}", shot(at)), at, *kind));
        let assets = OF_ASSETS
            .iter()
            .enumerate()
            .map(|(at, kind)| Picture::new(&format!("assets/{}", asset(at)), at + 5, *kind));
        let people = OF_PEOPLE.iter().zip(PEOPLE).enumerate();
        let people = people.map(|(at, (kind, name))| Picture::new(&format!("users/{name}"), at + 2, *kind));
        let own = [Picture::new("project", 9, ((1500, 800), Form::Jpeg))];
        let later = [
            Picture::new("shots/0050", 0, ((300, 900), Form::Png)),
            Picture::new("assets/asset-1", 1, ((900, 300), Form::Jpeg)),
            Picture::new("users/Mei", 11, ((100, 50), Form::WebP)),
        ];
        Self {
            pictures: shots.chain(assets).chain(people).chain(own).collect(),
            later: later.into(),
            mp4: reel(0, 12),
            webm: reel(5, 30),
        }
    }

    /// Writes the files into a folder, and what they show to `media.json`.
    pub fn write(&self, ffmpeg: &Path, folder: &Path) {
        fs::create_dir(folder.join("later")).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                self.mp4.write(ffmpeg, "-c:v libx264 -preset veryfast -threads 1 -g 24", &folder.join(MP4));
                let vp9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -threads 1 -g 24";
                self.webm.write(ffmpeg, vp9, &folder.join(WEBM));
            });
            for (pictures, folder) in [(&self.pictures, folder.to_owned()), (&self.later, folder.join("later"))] {
                for picture in pictures {
                    fs::write(folder.join(&picture.file), picture.chart.file()).unwrap();
                }
            }
        });
        let shown = |pictures: &[Picture]| -> Vec<Value> { pictures.iter().map(Picture::to_json).collect() };
        let media = json!({
            "project": PROJECT, "pictures": shown(&self.pictures), "later": shown(&self.later),
            "movie": MOVIE, "mp4": self.mp4.to_json(MP4), "webm": self.webm.to_json(WEBM), "bare": BARE,
        });
        fs::write(folder.join("media.json"), media.to_string()).unwrap();
    }
}

/// A movie of the shots, with some frames behind the last. Each shot has the colour of the picture that is so many further.
fn reel(shift: usize, credits: usize) -> Reel {
    let shots = (0..OF_SHOTS.len()).map(|at| (length(at), INSIDES[(at + shift) % INSIDES.len()]));
    Reel { shots: shots.chain([(credits, BLACK)]).collect() }
}

fn shot(at: usize) -> String {
    format!("{:04}", 10 * (at + 1))
}

fn asset(at: usize) -> String {
    format!("asset-{at}")
}

/// How many frames a shot has: another number than its neighbours.
fn length(shot: usize) -> usize {
    13 + shot * 7 % 16
}

/// The lists of the studio.
pub fn context() -> Value {
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

/// The production, whose edit says nothing of its length.
pub fn charts() -> Value {
    let mut frame = 0;
    let shots = (0..OF_SHOTS.len()).map(|at| {
        let range = json!({"frame_in": frame, "frame_out": frame + length(at)});
        frame += length(at);
        let tasks = [task(&shot(at), "anim", at)];
        json!({"id": shot(at), "name": shot(at), "sequence_id": SEQUENCES[at / 4], "data": range, "tasks": tasks})
    });
    let shots: Vec<_> = shots.collect();
    let assets = (0..OF_ASSETS.len()).map(|at| {
        json!({"id": asset(at), "name": asset(at), "asset_type_id": "prop", "tasks": [task(&asset(at), "model", at)]})
    });
    let edits = [json!({"id": "cut", "name": "Cut"})];
    project("Charts", &PEOPLE, &shots, &assets.collect::<Vec<_>>(), &edits)
}

/// A production that nobody has sent a picture or a movie of; the last of its shots is of no sequence.
pub fn bare() -> Value {
    let shots = (0..7).map(|at| {
        let sequence = SEQUENCES.get(at / 2);
        let name = format!("{}-{}", sequence.map_or("loose", |sequence| &sequence[..3]), shot(at));
        let range = json!({"frame_in": 24 * at, "frame_out": 24 * (at + 1)});
        json!({"id": shot(at), "name": name, "sequence_id": sequence, "data": range})
    });
    let assets = [json!({"id": "bird", "name": "Bird", "asset_type_id": "prop"})];
    project("Bare", &["Nobody"], &shots.collect::<Vec<_>>(), &assets, &[])
}

fn project(name: &str, team: &[&str], shots: &[Value], assets: &[Value], edits: &[Value]) -> Value {
    let sequences: Vec<_> = SEQUENCES.iter().map(|name| json!({"id": name, "name": name})).collect();
    json!({
        "name": name, "fps": 24, "team": team, "task_types": ["model", "anim"], "task_statuses": ["wip"],
        "asset_types": ["prop"], "sequences": sequences, "shots": shots, "assets": assets, "edits": edits,
    })
}

fn task(of: &str, task_type: &str, at: usize) -> Value {
    let who = PEOPLE[at % PEOPLE.len()];
    json!({"id": format!("{of}.{task_type}"), "task_type_id": task_type, "task_status_id": "wip", "assignees": [who]})
}
