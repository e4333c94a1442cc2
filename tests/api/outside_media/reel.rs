//! Movies of which every frame says what it is: the colour of its shot, and below it its number, in ten black and white
//! blocks.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use super::charts::Color;

const WIDTH: usize = 160;
const HEIGHT: usize = 90;
/// The height of the blocks of the number; the first has the highest place.
const NUMBER: usize = 20;
const DIGITS: usize = 10;

/// A movie, as it is to be seen.
pub struct Reel {
    /// Each shot: how many frames it has, and its colour.
    pub shots: Vec<(usize, Color)>,
}

impl Reel {
    pub fn frames(&self) -> usize {
        self.shots.iter().map(|(frames, _)| frames).sum()
    }

    /// What the page is to show of it.
    pub fn to_json(&self, file: &str) -> Value {
        let colors: Vec<_> = self.shots.iter().map(|(_, color)| color).collect();
        json!({"file": file, "colors": colors, "frames": self.frames(), "digits": DIGITS, "number": NUMBER})
    }

    /// Writes it, at 24 frames per second, with these arguments of ffmpeg.
    pub fn write(&self, ffmpeg: &Path, args: &str, file: &Path) {
        let mut command = Command::new(ffmpeg);
        command.args("-v error -y -f rawvideo -pix_fmt rgb24 -r 24 -s".split(' ')).arg(format!("{WIDTH}x{HEIGHT}"));
        command.args(["-i", "-"]).args(args.split(' ')).args(["-pix_fmt", "yuv420p"]).arg(file);
        let mut running = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut pictures = running.stdin.take().unwrap();
        let colors = self.shots.iter().flat_map(|(frames, color)| std::iter::repeat_n(*color, *frames));
        for (number, color) in colors.enumerate() {
            pictures.write_all(&picture(number, color)).unwrap();
        }
        drop(pictures);
        assert!(running.wait().unwrap().success(), "{command:?}");
    }
}

fn picture(number: usize, color: Color) -> Vec<u8> {
    let digit = |place: usize| if number >> (DIGITS - 1 - place) & 1 == 1 { [255; 3] } else { [0; 3] };
    let below: Vec<u8> = (0..WIDTH).flat_map(|x| digit(x * DIGITS / WIDTH)).collect();
    [color.repeat(WIDTH * (HEIGHT - NUMBER)), below.repeat(NUMBER)].concat()
}
