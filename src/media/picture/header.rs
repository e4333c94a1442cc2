//! What is known of a picture before it is decoded, and what is too large to be.

use std::io::{BufRead, Read, Seek, SeekFrom};

use image::metadata::Orientation;

use super::{Format, Refused, gif, jpeg, png, webp};

/// The most pixels on a side.
pub(super) const MAX_SIDE: u32 = 32_768;

/// The most pixels.
pub(super) const MAX_PIXELS: u64 = 50_000_000;

/// The most memory that decoding may take, in bytes: 50 million pixels of four channels with 16 bits.
pub(super) const MAX_MEMORY: u64 = 400 << 20;

/// What a picture's header says, where its file does not contradict it.
#[derive(Debug)]
pub(super) struct Header {
    /// As stored, in pixels.
    pub width: u32,
    /// As stored, in pixels.
    pub height: u32,
    /// How it is to be turned.
    pub orientation: Orientation,
    /// Bytes that decoding takes besides the decoded pixels.
    pub memory: u64,
    /// The ICC profile, where the decoder is not the one to ask for it.
    pub profile: Option<Vec<u8>>,
    /// Whether it is a PNG that needs no change but of its size.
    pub is_plain_png: bool,
}

impl Header {
    /// Reads what comes before the pixels, and checks that the file does not end before they do.
    pub fn read(format: Format, file: &mut (impl BufRead + Seek)) -> Result<Self, Refused> {
        let length = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        match format {
            Format::Png => png::header(file, length),
            Format::Jpeg => jpeg::header(file, length),
            Format::WebP => webp::header(file, length),
            Format::Gif => gif::header(file),
        }
    }

    /// A header that says nothing but the size, if that can be.
    pub fn of_size(format: Format, width: u32, height: u32) -> Result<Self, Refused> {
        if width == 0 || height == 0 {
            return Err(Refused::damaged(format, format!("its size is {width} x {height} pixels")));
        }
        if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(Refused::TooManyPixels { width, height });
        }
        let orientation = Orientation::NoTransforms;
        Ok(Self { width, height, orientation, memory: 0, profile: None, is_plain_png: false })
    }

    /// The number of pixels.
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// Refuses what would take too much memory.
pub(super) fn check_memory(format: Format, bytes: u64) -> Result<(), Refused> {
    if bytes > MAX_MEMORY { Err(Refused::TooMuchMemory { format }) } else { Ok(()) }
}

/// The next bytes of a file.
pub(super) fn bytes<const N: usize>(format: Format, file: &mut impl Read) -> Result<[u8; N], Refused> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes).map_err(Refused::reading(format))?;
    Ok(bytes)
}

/// The next bytes of a file: all of a part that is `length` long, but `most` at most.
pub(super) fn part(file: &mut impl Read, length: u64, most: u64) -> Result<Vec<u8>, Refused> {
    let mut part = Vec::new();
    file.take(length.min(most)).read_to_end(&mut part)?;
    Ok(part)
}
