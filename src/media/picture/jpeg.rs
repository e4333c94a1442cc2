//! JPEG: its segments (ITU-T T.81 Annex B). The decoder fills what is missing with grey and says nothing; so here it is
//! found out whether anything is.

use std::io::{BufRead, Seek};

use image::metadata::Orientation;

use super::{
    Format, Refused, exif,
    header::{Header, bytes, check_memory, part},
};

/// Cameras and phones write a few hundred segments at most; the decoder takes time by the square of their number.
const MOST_SEGMENTS: u32 = 4096;

/// Bytes of a coefficient.
const COEFFICIENT: u64 = 2;

/// Reads all segments, up to the marker of the end.
pub(super) fn header(file: &mut (impl BufRead + Seek), length: u64) -> Result<Header, Refused> {
    let mut segments = Segments::default();
    let mut count = 0;
    while segments.read(file)? {
        count += 1;
        if count > MOST_SEGMENTS {
            return Err(Refused::damaged(Format::Jpeg, format!("it has more than {MOST_SEGMENTS} segments")));
        }
    }
    let frame = segments.frame.ok_or_else(|| Refused::damaged(Format::Jpeg, "no frame in it"))?;
    if segments.scanned.saturating_mul(8) < frame.fewest_bits() {
        return Err(Refused::CutOff { format: Format::Jpeg });
    }
    let mut header = Header::of_size(Format::Jpeg, frame.width.into(), frame.height.into())?;
    header.orientation = segments.orientation.unwrap_or(Orientation::NoTransforms);
    let buffered =
        if frame.is_progressive || segments.has_partial_scan { frame.blocks() * 64 * COEFFICIENT } else { 0 };
    header.memory = length + buffered;
    check_memory(Format::Jpeg, header.memory)?;
    Ok(header)
}

/// What was found in the segments so far.
#[derive(Debug, Default)]
struct Segments {
    frame: Option<Frame>,
    orientation: Option<Orientation>,
    has_scan: bool,
    /// Whether the first scan lacks some component.
    has_partial_scan: bool,
    /// Bytes of coded pixels, in all scans.
    scanned: u64,
}

impl Segments {
    /// Reads the next segment; whether another may follow.
    fn read(&mut self, file: &mut (impl BufRead + Seek)) -> Result<bool, Refused> {
        let (skipped, marker) = next_marker(file)?;
        if self.has_scan {
            self.scanned += skipped;
        }
        match marker {
            // The end. Phones put more pictures behind it; they are not the one that is shown.
            0xd9 => return Ok(false),
            // What has no content: the start, and one marker for private use of coders.
            0xd8 | 0x01 => return Ok(true),
            _ => {}
        }
        let length = u16::from_be_bytes(bytes(Format::Jpeg, file)?);
        let length = length.checked_sub(2).ok_or_else(|| Refused::damaged(Format::Jpeg, "a segment without length"))?;
        let content = part(file, length.into(), length.into())?;
        if content.len() < usize::from(length) {
            return Err(Refused::CutOff { format: Format::Jpeg });
        }
        self.keep(marker, &content)?;
        Ok(true)
    }

    fn keep(&mut self, marker: u8, content: &[u8]) -> Result<(), Refused> {
        match marker {
            // Tables for Huffman and arithmetic codes are numbered among the frames.
            0xc4 | 0xc8 | 0xcc => {}
            0xc0..=0xcf if self.frame.is_some() => return Err(Refused::damaged(Format::Jpeg, "two frames in it")),
            0xc0..=0xcf => self.frame = Some(Frame::read(marker, content)?),
            0xda => {
                let components = self.frame.as_ref().map_or(0, |frame| frame.components.len());
                let scanned = content.first().copied().unwrap_or(0);
                self.has_partial_scan |= !self.has_scan && usize::from(scanned) != components;
                self.has_scan = true;
            }
            0xe1 if self.orientation.is_none() && content.starts_with(b"Exif\0\0") => {
                self.orientation = Some(exif::orientation(content));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Goes behind the next marker, past coded pixels: the number of bytes before it, and which it is. Inside of pixels a byte
/// 255 is followed by 0, and markers to restart at are part of them.
fn next_marker(file: &mut impl BufRead) -> Result<(u64, u8), Refused> {
    let mut skipped = 0;
    loop {
        skipped += file.skip_until(0xff).map_err(Refused::reading(Format::Jpeg))? as u64;
        let mut byte = 0xff;
        while byte == 0xff {
            [byte] = bytes(Format::Jpeg, file)?;
        }
        if !matches!(byte, 0 | 0xd0..=0xd7) {
            return Ok((skipped, byte));
        }
    }
}

/// A frame: a picture with all its scans.
#[derive(Debug)]
struct Frame {
    width: u16,
    height: u16,
    is_progressive: bool,
    /// How finely each component is sampled, from 1 to 4: across and down.
    components: Vec<(u8, u8)>,
}

impl Frame {
    fn read(marker: u8, content: &[u8]) -> Result<Self, Refused> {
        let unsupported = |why: &str| Err(Refused::Unsupported { format: Format::Jpeg, why: why.to_owned() });
        let [bits, a, b, c, d, count, ref components @ ..] = *content else {
            return Err(Refused::damaged(Format::Jpeg, "its frame is too short"));
        };
        match marker {
            0xc3 | 0xc5..=0xc7 => return unsupported("lossless or hierarchical coding"),
            0xc9..=0xcf => return unsupported("arithmetic coding"),
            _ if bits != 8 => return unsupported(&format!("{bits} bits a channel")),
            _ => {}
        }
        let (height, width) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        Header::of_size(Format::Jpeg, width.into(), height.into())?;
        let components: Vec<_> = components.as_chunks().0.iter().map(|[_, s, _]| (s >> 4, s & 15)).collect();
        let is_usual = |(across, down)| (1..=4).contains(&across) && (1..=4).contains(&down);
        if components.len() != usize::from(count) || count > 4 || !components.iter().copied().all(is_usual) {
            return Err(Refused::damaged(Format::Jpeg, "its components make no sense"));
        }
        Ok(Self { width, height, is_progressive: marker == 0xc2, components })
    }

    /// The finest sampling of any component: across and down.
    fn finest(&self) -> (u64, u64) {
        let finest = |of: fn(&(u8, u8)) -> u8| self.components.iter().map(of).max().unwrap_or(1).into();
        (finest(|component| component.0), finest(|component| component.1))
    }

    /// The blocks of 8 x 8 pixels that the decoder keeps: those beyond the edges are among them.
    fn blocks(&self) -> u64 {
        let (across, down) = self.finest();
        let units = u64::from(self.width).div_ceil(8 * across) * u64::from(self.height).div_ceil(8 * down);
        self.components.iter().map(|component| units * u64::from(component.0 * component.1)).sum()
    }

    /// Fewer bits cannot code this frame: a block that lies inside of it takes one for its mean, and another for the rest
    /// of it, unless that has scans of its own.
    fn fewest_bits(&self) -> u64 {
        let finest = self.finest();
        let inside = |side: u16, sampled: u8, finest| u64::from(side) * u64::from(sampled) / (8 * finest);
        let blocks = self
            .components
            .iter()
            .map(|(across, down)| inside(self.width, *across, finest.0) * inside(self.height, *down, finest.1));
        blocks.sum::<u64>() * if self.is_progressive { 1 } else { 2 }
    }
}
