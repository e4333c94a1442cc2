//! Pictures that are drawn for shots without one.

use image::{RgbImage, codecs::png::PngDecoder};
use proptest::prelude::*;
use watchtower_server::media::{
    drawn::placeholder,
    picture::{Canvas, Fitted, Format},
};

use super::{Cursor, fit};

fn drawn(name: &str, color: [u8; 3]) -> RgbImage {
    let png = placeholder(name, color);
    assert!(PngDecoder::new(Cursor::new(&png)).is_ok());
    let fitted = fit(&png, Canvas::THUMBNAIL).unwrap();
    assert_eq!(fitted, Fitted { format: Format::Png, width: 150, height: 100, png: None });
    image::load_from_memory(&png).unwrap().into_rgb8()
}

/// The pixels that are nearly of a colour, away from the frame: columns and rows from the first to the last.
fn inked(tile: &RgbImage, ink: u8) -> Option<[u32; 4]> {
    let is_ink = |x, y| tile.get_pixel(x, y).0.iter().all(|channel| channel.abs_diff(ink) < 16);
    let places = || (2..148).flat_map(|x| (2..98).map(move |y| (x, y))).filter(|(x, y)| is_ink(*x, *y));
    let (columns, rows) = (|| places().map(|at| at.0), || places().map(|at| at.1));
    Some([columns().min()?, columns().max()?, rows().min()?, rows().max()?])
}

#[test]
fn a_name_is_large_and_in_the_middle() {
    for (name, least_height) in [("010", 28), ("sq010_sh0100", 60), ("110_05_A-lighting", 50), ("Ellie runs", 60)] {
        let [left, right, top, bottom] = inked(&drawn(name, [40, 60, 160]), 255).unwrap();
        assert!(left >= 6 && right <= 143 && top >= 5 && bottom <= 96, "{name}: {left} {right} {top} {bottom}");
        assert!(bottom - top >= least_height, "{name}: {top} to {bottom}");
        assert!((left + right).abs_diff(149) <= 6, "{name}: {left} to {right}");
        assert!((top + bottom).abs_diff(99) <= 14, "{name}: {top} to {bottom}");
    }
}

#[test]
fn a_longer_name_is_written_smaller_and_at_last_cut() {
    let height = |name: &str| inked(&drawn(name, [0; 3]), 255).map(|[_, _, top, bottom]| bottom - top).unwrap();
    assert!(height("S1") > height("SUPERCALIFRAGILISTIC1"[..9].trim()));
    let cut = drawn(&"a".repeat(500), [0; 3]);
    assert_eq!(drawn(&"a".repeat(4096), [0; 3]), cut);
    assert_ne!(drawn(&"a".repeat(12), [0; 3]), cut);
}

#[test]
fn letters_are_white_on_dark_and_black_on_light() {
    for dark in [[0, 0, 0], [40, 60, 160], [110, 30, 30]] {
        assert!(inked(&drawn("010", dark), 255).is_some(), "{dark:?}");
    }
    for light in [[255, 255, 255], [255, 210, 60], [150, 200, 150]] {
        assert!(inked(&drawn("010", light), 0).is_some(), "{light:?}");
    }
}

#[test]
fn neighbours_of_one_colour_can_be_told_apart() {
    for color in [[0, 0, 0], [255, 255, 255], [118, 118, 118], [200, 40, 40]] {
        let tile = drawn("", color);
        let far = |x, y| {
            let (frame, inside) = (tile.get_pixel(x, y), tile.get_pixel(75, 50));
            frame.0.iter().zip(inside.0).map(|(one, other)| u32::from(one.abs_diff(other))).sum::<u32>()
        };
        for (x, y) in [(0, 50), (149, 50), (75, 0), (75, 99)] {
            assert!(far(x, y) > 30, "{color:?} at {x} {y}: {}", far(x, y));
        }
    }
}

#[test]
fn any_text_gives_a_picture() {
    let long = "é_".repeat(2048);
    for name in [
        "",
        " ",
        "\n\0\x7f",
        "_",
        "----",
        "مرحبا بالعالم",
        "עברית",
        "日本語",
        "🎬🎞️👩‍🚀",
        "\u{202e}abc",
        "a\u{301}",
        "\u{10ffff}",
        &long,
    ] {
        drawn(name, [90, 90, 90]);
    }
    assert_eq!(drawn("a\u{301}", [9; 3]), drawn("a", [9; 3]));
    assert_eq!(drawn(" sh\t\n010 ", [9; 3]), drawn("sh 010", [9; 3]));
    assert_ne!(drawn("日本", [9; 3]), drawn("", [9; 3]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn text_stays_inside_of_the_frame(name in "\\PC{0,60}", color: [u8; 3]) {
        let (blank, tile) = (drawn("", color), drawn(&name, color));
        for (x, y, pixel) in tile.enumerate_pixels() {
            let is_outside = x < 4 || y < 3 || x >= 146 || y >= 97;
            prop_assert!(!is_outside || pixel == blank.get_pixel(x, y), "{x} {y}");
        }
    }
}
