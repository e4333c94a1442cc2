//! Macroblocks: 16 by 16 pixels, predicted from what is above and to the left, and what that leaves (ITU-T H.264 §7.3.5, §8.3.3, §8.3.4).
//!
//! Only `Intra_16x16` is used. The coder keeps what a decoder will have, since the next macroblock is predicted from that. The filter that
//! smooths edges between blocks comes after prediction (§8.7), so it needs not be known here.

use super::{
    bits::Bits,
    frame::Frame,
    levels::{Levels, restore},
    prediction::{Edges, Guess, Mode, Spot, Square},
    residual::{self, Block, Context, ZIGZAG},
};

/// What is coded, and what a decoder has of it so far.
pub(super) struct Coder {
    decoded: Frame,
    /// How many coefficients the blocks of 4 by 4 samples have, for each plane.
    counts: [Vec<u8>; 3],
    /// Which macroblocks of this frame were coded; the others are as in the frame before, and nothing is predicted from them.
    coded: Vec<bool>,
}

/// A prediction that is off by so little, in all, need not be better: what it leaves is not written anyway.
const GOOD: i32 = 128;

/// Blocks of a macroblock's brightness in the order in which they are written (§6.4.3), by column and row.
#[rustfmt::skip]
const ORDER: [(usize, usize); 16] = [
    (0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (3, 0), (2, 1), (3, 1),
    (0, 2), (1, 2), (0, 3), (1, 3), (2, 2), (3, 2), (2, 3), (3, 3),
];

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
        let luma = self.best(frame, spot);
        let levels = Levels::of(&luma.difference, 16);
        let colors = self.best_color(frame, spot);
        let color_levels = colors.each_ref().map(|guess| Levels::of(&guess.difference, 8));
        let first = color_levels.each_ref().map(Levels::chroma_dc);
        let color = if color_levels.iter().any(|levels| levels.any) {
            2
        } else {
            u32::from(first.iter().any(|(levels, _)| *levels != [0; 4]))
        };
        let kind = 1 + luma.mode.of_luma() + 4 * color + if levels.any { 12 } else { 0 };
        bits.unsigned(if in_p { 5 + kind } else { kind });
        bits.unsigned(colors[0].mode.of_chroma());
        // The quantiser stays.
        bits.signed(0);
        self.write_luma(bits, spot, &levels, &luma.predicted);
        self.write_color(bits, spot, &color_levels, &first, color);
        for (n, levels) in color_levels.iter().enumerate() {
            let mut read = [0; 16];
            read[..4].copy_from_slice(&first[n].1);
            restore(&mut self.decoded.planes[n + 1], 8, spot, &colors[n].predicted, levels, &read);
        }
        self.coded[row * frame.columns + column] = true;
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
        let mut n = 0;
        while n < 15 {
            in_order[n] = levels[ZIGZAG[n + 1]];
            n += 1;
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
            (true, true) => (count(x - 1, y) + count(x, y - 1)).div_ceil(2),
            (true, false) => count(x - 1, y),
            (false, true) => count(x, y - 1),
            (false, false) => 0,
        })
    }

    /// What brightness is predicted as best.
    fn best(&self, frame: &Frame, spot: Spot) -> Guess {
        let edges = Edges::of(&self.decoded.planes[0], 16, spot);
        let source = (&frame.planes[0], 16);
        let mut best = Guess::of(Mode::Flat, &edges.flat(16), source, spot, i32::MAX);
        for mode in [Mode::Vertical, Mode::Horizontal, Mode::Slope] {
            if best.cost > GOOD
                && let Some(square) = edges.predict(mode, 16)
            {
                let guess = Guess::of(mode, &square, source, spot, best.cost);
                if guess.cost < best.cost {
                    best = guess;
                }
            }
        }
        best
    }

    /// The same for both planes of colour, which have the same mode.
    fn best_color(&self, frame: &Frame, spot: Spot) -> [Guess; 2] {
        let edges = [1, 2].map(|n| Edges::of(&self.decoded.planes[n], 8, spot));
        let guess = |mode, squares: &[Square; 2]| {
            [0, 1].map(|n| Guess::of(mode, &squares[n], (&frame.planes[n + 1], 8), spot, i32::MAX))
        };
        let cost = |guesses: &[Guess; 2]| guesses[0].cost + guesses[1].cost;
        let mut best = guess(Mode::Flat, &edges.each_ref().map(Edges::flat_quarters));
        for mode in [Mode::Vertical, Mode::Horizontal] {
            if cost(&best) > GOOD
                && let [Some(blue), Some(red)] = edges.each_ref().map(|edges| edges.predict(mode, 8))
            {
                let guesses = guess(mode, &[blue, red]);
                if cost(&guesses) < cost(&best) {
                    best = guesses;
                }
            }
        }
        best
    }
}
