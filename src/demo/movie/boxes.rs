//! The container: an MP4 file of one video track, fast start (ISO/IEC 14496-12, and 14496-15 for `avc1`).

use crate::media::written::{
    HEADER, IDENTITY, UNDETERMINED_LANGUAGE, container, mdia_of_video, stsd_of_h264, table, versioned, words,
};

/// What the container tells of a track.
pub(super) struct Track<'a> {
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) fps: u32,
    /// The sequence parameter set and the picture parameter set.
    pub(super) sets: [&'a [u8]; 2],
    /// Bytes of each sample.
    pub(super) sizes: &'a [u32],
    /// The samples that are whole frames, counted from 0, in order, the first among them. Each begins a chunk.
    pub(super) whole: &'a [u32],
}

/// Ticks of one frame; a second has `fps` times as many.
const TICKS: u32 = 1000;

/// The whole file, of which the samples are given one after the other.
pub(super) fn file(track: &Track, samples: &[u8]) -> Vec<u8> {
    let ftyp = container("ftyp", &[b"isom", &0x200_u32.to_be_bytes(), b"isom", b"iso2", b"avc1", b"mp41"]);
    // The places of the chunks depend on the length of `moov`, which does not depend on those places.
    let start = ftyp.len() + moov(track, 0).len() + HEADER;
    let moov = moov(track, u32::try_from(start).unwrap_or(u32::MAX));
    let length = u32::try_from(HEADER + samples.len()).unwrap_or(u32::MAX);
    [&ftyp, &moov, &length.to_be_bytes()[..], b"mdat", samples].concat()
}

/// Dates that are not told.
const NO_DATES: [u8; 8] = [0; 8];

impl Track<'_> {
    fn count(&self) -> u32 {
        u32::try_from(self.sizes.len()).unwrap_or(u32::MAX)
    }

    fn scale_and_duration(&self) -> [u32; 2] {
        [self.fps.saturating_mul(TICKS), self.count().saturating_mul(TICKS)]
    }
}

fn moov(track: &Track, start: u32) -> Vec<u8> {
    let rate_and_volume = words(&[1 << 16, 1 << 24, 0, 0]);
    let next_track = words(&[0, 0, 0, 0, 0, 0, 2]);
    let times = words(&track.scale_and_duration());
    let mvhd = versioned("mvhd", 0, &[&NO_DATES, &times, &rate_and_volume, &words(&IDENTITY), &next_track]);
    container("moov", &[&mvhd, &container("trak", &[&tkhd(track), &mdia(track, start)])])
}

fn tkhd(track: &Track) -> Vec<u8> {
    let enabled_in_movie = 3;
    let [_, duration] = track.scale_and_duration();
    let id_and_duration = words(&[1, 0, duration]);
    let size = words(&[u32::from(track.width) << 16, u32::from(track.height) << 16]);
    versioned("tkhd", enabled_in_movie, &[&NO_DATES, &id_and_duration, &[0; 16], &words(&IDENTITY), &size])
}

fn mdia(track: &Track, start: u32) -> Vec<u8> {
    let header = versioned("mdhd", 0, &[&NO_DATES, &words(&track.scale_and_duration()), &UNDETERMINED_LANGUAGE]);
    let stsd = stsd_of_h264((track.width, track.height), track.sets);
    let tables = [stsd, stts(track), stss(track), stsc(track), stsz(track), stco(track, start)];
    mdia_of_video(&header, &tables)
}

/// How long samples last, in runs of equal ones.
///
/// The first one lasts a tick less than a frame, and the last one a tick more. So each begins just before its time, and is what is found
/// at `frame / fps` seconds: browsers cut such a time to microseconds, and round that of a sample, which may then lie after it.
fn stts(track: &Track) -> Vec<u8> {
    match track.count() {
        1 => table("stts", &[[1, TICKS]]),
        2 => table("stts", &[[1, TICKS - 1], [1, TICKS + 1]]),
        count => table("stts", &[[1, TICKS - 1], [count - 2, TICKS], [1, TICKS + 1]]),
    }
}

/// Which samples are whole frames, counted from 1.
fn stss(track: &Track) -> Vec<u8> {
    table("stss", &track.whole.iter().map(|sample| [sample + 1]).collect::<Vec<_>>())
}

/// How many samples each chunk has.
fn stsc(track: &Track) -> Vec<u8> {
    let ends = track.whole.iter().skip(1).copied().chain([track.count()]);
    let chunks = track.whole.iter().zip(ends).zip(1..);
    table("stsc", &chunks.map(|((first, end), chunk)| [chunk, end - first, 1]).collect::<Vec<_>>())
}

fn stsz(track: &Track) -> Vec<u8> {
    versioned("stsz", 0, &[&words(&[0, track.count()]), &words(track.sizes)])
}

/// Where each chunk begins.
fn stco(track: &Track, start: u32) -> Vec<u8> {
    let (mut place, mut chunks, mut whole) = (start, Vec::new(), track.whole.iter().peekable());
    for (sample, size) in (0..).zip(track.sizes) {
        if whole.next_if_eq(&&sample).is_some() {
            chunks.push([place]);
        }
        place = place.saturating_add(*size);
    }
    table("stco", &chunks)
}
