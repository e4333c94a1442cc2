//! PNG: the list of its chunks (PNG Specification, Third Edition, §5).

use std::io::{BufRead, Seek};

use image::metadata::Orientation;

use super::{
    Format, Refused, exif,
    header::{self, Header, bytes, check_memory},
};

/// What the decoder may take for what is not pixels, such as texts, in bytes.
pub(super) const EXTRAS: u64 = 16 << 20;

/// Reads the list of chunks, up to the one that ends it.
pub(super) fn header(file: &mut (impl BufRead + Seek), length: u64) -> Result<Header, Refused> {
    let _signature = bytes::<8>(Format::Png, file)?;
    if bytes(Format::Png, file)? != *b"\0\0\0\x0dIHDR" {
        return Err(Refused::damaged(Format::Png, "it does not begin with its header"));
    }
    let width = u32::from_be_bytes(bytes(Format::Png, file)?);
    let height = u32::from_be_bytes(bytes(Format::Png, file)?);
    let _other_fields_and_checksum = bytes::<9>(Format::Png, file)?;
    let mut header = Header::of_size(Format::Png, width, height)?;
    header.memory = EXTRAS.min(length);
    check_memory(Format::Png, header.memory)?;

    let mut chunks = Chunks { position: 33, ..Chunks::default() };
    while !chunks.is_ended && chunks.position + 12 <= length {
        chunks.read(file)?;
    }
    if !chunks.is_ended {
        return Err(Refused::CutOff { format: Format::Png });
    }
    header.orientation = chunks.orientation.unwrap_or(Orientation::NoTransforms);
    let is_alone = chunks.position == length && length <= largest_plain(&header);
    let is_upright = header.orientation == Orientation::NoTransforms;
    header.is_plain_png = is_alone && is_upright && !chunks.is_animated;
    Ok(header)
}

/// A file above this carries more than a picture: other programs' notes, which nobody is to download with it.
fn largest_plain(header: &Header) -> u64 {
    header.pixels() * 8 + (64 << 10)
}

/// What the chunks after the first say.
#[derive(Debug, Default)]
struct Chunks {
    position: u64,
    orientation: Option<Orientation>,
    is_animated: bool,
    is_ended: bool,
}

impl Chunks {
    fn read(&mut self, file: &mut (impl BufRead + Seek)) -> Result<(), Refused> {
        let [a, b, c, d, name @ ..] = bytes::<8>(Format::Png, file)?;
        let length = u32::from_be_bytes([a, b, c, d]);
        let mut rest = i64::from(length) + 4;
        match &name {
            b"IEND" => self.is_ended = true,
            b"acTL" => self.is_animated = true,
            b"eXIf" if self.orientation.is_none() => {
                let data = header::part(file, length.into(), exif::MOST)?;
                self.orientation = Some(exif::orientation(&data));
                rest -= i64::try_from(data.len()).unwrap_or(rest);
            }
            _ => {}
        }
        file.seek_relative(rest)?;
        self.position += 12 + u64::from(length);
        Ok(())
    }
}
