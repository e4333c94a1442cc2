//! WebP: its chunks (RFC 9649 §2). The decoder takes memory by what some of them claim; so they are compared here with
//! each other, and with the file.

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
        chunks.keep(file, &chunk)?;
    }
    chunks.header()
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
    has_alpha: bool,
    exif: Option<Vec<u8>>,
    profile: Option<Vec<u8>>,
}

impl Chunks {
    fn keep(&mut self, file: &mut (impl BufRead + Seek), chunk: &Chunk) -> Result<(), Refused> {
        match &chunk.name {
            b"VP8X" if self.canvas.is_none() => {
                let [flags, _, _, _, size @ ..] = bytes::<10>(Format::WebP, file)?;
                self.is_animated = flags & 2 != 0;
                self.canvas = Some(sides(size));
            }
            b"ANMF" if self.is_animated && self.frame.is_none() => self.keep_first_frame(file, chunk)?,
            b"VP8 " | b"VP8L" if !self.is_animated && self.frame.is_none() => {
                self.frame = Some(Frame::read(file, chunk)?);
            }
            b"ALPH" => self.has_alpha = true,
            b"EXIF" if self.exif.is_none() => self.exif = Some(part(file, chunk.length, exif::MOST)?),
            b"ICCP" if self.profile.is_none() => {
                self.profile = Some(part(file, chunk.length, profile::LARGEST as u64 + 1)?);
            }
            _ => {}
        }
        Ok(())
    }

    /// A frame of an animation: where it is, its size, its duration, and then chunks of its own.
    fn keep_first_frame(&mut self, file: &mut (impl BufRead + Seek), chunk: &Chunk) -> Result<(), Refused> {
        let [_, _, _, _, _, _, size @ .., _, _, _, _] = bytes::<16>(Format::WebP, file)?;
        let end = chunk.start + chunk.length;
        let mut position = chunk.start + 16;
        while let Some(chunk) = Chunk::at(file, position, end)? {
            position = chunk.next();
            match &chunk.name {
                b"ALPH" => self.has_alpha = true,
                b"VP8 " | b"VP8L" => {
                    let frame = Frame::read(file, &chunk)?;
                    let is_as_announced = frame.size() == sides(size);
                    self.frame = Some(frame);
                    return if is_as_announced { Ok(()) } else { Err(inconsistent()) };
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn header(self) -> Result<Header, Refused> {
        let frame = self.frame.ok_or_else(|| Refused::damaged(Format::WebP, "no picture in it"))?;
        let (width, height) = self.canvas.unwrap_or(frame.size());
        let mut header = Header::of_size(Format::WebP, width, height)?;
        if frame.width > width || frame.height > height || !self.is_animated && frame.size() != (width, height) {
            return Err(inconsistent());
        }
        header.memory = frame.memory(self.has_alpha);
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
    is_lossless: bool,
    /// Of its chunk, in bytes.
    length: u64,
}

impl Frame {
    /// Reads its size: of `VP8 `, behind three bytes and a mark (RFC 6386 §9.1); of `VP8L`, behind a mark, less one, in 14
    /// bits each (RFC 9649 §3.4).
    fn read(file: &mut (impl BufRead + Seek), chunk: &Chunk) -> Result<Self, Refused> {
        let is_lossless = &chunk.name == b"VP8L";
        let (width, height) = if is_lossless {
            let [_, a, b, c, d] = bytes(Format::WebP, file)?;
            let sides = u32::from_le_bytes([a, b, c, d]);
            ((sides & 0x3fff) + 1, (sides >> 14 & 0x3fff) + 1)
        } else {
            let [.., a, b, c, d] = bytes::<10>(Format::WebP, file)?;
            let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
            (side(a, b), side(c, d))
        };
        let header = Header::of_size(Format::WebP, width, height)?;
        Ok(Self { width: header.width, height: header.height, is_lossless, length: chunk.length })
    }

    fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Bytes that its decoder takes: lossless, for four channels; lossy, for brightness and colour at half the size, and
    /// twice what is coded; and for transparency, which is coded without loss.
    fn memory(&self, has_alpha: bool) -> u64 {
        let lossy = 2 * self.pixels() + 2 * self.length;
        let alpha = if has_alpha { 5 * self.pixels() } else { 0 };
        if self.is_lossless { 4 * self.pixels() } else { lossy + alpha }
    }
}
