//! What a file is, from its first bytes.

use std::io::{Read, Seek};

use super::{Container, Refused, boxes, ebml, matroska, source::Source};

/// How many bytes tell what a file is.
const HEAD: usize = 512;

/// The container that a file seems to have, from its first bytes: 16 at least, and 64 to tell `WebM` from Matroska. `None` if
/// it is no movie that can be read here.
#[must_use]
pub fn looks_like_movie(head: &[u8]) -> Option<Container> {
    if let Ok(Some(header)) = ebml::Header::parse(head, 0)
        && header.id == matroska::EBML
    {
        let known = head.get(header.length.into()..).and_then(matroska::container);
        return Some(known.unwrap_or(Container::Matroska));
    }
    let header = boxes::Header::parse(head, 0).ok()??;
    match &header.kind.0 {
        b"ftyp" => by_brand(*head.get(header.length.into()..)?.first_chunk()?),
        b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot" => Some(Container::QuickTime),
        _ => None,
    }
}

/// The container by the main brand of a file. Pictures have boxes and brands as well.
fn by_brand(brand: [u8; 4]) -> Option<Container> {
    match &brand {
        b"qt  " => Some(Container::QuickTime),
        b"heic" | b"heix" | b"heim" | b"heis" | b"mif1" | b"mif2" | b"avif" | b"jp2 " | b"jxl " | b"crx " => None,
        _ => Some(Container::Mp4),
    }
}

/// The container of a file; an error that says what it looks like if it is no movie.
pub(super) fn container(source: &mut Source<impl Read + Seek>) -> Result<Container, Refused> {
    let head = source.peek(0, HEAD)?;
    looks_like_movie(head).ok_or_else(|| Refused::NotAMovie { looks_like: looks_like(head) })
}

/// What a file that is no movie looks like.
fn looks_like(head: &[u8]) -> &'static str {
    const STARTS: [(&[u8], &str); 24] = [
        (b"\x89PNG\r\n", "a PNG picture"),
        (b"\xFF\xD8\xFF", "a JPEG picture"),
        (b"GIF8", "a GIF picture"),
        (b"\x76\x2F\x31\x01", "an OpenEXR picture"),
        (b"SDPX", "a DPX picture"),
        (b"XPDS", "a DPX picture"),
        (b"II*\0", "a TIFF picture"),
        (b"MM\0*", "a TIFF picture"),
        (b"BLENDER", "a Blender file"),
        (b"\x28\xB5\x2F\xFD", "a file compressed with Zstandard, such as a Blender file"),
        (b"\x1F\x8B", "a file compressed with gzip"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"%PDF", "a PDF document"),
        (b"OggS", "an Ogg file"),
        (b"fLaC", "a FLAC recording"),
        (b"ID3", "an MP3 recording"),
        (b"FLV\x01", "a Flash movie (FLV)"),
        (b"\x30\x26\xB2\x75", "a Windows Media file"),
        (b"\x06\x0E\x2B\x34", "an MXF movie"),
        (b"\0\0\x01\xBA", "an MPEG programme stream"),
        (b"\0\0\x01\xB3", "an MPEG video stream"),
        (b"\0\0\0\x01", "a bare video stream"),
        (b"\x47\x40", "an MPEG transport stream"),
        (b"version https://git-lfs", "a pointer of Git LFS, not the file that it stands for"),
    ];
    let known = STARTS.iter().find(|(start, _)| head.starts_with(start)).map(|(_, name)| *name);
    known.or_else(|| in_a_family(head)).unwrap_or_else(|| if head.is_empty() { "an empty file" } else { text(head) })
}

/// Files whose kind is named after a common beginning.
fn in_a_family(head: &[u8]) -> Option<&'static str> {
    match (head.first_chunk::<4>()?, head.get(4..8)?, head.get(8..12)?) {
        (b"RIFF", _, b"AVI ") => Some("an AVI movie"),
        (b"RIFF", _, b"WAVE") => Some("a WAV recording"),
        (b"RIFF", _, b"WEBP") => Some("a WebP picture"),
        (_, b"ftyp", b"avif") => Some("an AVIF picture"),
        (_, b"ftyp", _) => Some("a HEIF picture"),
        (_, b"moof" | b"styp" | b"sidx", _) => Some("a fragment of a movie, without its beginning"),
        _ => None,
    }
}

fn text(head: &[u8]) -> &'static str {
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7E | 0x80..);
    if !head.iter().all(is_text) {
        return "something unknown";
    }
    let head = head.trim_ascii_start().to_ascii_lowercase();
    let has = |letters: &[u8]| head.windows(letters.len()).any(|window| window == letters);
    match head.first() {
        Some(b'<') if has(b"<!doctype html") || has(b"<html") => "an HTML page, perhaps one that asks to sign in",
        Some(b'<') => "an XML document",
        Some(b'{' | b'[') => "a JSON document",
        _ => "a text",
    }
}
