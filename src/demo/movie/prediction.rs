//! What is expected of a square of samples, from those above it and to its left (ITU-T H.264 §8.3.3, §8.3.4).

use super::frame::Plane;

/// How samples are predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// As the sample above.
    Vertical,
    /// As the sample to the left.
    Horizontal,
    /// As the average of the edges.
    Flat,
    /// By an inclined plane.
    Slope,
}

/// The place of a macroblock, and what it may be predicted from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub(super) column: usize,
    pub(super) row: usize,
    pub(super) above: bool,
    pub(super) left: bool,
    pub(super) corner: bool,
}

/// A square of 16 or 8 samples, row by row.
pub(super) type Square = [i32; 256];

impl Mode {
    /// Its number for brightness.
    pub(super) fn of_luma(self) -> u32 {
        match self {
            Self::Vertical => 0,
            Self::Horizontal => 1,
            Self::Flat => 2,
            Self::Slope => 3,
        }
    }

    /// Its number for colour.
    pub(super) fn of_chroma(self) -> u32 {
        match self {
            Self::Flat => 0,
            Self::Horizontal => 1,
            Self::Vertical => 2,
            Self::Slope => 3,
        }
    }
}

/// What a square is predicted from: the samples above it, to its left, and at its corner.
pub(super) struct Edges {
    above: Option<[i32; 16]>,
    left: Option<[i32; 16]>,
    corner: Option<i32>,
}

impl Edges {
    /// Those of the samples that were decoded, as far as the macroblock may use them.
    pub(super) fn of(plane: &Plane, size: usize, spot: Spot) -> Self {
        let (x, y) = (spot.column * size, spot.row * size);
        let sample = |x: usize, y: usize| i32::from(plane.samples[y * plane.width + x]);
        let mut edges = Self { above: None, left: None, corner: spot.corner.then(|| sample(x - 1, y - 1)) };
        if spot.above {
            let mut above = [0; 16];
            for (n, value) in above[..size].iter_mut().enumerate() {
                *value = sample(x + n, y - 1);
            }
            edges.above = Some(above);
        }
        if spot.left {
            let mut left = [0; 16];
            for (n, value) in left[..size].iter_mut().enumerate() {
                *value = sample(x - 1, y + n);
            }
            edges.left = Some(left);
        }
        edges
    }

    /// What a mode predicts; nothing without the edges that it needs.
    pub(super) fn predict(&self, mode: Mode, size: usize) -> Option<Square> {
        match mode {
            Mode::Vertical => self.above.map(|above| rows(size, |_| above)),
            Mode::Horizontal => self.left.map(|left| rows(size, |y| [left[y]; 16])),
            Mode::Flat => Some(self.flat(size)),
            Mode::Slope => self.slope(),
        }
    }

    /// One value: the average of the edges that there are.
    pub(super) fn flat(&self, size: usize) -> Square {
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
    pub(super) fn flat_quarters(&self) -> Square {
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
        rows(8, |y| {
            let mut row = [quarters[y / 4 * 2]; 16];
            row[4..].fill(quarters[y / 4 * 2 + 1]);
            row
        })
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
                square[n] = shifted.clamp(0, 255);
                value += across;
                n += 1;
            }
            row += down;
        }
        Some(square)
    }
}

/// A square of rows, of which as much is taken as it is wide.
fn rows(size: usize, row: impl Fn(usize) -> [i32; 16]) -> Square {
    let mut square = [0; 256];
    for (y, line) in square.chunks_exact_mut(size).enumerate().take(size) {
        line.copy_from_slice(&row(y)[..size]);
    }
    square
}

/// A guess at a square: how it is predicted, as what, and what that leaves.
pub(super) struct Guess {
    pub(super) mode: Mode,
    pub(super) predicted: Square,
    pub(super) difference: Square,
    /// How far it is off, in all.
    pub(super) cost: i32,
}

impl Guess {
    /// What a prediction leaves of a square. One that is worse than `least` is given up, and costs more than that.
    pub(super) fn of(mode: Mode, predicted: &Square, (plane, size): (&Plane, usize), spot: Spot, least: i32) -> Self {
        let mut guess = Self { mode, predicted: *predicted, difference: [0; 256], cost: 0 };
        let (mut y, mut n) = (0, 0);
        while y < size && guess.cost <= least {
            let at = (spot.row * size + y) * plane.width + spot.column * size;
            let row = &plane.samples[at..at + size];
            let (mut x, mut cost) = (0, 0);
            while x < size {
                let difference = i32::from(row[x]) - guess.predicted[n];
                guess.difference[n] = difference;
                cost += if difference < 0 { -difference } else { difference };
                (x, n) = (x + 1, n + 1);
            }
            guess.cost += cost;
            y += 1;
        }
        guess
    }
}
