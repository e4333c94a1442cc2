//! Pictures and movies, small, each other than the rest.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use watchtower_server::media::blank::blank_movie;

/// A PNG of one colour, of no size that the page has.
pub fn png(color: [u8; 3]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(30, 20, Rgb(color)).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// The size of a picture, and the colour in its middle.
pub fn look_at(picture: &[u8]) -> ((u32, u32), [u8; 3]) {
    let picture = image::load_from_memory_with_format(picture, ImageFormat::Png).unwrap().to_rgb8();
    let (width, height) = picture.dimensions();
    ((width, height), picture.get_pixel(width / 2, height / 2).0)
}

/// A movie of so many frames, at 24 frames per second.
pub fn movie(frames: u64) -> Vec<u8> {
    blank_movie(frames, 24.0).to_vec()
}
