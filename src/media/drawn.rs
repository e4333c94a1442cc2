//! Pictures that are drawn: a shot's name on its sequence's colour, for a shot that has no picture.
//!
//! It must not know what a shot is; it is given a name and a colour.

mod lines;
mod tile;

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId, PxScale, point};
use image::{
    ExtendedColorType, ImageEncoder,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};

use lines::{Lines, arrange};
use tile::Tile;

/// The longest name that is looked at, in characters: no more of it could be read.
const LONGEST_NAME: usize = 160;

/// The font of the names; `scripts/make-font` makes its file.
static FONT: LazyLock<Option<FontRef<'static>>> =
    LazyLock::new(|| FontRef::try_from_slice(include_bytes!("drawn/RobotoCondensed-Bold.ttf")).ok());

/// A PNG of 150 x 100 pixels for a shot that has no picture: its name, as large as fits, on the colour (red, green, blue)
/// of its sequence. The name is broken into up to three lines, best after `_`, `-` and spaces; what does not fit then is
/// left out, and an ellipsis says so. A letter that the font lacks is drawn as a box. Equal names and colours give equal
/// bytes.
#[must_use]
pub fn placeholder(name: &str, color: [u8; 3]) -> Vec<u8> {
    let mut tile = Tile::new(color);
    if let Some(font) = FONT.as_ref() {
        let arranged = arrange(&legible(name), |letter| advance(font, font.glyph_id(letter)));
        write(&mut tile, font, &arranged);
    }
    let mut png = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Level(4), FilterType::Adaptive);
    // Writing to memory what has the right size does not fail.
    let written = encoder.write_image(tile.pixels(), tile::WIDTH, tile::HEIGHT, ExtendedColorType::Rgb8);
    debug_assert!(written.is_ok(), "{written:?}");
    png
}

/// The letters of a name that are drawn: white space as single spaces, and nothing that has no width of its own.
fn legible(name: &str) -> Vec<char> {
    let name = name.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut letters = Vec::new();
    for letter in name.filter(|letter| !has_no_width(*letter)).take(LONGEST_NAME) {
        match letter {
            letter if !letter.is_whitespace() => letters.push(letter),
            _ if matches!(letters.last(), None | Some(' ')) => {}
            _ => letters.push(' '),
        }
    }
    while letters.last() == Some(&' ') {
        letters.pop();
    }
    letters
}

/// Marks that are combined with the letter before them (some systems write é so), joiners, and marks of direction.
fn has_no_width(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// How far a letter takes the next one to the right, in parts of the size of the font.
fn advance(font: &impl Font, glyph: GlyphId) -> f32 {
    font.h_advance_unscaled(glyph) / font.units_per_em().unwrap_or(1.0)
}

fn write(tile: &mut Tile, font: &impl Font, arranged: &Lines) {
    // What `ab_glyph` calls the scale is the height of a line, of which the size of the font is a part.
    let scale = PxScale::from(arranged.size * font.height_unscaled() / font.units_per_em().unwrap_or(1.0));
    for (line, (left, baseline)) in arranged.placed() {
        let mut x = left;
        for letter in line {
            let glyph = font.glyph_id(*letter);
            if let Some(outline) = font.outline_glyph(glyph.with_scale_and_position(scale, point(x, baseline))) {
                let corner = outline.px_bounds().min;
                outline.draw(|right, down, share| tile.ink((corner.x, right), (corner.y, down), share));
            }
            x += advance(font, glyph) * arranged.size;
        }
    }
}

#[cfg(test)]
mod tests {
    use ab_glyph::Font;

    use super::{FONT, legible};

    #[test]
    fn the_font_has_the_letters_of_european_names() {
        let font = FONT.as_ref().unwrap();
        for letter in "AZaz09_-.…éßŁőžşΩλЖяїґ–“”€".chars() {
            assert_ne!(font.glyph_id(letter).0, 0, "{letter}");
        }
    }

    #[test]
    fn white_space_and_what_has_no_width_takes_no_room() {
        let legible = |name| legible(name).into_iter().collect::<String>();
        assert_eq!(legible(" \t sq\u{200d}010 \r\n\n sh\u{301}\0 "), "sq010 sh");
        assert_eq!(legible("\u{202e}\u{feff}"), "");
    }
}
