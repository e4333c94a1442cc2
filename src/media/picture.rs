//! Pictures of any usual format, made into what the page can show.
//!
//! The page's textures have one size each: it crops a larger picture, and does not draw a smaller one. So every picture
//! is scaled onto a canvas of that size. The format is told by the content, never by a name. Nothing is decoded before its
//! header was read and its size, its memory and its end were checked.
//!
//! It must not know what a picture is of, nor where it is kept.

mod decode;
mod exif;
mod gif;
mod header;
mod jpeg;
mod other;
mod png;
mod profile;
mod refused;
mod scale;
mod webp;

use std::{
    fmt,
    io::{BufRead, Read, Seek},
};

use header::Header;
pub use refused::Refused;

/// How many of the first bytes of a file are looked at to tell what it is.
const HEAD: u64 = 1024;

/// A format of pictures that can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Portable Network Graphics.
    Png,
    /// JPEG: baseline or progressive, with 8 bits.
    Jpeg,
    /// WebP: lossy or lossless; of an animated one, its first frame.
    WebP,
    /// Graphics Interchange Format: its first frame.
    Gif,
}

impl Format {
    /// Its media type, as in `Content-Type`.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// The usual end of a file's name, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
            Self::Gif => "gif",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
        })
    }
}

/// The size of one of the page's textures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Canvas {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

impl Canvas {
    /// For shots, assets and projects.
    pub const THUMBNAIL: Self = Self { width: 150, height: 100 };
    /// For people.
    pub const AVATAR: Self = Self { width: 400, height: 400 };
}

/// A picture that fits a canvas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// The format of the original.
    pub format: Format,
    /// Of the original as it is shown, in pixels: after the orientation that its EXIF data ask for.
    pub width: u32,
    /// As `width`.
    pub height: u32,
    /// A PNG of exactly the canvas' size; `None` if the original is one that can be served as it is.
    pub png: Option<Vec<u8>>,
}

/// The format that a file's first bytes are of, if it is one that can be shown. Twelve bytes are enough.
#[must_use]
pub fn looks_like_picture(head: &[u8]) -> Option<Format> {
    match head {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Format::Png),
        [0xff, 0xd8, 0xff, ..] => Some(Format::Jpeg),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Format::WebP),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Format::Gif),
        _ => None,
    }
}

/// Makes what fits a canvas of the picture in a file: whole, neither cropped nor distorted, as large as fits, in the
/// middle, on transparency, as a PNG with 8 bits a channel. The same file gives the same bytes.
///
/// Refused is what is no picture, has more than 50 megapixels or 32,768 pixels on a side, would take more than 400 MiB to
/// decode, is damaged, or ends before it should.
pub fn fit(mut file: impl BufRead + Seek, canvas: Canvas) -> Result<Fitted, Refused> {
    file.rewind()?;
    let mut head = Vec::new();
    file.by_ref().take(HEAD).read_to_end(&mut head)?;
    let format = looks_like_picture(&head).ok_or_else(|| other::refusal(&head))?;

    let header = Header::read(format, &mut file)?;
    let decoded = decode::decode(format, &mut file, &header)?;
    let (width, height) = exif::shown((header.width, header.height), header.orientation);
    let fits_already = header.is_plain_png && (width, height) == (canvas.width, canvas.height);
    let png = if fits_already { None } else { Some(scale::onto(canvas, decoded, header.orientation)?) };
    Ok(Fitted { format, width, height, png })
}
