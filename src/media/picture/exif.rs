//! The one thing of EXIF data that matters here: how a camera was held.

use image::metadata::Orientation;

/// How much of EXIF data is looked at, in bytes: a JPEG holds no more, and the orientation is at their beginning.
pub(super) const MOST: u64 = 1 << 16;

/// What the block begins with in a JPEG; some programs write it into other formats as well.
const MARK: &[u8] = b"Exif\0\0";

/// The orientation that EXIF data (a TIFF header and its tags) ask for, EXIF 2.32 §4.6.4 A.
pub(super) fn orientation(data: &[u8]) -> Orientation {
    let data = data.strip_prefix(MARK).unwrap_or(data);
    Orientation::from_exif_chunk(data).unwrap_or(Orientation::NoTransforms)
}

/// A size after turning; or, of a size that was turned, the one before.
pub(super) fn shown((width, height): (u32, u32), orientation: Orientation) -> (u32, u32) {
    match orientation {
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => {
            (height, width)
        }
        _ => (width, height),
    }
}
