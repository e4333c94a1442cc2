//! Pictures to test with: a chart in any format, and files made by hand where no encoder makes what is needed.

use std::io::{Cursor, Write};

use flate2::{Compression, Crc, write::ZlibEncoder};
use image::{
    DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, Rgb, RgbImage,
    codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder},
};

pub const RED: [u8; 3] = [255, 0, 0];
pub const GREEN: [u8; 3] = [0, 255, 0];
pub const BLUE: [u8; 3] = [0, 0, 255];
pub const YELLOW: [u8; 3] = [255, 255, 0];
pub const WHITE: [u8; 3] = [255; 3];

/// Grey, with a corner of each colour: red and green at the top, blue and yellow at the bottom.
pub fn chart(width: u32, height: u32) -> DynamicImage {
    let (across, down) = (width.div_ceil(4), height.div_ceil(4));
    let chart = RgbImage::from_fn(width, height, |x, y| {
        let (is_left, is_right) = (x < across, x >= width - across);
        let (is_top, is_bottom) = (y < down, y >= height - down);
        Rgb(match (is_top, is_bottom, is_left, is_right) {
            (true, _, true, _) => RED,
            (true, _, _, true) => GREEN,
            (_, true, true, _) => BLUE,
            (_, true, _, true) => YELLOW,
            _ => [128; 3],
        })
    });
    chart.into()
}

pub fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// EXIF data that have nothing but an orientation.
pub fn exif(orientation: u16) -> Vec<u8> {
    let [high, low] = orientation.to_be_bytes();
    [&b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01"[..], &[high, low, 0, 0], &[0; 4]].concat()
}

pub fn with_orientation(image: &DynamicImage, format: ImageFormat, orientation: u16) -> Vec<u8> {
    with_metadata(image, format, Some(exif(orientation)), None)
}

pub fn with_profile(image: &DynamicImage, format: ImageFormat, profile: Vec<u8>) -> Vec<u8> {
    with_metadata(image, format, None, Some(profile))
}

fn with_metadata(
    image: &DynamicImage,
    format: ImageFormat,
    exif: Option<Vec<u8>>,
    profile: Option<Vec<u8>>,
) -> Vec<u8> {
    let mut file = Vec::new();
    match format {
        ImageFormat::Jpeg => write_with(JpegEncoder::new_with_quality(&mut file, 95), image, exif, profile),
        ImageFormat::WebP => write_with(WebPEncoder::new_lossless(&mut file), image, exif, profile),
        _ => write_with(PngEncoder::new(&mut file), image, exif, profile),
    }
    file
}

fn write_with(mut encoder: impl ImageEncoder, image: &DynamicImage, exif: Option<Vec<u8>>, profile: Option<Vec<u8>>) {
    if let Some(exif) = exif {
        encoder.set_exif_metadata(exif).unwrap();
    }
    if let Some(profile) = profile {
        encoder.set_icc_profile(profile).unwrap();
    }
    encoder.write_image(image.as_bytes(), image.width(), image.height(), image.color().into()).unwrap();
}

/// As little of an ICC profile as tells what it is of.
pub fn profile(space: [u8; 4], size: u32) -> Vec<u8> {
    let mut profile = vec![0; usize::try_from(size).unwrap()];
    profile[..4].copy_from_slice(&size.to_be_bytes());
    profile[12..16].copy_from_slice(b"mntr");
    profile[16..20].copy_from_slice(&space);
    profile[36..40].copy_from_slice(b"acsp");
    profile
}

/// A PNG of these fields and rows: `color` is 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGBA.
pub fn png(width: u32, height: u32, [bits, color, interlace]: [u8; 3], before: &[u8], rows: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(rows).unwrap();
    png_packed(width, height, [bits, color, interlace], before, &packed.finish().unwrap())
}

/// The same, of rows that are compressed already.
pub fn png_packed(width: u32, height: u32, [bits, color, interlace]: [u8; 3], before: &[u8], packed: &[u8]) -> Vec<u8> {
    let fields = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[bits, color, 0, 0, interlace]].concat();
    let signature = b"\x89PNG\r\n\x1a\n";
    [signature, &png_chunk("IHDR", &fields)[..], before, &png_chunk("IDAT", packed), &png_chunk("IEND", &[])].concat()
}

pub fn png_chunk(name: &str, data: &[u8]) -> Vec<u8> {
    let content = [name.as_bytes(), data].concat();
    let mut sum = Crc::new();
    sum.update(&content);
    [&u32::try_from(data.len()).unwrap().to_be_bytes(), &content[..], &sum.sum().to_be_bytes()].concat()
}

/// A PNG with a chunk put in behind its header.
pub fn with_chunk(png: &[u8], chunk: &[u8]) -> Vec<u8> {
    [&png[..33], chunk, &png[33..]].concat()
}

pub fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let content = [&b"WEBP"[..], &chunks.concat()].concat();
    [&b"RIFF"[..], &u32::try_from(content.len()).unwrap().to_le_bytes(), &content].concat()
}

pub fn riff_chunk(name: &str, data: &[u8]) -> Vec<u8> {
    let padding = vec![0; data.len() % 2];
    [name.as_bytes(), &u32::try_from(data.len()).unwrap().to_le_bytes(), data, &padding].concat()
}

/// The `VP8X` chunk of a canvas: flags 2 for an animation, 16 for alpha.
pub fn webp_canvas(flags: u8, width: u32, height: u32) -> Vec<u8> {
    riff_chunk("VP8X", &[&[flags, 0, 0, 0][..], &less_one(width), &less_one(height)].concat())
}

/// A frame of an animated WebP, of chunks with its pixels.
pub fn webp_frame((x, y): (u32, u32), (width, height): (u32, u32), pixels: &[u8]) -> Vec<u8> {
    let place = [less_one(x / 2 + 1), less_one(y / 2 + 1), less_one(width), less_one(height)].concat();
    riff_chunk("ANMF", &[&place[..], &[100, 0, 0, 0], pixels].concat())
}

fn less_one(side: u32) -> [u8; 3] {
    let [a, b, c, _] = (side - 1).to_le_bytes();
    [a, b, c]
}

/// The pixels of a lossless WebP: all after the file's header.
pub fn webp_pixels(image: &DynamicImage) -> Vec<u8> {
    encoded(image, ImageFormat::WebP).split_off(12)
}

/// The `VP8L` chunk of a square that names so many groups of five codes, each with the largest table there is.
pub fn webp_codes(side: u32, groups: u32) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(&[(0x2f, 8), (side - 1, 14), (side - 1, 14), (0, 1), (0, 3)]);
    // No transforms, no cache; and a group for each block of 512 x 512 pixels, all the last one.
    bits.put(&[(0, 1), (0, 1), (1, 1), (7, 3), (0, 1)]);
    for symbol in [(groups - 1) & 0xff, (groups - 1) >> 8, 0, 0, 0] {
        bits.put(&[(1, 1), (0, 1), (1, 1), (symbol, 8)]);
    }
    for _ in 0..groups * 5 {
        // Six lengths are written with three bits, four with four; and then eleven of them, of which the longest is 10.
        bits.put(&[(0, 1), (10, 4)]);
        bits.put(&[0, 0, 0, 3, 3, 3, 3, 3, 0, 3, 4, 4, 4, 4].map(|length| (length, 3)));
        bits.put(&[(1, 1), (1, 3), (9, 4)]);
        bits.put(&[(0, 3), (4, 3), (2, 3), (6, 3), (1, 3), (5, 3), (3, 4), (11, 4), (7, 4), (15, 4), (15, 4)]);
    }
    riff_chunk("VP8L", &bits.bytes)
}

/// Bits from the lowest of each byte on.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, values: &[(u32, u32)]) {
        for (value, count) in values {
            for bit in 0..*count {
                if self.used == 0 {
                    self.bytes.push(0);
                }
                *self.bytes.last_mut().unwrap() |= u8::from(value >> bit & 1 == 1) << self.used;
                self.used = (self.used + 1) % 8;
            }
        }
    }
}

/// A grey JPEG.
pub fn gray_jpeg(image: &DynamicImage) -> Vec<u8> {
    let mut file = Vec::new();
    let gray = image.to_luma8();
    JpegEncoder::new(&mut file).write_image(&gray, gray.width(), gray.height(), ExtendedColorType::L8).unwrap();
    file
}

pub fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
