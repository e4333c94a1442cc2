//! Pictures and movies that are made for tests, small, and each other than the rest.

use std::{io::Cursor, path::Path, process::Command};

use image::{ImageFormat, Rgb, RgbImage};
use sha2::Digest;
use tempfile::TempDir;
use watchtower_server::media::blank::blank_movie;

/// A picture in which no two pixels beside each other are alike; `shade` tells one from another.
pub fn picture(format: ImageFormat, (width, height): (u32, u32), shade: u8) -> Vec<u8> {
    let byte = |number: u32| u8::try_from(number % 256).unwrap();
    let pixel = |x: u32, y: u32| Rgb([byte(x * 7 + y), byte(x ^ (y * 3)), shade]);
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_fn(width, height, pixel).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A PNG that is larger than any picture of the page.
pub fn png(shade: u8) -> Vec<u8> {
    picture(ImageFormat::Png, (480, 270), shade)
}

/// A movie of so many frames, which plays while it arrives; `name` tells one from another.
pub fn movie(frames: u64, fps: f64, name: &str) -> Vec<u8> {
    [&blank_movie(frames, fps)[..], &free(name.as_bytes())].concat()
}

/// A box that means nothing.
pub fn free(inside: &[u8]) -> Vec<u8> {
    [&u32::try_from(inside.len() + 8).unwrap().to_be_bytes()[..], b"free", inside].concat()
}

/// The boxes of a movie, with their names.
pub fn boxes(movie: &[u8]) -> Vec<(String, &[u8])> {
    let (mut found, mut rest) = (Vec::new(), movie);
    while !rest.is_empty() {
        let size = usize::try_from(u32::from_be_bytes(rest[..4].try_into().unwrap())).unwrap();
        found.push((String::from_utf8_lossy(&rest[4..8]).into_owned(), &rest[..size]));
        rest = &rest[size..];
    }
    found
}

/// The same movie with its index behind everything else, as most programs write it; `between` comes before that. It does
/// not play while it arrives.
pub fn index_last(movie: &[u8], between: &[u8]) -> Vec<u8> {
    let boxes = boxes(movie);
    let (_, index) = boxes.iter().find(|(name, _)| name == "moov").unwrap();
    let others = boxes.iter().filter(|(name, _)| name != "moov").flat_map(|(_, bytes)| *bytes).copied();
    let mut moved = index.to_vec();
    let table = moved.windows(4).position(|name| name == b"stco").unwrap() + 12;
    let count = usize::try_from(u32::from_be_bytes(moved[table - 4..table].try_into().unwrap())).unwrap();
    for place in moved[table..][..count * 4].chunks_mut(4) {
        let moved = u32::from_be_bytes((&*place).try_into().unwrap()) - u32::try_from(index.len()).unwrap();
        place.copy_from_slice(&moved.to_be_bytes());
    }
    others.chain(between.iter().copied()).chain(moved).collect()
}

/// The digits of the SHA-256 of a file.
pub fn sha256(bytes: &[u8]) -> String {
    watchtower_server::model::media::Sha256::new(sha2::Sha256::digest(bytes).into()).to_string()
}

/// A movie that ffmpeg makes, with these arguments between spaces, of pictures that move at 24 frames a second for a second;
/// `None` where there is no ffmpeg, which the test says; in CI it fails.
pub fn by_ffmpeg(name: &str, args: &str) -> Option<Vec<u8>> {
    if !Command::new("ffmpeg").arg("-version").output().is_ok_and(|output| output.status.success()) {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "ffmpeg is not on the path");
        eprintln!("skipped: ffmpeg is not on the path; it comes with the Debian package ffmpeg");
        return None;
    }
    let folder = TempDir::new().unwrap();
    ffmpeg(folder.path(), name, args);
    Some(std::fs::read(folder.path().join(name)).unwrap())
}

fn ffmpeg(folder: &Path, name: &str, args: &str) {
    let mut command = Command::new("ffmpeg");
    command.current_dir(folder).args("-v error -nostdin -y -f lavfi -i testsrc2=s=64x48:r=24:d=1".split(' '));
    let output = command.args(args.split(' ')).arg(name).output().unwrap();
    assert!(output.status.success(), "ffmpeg {args}: {}", String::from_utf8_lossy(&output.stderr));
}
