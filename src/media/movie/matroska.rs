//! Movies in `WebM` and Matroska files (RFC 9559). They can always be played while they arrive: what describes the tracks
//! comes before the frames.

use std::io::{Read, Seek};

use super::{
    Container, Facts, Refused,
    codec::float,
    ebml::{self, Element},
    frames::Frames,
    source::Source,
    video::Video,
};

pub(super) const EBML: u32 = 0x1A45_DFA3;
pub(super) const SEGMENT: u32 = 0x1853_8067;
pub(super) const CLUSTER: u32 = 0x1F43_B675;
pub(super) const TRACKS: u32 = 0x1654_AE6B;
pub(super) const SIMPLE_BLOCK: u32 = 0xA3;
pub(super) const BLOCK_GROUP: u32 = 0xA0;
const INFO: u32 = 0x1549_A966;
const DOC_TYPE: u32 = 0x4282;
const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
const DURATION: u32 = 0x4489;
const TIMESTAMP: u32 = 0xE7;

/// The largest description of a movie or its tracks, in MiB.
const LARGEST: u64 = 16;

/// What the file says of its movie.
pub(super) fn read(source: &mut Source<impl Read + Seek>) -> Result<Facts, Refused> {
    let header = Element::next(source, 0, None)?.ok_or(Refused::NotAMovie { looks_like: "an empty file" })?;
    let container = container(&header.load(source, LARGEST)?)
        .ok_or(Refused::NotAMovie { looks_like: "an EBML file of another kind" })?;
    let segment = segment(source, header.known_end()?)?;
    let mut movie = Movie::default();
    movie.read(source, &segment)?;
    movie.facts(container)
}

/// The container that a header names; the beginning of one will do, if that is in it.
pub(super) fn container(header: &[u8]) -> Option<Container> {
    let children = ebml::children(header, 0).filter_map(Result::ok);
    let doc_type = children.filter(|(id, _)| *id == DOC_TYPE).map(|(_, name)| name).next()?;
    match doc_type {
        b"webm" => Some(Container::WebM),
        b"matroska" => Some(Container::Matroska),
        _ => None,
    }
}

/// The segment, which is the movie.
fn segment(source: &mut Source<impl Read + Seek>, mut at: u64) -> Result<Element, Refused> {
    while let Some(element) = Element::next(source, at, None)? {
        if element.id == SEGMENT {
            return Ok(element);
        }
        at = element.known_end()?;
    }
    let length = source.length();
    Err(Refused::CutOff { what: "its segment".to_owned(), at: length, needs: length + 1, length })
}

/// What is known of a movie so far.
#[derive(Debug)]
struct Movie {
    /// Nanoseconds in a unit of timestamps.
    scale: u64,
    /// How long the file says that the movie is, in units of timestamps.
    duration: Option<f64>,
    /// The video track and its frames, once the tracks are known.
    video: Option<(Video, Frames)>,
}

impl Default for Movie {
    fn default() -> Self {
        Self { scale: 1_000_000, duration: None, video: None }
    }
}

impl Movie {
    /// Goes through all elements of a segment.
    fn read(&mut self, source: &mut Source<impl Read + Seek>, segment: &Element) -> Result<(), Refused> {
        let mut at = segment.body;
        while let Some(element) = Element::next(source, at, segment.end)? {
            at = match element.id {
                CLUSTER => self.cluster(source, &element, segment.end)?,
                // Live recordings are put one after the other; the first is what is shown.
                EBML | SEGMENT if segment.end.is_none() => return Ok(()),
                _ => element.known_end()?,
            };
            match element.id {
                INFO => self.info(&element.load(source, LARGEST)?, element.at)?,
                TRACKS if self.video.is_none() => {
                    let video = Video::shown(&element.load(source, LARGEST)?, element.at)?;
                    self.video = Some((video, Frames::default()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn info(&mut self, info: &[u8], at: u64) -> Result<(), Refused> {
        for child in ebml::children(info, at) {
            match child? {
                (TIMESTAMP_SCALE, bytes) => self.scale = ebml::unsigned(bytes),
                (DURATION, bytes) => self.duration = ebml::float(bytes),
                _ => {}
            }
        }
        if self.scale == 0 { Err(Refused::damaged("its unit of time is zero (TimestampScale)", at)) } else { Ok(()) }
    }

    /// Goes through a cluster, and gives where it ends. One of unknown size ends where something begins that is not in any:
    /// what is in clusters has shorter numbers.
    fn cluster(
        &mut self,
        source: &mut Source<impl Read + Seek>,
        cluster: &Element,
        segment_end: Option<u64>,
    ) -> Result<u64, Refused> {
        let Some((video, frames)) = &mut self.video else {
            return Err(Refused::damaged("its frames come before the list of its tracks", cluster.at));
        };
        let mut time = 0;
        let mut at = cluster.body;
        while let Some(element) = Element::next(source, at, cluster.end.or(segment_end))? {
            if cluster.end.is_none() && element.id > 0x00FF_FFFF {
                break;
            }
            match element.id {
                TIMESTAMP => time = ebml::unsigned(&element.load(source, LARGEST)?),
                SIMPLE_BLOCK => frames.block(source, &element, video, time, None)?,
                BLOCK_GROUP => frames.group(source, &element, video, time)?,
                _ => {}
            }
            at = element.known_end()?;
        }
        Ok(at)
    }

    fn facts(self, container: Container) -> Result<Facts, Refused> {
        let (video, frames) = self.video.ok_or(Refused::NoVideo)?;
        if frames.count == 0 {
            return Err(Refused::NoFrames);
        }
        let scale = float(self.scale) / 1e9;
        let said = self.duration.filter(|duration| duration.is_finite() && *duration > 0.0).map(|units| units * scale);
        let seconds = frames.seconds(scale, video.frame_seconds(), said);
        let Video { codec, width, height, .. } = video;
        let profile = codec.profile;
        Ok(Facts {
            container,
            codec: codec.id,
            profile,
            width,
            height,
            frames: frames.count,
            seconds,
            is_fast_start: true,
        })
    }
}
