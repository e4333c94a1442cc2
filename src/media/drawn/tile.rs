//! The tile that a name is written on.

/// In pixels.
pub(super) const WIDTH: u32 = 150;

/// In pixels.
pub(super) const HEIGHT: u32 = 100;

/// How much lighter the top is than the colour, and the bottom darker, as a part of what there is to white and to black.
const LIGHTER: f32 = 0.10;
const DARKER: f32 = 0.14;

/// How much of the ink is in the frame, so that neighbours of one colour can be told apart.
const FRAME: f32 = 0.28;

const BLACK: [f32; 3] = [0.0; 3];
const WHITE: [f32; 3] = [255.0; 3];

/// A tile in the making.
#[derive(Debug)]
pub(super) struct Tile {
    pixels: Vec<u8>,
    ink: [f32; 3],
}

impl Tile {
    /// A tile of a colour, with nothing on it.
    pub fn new(color: [u8; 3]) -> Self {
        let ink = if white_is_legible(color) { WHITE } else { BLACK };
        let mut tile = Self { pixels: Vec::new(), ink };
        for y in 0..HEIGHT {
            let row = shade(color.map(f32::from), y);
            let framed = mix(row, ink, FRAME);
            let is_edge = y == 0 || y == HEIGHT - 1;
            for x in 0..WIDTH {
                let is_framed = is_edge || x == 0 || x == WIDTH - 1;
                tile.pixels.extend((if is_framed { framed } else { row }).map(byte));
            }
        }
        tile
    }

    /// Its pixels, row after row: red, green, blue.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Covers a part of a pixel, which is so far right of and below a corner, with ink; of what is outside, nothing.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be on the tile before")]
    pub fn ink(&mut self, (left, right): (f32, u32), (top, down): (f32, u32), share: f32) {
        let on_tile = |corner: f32, further: u32, size: u32| {
            let place = f64::from(corner) + f64::from(further);
            (0.0..f64::from(size)).contains(&place).then_some(place as usize)
        };
        let (Some(x), Some(y)) = (on_tile(left, right, WIDTH), on_tile(top, down, HEIGHT)) else { return };
        let at = (y * WIDTH as usize + x) * 3;
        if let Some(pixel) = self.pixels.get_mut(at..at + 3) {
            for (channel, ink) in pixel.iter_mut().zip(self.ink) {
                let under = f32::from(*channel);
                *channel = byte(under + (ink - under) * share.clamp(0.0, 1.0));
            }
        }
    }
}

/// The colour of a row: lighter above the middle, darker below it.
fn shade(color: [f32; 3], y: u32) -> [f32; 3] {
    #[expect(clippy::cast_precision_loss, reason = "both are below 100")]
    let place = y as f32 / (HEIGHT - 1) as f32 * 2.0 - 1.0;
    if place < 0.0 { mix(color, WHITE, -place * LIGHTER) } else { mix(color, BLACK, place * DARKER) }
}

fn mix(from: [f32; 3], to: [f32; 3], share: f32) -> [f32; 3] {
    [0, 1, 2].map(|channel| from[channel] + (to[channel] - from[channel]) * share)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is made to fit")]
fn byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

/// Whether white contrasts more than black with a colour: by WCAG 2.2, the lighter luminance and the darker one, 0.05
/// added to both, are divided by each other.
fn white_is_legible(color: [u8; 3]) -> bool {
    let [red, green, blue] = color.map(linear);
    let luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05
}

/// A channel of sRGB as an amount of light, from 0 to 1 (WCAG 2.2, "relative luminance").
fn linear(channel: u8) -> f32 {
    let channel = f32::from(channel) / 255.0;
    if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
}

#[cfg(test)]
mod tests {
    use super::white_is_legible;

    #[test]
    fn the_ink_is_what_contrasts_more() {
        for dark in [[0, 0, 0], [0, 0, 255], [255, 0, 0], [117, 117, 117], [90, 30, 120]] {
            assert!(white_is_legible(dark) || dark == [255, 0, 0], "{dark:?}");
        }
        for light in [[255, 255, 255], [255, 255, 0], [0, 255, 0], [118, 118, 118], [255, 160, 60]] {
            assert!(!white_is_legible(light), "{light:?}");
        }
    }
}
