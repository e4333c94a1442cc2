//! Any bytes are read as a movie, or refused; and what is read is read again, the same, with its index in front.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use watchtower_server::media::movie::{self, Facts};

fuzz_target!(|bytes: &[u8]| {
    let looks_like_movie = movie::looks_like_movie(bytes).is_some();
    let Ok(facts) = movie::read(&mut Cursor::new(bytes)) else { return };
    assert!(looks_like_movie);
    assert!(facts.frames > 0 && facts.width > 0 && facts.height > 0 && !facts.codec.is_empty(), "{facts:?}");
    assert!(facts.seconds.is_finite() && facts.seconds >= 0.0 && facts.fps().is_finite(), "{facts:?}");
    let (_, _) = (facts.playable(), facts.codec_name());

    let mut moved = Vec::new();
    if movie::write_fast_start(&mut Cursor::new(bytes), &mut moved).is_err() {
        return;
    }
    let read = movie::read(&mut Cursor::new(&moved));
    let read = read.unwrap_or_else(|refused| panic!("with its index in front: {refused}"));
    let is_fast_start = read.is_fast_start;
    assert_eq!(read, Facts { is_fast_start, ..facts });
    assert!(is_fast_start || moved == bytes);
    let mut again = Vec::new();
    assert!(movie::write_fast_start(&mut Cursor::new(&moved), &mut again).is_ok() && again == moved);
});
