//! Boxes of an MP4 file, as they are written: those that every movie of ours has alike (ISO/IEC 14496-12, and 14496-15 for
//! `avc1`).

/// Bytes before the content of a box: its length and its type.
pub const HEADER: usize = 8;

/// A box: its length, its type (four letters) and its content, all numbers big-endian.
#[must_use]
pub fn container(kind: &str, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = u32::try_from(HEADER + content.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), kind.as_bytes(), &content].concat()
}

/// A box that begins with its version (the highest byte) and flags.
#[must_use]
pub fn versioned(kind: &str, version_and_flags: u32, content: &[&[u8]]) -> Vec<u8> {
    container(kind, &[&version_and_flags.to_be_bytes(), &content.concat()])
}

/// A box that counts its entries.
#[must_use]
pub fn table<const N: usize>(kind: &str, entries: &[[u32; N]]) -> Vec<u8> {
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    versioned(kind, 0, &[&words(&[count]), &words(entries.as_flattened())])
}

/// Numbers as they stand in a box.
#[must_use]
pub fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// The matrix that leaves a picture as it is, in 16.16 fixed point, but its last column in 2.30.
pub const IDENTITY: [u32; 9] = [1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30];

/// The language of a track: not told.
pub const UNDETERMINED_LANGUAGE: [u8; 4] = [0x55, 0xc4, 0, 0];

/// A track of video (`mdia`), of its header (`mdhd`) and the tables of its samples.
#[must_use]
pub fn mdia_of_video(header: &[u8], tables: &[Vec<u8>]) -> Vec<u8> {
    let handler = versioned("hdlr", 0, &[&[0; 4], b"vide", &[0; 12], b"\0"]);
    let video_header = versioned("vmhd", 1, &[&[0; 8]]);
    let in_this_file = versioned("url ", 1, &[]);
    let data = container("dinf", &[&versioned("dref", 0, &[&words(&[1]), &in_this_file])]);
    let information = container("minf", &[&video_header, &data, &container("stbl", &[&tables.concat()])]);
    container("mdia", &[header, &handler, &information])
}

/// How samples of a size in pixels are coded (`stsd`): as H.264 units, each after its length in four bytes, by a sequence
/// parameter set and a picture parameter set.
#[must_use]
pub fn stsd_of_h264((width, height): (u16, u16), [sequence, picture]: [&[u8]; 2]) -> Vec<u8> {
    let length = |set: &[u8]| u16::try_from(set.len()).unwrap_or(u16::MAX).to_be_bytes();
    let profile = sequence.get(1..4).unwrap_or(&[66, 0xc0, 30]);
    let lengths_of_four = [0xff];
    let sets = [&[0xe1], &length(sequence)[..], sequence, &[1], &length(picture), picture].concat();
    let configuration = container("avcC", &[&[1], profile, &lengths_of_four, &sets]);

    let data_reference = [0, 0, 0, 0, 0, 0, 0, 1];
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let resolution = words(&[72 << 16, 72 << 16, 0]);
    let one_frame_unnamed = [&[0, 1][..], &[0; 32]].concat();
    let depth = [0, 24, 0xff, 0xff];
    let content = [&data_reference[..], &[0; 16], &size, &resolution, &one_frame_unnamed, &depth, &configuration];
    versioned("stsd", 0, &[&words(&[1]), &container("avc1", &content)])
}
