//! A stage: a canvas with a camera, on which sets are painted, motifs are placed, and light is collected until the end.
//!
//! Coordinates are those of the frame: (0, 0) is its middle, and it is 100 high whatever its size in pixels.

use super::{
    Picture,
    canvas::{Canvas, Paint},
    chance::Chance,
    color::{Color, color},
    light::{self, Glow, Light},
    motif::{Arm, Circle, Motif, motif},
    number::coordinate,
    path::{Path, Place, Point},
};

/// How high every frame is.
pub(super) const HEIGHT: f32 = 100.0;

/// A picture in the making.
pub(super) struct Stage {
    canvas: Canvas,
    /// From the frame's coordinates to pixels.
    view: Place,
    /// From a set's coordinates to pixels: the view, or closer.
    pub(super) camera: Place,
    glows: Vec<Glow>,
    lights: Vec<Light>,
    pub(super) chance: Chance,
}

/// How a motif looks from here: how much of it is lost in the air, and the light on its edge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tone {
    pub(super) haze: Color,
    /// From 0, clear, to 1, gone.
    pub(super) hazy: f32,
    /// The colour of the light that comes from behind, and from which side: -1 for left, 1 for right.
    pub(super) rim: Option<(Color, f32)>,
}

/// What an arm does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pose {
    /// It hangs down.
    Rest,
    /// It holds something in front of the body.
    Hold,
    /// It reaches forward.
    Reach,
    /// It is lifted.
    Raise,
}

/// Where things are on a figure that was placed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub(super) hand: Point,
}

impl Tone {
    /// As it is.
    pub(super) const CLEAR: Self = Self { haze: color(0), hazy: 0.0, rim: None };

    /// A colour as seen through the air.
    pub(super) fn of(&self, color: Color) -> Color {
        color.mix(self.haze, self.hazy)
    }
}

impl Stage {
    /// An empty stage for a picture of a size in pixels.
    pub(super) fn new(width: u16, height: u16, name: &str) -> Self {
        let (across, down) = (f32::from(width), f32::from(height));
        let view = Place::new((across / 2.0, down / 2.0), down / HEIGHT);
        Self {
            canvas: Canvas::new(width.into(), height.into()),
            view,
            camera: view,
            glows: Vec::new(),
            lights: Vec::new(),
            chance: Chance::of(name),
        }
    }

    /// Points the camera at a point of the set, closer by a factor.
    pub(super) fn look_at(&mut self, at: Point, zoom: f32, mirrored: bool) {
        let unit = self.view.scale.1 * zoom;
        let camera = Place::new((0.0, 0.0), unit).mirrored(mirrored);
        let (x, y) = camera.of(at);
        self.camera = camera.moved(self.view.at.0 - x, self.view.at.1 - y);
    }

    /// Paints a path of the set.
    pub(super) fn paint(&mut self, path: &Path, paint: &Paint) {
        let placed = self.camera.path(path);
        self.canvas.fill(&placed, paint);
    }

    /// Paints the whole frame.
    pub(super) fn flood(&mut self, paint: &Paint) {
        let (width, height) = (coordinate(self.canvas.width), coordinate(self.canvas.height));
        self.canvas.fill(&Path::rectangle((0.0, 0.0), (width, height), 0.0), paint);
    }

    /// Paints an outline with corners.
    pub(super) fn polygon(&mut self, points: &[Point], paint: &Paint) {
        self.paint(&Path::polygon(points.to_vec()), paint);
    }

    /// Paints a soft outline.
    pub(super) fn blob(&mut self, points: &[Point], paint: &Paint) {
        self.paint(&Path::blob(points), paint);
    }

    /// Paints a rectangle from its upper left corner.
    pub(super) fn rectangle(&mut self, at: Point, size: Point, paint: &Paint) {
        self.paint(&Path::rectangle(at, size, 0.0), paint);
    }

    /// Paints an ellipse.
    pub(super) fn oval(&mut self, center: Point, radius: Point, paint: &Paint) {
        self.paint(&Path::oval(center, radius, 0.0), paint);
    }

    /// Paints a line with corners.
    pub(super) fn line(&mut self, points: &[Point], width: f32, paint: &Paint) {
        self.paint(&Path::line(points, width), paint);
    }

    /// Paints a soft line.
    pub(super) fn curve(&mut self, points: &[Point], width: f32, paint: &Paint) {
        self.paint(&Path::curve(points, width), paint);
    }

    /// Soft light, which is painted over everything at the end, or when it is called for.
    pub(super) fn glow(&mut self, at: Point, reach: Point, color: Color, strength: f32) {
        let unit = self.camera.scale.1;
        let reach = (reach.0 * unit, reach.1 * unit);
        self.glows.push(Glow { at: self.camera.of(at), reach, color, strength, dense: false });
    }

    /// Paints the soft light that there is so far, so that it does not fall on what comes in front of it.
    pub(super) fn shine(&mut self) {
        for glow in std::mem::take(&mut self.glows) {
            light::glow(&mut self.canvas, &glow);
        }
    }

    /// Soft light or mist that is painted now, over what is there already.
    pub(super) fn mist(&mut self, at: Point, reach: Point, color: Color, strength: f32) {
        self.glow(at, reach, color, strength);
        if let Some(glow) = self.glows.pop() {
            light::glow(&mut self.canvas, &Glow { dense: true, ..glow });
        }
    }

    /// Something in the set that lights what is around it.
    pub(super) fn light(&mut self, at: Point, reach: f32, color: Color) {
        let at = self.camera.of(at);
        self.lights.push(Light { at, reach: reach * self.camera.scale.1, color });
    }

    /// Places a motif of the set, by its name; nothing if there is none.
    pub(super) fn prop(&mut self, name: &str, at: Point, scale: f32, tone: &Tone) {
        let place = Place::new(self.camera.of(at), scale * self.camera.scale.1);
        let mirrored = self.camera.scale.0 < 0.0;
        self.motif(name, place.mirrored(mirrored), tone, Pose::Rest);
    }

    /// Places a motif in the frame, by its name.
    pub(super) fn figure(&mut self, name: &str, place: Place, tone: &Tone, pose: Pose) -> Placed {
        let unit = self.view.scale.1;
        let scale = (place.scale.0 * unit, place.scale.1 * unit);
        let in_pixels = Place { at: self.view.of(place.at), scale, angle: place.angle };
        self.motif(name, in_pixels, tone, pose)
            .map_or(Placed { hand: place.at }, |arm| Placed { hand: place.of(joints(arm, pose)[2]) })
    }

    /// Paints a motif, and gives its arm.
    fn motif(&mut self, name: &str, place: Place, tone: &Tone, pose: Pose) -> Option<&'static Arm> {
        let motif = motif(name)?;
        if let Some((rim, side)) = tone.rim {
            self.rim(motif, place, tone.of(rim), side);
        }
        for shape in &motif.shapes {
            let color = tone.of(shape.color);
            let mut paint = Paint::fade(color.times(1.07), color.times(0.86)).opacity(shape.opacity);
            if shape.lit {
                paint = Paint::flat(color).opacity(shape.opacity).shining();
            }
            self.canvas.fill(&place.path(&shape.path), &paint);
        }
        if let Some(arm) = &motif.arm {
            let [shoulder, elbow, hand] = joints(arm, pose);
            let color = tone.of(arm.sleeve);
            let palm = Path::oval(hand, (arm.width * 0.52, arm.width * 0.52), 0.0);
            self.canvas.fill(&place.path(&palm), &Paint::flat(tone.of(arm.hand)));
            let wrist = (hand.0 * 0.72 + elbow.0 * 0.28, hand.1 * 0.72 + elbow.1 * 0.28);
            let sleeve = Path::curve(&[shoulder, elbow, wrist], arm.width);
            self.canvas.fill(&place.path(&sleeve), &Paint::fade(color.times(1.08), color.times(0.9)));
        }
        for glow in &motif.glows {
            let unit = place.scale.1;
            let (at, reach) = (place.of(glow.circle.at), glow.circle.radius * unit);
            let strength = glow.strength * (1.0 - tone.hazy);
            self.glows.push(Glow { at, reach: (reach, reach), color: glow.color, strength, dense: false });
            self.lights.push(Light { at, reach: reach * 2.6, color: glow.color.times(0.5 * strength) });
        }
        motif.arm.as_ref()
    }

    /// Light from behind: the whole figure in one colour, of which the figure itself leaves an edge.
    fn rim(&mut self, motif: &Motif, place: Place, color: Color, side: f32) {
        let shift = place.moved(side * self.view.scale.1 * 0.7, -self.view.scale.1 * 0.45);
        let paint = Paint::flat(color);
        for shape in motif.shapes.iter().filter(|shape| shape.opacity > 0.9 && !shape.lit) {
            self.canvas.fill(&shift.path(&shape.path), &paint);
        }
    }

    /// Lights the picture, lets it glow, and hands it out.
    pub(super) fn finish(mut self, ambient: Color) -> Picture {
        light::illuminate(&mut self.canvas, ambient, &self.lights);
        self.shine();
        Picture::of(&self.canvas)
    }
}

/// Shoulder, elbow and hand.
fn joints(arm: &Arm, pose: Pose) -> [Point; 3] {
    let (elbow, hand) = match pose {
        Pose::Rest => ((-0.1, 0.5), (0.06, 0.98)),
        Pose::Hold => ((0.02, 0.52), (0.6, 0.5)),
        Pose::Reach => ((0.42, 0.34), (0.98, 0.1)),
        Pose::Raise => ((0.5, 0.02), (0.74, -0.62)),
    };
    let (x, y) = arm.shoulder;
    let from_shoulder = |part: Point| (x + part.0 * arm.length, y + part.1 * arm.length);
    [arm.shoulder, from_shoulder(elbow), from_shoulder(hand)]
}

/// What a close shot of a motif shows: its face, or the middle of it.
pub(super) fn face(name: &str) -> Option<Circle> {
    motif(name).and_then(|motif| motif.face.or(motif.frame))
}

/// What a portrait of a motif shows.
pub(super) fn frame(name: &str) -> Option<Circle> {
    motif(name).and_then(|motif| motif.frame)
}

/// The highest point of a motif.
pub(super) fn top(name: &str) -> f32 {
    let shapes = motif(name).map(|motif| motif.shapes.as_slice()).unwrap_or_default();
    shapes.iter().flat_map(|shape| &shape.path.points).fold(0.0, |top, point| top.min(point.1))
}

/// Whether a motif gives light.
pub(super) fn glows(name: &str) -> bool {
    motif(name).is_some_and(|motif| !motif.glows.is_empty())
}
