//! Why a file cannot be made into a picture.

use std::{error::Error, io};

use image::ImageError;

use super::{
    Format,
    header::{MAX_MEMORY, MAX_PIXELS, MAX_SIDE},
};

/// The longest reason that is passed on from a decoder, in characters.
const LONGEST_REASON: usize = 160;

/// Why a file cannot be made into a picture.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is something else.
    #[error("this is {what}, and only PNG, JPEG, WebP and GIF pictures can be shown{advice}")]
    NotAPicture {
        /// What it looks like, with its article.
        what: &'static str,
        /// What to do about it, after a colon; else empty.
        advice: &'static str,
    },
    /// It has more pixels than are decoded.
    #[error(
        "the picture has {width} x {height} pixels; {MAX_SIDE} on a side and {} million in all are the most that is \
         taken: send a smaller one",
        MAX_PIXELS / 1_000_000
    )]
    TooManyPixels {
        /// As the header says.
        width: u32,
        /// As the header says.
        height: u32,
    },
    /// Decoding it would take more memory than is given to it.
    #[error("decoding the {format} would take more than {} MB of memory: send a smaller one", MAX_MEMORY / 1_000_000)]
    TooMuchMemory {
        /// Its format.
        format: Format,
    },
    /// The file ends before the picture does.
    #[error("the {format} is cut off: its end is missing, so it was perhaps not sent whole")]
    CutOff {
        /// Its format.
        format: Format,
    },
    /// What is in it contradicts its format.
    #[error("the {format} is damaged or cut off: {why}")]
    Damaged {
        /// Its format.
        format: Format,
        /// In the words of the decoder.
        why: String,
    },
    /// Its format allows for it, but few programs do.
    #[error("the {format} is of a rare kind that is not supported ({why}): save it as a usual PNG or JPEG")]
    Unsupported {
        /// Its format.
        format: Format,
        /// Of which kind it is.
        why: String,
    },
    /// The file could not be read.
    #[error("the picture could not be read: {0}")]
    Read(#[from] io::Error),
}

impl Refused {
    /// Its structure is wrong.
    pub(super) fn damaged(format: Format, why: impl Into<String>) -> Self {
        Self::Damaged { format, why: why.into() }
    }

    /// Reading it failed; where the file ended early, that is the file's fault.
    pub(super) fn reading(format: Format) -> impl Fn(io::Error) -> Self {
        move |error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::CutOff { format },
            _ => Self::Read(error),
        }
    }

    /// The decoder gave up.
    pub(super) fn decoding(format: Format) -> impl Fn(ImageError) -> Self {
        move |error| match error {
            ImageError::IoError(error) => Self::reading(format)(error),
            ImageError::Limits(_) => Self::TooMuchMemory { format },
            ImageError::Unsupported(error) => Self::Unsupported { format, why: reason(&error) },
            error => Self::Damaged { format, why: reason(&error) },
        }
    }
}

/// What a decoder says, on one line: the innermost error says the most.
fn reason(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let words: Vec<_> = innermost.to_string().split_whitespace().map(str::to_owned).collect();
    words.join(" ").chars().take(LONGEST_REASON).collect()
}
