//! The frames of a `WebM` or Matroska movie: the blocks of its video track (RFC 9559 §10).

use std::io::{Read, Seek};

use super::{
    Refused,
    codec::float,
    ebml::{self, Element},
    source::Source,
    video::Video,
};

const BLOCK: u32 = 0xA1;
const BLOCK_DURATION: u32 = 0x9B;

/// The frames that were found so far. Times are in units of timestamps.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// How many are shown.
    pub count: u64,
    first: Option<i128>,
    last: Option<Last>,
}

/// The block that is shown last.
#[derive(Debug, Clone, Copy)]
struct Last {
    time: i128,
    /// How many frames it holds.
    frames: u64,
    /// How long it is shown, if it says.
    lasts: Option<u64>,
}

impl Frames {
    /// A block with more to say of it.
    pub fn group(
        &mut self,
        source: &mut Source<impl Read + Seek>,
        group: &Element,
        video: &Video,
        time: u64,
    ) -> Result<(), Refused> {
        let (mut block, mut lasts) = (None, None);
        let mut at = group.body;
        while let Some(element) = Element::next(source, at, Some(group.known_end()?))? {
            match element.id {
                BLOCK => block = Some(element),
                BLOCK_DURATION => lasts = Some(ebml::unsigned(&element.load(source, 1)?)),
                _ => {}
            }
            at = element.known_end()?;
        }
        block.map_or(Ok(()), |block| self.block(source, &block, video, time, lasts))
    }

    /// A block, in a cluster of that time. Of its data no more is read than how many frames they are.
    pub fn block(
        &mut self,
        source: &mut Source<impl Read + Seek>,
        block: &Element,
        video: &Video,
        time: u64,
        lasts: Option<u64>,
    ) -> Result<(), Refused> {
        let size = usize::try_from(block.known_end()? - block.body).unwrap_or(usize::MAX);
        let start = source.peek(block.body, size.min(16))?;
        let header = Header::parse(start, block.at)?;
        let header = header.ok_or_else(|| Refused::damaged("a block ends within its own header", block.at))?;
        if header.track == video.number && (header.frames > 1 || video.shows(header.first_byte)) {
            self.add(i128::from(time) + i128::from(header.time), header.frames, lasts);
        }
        Ok(())
    }

    fn add(&mut self, time: i128, frames: u64, lasts: Option<u64>) {
        self.count = self.count.saturating_add(frames);
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        if self.last.is_none_or(|last| last.time <= time) {
            self.last = Some(Last { time, frames, lasts });
        }
    }

    /// How long they are shown, in seconds. `scale` is a unit of timestamps; `each`, how long the track says that each frame
    /// is; `whole`, how long the file says that everything is.
    pub fn seconds(&self, scale: f64, each: Option<f64>, whole: Option<f64>) -> f64 {
        let (Some(first), Some(last)) = (self.first, self.last) else { return 0.0 };
        let between = float(u64::try_from(last.time - first).unwrap_or(u64::MAX)) * scale;
        let before = self.count.saturating_sub(last.frames);
        let usual = if before > 0 { Some(between / float(before)) } else { whole };
        let each = each.or(usual).unwrap_or(0.0);
        let last_block = last.lasts.map_or(each * float(last.frames), |units| float(units) * scale);
        let seconds = between + last_block;
        // Timestamps are rounded to their unit; where all frames are as long as the track says, that is more exact.
        let exact = each * float(self.count);
        if (exact - seconds).abs() <= 2.0 * scale { exact } else { seconds }
    }
}

/// How a block begins.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    track: u64,
    /// When it is shown, from the time of its cluster.
    time: i16,
    /// How many frames share it (§10.3, lacing).
    frames: u64,
    /// The first byte of its data, unless that says how the frames share them.
    first_byte: Option<u8>,
}

impl Header {
    /// `None` if there are too few bytes.
    fn parse(bytes: &[u8], at: u64) -> Result<Option<Self>, Refused> {
        let Some((track, length)) = ebml::unmarked(bytes, at)? else { return Ok(None) };
        let rest = bytes.get(length.into()..).unwrap_or_default();
        let Some(([high, low, flags], data)) = rest.split_first_chunk() else { return Ok(None) };
        let time = i16::from_be_bytes([*high, *low]);
        let first = data.first().copied();
        Ok(match (flags & 0x06, first) {
            (0, first_byte) => Some(Self { track, time, frames: 1, first_byte }),
            (_, Some(more)) => Some(Self { track, time, frames: u64::from(more) + 1, first_byte: None }),
            (_, None) => None,
        })
    }
}
