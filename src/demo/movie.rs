//! The movie of an edit: every shot as its picture, with its name and the number of the frame burnt in.
//!
//! It is an H.264 stream in an MP4 file, made here without an encoder's library. A shot begins with a whole frame; in those that follow
//! nothing changes but the digits of the frame's number, which are macroblocks of their own. So it is small, and can be entered at any
//! frame; and what is seen says whether the right one was found.

mod bits;
mod boxes;
mod frame;
mod macroblock;
mod residual;
mod stream;
mod words;

use std::ops::Range;

use bytes::Bytes;

use self::{
    boxes::Track,
    frame::Frame,
    stream::{Stream, picture, sequence},
};
use super::pictures::{Picture, label};

/// One shot in a movie.
pub struct Take {
    /// What is burnt in, such as `010_0020`.
    pub name: String,
    /// Its frames, counted from 0.
    pub frames: Range<u32>,
    /// What is seen.
    pub picture: Picture,
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
    /// How many digits numbers of frames have, each in one macroblock.
    digits: usize,
    /// The digits, as brightness of 16 by 16 samples.
    glyphs: Vec<Picture>,
}

impl Reel {
    fn new(width: u16, height: u16, frames: u32) -> Self {
        let frame = Frame::black(width, height);
        let digits = frames.saturating_sub(1).to_string().len().min(frame.columns);
        let glyphs = ('0'..='9').map(|digit| label(&digit.to_string(), 16, 16)).collect();
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
        for digit in 0..self.digits {
            self.burn_digit(digit, start);
        }
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
        for digit in 0..self.digits {
            if self.digit(digit, number) != self.digit(digit, number - 1) {
                self.burn_digit(digit, number);
                changed.push(self.cell(digit));
            }
        }
        self.stream.changed(&self.frame, &changed)
    }

    fn push(&mut self, unit: &[u8]) {
        let length = u32::try_from(unit.len()).unwrap_or(u32::MAX);
        self.samples.extend(length.to_be_bytes());
        self.samples.extend(unit);
        self.sizes.push(length.saturating_add(4));
    }

    /// A digit of a number, counted from the left.
    fn digit(&self, digit: usize, number: u32) -> u32 {
        let place = u32::try_from(self.digits - 1 - digit).unwrap_or(0);
        number / 10_u32.saturating_pow(place) % 10
    }

    /// The macroblock of a digit: at the right, in the last row that is seen whole.
    fn cell(&self, digit: usize) -> (usize, usize) {
        let row = (usize::from(self.size.1) / 16).saturating_sub(1);
        let column = usize::from(self.size.0) / 16;
        ((column.max(self.digits) - self.digits + digit).min(self.frame.columns - 1), row)
    }

    fn burn_digit(&mut self, digit: usize, number: u32) {
        let (column, row) = self.cell(digit);
        let glyph = usize::try_from(self.digit(digit, number)).unwrap_or(0);
        self.frame.burn(&self.glyphs[glyph], (column * 16, row * 16));
    }

    fn burn_name(&mut self, name: &str) {
        let (_, row) = self.cell(0);
        let width = u16::try_from(name.len()).unwrap_or(u16::MAX).saturating_mul(11).saturating_add(9);
        self.frame.burn(&label(name, width.min(self.size.0), 16), (0, row * 16));
    }
}
