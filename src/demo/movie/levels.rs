//! Squares of samples as levels, and back.

use super::{
    frame::Plane,
    prediction::{Spot, Square},
    residual::{self, Block},
};

/// A square as coefficients of its blocks of 4 by 4 samples, row by row.
pub(super) struct Levels {
    /// The first of each block, not quantised yet: those of all blocks are transformed once more.
    pub(super) first: Block,
    /// The others, quantised.
    pub(super) others: [Block; 16],
    /// Whether one of the others is not 0.
    pub(super) any: bool,
}

impl Levels {
    /// Of what a prediction leaves of a square of 16 or 8 samples.
    pub(super) fn of(difference: &Square, size: usize) -> Self {
        let across = size / 4;
        let mut levels = Self { first: [0; 16], others: [[0; 16]; 16], any: false };
        for n in 0..across * across {
            let at = n / across * 4 * size + n % across * 4;
            let (mut block, mut off, mut sum) = ([0; 16], 0, 0);
            let (mut k, mut from) = (0, at);
            while k < 16 {
                let value = difference[from];
                block[k] = value;
                sum += value;
                off += if value < 0 { -value } else { value };
                k += 1;
                from += if k % 4 == 0 { size - 3 } else { 1 };
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

    /// The first coefficients of a square of colour as levels, and what a decoder makes of them.
    pub(super) fn chroma_dc(&self) -> ([i32; 4], [i32; 4]) {
        let [first, second, third, last, ..] = self.first;
        residual::chroma_dc([first, second, third, last])
    }
}

/// Makes of a square what a decoder will have.
pub(super) fn restore(plane: &mut Plane, size: usize, spot: Spot, predicted: &Square, levels: &Levels, first: &Block) {
    let across = size / 4;
    for (n, first) in first.iter().enumerate().take(across * across) {
        let mut block = levels.others[n];
        let difference = if levels.any && block != [0; 16] {
            residual::scale_ac(&mut block);
            block[0] = *first;
            residual::inverse(&block)
        } else {
            [(first + 32) >> 6; 16]
        };
        let (left, top) = (n % across * 4, n / across * 4);
        let (mut k, mut from) = (0, top * size + left);
        let mut to = (spot.row * size + top) * plane.width + spot.column * size + left;
        let samples = plane.samples.as_mut_slice();
        while k < 16 {
            let value = predicted[from] + difference[k];
            let [.., byte] = (if value < 0 { 0 } else { value }).to_be_bytes();
            samples[to] = if value > 255 { 255 } else { byte };
            k += 1;
            (from, to) = if k % 4 == 0 { (from + size - 3, to + plane.width - 3) } else { (from + 1, to + 1) };
        }
    }
}
