//! What is known of a movie from its own container: how many frames it has, how long it is, its codec, and whether it can
//! be played while it arrives. Nothing is decoded, and of the media data nothing is read.
//!
//! MP4 and `QuickTime`: ISO/IEC 14496-12 and Apple's `QuickTime` File Format. `WebM` and Matroska: RFC 9559, on RFC 8794 (EBML).
//! What a file says is believed only as far as the file bears it out. One that is cut off, or contradicts itself, is
//! refused with a reason.

mod boxes;
mod bytes;
mod chunks;
mod codec;
mod ebml;
mod edits;
mod fast_start;
mod fragments;
mod frames;
mod isobmff;
mod matroska;
mod outline;
mod refused;
mod sniff;
mod source;
mod tables;
#[cfg(test)]
mod tests;
mod track;
mod video;

use std::io::{Read, Seek, Write};

use serde::{Deserialize, Serialize};

pub use codec::Playable;
pub use refused::Refused;
pub use sniff::looks_like_movie;

use source::Source;

/// The kind of file that a movie is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    /// MP4 (ISO/IEC 14496-14), and its relatives such as 3GP and M4V.
    Mp4,
    /// `QuickTime`: `.mov`.
    QuickTime,
    /// `WebM`: Matroska with codecs that browsers know.
    WebM,
    /// Matroska: `.mkv`.
    Matroska,
}

impl Container {
    /// The media type that makes a browser try to play it. Browsers refuse `video/quicktime` and `video/x-matroska` by
    /// name, and play what is inside under the names of their relatives.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Mp4 | Self::QuickTime => "video/mp4",
            Self::WebM | Self::Matroska => "video/webm",
        }
    }

    /// The ending of a file name that goes with [`Self::media_type`].
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Mp4 | Self::QuickTime => "mp4",
            Self::WebM | Self::Matroska => "webm",
        }
    }
}

/// What a container says of its movie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The kind of file.
    pub container: Container,
    /// The codec of the video track: the four letters of MP4 and `QuickTime`, or the codec id of Matroska.
    pub codec: String,
    /// What tells variants of the codec apart: of H.264 the `profile_idc`, of `mp4v` the object type of MPEG-4 systems.
    pub profile: Option<u8>,
    /// Width in pixels, as it is to be looked at.
    pub width: u32,
    /// Height in pixels, as it is to be looked at.
    pub height: u32,
    /// The number of frames that are shown.
    pub frames: u64,
    /// How long frames are shown, in seconds; a wait before the first does not count.
    pub seconds: f64,
    /// Whether it can be played while it arrives.
    pub is_fast_start: bool,
}

impl Facts {
    /// Frames per second, on average; zero for a still that has no duration.
    #[must_use]
    pub fn fps(&self) -> f64 {
        if self.seconds > 0.0 { codec::float(self.frames) / self.seconds } else { 0.0 }
    }

    /// Which browsers can play it, by its codec and its container.
    #[must_use]
    pub fn playable(&self) -> Playable {
        codec::playable(self.container, &self.codec, self.profile)
    }

    /// The codec as people call it; a codec that is not known here has no other name than its own.
    #[must_use]
    pub fn codec_name(&self) -> &str {
        codec::name(&self.codec, self.profile)
    }
}

/// Reads what the container of a movie says, from the beginning of the file, wherever it stands.
///
/// Fails with the reason if it is no movie, is cut off, is damaged, or has nothing to show. In memory it holds no more than
/// the index of the file, of 64 MiB at most.
pub fn read(file: &mut (impl Read + Seek)) -> Result<Facts, Refused> {
    let mut source = Source::new(file)?;
    match sniff::container(&mut source)? {
        Container::Mp4 | Container::QuickTime => isobmff::read(&mut source),
        Container::WebM | Container::Matroska => matroska::read(&mut source),
    }
}

/// Writes the same movie with its index (`moov`) before its media data, so that it can be played while it arrives. One that
/// can already, or has no such index, is copied as it is.
///
/// Fails with [`Refused::Immovable`] if more than the index would have to change; the file is then good as it is. The time
/// and the memory that it takes are those of [`read`], and of copying.
pub fn write_fast_start(file: &mut (impl Read + Seek), out: &mut impl Write) -> Result<(), Refused> {
    let mut source = Source::new(file)?;
    match sniff::container(&mut source)? {
        Container::Mp4 | Container::QuickTime => fast_start::write(&mut source, out),
        Container::WebM | Container::Matroska => source.copy(0..source.length(), out),
    }
}
