//! Movies as ffmpeg writes them, and as they get broken: what is read from their containers is what ffprobe counts, and
//! what is put in front plays the same.

mod broken;
mod by_hand;
mod cases;
mod oracle;

use std::{fs, io::Cursor, path::Path};

use tempfile::TempDir;
use watchtower_server::media::movie::{self, Facts, Refused};

use self::{
    by_hand::VARIATIONS,
    cases::{CASES, Case},
    oracle::{assert_plays_the_same, ffmpeg, has_tools, in_parallel, probe},
};

fn read(bytes: &[u8]) -> Result<Facts, Refused> {
    movie::read(&mut Cursor::new(bytes))
}

fn fast_start(bytes: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut out = Vec::new();
    movie::write_fast_start(&mut Cursor::new(bytes), &mut out).map(|()| out)
}

/// The cases with these names, made in a folder.
fn make(folder: &Path, names: &[&str]) {
    let cases = names.iter().map(|name| CASES.iter().find(|case| case.name == *name).unwrap());
    in_parallel(&cases.collect::<Vec<_>>(), |case| ffmpeg(folder, &format!("{} {}", case.args, case.name)));
}

/// What is read of a file, which is what ffprobe finds in it.
fn agreed(folder: &Path, name: &str, stream: &str) -> Facts {
    let path = folder.join(name);
    let facts = movie::read(&mut fs::File::open(&path).unwrap()).unwrap_or_else(|refused| panic!("{name}: {refused}"));
    let probed = probe(&path, stream);
    assert_eq!(facts.frames, probed.frames, "frames of {name}");
    let half = probed.seconds / oracle::float(probed.frames) / 2.0;
    let apart = (facts.seconds - probed.seconds).abs();
    assert!(apart <= half, "{name}: {} seconds, and ffprobe says {}", facts.seconds, probed.seconds);
    assert_eq!((facts.width, facts.height), probed.size, "size of {name}");
    facts
}

/// With its index in front, a movie is the same movie; if that is there already, or comes in fragments, the same file.
fn assert_starts_fast(folder: &Path, name: &str, facts: &Facts) {
    let bytes = fs::read(folder.join(name)).unwrap();
    let moved = fast_start(&bytes).unwrap_or_else(|refused| panic!("{name}: {refused}"));
    assert_eq!(moved == bytes, facts.is_fast_start, "{name}");
    assert_eq!(fast_start(&moved).unwrap(), moved, "{name}: put in front twice");
    if moved != bytes {
        assert_eq!(read(&moved).unwrap(), Facts { is_fast_start: true, ..facts.clone() }, "{name}");
        let copy = format!("moved-{name}");
        fs::write(folder.join(&copy), moved).unwrap();
        assert_plays_the_same(folder, name, &copy);
    }
}

fn check(folder: &Path, case: &Case) {
    let Case { name, .. } = *case;
    ffmpeg(folder, &format!("{} {name}", case.args));
    let facts = agreed(folder, name, case.stream);
    assert_eq!((facts.codec.as_str(), facts.container), (case.codec, case.container()), "{name}");
    assert_eq!(facts.is_fast_start, case.is_fast_start(), "{name}");
    let head = fs::read(folder.join(name)).unwrap()[..64].to_vec();
    assert_eq!(movie::looks_like_movie(&head), Some(facts.container), "{name}");
    if let Some(plays) = case.plays() {
        assert_eq!((facts.codec_name(), facts.playable()), plays, "{name}");
    }
    assert_starts_fast(folder, name, &facts);
}

#[test]
fn what_is_read_of_a_movie_is_what_ffprobe_counts_and_with_its_index_in_front_it_plays_the_same() {
    if !has_tools() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let (sources, others): (Vec<_>, Vec<_>) = CASES.iter().partition(|case| case.name.starts_with("source"));
    in_parallel(&sources, |case| check(folder.path(), case));
    in_parallel(&others, |case| check(folder.path(), case));
}

#[test]
fn frames_of_vp8_that_only_help_to_decode_others_do_not_count() {
    if !has_tools() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let pass = "video:25:2.4 -c:v libvpx -auto-alt-ref 1 -lag-in-frames 25 -b:v 200k -pass";
    ffmpeg(folder.path(), &format!("{pass} 1 -f null -"));
    ffmpeg(folder.path(), &format!("{pass} 2 hidden.webm"));
    assert_eq!(agreed(folder.path(), "hidden.webm", "v:0").frames, 60);
}

#[test]
fn movies_that_other_programs_write_differently_are_read_as_well() {
    if !has_tools() {
        return;
    }
    let folder = TempDir::new().unwrap();
    make(folder.path(), &["source.mp4", "source-fast.mp4"]);
    let sources = ["source.mp4", "source-fast.mp4"].map(|name| fs::read(folder.path().join(name)).unwrap());
    in_parallel(VARIATIONS, |(name, vary)| {
        fs::write(folder.path().join(name), vary(&sources[0], &sources[1])).unwrap();
        let facts = agreed(folder.path(), name, "v:0");
        assert_starts_fast(folder.path(), name, &facts);
    });
}
