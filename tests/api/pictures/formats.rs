//! Pictures of every format, and the peculiarities of each.

use image::{DynamicImage, ImageDecoder, ImageFormat, Rgba, RgbaImage, codecs::png::PngDecoder};
use watchtower_server::media::picture::{Canvas, Fitted, Format};

use super::{
    Cursor, assert_alike, assert_corners, covered, fit,
    made::{
        BLUE, GREEN, RED, WHITE, YELLOW, chart, encoded, exif, gray_jpeg, hex, png, png_chunk, profile, riff,
        riff_chunk, webp_canvas, webp_frame, webp_pixels, with_chunk, with_orientation, with_profile,
    },
    shown,
};

// Each has 32 x 16 pixels: red and green above blue and white.

/// Progressive, colour at half the resolution.
pub const PROGRESSIVE_JPEG: &str = "
    ffd8ffe000104a46494600010100000100010000ffdb0043000d090a0b0a080d0b0a0b0e0e0d0f13201513121213271c1e17202e2931302e
    292d2c333a4a3e333646372c2d405741464c4e525352323e5a615a50604a51524fffdb0043010e0e0e131113261515264f352d354f4f4f4f
    4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4fffc20011080010002003
    012200021101031101ffc40017000101010100000000000000000000000000060405ffc40015010101000000000000000000000000000004
    05ffda000c03010002100310000001e7b018fa65023c0fffc40014100100000000000000000000000000000030ffda00080101000105020f
    ffc40018110002030000000000000000000000000000621415a1ffda0008010301013f01b35d20b1ffc4001a110001050100000000000000
    00000000000014156162a1e1ffda0008010201013f0169be744927ffc40014100100000000000000000000000000000030ffda0008010100
    063f020fffc40014100100000000000000000000000000000030ffda0008010100013f210fffda000c03010002000300000010301fffc400
    18110002030000000000000000000000000000f011e1f1ffda0008010301013f105c09167fffc40017110100030000000000000000000000
    00000011e1f0ffda0008010201013f100662dfffc40014100100000000000000000000000000000030ffda0008010100013f100fffd9
";

/// Inverted, as Adobe writes it.
const CMYK_JPEG: &str = "
    ffd8ffee000e41646f626500640000000000ffdb0043000d090a0b0a080d0b0a0b0e0e0d0f13201513121213271c1e17202e2931302e292d
    2c333a4a3e333646372c2d405741464c4e525352323e5a615a50604a51524fffc000140800100020044311004d11005911004b1100ffc400
    160001010100000000000000000000000000000807ffc40014100100000000000000000000000000000000ffda000e0443004d0059004b00
    003f00d399833069c009894e80009894e800a754e8003fffd9
";

/// Lossy.
pub const LOSSY_WEBP: &str = "
    524946464e0000005745425056503820420000009002009d012a2000100002403825a00274ca11da3e01f841f8dc04463000fef590ffffeb
    0f8ffc7bb64485ff890bffc48588365e8ffdb9a7fffdc9d04fc23ab8e000
";

/// The upper right is transparent, the lower right half so.
const LOSSY_WEBP_WITH_ALPHA: &str = "
    524946467c00000057454250565038580a000000100000001f00000f0000414c5048130000000120d2b699f43b3f1c1c8d8809b846f79aee
    030056503820420000009002009d012a2000100002403825a00274ca11da3e01f841f8dc04463000fef590ffffeb0f8ffc7bb64485ff890b
    ffc48588365e8ffdb9a7fffdc9d04fc23ab8e000
";

fn formats() -> [(Format, Vec<u8>); 6] {
    let chart = chart(60, 40);
    [
        (Format::Png, encoded(&chart, ImageFormat::Png)),
        (Format::Jpeg, encoded(&chart, ImageFormat::Jpeg)),
        (Format::WebP, encoded(&chart, ImageFormat::WebP)),
        (Format::WebP, encoded(&chart.to_rgba8().into(), ImageFormat::WebP)),
        (Format::Gif, encoded(&chart, ImageFormat::Gif)),
        (Format::Png, encoded(&chart.to_rgba16().into(), ImageFormat::Png)),
    ]
}

#[test]
fn every_format_is_told_by_its_content_and_shown() {
    for (format, file) in formats() {
        let fitted = fit(&file, Canvas::THUMBNAIL).unwrap();
        assert_eq!((fitted.format, fitted.width, fitted.height), (format, 60, 40));
        assert_corners(&shown(&file, Canvas::THUMBNAIL), [RED, GREEN, BLUE, YELLOW], &format.to_string());
    }
    let names = formats().map(|(format, _)| (format.media_type(), format.extension()));
    assert_eq!(names[..3], [("image/png", "png"), ("image/jpeg", "jpg"), ("image/webp", "webp")]);
    assert_eq!(names[4], ("image/gif", "gif"));
}

#[test]
fn jpegs_of_rarer_kinds_are_shown() {
    assert_corners(&shown(&hex(PROGRESSIVE_JPEG), Canvas::THUMBNAIL), [RED, GREEN, BLUE, WHITE], "progressive");
    assert_corners(&shown(&hex(CMYK_JPEG), Canvas::THUMBNAIL), [RED, GREEN, BLUE, WHITE], "CMYK");
    // What Adobe's mark calls YCCK instead of CMYK has other colours, and is shown as well.
    let mut ycck = hex(CMYK_JPEG);
    ycck[17] = 2;
    assert_eq!(covered(&shown(&ycck, Canvas::THUMBNAIL)), (0, 12, 150, 75));
    let gray = shown(&gray_jpeg(&chart(60, 40)), Canvas::THUMBNAIL);
    assert_corners(&gray, [[54; 3], [182; 3], [18; 3], [236; 3]], "grey");
}

#[test]
fn a_lossy_webp_is_shown_with_its_transparency() {
    assert_corners(&shown(&hex(LOSSY_WEBP), Canvas::THUMBNAIL), [RED, GREEN, BLUE, WHITE], "lossy");
    let canvas = shown(&hex(LOSSY_WEBP_WITH_ALPHA), Canvas::THUMBNAIL);
    let alphas = [(20, 20), (130, 20), (20, 80), (130, 80)].map(|(x, y)| canvas.get_pixel(x, y).0[3]);
    assert_eq!(alphas, [255, 0, 255, 128]);
}

#[test]
fn of_an_animated_webp_the_first_frame_is_shown_where_it_lies() {
    let frame =
        |x, color| webp_frame((x, 0), (30, 40), &webp_pixels(&RgbaImage::from_pixel(30, 40, Rgba(color)).into()));
    let loops = riff_chunk("ANIM", &[0; 6]);
    let frames = [webp_canvas(2 | 16, 60, 40), loops, frame(30, [255, 0, 0, 255]), frame(0, [0, 0, 255, 255])];
    let canvas = shown(&riff(&frames), Canvas::THUMBNAIL);
    assert_eq!(canvas.get_pixel(30, 50).0[3], 0);
    assert_alike(*canvas.get_pixel(120, 50), RED, "the first frame");
}

#[test]
fn of_a_gif_the_first_frame_is_shown_where_it_lies() {
    let mut gif = encoded(&RgbaImage::from_pixel(30, 20, Rgba([255, 0, 0, 255])).into(), ImageFormat::Gif);
    // The logical screen, and the place of the frame on it.
    gif[6..10].copy_from_slice(&[60, 0, 40, 0]);
    let frame = gif.windows(9).position(|at| *at == [0x2c, 0, 0, 0, 0, 30, 0, 20, 0]).unwrap();
    gif[frame + 1..frame + 5].copy_from_slice(&[30, 0, 20, 0]);
    let fitted = fit(&gif, Canvas::THUMBNAIL).unwrap();
    assert_eq!((fitted.width, fitted.height), (60, 40));
    let canvas = shown(&gif, Canvas::THUMBNAIL);
    assert_alike(*canvas.get_pixel(120, 75), RED, "the frame");
    for (x, y) in [(30, 25), (120, 25), (30, 75)] {
        assert_eq!(canvas.get_pixel(x, y).0[3], 0, "{x} {y}");
    }
}

#[test]
fn a_small_gif_becomes_large_enough_to_be_seen() {
    let canvas = shown(&encoded(&chart(16, 16), ImageFormat::Gif), Canvas::THUMBNAIL);
    assert_eq!(covered(&canvas), (25, 0, 100, 100));
}

#[test]
fn pngs_of_every_kind_of_pixel_are_shown() {
    let middle = |file: &[u8]| shown(file, Canvas::THUMBNAIL).get_pixel(75, 50).0;
    assert_eq!(middle(&png(1, 1, [8, 0, 0], &[], &[0, 77])), [77, 77, 77, 255]);
    assert_eq!(middle(&png(1, 1, [1, 0, 0], &[], &[0, 0x80])), [255; 4]);
    assert_eq!(middle(&png(1, 1, [16, 0, 0], &[], &[0, 0x80, 0])), [128, 128, 128, 255]);
    assert_eq!(middle(&png(1, 1, [16, 4, 0], &[], &[0, 0x40, 0, 0x80, 0])), [64, 64, 64, 128]);
    assert_eq!(middle(&png(1, 1, [16, 2, 0], &[], &[0, 255, 255, 0x80, 0, 0, 0])), [255, 128, 0, 255]);
    assert_eq!(middle(&png(1, 1, [8, 6, 0], &[], &[0, 1, 2, 3, 255])), [1, 2, 3, 255]);
    let palette = [png_chunk("PLTE", &[9, 9, 9, 10, 20, 30]), png_chunk("tRNS", &[255, 128])].concat();
    assert_eq!(middle(&png(1, 1, [4, 3, 0], &palette, &[0, 0x10])), [10, 20, 30, 128]);
    // One grey is said to be transparent.
    assert_eq!(middle(&png(1, 1, [8, 0, 0], &png_chunk("tRNS", &[0, 77]), &[0, 77]))[3], 0);
}

#[test]
fn an_interlaced_png_is_shown() {
    // Of two rows of two pixels: the first, then the one to the right of it, then the second row.
    let canvas = shown(&png(2, 2, [8, 0, 1], &[], &[0, 0, 0, 80, 0, 160, 240]), Canvas::AVATAR);
    let corners = [(100, 100), (300, 100), (100, 300), (300, 300)].map(|(x, y)| i16::from(canvas.get_pixel(x, y).0[0]));
    assert!(corners.into_iter().zip([0, 80, 160, 240]).all(|(is, stored)| (is - stored).abs() < 16), "{corners:?}");
}

#[test]
fn a_png_of_the_right_size_is_left_as_it_is() {
    for canvas in super::CANVASES {
        let file = encoded(&chart(canvas.width, canvas.height), ImageFormat::Png);
        let (width, height) = (canvas.width, canvas.height);
        assert_eq!(fit(&file, canvas).unwrap(), Fitted { format: Format::Png, width, height, png: None });
    }
    let deep = encoded(&chart(150, 100).to_rgba16().into(), ImageFormat::Png);
    assert_eq!(fit(&deep, Canvas::THUMBNAIL).unwrap().png, None);
}

#[test]
fn a_picture_of_the_right_size_that_is_more_than_a_picture_is_made_anew() {
    let exact = encoded(&chart(150, 100), ImageFormat::Png);
    let animated = with_chunk(&exact, &png_chunk("acTL", &[0, 0, 0, 1, 0, 0, 0, 0]));
    let with_notes = with_chunk(&exact, &png_chunk("noTe", &vec![0; 300_000]));
    let with_tail = [&exact[..], b"PK\x03\x04"].concat();
    let as_jpeg = encoded(&chart(150, 100), ImageFormat::Jpeg);
    let turned = with_orientation(&chart(150, 100), ImageFormat::Png, 3);
    let turned_behind = [&exact[..exact.len() - 12], &png_chunk("eXIf", &exif(2)), &exact[exact.len() - 12..]].concat();
    for file in [animated, with_notes, with_tail, as_jpeg] {
        assert_corners(&shown(&file, Canvas::THUMBNAIL), [RED, GREEN, BLUE, YELLOW], "made anew");
        assert_ne!(fit(&file, Canvas::THUMBNAIL).unwrap().png, None);
    }
    assert_corners(&shown(&turned, Canvas::THUMBNAIL), [YELLOW, BLUE, GREEN, RED], "turned");
    assert_corners(&shown(&turned_behind, Canvas::THUMBNAIL), [GREEN, RED, YELLOW, BLUE], "mirrored");
}

#[test]
fn a_profile_of_rgb_is_kept_and_no_other() {
    let kept = |file: &[u8]| {
        let made = fit(file, Canvas::THUMBNAIL).unwrap().png.unwrap();
        PngDecoder::new(Cursor::new(made)).unwrap().icc_profile().unwrap()
    };
    let of_rgb = profile(*b"RGB ", 200);
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        assert_eq!(kept(&with_profile(&chart(60, 40), format, of_rgb.clone())), Some(of_rgb.clone()), "{format:?}");
        for other in [
            profile(*b"CMYK", 200),
            profile(*b"GRAY", 200),
            profile(*b"RGB ", 70_000),
            vec![1; 20],
            of_rgb[..150].to_vec(),
        ] {
            assert_eq!(kept(&with_profile(&chart(60, 40), format, other)), None, "{format:?}");
        }
    }
    let gray = DynamicImage::from(chart(60, 40).to_luma8());
    assert_eq!(kept(&with_profile(&gray, ImageFormat::Png, of_rgb)), None);
}
