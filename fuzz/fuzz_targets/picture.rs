//! Whatever bytes come as a picture, they are refused or fitted; and what is made of them is as large as it must be.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::{Corpus, fuzz_target};
use watchtower_server::media::picture::{Canvas, fit, looks_like_picture};

/// Larger pictures find nothing that smaller ones do not, only later.
const MOST_PIXELS: u32 = 1 << 18;

fuzz_target!(|data: &[u8]| -> Corpus {
    if claims_many_pixels(data) {
        return Corpus::Reject;
    }
    // Filling a canvas takes most of the time, and is much the same whatever came: some inputs are enough.
    let canvas = match data.len() % 16 {
        0 => Canvas::AVATAR,
        1..=3 => Canvas::THUMBNAIL,
        _ => Canvas { width: 15, height: 10 },
    };
    let fitted = fit(Cursor::new(data), canvas);
    assert!(fitted.is_err() || looks_like_picture(data).is_some());
    if let Ok(fitted) = fitted {
        assert!(fitted.width > 0 && fitted.height > 0);
        let png = fitted.png.as_deref().unwrap_or(data);
        assert_eq!(png[16..24], [canvas.width.to_be_bytes(), canvas.height.to_be_bytes()].concat());
    }
    Corpus::Keep
});

/// Whether some place that may hold a size holds a large one.
fn claims_many_pixels(data: &[u8]) -> bool {
    let starts = |name: &'static [u8]| data.windows(name.len()).enumerate().filter(move |(_, at)| *at == name);
    let number = |at: usize, length: usize| data.get(at..at + length).unwrap_or_default().iter().copied();
    let little =
        |at: usize, length: usize| number(at, length).rev().fold(0, |sum: u32, byte| sum << 8 | u32::from(byte));
    let big = |at: usize, length: usize| number(at, length).fold(0, |sum: u32, byte| sum << 8 | u32::from(byte));

    let mut sizes = Vec::new();
    if data.starts_with(b"GIF8") {
        sizes.push((little(6, 2), little(8, 2)));
    }
    sizes.extend(starts(b"IHDR").map(|(at, _)| (big(at + 4, 4), big(at + 8, 4))));
    for frame in [b"\xff\xc0", b"\xff\xc1", b"\xff\xc2"] {
        sizes.extend(starts(frame).map(|(at, _)| (big(at + 5, 2), big(at + 7, 2))));
    }
    sizes.extend(starts(b"VP8X").map(|(at, _)| (little(at + 12, 3), little(at + 15, 3))));
    sizes.extend(starts(b"VP8 ").map(|(at, _)| (little(at + 14, 2) & 0x3fff, little(at + 16, 2) & 0x3fff)));
    sizes.extend(starts(b"VP8L").map(|(at, _)| (little(at + 9, 4) & 0x3fff, little(at + 9, 4) >> 14 & 0x3fff)));
    sizes.into_iter().any(|(width, height)| width.saturating_mul(height) > MOST_PIXELS)
}
