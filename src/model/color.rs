//! Colours of task types and task statuses.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A colour as the page needs it: always `#rrggbb`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Color(String);

/// What stands in for a colour that was never given: the page cannot do without one.
pub const NEUTRAL: &str = "#999999";

/// The basic colour names of CSS (CSS Color Module Level 4 §6.1, the sixteen of HTML 4, and orange).
const NAMED: [(&str, &str); 17] = [
    ("black", "#000000"),
    ("silver", "#c0c0c0"),
    ("gray", "#808080"),
    ("white", "#ffffff"),
    ("maroon", "#800000"),
    ("red", "#ff0000"),
    ("purple", "#800080"),
    ("fuchsia", "#ff00ff"),
    ("green", "#008000"),
    ("lime", "#00ff00"),
    ("olive", "#808000"),
    ("yellow", "#ffff00"),
    ("navy", "#000080"),
    ("blue", "#0000ff"),
    ("teal", "#008080"),
    ("aqua", "#00ffff"),
    ("orange", "#ffa500"),
];

impl Color {
    /// Normalises `#rrggbb`, `#rgb` (both also with an alpha, which is dropped, or without the `#`), `r,g,b` (as Flow
    /// writes it), `rgb(r, g, b)` and the basic names; `None` is nonsense.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let named = NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        if let Some((_, hex)) = named {
            return Some(Self((*hex).to_owned()));
        }
        Self::from_hex(text.strip_prefix('#').unwrap_or(text)).or_else(|| Self::from_components(text))
    }

    fn from_hex(digits: &str) -> Option<Self> {
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        match digits.len() {
            3 | 4 => Some(Self(format!("#{}", digits[..3].chars().flat_map(|c| [c, c]).collect::<String>()))),
            6 | 8 => Some(Self(format!("#{}", &digits[..6]))),
            _ => None,
        }
    }

    fn from_components(text: &str) -> Option<Self> {
        let inner = text.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
        let parts = inner.split(',').map(|part| part.trim().parse::<u8>().ok());
        let [red, green, blue] = parts.collect::<Option<Vec<u8>>>()?[..] else { return None };
        Some(Self(format!("#{red:02x}{green:02x}{blue:02x}")))
    }
}

impl Default for Color {
    fn default() -> Self {
        Self(NEUTRAL.to_owned())
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Color;

    #[test]
    fn what_trackers_send_becomes_six_digits() {
        let cases = [
            ("#F9A825", "#F9A825"),
            ("fff", "#ffffff"),
            ("#12345678", "#123456"),
            ("202,225,202", "#cae1ca"),
            ("rgb(1, 2, 3)", "#010203"),
            ("Red", "#ff0000"),
        ];
        for (sent, kept) in cases {
            assert_eq!(Color::parse(sent).map(|color| color.to_string()).as_deref(), Some(kept), "{sent}");
        }
        for nonsense in ["", "#ggg", "#12345", "300,1,1", "1,2", "reddish", "#ééé"] {
            assert_eq!(Color::parse(nonsense), None, "{nonsense}");
        }
    }
}
