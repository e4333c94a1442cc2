//! Motifs: people, things and animals, each drawn once and seen in many pictures.
//!
//! They are described in `motifs/*.txt`, one shape a line, from the back to the front:
//! - `color name #rrggbb`: a name for a colour in the lines below;
//! - `motif name`: what follows is drawn when an asset of this name is seen; a height of 100 is that of a person, from y = -100 to 0;
//! - `poly color x y …`, `blob color x y …`: an outline with corners, and a soft one;
//! - `oval color x y rx ry [angle]`, `rect color x y width height [round]`;
//! - `line color width x y …`, `curve color width x y …`: a line with corners, and a soft one;
//! - `glow color x y reach strength`: soft light;
//! - `face x y r`: what a close shot shows; `frame x y r`: what a portrait shows;
//! - `arm sleeve hand width x y length`: an arm, from its shoulder.
//!
//! A colour may be `name*0.8`, darker, and `name@0.5`, half transparent. A shape after `lit` shines by itself.

use std::{collections::HashMap, sync::OnceLock};

use super::{
    color::Color,
    path::{Path, Point},
};

/// The descriptions.
const TEXTS: [&str; 4] = [
    include_str!("motifs/film-cast.txt"),
    include_str!("motifs/film-things.txt"),
    include_str!("motifs/show-cast.txt"),
    include_str!("motifs/show-things.txt"),
];

/// One drawing.
#[derive(Debug, Default)]
pub(super) struct Motif {
    pub(super) shapes: Vec<Shape>,
    pub(super) glows: Vec<Glow>,
    pub(super) face: Option<Circle>,
    pub(super) frame: Option<Circle>,
    pub(super) arm: Option<Arm>,
}

/// A filled outline.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) path: Path,
    pub(super) color: Color,
    pub(super) opacity: f32,
    pub(super) lit: bool,
}

/// Soft light of a drawing.
#[derive(Debug)]
pub(super) struct Glow {
    pub(super) circle: Circle,
    pub(super) color: Color,
    pub(super) strength: f32,
}

/// A part of a drawing, by its middle and how far it reaches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circle {
    pub(super) at: Point,
    pub(super) radius: f32,
}

/// An arm that holds, points or hangs down.
#[derive(Debug)]
pub(super) struct Arm {
    pub(super) sleeve: Color,
    pub(super) hand: Color,
    pub(super) width: f32,
    pub(super) shoulder: Point,
    pub(super) length: f32,
}

/// The motif of an asset, if there is one with this name.
pub(super) fn motif(name: &str) -> Option<&'static Motif> {
    static MOTIFS: OnceLock<HashMap<&'static str, Motif>> = OnceLock::new();
    MOTIFS.get_or_init(|| TEXTS.into_iter().flat_map(|text| Reader::read(text).motifs).collect()).get(name)
}

/// What has been read of a text.
#[derive(Default)]
struct Reader {
    colors: HashMap<&'static str, Color>,
    motifs: Vec<(&'static str, Motif)>,
    /// The lines that could not be read.
    faults: Vec<&'static str>,
}

impl Reader {
    fn read(text: &'static str) -> Self {
        let mut reader = Self::default();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if reader.line(line).is_none() {
                reader.faults.push(line);
            }
        }
        reader
    }

    /// Takes in one line. What cannot be read is left out rather than fatal: the texts are part of the program, and a test reads each line.
    fn line(&mut self, line: &'static str) -> Option<()> {
        let mut words = line.split_ascii_whitespace();
        let keyword = words.next()?;
        match keyword {
            "color" => {
                let name = words.next()?;
                self.colors.insert(name, Color::read(words.next()?)?);
            }
            "motif" => self.motifs.push((words.next()?, Motif::default())),
            "face" => self.motifs.last_mut()?.1.face = Some(circle(&numbers(words)?)?),
            "frame" => self.motifs.last_mut()?.1.frame = Some(circle(&numbers(words)?)?),
            "arm" => {
                let (sleeve, hand) = (self.color(words.next()?)?.0, self.color(words.next()?)?.0);
                let &[width, x, y, length] = numbers(words)?.as_slice() else { return None };
                self.motifs.last_mut()?.1.arm = Some(Arm { sleeve, hand, width, shoulder: (x, y), length });
            }
            "glow" => {
                let color = self.color(words.next()?)?.0;
                let numbers = numbers(words)?;
                let glow = Glow { circle: circle(&numbers)?, color, strength: *numbers.get(3)? };
                self.motifs.last_mut()?.1.glows.push(glow);
            }
            "lit" => self.shape(words.next()?, words, true)?,
            form => self.shape(form, words, false)?,
        }
        Some(())
    }

    fn shape(&mut self, form: &str, mut words: Words, lit: bool) -> Option<()> {
        let (color, opacity) = self.color(words.next()?)?;
        let path = path(form, &numbers(words)?)?;
        self.motifs.last_mut()?.1.shapes.push(Shape { path, color, opacity, lit });
        Some(())
    }

    /// A colour and its opacity, such as `#ff8000`, `coat*0.8` or `smoke@0.3`.
    fn color(&self, text: &str) -> Option<(Color, f32)> {
        let (text, opacity) =
            text.split_once('@').map_or(Some((text, 1.0)), |(text, part)| Some((text, part.parse().ok()?)))?;
        let (name, factor) =
            text.split_once('*').map_or(Some((text, 1.0)), |(text, part)| Some((text, part.parse().ok()?)))?;
        let color = Color::read(name).or_else(|| self.colors.get(name).copied())?;
        Some((color.times(factor), opacity))
    }
}

type Words = std::str::SplitAsciiWhitespace<'static>;

fn numbers(words: Words) -> Option<Vec<f32>> {
    words.map(|word| word.parse().ok()).collect()
}

fn circle(numbers: &[f32]) -> Option<Circle> {
    let &[x, y, radius, ..] = numbers else { return None };
    Some(Circle { at: (x, y), radius })
}

fn path(form: &str, numbers: &[f32]) -> Option<Path> {
    Some(match (form, numbers) {
        ("poly", corners) => Path::polygon(points(corners)?),
        ("blob", points_on_it) => Path::blob(&points(points_on_it)?),
        ("line", [width, way @ ..]) => Path::line(&points(way)?, *width),
        ("curve", [width, way @ ..]) => Path::curve(&points(way)?, *width),
        ("oval", &[x, y, across, down]) => Path::oval((x, y), (across, down), 0.0),
        ("oval", &[x, y, across, down, angle]) => Path::oval((x, y), (across, down), angle),
        ("rect", &[x, y, width, height]) => Path::rectangle((x, y), (width, height), 0.0),
        ("rect", &[x, y, width, height, round]) => Path::rectangle((x, y), (width, height), round),
        _ => return None,
    })
}

fn points(numbers: &[f32]) -> Option<Vec<Point>> {
    let pairs = numbers.chunks_exact(2);
    let whole = pairs.remainder().is_empty() && numbers.len() >= 4;
    whole.then(|| pairs.map(|pair| (pair[0], pair[1])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_motifs_is_understood() {
        for text in TEXTS {
            assert_eq!(Reader::read(text).faults, Vec::<&str>::new());
        }
    }
}
