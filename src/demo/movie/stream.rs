//! The stream of H.264: what describes it, frames that are whole, and frames in which little changes (ITU-T H.264 §7.3).
//!
//! Constrained Baseline, one reference frame, pictures in the order in which they are shown. Whole frames are smoothed at the edges of
//! blocks; the others are not, so that what stays does not change.

use super::{bits::Bits, frame::Frame, macroblock::Coder, residual::QP};

/// Bits of the number of a frame since the last whole one.
const NUMBER_BITS: u32 = 8;

/// Types of units (§7.4.1), with how far they matter to others.
const UNIT_WHOLE: u8 = 0x65;
const UNIT_CHANGED: u8 = 0x41;
const UNIT_SEQUENCE: u8 = 0x67;
const UNIT_PICTURE: u8 = 0x68;

/// Writes the frames of a movie.
pub(super) struct Stream {
    coder: Coder,
    /// Frames since the last whole one.
    number: u32,
    /// Changes with every whole frame, as it must between neighbours (§7.4.3).
    id: u32,
}

impl Stream {
    /// For frames like this one.
    pub(super) fn new(frame: &Frame) -> Self {
        Self { coder: Coder::new(frame), number: 0, id: 0 }
    }

    /// A whole frame.
    pub(super) fn whole(&mut self, frame: &Frame) -> Vec<u8> {
        self.number = 0;
        self.id = (self.id + 1) % 2;
        let mut bits = Bits::default();
        // The first macroblock, a slice in which all are `I`, and the picture parameter set.
        bits.unsigned_all(&[0, 7, 0]);
        bits.put(0, NUMBER_BITS);
        bits.unsigned(self.id);
        // Frames before are shown, and this one is not kept for long.
        bits.put(0, 2);
        bits.signed(0);
        // Edges are smoothed, as strongly as is usual.
        bits.unsigned(0);
        bits.signed_all(&[0, 0]);
        self.coder.begin();
        for row in 0..frame.rows {
            for column in 0..frame.columns {
                self.coder.write(&mut bits, frame, (column, row), false);
            }
        }
        bits.unit(UNIT_WHOLE)
    }

    /// A frame like the one before, but for some macroblocks, which are given in their order as column and row.
    pub(super) fn changed(&mut self, frame: &Frame, changed: &[(usize, usize)]) -> Vec<u8> {
        self.number = (self.number + 1) % (1 << NUMBER_BITS);
        let mut bits = Bits::default();
        // As above, but all macroblocks are `P` or `I`.
        bits.unsigned_all(&[0, 5, 0]);
        bits.put(self.number, NUMBER_BITS);
        // One reference, in no other order, and what is kept follows from the order too.
        bits.put(0, 3);
        bits.signed(0);
        // Edges are left alone.
        bits.unsigned(1);
        self.coder.begin();
        let mut next = 0;
        for &(column, row) in changed {
            let at = row * frame.columns + column;
            bits.unsigned(count(at - next));
            self.coder.write(&mut bits, frame, (column, row), true);
            next = at + 1;
        }
        let rest = frame.columns * frame.rows - next;
        if rest > 0 {
            bits.unsigned(count(rest));
        }
        bits.unit(UNIT_CHANGED)
    }
}

/// What describes all frames: the sequence parameter set (§7.3.2.1.1), for pictures of a size.
pub(super) fn sequence(frame: &Frame, width: u16, height: u16) -> Vec<u8> {
    let mut bits = Bits::default();
    // Profile, what more it keeps to, and level.
    for byte in [66, 0xc0, level(frame)] {
        bits.put(byte, 8);
    }
    // Its id; bits of frame numbers; frames come in the order in which they are shown; one reference.
    bits.unsigned_all(&[0, NUMBER_BITS - 4, 2, 1]);
    bits.flag(false);
    bits.unsigned_all(&[count(frame.columns) - 1, count(frame.rows) - 1]);
    // Frames, not fields; and how motion that is not there would be found.
    bits.put(0b11, 2);
    // What is more than the picture is cut off, in units of two pixels.
    let more = [count(frame.columns * 16) - u32::from(width), count(frame.rows * 16) - u32::from(height)];
    bits.flag(more != [0, 0]);
    if more != [0, 0] {
        bits.unsigned_all(&[0, more[0] / 2, 0, more[1] / 2]);
    }
    usability(&mut bits);
    bits.unit(UNIT_SEQUENCE)
}

/// How what is decoded is to be understood (§E.1.1): square pixels, colours of BT.709, and that no frame has to wait for another.
fn usability(bits: &mut Bits) {
    bits.flag(true);
    bits.flag(true);
    bits.put(1, 8);
    bits.flag(false);
    // Video of no format, in limited range, with primaries, transfer and matrix of BT.709.
    bits.flag(true);
    bits.put(5, 3);
    bits.put(0b01, 2);
    bits.put(0x01_01_01, 24);
    // No places of chroma, no timing, which the container tells, and no buffers.
    bits.put(0, 5);
    bits.flag(true);
    // Motion over edges; the usual sizes; no frame is shown late, and one is kept.
    bits.flag(true);
    bits.unsigned_all(&[0, 0, 16, 16, 0, 1]);
}

/// What describes how frames are coded: the picture parameter set (§7.3.2.2).
pub(super) fn picture() -> Vec<u8> {
    let mut bits = Bits::default();
    // Its id, and that of the sequence; CAVLC; nothing for fields; one group of slices; one reference for each list.
    bits.unsigned_all(&[0, 0]);
    bits.put(0, 2);
    bits.unsigned_all(&[0, 0, 0]);
    bits.put(0, 3);
    bits.signed_all(&[i32::from(QP) - 26, 0, 0]);
    // Slices tell whether edges are smoothed; nothing is predicted from what is taken over; nothing is sent twice.
    bits.put(0b110, 3);
    bits.unit(UNIT_PICTURE)
}

/// The lowest level that allows frames of this size, at up to 25 frames per second and more (table A-1).
fn level(frame: &Frame) -> u32 {
    match frame.columns * frame.rows {
        0..=1620 => 30,
        1621..=3600 => 31,
        3601..=8192 => 40,
        _ => 51,
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
