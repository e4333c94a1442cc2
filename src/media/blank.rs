//! The movie of an edit that has none: black, as long as the edit, and light.
//!
//! A project without a movie still needs one, since the Watchtower page has no "no video" state (contract §2): where its
//! player finds no file that plays, it reports an error. This movie plays, and can be entered at any frame.
//!
//! It stays small because all of its frames share the same few bytes of H.264. The `mdat` box holds one chunk of black
//! frames, and the sample table names that chunk again and again. Boxes as in ISO/IEC 14496-12 (the container) and
//! 14496-15 (`avc1`, `avcC`). As with any movie, a server without Range keeps Chromium from entering it.

use bytes::Bytes;

use super::written::{
    HEADER, IDENTITY, UNDETERMINED_LANGUAGE, container, mdia_of_video, stsd_of_h264, table, versioned, words,
};

/// No blank movie is larger than this, in bytes.
pub const LARGEST: u64 = 64 * 1024;

/// Width and height in pixels. Small, but whole macroblocks, and enough for the decoder of Windows (48 at least) and for
/// Firefox to hand it to hardware there (132 at least).
const SIZE: (u16, u16) = (256, 144);

/// The most samples in a movie: three hours at 24 frames per second. Browsers keep an index entry for each.
const MAX_SAMPLES: u32 = 1 << 18;

/// Samples in the shared chunk, an even number: more make `mdat` larger, fewer make the list of chunks longer.
const CHUNK: u32 = 32;

/// Sequence parameter set. It and the three below were made by
/// `ffmpeg -f lavfi -i color=black:s=256x144:r=25 -frames:v 2 -c:v libx264 -threads 1 -profile:v baseline -level 3.1
/// -pix_fmt yuv420p -qp 26 -x264-params keyint=1:no-deblock=1 -f h264 black.h264` (x264 core 164), and taken apart at the
/// start codes. Here the optional timing (`timing_info_present_flag`) is cut out, since the rate is not always 25.
const SPS: [u8; 12] = [0x67, 0x42, 0xc0, 0x1f, 0xdc, 0x10, 0x13, 0xb0, 0x10, 0x1e, 0x30, 0x67];

/// Picture parameter set.
const PPS: [u8; 4] = [0x68, 0xce, 0x32, 0xc8];

/// Two black key frames. They differ in `idr_pic_id`, as those of neighbouring key frames must (H.264 §7.4.3).
const FRAMES: [[u8; 121]; 2] = [
    [
        0x65, 0x88, 0x84, 0x3a, 0x26, 0x28, 0x00, 0x08, 0xb6, 0xc9, 0xc9, 0xc9, 0xc9, 0xc9, 0xc9, 0xc9, 0xc9, 0xc9,
        0xc9, 0xc9, 0xc9, 0xc9, 0xc9, 0xc9, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75,
        0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75,
        0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75,
        0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75,
        0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75,
        0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xe0,
    ],
    [
        0x65, 0x88, 0x82, 0x0e, 0x89, 0x8a, 0x00, 0x02, 0x2d, 0xb2, 0x72, 0x72, 0x72, 0x72, 0x72, 0x72, 0x72, 0x72,
        0x72, 0x72, 0x72, 0x72, 0x72, 0x72, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d,
        0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d,
        0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d,
        0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d,
        0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d,
        0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5d, 0x78,
    ],
];

/// Bytes of a frame, and of it after its length in four bytes: a sample.
const FRAME_LENGTH: u32 = 121;
const SAMPLE_LENGTH: u32 = 4 + FRAME_LENGTH;

/// A black MP4 movie (H.264, fast start) of `frames` frames at `fps` frames per second.
///
/// It has one sample for each frame up to 262,144 frames; beyond that, as few frames as needed share a sample, so that it
/// never exceeds 40 KB. Its duration is `frames / fps` seconds either way. There is no error: a movie has 1 to 2^32 - 1
/// frames and runs at 0.001 to 1000 frames per second (24 if `fps` is not a number); what is outside is taken as the
/// nearest inside.
#[must_use]
pub fn blank_movie(frames: u64, fps: f64) -> Bytes {
    let timing = Timing::of(frames, fps);
    let ftyp = container("ftyp", &[b"isom", &0x200_u32.to_be_bytes(), b"isom", b"iso2", b"avc1", b"mp41"]);
    // The place of the chunk depends on the length of `moov`, which does not depend on that place.
    let moov_length = moov(&timing, 0).len();
    let chunk_offset = u32::try_from(ftyp.len() + moov_length + HEADER).unwrap_or(u32::MAX);
    [ftyp, moov(&timing, chunk_offset), mdat()].concat().into()
}

/// Whether a file is a blank movie, of whatever length.
#[must_use]
pub fn is_blank(file: &[u8]) -> bool {
    file.ends_with(&mdat())
}

/// When each sample is shown. Times are in ticks of `1 / timescale` seconds.
#[derive(Debug)]
struct Timing {
    timescale: u32,
    samples: u32,
    /// Of every sample but the last.
    sample_ticks: u32,
    /// Of the last sample, which may stand for fewer frames.
    last_ticks: u32,
}

impl Timing {
    fn of(frames: u64, fps: f64) -> Self {
        let frames = u32::try_from(frames).unwrap_or(u32::MAX).max(1);
        let (timescale, frame_ticks) = frame_duration(fps);
        let frames_per_sample = frames.div_ceil(MAX_SAMPLES);
        let samples = frames.div_ceil(frames_per_sample);
        let last_frames = frames - (samples - 1) * frames_per_sample;
        // At most 2^14 frames of 100,000 ticks: even as a signed number, which some readers take it for, this fits.
        Self {
            timescale,
            samples,
            sample_ticks: frames_per_sample * frame_ticks,
            last_ticks: last_frames * frame_ticks,
        }
    }

    fn scale_and_duration(&self) -> Vec<u8> {
        [&self.timescale.to_be_bytes()[..], &self.duration().to_be_bytes()].concat()
    }

    fn duration(&self) -> u64 {
        u64::from(self.samples - 1) * u64::from(self.sample_ticks) + u64::from(self.last_ticks)
    }
}

/// The timescale, and the ticks of a frame: exact for rates of up to three decimals and for those of NTSC (a whole number
/// of 1/1001), else for the rate as rounded to five decimals. 23.976 stays 23.976, since the page counts with that number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the rate is bounded, so the product is between 1 and 10^8"
)]
fn frame_duration(fps: f64) -> (u32, u32) {
    let fps = if fps.is_nan() { 24.0 } else { fps.clamp(0.001, 1000.0) };
    let ticks_per_second = |ticks: u32| fps * f64::from(ticks);
    let is_whole = |number: f64| (number - number.round()).abs() < 0.001;
    let ticks = [1000, 1001].into_iter().find(|ticks| is_whole(ticks_per_second(*ticks))).unwrap_or(100_000);
    (ticks_per_second(ticks).round() as u32, ticks)
}

/// What describes the movie: its one track, whose samples are all in the chunk at `chunk_offset`.
fn moov(timing: &Timing, chunk_offset: u32) -> Vec<u8> {
    container("moov", &[&mvhd(timing), &container("trak", &[&tkhd(timing), &mdia(timing, chunk_offset)])])
}

/// Version 1 of a box: its times have 64 bits.
const LONG_TIMES: u32 = 1 << 24;

/// When something was made and changed: not told.
const NO_DATES: [u8; 16] = [0; 16];

fn mvhd(timing: &Timing) -> Vec<u8> {
    let rate_and_volume = words(&[1 << 16, 1 << 24, 0, 0]);
    let next_track = words(&[0, 0, 0, 0, 0, 0, 2]);
    let content = [&NO_DATES[..], &timing.scale_and_duration(), &rate_and_volume, &words(&IDENTITY), &next_track];
    versioned("mvhd", LONG_TIMES, &content)
}

fn tkhd(timing: &Timing) -> Vec<u8> {
    let enabled_in_movie = 3;
    let track = words(&[1, 0]);
    let duration = timing.duration().to_be_bytes();
    let layer_and_volume = [0; 16];
    let size = words(&[u32::from(SIZE.0) << 16, u32::from(SIZE.1) << 16]);
    let content = [&NO_DATES[..], &track, &duration, &layer_and_volume, &words(&IDENTITY), &size];
    versioned("tkhd", LONG_TIMES | enabled_in_movie, &content)
}

fn mdia(timing: &Timing, chunk_offset: u32) -> Vec<u8> {
    let header = versioned("mdhd", LONG_TIMES, &[&NO_DATES, &timing.scale_and_duration(), &UNDETERMINED_LANGUAGE]);
    let tables = [stsd(), stts(timing), stsc(timing.samples), stsz(timing.samples), stco(timing.samples, chunk_offset)];
    mdia_of_video(&header, &tables)
}

/// How samples are coded: as H.264 units, each after its length in four bytes.
fn stsd() -> Vec<u8> {
    stsd_of_h264(SIZE, [&SPS, &PPS])
}

/// How long samples last, in runs of equal ones.
fn stts(timing: &Timing) -> Vec<u8> {
    let mut runs = vec![[timing.samples - 1, timing.sample_ticks], [1, timing.last_ticks]];
    runs.retain(|[samples, _]| *samples > 0);
    table("stts", &runs)
}

/// How many samples the chunks have, in runs that begin at a chunk (counted from 1): the last one may have fewer.
fn stsc(samples: u32) -> Vec<u8> {
    let (full, rest) = (samples / CHUNK, samples % CHUNK);
    let runs = [(full > 0).then_some([1, CHUNK, 1]), (rest > 0).then_some([full + 1, rest, 1])];
    table("stsc", &runs.into_iter().flatten().collect::<Vec<_>>())
}

/// How long the samples are in bytes: all the same.
fn stsz(samples: u32) -> Vec<u8> {
    versioned("stsz", 0, &[&words(&[SAMPLE_LENGTH, samples])])
}

/// Where the chunks are: all at the same place.
fn stco(samples: u32, chunk_offset: u32) -> Vec<u8> {
    let chunks = (0..samples.div_ceil(CHUNK)).map(|_| [chunk_offset]);
    table("stco", &chunks.collect::<Vec<_>>())
}

/// The one chunk. There is no `stss` box, so every sample is a key frame.
fn mdat() -> Vec<u8> {
    let prefix = FRAME_LENGTH.to_be_bytes();
    let samples = FRAMES.iter().cycle().zip(0..CHUNK).flat_map(|(frame, _)| prefix.iter().chain(frame));
    container("mdat", &[&samples.copied().collect::<Vec<u8>>()])
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, FRAMES, MAX_SAMPLES, SAMPLE_LENGTH, blank_movie, frame_duration};

    /// The boxes that follow each other in `bytes`: type and content.
    fn boxes(mut bytes: &[u8]) -> Vec<(String, &[u8])> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let (this, rest) = bytes.split_at(word(bytes, 0) as usize);
            found.push((String::from_utf8(this[4..8].to_vec()).unwrap(), &this[8..]));
            bytes = rest;
        }
        found
    }

    fn find<'b>(mut bytes: &'b [u8], path: &[&str]) -> &'b [u8] {
        for name in path {
            bytes = boxes(bytes).into_iter().find(|(kind, _)| kind == name).unwrap().1;
        }
        bytes
    }

    fn table<'b>(movie: &'b [u8], name: &str) -> &'b [u8] {
        find(movie, &["moov", "trak", "mdia", "minf", "stbl", name])
    }

    fn word(bytes: &[u8], at: usize) -> u32 {
        u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    fn long(bytes: &[u8], at: usize) -> u64 {
        u64::from(word(bytes, at)) << 32 | u64::from(word(bytes, at + 4))
    }

    /// Samples, ticks per second and ticks, after checking that all tables agree about them.
    fn read(movie: &[u8]) -> (u32, u32, u64) {
        let samples = word(table(movie, "stsz"), 8);
        let stts = table(movie, "stts");
        let runs: Vec<_> = stts[8..].chunks(8).map(|run| (word(run, 0), word(run, 4))).collect();
        assert_eq!(runs.iter().map(|run| run.0).sum::<u32>(), samples);
        assert!(runs.iter().all(|run| i32::try_from(run.1).is_ok_and(|ticks| ticks > 0)));
        let ticks = runs.iter().map(|run| u64::from(run.0) * u64::from(run.1)).sum();

        let chunks = word(table(movie, "stco"), 4);
        let stsc: Vec<_> = table(movie, "stsc")[8..].chunks(12).map(|run| (word(run, 0), word(run, 4))).collect();
        let ends = stsc.iter().skip(1).map(|run| run.0).chain([chunks + 1]);
        assert_eq!(stsc.iter().zip(ends).map(|(run, end)| (end - run.0) * run.1).sum::<u32>(), samples);

        let times = |path: &[&str]| (word(find(movie, path), 20), long(find(movie, path), 24));
        let (timescale, duration) = times(&["moov", "trak", "mdia", "mdhd"]);
        assert_eq!(duration, ticks);
        assert_eq!(times(&["moov", "mvhd"]), (timescale, ticks));
        assert_eq!(long(find(movie, &["moov", "trak", "tkhd"]), 28), ticks);
        (samples, timescale, ticks)
    }

    #[test]
    fn a_movie_has_a_sample_for_each_frame() {
        for frames in [1, 2, 31, 32, 33, 100, 3296, 20_000, MAX_SAMPLES] {
            assert_eq!(read(&blank_movie(frames.into(), 24.0)), (frames, 24_000, u64::from(frames) * 1000));
        }
    }

    #[test]
    fn what_players_need_first_comes_first_and_every_chunk_is_the_one_in_mdat() {
        let movie = blank_movie(100, 24.0);
        assert_eq!(boxes(&movie).iter().map(|found| found.0.as_str()).collect::<Vec<_>>(), ["ftyp", "moov", "mdat"]);
        let data = find(&movie, &["mdat"]);
        assert_eq!(data.len(), (CHUNK * SAMPLE_LENGTH) as usize);
        let start = u32::try_from(movie.len() - data.len()).unwrap();
        assert!(table(&movie, "stco")[8..].chunks(4).all(|offset| word(offset, 0) == start));
        for (sample, frame) in data.chunks(SAMPLE_LENGTH as usize).zip(FRAMES.iter().cycle()) {
            assert_eq!((word(sample, 0) as usize, &sample[4..]), (frame.len(), frame.as_slice()));
        }
    }

    #[test]
    fn rates_are_kept() {
        let ntsc =
            [(24_000.0 / 1001.0, (24_000, 1001)), (23.976_024, (24_000, 1001)), (60_000.0 / 1001.0, (60_000, 1001))];
        let decimal = [(23.976, (23_976, 1000)), (29.97, (29_970, 1000)), (12.5, (12_500, 1000)), (0.001, (1, 1000))];
        for (fps, exact) in ntsc.into_iter().chain(decimal).chain([(23.123_45, (2_312_345, 100_000))]) {
            assert_eq!(frame_duration(fps), exact, "{fps}");
        }
    }

    #[test]
    fn extreme_arguments_are_taken_as_the_nearest_possible() {
        for fps in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 0.0, -1.0, 1e-3, 999.99, 1e300] {
            for frames in [0, 1, u64::from(MAX_SAMPLES) + 1, 10_000_000, u32::MAX.into(), 1 << 53, u64::MAX] {
                let movie = blank_movie(frames, fps);
                let (samples, _, ticks) = read(&movie);
                assert!(movie.len() <= 40_000 && (1..=MAX_SAMPLES).contains(&samples), "{frames} {fps}");
                assert_eq!(ticks / u64::from(frame_duration(fps).1), frames.clamp(1, u32::MAX.into()));
            }
        }
    }
}
