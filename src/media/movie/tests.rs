//! Movies made by hand, for what ffmpeg does not write. What it writes is in `tests/api/movies.rs`.

mod fixtures;
mod iso;
mod mkv;

use std::io::Cursor;

use super::{Facts, Refused, read, write_fast_start};

fn facts(bytes: &[u8]) -> Facts {
    read(&mut Cursor::new(bytes)).unwrap()
}

fn refused(bytes: &[u8]) -> Refused {
    read(&mut Cursor::new(bytes)).unwrap_err()
}

#[track_caller]
fn assert_refused(bytes: &[u8], message: &str) {
    let refused = refused(bytes).to_string();
    assert!(refused.contains(message), "{refused}");
}

/// How many frames are shown, and for how long.
#[track_caller]
fn assert_shown(bytes: &[u8], frames: u64, seconds: f64) {
    let facts = facts(bytes);
    assert_eq!(facts.frames, frames);
    assert!((facts.seconds - seconds).abs() < 1e-9, "{} seconds", facts.seconds);
}

fn fast_start(bytes: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut out = Vec::new();
    write_fast_start(&mut Cursor::new(bytes), &mut out).map(|()| out)
}
