//! Pictures for the example production: shots, assets, people and projects, all painted here.
//!
//! Nothing is read and nothing is left to the moment: the same shot has the same picture, always. `motif` and its texts say how people and
//! things look, `mood` which colours and light a sequence has, `sets` paints places and weather. For a shot, `staging` reads from its
//! description and its cast how it is filmed, `actors` places who is in it, and `scene` puts all together on a `stage`.

mod actors;
mod avatar;
mod canvas;
mod chance;
mod color;
mod letters;
mod light;
mod mood;
mod motif;
mod number;
mod path;
mod portrait;
mod poster;
mod scene;
mod sets;
mod stage;
mod staging;
#[cfg(test)]
mod tests;

use std::ops::Range;

use image::{
    ExtendedColorType, ImageEncoder,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use serde_json::Value;

/// A picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// Rows from the top, of three bytes a pixel: red, green, blue (sRGB).
    pub rgb: Vec<u8>,
}

/// What there is to know of a shot to paint it, and to show it in a movie.
#[derive(Debug, Clone)]
pub struct Shot<'a> {
    /// Its id, which says to which sequence it belongs, and is the seed of all that its picture leaves to chance.
    pub id: &'a str,
    /// Its name, such as `010_0020`.
    pub name: &'a str,
    /// The id of its sequence.
    pub sequence: &'a str,
    /// What happens in it, in words.
    pub description: &'a str,
    /// The ids of the assets that are in it.
    pub cast: Vec<&'a str>,
    /// Width by height of the picture, such as 2.39.
    pub ratio: f32,
    /// Its frames, counted from 0 in its edit; none if it was cut from the story.
    pub frames: Range<u32>,
}

/// The shots of a project, as its snapshot tells them. What a snapshot does not tell is taken as empty.
#[must_use]
pub fn shots(snapshot: &Value) -> Vec<Shot<'_>> {
    let ratio = ratio(snapshot["ratio"].as_str().unwrap_or_default());
    let list = |key: &str| snapshot[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let shots = list("shots").iter().map(|shot| {
        let casting = list("casting").iter().find(|casting| casting["shot_id"] == shot["id"]);
        let cast = casting.and_then(|casting| casting["asset_ids"].as_array()).into_iter().flatten();
        let frame = |key: &str| shot["data"][key].as_u64().and_then(|frame| u32::try_from(frame).ok()).unwrap_or(0);
        let start = frame("frame_in");
        Shot {
            id: shot["id"].as_str().unwrap_or_default(),
            name: shot["name"].as_str().unwrap_or_default(),
            sequence: shot["sequence_id"].as_str().unwrap_or_default(),
            description: shot["data"]["description"].as_str().unwrap_or_default(),
            cast: cast.filter_map(Value::as_str).collect(),
            ratio,
            frames: start..if shot["canceled"] == true { start } else { frame("frame_out") },
        }
    });
    shots.collect()
}

/// A ratio such as `2.39:1` as a number; 16:9 if it is none.
fn ratio(text: &str) -> f32 {
    let parts = text.split_once(':').and_then(|(width, height)| {
        let (width, height): (f32, f32) = (width.trim().parse().ok()?, height.trim().parse().ok()?);
        Some(width / height)
    });
    parts.filter(|ratio| (0.5..=4.0).contains(ratio)).unwrap_or(16.0 / 9.0)
}

/// The picture of a shot: 480 pixels across, and as high as the project's ratio makes it.
#[must_use]
pub fn shot_picture(shot: &Shot) -> Picture {
    scene::paint(shot)
}

/// The picture of an asset, by id: 300 by 200 pixels. One that is not known here is a soft background.
#[must_use]
pub fn asset_picture(id: &str) -> Picture {
    portrait::paint(id)
}

/// The picture of a person, by id: 400 by 400 pixels.
#[must_use]
pub fn person_picture(id: &str) -> Picture {
    avatar::paint(id)
}

/// The picture of a project, by id, with its name as a title: 450 by 300 pixels.
#[must_use]
pub fn project_picture(id: &str, name: &str) -> Picture {
    poster::paint(id, name)
}

/// A picture as a PNG file; nothing if it has not as many bytes as its size says.
#[must_use]
pub fn png(picture: &Picture) -> Vec<u8> {
    let mut file = Vec::new();
    if picture.rgb.len() != usize::from(picture.width) * usize::from(picture.height) * 3 {
        return file;
    }
    // Flat colours: so little effort comes near the best, and takes a tenth of the time.
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Level(1), FilterType::Sub);
    let size = (u32::from(picture.width), u32::from(picture.height));
    match encoder.write_image(&picture.rgb, size.0, size.1, ExtendedColorType::Rgb8) {
        Ok(()) => file,
        Err(_) => Vec::new(),
    }
}

/// Light letters before a dark ground, as they are burnt into movies; size in pixels.
pub(super) fn label(text: &str, width: u16, height: u16) -> Picture {
    poster::label(text, width, height)
}

impl Picture {
    /// What was painted.
    fn of(canvas: &canvas::Canvas) -> Self {
        let mut rgb = vec![0; canvas.pixels.len() * 3];
        let (pixels, bytes, mut n) = (canvas.pixels.as_slice(), rgb.as_mut_slice(), 0);
        while n < pixels.len() {
            let [_, red, green, blue] = pixels[n].to_be_bytes();
            bytes[3 * n] = red;
            bytes[3 * n + 1] = green;
            bytes[3 * n + 2] = blue;
            n += 1;
        }
        let size = |pixels: usize| u16::try_from(pixels).unwrap_or(u16::MAX);
        Self { width: size(canvas.width), height: size(canvas.height), rgb }
    }
}
