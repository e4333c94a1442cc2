//! What is no picture that can be shown, and how that is said.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use flate2::{Compression, write::ZlibEncoder};
use image::ImageFormat;
use watchtower_server::media::picture::{Canvas, Refused, looks_like_picture};

use super::{
    fit,
    made::{chart, encoded, hex, png, png_packed, riff, riff_chunk, webp_canvas, webp_codes, webp_frame},
};

/// Refused at once: nothing was decoded.
fn refusal(file: &[u8]) -> Refused {
    let start = Instant::now();
    let refusal = fit(file, Canvas::THUMBNAIL).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(10), "{refusal} after {:?}", start.elapsed());
    refusal
}

/// A JPEG whose header says this size, and whose pixels are a few bytes.
fn jpeg_of(width: u16, height: u16) -> Vec<u8> {
    let mut file = encoded(&chart(16, 16), ImageFormat::Jpeg);
    let frame = file.windows(2).position(|at| at == [0xff, 0xc0]).unwrap();
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    file
}

/// The `VP8 ` chunk of a size, with next to no pixels.
fn lossy_pixels(width: u16, height: u16) -> Vec<u8> {
    let [[a, b], [c, d]] = [width, height].map(u16::to_le_bytes);
    riff_chunk("VP8 ", &[0x10, 2, 0, 0x9d, 1, 0x2a, a, b, c, d, 0, 0, 0, 0])
}

#[test]
fn what_has_too_many_pixels_is_refused_by_its_header() {
    let mut gif = encoded(&chart(16, 16), ImageFormat::Gif);
    gif[6..10].fill(0xff);
    let bombs = [
        (png(50_000, 50_000, [8, 0, 0], &[], &[0; 100]), 50_000),
        (png(40_000, 100, [8, 0, 0], &[], &[0; 100]), 40_000),
        (png(8000, 7000, [8, 0, 0], &[], &[0; 100]), 8000),
        (jpeg_of(65_500, 65_500), 65_500),
        (gif, 65_535),
        (riff(&[lossy_pixels(16_383, 16_383)]), 16_383),
        (riff(&[webp_canvas(0, 1 << 24, 1 << 24), lossy_pixels(16, 16)]), 1 << 24),
        (riff(&[webp_canvas(0, 16, 16), lossy_pixels(16_383, 16_383)]), 16_383),
    ];
    for (bomb, expected) in bombs {
        let refusal = refusal(&bomb);
        assert!(matches!(refusal, Refused::TooManyPixels { width, .. } if width == expected), "{refusal}");
    }
}

#[test]
fn what_is_announced_beyond_what_can_be_there_is_refused() {
    assert!(matches!(refusal(&jpeg_of(7000, 7000)), Refused::CutOff { .. }));
    assert!(matches!(refusal(&jpeg_of(0, 16)), Refused::Damaged { .. }));
    let larger_inside = webp_frame((0, 0), (16, 16), &lossy_pixels(4000, 4000));
    let animation = [webp_canvas(2, 16, 16), riff_chunk("ANIM", &[0; 6]), larger_inside];
    assert!(matches!(refusal(&riff(&animation)), Refused::Damaged { .. }));
}

#[test]
fn what_would_take_too_much_memory_is_refused() {
    let frame = webp_frame((0, 0), (7000, 7000), &lossy_pixels(7000, 7000));
    let animation = riff(&[webp_canvas(2, 7000, 7000), riff_chunk("ANIM", &[0; 6]), frame]);
    assert!(matches!(refusal(&animation), Refused::TooMuchMemory { .. }));
    // A frame much larger than the screen that it is to be seen on.
    let mut gif = encoded(&chart(16, 16), ImageFormat::Gif);
    let frame = gif.windows(9).position(|at| *at == [0x2c, 0, 0, 0, 0, 16, 0, 16, 0]).unwrap();
    gif[frame + 5..frame + 9].fill(0xff);
    assert!(matches!(refusal(&gif), Refused::TooMuchMemory { .. }));
}

#[test]
fn the_codes_of_a_lossless_webp_are_counted_before_they_are_made() {
    let few = refusal(&riff(&[webp_codes(16, 100)]));
    // They are all read, and then there are no pixels.
    assert!(matches!(few, Refused::Damaged { .. }), "{few}");
    // Alone, neither so many pixels nor so many codes would be too much.
    let many = refusal(&riff(&[webp_codes(7000, 5000)]));
    assert!(matches!(many, Refused::TooMuchMemory { .. }), "{many}");
}

#[test]
fn what_is_packed_behind_the_pixels_costs_nothing() {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    let megabyte = vec![0; 1 << 20];
    for _ in 0..256 {
        packed.write_all(&megabyte).unwrap();
    }
    let bomb = png_packed(10, 10, [8, 0, 0], &[], &packed.finish().unwrap());
    let start = Instant::now();
    let _either_way = fit(&bomb, Canvas::THUMBNAIL);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn what_is_cut_off_is_refused_wherever_it_is() {
    let lossy_webp = hex(super::formats::LOSSY_WEBP);
    let progressive = hex(super::formats::PROGRESSIVE_JPEG);
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif] {
        assert_cuts_refused(&encoded(&chart(61, 43), format));
    }
    assert_cuts_refused(&lossy_webp);
    assert_cuts_refused(&progressive);
}

fn assert_cuts_refused(file: &[u8]) {
    // The last bytes of a GIF are not needed for its pixels.
    for end in (0..file.len() - 4).step_by(7) {
        let refused = fit(&file[..end], Canvas::THUMBNAIL);
        let is_expected = match looks_like_picture(&file[..end]) {
            Some(_) => matches!(refused, Err(Refused::CutOff { .. } | Refused::Damaged { .. })),
            None => matches!(refused, Err(Refused::NotAPicture { .. })),
        };
        assert!(is_expected, "{end} of {} bytes: {refused:?}", file.len());
    }
}

#[test]
fn what_is_damaged_is_refused_and_that_says_where() {
    let mut png = encoded(&chart(61, 43), ImageFormat::Png);
    let middle = png.len() / 2;
    png[middle] ^= 0xff;
    assert!(fit(&png, Canvas::THUMBNAIL).unwrap_err().to_string().starts_with("the PNG is damaged or cut off: "));
    let mut twelve_bits = jpeg_of(16, 16);
    let frame = twelve_bits.windows(2).position(|at| at == [0xff, 0xc0]).unwrap();
    twelve_bits[frame + 4] = 12;
    assert!(refusal(&twelve_bits).to_string().contains("12 bits a channel"));
    twelve_bits[frame + 1] = 0xc9;
    assert!(refusal(&twelve_bits).to_string().contains("arithmetic coding"));
}

#[test]
fn what_is_no_picture_is_called_by_its_name() {
    let files: &[(&[u8], &str)] = &[
        (b"", "an empty file"),
        (b"\n <!DOCTYPE html><html><title>Login", "an HTML page"),
        (b"\xef\xbb\xbf<html>", "an HTML page"),
        (b"<?xml version=\"1.0\"?>\n<!-- drawn --><svg xmlns=\"http://www.w3.org/2000/svg\"/>", "an SVG drawing"),
        (b"<svg width=\"3\">", "an SVG drawing"),
        (b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "an XML document"),
        (b"{\"error\": \"not found\"}", "JSON"),
        (b"Not Found\n", "text"),
        (b"%PDF-1.7", "a PDF document"),
        (b"8BPS\0\x01\0\0", "a Photoshop document"),
        (b"\x76\x2f\x31\x01\x02\0\0\0", "an OpenEXR picture"),
        (b"II*\0\x08\0\0\0", "a TIFF picture"),
        (b"\0\0\0\x20ftypisom\0\0\x02\0", "an MP4 movie"),
        (b"\0\0\0\x14ftypqt  ", "a QuickTime movie"),
        (b"\0\0\0\x1cftypavif", "an AVIF picture"),
        (b"\0\0\0\x18ftypheic", "a HEIC picture"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0", "a WebM or Matroska movie"),
        (b"RIFF\x10\0\0\0AVI LIST", "an AVI movie"),
        (b"BLENDER-v300", "a Blender file"),
        (b"\x89PNG\n\x1a\n\0\0\0\x0d", "a PNG whose line ends were changed"),
        (b"\x01\x02\x03\x04\x05\x06\x07\x08", "a file of an unknown kind"),
    ];
    for (file, name) in files {
        let refusal = refusal(file);
        assert!(matches!(refusal, Refused::NotAPicture { .. }), "{refusal:?}");
        assert!(refusal.to_string().starts_with(&format!("this is {name}")), "{refusal}");
    }
    let movie = refusal(b"\0\0\0\x20ftypisom\0\0\x02\0");
    assert!(movie.to_string().contains("ffmpeg -i IN -frames:v 1 OUT.png"), "{movie}");
}
