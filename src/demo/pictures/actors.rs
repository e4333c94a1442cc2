//! Who and what is in a shot, and where in the frame.

mod medium;
mod wide;

use super::{
    color::WHITE,
    mood::Mood,
    number::coordinate,
    path::{Place, Point},
    sets::winter,
    stage::{Pose, Stage, Tone, face, frame},
    staging::{Size, Staging},
};

/// Things that a figure holds, how large they are beside it, how far they hang below its hand, and how it holds them.
const HELD: [(&str, f32, f32, Pose); 9] = [
    ("prop-telegram", 0.55, 6.0, Pose::Reach),
    ("prop-oil-lantern", 0.8, 34.0, Pose::Hold),
    ("prop-logbook", 0.52, 6.0, Pose::Hold),
    ("prop-hammer", 0.8, 6.0, Pose::Raise),
    ("prop-ticket-punch", 0.6, 6.0, Pose::Reach),
    (SHOVEL, 0.85, 30.0, Pose::Hold),
    ("prop-electric-lamp", 0.55, 6.0, Pose::Hold),
    ("prop-teapot", 0.5, 6.0, Pose::Hold),
    ("prop-suitcase", 0.8, 6.0, Pose::Rest),
];

/// Is held away from the face.
const SHOVEL: &str = "prop-snow-shovel";

/// Hang across the frame instead of standing in it.
const LANTERNS: &str = "prop-paper-lanterns";

/// Where things are behind a face, beside it: across (mirrored with the shot), down, and their scale.
const BEHIND_FACE: [(&str, Point, f32); 3] = [
    ("prop-great-lens", (48.0, 74.0), 1.3),
    ("prop-fuse-box", (48.0, 36.0), 1.5),
    ("prop-brass-bell", (48.0, 36.0), 1.5),
];
/// Things that are nearer than a face.
const BEFORE_FACE: [&str; 5] =
    ["prop-electric-lamp", "prop-oil-lantern", "prop-logbook", "prop-crate", "prop-ticket-punch"];

/// Descriptions in which the great lens gives no light.
const LENS_IS_DARK: [&str; 4] = ["lantern goes", "no clockwork", "takes the clockwork", "asleep"];

/// Whoever places what is in a shot.
struct Actors<'a> {
    stage: &'a mut Stage,
    staging: &'a Staging<'a>,
    mood: &'a Mood,
    /// How figures look in the light of the scene.
    tone: Tone,
    /// 1, or -1 if left and right are swapped.
    side: f32,
}

/// Places everything.
pub(super) fn place(stage: &mut Stage, staging: &Staging, mood: &Mood) {
    let side = staging.side();
    let from = mood.sun.map_or(side, |sun| if sun.0 < 0.0 { -1.0 } else { 1.0 });
    let hazy = if staging.size == Size::Wide { 0.1 } else { 0.0 };
    let rim = Some((mood.key.mix(WHITE, 0.2), from));
    let tone = Tone { haze: mood.sky[2].mix(mood.land[1], 0.5), hazy, rim };
    let mut actors = Actors { stage, staging, mood, tone, side };
    match staging.size {
        Size::Insert => actors.insert(),
        Size::Wide => actors.wide(),
        Size::Medium => actors.medium(),
        Size::Close => actors.close(),
    }
}

/// Where most happens in the frame.
pub(super) fn middle(staging: &Staging) -> Point {
    match staging.size {
        Size::Wide => (staging.side() * 16.0, 20.0),
        Size::Insert => (4.0, -10.0),
        _ => (staging.side() * 20.0, 6.0),
    }
}

/// Where sparks fly: at a wheel.
pub(super) fn wheel(staging: &Staging) -> Point {
    match staging.size {
        Size::Wide => (staging.side() * -22.0, 34.0),
        _ => (staging.side() * 20.0, 42.0),
    }
}

/// Where water breaks: at the bow of a boat, or beside whoever sails it.
pub(super) fn bow(staging: &Staging) -> Point {
    match staging.size {
        Size::Wide => (staging.side() * -13.0, 27.0),
        _ => (staging.side() * 46.0, 46.0),
    }
}

/// Which drawing shows an asset in a shot.
fn look<'a>(staging: &Staging, id: &'a str) -> &'a str {
    match id {
        "char-tram-nine" if staging.tells("sleep") => "tram-asleep",
        "char-petrel" if staging.tells("thrown") || staging.tells("evening") => "petrel-flying",
        "prop-electric-lamp" if staging.tells("dark") => "lamp-out",
        "prop-great-lens" if LENS_IS_DARK.iter().any(|words| staging.tells(words)) => "lens-dark",
        _ => id,
    }
}

impl Actors<'_> {
    /// One thing fills the frame.
    fn insert(&mut self) {
        let Some(id) = self.staging.props.iter().chain(&self.staging.figures).next() else { return };
        if *id == LANTERNS {
            return winter::lanterns(self.stage, -26.0, 1.5);
        }
        let id = look(self.staging, id);
        let Some(circle) = frame(id) else { return };
        let scale = 44.0 / circle.radius;
        let at = (self.side * 8.0 - circle.at.0 * scale, -circle.at.1 * scale);
        self.tone.rim = Some((self.mood.key, self.side));
        self.thing(id, Place::new(at, scale).turned(self.side * -5.0));
    }

    /// A face, or two.
    fn close(&mut self) {
        for (id, (x, y), scale) in BEHIND_FACE {
            if self.staging.has(id) {
                self.thing(id, Place::new((self.side * x, y), scale));
            }
        }
        self.stage.shine();
        let count = self.staging.figures.len();
        for (n, id) in self.staging.figures.iter().enumerate() {
            self.face(n, count, id);
        }
        // Beside one face, between two.
        let x = if count > 1 { 0.0 } else { self.side * 40.0 };
        for id in self.staging.props.iter().filter(|id| BEFORE_FACE.contains(id)) {
            self.thing(id, Place::new((x, 52.0), 1.35));
        }
        if self.staging.has(LANTERNS) {
            winter::lanterns(self.stage, -36.0, 1.1);
        }
    }

    fn face(&mut self, n: usize, count: usize, id: &str) {
        let Some(face) = face(look(self.staging, id)) else { return };
        let (size, x) = if count > 1 {
            (27.0, 34.0 * (2.0 * coordinate(n) - 1.0))
        } else {
            (29.0 + 8.0 * self.staging.near, -20.0 - 10.0 * self.staging.shift)
        };
        let (scale, x) = (size / face.radius, self.side * x);
        // A number is painted on the tram, which must not be mirrored.
        let mirrored = x > 0.0 && id != "char-tram-nine";
        let aside = if mirrored { -face.at.0 } else { face.at.0 };
        let at = (x - aside * scale, 2.0 - face.at.1 * scale + 6.0 * coordinate(n));
        self.actor(id, Place::new(at, scale).mirrored(mirrored), false);
    }

    /// A thing, or a figure that does nothing.
    fn thing(&mut self, id: &str, place: Place) {
        self.stage.figure(look(self.staging, id), place, &self.tone, Pose::Rest);
    }

    /// A figure, with what it holds.
    fn actor(&mut self, id: &str, place: Place, holds: bool) {
        let held = HELD.iter().find(|(prop, ..)| holds && self.staging.has(prop) && !self.is_on_table(prop));
        let pose = held.map_or_else(|| self.gesture(), |(.., pose)| *pose);
        let placed = self.stage.figure(look(self.staging, id), place, &self.tone, pose);
        if let Some((prop, size, hang, _)) = held {
            let (scale, facing) = (place.scale.1 * size, place.scale.0.signum());
            let ahead = if *prop == SHOVEL { 16.0 * facing * scale } else { 0.0 };
            let at = (placed.hand.0 + ahead, placed.hand.1 + hang * scale);
            self.thing(prop, Place::new(at, scale).mirrored(facing < 0.0));
        }
    }

    /// Whether a thing stands on a table, so that nobody holds it.
    fn is_on_table(&self, prop: &str) -> bool {
        prop == "prop-teapot" && self.staging.set == "set-kitchen" && self.staging.size == Size::Medium
    }

    /// What is done with empty hands.
    fn gesture(&self) -> Pose {
        let tells = |words: &[&str]| words.iter().any(|word| self.staging.tells(word));
        if self.staging.size != Size::Close && tells(&["waves", "throws"]) {
            Pose::Raise
        } else if tells(&["lean", "pulls", "winds", "digs"]) {
            Pose::Reach
        } else {
            Pose::Rest
        }
    }
}
