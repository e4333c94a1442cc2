//! Why a file is not taken as a movie.

use std::io;

/// Why a movie is refused, in words for who sent it.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is something else.
    #[error("this is {looks_like}, not an MP4, QuickTime, WebM or Matroska movie")]
    NotAMovie {
        /// What it looks like, with its article.
        looks_like: &'static str,
    },
    /// It has no `moov` box: an export that was stopped, or an upload that lost its end.
    #[error("the movie has no index (moov): its export was not finished, or its end is missing")]
    NoIndex,
    /// Something reaches beyond the end of the file.
    #[error(
        "the movie is cut off: {what} at byte {at} would reach to byte {needs}, but the file ends at byte {length}"
    )]
    CutOff {
        /// What is not there as a whole.
        what: String,
        /// Where it begins, in bytes from the beginning of the file.
        at: u64,
        /// Where it would end.
        needs: u64,
        /// The length of the file in bytes.
        length: u64,
    },
    /// It contradicts itself, or its format.
    #[error("the movie is damaged: {what} (at byte {at})")]
    Damaged {
        /// What is wrong.
        what: String,
        /// Where, in bytes from the beginning of the file.
        at: u64,
    },
    /// Sound, or nothing.
    #[error("the file has no video track")]
    NoVideo,
    /// There is a video track, and it is empty.
    #[error("the video track has no frames")]
    NoFrames,
    /// It needs a key.
    #[error("the video track is encrypted")]
    Encrypted,
    /// It uses something that is not read here, such as media in another file.
    #[error("the movie cannot be read: {0}")]
    Unsupported(&'static str),
    /// A table is larger than any that is plausible.
    #[error("the movie is not read: {what}; the most that is read is {most}")]
    TooLarge {
        /// Which, and how large.
        what: String,
        /// The bound, with its unit.
        most: String,
    },
    /// Its index cannot be put in front without damage. The movie is good as it is.
    #[error("the index of the movie must stay where it is: {0}")]
    Immovable(&'static str),
    /// The file cannot be read.
    #[error("the movie cannot be read: {0}")]
    Read(io::Error),
    /// The copy cannot be written.
    #[error("the movie cannot be written: {0}")]
    Write(io::Error),
}

impl Refused {
    /// Something is wrong at a byte of the file.
    pub(super) fn damaged(what: impl Into<String>, at: u64) -> Self {
        Self::Damaged { what: what.into(), at }
    }
}
