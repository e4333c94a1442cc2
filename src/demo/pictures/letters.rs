//! Letters: capitals and digits as lines, for titles and for what is burnt into a movie.

use super::path::{Path, Point};

/// The lines of a letter, between points of a grid of 5 across and 7 down, each written as its two coordinates.
fn strokes(letter: char) -> &'static str {
    match letter {
        'A' => "06 20 46|14 34",
        'B' => "00 06 36 45 44 33 03|33 42 41 30 00",
        'C' => "41 30 10 01 05 16 36 45",
        'D' => "00 06 26 45 41 20 00",
        'E' => "40 00 06 46|03 33",
        'F' => "40 00 06|03 33",
        'G' => "41 30 10 01 05 16 36 45 43 23",
        'H' => "00 06|40 46|03 43",
        'I' => "20 26",
        'J' => "40 45 36 16 05",
        'K' => "00 06|40 03 46",
        'L' => "00 06 46",
        'M' => "06 00 23 40 46",
        'N' => "06 00 46 40",
        'O' => "10 30 41 45 36 16 05 01 10",
        'P' => "06 00 30 41 42 33 03",
        'Q' => "10 30 41 45 36 16 05 01 10|24 46",
        'R' => "06 00 30 41 42 33 03|23 46",
        'S' => "41 30 10 01 02 13 33 44 45 36 16 05",
        'T' => "00 40|20 26",
        'U' => "00 05 16 36 45 40",
        'V' => "00 26 40",
        'W' => "00 16 22 36 40",
        'X' => "00 46|40 06",
        'Y' => "00 23 40|23 26",
        'Z' => "00 40 06 46",
        '0' => "10 30 41 45 36 16 05 01 10|32 14",
        '1' => "11 20 26|06 46",
        '2' => "01 10 30 41 42 06 46",
        '3' => "00 40 22 33 44 45 36 16 05",
        '4' => "36 30 04 44",
        '5' => "40 00 03 32 43 45 36 06",
        '6' => "30 10 01 05 16 36 45 44 33 03",
        '7' => "00 40 16",
        '8' => "10 30 41 42 33 13 02 01 10|13 04 05 16 36 45 44 33",
        '9' => "16 36 45 41 30 10 01 02 13 43",
        '_' => "06 46",
        '-' => "13 33",
        '.' => "26 26",
        _ => "",
    }
}

/// How far one letter is from the next, in the units of the grid.
pub(super) const ADVANCE: f32 = 6.2;

/// A line of text from its upper left corner. A unit of the grid is so wide and high; lines are so thick, in units.
pub(super) fn text(text: &str, at: Point, unit: f32, thick: f32) -> Path {
    let mut path = Path::default();
    let mut left = at.0;
    for letter in text.chars() {
        for stroke in strokes(letter.to_ascii_uppercase()).split('|') {
            let points: Vec<Point> =
                stroke.split_ascii_whitespace().filter_map(|point| place(point, (left, at.1), unit)).collect();
            path.add(&Path::line(&points, thick * unit));
        }
        left += ADVANCE * unit;
    }
    path
}

/// How wide a line of text is, in pixels.
pub(super) fn width(text: &str, unit: f32) -> f32 {
    let letters = text.chars().fold(0.0, |sum, _| sum + ADVANCE);
    (letters - ADVANCE + 4.0).max(0.0) * unit
}

fn place(point: &str, at: Point, unit: f32) -> Option<Point> {
    let digit = |n: usize| point.as_bytes().get(n).map(|byte| f32::from(byte.wrapping_sub(b'0')));
    Some((at.0 + digit(0)? * unit, at.1 + digit(1)? * unit))
}
