//! What a prediction leaves: transformed, quantised, and written by CAVLC (ITU-T H.264 §8.5, §9.2).
//!
//! One quantiser serves the whole movie, `QP`, a multiple of 6: so its tables have one row each.

use super::bits::Bits;
use super::words::{CHROMA_ZEROS, RUNS, TOKENS, Word, ZEROS};

/// The quantiser: each 6 more halve what is left of details. Below 30 that of chroma is the same.
pub(super) const QP: u8 = 24;

/// `QP / 6`: by how many bits what is read is shifted.
const SHIFT: u32 = 4;

/// Coefficients of 4 by 4 samples, row by row.
pub(super) type Block = [i32; 16];

/// The order in which coefficients are written (§8.5.6), as indices of a block.
pub(super) const ZIGZAG: [usize; 16] = [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15];

/// By what coefficients are multiplied to be written, and to be read (§8.5.9 for `QP % 6 = 0`).
const WRITE: Block =
    [13_107, 8066, 13_107, 8066, 8066, 5243, 8066, 5243, 13_107, 8066, 13_107, 8066, 8066, 5243, 8066, 5243];
const READ: Block = [10, 13, 10, 13, 13, 16, 13, 16, 10, 13, 10, 13, 13, 16, 13, 16];

/// Bits after the point of a product with `WRITE`, and what rounds it: a third, since small coefficients are not worth their bits.
const POINT: u32 = 15 + SHIFT;
const ROUND: i32 = (1 << POINT) / 3;

/// The coefficients of differences between samples and their prediction.
pub(super) fn forward(samples: &Block) -> Block {
    let mut out = *samples;
    let mut n = 0;
    while n < 4 {
        forward_four(&mut out, [4 * n, 4 * n + 1, 4 * n + 2, 4 * n + 3]);
        n += 1;
    }
    n = 0;
    while n < 4 {
        forward_four(&mut out, [n, n + 4, n + 8, n + 12]);
        n += 1;
    }
    out
}

/// Transforms a row or a column, in its place.
fn forward_four(block: &mut Block, at: [usize; 4]) {
    let [first, second, third, last] = [block[at[0]], block[at[1]], block[at[2]], block[at[3]]];
    let (outer, inner) = (first + last, second + third);
    let (outer_step, inner_step) = (first - last, second - third);
    block[at[0]] = outer + inner;
    block[at[1]] = 2 * outer_step + inner_step;
    block[at[2]] = outer - inner;
    block[at[3]] = outer_step - 2 * inner_step;
}

/// The differences that a decoder makes of coefficients (§8.5.12.2).
pub(super) fn inverse(coefficients: &Block) -> Block {
    let mut out = *coefficients;
    let mut n = 0;
    while n < 4 {
        inverse_four(&mut out, [4 * n, 4 * n + 1, 4 * n + 2, 4 * n + 3]);
        n += 1;
    }
    n = 0;
    while n < 4 {
        inverse_four(&mut out, [n, n + 4, n + 8, n + 12]);
        n += 1;
    }
    n = 0;
    while n < 16 {
        out[n] = (out[n] + 32) >> 6;
        n += 1;
    }
    out
}

/// Transforms a row or a column back, in its place.
fn inverse_four(block: &mut Block, at: [usize; 4]) {
    let [first, second, third, last] = [block[at[0]], block[at[1]], block[at[2]], block[at[3]]];
    let (sum, difference) = (first + third, first - third);
    let (less, more) = ((second >> 1) - last, second + (last >> 1));
    block[at[0]] = sum + more;
    block[at[1]] = difference + less;
    block[at[2]] = difference - less;
    block[at[3]] = sum - more;
}

fn quantise(coefficient: i32, factor: i32, extra: u32) -> i32 {
    let size = if coefficient < 0 { -coefficient } else { coefficient };
    let level = (size * factor + (ROUND << extra)) >> (POINT + extra);
    if coefficient < 0 { -level } else { level }
}

/// Makes levels of all coefficients but the first, and says whether one is left.
pub(super) fn quantise_ac(block: &mut Block) -> bool {
    let (mut n, mut any) = (1, false);
    while n < 16 {
        block[n] = quantise(block[n], WRITE[n], 0);
        any |= block[n] != 0;
        n += 1;
    }
    any
}

/// Makes coefficients of all levels but the first.
pub(super) fn scale_ac(block: &mut Block) {
    let mut n = 1;
    while n < 16 {
        block[n] = (block[n] * READ[n]) << SHIFT;
        n += 1;
    }
}

/// Levels of the first coefficients of the 16 blocks of a macroblock, and what a decoder makes of them (§8.5.10).
pub(super) fn luma_dc(first: &Block) -> (Block, Block) {
    let levels = hadamard(first).map(|sum| quantise(sum, WRITE[0], 2));
    let read = hadamard(&levels).map(|sum| (sum * (16 * READ[0]) + (1 << (5 - SHIFT))) >> (6 - SHIFT));
    (levels, read)
}

/// The same for the 4 blocks of a plane of chroma (§8.5.11).
pub(super) fn chroma_dc(first: [i32; 4]) -> ([i32; 4], [i32; 4]) {
    let levels = small_hadamard(first).map(|sum| quantise(sum, WRITE[0], 1));
    (levels, small_hadamard(levels).map(|sum| ((sum * (16 * READ[0])) << SHIFT) >> 5))
}

fn small_hadamard([a, b, c, d]: [i32; 4]) -> [i32; 4] {
    [a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d]
}

fn hadamard(block: &Block) -> Block {
    let mut out = *block;
    for (stride, step) in [(4, 1), (1, 4)] {
        for n in 0..4 {
            let at = |k: usize| n * stride + k * step;
            let (a, b, c, d) = (out[at(0)], out[at(1)], out[at(2)], out[at(3)]);
            out[at(0)] = a + b + c + d;
            out[at(1)] = a + b - c - d;
            out[at(2)] = a - b - c + d;
            out[at(3)] = a - b + c - d;
        }
    }
    out
}

/// In which context the number of coefficients of a block is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Context {
    /// By how many coefficients neighbouring blocks have.
    Neighbours(u8),
    /// The first coefficients of a plane of chroma.
    ChromaDc,
}

/// Writes levels, in their order, and says how many are not 0 (§7.3.5.3.2).
pub(super) fn write(bits: &mut Bits, levels: &[i32], context: Context) -> u8 {
    let mut values = [0; 16];
    let mut runs = [0_u8; 16];
    let (mut total, mut zeros, mut run) = (0, 0_u8, 0_u8);
    let mut n = 0;
    while n < levels.len() {
        if levels[n] == 0 {
            run += 1;
        } else {
            (values[total], runs[total]) = (levels[n], run);
            zeros += run;
            (total, run) = (total + 1, 0);
        }
        n += 1;
    }
    if total == 0 {
        token(bits, 0, 0, context);
        return 0;
    }
    let ones = values[..total].iter().rev().take(3).take_while(|value| value.abs() == 1).count();
    token(bits, total, ones, context);
    for value in values[total - ones..total].iter().rev() {
        bits.flag(*value < 0);
    }
    write_levels(bits, &values[..total - ones], total, ones);
    if total < levels.len() {
        let word = match context {
            Context::ChromaDc => CHROMA_ZEROS[total - 1][usize::from(zeros)],
            Context::Neighbours(_) => ZEROS[total - 1][usize::from(zeros)],
        };
        put(bits, word);
    }
    let mut left = usize::from(zeros);
    for run in runs[..total].iter().skip(1).rev().map(|run| usize::from(*run)) {
        if left > 0 {
            put(bits, RUNS[left.min(7) - 1][run]);
        }
        left -= run;
    }
    u8::try_from(total).unwrap_or(16)
}

fn put(bits: &mut Bits, (word, count): Word) {
    bits.put(word.into(), count.into());
}

/// How many coefficients there are, and how many 1s or -1s at their end (§9.2.1).
fn token(bits: &mut Bits, total: usize, ones: usize, context: Context) {
    let table = match context {
        Context::ChromaDc => 3,
        Context::Neighbours(0 | 1) => 0,
        Context::Neighbours(2 | 3) => 1,
        Context::Neighbours(4..=7) => 2,
        Context::Neighbours(_) => {
            let plain = if total == 0 { 3 } else { (total - 1) << 2 | ones };
            return bits.put(u32::try_from(plain).unwrap_or(0), 6);
        }
    };
    put(bits, TOKENS[table][total][ones]);
}

/// The levels that are not 1s or -1s at the end, from the last to the first (§9.2.2.1).
fn write_levels(bits: &mut Bits, values: &[i32], total: usize, ones: usize) {
    let mut suffix = u32::from(total > 10 && ones < 3);
    for (n, &value) in values.iter().rev().enumerate() {
        let mut code = 2 * value.unsigned_abs() - if value > 0 { 2 } else { 1 };
        if n == 0 && ones < 3 {
            code -= 2;
        }
        if suffix == 0 && code < 14 {
            bits.put(1, code + 1);
        } else if suffix == 0 && code < 30 {
            bits.put(1, 15);
            bits.put(code - 14, 4);
        } else if suffix > 0 && code < 15 << suffix {
            bits.put(1, (code >> suffix) + 1);
            bits.put(code, suffix);
        } else {
            bits.put(1, 16);
            bits.put(code - if suffix == 0 { 30 } else { 15 << suffix }, 12);
        }
        suffix = suffix.max(1);
        if value.unsigned_abs() > 3 << (suffix - 1) && suffix < 6 {
            suffix += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_written_as_in_the_textbook() {
        // Richardson, "H.264 and MPEG-4 Video Compression", §6.4.13.2: 24 bits, then what ends a unit.
        let mut bits = Bits::default();
        let total = write(&mut bits, &[0, 3, 0, 1, -1, -1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], Context::Neighbours(0));
        assert_eq!((total, bits.unit(0)), (5, vec![0, 0b0000_1000, 0b1110_0101, 0b1110_1101, 0x80]));
    }

    #[test]
    fn samples_come_back_nearly_as_they_were() {
        let samples: Block = [0, 3, -9, 40, 41, 42, 60, -80, 12, 0, 0, 5, 90, 91, -92, 0];
        let mut block = forward(&samples);
        let dc = (quantise(block[0], WRITE[0], 0) * READ[0]) << SHIFT;
        quantise_ac(&mut block);
        scale_ac(&mut block);
        block[0] = dc;
        let back = inverse(&block);
        assert!(samples.iter().zip(back).all(|(a, b)| (a - b).abs() <= 8), "{back:?}");
    }

    #[test]
    fn first_coefficients_come_back_nearly_as_they_were() {
        let first: Block = std::array::from_fn(|n| i32::try_from(n).unwrap() * 100 - 700);
        let (_, read) = luma_dc(&first);
        // Coefficients that are read are 64 times a difference, those that are written 16 times.
        assert!(first.iter().zip(read).all(|(a, b)| (a - b / 4).abs() <= 60), "{read:?}");
    }
}
