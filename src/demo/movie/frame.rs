//! Frames as movies keep them: brightness for each pixel, colour for each four (BT.709, limited range).

use super::super::pictures::Picture;

/// One plane of a frame, as large as whole macroblocks.
#[derive(Debug, Clone)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) samples: Vec<u8>,
}

/// A frame: brightness, and two planes of colour at half its size.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// Across and down, in macroblocks of 16 by 16 pixels.
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) planes: [Plane; 3],
}

/// Black, as samples of the three planes.
const BLACK: [u8; 3] = [16, 128, 128];

impl Frame {
    /// A black frame for pictures of a size.
    pub(super) fn black(width: u16, height: u16) -> Self {
        let columns = usize::from(width).div_ceil(16).max(1);
        let rows = usize::from(height).div_ceil(16).max(1);
        let plane = |size: usize, sample: u8| Plane {
            width: columns * size,
            samples: vec![sample; columns * size * rows * size],
        };
        let [luma, blue, red] = BLACK;
        Self { columns, rows, planes: [plane(16, luma), plane(8, blue), plane(8, red)] }
    }

    /// A picture in the upper left corner of a frame. What does not fit is left out; the last row and column go on to the frame's edge.
    pub(super) fn show(&mut self, picture: &Picture) {
        let (width, height) = (usize::from(picture.width), usize::from(picture.height));
        if width == 0 || height == 0 || picture.rgb.len() < width * height * 3 {
            return;
        }
        let across = self.planes[0].width;
        for y in (0..self.rows * 16).step_by(2) {
            let rows = [y, y + 1].map(|y| &picture.rgb[y.min(height - 1) * width * 3..][..width * 3]);
            let [luma, blue, red] = &mut self.planes;
            let (upper, lower) = luma.samples[y * across..(y + 2) * across].split_at_mut(across);
            let half = y / 2 * (across / 2);
            let colors = (&mut blue.samples[half..half + across / 2], &mut red.samples[half..half + across / 2]);
            convert(rows, [upper, lower], colors);
        }
    }

    /// A grey picture of even size at an even place, as what is burnt in; what does not fit is left out.
    pub(super) fn burn(&mut self, picture: &Picture, (left, top): (usize, usize)) {
        let (width, height) = (usize::from(picture.width), usize::from(picture.height));
        for (n, plane) in self.planes.iter_mut().enumerate() {
            let part = if n == 0 { 1 } else { 2 };
            let (left, top) = (left / part, top / part);
            let end = (left + width / part).min(plane.width);
            for y in 0..height / part {
                let Some(row) = plane.samples.get_mut((top + y) * plane.width..(top + y + 1) * plane.width) else {
                    break;
                };
                for (x, sample) in row.iter_mut().enumerate().take(end).skip(left) {
                    let grey = picture.rgb[(y * width + x - left) * 3];
                    *sample = if n == 0 { byte((u32::from(grey) * 220 + 128) >> 8) + 16 } else { 128 };
                }
            }
        }
    }
}

/// Two rows of pixels.
fn convert(rows: [&[u8]; 2], luma: [&mut [u8]; 2], (blues, reds): (&mut [u8], &mut [u8])) {
    let last = rows[0].len() / 3 - 1;
    let [upper, lower] = luma;
    let mut x = 0;
    while x < upper.len() {
        let mut sum = [0_u32; 3];
        let mut n = 0;
        while n < 4 {
            let row = rows[n / 2];
            let at = if x + n % 2 < last { x + n % 2 } else { last };
            let (red, green) = (u32::from(row[3 * at]), u32::from(row[3 * at + 1]));
            let blue = u32::from(row[3 * at + 2]);
            let [.., light] = (((47 * red + 157 * green + 16 * blue + 128) >> 8) + 16).to_be_bytes();
            if n < 2 {
                upper[x + n] = light;
            } else {
                lower[x + n - 2] = light;
            }
            sum = [sum[0] + red, sum[1] + green, sum[2] + blue];
            n += 1;
        }
        let [red, green, blue] = sum;
        // Sums of four, so the point moves by two; 128 is added first, which keeps all numbers above 0.
        blues[x / 2] = byte(((128 << 10) + 512 + 112 * blue - 26 * red - 86 * green) >> 10);
        reds[x / 2] = byte(((128 << 10) + 512 + 112 * red - 102 * green - 10 * blue) >> 10);
        x += 2;
    }
}

/// The lowest byte.
fn byte(number: u32) -> u8 {
    number.to_be_bytes()[3]
}
