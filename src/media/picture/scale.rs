//! From the pixels of a picture to a PNG of a canvas with the picture on it.

use std::io;

use fast_image_resize::{
    FilterType, MulDiv, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use image::{
    DynamicImage, ExtendedColorType, GrayAlphaImage, GrayImage, ImageEncoder, RgbImage, RgbaImage,
    codecs::png::{CompressionType, FilterType as RowFilter, PngEncoder},
    imageops,
    metadata::Orientation,
};

use super::{
    Canvas, Refused,
    decode::{Channels, Decoded},
    exif::shown,
};

/// Scales a picture, turns it upright, puts it in the middle of the canvas, and writes that as a PNG.
pub(super) fn onto(canvas: Canvas, mut decoded: Decoded, orientation: Orientation) -> Result<Vec<u8>, Refused> {
    let profile = decoded.profile.take();
    let upright = shown((decoded.width, decoded.height), orientation);
    let mut picture = scaled(decoded, shown(fitting(upright, canvas), orientation))?;
    picture.apply_orientation(orientation);

    let picture = picture.into_rgba8();
    let mut whole = RgbaImage::new(canvas.width, canvas.height);
    let left = canvas.width.saturating_sub(picture.width()) / 2;
    let top = canvas.height.saturating_sub(picture.height()) / 2;
    imageops::replace(&mut whole, &picture, left.into(), top.into());
    encode(&whole, profile)
}

/// The largest size of the same shape that fits; a side that would be less than a pixel is one.
fn fitting((width, height): (u32, u32), canvas: Canvas) -> (u32, u32) {
    let is_wider = u64::from(width) * u64::from(canvas.height) >= u64::from(height) * u64::from(canvas.width);
    if is_wider {
        (canvas.width, proportion(height, canvas.width, width).clamp(1, canvas.height.max(1)))
    } else {
        (proportion(width, canvas.height, height).clamp(1, canvas.width.max(1)), canvas.height)
    }
}

/// `side * numerator / denominator`, rounded.
fn proportion(side: u32, numerator: u32, denominator: u32) -> u32 {
    let denominator = u64::from(denominator.max(1));
    let doubled = 2 * u64::from(side) * u64::from(numerator) + denominator;
    u32::try_from(doubled / (2 * denominator)).unwrap_or(u32::MAX)
}

/// Scales with Lanczos' filter of three lobes. Colours are weighted by their opacity meanwhile, so that nothing of a
/// transparent pixel's colour gets into its neighbours.
fn scaled(decoded: Decoded, (width, height): (u32, u32)) -> Result<DynamicImage, Refused> {
    let Decoded { channels, mut pixels, .. } = decoded;
    if (width, height) == (decoded.width, decoded.height) {
        return of_pixels(width, height, channels, pixels);
    }
    let kind = pixel_type(channels);
    let has_alpha = matches!(channels, Channels::GrayAlpha | Channels::Rgba);
    if has_alpha {
        // In place, unlike the resizer's own way of doing it: a copy might be 200 MB.
        let mut whole = Image::from_slice_u8(decoded.width, decoded.height, &mut pixels, kind).map_err(internal)?;
        MulDiv::new().multiply_alpha_inplace(&mut whole).map_err(internal)?;
    }
    let source = ImageRef::new(decoded.width, decoded.height, &pixels, kind).map_err(internal)?;
    let mut small = Image::new(width, height, kind);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).use_alpha(false);
    Resizer::new().resize(&source, &mut small, &options).map_err(internal)?;
    if has_alpha {
        MulDiv::new().divide_alpha_inplace(&mut small).map_err(internal)?;
    }
    of_pixels(width, height, channels, small.into_vec())
}

fn pixel_type(channels: Channels) -> PixelType {
    match channels {
        Channels::Gray => PixelType::U8,
        Channels::GrayAlpha => PixelType::U8x2,
        Channels::Rgb => PixelType::U8x3,
        Channels::Rgba => PixelType::U8x4,
    }
}

fn of_pixels(width: u32, height: u32, channels: Channels, pixels: Vec<u8>) -> Result<DynamicImage, Refused> {
    let image = match channels {
        Channels::Gray => GrayImage::from_raw(width, height, pixels).map(DynamicImage::from),
        Channels::GrayAlpha => GrayAlphaImage::from_raw(width, height, pixels).map(DynamicImage::from),
        Channels::Rgb => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
        Channels::Rgba => RgbaImage::from_raw(width, height, pixels).map(DynamicImage::from),
    };
    image.ok_or_else(|| internal("its pixels do not fill it"))
}

fn encode(picture: &RgbaImage, profile: Option<Vec<u8>>) -> Result<Vec<u8>, Refused> {
    let mut png = Vec::new();
    let mut encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Default, RowFilter::Adaptive);
    if let Some(profile) = profile {
        encoder.set_icc_profile(profile).map_err(internal)?;
    }
    let (width, height) = picture.dimensions();
    encoder.write_image(picture, width, height, ExtendedColorType::Rgba8).map_err(internal)?;
    Ok(png)
}

/// What cannot be, since sizes were made to fit each other.
fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Refused {
    Refused::Read(io::Error::other(error))
}

#[cfg(test)]
mod tests {
    use super::{Canvas, fitting};

    #[test]
    fn a_picture_is_as_large_as_fits() {
        let cases = [
            ((3840, 2160), (150, 84)),
            ((150, 100), (150, 100)),
            ((3, 2), (150, 100)),
            ((16, 16), (100, 100)),
            ((1080, 1920), (56, 100)),
            ((32_768, 1), (150, 1)),
            ((1, 32_768), (1, 100)),
        ];
        for (size, fitted) in cases {
            assert_eq!(fitting(size, Canvas::THUMBNAIL), fitted, "{size:?}");
        }
        assert_eq!(fitting((1998, 1080), Canvas::AVATAR), (400, 216));
    }
}
