//! Between the numbers of geometry and those of pixels, in one place so that each conversion is known to be safe.

/// The whole part of a number, towards negative infinity. What is outside of `i32` becomes the nearest inside, not a number becomes 0.
#[expect(clippy::cast_possible_truncation, reason = "what does not fit is taken as the nearest that does")]
pub(super) fn floor(number: f32) -> i32 {
    let whole = number as i32;
    if number < 0.0 { (number.floor()) as i32 } else { whole }
}

/// The nearest index to a number; 0 below 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates at both ends")]
pub(super) fn index(number: f32) -> usize {
    number as usize
}

/// A share from 0 to 1 as one from 0 to 256, with which bytes are mixed; outside, the nearest inside.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=256")]
pub(super) fn share(number: f32) -> u32 {
    (number.clamp(0.0, 1.0) * 256.0 + 0.5) as u32
}

/// An index as a coordinate: exact for what pictures have, up to 2^24.
#[expect(clippy::cast_precision_loss, reason = "pictures are far smaller than 2^24")]
pub(super) fn coordinate(index: usize) -> f32 {
    index as f32
}
