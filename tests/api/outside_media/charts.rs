//! Test charts: pictures that have a colour in every corner, one along all sides, and one of their own inside, so that it
//! can be seen of a drawn one whether all of it is there, and which it is.

use std::{io::Cursor, ops::Range};

use image::{ColorType, DynamicImage, ImageEncoder, ImageFormat, RgbaImage, codecs::jpeg::JpegEncoder, imageops};
use serde_json::{Value, json};

/// Red, green and blue.
pub type Color = [u8; 3];

/// Of the corners: top left, top right, bottom left, bottom right.
const CORNERS: [Color; 4] = [[230, 20, 20], [20, 200, 40], [30, 50, 230], [240, 220, 20]];
/// Of the sides between them.
const SIDES: Color = [255, 255, 255];
/// Of insides: each is far from all others.
pub const INSIDES: [Color; 12] = [
    [150, 60, 60],
    [220, 140, 90],
    [140, 130, 50],
    [190, 220, 110],
    [60, 120, 50],
    [110, 210, 140],
    [50, 120, 110],
    [110, 190, 220],
    [50, 80, 140],
    [150, 140, 230],
    [110, 50, 140],
    [230, 140, 200],
];

/// How a chart becomes a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Png,
    /// PNG that is transparent between its sides and a block of its own colour in the middle.
    HollowPng,
    Gif,
    WebP,
    Jpeg,
    /// JPEG that lies on its side, with the EXIF orientation that sets it upright.
    TurnedJpeg(u8),
}

/// A picture: how it is to look, and its file.
pub struct Chart {
    /// As it is to be looked at, in pixels.
    pub size: (u32, u32),
    /// Its own colour.
    pub inside: Color,
    pub form: Form,
}

impl Chart {
    /// What the page is to show of it.
    pub fn to_json(&self) -> Value {
        let Self { size, inside, form } = self;
        let is_hollow = *form == Form::HollowPng;
        json!({"size": size, "corners": CORNERS, "sides": SIDES, "inside": inside, "isHollow": is_hollow})
    }

    /// Corners are a quarter of each side, sides an eighth thick.
    fn paint(&self) -> RgbaImage {
        let (width, height) = self.size;
        let mut chart = RgbaImage::new(width, height);
        fill(&mut chart, 0..width, 0..height, SIDES, 255);
        let (across, down) = (width / 8..width - width / 8, height / 8..height - height / 8);
        if self.form == Form::HollowPng {
            fill(&mut chart, across, down, [0; 3], 0);
            fill(&mut chart, width * 3 / 8..width * 5 / 8, height * 3 / 8..height * 5 / 8, self.inside, 255);
        } else {
            fill(&mut chart, across, down, self.inside, 255);
        }
        let (left, right) = (0..width / 4, width - width / 4..width);
        let (top, bottom) = (0..height / 4, height - height / 4..height);
        fill(&mut chart, left.clone(), top.clone(), CORNERS[0], 255);
        fill(&mut chart, right.clone(), top, CORNERS[1], 255);
        fill(&mut chart, left, bottom.clone(), CORNERS[2], 255);
        fill(&mut chart, right, bottom, CORNERS[3], 255);
        chart
    }

    /// The bytes of its file.
    pub fn file(&self) -> Vec<u8> {
        let chart = self.paint();
        match self.form {
            Form::Png | Form::HollowPng => written(chart, ImageFormat::Png),
            Form::Gif => written(chart, ImageFormat::Gif),
            Form::WebP => written(chart, ImageFormat::WebP),
            Form::Jpeg => jpeg(chart),
            Form::TurnedJpeg(6) => with_orientation(&jpeg(imageops::rotate270(&chart)), 6),
            Form::TurnedJpeg(8) => with_orientation(&jpeg(imageops::rotate90(&chart)), 8),
            Form::TurnedJpeg(other) => panic!("no phone is held so: {other}"),
        }
    }
}

/// Paints a part of a picture, row by row: pixel by pixel, 4K would take seconds.
fn fill(picture: &mut RgbaImage, across: Range<u32>, down: Range<u32>, [red, green, blue]: Color, alpha: u8) {
    let of = |pixel: u32| 4 * usize::try_from(pixel).unwrap();
    let (row, from, to) = (of(picture.width()), of(across.start), of(across.end));
    let paint = [red, green, blue, alpha].repeat((to - from) / 4);
    let rows = usize::try_from(down.start).unwrap()..usize::try_from(down.end).unwrap();
    for line in picture.chunks_exact_mut(row).take(rows.end).skip(rows.start) {
        line[from..to].copy_from_slice(&paint);
    }
}

fn written(picture: RgbaImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn jpeg(picture: RgbaImage) -> Vec<u8> {
    let picture = DynamicImage::from(picture).into_rgb8();
    let (mut file, (width, height)) = (Vec::new(), picture.dimensions());
    JpegEncoder::new_with_quality(&mut file, 90).write_image(&picture, width, height, ColorType::Rgb8.into()).unwrap();
    file
}

/// Puts an APP1 segment with EXIF data behind the start of a JPEG: a TIFF file with one entry, the orientation (tag 0x0112,
/// one SHORT), as in CIPA DC-008 (Exif 2.32), 4.5.2 and 4.6.4.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    exif.extend([0, orientation, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let (start, rest) = jpeg.split_at(2);
    [start, &[0xff, 0xe1], &length, &exif, rest].concat()
}
