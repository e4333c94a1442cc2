//! Light: what is lit by what, and what glows.

use super::{
    canvas::{Canvas, mix, within},
    color::{BLACK, Color},
    number::{coordinate, index, share},
    path::Point,
};

/// Something that lights what is around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Light {
    pub(super) at: Point,
    /// How far it reaches, in pixels.
    pub(super) reach: f32,
    pub(super) color: Color,
}

/// Pixels between two points for which light is worked out; in between it is interpolated.
const CELL: usize = 16;

/// Lights everything in a canvas that does not shine by itself: by ambient light, by lights, and less towards the corners.
pub(super) fn illuminate(canvas: &mut Canvas, ambient: Color, lights: &[Light]) {
    let columns = canvas.width.div_ceil(CELL) + 1;
    let rows = canvas.height.div_ceil(CELL) + 1;
    let mut grid = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        for column in 0..columns {
            let at = (coordinate(column * CELL), coordinate(row * CELL));
            let sum = lights.iter().fold(BLACK, |sum, light| sum.plus(light.color.times(light.at(at))));
            let light = ambient.plus(sum).times(vignette(canvas, at));
            grid.push([light.red, light.green, light.blue]);
        }
    }
    let width = canvas.width;
    for (y, pixels) in canvas.pixels.chunks_exact_mut(width).enumerate() {
        let (row, part) = (y / CELL, y % CELL);
        let (above, below) = (&grid[row * columns..], &grid[(row + 1) * columns..]);
        let part = coordinate(part) / coordinate(CELL);
        let at = |column: usize| -> [u32; 3] {
            let (above, below): ([f32; 3], [f32; 3]) = (above[column], below[column]);
            [0, 1, 2].map(|n| whole((above[n] + (below[n] - above[n]) * part) * 4096.0))
        };
        let mut left = at(0);
        for (column, cell) in pixels.chunks_mut(CELL).enumerate() {
            let right = at(column + 1);
            light_cell(cell, left, right);
            left = right;
        }
    }
}

/// An amount of light as a whole number; at most 8 times full light.
fn whole(light: f32) -> u32 {
    u32::try_from(index(light)).unwrap_or(u32::MAX).min(8 * 4096)
}

/// Lights up to 16 pixels of a row, from the light on their left to that on their right, both in 4096ths.
fn light_cell(cell: &mut [u32], left: [u32; 3], right: [u32; 3]) {
    let ([mut red, mut green, mut blue], [to_red, to_green, to_blue]) = (left.map(|n| n << 4), right);
    let by = |from: u32, to: u32| to.wrapping_sub(from);
    let (by_red, by_green, by_blue) = (by(left[0], to_red), by(left[1], to_green), by(left[2], to_blue));
    let mut n = 0;
    while n < cell.len() {
        let old = cell[n];
        let shine = old >> 24;
        if shine < 250 {
            let (mut r, mut g, mut b) = (red >> 8, green >> 8, blue >> 8);
            if shine > 0 {
                r = (r * (255 - shine) + 256 * shine) / 255;
                g = (g * (255 - shine) + 256 * shine) / 255;
                b = (b * (255 - shine) + 256 * shine) / 255;
            }
            r = ((old >> 16 & 255) * r) >> 8;
            g = ((old >> 8 & 255) * g) >> 8;
            b = ((old & 255) * b) >> 8;
            r = if r > 255 { 255 } else { r };
            g = if g > 255 { 255 } else { g };
            b = if b > 255 { 255 } else { b };
            cell[n] = shine << 24 | r << 16 | g << 8 | b;
        }
        red = red.wrapping_add(by_red);
        green = green.wrapping_add(by_green);
        blue = blue.wrapping_add(by_blue);
        n += 1;
    }
}

/// How much light is left at a point of the picture: 1 in its middle, less in its corners.
fn vignette(canvas: &Canvas, (x, y): Point) -> f32 {
    let (x, y) = (x / coordinate(canvas.width) - 0.5, y / coordinate(canvas.height) - 0.5);
    1.04 - 0.5 * (x * x + y * y)
}

impl Light {
    /// How much of it arrives at a point.
    fn at(&self, (x, y): Point) -> f32 {
        let (x, y) = ((x - self.at.0) / self.reach, (y - self.at.1) / self.reach);
        let rest = (1.0 - x * x - y * y).max(0.0);
        rest * rest
    }
}

/// What shines softly: an ellipse of a colour that fades from its middle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glow {
    pub(super) at: Point,
    /// Across and down, in pixels.
    pub(super) reach: Point,
    pub(super) color: Color,
    /// In its middle, from 0 to 1.
    pub(super) strength: f32,
    /// Whether it is as dense as mist, not a point of light.
    pub(super) dense: bool,
}

/// Paints a glow over what is there.
pub(super) fn glow(canvas: &mut Canvas, glow: &Glow) {
    let (x, y) = glow.at;
    let (across, down) = (glow.reach.0.max(0.5), glow.reach.1.max(0.5));
    let pixel = glow.color.pixel(1.0);
    let fading = fading(glow);
    let columns = within(x - across, x + across, canvas.width);
    for row in within(y - down, y + down, canvas.height) {
        let dy = (coordinate(row) + 0.5 - y) / down;
        let line = &mut canvas.pixels[row * canvas.width..(row + 1) * canvas.width];
        // 4096 times the square of the distance, and by how much it grows: squares are sums of odd numbers.
        let scale = 64.0 / across;
        let dx = (coordinate(columns.start) + 0.5 - x) * scale;
        let mut square = dx * dx + dy * dy * 4096.0;
        let (mut step, growth) = (2.0 * dx * scale + scale * scale, 2.0 * scale * scale);
        let mut column = columns.start;
        while column < columns.end {
            if square < 4095.0 {
                let part = fading[index(square) >> 4];
                if part > 0 {
                    line[column] = mix(line[column], pixel, part) & 0x00ff_ffff | line[column] & 0xff00_0000;
                }
            }
            square += step;
            step += growth;
            column += 1;
        }
    }
}

/// How a glow fades, in 256ths, by the square of the distance to its middle in 256ths.
fn fading(glow: &Glow) -> [u32; 256] {
    let mut table = [0; 256];
    for (n, part) in table.iter_mut().enumerate() {
        let square = coordinate(n) / 256.0;
        let rest = 1.0 - if glow.dense { square } else { square.sqrt() };
        let light = rest * rest * if glow.dense { 1.0 } else { 0.5 + 0.5 * rest };
        *part = share(glow.strength * light);
    }
    table
}
