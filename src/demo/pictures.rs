//! Pictures.

mod actors;
mod avatar;
mod canvas;
mod chance;
mod color;
mod letters;
mod light;
mod mood;
mod motif;
mod number;
mod path;
mod portrait;
mod poster;
mod scene;
mod sets;
mod stage;
mod staging;

pub use staging::Shot;

/// A picture.
pub struct Picture {
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// Rows from the top, of three bytes a pixel: red, green, blue (sRGB).
    pub rgb: Vec<u8>,
}

impl Picture {
    fn of(canvas: &canvas::Canvas) -> Self {
        let mut rgb = vec![0; canvas.pixels.len() * 3];
        let (pixels, mut n) = (canvas.pixels.as_slice(), 0);
        let bytes = rgb.as_mut_slice();
        while n < pixels.len() {
            let [_, red, green, blue] = pixels[n].to_be_bytes();
            bytes[3 * n] = red;
            bytes[3 * n + 1] = green;
            bytes[3 * n + 2] = blue;
            n += 1;
        }
        Self { width: u16::try_from(canvas.width).unwrap_or(0), height: u16::try_from(canvas.height).unwrap_or(0), rgb }
    }
}

/// portrait
pub fn asset_picture(id: &str) -> Picture {
    portrait::paint(id)
}

/// person
pub fn person_picture(id: &str) -> Picture {
    avatar::paint(id)
}

/// project
pub fn project_picture(id: &str, name: &str) -> Picture {
    poster::paint(id, name)
}

/// shot
pub fn shot_picture(shot: &Shot) -> Picture {
    scene::paint(shot)
}

/// Light letters before a dark ground, as they are burnt into movies, in pixels.
pub(super) fn label(text: &str, width: u16, height: u16) -> Picture {
    poster::label(text, width, height)
}

/// As PNG
pub fn png(picture: &Picture) -> Vec<u8> {
    use image::ImageEncoder;
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new_with_quality(
        &mut bytes,
        image::codecs::png::CompressionType::Level(1),
        image::codecs::png::FilterType::Sub,
    );
    let _ =
        encoder.write_image(&picture.rgb, picture.width.into(), picture.height.into(), image::ExtendedColorType::Rgb8);
    bytes
}
