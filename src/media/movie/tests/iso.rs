//! MP4 and `QuickTime`.

use std::io::Cursor;

use super::{
    assert_refused, assert_shown, facts, fast_start,
    fixtures::{Mp4, boxed, words},
    refused,
};
use crate::media::movie::{
    Container, Facts, Playable, Refused, fast_start::rewritten, outline::Outline, source::Source,
};

/// At its own speed.
const ONE: u32 = 1 << 16;

#[test]
fn the_smallest_movie_is_read() {
    let facts = facts(&Mp4::new(25).bytes());
    let codec = "mp4v".to_owned();
    let (container, profile, is_fast_start) = (Container::Mp4, None, false);
    let expected = Facts { container, codec, profile, width: 64, height: 48, frames: 25, seconds: 1.0, is_fast_start };
    assert_eq!(facts, expected);
    assert!((facts.fps() - 25.0).abs() < 1e-9);
    assert_eq!((facts.codec_name(), facts.playable()), ("MPEG-4 Part 2", Playable::Nowhere));
}

#[test]
fn each_edit_shows_the_frames_that_begin_within_it() {
    assert_shown(&Mp4::edited(50, &[(1000, 0, ONE)]).bytes(), 25, 1.0);
    assert_shown(&Mp4::edited(50, &[(400, 0, ONE), (500, -1, ONE), (400, 0, ONE)]).bytes(), 20, 0.8);
    assert_shown(&Mp4::edited(50, &[(0, 1000, ONE)]).bytes(), 25, 1.0);
    assert_shown(&Mp4::edited(50, &[(9000, 1000, ONE)]).bytes(), 25, 1.0);
    // A frame that has begun before is not shown, and one that goes on is, as long as the edit.
    assert_shown(&Mp4::edited(50, &[(1000, 20, ONE)]).bytes(), 25, 0.98);
    // What is cut off the last frame by a unit is rounding.
    assert_shown(&Mp4::edited(50, &[(999, 0, ONE)]).bytes(), 25, 1.0);
    assert_shown(&Mp4::edited(50, &[(990, 0, ONE)]).bytes(), 25, 0.99);
}

#[test]
fn edits_can_be_slower_or_faster_or_stand_still() {
    assert_shown(&Mp4::edited(50, &[(1000, 0, ONE * 2)]).bytes(), 50, 1.0);
    assert_shown(&Mp4::edited(50, &[(1000, 0, ONE / 2)]).bytes(), 13, 1.0);
    assert_shown(&Mp4::edited(50, &[(1000, 0, ONE), (3000, 990, 0)]).bytes(), 26, 4.0);
    assert_refused(&Mp4::edited(50, &[(1000, 0, ONE.wrapping_neg())]).bytes(), "run backwards");
}

#[test]
fn edits_that_show_nothing_are_refused() {
    for edits in [&[(1000, -1, ONE)][..], &[(1000, 2000, ONE)], &[(500, -1, ONE), (0, 99_999, ONE)]] {
        assert!(matches!(refused(&Mp4::edited(50, edits).bytes()), Refused::NoFrames), "{edits:?}");
    }
    let many = vec![(1, 0, ONE); 5000];
    assert_refused(&Mp4::edited(50, &many).bytes(), "5000 entries; the most that is read is 4096");
}

#[test]
fn a_frame_without_bytes_is_none_of_its_own() {
    let movie = Mp4 { sizes: vec![3, 0, 0, 2, 0], times: vec![(5, 40)], ..Mp4::new(0) };
    assert_shown(&movie.bytes(), 2, 0.16);
}

#[test]
fn durations_that_are_negative_are_short() {
    let movie = Mp4 { times: vec![(2, 40), (1, u32::MAX), (1, 40)], ..Mp4::new(4) };
    assert_shown(&movie.bytes(), 4, 0.121);
}

#[test]
fn shifts_order_frames_and_may_be_negative() {
    let movie = Mp4 { shifts: vec![(1, 40), (1, 120), (1, 40), (1, 0)], ..Mp4::new(4) };
    assert_shown(&movie.bytes(), 4, 0.16);
    let movie = Mp4 { shifts: vec![(1, 0), (1, 80), (1, -40), (1, -40)], ..Mp4::new(4) };
    assert_shown(&movie.bytes(), 4, 0.16);
    // The shifts decide what is within an edit.
    let movie = Mp4 { edits: vec![(80, 40, ONE)], ..movie };
    assert_shown(&movie.bytes(), 2, 0.08);
}

#[test]
fn sizes_can_have_four_bits_or_be_all_the_same() {
    let (of_four_bits, same) = (words(&[0, 4, 3]), words(&[0, 2, 3]));
    for table in [boxed(*b"stz2", &[&of_four_bits, &[0x12, 0x30]]), boxed(*b"stsz", &[&same])] {
        let movie = Mp4 { sizes: vec![2; 3], size_table: Some(table), ..Mp4::new(3) };
        assert_shown(&movie.bytes(), 3, 0.12);
    }
    let table =
        |bits: u32, count: u32| Mp4 { size_table: Some(boxed(*b"stz2", &[&words(&[0, bits, count])])), ..Mp4::new(3) };
    assert_refused(&table(5, 3).bytes(), "sizes of 5 bits each (stz2)");
    assert_refused(&table(8, u32::MAX).bytes(), "4294967295 entries, and there are 0 bytes for them");
    let endless = Mp4 { size_table: Some(boxed(*b"stsz", &[&words(&[0, 2, u32::MAX])])), ..Mp4::new(3) };
    assert_refused(&endless.bytes(), "has 4294967295 frames, and the table of times (stts) has 3");
}

#[test]
fn covers_and_tracks_that_are_switched_off_are_not_what_is_shown() {
    let trak = |frames: u32| {
        let moov = Mp4::new(frames).moov(24);
        let start = moov.windows(4).position(|letters| letters == b"trak").unwrap() - 4;
        moov[start..].to_vec()
    };
    let replaced = |bytes: &[u8], old: &[u8], new: &[u8]| {
        let at = bytes.windows(old.len()).position(|window| window == old).unwrap();
        [&bytes[..at], new, &bytes[at + old.len()..]].concat()
    };
    let movie = Mp4 { more: trak(2), ..Mp4::new(5) }.bytes();
    assert_shown(&movie, 5, 0.2);
    // The first that is replaced is of the first track.
    assert_shown(&replaced(&movie, b"mp4v", b"jpeg"), 2, 0.08);
    let off = replaced(&movie, b"tkhd\0\0\0\x03", b"tkhd\0\0\0\x02");
    assert_shown(&off, 2, 0.08);
    assert_shown(&replaced(&Mp4::new(5).bytes(), b"mp4v", b"jpeg"), 5, 0.2);
    // A key is only needed for what is shown.
    let with_key = Mp4 { more: replaced(&trak(2), b"mp4v", b"encv"), ..Mp4::new(5) };
    assert_shown(&with_key.bytes(), 5, 0.2);
    assert!(matches!(refused(&replaced(&with_key.bytes(), b"mp4v", b"jpeg")), Refused::Encrypted));
}

#[test]
fn an_index_is_read_up_to_a_size() {
    let mut bytes = [boxed(*b"ftyp", &[b"isom", &words(&[0])]), words(&[65 << 20]), b"moov".to_vec()].concat();
    bytes.resize(66 << 20, 0);
    let refused = refused(&bytes);
    assert!(matches!(refused, Refused::TooLarge { .. }), "{refused:?}");
    assert!(
        refused.to_string().contains("its index (moov) has 68157432 bytes; the most that is read is 64 MiB"),
        "{refused}"
    );
    let tracks = boxed(*b"trak", &[&boxed(*b"mdia", &[&boxed(*b"hdlr", &[&[0; 24]])])]).repeat(2000);
    assert_refused(&Mp4 { more: tracks, ..Mp4::new(3) }.bytes(), "too many tracks");
}

#[test]
fn boxes_within_boxes_without_end_do_no_harm() {
    let mut nested = Vec::new();
    for _ in 0..2000 {
        nested = boxed(*b"trak", &[&nested]);
    }
    let movie = Mp4 { more: boxed(*b"udta", &[&nested]), ..Mp4::new(3) }.bytes();
    assert_eq!(facts(&fast_start(&movie).unwrap()).frames, 3);
}

#[test]
fn an_index_in_front_says_where_everything_has_gone() {
    let movie = Mp4::new(5);
    let moved = fast_start(&movie.bytes()).unwrap();
    let length = u32::try_from(movie.moov(0).len()).unwrap();
    let expected =
        [&boxed(*b"ftyp", &[b"isom", &words(&[0])])[..], &movie.moov(24 + length), &boxed(*b"mdat", &[&[0; 5]])];
    assert_eq!(moved, expected.concat());
}

/// The index of a movie that comes after gigabytes of media data, up to a place, as it is in front of them.
fn moved_over_gigabytes(movie: &Mp4, end: u32) -> Vec<u8> {
    let bytes = [boxed(*b"ftyp", &[b"isom", &words(&[0])]), movie.moov(end - 5)].concat();
    let outline = Outline::of(&mut Source::new(&mut Cursor::new(&bytes)).unwrap()).unwrap();
    let index = &bytes[24..];
    let (start, length) = (u64::from(end), index.len() as u64 + 8);
    rewritten(outline.moov.bytes(index), 16, &(start..start + length), start + length).unwrap()
}

#[test]
fn places_beyond_four_gigabytes_get_64_bits() {
    let movie = Mp4::new(5);
    let length = u32::try_from(movie.moov(0).len()).unwrap();
    let last = u32::MAX - length;
    assert_eq!(moved_over_gigabytes(&movie, last), movie.moov(u32::MAX - 5));
    let wide = moved_over_gigabytes(&movie, last + 1);
    assert_eq!(wide.len(), movie.moov(0).len() + 4);
    let co64 = wide.windows(4).position(|letters| letters == b"co64").unwrap();
    let place = u64::from(last + 1 - 5) + wide.len() as u64;
    assert_eq!(wide[co64 + 12..], place.to_be_bytes());
}

/// A fragment: its header says where it begins, and each run how many frames there are, of which sizes.
fn fragment(flags: u32, header: &[u32], runs: &[(u32, &[u32])]) -> Vec<u8> {
    let tfhd = boxed(*b"tfhd", &[&words(&[flags, 1]), &words(header)]);
    let tfdt = boxed(*b"tfdt", &[&words(&[0, 1000])]);
    let runs =
        runs.iter().map(|(flags, numbers)| boxed(*b"trun", &[&words(&[*flags]), &words(numbers)])).collect::<Vec<_>>();
    boxed(*b"moof", &[&boxed(*b"traf", &[&tfhd, &tfdt, &runs.concat()])])
}

fn fragmented(fragments: &[u8], data: &[u8]) -> Vec<u8> {
    let trex = boxed(*b"trex", &[&words(&[0, 1, 1, 40, 2, 0])]);
    let movie = Mp4 { times: vec![], more: boxed(*b"mvex", &[&trex]), ..Mp4::new(0) };
    [boxed(*b"ftyp", &[b"isom", &words(&[0])]), movie.moov(0), fragments.to_vec(), boxed(*b"mdat", &[data])].concat()
}

#[test]
fn fragments_add_their_frames() {
    let one = fragment(0x02_0000, &[], &[(0, &[5]), (0x300, &[2, 20, 1, 40, 1])]);
    let movie = fragmented(&one, &[0; 200]);
    assert_shown(&movie, 7, 0.26);
    assert!(facts(&movie).is_fast_start);
    assert_eq!(fast_start(&movie).unwrap(), movie);
    // A header can say other defaults, and that a run begins elsewhere.
    let one = fragment(0x02_0018, &[100, 1], &[(1, &[5, 64])]);
    assert_shown(&fragmented(&one, &[0; 200]), 5, 0.5);
    // Frames without bytes are none, and without frames it is no movie.
    let none = fragment(0x02_0010, &[0], &[(0, &[u32::MAX])]);
    assert!(matches!(refused(&fragmented(&none, &[])), Refused::NoFrames));
}

#[test]
fn fragments_that_reach_beyond_the_file_are_refused() {
    let far = fragment(0x02_0000, &[], &[(1, &[5, 2000])]);
    assert_refused(&fragmented(&far, &[0; 50]), "the data of a fragment at byte");
    let many = fragment(0x02_0000, &[], &[(0, &[u32::MAX])]);
    assert_refused(&fragmented(&many, &[0; 50]), "would reach to byte 85899");
    let before = fragment(0x02_0000, &[], &[(1, &[5, u32::MAX - 5000])]);
    assert_refused(&fragmented(&before, &[0; 50]), "would begin before the file");
    let short = fragment(0x02_0000, &[], &[(0x100, &[500, 40])]);
    assert_refused(&fragmented(&short, &[0; 50]), "the box trun ends in the middle");
    let lost = [&fragment(0, &[], &[])[..], &Mp4::new(1).bytes()].concat();
    assert_refused(&lost, "without its beginning");
    let lost = [&boxed(*b"free", &[])[..], &lost].concat();
    assert_refused(&lost, "a fragment (moof) comes before the index");
}
