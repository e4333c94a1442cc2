//! WebP: its chunks (RFC 9649 §2). The decoder takes memory by what some of them claim; so they are compared here with
//! each other, and with the file.

mod codes;

use std::io::{BufRead, Seek, SeekFrom};

use super::{
    Format, Refused, exif,
    header::{Header, bytes, check_memory, part},
    profile,
};

/// Reads all chunks, and of the first frame of an animation its own.
pub(super) fn header(file: &mut (impl BufRead + Seek), length: u64) -> Result<Header, Refused> {
    let [.., a, b, c, d] = bytes::<8>(Format::WebP, file)?;
    let end = 8 + u64::from(u32::from_le_bytes([a, b, c, d]));
    if end > length {
        return Err(Refused::CutOff { format: Format::WebP });
    }
    let mut chunks = Chunks::default();
    let mut position = 12;
    while let Some(chunk) = Chunk::at(file, position, end)? {
        position = chunk.next();
        chunks.keep(file, chunk)?;
    }
    chunks.header(file)
}

/// A part of the file.
#[derive(Debug)]
struct Chunk {
    name: [u8; 4],
    start: u64,
    length: u64,
}

impl Chunk {
    /// The chunk at a place, if there is one before the end.
    fn at(file: &mut (impl BufRead + Seek), position: u64, end: u64) -> Result<Option<Self>, Refused> {
        if position + 8 > end {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(position))?;
        let name = bytes(Format::WebP, file)?;
        let length = u32::from_le_bytes(bytes(Format::WebP, file)?).into();
        let chunk = Self { name, start: position + 8, length };
        if chunk.start + chunk.length > end { Err(Refused::CutOff { format: Format::WebP }) } else { Ok(Some(chunk)) }
    }

    /// Where the next one begins: at an even place.
    fn next(&self) -> u64 {
        self.start + self.length + self.length % 2
    }
}

/// What the chunks say.
#[derive(Debug, Default)]
struct Chunks {
    canvas: Option<(u32, u32)>,
    is_animated: bool,
    /// The pixels of the picture, or of the first frame of an animation.
    frame: Option<Frame>,
    /// Where the opacity of a lossy frame is.
    alpha: Option<Chunk>,
    exif: Option<Vec<u8>>,
    profile: Option<Vec<u8>>,
}

impl Chunks {
    fn keep(&mut self, file: &mut (impl BufRead + Seek), chunk: Chunk) -> Result<(), Refused> {
        match &chunk.name {
            b"VP8X" if self.canvas.is_none() => {
                let [flags, _, _, _, size @ ..] = bytes::<10>(Format::WebP, file)?;
                self.is_animated = flags & 2 != 0;
                self.canvas = Some(sides(size));
            }
            b"ANMF" if self.is_animated && self.frame.is_none() => self.keep_first_frame(file, &chunk)?,
            b"VP8 " | b"VP8L" if !self.is_animated && self.frame.is_none() => {
                self.frame = Some(Frame::read(file, chunk)?);
            }
            b"ALPH" if !self.is_animated && self.alpha.is_none() => self.alpha = Some(chunk),
            b"EXIF" if self.exif.is_none() => self.exif = Some(part(file, chunk.length, exif::MOST)?),
            b"ICCP" if self.profile.is_none() => {
                self.profile = Some(part(file, chunk.length, profile::LARGEST as u64 + 1)?);
            }
            _ => {}
        }
        Ok(())
    }

    /// A frame of an animation: where it is, its size, its duration; and then its opacity, if that is apart, and its pixels.
    fn keep_first_frame(&mut self, file: &mut (impl BufRead + Seek), chunk: &Chunk) -> Result<(), Refused> {
        let [_, _, _, _, _, _, size @ .., _, _, _, _] = bytes::<16>(Format::WebP, file)?;
        let end = chunk.start + chunk.length;
        let mut part = Chunk::at(file, chunk.start + 16, end)?;
        if let Some(alpha) = part.take_if(|part| &part.name == b"ALPH") {
            part = Chunk::at(file, alpha.next(), end)?.filter(|part| &part.name == b"VP8 ");
            self.alpha = Some(alpha);
        }
        match part {
            Some(part) if matches!(&part.name, b"VP8 " | b"VP8L") => {
                let frame = Frame::read(file, part)?;
                if frame.size() != sides(size) {
                    return Err(inconsistent());
                }
                self.frame = Some(frame);
                Ok(())
            }
            _ => Err(Refused::damaged(Format::WebP, "a frame without pixels")),
        }
    }

    fn header(self, file: &mut (impl BufRead + Seek)) -> Result<Header, Refused> {
        let frame = self.frame.ok_or_else(|| Refused::damaged(Format::WebP, "no picture in it"))?;
        let (width, height) = self.canvas.unwrap_or(frame.size());
        let mut header = Header::of_size(Format::WebP, width, height)?;
        if frame.width > width || frame.height > height || !self.is_animated && frame.size() != (width, height) {
            return Err(inconsistent());
        }
        header.memory = frame.memory(file, self.alpha.as_ref())?;
        if self.is_animated {
            header.memory += 4 * (header.pixels() + frame.pixels());
        }
        check_memory(Format::WebP, header.memory)?;
        header.orientation = exif::orientation(&self.exif.unwrap_or_default());
        header.profile = self.profile;
        Ok(header)
    }
}

fn inconsistent() -> Refused {
    Refused::damaged(Format::WebP, "its parts disagree about its size")
}

/// Two sides, each less one, in 24 bits.
fn sides(bytes: [u8; 6]) -> (u32, u32) {
    let side = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], 0]) + 1;
    (side(0), side(3))
}

/// Coded pixels.
#[derive(Debug)]
struct Frame {
    width: u32,
    height: u32,
    chunk: Chunk,
}

impl Frame {
    /// Reads its size: of `VP8 `, behind three bytes and a mark (RFC 6386 §9.1); of `VP8L`, behind a mark, less one, in 14
    /// bits each (RFC 9649 §3.4).
    fn read(file: &mut (impl BufRead + Seek), chunk: Chunk) -> Result<Self, Refused> {
        let (width, height) = if &chunk.name == b"VP8L" {
            let [_, a, b, c, d] = bytes(Format::WebP, file)?;
            let sides = u32::from_le_bytes([a, b, c, d]);
            ((sides & 0x3fff) + 1, (sides >> 14 & 0x3fff) + 1)
        } else {
            let [.., a, b, c, d] = bytes::<10>(Format::WebP, file)?;
            let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
            (side(a, b), side(c, d))
        };
        let Header { width, height, .. } = Header::of_size(Format::WebP, width, height)?;
        Ok(Self { width, height, chunk })
    }

    fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Bytes that its decoder takes. Lossless: for four channels, and its codes. Lossy: for brightness, for colour at half
    /// the size, and twice for what is coded; and for the opacity.
    fn memory(&self, file: &mut (impl BufRead + Seek), alpha: Option<&Chunk>) -> Result<u64, Refused> {
        if &self.chunk.name == b"VP8L" {
            return Ok(4 * self.pixels() + self.codes(file, &self.chunk, 5)?);
        }
        let lossy = 2 * self.pixels() + 2 * self.chunk.length;
        let Some(alpha) = alpha else { return Ok(lossy) };
        file.seek(SeekFrom::Start(alpha.start))?;
        // How it is coded is in the lowest bits (RFC 9649 §2.7.1.2): as green of a lossless picture, or not at all.
        let [how] = bytes(Format::WebP, file)?;
        if how & 3 == 1 {
            Ok(lossy + 5 * self.pixels() + self.codes(file, alpha, 1)?)
        } else {
            Ok(lossy + self.pixels())
        }
    }

    /// Bytes that the codes take which are so far behind the beginning of a chunk.
    fn codes(&self, file: &mut (impl BufRead + Seek), chunk: &Chunk, behind: u64) -> Result<u64, Refused> {
        file.seek(SeekFrom::Start(chunk.start + behind))?;
        codes::memory(file, chunk.length.saturating_sub(behind), self.size())
    }
}
