//! Where pictures are painted: pixels, and the filling of paths.
//!
//! Edges are soft because a pixel is covered by the share of its area that is inside of the path. Each line of an outline adds what it
//! covers to the pixels that it passes, as signed areas whose sum along a row is the coverage (the method of font-rs). A bit for each
//! pixel that was touched lets the sum leap from edge to edge: what lies between is filled at once. Inner loops are plain, since the
//! demo is also run from builds that are not optimised.

use super::{
    color::Color,
    number::{coordinate, floor, index, share},
    path::{Path, Point},
};

/// A picture that is being painted.
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Rows of `0xEERRGGBB`, where `EE` is how far the pixel shines by itself.
    pub(super) pixels: Vec<u32>,
    /// Signed areas of the path that is being filled, one row and two more columns for each row; all 0 in between.
    areas: Vec<f32>,
    /// Which of the areas were touched; all 0 in between.
    touched: Vec<u64>,
}

/// What a path is filled with: one colour at its top, which becomes another towards its bottom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    pub(super) top: Color,
    pub(super) bottom: Color,
    /// From 0, nothing, to 1, opaque.
    pub(super) opacity: f32,
    /// From 0, lit as everything else, to 1, its own light.
    pub(super) shine: f32,
}

impl Paint {
    /// One colour, opaque.
    pub(super) fn flat(color: Color) -> Self {
        Self { top: color, bottom: color, opacity: 1.0, shine: 0.0 }
    }

    /// From one colour at the top to another at the bottom.
    pub(super) fn fade(top: Color, bottom: Color) -> Self {
        Self { top, bottom, opacity: 1.0, shine: 0.0 }
    }

    /// The same, less than opaque.
    pub(super) fn opacity(mut self, opacity: f32) -> Self {
        self.opacity = opacity;
        self
    }

    /// The same, shining by itself.
    pub(super) fn shining(mut self) -> Self {
        self.shine = 1.0;
        self
    }
}

impl Canvas {
    /// A black canvas.
    pub(super) fn new(width: usize, height: usize) -> Self {
        let words = width / 64 + 1;
        Self {
            width,
            height,
            pixels: vec![0; width * height],
            areas: vec![0.0; (width + 2) * height],
            touched: vec![0; words * height],
        }
    }

    /// Fills a path.
    pub(super) fn fill(&mut self, path: &Path, paint: &Paint) {
        let Some((top, bottom)) = extent(path) else { return };
        let last_row = coordinate(self.height);
        if bottom <= 0.0 || top >= last_row || paint.opacity <= 0.0 {
            return;
        }
        let mut start = 0;
        for &end in &path.ends {
            let outline = path.points.get(start..end).unwrap_or_default();
            let mut from = outline.last().copied().unwrap_or_default();
            for &to in outline {
                self.edge(from, to);
                from = to;
            }
            start = end;
        }
        let rows = index(top.max(0.0))..index(bottom.min(last_row).ceil());
        let height = (bottom - top).max(1.0);
        let same = paint.top == paint.bottom;
        let mut pixel = paint.top.pixel(paint.shine);
        for y in rows {
            if !same {
                let part = ((coordinate(y) + 0.5 - top) / height).clamp(0.0, 1.0);
                pixel = paint.top.mix(paint.bottom, part).pixel(paint.shine);
            }
            self.sweep(y, pixel, paint.opacity);
        }
    }

    /// Adds what an edge covers.
    fn edge(&mut self, from: Point, to: Point) {
        let (direction, upper, lower) = if from.1 < to.1 { (1.0, from, to) } else { (-1.0, to, from) };
        if lower.1 <= 0.0 || upper.1 >= coordinate(self.height) || upper.1 >= lower.1 {
            return;
        }
        let slope = (lower.0 - upper.0) / (lower.1 - upper.1);
        let mut y = upper.1.max(0.0);
        let mut x = upper.0 + (y - upper.1) * slope;
        let end = lower.1.min(coordinate(self.height));
        let mut row = index(y);
        while y < end {
            let next = coordinate(row + 1).min(end);
            let next_x = x + (next - y) * slope;
            self.piece(row, (next - y) * direction, x, next_x);
            (x, y) = (next_x, next);
            row += 1;
        }
    }

    /// Adds what an edge covers within one row, where it goes from one x to another.
    fn piece(&mut self, row: usize, height: f32, from: f32, to: f32) {
        let right = coordinate(self.width);
        let (low, high) = if from < to { (from, to) } else { (to, from) };
        let (low, high) = (low.clamp(0.0, right), high.clamp(0.0, right));
        let first = index(low);
        let stride = self.width + 2;
        let areas = &mut self.areas[row * stride..(row + 1) * stride];
        let words = self.width / 64 + 1;
        let touched = &mut self.touched[row * words..(row + 1) * words];
        let mut n = first;
        let last = index(high);
        if first == last {
            let inside = 0.5 * (low + high) - coordinate(first);
            areas[n] += height * (1.0 - inside);
            areas[n + 1] += height * inside;
        } else {
            // The share of the edge that has been passed so far, weighed by the part of the pixel that lies beyond it.
            let scale = height / (high - low);
            let (mut x, mut carried) = (low, 0.0);
            while n <= last {
                let next = (coordinate(n + 1)).min(high);
                let share = (next - x) * scale;
                let inside = 0.5 * (x + next) - coordinate(n);
                areas[n] += share * (1.0 - inside) + carried;
                carried = share * inside;
                x = next;
                n += 1;
            }
            areas[last + 1] += carried;
        }
        let mut bit = first;
        while bit <= last + 1 && bit < words * 64 {
            touched[bit / 64] |= 1 << (bit % 64);
            bit += 1;
        }
    }

    /// Paints what was covered in a row, and forgets it.
    fn sweep(&mut self, row: usize, pixel: u32, opacity: f32) {
        let (width, stride, words) = (self.width, self.width + 2, self.width / 64 + 1);
        let areas = &mut self.areas[row * stride..(row + 1) * stride];
        let touched = &mut self.touched[row * words..(row + 1) * words];
        let pixels = &mut self.pixels[row * width..(row + 1) * width];
        let (mut sum, mut done, mut word) = (0.0_f32, 0, 0);
        while word < words {
            let mut bits = touched[word];
            touched[word] = 0;
            while bits != 0 {
                let at = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let end = if at < width { at } else { width };
                if end > done {
                    run(&mut pixels[done..end], pixel, share(sum.abs().min(1.0) * opacity));
                    done = end;
                }
                sum += areas[at];
                areas[at] = 0.0;
            }
            word += 1;
        }
        areas[width] = 0.0;
        areas[width + 1] = 0.0;
        if done < width {
            run(&mut pixels[done..], pixel, share(sum.abs().min(1.0) * opacity));
        }
    }
}

/// The highest and the lowest y of a path.
fn extent(path: &Path) -> Option<(f32, f32)> {
    let first = path.points.first()?.1;
    let (mut top, mut bottom) = (first, first);
    for &(_, y) in &path.points {
        top = top.min(y);
        bottom = bottom.max(y);
    }
    (top.is_finite() && bottom.is_finite()).then_some((top, bottom))
}

/// Paints pixels of a row that are all covered by the same share, of 256.
fn run(row: &mut [u32], pixel: u32, share: u32) {
    if share >= 255 {
        fill(row, pixel);
    } else if share > 0 {
        let (rest, mut n) = (256 - share, 0);
        let (low, high) = ((pixel & 0x00ff_00ff) * share, (pixel >> 8 & 0x00ff_00ff) * share);
        while n < row.len() {
            let old = row[n];
            row[n] = ((old & 0x00ff_00ff) * rest + low) >> 8 & 0x00ff_00ff
                | ((old >> 8 & 0x00ff_00ff) * rest + high) & 0xff00_ff00;
            n += 1;
        }
    }
}

/// Sets pixels, by doubling what is set: copies are fast in any build.
fn fill(row: &mut [u32], pixel: u32) {
    let Some(first) = row.first_mut() else { return };
    *first = pixel;
    let mut done = 1;
    while done < row.len() {
        let more = done.min(row.len() - done);
        row.copy_within(..more, done);
        done += more;
    }
}

/// Mixes a colour into one pixel, by a share of 256.
pub(super) fn mix(old: u32, pixel: u32, share: u32) -> u32 {
    let rest = 256 - share;
    ((old & 0x00ff_00ff) * rest + (pixel & 0x00ff_00ff) * share) >> 8 & 0x00ff_00ff
        | ((old >> 8 & 0x00ff_00ff) * rest + (pixel >> 8 & 0x00ff_00ff) * share) & 0xff00_ff00
}

/// The pixels from one coordinate to another that are inside of a picture.
pub(super) fn within(from: f32, to: f32, size: usize) -> std::ops::Range<usize> {
    let clamp = |n: i32| usize::try_from(n).unwrap_or(0).min(size);
    clamp(floor(from))..clamp(floor(to).saturating_add(1))
}
