//! Of the movie as a whole; its parts have tests of their own.

use super::{super::production, *};

/// The content of a box that is found by the boxes that it is in.
fn find<'b>(mut bytes: &'b [u8], path: &[&str]) -> &'b [u8] {
    for name in path {
        loop {
            let (this, rest) = bytes.split_at(word(bytes, 0));
            if &this[4..8] == name.as_bytes() {
                bytes = &this[8..];
                break;
            }
            bytes = rest;
        }
    }
    bytes
}

fn word(bytes: &[u8], at: usize) -> usize {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// The numbers of a table, without version and flags.
fn table(movie: &[u8], name: &str) -> Vec<usize> {
    let content = find(movie, &["moov", "trak", "mdia", "minf", "stbl", name]);
    (1..content.len() / 4).map(|n| word(content, n * 4)).collect()
}

/// The units of a movie, one for each frame, found by all of its tables.
fn units(movie: &[u8]) -> Vec<&[u8]> {
    let (sizes, places, runs) = (table(movie, "stsz"), table(movie, "stco"), table(movie, "stsc"));
    let mut sizes = sizes[2..].iter();
    let mut units = Vec::new();
    for (place, run) in places[1..].iter().zip(runs[1..].chunks(3)) {
        let mut place = *place;
        for size in sizes.by_ref().take(run[1]) {
            assert_eq!(word(movie, place), size - 4);
            units.push(&movie[place + 4..place + size]);
            place += size;
        }
    }
    assert!(sizes.next().is_none());
    units
}

fn take(name: &str, frames: Range<u32>, grey: u8) -> Take {
    Take { name: name.to_owned(), frames, picture: Picture { width: 64, height: 48, rgb: vec![grey; 64 * 48 * 3] } }
}

#[test]
fn the_movie_of_an_edit_is_as_long_as_the_edit() {
    let snapshot = &production::snapshots()[1];
    let edit = &snapshot["edits"][1];
    let movie = edit_movie(snapshot, edit);
    let frames = usize::try_from(edit["totalFrames"].as_u64().unwrap()).unwrap();
    assert_eq!(units(&movie).len(), frames);
    assert_eq!(table(&movie, "stts"), [3, 1, 999, frames - 2, 1000, 1, 1001]);
    let cuts =
        shots(snapshot).into_iter().filter(|shot| shot.id.contains("e02")).map(|shot| shot.frames.start as usize + 1);
    assert_eq!(table(&movie, "stss")[1..], cuts.collect::<Vec<_>>());
    assert!(movie.len() < 2_000_000, "{}", movie.len());
}

#[test]
fn whole_frames_are_where_the_movie_says() {
    let movie = movie([take("A", 0..30, 90), take("B", 40..55, 200)], (64, 48), 60, 25);
    let units = units(&movie);
    // Two takes, and what is black between and after them.
    let whole = [0, 30, 40, 55];
    assert_eq!(table(&movie, "stss")[1..], whole.map(|frame| frame + 1));
    for (n, unit) in units.iter().enumerate() {
        assert_eq!(unit[0] & 31, if whole.contains(&n) { 5 } else { 1 }, "{n}");
    }
    assert!(units[1].len() < 200);
}

#[test]
fn takes_that_overlap_or_reach_too_far_are_cut() {
    let takes = [take("A", 5..20, 10), take("B", 10..30, 20), take("C", 12..18, 30), take("D", 90..95, 40)];
    let movie = movie(takes, (64, 48), 25, 24);
    assert_eq!(units(&movie).len(), 25);
    assert_eq!(table(&movie, "stss")[1..], [1, 6, 21]);
}

#[test]
fn strange_movies_are_movies() {
    for (size, frames, fps) in [((0, 0), 0, 0), ((33, 17), 3, 1), ((641, 35), 12, u32::MAX), ((16, 4000), 2, 60)] {
        let none = Picture { width: 9, height: 9, rgb: vec![] };
        let takes = [
            take("A long name, longer than the picture is wide", 0..1, 3),
            Take { name: String::new(), frames: 1..9, picture: none },
        ];
        assert_eq!(units(&movie(takes, size, frames, fps)).len(), frames.max(1) as usize);
    }
}

#[test]
fn what_players_need_first_comes_first() {
    let movie = movie([], (64, 48), 3, 24);
    assert_eq!(&movie[4..8], b"ftyp");
    let at = word(&movie, 0);
    assert_eq!(&movie[at + 4..at + 8], b"moov");
    let at = at + word(&movie, at);
    assert_eq!((&movie[at + 4..at + 8], word(&movie, at)), (&b"mdat"[..], movie.len() - at));
}

#[test]
fn a_movie_is_the_same_every_time() {
    let movie = || movie([take("A", 0..12, 90)], (64, 48), 12, 24);
    assert!(movie() == movie());
}
