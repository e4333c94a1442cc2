//! Macroblocks: 16 by 16 pixels, predicted from what is above and to the left, and what that leaves (ITU-T H.264 §7.3.5, §8.3.3, §8.3.4).
//!
//! Only `Intra_16x16` is used. The coder keeps what a decoder will have, since the next macroblock is predicted from that. The filter that
//! smooths edges between blocks comes after prediction (§8.7), so it needs not be known here.

use super::{
    bits::Bits,
    frame::{Frame, Plane},
    residual::{self, Block, Context, ZIGZAG},
};

/// How samples are predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Vertical,
    Horizontal,
    Flat,
    Slope,
}

/// What is coded, and what a decoder has of it so far.
pub(super) struct Coder {
    decoded: Frame,
    /// How many coefficients the blocks of 4 by 4 samples have, for each plane.
    counts: [Vec<u8>; 3],
    /// Which macroblocks of this frame were coded; the others are as in the frame before, and nothing is predicted from them.
    coded: Vec<bool>,
}

/// The place of a macroblock, and what it may be predicted from.
#[derive(Debug, Clone, Copy)]
struct Spot {
    column: usize,
    row: usize,
    above: bool,
    left: bool,
    corner: bool,
}

/// A square of 16 or 8 samples, row by row.
type Square = [i32; 256];

/// Blocks of a macroblock's brightness in the order in which they are written (§6.4.3), by column and row.
const ORDER: [(usize, usize); 16] = [
    (0, 0),
    (1, 0),
    (0, 1),
    (1, 1),
    (2, 0),
    (3, 0),
    (2, 1),
    (3, 1),
    (0, 2),
    (1, 2),
    (0, 3),
    (1, 3),
    (2, 2),
    (3, 2),
    (2, 3),
    (3, 3),
];

/// A square as levels: first coefficients, and the others of up to 16 blocks in rows.
struct Levels {
    first: Block,
    others: [Block; 16],
    any: bool,
}

impl Coder {
    /// For frames like this one.
    pub(super) fn new(frame: &Frame) -> Self {
        let size = frame.columns * frame.rows;
        let counts = [vec![0; size * 16], vec![0; size * 4], vec![0; size * 4]];
        Self { decoded: frame.clone(), counts, coded: vec![false; size] }
    }

    /// Begins a frame, of which nothing is coded yet.
    pub(super) fn begin(&mut self) {
        self.coded.fill(false);
        for counts in &mut self.counts {
            counts.fill(0);
        }
    }

    /// Codes a macroblock. In frames that are predicted (`P`), types of this kind come after five others.
    pub(super) fn write(&mut self, bits: &mut Bits, frame: &Frame, (column, row): (usize, usize), in_p: bool) {
        let spot = self.spot(column, row);
        let (mode, luma) = self.best(&frame.planes[0], 0, spot);
        let difference = difference(&frame.planes[0], 16, spot, &luma);
        let levels = Levels::of(&difference, 16);
        let (color_mode, colors) = self.best_color(frame, spot);
        let color_levels =
            [1, 2].map(|plane| Levels::of(&self::difference(&frame.planes[plane], 8, spot, &colors[plane - 1]), 8));
        let first = color_levels
            .each_ref()
            .map(|levels| residual::chroma_dc([levels.first[0], levels.first[1], levels.first[2], levels.first[3]]));
        let color = if color_levels.iter().any(|levels| levels.any) {
            2
        } else {
            u32::from(first.iter().flat_map(|(levels, _)| levels).any(|level| *level != 0))
        };
        bits.unsigned(1 + mode.of_luma() + 4 * color + 12 * u32::from(levels.any) + if in_p { 5 } else { 0 });
        bits.unsigned(color_mode.of_chroma());
        // The quantiser stays.
        bits.signed(0);
        self.write_luma(bits, spot, &levels, &luma);
        self.write_color(bits, spot, &color_levels, &first, color);
        for (n, levels) in color_levels.iter().enumerate() {
            let mut read = [0; 16];
            read[..4].copy_from_slice(&first[n].1);
            restore(&mut self.decoded.planes[n + 1], 8, spot, &colors[n], levels, &read);
        }
        let at = row * frame.columns + column;
        self.coded[at] = true;
    }

    fn spot(&self, column: usize, row: usize) -> Spot {
        let columns = self.decoded.columns;
        let coded = |column: usize, row: usize| self.coded.get(row * columns + column).copied().unwrap_or(false);
        Spot {
            column,
            row,
            above: row > 0 && coded(column, row - 1),
            left: column > 0 && coded(column - 1, row),
            corner: row > 0 && column > 0 && coded(column - 1, row - 1),
        }
    }

    fn write_luma(&mut self, bits: &mut Bits, spot: Spot, levels: &Levels, predicted: &Square) {
        let (first, read) = residual::luma_dc(&levels.first);
        let context = self.context(0, (spot.column * 4, spot.row * 4));
        residual::write(bits, &ZIGZAG.map(|n| first[n]), context);
        if levels.any {
            for (x, y) in ORDER {
                self.write_others(bits, 0, (spot.column * 4 + x, spot.row * 4 + y), &levels.others[y * 4 + x]);
            }
        }
        restore(&mut self.decoded.planes[0], 16, spot, predicted, levels, &read);
    }

    fn write_color(
        &mut self,
        bits: &mut Bits,
        spot: Spot,
        levels: &[Levels; 2],
        first: &[([i32; 4], [i32; 4]); 2],
        color: u32,
    ) {
        if color > 0 {
            for (levels, _) in first {
                residual::write(bits, levels, Context::ChromaDc);
            }
        }
        if color > 1 {
            for (n, levels) in levels.iter().enumerate() {
                for (x, y) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                    self.write_others(bits, n + 1, (spot.column * 2 + x, spot.row * 2 + y), &levels.others[y * 2 + x]);
                }
            }
        }
    }

    /// Writes all but the first coefficient of a block, and remembers how many there are.
    fn write_others(&mut self, bits: &mut Bits, plane: usize, block: (usize, usize), levels: &Block) {
        let context = self.context(plane, block);
        let mut in_order = [0; 15];
        for (level, n) in in_order.iter_mut().zip(&ZIGZAG[1..]) {
            *level = levels[*n];
        }
        let at = block.1 * self.blocks_across(plane) + block.0;
        self.counts[plane][at] = residual::write(bits, &in_order, context);
    }

    fn blocks_across(&self, plane: usize) -> usize {
        self.decoded.planes[plane].width / 4
    }

    /// How many coefficients blocks to the left and above have, on average (§9.2.1).
    fn context(&self, plane: usize, (x, y): (usize, usize)) -> Context {
        let across = self.blocks_across(plane);
        let count = |x: usize, y: usize| self.counts[plane][y * across + x];
        Context::Neighbours(match (x > 0, y > 0) {
            (true, true) => (count(x - 1, y) + count(x, y - 1) + 1) / 2,
            (true, false) => count(x - 1, y),
            (false, true) => count(x, y - 1),
            (false, false) => 0,
        })
    }

    /// The mode that predicts brightness best, and what it predicts.
    fn best(&self, plane: &Plane, n: usize, spot: Spot) -> (Mode, Square) {
        let edges = Edges::of(&self.decoded.planes[n], 16, spot);
        let mut best = (Mode::Flat, edges.flat(16));
        let mut least = cost(plane, 16, spot, &best.1);
        for mode in [Mode::Vertical, Mode::Horizontal, Mode::Slope] {
            if let (Some(square), true) = (edges.predict(mode, 16), least > 200) {
                let cost = cost(plane, 16, spot, &square);
                if cost < least {
                    (best, least) = ((mode, square), cost);
                }
            }
        }
        best
    }

    /// The same for both planes of colour.
    fn best_color(&self, frame: &Frame, spot: Spot) -> (Mode, [Square; 2]) {
        let edges = [1, 2].map(|n| Edges::of(&self.decoded.planes[n], 8, spot));
        let cost = |squares: &[Square; 2]| {
            cost(&frame.planes[1], 8, spot, &squares[0]) + cost(&frame.planes[2], 8, spot, &squares[1])
        };
        let mut best = (Mode::Flat, edges.each_ref().map(Edges::flat_quarters));
        let mut least = cost(&best.1);
        for mode in [Mode::Vertical, Mode::Horizontal] {
            if let [Some(blue), Some(red)] = edges.each_ref().map(|edges| edges.predict(mode, 8)) {
                let squares = [blue, red];
                let cost = cost(&squares);
                if cost < least {
                    (best, least) = ((mode, squares), cost);
                }
            }
        }
        best
    }
}

impl Mode {
    /// Its number for brightness.
    fn of_luma(self) -> u32 {
        match self {
            Self::Vertical => 0,
            Self::Horizontal => 1,
            Self::Flat => 2,
            Self::Slope => 3,
        }
    }

    /// Its number for colour.
    fn of_chroma(self) -> u32 {
        match self {
            Self::Flat => 0,
            Self::Horizontal => 1,
            Self::Vertical => 2,
            Self::Slope => 3,
        }
    }
}

/// What a square is predicted from: the samples above it, to its left, and at its corner.
struct Edges {
    above: Option<[i32; 16]>,
    left: Option<[i32; 16]>,
    corner: Option<i32>,
}

impl Edges {
    fn of(plane: &Plane, size: usize, spot: Spot) -> Self {
        let (x, y) = (spot.column * size, spot.row * size);
        let sample = |x: usize, y: usize| i32::from(plane.samples[y * plane.width + x]);
        let mut edges = Self { above: None, left: None, corner: spot.corner.then(|| sample(x - 1, y - 1)) };
        if spot.above {
            let mut above = [0; 16];
            above[..size].iter_mut().enumerate().for_each(|(n, value)| *value = sample(x + n, y - 1));
            edges.above = Some(above);
        }
        if spot.left {
            let mut left = [0; 16];
            left[..size].iter_mut().enumerate().for_each(|(n, value)| *value = sample(x - 1, y + n));
            edges.left = Some(left);
        }
        edges
    }

    fn predict(&self, mode: Mode, size: usize) -> Option<Square> {
        match mode {
            Mode::Vertical => self.above.map(|above| fill(size, |x, _| above[x])),
            Mode::Horizontal => self.left.map(|left| fill(size, |_, y| left[y])),
            Mode::Flat => Some(self.flat(size)),
            Mode::Slope => self.slope(),
        }
    }

    /// One value: the average of the edges that there are.
    fn flat(&self, size: usize) -> Square {
        let sum = |edge: Option<[i32; 16]>| edge.map(|edge| edge[..size].iter().sum::<i32>());
        let count = i32::try_from(size).unwrap_or(16);
        let value = match (sum(self.above), sum(self.left)) {
            (Some(above), Some(left)) => (above + left + count) / (2 * count),
            (Some(sum), None) | (None, Some(sum)) => (sum + count / 2) / count,
            (None, None) => 128,
        };
        [value; 256]
    }

    /// One value for each quarter of a square of 8 samples (§8.3.4.1-3).
    fn flat_quarters(&self) -> Square {
        let sum = |edge: Option<[i32; 16]>, from: usize| edge.map(|edge| edge[from..from + 4].iter().sum::<i32>());
        let one = |sum: i32| (sum + 2) / 4;
        let quarter = |x: usize, y: usize| {
            let (above, left) = (sum(self.above, x * 4), sum(self.left, y * 4));
            match (above, left) {
                (Some(above), Some(left)) if x == y => (above + left + 4) / 8,
                (Some(above), _) if x > y => one(above),
                (_, Some(left)) if y > x => one(left),
                (Some(sum), _) | (_, Some(sum)) => one(sum),
                (None, None) => 128,
            }
        };
        let quarters = [quarter(0, 0), quarter(1, 0), quarter(0, 1), quarter(1, 1)];
        fill(8, |x, y| quarters[y / 4 * 2 + x / 4])
    }

    /// An inclined plane through the edges of a square of 16 samples (§8.3.3.4).
    fn slope(&self) -> Option<Square> {
        let (above, left, corner) = (self.above?, self.left?, self.corner?);
        let incline = |edge: &[i32; 16]| {
            let sum =
                (0..8).zip(1..).map(|(n, factor)| factor * (edge[8 + n] - if n == 7 { corner } else { edge[6 - n] }));
            (5 * sum.sum::<i32>() + 32) >> 6
        };
        let (across, down) = (incline(&above), incline(&left));
        let start = 16 * (left[15] + above[15]) + 16 - 7 * (across + down);
        let mut square = [0; 256];
        let (mut row, mut n) = (start, 0);
        while n < 256 {
            let mut value = row;
            let end = n + 16;
            while n < end {
                let shifted = value >> 5;
                square[n] = if shifted < 0 {
                    0
                } else if shifted > 255 {
                    255
                } else {
                    shifted
                };
                value += across;
                n += 1;
            }
            row += down;
        }
        Some(square)
    }
}

fn fill(size: usize, value: impl Fn(usize, usize) -> i32) -> Square {
    let mut square = [0; 256];
    let mut y = 0;
    while y < size {
        let mut x = 0;
        while x < size {
            square[y * size + x] = value(x, y);
            x += 1;
        }
        y += 1;
    }
    square
}

/// How far a prediction is off, in all.
fn cost(plane: &Plane, size: usize, spot: Spot, predicted: &Square) -> u32 {
    let (mut sum, mut y) = (0, 0);
    while y < size {
        let at = (spot.row * size + y) * plane.width + spot.column * size;
        let (row, predicted) = (&plane.samples[at..at + size], &predicted[y * size..(y + 1) * size]);
        let mut x = 0;
        while x < size {
            sum += (row[x] as i32 - predicted[x]).unsigned_abs();
            x += 1;
        }
        y += 1;
    }
    sum
}

/// What a prediction leaves of a square.
fn difference(plane: &Plane, size: usize, spot: Spot, predicted: &Square) -> Square {
    let mut out = [0; 256];
    let mut y = 0;
    while y < size {
        let at = (spot.row * size + y) * plane.width + spot.column * size;
        let row = &plane.samples[at..at + size];
        let mut x = 0;
        while x < size {
            out[y * size + x] = row[x] as i32 - predicted[y * size + x];
            x += 1;
        }
        y += 1;
    }
    out
}

impl Levels {
    fn of(difference: &Square, size: usize) -> Self {
        let across = size / 4;
        let mut levels = Self { first: [0; 16], others: [[0; 16]; 16], any: false };
        for n in 0..across * across {
            let at = n / across * 4 * size + n % across * 4;
            let (mut block, mut off, mut sum) = ([0; 16], 0, 0);
            let mut k = 0;
            while k < 16 {
                let value = difference[at + k / 4 * size + k % 4];
                block[k] = value;
                sum += value;
                off += value.abs();
                k += 1;
            }
            // The first coefficient is the sum. So little leaves no other: the quantiser would make all of them 0.
            if off < 17 {
                levels.first[n] = sum;
                continue;
            }
            let mut coefficients = residual::forward(&block);
            levels.first[n] = coefficients[0];
            coefficients[0] = 0;
            levels.any |= residual::quantise_ac(&mut coefficients);
            levels.others[n] = coefficients;
        }
        levels
    }
}

/// Makes of a square what a decoder will have.
fn restore(plane: &mut Plane, size: usize, spot: Spot, predicted: &Square, levels: &Levels, first: &Block) {
    let across = size / 4;
    for n in 0..across * across {
        let mut block = levels.others[n];
        let has_others = levels.any && block != [0; 16];
        let difference = if has_others {
            residual::scale_ac(&mut block);
            block[0] = first[n];
            residual::inverse(&block)
        } else {
            [(first[n] + 32) >> 6; 16]
        };
        let (x, y) = (n % across * 4, n / across * 4);
        let mut k = 0;
        while k < 16 {
            let (x, y) = (x + k % 4, y + k / 4);
            let value = predicted[y * size + x] + difference[k];
            let at = (spot.row * size + y) * plane.width + spot.column * size + x;
            let value = if value < 0 {
                0
            } else if value > 255 {
                255
            } else {
                value
            };
            plane.samples[at] = value.to_be_bytes()[3];
            k += 1;
        }
    }
}
