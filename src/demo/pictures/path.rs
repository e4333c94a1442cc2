//! Outlines: what shapes are made of before they are painted.

use std::f32::consts::TAU;

use super::number::coordinate;

/// A place: right, down.
pub(super) type Point = (f32, f32);

/// Closed outlines of straight lines. What is inside of any of them is inside of the path, if all turn the same way.
#[derive(Debug, Clone, Default)]
pub(super) struct Path {
    pub(super) points: Vec<Point>,
    /// Where in `points` each outline ends.
    pub(super) ends: Vec<usize>,
}

/// Lines to an eighth of a circle's curve, or between two points of a soft outline.
const STEPS: usize = 5;

impl Path {
    /// One outline through corners.
    pub(super) fn polygon(points: Vec<Point>) -> Self {
        let ends = vec![points.len()];
        Self { points, ends }
    }

    /// One soft outline through points (a closed Catmull-Rom spline).
    pub(super) fn blob(points: &[Point]) -> Self {
        let count = points.len();
        let at = |n: usize| points.get(n % count).copied().unwrap_or_default();
        let spans = (0..count).map(|n| [at(n + count - 1), at(n), at(n + 1), at(n + 2)]);
        Self::polygon(spans.flat_map(span).collect())
    }

    /// An ellipse, turned by an angle in degrees.
    pub(super) fn oval(center: Point, radius: Point, angle: f32) -> Self {
        let steps = if radius.0.max(radius.1) < 2.5 { 14 } else { 30 };
        let (sin, cos) = angle.to_radians().sin_cos();
        let on_edge = |n: usize| {
            let (y, x) = (coordinate(n) * TAU / coordinate(steps)).sin_cos();
            let (x, y) = (x * radius.0, y * radius.1);
            (center.0 + x * cos - y * sin, center.1 + x * sin + y * cos)
        };
        Self::polygon((0..steps).map(on_edge).collect())
    }

    /// A small disc: eight corners are enough for a drop or a snowflake.
    pub(super) fn dot((x, y): Point, radius: f32) -> Self {
        let (far, near) = (radius, radius * 0.414);
        let half = [(far, -near), (far, near), (near, far), (-near, far)];
        let other = half.map(|(dx, dy)| (-dx, -dy));
        Self::polygon(half.into_iter().chain(other).map(|(dx, dy)| (x + dx, y + dy)).collect())
    }

    /// A rectangle with round corners.
    pub(super) fn rectangle((x, y): Point, (width, height): Point, round: f32) -> Self {
        let (right, bottom) = (x + width, y + height);
        if round <= 0.0 {
            return Self::polygon(vec![(x, y), (right, y), (right, bottom), (x, bottom)]);
        }
        let round = round.min(width / 2.0).min(height / 2.0);
        let corners = [(right, bottom, 0.0), (x, bottom, 0.25), (x, y, 0.5), (right, y, 0.75)];
        let center = |x: f32, low: f32, high: f32| x.max(low + round).min(high - round);
        let points = corners.into_iter().flat_map(|(cx, cy, turn)| {
            let (cx, cy) = (center(cx, x, right), center(cy, y, bottom));
            (0..=STEPS).map(move |n| {
                let (sin, cos) = ((turn + coordinate(n) / coordinate(4 * STEPS)) * TAU).sin_cos();
                (cx + cos * round, cy + sin * round)
            })
        });
        Self::polygon(points.collect())
    }

    /// A line through points, of a width, with round ends.
    pub(super) fn line(points: &[Point], width: f32) -> Self {
        let mut path = Self::default();
        for pair in points.windows(2) {
            let &[from, to] = pair else { continue };
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let length = dx.hypot(dy).max(1e-6);
            let (x, y) = (-dy / length * width / 2.0, dx / length * width / 2.0);
            let quad = [(from.0 + x, from.1 + y), (from.0 - x, from.1 - y), (to.0 - x, to.1 - y), (to.0 + x, to.1 + y)];
            path.add(&Self::polygon(quad.to_vec()));
        }
        for &point in points {
            path.add(&Self::oval(point, (width / 2.0, width / 2.0), 0.0));
        }
        path
    }

    /// A soft line through points.
    pub(super) fn curve(points: &[Point], width: f32) -> Self {
        let last = points.len().saturating_sub(1);
        let at = |n: usize| points.get(n.min(last)).copied().unwrap_or_default();
        let mut soft: Vec<Point> =
            (0..last).flat_map(|n| span([at(n.saturating_sub(1)), at(n), at(n + 1), at(n + 2)])).collect();
        soft.extend(points.last());
        Self::line(&soft, width)
    }

    /// Takes in all outlines of another path.
    pub(super) fn add(&mut self, other: &Self) {
        let before = self.points.len();
        self.points.extend_from_slice(&other.points);
        self.ends.extend(other.ends.iter().map(|end| before + end));
    }
}

/// The way from the second of four points to the third, without the third.
fn span([before, from, to, after]: [Point; 4]) -> [Point; STEPS] {
    let mut way = [from; STEPS];
    for (n, point) in way.iter_mut().enumerate() {
        let t = coordinate(n) / coordinate(STEPS);
        let axis = |p0: f32, p1: f32, p2: f32, p3: f32| {
            let (linear, square) = (p2 - p0, 2.0 * p0 - 5.0 * p1 + 4.0 * p2 - p3);
            p1 + 0.5 * t * (linear + t * (square + t * (3.0 * (p1 - p2) + p3 - p0)))
        };
        *point = (axis(before.0, from.0, to.0, after.0), axis(before.1, from.1, to.1, after.1));
    }
    way
}

/// How a drawing is placed in a picture: turned, scaled, then moved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) at: Point,
    /// Scale; negative across for a mirrored drawing.
    pub(super) scale: Point,
    /// In degrees, clockwise.
    pub(super) angle: f32,
}

impl Place {
    /// Upright, at a point.
    pub(super) fn new(at: Point, scale: f32) -> Self {
        Self { at, scale: (scale, scale), angle: 0.0 }
    }

    /// Facing the other way, if told so.
    pub(super) fn mirrored(mut self, mirrored: bool) -> Self {
        if mirrored {
            self.scale.0 = -self.scale.0;
        }
        self
    }

    /// Turned by degrees, clockwise.
    pub(super) fn turned(mut self, angle: f32) -> Self {
        self.angle += angle;
        self
    }

    /// Moved in the picture.
    pub(super) fn moved(mut self, x: f32, y: f32) -> Self {
        self.at = (self.at.0 + x, self.at.1 + y);
        self
    }

    /// Where a point of the drawing is in the picture.
    pub(super) fn of(&self, (x, y): Point) -> Point {
        let (sin, cos) = self.angle.to_radians().sin_cos();
        let (x, y) = (x * self.scale.0, y * self.scale.1);
        (self.at.0 + x * cos - y * sin, self.at.1 + x * sin + y * cos)
    }

    /// A path of the drawing in the picture.
    pub(super) fn path(&self, path: &Path) -> Path {
        let (sin, cos) = self.angle.to_radians().sin_cos();
        let mut placed = path.clone();
        for point in &mut placed.points {
            let (x, y) = (point.0 * self.scale.0, point.1 * self.scale.1);
            *point = (self.at.0 + x * cos - y * sin, self.at.1 + x * sin + y * cos);
        }
        placed
    }
}
