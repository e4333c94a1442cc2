//! Medium shots: figures are seen to their hips, with things around them.

use super::{
    super::{
        number::coordinate,
        path::{Place, Point},
        sets::{nature, winter},
        stage::{Pose, Tone, top},
    },
    Actors, LANTERNS, look,
};

/// Where things stand: across (mirrored with the shot), down, and their scale.
const BEHIND: [(&str, Point, f32); 4] = [
    ("prop-great-lens", (26.0, 52.0), 0.86),
    ("prop-clockwork", (42.0, 52.0), 1.05),
    ("prop-fuse-box", (26.0, 26.0), 1.05),
    ("prop-brass-bell", (34.0, 24.0), 1.15),
];
const BEFORE: [(&str, Point, f32); 6] = [
    ("prop-crate", (30.0, 54.0), 0.95),
    ("prop-toolbox", (4.0, 52.0), 0.8),
    ("prop-market-cart", (34.0, 56.0), 0.95),
    ("prop-points-lever", (36.0, 50.0), 1.0),
    ("prop-suitcase", (36.0, 54.0), 0.95),
    ("prop-teapot", (4.0, 40.0), 0.7),
];

/// Those who stand on the ground where others are seen to their hips.
const ANIMALS: [&str; 4] = ["char-bosun", "char-petrel", "char-pip", "char-snow-hare"];

impl Actors<'_> {
    pub(super) fn medium(&mut self) {
        self.vehicles();
        self.behind();
        self.stage.shine();
        let people = self.staging.figures.iter().copied().filter(|id| *id != "char-tram-nine");
        let (small, tall): (Vec<&str>, Vec<&str>) = people.partition(|id| ANIMALS.contains(id));
        match tall.as_slice() {
            [near, far] if self.staging.over_shoulder => self.over_shoulder(near, far),
            tall => self.people(tall),
        }
        self.before();
        self.animals(&small, tall.is_empty());
        if self.staging.has("prop-skiff") && self.staging.has("char-tam") && !self.staging.has("prop-mailboat") {
            let at = (self.slot(0, 1, 0.0) + 8.0, 58.0);
            self.thing("skiff-hull", Place::new(at, 1.7).turned(-4.0));
        }
    }

    /// Boats and the tram, behind or around the figures.
    fn vehicles(&mut self) {
        if self.staging.has("prop-mailboat") {
            self.thing("prop-mailboat", Place::new((self.side * 50.0, 24.0), 0.72).mirrored(self.side > 0.0));
        }
        if self.staging.has("char-tram-nine") {
            let (x, scale) = if self.staging.figures.len() == 1 { (4.0, 0.98) } else { (34.0, 0.92) };
            self.thing("char-tram-nine", Place::new((self.side * x, 54.0), scale));
        }
    }

    /// What stands or hangs behind the figures.
    fn behind(&mut self) {
        if self.staging.has(LANTERNS) {
            winter::lanterns(self.stage, -34.0, 1.0);
        }
        for (id, (x, y), scale) in BEHIND {
            if self.staging.has(id) {
                self.thing(id, Place::new((self.side * x, y), scale));
            }
        }
        if self.staging.tells("sits down") {
            self.thing("prop-crate", Place::new((self.slot(0, 1, 0.0) + self.side * 6.0, 62.0), 1.3));
        }
        if self.staging.has("fx-beam") && self.staging.has("prop-great-lens") {
            for angle in [178.0, -2.0] {
                nature::beam(self.stage, self.mood, (self.side * 26.0, -3.0), angle, 26.0, 1.2);
            }
        }
        if self.staging.tells("shadow") {
            let shade = Tone { haze: self.mood.land[1], hazy: 0.8, rim: None };
            let place = Place::new((self.side * -74.0, 112.0), 1.62);
            self.stage.figure("char-edda", place, &shade, Pose::Rest);
        }
    }

    /// What stands before the figures.
    fn before(&mut self) {
        let table = self.staging.set == "set-kitchen";
        for (id, (x, y), scale) in BEFORE {
            let elsewhere = match id {
                "prop-crate" => self.staging.tells("sits down"),
                "prop-teapot" => !table,
                _ => false,
            };
            if self.staging.has(id) && !elsewhere {
                let y = if table { y.min(40.0) } else { y };
                self.thing(id, Place::new((self.side * x, y), scale));
            }
        }
    }

    fn people(&mut self, people: &[&str]) {
        let many = people.len() > 2;
        let (spread, scale) = if many { (46.0, 0.9) } else { (33.0, 1.0) };
        let scale = scale + 0.22 * self.staging.near;
        for (n, id) in people.iter().enumerate() {
            let x = self.slot(n, people.len(), spread);
            let sunk = if self.staging.tells("sits") { 22.0 } else { 0.0 };
            let y = if *id == "char-fisherfolk" { 70.0 } else { 74.0 - 6.0 * coordinate(n % 2) + sunk };
            // No hat is to be cut off.
            let y = y.max(-47.0 - top(id) * scale);
            self.actor(id, Place::new((x, y), scale).mirrored(x > 1.0), n == 0);
        }
    }

    fn animals(&mut self, animals: &[&str], alone: bool) {
        for (n, id) in animals.iter().enumerate() {
            let (x, scale) = if alone {
                (self.slot(n, animals.len(), 26.0), 1.1 + 0.4 * self.staging.near)
            } else {
                (self.side * (44.0 + 20.0 * coordinate(n)), 0.86)
            };
            let y = if matches!(*id, "char-petrel" | "char-pip") { 38.0 } else { 50.0 };
            self.actor(id, Place::new((x, y), scale).mirrored(x > 0.0), alone);
        }
    }

    /// Where one of some figures stands.
    fn slot(&self, n: usize, count: usize, spread: f32) -> f32 {
        let n = coordinate(n);
        self.side
            * match count {
                1 => -24.0 - 10.0 * self.staging.shift,
                2 => spread * (2.0 * n - 1.0),
                _ => spread * (2.0 * n / coordinate(count - 1) - 1.0) * (1.0 + 0.12 * coordinate(count)),
            }
    }

    /// One figure from behind, dark and large; the other beyond.
    fn over_shoulder(&mut self, near: &str, far: &str) {
        self.actor(far, Place::new((self.side * 24.0, 78.0), 1.16).mirrored(self.side > 0.0), true);
        let dark = Tone { haze: self.mood.land[1].times(0.8), hazy: 0.8, rim: Some((self.mood.key, self.side)) };
        let place = Place::new((self.side * -62.0, 158.0), 1.95).mirrored(self.side < 0.0);
        self.stage.figure(look(self.staging, near), place, &dark, Pose::Rest);
    }
}
