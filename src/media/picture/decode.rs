//! From a file to its pixels, with 8 bits a channel.

use std::io::{BufRead, Seek};

use image::{
    ColorType, ImageDecoder, Limits,
    codecs::{gif::GifDecoder, jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder},
};

use super::{
    Format, Refused,
    header::{Header, MAX_MEMORY, MAX_SIDE, check_memory},
    png, profile,
};

/// The pixels of a picture as it is stored, row after row, with 8 bits a channel.
#[derive(Debug)]
pub(super) struct Decoded {
    pub width: u32,
    pub height: u32,
    pub channels: Channels,
    pub pixels: Vec<u8>,
    /// An ICC profile of what red, green and blue are.
    pub profile: Option<Vec<u8>>,
}

/// What the channels of a pixel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
}

/// Decodes the picture whose header was read; of an animation, its first frame.
pub(super) fn decode(format: Format, file: &mut (impl BufRead + Seek), header: &Header) -> Result<Decoded, Refused> {
    file.rewind()?;
    let error = Refused::decoding(format);
    match format {
        Format::Png => {
            let limits = limits(png::EXTRAS);
            pixels(format, header, PngDecoder::with_limits(file, limits).map_err(error)?)
        }
        Format::Jpeg => pixels(format, header, JpegDecoder::new(file).map_err(error)?),
        Format::WebP => pixels(format, header, WebPDecoder::new(file).map_err(error)?),
        Format::Gif => {
            let mut decoder = GifDecoder::new(file).map_err(&error)?;
            // A frame that does not cover the screen is decoded beside it: four bytes a pixel, and before that one.
            let beside = MAX_MEMORY.saturating_sub(decoder.total_bytes() / 4 * 5) / 5 * 4;
            decoder.set_limits(limits(beside)).map_err(error)?;
            pixels(format, header, decoder)
        }
    }
}

fn limits(memory: u64) -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(memory);
    limits
}

fn pixels(format: Format, header: &Header, mut decoder: impl ImageDecoder) -> Result<Decoded, Refused> {
    let (width, height) = decoder.dimensions();
    if (width, height) != (header.width, header.height) {
        return Err(Refused::damaged(format, "its parts disagree about its size"));
    }
    let size = decoder.total_bytes();
    check_memory(format, size.saturating_add(header.memory))?;
    let is_color = decoder.color_type().has_color();
    let profile = match (&header.profile, format) {
        _ if !is_color => None,
        (Some(profile), _) => Some(profile.clone()),
        // The decoder of this format would take as much memory as the profile claims to have.
        (None, Format::WebP) => None,
        (None, _) => decoder.icc_profile().ok().flatten(),
    };
    let (channels, has_16_bits) = channels(decoder.color_type())
        .ok_or_else(|| Refused::Unsupported { format, why: format!("{:?}", decoder.color_type()) })?;
    let mut pixels = vec![0; usize::try_from(size).map_err(|_| Refused::TooMuchMemory { format })?];
    decoder.read_image(&mut pixels).map_err(Refused::decoding(format))?;
    if has_16_bits {
        halve(&mut pixels);
    }
    Ok(Decoded { width, height, channels, pixels, profile: profile.and_then(profile::of_rgb) })
}

/// What the channels are, and whether each has 16 bits.
fn channels(color: ColorType) -> Option<(Channels, bool)> {
    Some(match color {
        ColorType::L8 => (Channels::Gray, false),
        ColorType::La8 => (Channels::GrayAlpha, false),
        ColorType::Rgb8 => (Channels::Rgb, false),
        ColorType::Rgba8 => (Channels::Rgba, false),
        ColorType::L16 => (Channels::Gray, true),
        ColorType::La16 => (Channels::GrayAlpha, true),
        ColorType::Rgb16 => (Channels::Rgb, true),
        ColorType::Rgba16 => (Channels::Rgba, true),
        _ => return None,
    })
}

/// Takes samples of 16 bits down to 8, where they are: a copy of them might be 200 MB.
fn halve(samples: &mut Vec<u8>) {
    let half = samples.len() / 2;
    for at in 0..half {
        let sample = u16::from_ne_bytes([samples[2 * at], samples[2 * at + 1]]);
        // Of 255 / 65,535 of it, the nearest whole number.
        samples[at] = (u32::from(sample) * 255 + 32_895).to_le_bytes()[2];
    }
    samples.truncate(half);
}

#[cfg(test)]
mod tests {
    use super::halve;

    #[test]
    fn samples_of_16_bits_become_the_nearest_of_8() {
        let samples: Vec<u16> = (0..=u16::MAX).collect();
        let mut bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect();
        halve(&mut bytes);
        for (sample, byte) in samples.into_iter().zip(bytes) {
            let error = i32::from(byte) * 257 - i32::from(sample);
            assert!(error.abs() <= 128, "{sample} became {byte}");
        }
    }
}
