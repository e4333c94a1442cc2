//! Numbers as trackers send them: JSON numbers, or the same as text (`"1001"`, `"1001.0"`).

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// The largest whole number that a page's JavaScript keeps exactly (2^53).
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A finite number, given as a number or as decimal text.
#[must_use]
pub fn of(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => parse_decimal(text.trim())?,
        _ => return None,
    };
    (number.abs() <= MAX_EXACT).then_some(number)
}

/// Decimal text only: Rust would also take `inf`, `nan` and exponents.
fn parse_decimal(text: &str) -> Option<f64> {
    let allowed = |byte: u8| byte.is_ascii_digit() || b"+-.".contains(&byte);
    if text.bytes().all(allowed) { text.parse().ok() } else { None }
}

/// The number as an integer, if it is one.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "`of` bounds what comes here to ±2^53, and the fraction is zero")]
pub fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= MAX_EXACT).then_some(number as i64)
}

/// The number as a float.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "`of` bounds what is read to ±2^53")]
pub fn float(whole: i64) -> f64 {
    whole as f64
}

/// Writes a number the way a reader expects it: whole numbers without a fraction.
pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    match whole(*number) {
        Some(integer) => serializer.serialize_i64(integer),
        None => serializer.serialize_f64(*number),
    }
}

/// Frames per second: from 0.001 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Fps(f64);

impl Fps {
    /// Reads a number, decimal text, or a fraction as text (`"24000/1001"`).
    #[must_use]
    pub fn parse(value: &Value) -> Option<Self> {
        let fraction = value.as_str().and_then(|text| text.split_once('/'));
        let number = match fraction {
            Some((frames, seconds)) => parse_decimal(frames.trim())? / parse_decimal(seconds.trim())?,
            None => of(value)?,
        };
        (0.001..=1000.0).contains(&number).then_some(Self(number))
    }

    /// The rate as a number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Default for Fps {
    /// 24, as in the reference's data classes.
    fn default() -> Self {
        Self(24.0)
    }
}

impl Serialize for Fps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, serializer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Fps, of, whole};

    #[test]
    fn numbers_may_come_as_text() {
        assert_eq!(of(&json!("1001.0")).and_then(whole), Some(1001));
        assert_eq!(of(&json!(" -24 ")), Some(-24.0));
        for nonsense in
            [json!("inf"), json!("nan"), json!("1e5"), json!(""), json!("12 frames"), json!(true), json!(1e300)]
        {
            assert_eq!(of(&nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn frames_per_second_are_a_sensible_rate() {
        assert_eq!(Fps::parse(&json!("24000/1001")).map(Fps::get), Some(24000.0 / 1001.0));
        for nonsense in [json!(0), json!(-24), json!(1e-308), json!("24/0"), json!("0/0"), json!(100_000), json!([24])]
        {
            assert_eq!(Fps::parse(&nonsense), None, "{nonsense}");
        }
    }
}
