//! Colours as people see and mix them: sRGB, with parts from 0 to 1.

use super::number::share;

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Color {
    pub(super) red: f32,
    pub(super) green: f32,
    pub(super) blue: f32,
}

/// `0xRRGGBB`.
pub(super) const fn color(hex: u32) -> Color {
    let [_, red, green, blue] = hex.to_be_bytes();
    Color { red: red as f32 / 255.0, green: green as f32 / 255.0, blue: blue as f32 / 255.0 }
}

/// White light: what is lit by it keeps its colour.
pub(super) const WHITE: Color = color(0xff_ff_ff);

/// No light.
pub(super) const BLACK: Color = color(0);

impl Color {
    /// `#rrggbb`, as it stands in plans of pictures.
    pub(super) fn read(text: &str) -> Option<Self> {
        u32::from_str_radix(text.strip_prefix('#')?, 16).ok().map(color)
    }

    /// This colour on the way to another: all this at 0, all the other at 1.
    pub(super) fn mix(self, other: Self, part: f32) -> Self {
        let between = |from: f32, to: f32| from + (to - from) * part;
        Self {
            red: between(self.red, other.red),
            green: between(self.green, other.green),
            blue: between(self.blue, other.blue),
        }
    }

    /// This colour brighter (above 1) or darker.
    pub(super) fn times(self, factor: f32) -> Self {
        Self { red: self.red * factor, green: self.green * factor, blue: self.blue * factor }
    }

    /// The sum of two lights.
    pub(super) fn plus(self, other: Self) -> Self {
        Self { red: self.red + other.red, green: self.green + other.green, blue: self.blue + other.blue }
    }

    /// How it is kept in a canvas: `0xEERRGGBB`, where `EE` is how far it shines by itself.
    pub(super) fn pixel(self, shine: f32) -> u32 {
        let part = |value: f32| share(value.min(1.0) * (255.0 / 256.0));
        part(shine) << 24 | part(self.red) << 16 | part(self.green) << 8 | part(self.blue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_through() {
        for hex in [0, 0x12_34_56, 0xff_80_01, 0xff_ff_ff] {
            assert_eq!(color(hex).pixel(0.0), hex);
            assert_eq!(Color::read(&format!("#{hex:06x}")), Some(color(hex)));
        }
        assert_eq!(color(0x10_20_30).pixel(1.0) >> 24, 0xff);
        assert_eq!(Color::read("red"), None);
    }
}
