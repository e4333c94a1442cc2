//! `WebM` and Matroska.

use super::{
    assert_refused, assert_shown, facts, fast_start,
    fixtures::{block, ebml, element, number, simple_block, tracks, unmeasured},
    refused,
};
use crate::media::movie::{Container, Facts, Refused, looks_like_movie};

const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1F43_B675;
const INFO: u32 = 0x1549_A966;

/// A cluster at a time, with these blocks in it.
fn cluster(time: u32, blocks: &[&[u8]]) -> Vec<u8> {
    element(CLUSTER, &[&number(0xE7, time), &blocks.concat()])
}

/// Blocks of the video track at these times.
fn blocks(times: &[i16]) -> Vec<u8> {
    times.iter().flat_map(|time| simple_block(1, *time, 0, b"frame")).collect()
}

/// A file with these parts in its segment.
fn file(doc_type: &str, parts: &[&[u8]]) -> Vec<u8> {
    [ebml(doc_type), element(SEGMENT, parts)].concat()
}

/// A VP9 movie with these clusters.
fn movie(clusters: &[u8]) -> Vec<u8> {
    file("webm", &[&tracks("V_VP9", &[], &[]), clusters])
}

#[test]
fn the_smallest_movie_is_read() {
    let bytes = movie(&cluster(1000, &[&blocks(&[0, 40, 80, 120]), &simple_block(2, 0, 0, b"sound")]));
    let (container, codec, profile) = (Container::WebM, "V_VP9".to_owned(), None);
    let expected =
        Facts { container, codec, profile, width: 64, height: 48, frames: 4, seconds: 0.16, is_fast_start: true };
    assert_eq!(facts(&bytes), expected);
    assert_eq!(looks_like_movie(&bytes), Some(Container::WebM));
    assert_eq!(fast_start(&bytes).unwrap(), bytes);
    let bytes = file("matroska", &[&tracks("V_VP9", &[], &[]), &cluster(0, &[&blocks(&[0])])]);
    assert_eq!((facts(&bytes).container, looks_like_movie(&bytes)), (Container::Matroska, Some(Container::Matroska)));
    assert_refused(&file("other", &[]), "an EBML file of another kind");
}

#[test]
fn the_last_frame_is_as_long_as_it_or_its_track_says() {
    let two = cluster(0, &[&blocks(&[0, 40])]);
    let of_track = element(0x23_E383, &[&20_000_000_u32.to_be_bytes()]);
    assert_shown(&file("webm", &[&tracks("V_VP9", &of_track, &[]), &two]), 2, 0.06);
    let group = element(0xA0, &[&element(0xA1, &[&block(1, 80, 0, b"frame")]), &number(0x9B, 500)]);
    assert_shown(&file("webm", &[&tracks("V_VP9", &of_track, &[]), &two, &cluster(0, &[&group])]), 3, 0.58);
    // Of a single frame, the whole says how long it is.
    let info =
        element(INFO, &[&element(0x2A_D7B1, &[&[0x1E, 0x84, 0x80]]), &element(0x4489, &[&250.0_f32.to_be_bytes()])]);
    assert_shown(&file("webm", &[&info, &tracks("V_VP9", &[], &[]), &cluster(0, &[&blocks(&[0])])]), 1, 0.5);
}

#[test]
fn times_that_are_rounded_are_taken_as_the_track_says() {
    // 23.976 frames per second.
    let of_track = element(0x23_E383, &[&41_708_333_u32.to_be_bytes()]);
    let times = [0, 42, 83, 125, 167, 209, 250, 292];
    let bytes = file("webm", &[&tracks("V_VP9", &of_track, &[]), &cluster(0, &[&blocks(&times)])]);
    assert!((facts(&bytes).fps() - 24000.0 / 1001.0).abs() < 1e-4, "{}", facts(&bytes).fps());
}

#[test]
fn segments_and_clusters_may_not_say_their_size() {
    let clusters: Vec<u8> =
        [0, 100].iter().flat_map(|time| unmeasured(CLUSTER, &[&number(0xE7, *time), &blocks(&[0, 50])])).collect();
    let cues = element(0x1C53_BB6B, &[b"anything"]);
    let bytes = [ebml("webm"), unmeasured(SEGMENT, &[&tracks("V_VP9", &[], &[]), &clusters, &cues])].concat();
    assert_shown(&bytes, 4, 0.2);
    assert_shown(&[bytes.clone(), ebml("webm"), unmeasured(SEGMENT, &[])].concat(), 4, 0.2);
    let until_cues = bytes.len() - cues.len();
    let whole = (0..bytes.len()).filter(|length| super::read(&mut std::io::Cursor::new(&bytes[..*length])).is_ok());
    let whole = whole.collect::<Vec<_>>();
    assert_eq!(*whole.last().unwrap(), until_cues);
    assert_eq!(whole.len(), 6, "after each of four blocks, and the beginning and the time of a cluster: {whole:?}");
    assert_refused(&bytes[..bytes.len() - cues.len() - 1], "a block at byte");
    assert_refused(&bytes[..bytes.len() - 1], "the element 0x1C53BB6B at byte");
    let endless = movie(&cluster(0, &[&unmeasured(0xA3, &[b"anything"])]));
    assert_refused(&endless, "a block does not say its size");
}

#[test]
fn several_frames_can_share_a_block() {
    let each = element(0x23_E383, &[&40_000_000_u32.to_be_bytes()]);
    let laced = simple_block(1, 0, 0x04, b"\x03abcd");
    let bytes = file("matroska", &[&tracks("V_MJPEG", &each, &[]), &cluster(0, &[&laced, &blocks(&[160])])]);
    assert_shown(&bytes, 5, 0.2);
    assert_refused(&movie(&cluster(0, &[&simple_block(1, 0, 0x02, &[])])), "a block ends within its own header");
}

#[test]
fn frames_of_vp8_that_are_not_shown_do_not_count() {
    let blocks =
        [simple_block(1, 0, 0, &[0x10, 0, 0]), simple_block(1, 40, 0, &[0, 0, 0]), simple_block(1, 40, 0, &[0x11])];
    let clusters = cluster(0, &[&blocks.concat()]);
    assert_shown(&file("webm", &[&tracks("V_VP8", &[], &[]), &clusters]), 2, 0.08);
    assert_shown(&movie(&clusters), 3, 0.06);
}

#[test]
fn the_size_is_that_on_the_screen() {
    let size = |more: &[u8]| {
        let facts = facts(&file("webm", &[&tracks("V_VP9", &[], more), &cluster(0, &[&blocks(&[0])])]));
        (facts.width, facts.height)
    };
    let display = |width: u32, height: u32| [number(0x54B0, width), number(0x54BA, height)].concat();
    assert_eq!(size(&[]), (64, 48));
    assert_eq!(size(&display(96, 48)), (96, 48));
    assert_eq!(size(&[display(16, 9), number(0x54B2, 3)].concat()), (85, 48), "a shape only");
    assert_eq!(size(&[number(0x54AA, 4), number(0x54BB, 4), number(0x54CC, 14)].concat()), (50, 40), "cropped");
    let roll = |degrees: f32| element(0x7670, &[&element(0x7675, &[&degrees.to_be_bytes()])]);
    assert_eq!((size(&roll(-90.0)), size(&roll(180.0)), size(&roll(f32::NAN))), ((48, 64), (64, 48), (64, 48)));
    let cropped = number(0x54CC, 64);
    assert_refused(&file("webm", &[&tracks("V_VP9", &[], &cropped)]), "no width or no height");
}

#[test]
fn what_cannot_be_shown_is_refused() {
    let encryption = element(0x6D80, &[&element(0x6240, &[&element(0x5035, &[])])]);
    assert!(matches!(refused(&file("webm", &[&tracks("V_VP9", &encryption, &[])])), Refused::Encrypted));
    assert!(matches!(refused(&movie(&[])), Refused::NoFrames));
    assert!(matches!(refused(&file("webm", &[])), Refused::NoVideo));
    assert_refused(&file("webm", &[&cluster(0, &[&blocks(&[0])])]), "before the list of its tracks");
    assert_refused(&file("webm", &[&tracks("", &[], &[])]), "does not say its codec");
    assert_refused(&file("webm", &[&element(INFO, &[&number(0x2A_D7B1, 0)])]), "TimestampScale");
    let larger = [&cluster(0, &[&blocks(&[0])])[..11], &[99]].concat();
    assert_refused(&file("webm", &[&tracks("V_VP9", &[], &[]), &larger]), "a cluster at byte");
    let within = element(CLUSTER, &[&[0xA3, 0x85, 0x81, 0]]);
    let trailing = element(0xEC, &[b"void"]);
    assert_refused(&file("webm", &[&tracks("V_VP9", &[], &[]), &within, &trailing]), "a block reaches beyond the end");
}

#[test]
fn codecs_of_other_systems_are_named_by_their_letters() {
    let private = element(0x63A2, &[&[0; 16], b"FFV1"]);
    let bytes = file("matroska", &[&tracks("V_MS/VFW/FOURCC", &private, &[]), &cluster(0, &[&blocks(&[0])])]);
    assert_eq!((facts(&bytes).codec.as_str(), facts(&bytes).codec_name()), ("FFV1", "FFV1"));
}
