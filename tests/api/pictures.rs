//! Pictures: what of an original arrives on the canvas, and where.

mod drawn;
mod formats;
mod made;
mod refused;

use std::io::Cursor;

use image::{DynamicImage, GenericImageView, ImageFormat, Rgba, RgbaImage};
use proptest::prelude::*;
use watchtower_server::media::picture::{self, Canvas, Fitted, Format, Refused};

use made::{BLUE, GREEN, RED, YELLOW, chart, encoded, with_orientation};

const CANVASES: [Canvas; 2] = [Canvas::THUMBNAIL, Canvas::AVATAR];

fn fit(file: &[u8], canvas: Canvas) -> Result<Fitted, Refused> {
    picture::fit(Cursor::new(file), canvas)
}

/// The canvas with the picture of a file on it.
fn shown(file: &[u8], canvas: Canvas) -> RgbaImage {
    let fitted = fit(file, canvas).unwrap();
    let png = fitted.png.as_deref().unwrap_or(file);
    assert_eq!(picture::looks_like_picture(png), Some(Format::Png));
    let image = image::load_from_memory(png).unwrap();
    assert_eq!((image.width(), image.height()), (canvas.width, canvas.height));
    if fitted.png.is_some() {
        assert!(matches!(image, DynamicImage::ImageRgba8(_)), "{:?}", image.color());
    }
    image.into_rgba8()
}

/// What of a canvas is not transparent: left, top, width, height.
fn covered(canvas: &RgbaImage) -> (u32, u32, u32, u32) {
    let (mut left, mut top, mut right, mut bottom) = (u32::MAX, u32::MAX, 0, 0);
    for (x, y, _) in canvas.enumerate_pixels().filter(|(.., pixel)| pixel.0[3] > 0) {
        (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x), bottom.max(y));
    }
    (left, top, right - left + 1, bottom - top + 1)
}

fn assert_alike(pixel: Rgba<u8>, color: [u8; 3], what: &str) {
    let far = pixel.0.iter().zip(color).any(|(is, expected)| is.abs_diff(expected) > 48);
    assert!(!far && pixel.0[3] > 250, "{what}: {pixel:?} is not {color:?}");
}

/// The corners of the picture have these colours: top left, top right, bottom left, bottom right.
fn assert_corners(canvas: &RgbaImage, colors: [[u8; 3]; 4], what: &str) {
    let (left, top, width, height) = covered(canvas);
    let (x, y) =
        ([left + width / 16, left + width - 1 - width / 16], [top + height / 16, top + height - 1 - height / 16]);
    for (corner, color) in colors.into_iter().enumerate() {
        assert_alike(*canvas.get_pixel(x[corner % 2], y[corner / 2]), color, &format!("{what}, corner {corner}"));
    }
}

#[test]
fn a_picture_is_scaled_to_fit_and_centred_and_none_of_it_is_lost() {
    let thumbnails = [
        ((960, 540), (0, 8, 150, 84)),
        ((1024, 429), (0, 18, 150, 63)),
        ((540, 960), (47, 0, 56, 100)),
        ((16, 16), (25, 0, 100, 100)),
        ((24, 16), (0, 0, 150, 100)),
    ];
    for ((width, height), place) in thumbnails {
        let canvas = shown(&encoded(&chart(width, height), ImageFormat::Png), Canvas::THUMBNAIL);
        assert_eq!(covered(&canvas), place, "{width} x {height}");
        assert_corners(&canvas, [RED, GREEN, BLUE, YELLOW], &format!("{width} x {height}"));
    }
    let face = shown(&encoded(&chart(300, 400), ImageFormat::Png), Canvas::AVATAR);
    assert_eq!(covered(&face), (50, 0, 300, 400));
    assert_corners(&face, [RED, GREEN, BLUE, YELLOW], "a face");
}

#[test]
fn a_picture_of_extreme_shape_stays_visible() {
    for (width, height, place) in
        [(32_768, 1, (0, 49, 150, 1)), (1, 32_768, (74, 0, 1, 100)), (1, 1, (25, 0, 100, 100))]
    {
        let line = RgbaImage::from_pixel(width, height, Rgba([9, 8, 7, 255]));
        let canvas = shown(&encoded(&line.into(), ImageFormat::Png), Canvas::THUMBNAIL);
        assert_eq!(covered(&canvas), place);
    }
}

#[test]
fn a_picture_is_turned_as_its_camera_was_held() {
    // For each orientation, which corner of the stored picture is shown top left, top right, bottom left, bottom right
    // (EXIF 2.32 §4.6.4 A).
    let corners = [
        [0, 1, 2, 3],
        [1, 0, 3, 2],
        [3, 2, 1, 0],
        [2, 3, 0, 1],
        [0, 2, 1, 3],
        [2, 0, 3, 1],
        [3, 1, 2, 0],
        [1, 3, 0, 2],
    ];
    for format in [ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Png] {
        for (orientation, corners) in (1..).zip(corners) {
            let what = format!("{format:?}, orientation {orientation}");
            let file = with_orientation(&chart(96, 48), format, orientation);
            let fitted = fit(&file, Canvas::THUMBNAIL).unwrap();
            let (size, place) =
                if orientation < 5 { ((96, 48), (0, 12, 150, 75)) } else { ((48, 96), (50, 0, 50, 100)) };
            assert_eq!((fitted.width, fitted.height), size, "{what}");
            let canvas = shown(&file, Canvas::THUMBNAIL);
            assert_eq!(covered(&canvas), place, "{what}");
            assert_corners(&canvas, corners.map(|corner| [RED, GREEN, BLUE, YELLOW][corner]), &what);
        }
    }
}

#[test]
fn an_orientation_that_there_is_not_is_none() {
    for orientation in [0, 9, 255] {
        let fitted = fit(&with_orientation(&chart(96, 48), ImageFormat::Jpeg, orientation), Canvas::AVATAR).unwrap();
        assert_eq!((fitted.width, fitted.height), (96, 48));
    }
}

#[test]
fn nothing_of_the_colour_of_what_is_transparent_is_seen() {
    for (width, height) in [(600, 400), (15, 10), (150, 100)] {
        let half = RgbaImage::from_fn(width, height, |x, _| {
            Rgba(if x < width / 2 { [255, 0, 0, 255] } else { [0, 255, 0, 0] })
        });
        let canvas = shown(&encoded(&half.into(), ImageFormat::Png), Canvas::THUMBNAIL);
        assert!(canvas.pixels().all(|pixel| pixel.0[3] == 0 || pixel.0[0] > 200 && pixel.0[1] == 0), "{width}");
        assert_eq!(canvas.get_pixel(10, 50).0, [255, 0, 0, 255]);
        assert_eq!(canvas.get_pixel(140, 50).0[3], 0);
    }
}

#[test]
fn the_same_file_gives_the_same_bytes() {
    let file = encoded(&chart(333, 222), ImageFormat::Jpeg);
    for canvas in CANVASES {
        assert_eq!(fit(&file, canvas).unwrap(), fit(&file, canvas).unwrap());
    }
}

#[test]
fn a_file_is_read_from_its_beginning_and_by_its_content() {
    let mut file = Cursor::new(encoded(&chart(30, 20), ImageFormat::Gif));
    file.set_position(100);
    assert_eq!(picture::fit(file, Canvas::THUMBNAIL).unwrap().format, Format::Gif);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_size_the_canvas_is_exact_and_the_shape_is_kept(width in 1_u32..400, height in 1_u32..400, which in 0_usize..2) {
        let canvas = CANVASES[which];
        let solid = RgbaImage::from_pixel(width, height, Rgba([200, 100, 50, 255]));
        let shown = shown(&encoded(&solid.into(), ImageFormat::Png), canvas);
        let (left, top, across, down) = covered(&shown);
        prop_assert!(across == canvas.width || down == canvas.height);
        let scale = (f64::from(canvas.width) / f64::from(width)).min(f64::from(canvas.height) / f64::from(height));
        prop_assert!((f64::from(width) * scale - f64::from(across)).abs() <= 1.0);
        prop_assert!((f64::from(height) * scale - f64::from(down)).abs() <= 1.0);
        prop_assert!((canvas.width - across).abs_diff(2 * left) <= 1 && (canvas.height - down).abs_diff(2 * top) <= 1);
        let inside = shown.view(left, top, across, down);
        prop_assert!(inside.pixels().all(|(.., pixel)| pixel.0 == [200, 100, 50, 255]));
    }
}
