//! The container: an MP4 file of one video track, fast start (ISO/IEC 14496-12, and 14496-15 for `avc1`).

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

/// Bytes before the content of a box: its length and its type.
const HEADER: usize = 8;

/// The whole file, of which the samples are given one after the other.
pub(super) fn file(track: &Track, samples: &[u8]) -> Vec<u8> {
    let ftyp = container("ftyp", &[b"isom", &0x200_u32.to_be_bytes(), b"isom", b"iso2", b"avc1", b"mp41"]);
    // The places of the chunks depend on the length of `moov`, which does not depend on those places.
    let start = ftyp.len() + moov(track, 0).len() + HEADER;
    let moov = moov(track, u32::try_from(start).unwrap_or(u32::MAX));
    let length = u32::try_from(HEADER + samples.len()).unwrap_or(u32::MAX);
    [&ftyp, &moov, &length.to_be_bytes()[..], b"mdat", samples].concat()
}

/// A box: its length, its type (four letters) and its content, all numbers big-endian.
fn container(kind: &str, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = u32::try_from(HEADER + content.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), kind.as_bytes(), &content].concat()
}

/// A box that begins with its version (the highest byte) and flags.
fn versioned(kind: &str, version_and_flags: u32, content: &[&[u8]]) -> Vec<u8> {
    container(kind, &[&version_and_flags.to_be_bytes(), &content.concat()])
}

/// A box that counts its entries.
fn table<const N: usize>(kind: &str, entries: &[[u32; N]]) -> Vec<u8> {
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    versioned(kind, 0, &[&words(&[count]), &words(entries.as_flattened())])
}

/// Numbers as they stand in a box.
fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// The matrix that leaves a picture as it is, in 16.16 fixed point, but its last column in 2.30.
const IDENTITY: [u32; 9] = [1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30];

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
    let undetermined_language = [0x55, 0xc4, 0, 0];
    let header = versioned("mdhd", 0, &[&NO_DATES, &words(&track.scale_and_duration()), &undetermined_language]);
    let handler = versioned("hdlr", 0, &[&[0; 4], b"vide", &[0; 12], b"\0"]);
    let video_header = versioned("vmhd", 1, &[&[0; 8]]);
    let in_this_file = versioned("url ", 1, &[]);
    let data = container("dinf", &[&versioned("dref", 0, &[&words(&[1]), &in_this_file])]);
    let tables = [stsd(track), stts(track), stss(track), stsc(track), stsz(track), stco(track, start)];
    let information = container("minf", &[&video_header, &data, &container("stbl", &[&tables.concat()])]);
    container("mdia", &[&header, &handler, &information])
}

/// How samples are coded: as H.264 units, each after its length in four bytes.
fn stsd(track: &Track) -> Vec<u8> {
    let [sequence, picture] = track.sets;
    let length = |set: &[u8]| u16::try_from(set.len()).unwrap_or(u16::MAX).to_be_bytes();
    let version_and_profile = [&[1], sequence.get(1..4).unwrap_or(&[66, 0xc0, 30])].concat();
    let lengths_of_four = [0xff];
    let content = [
        &version_and_profile,
        &lengths_of_four[..],
        &[0xe1],
        &length(sequence),
        sequence,
        &[1],
        &length(picture),
        picture,
    ];
    let configuration = container("avcC", &content);

    let data_reference = [0, 0, 0, 0, 0, 0, 0, 1];
    let size = [track.width.to_be_bytes(), track.height.to_be_bytes()].concat();
    let resolution = words(&[72 << 16, 72 << 16, 0]);
    let one_frame_unnamed = [&[0, 1][..], &[0; 32]].concat();
    let depth = [0, 24, 0xff, 0xff];
    let content = [&data_reference[..], &[0; 16], &size, &resolution, &one_frame_unnamed, &depth, &configuration];
    versioned("stsd", 0, &[&words(&[1]), &container("avc1", &content)])
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
