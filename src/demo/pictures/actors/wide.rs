//! Wide shots: figures are small in a large place.

use super::{
    super::{
        number::coordinate,
        path::{Place, Point},
        sets::winter,
        stage::Pose,
    },
    Actors, LANTERNS, look,
};

/// Where figures climb the stairs: one light ahead, the others behind.
const STEPS: [Point; 3] = [(34.0, 22.0), (-38.0, 44.0), (-70.0, 50.0)];

impl Actors<'_> {
    pub(super) fn wide(&mut self) {
        if self.staging.has("prop-mailboat") {
            self.mailboat();
        } else if self.staging.has("prop-skiff") {
            self.skiff();
        } else if self.staging.has("char-tram-nine") {
            self.tram();
        } else {
            self.on_foot();
        }
    }

    fn on_foot(&mut self) {
        let (ground, scale) = match self.staging.set {
            "set-gallery" => (54.0, 0.72),
            "set-stairwell" => (42.0, 0.42),
            _ => (42.0, 0.46),
        };
        for (n, id) in self.staging.figures.iter().enumerate() {
            let at = match look(self.staging, id) {
                "petrel-flying" => (self.side * 50.0, -18.0),
                _ if self.staging.set == "set-stairwell" => STEPS[n.min(2)],
                _ => (self.side * (-30.0 + 34.0 * coordinate(n)), ground),
            };
            self.actor(id, Place::new(at, scale).mirrored(n % 2 == 1), n == 0);
        }
        if self.staging.has(LANTERNS) {
            winter::lanterns(self.stage, -30.0, 0.8);
        }
    }

    /// The mailboat, and whoever is on board above its edge.
    fn mailboat(&mut self) {
        let at = (self.side * -26.0, 24.0);
        let pose = if self.staging.tells("waves") { Pose::Raise } else { Pose::Rest };
        for (n, id) in self.staging.figures.iter().enumerate() {
            let place = Place::new((at.0 + 14.0 + 12.0 * coordinate(n), at.1 - 9.0), 0.3);
            self.stage.figure(id, place.mirrored(n == 0), &self.tone, pose);
        }
        self.thing("prop-mailboat", Place::new(at, 0.62).mirrored(self.side > 0.0).turned(-3.0));
    }

    /// The skiff with Tam in it, heeling.
    fn skiff(&mut self) {
        let (at, scale) = ((self.side * -34.0, 24.0), 0.46);
        let heel = self.stage.chance.between(-11.0, 11.0);
        let heeling = |at: Point, scale: f32| Place::new(at, scale).mirrored(self.side < 0.0).turned(heel);
        let (seat, hull) = (heeling((at.0 - self.side * 9.0, at.1 - 3.0), scale * 0.74), heeling(at, scale));
        if self.staging.has("char-tam") {
            self.stage.figure("char-tam", seat, &self.tone, Pose::Reach);
        }
        self.thing("prop-skiff", hull);
    }

    /// The tram from its side, with whoever rides on its roof.
    fn tram(&mut self) {
        let (at, scale, angle) = self.tram_place();
        let runs = self.staging.tells("hare runs ahead");
        let rides = |id: &&&str| **id != "char-tram-nine" && !(runs && **id == "char-snow-hare");
        for (n, id) in self.staging.figures.iter().filter(rides).enumerate() {
            let x = at.0 + (coordinate(n) * 26.0 - 34.0) * scale;
            let pose = if n == 0 { Pose::Raise } else { Pose::Rest };
            self.stage.figure(id, Place::new((x, at.1 - 54.0 * scale), scale * 0.62), &self.tone, pose);
        }
        self.thing("tram-side", Place::new(at, scale).turned(angle));
        if runs {
            self.thing("char-snow-hare", Place::new((at.0 + 54.0, at.1 + 14.0), 0.3));
        }
        if self.staging.has(LANTERNS) {
            winter::lanterns(self.stage, -34.0, 0.7);
        }
        if self.staging.has("prop-market-cart") {
            self.thing("prop-market-cart", Place::new((self.side * 56.0, 50.0), 0.62));
        }
    }

    /// Where the tram is in its set, how large, and how steep its way.
    fn tram_place(&self) -> (Point, f32, f32) {
        let x = self.side * -10.0;
        match self.staging.set {
            "set-ridge-line" => ((x, 9.5), 0.24, 0.0),
            "set-clock-tower" if self.staging.tells("round and round") => ((-4.0, 33.0), 0.52, -12.0),
            "set-clock-tower" => ((-34.0, 34.0), 0.6, 8.0),
            "set-night-city" => ((x, 44.0), 0.72, 4.0),
            "set-market-street" => ((x, 44.0), 0.7, if self.staging.tells("rails end") { -9.0 } else { 2.0 }),
            _ => ((x, 40.0), 0.74, 0.0),
        }
    }
}
