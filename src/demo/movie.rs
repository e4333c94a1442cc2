//! The movie of an edit: every shot as its picture, with its name and the number of the frame burnt in.
//!
//! It is an H.264 stream in an MP4 file, made here without an encoder's library. A shot begins with a whole frame; in those that follow
//! nothing changes but the digits of the frame's number, which are macroblocks of their own. So it is small, and can be entered at any
//! frame; and what is seen says whether the right one was found.

mod bits;
mod boxes;
mod frame;
mod levels;
mod macroblock;
mod prediction;
mod residual;
mod stream;
#[cfg(test)]
mod tests;
mod words;

use std::ops::Range;

use bytes::Bytes;
use serde_json::Value;

use self::{
    boxes::Track,
    frame::Frame,
    stream::{Stream, picture, sequence},
};
use super::pictures::{Picture, Shot, label, shot_picture, shots};

/// One shot in a movie.
pub struct Take {
    /// What is burnt in, such as `010_0020`.
    pub name: String,
    /// Its frames, counted from 0.
    pub frames: Range<u32>,
    /// What is seen.
    pub picture: Picture,
}

/// The movie of an edit of a project, both as the project's snapshot tells them, at its rate. It is as long as the edit's `totalFrames`.
///
/// Each shot is painted when its turn comes. What was cut from the story is not seen.
#[must_use]
pub fn edit_movie(snapshot: &Value, edit: &Value) -> Bytes {
    let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
    let episodes = snapshot["episodes"].as_array().into_iter().flatten();
    let episode = episodes.into_iter().find(|episode| episode["id"] == edit["episode_id"]);
    let is_in = |shot: &Shot| {
        let sequences = episode.and_then(|episode| episode["sequences"].as_array());
        !shot.frames.is_empty() && sequences.is_none_or(|ids| ids.iter().any(|id| *id == shot.sequence))
    };
    let mut shots = shots(snapshot);
    shots.retain(is_in);
    let first = shots.first().map(shot_picture);
    let size = first.map_or((480, 270), |picture| (picture.width, picture.height));
    let takes = shots.iter().map(|shot| Take {
        name: shot.name.to_owned(),
        frames: shot.frames.clone(),
        picture: shot_picture(shot),
    });
    movie(takes, size, number(&edit["totalFrames"]).unwrap_or(1), number(&snapshot["fps"]).unwrap_or(24))
}

/// An MP4 movie (H.264, fast start) of pictures of a size, in pixels, of `frames` frames at `fps` frames per second.
///
/// Takes are in the order of their frames. They are asked for one after the other, so that only one picture is in memory at a time.
/// Frames that no take has are black, as are those of a picture that is not there; what a take has beyond the movie, or in common with the
/// one before, is left out. A movie has at least one frame, and runs at 1 to 1000 frames per second.
#[must_use]
pub fn movie(takes: impl IntoIterator<Item = Take>, (width, height): (u16, u16), frames: u32, fps: u32) -> Bytes {
    let (width, height) = (even(width), even(height));
    let frames = frames.max(1);
    let mut reel = Reel::new(width, height, frames);
    for take in takes {
        reel.until(take.frames.start.min(frames), None);
        reel.until(take.frames.end.min(frames), Some(&take));
    }
    reel.until(frames, None);
    let track = Track {
        width,
        height,
        fps: fps.clamp(1, 1000),
        sets: [&sequence(&reel.frame, width, height), &picture()],
        sizes: &reel.sizes,
        whole: &reel.whole,
    };
    boxes::file(&track, &reel.samples).into()
}

/// The nearest even number that is not larger, but at least 32: colour has half as many samples, and digits need a place.
fn even(size: u16) -> u16 {
    size.max(32) & !1
}

/// A movie in the making.
struct Reel {
    size: (u16, u16),
    frame: Frame,
    stream: Stream,
    samples: Vec<u8>,
    sizes: Vec<u32>,
    whole: Vec<u32>,
    /// How many digits numbers of frames have.
    digits: usize,
    /// Digits, each half as wide as a macroblock.
    glyphs: Vec<Picture>,
}

impl Reel {
    fn new(width: u16, height: u16, frames: u32) -> Self {
        let frame = Frame::black(width, height);
        let digits = (frames - 1).to_string().len().min(usize::from(width) / 16 * 2 - 2);
        let glyphs = ('0'..='9').map(|digit| label(&digit.to_string(), 8, 16)).collect();
        let stream = Stream::new(&frame);
        let (samples, sizes, whole) = (Vec::new(), Vec::new(), Vec::new());
        Self { size: (width, height), frame, stream, samples, sizes, whole, digits, glyphs }
    }

    /// How many frames there are so far.
    fn length(&self) -> u32 {
        u32::try_from(self.sizes.len()).unwrap_or(u32::MAX)
    }

    /// Appends frames up to one: of a take, or black.
    fn until(&mut self, end: u32, take: Option<&Take>) {
        let start = self.length();
        if start >= end {
            return;
        }
        self.frame = Frame::black(self.size.0, self.size.1);
        if let Some(take) = take {
            self.frame.show(&take.picture);
            self.burn_name(&take.name);
        }
        self.burn_number(start);
        self.whole.push(start);
        let unit = self.stream.whole(&self.frame);
        self.push(&unit);
        for number in start + 1..end {
            let unit = self.follow(number);
            self.push(&unit);
        }
    }

    /// The next frame of the same take, in which only digits change.
    fn follow(&mut self, number: u32) -> Vec<u8> {
        let mut changed = Vec::with_capacity(self.digits);
        for place in (0..self.digits).rev() {
            if digit(place, number) != digit(place, number - 1) {
                self.burn_digit(place, number);
                let (x, y) = self.spot(place);
                changed.push((x / 16, y / 16));
            }
        }
        changed.dedup();
        self.stream.changed(&self.frame, &changed)
    }

    fn push(&mut self, unit: &[u8]) {
        let length = u32::try_from(unit.len()).unwrap_or(u32::MAX);
        self.samples.extend(length.to_be_bytes());
        self.samples.extend(unit);
        self.sizes.push(length.saturating_add(4));
    }

    /// Where a digit is, counted from the right: in the last row of macroblocks that is seen whole.
    fn spot(&self, place: usize) -> (usize, usize) {
        let [right, bottom] = [self.size.0, self.size.1].map(|size| usize::from(size) / 16 * 16);
        (right - 8 * (place + 2), bottom - 16)
    }

    /// A whole number, with a margin on both sides.
    fn burn_number(&mut self, number: u32) {
        let (left, top) = self.spot(self.digits);
        let width = u16::try_from(8 * (self.digits + 2)).unwrap_or(u16::MAX);
        self.frame.burn(&label("", width, 16), (left, top));
        for place in 0..self.digits {
            self.burn_digit(place, number);
        }
    }

    fn burn_digit(&mut self, place: usize, number: u32) {
        let at = self.spot(place);
        self.frame.burn(&self.glyphs[digit(place, number)], at);
    }

    fn burn_name(&mut self, name: &str) {
        let (_, top) = self.spot(0);
        let width = u16::try_from(name.len()).unwrap_or(u16::MAX).saturating_mul(10).saturating_add(8);
        self.frame.burn(&label(name, width.min(self.size.0), 16), (0, top));
    }
}

/// A digit of a number, counted from the right.
fn digit(place: usize, number: u32) -> usize {
    let unit = 10_u32.saturating_pow(u32::try_from(place).unwrap_or(u32::MAX));
    usize::try_from(number / unit % 10).unwrap_or(0)
}
