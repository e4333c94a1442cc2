//! A token that somebody wants: its name, its rights, how long it is valid.

use std::fmt;

use super::{Rights, secret::without_tokens};
use crate::model::time::{Instant, parse_day, parse_instant};

/// The longest name of a token, in characters.
pub const NAME_LENGTH: usize = 64;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// 10000-01-01T00:00:00Z, beyond which no date is written.
const LATEST: Instant = 253_402_300_800 * SECOND;

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Its name.
    pub name: Name,
    /// What it may do.
    pub rights: Rights,
    /// When it ends to be valid; `None`: never.
    pub expires: Option<Instant>,
}

/// The name of a token, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

/// Why a text is not the name of a token. It does not repeat the text, which may be a token by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Its length.
    #[error("a name has 1 to {NAME_LENGTH} characters")]
    Length,
    /// Its characters.
    #[error("a name has no control characters, and no blanks at its ends")]
    Characters,
    /// A token.
    #[error("this is a token, not a name: it is not to be kept anywhere but where it is used")]
    Token,
}

impl Name {
    /// Checks a text; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if !(1..=NAME_LENGTH).contains(&text.chars().count()) {
            return Err(InvalidName::Length);
        }
        if text.trim() != text || text.chars().any(char::is_control) {
            return Err(InvalidName::Characters);
        }
        if without_tokens(text) != text {
            return Err(InvalidName::Token);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text says no time at which a token could end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidExpiry {
    /// It is no time.
    #[error("a token expires after a time such as 90d, 12h or 4w, or at the end of a day such as 2027-01-31 (UTC)")]
    NoTime,
    /// That was.
    #[error("that is over already")]
    Past,
    /// That is too long.
    #[error("that is too far away")]
    Far,
}

/// Reads when a token expires: after a time (`90d`), at the end of a day (`2027-01-31`, UTC), or at a moment (RFC 3339).
pub fn parse_expiry(text: &str, now: Instant) -> Result<Instant, InvalidExpiry> {
    let text = text.trim();
    let day = Some(text).filter(|text| text.len() == "2027-01-31".len()).and_then(parse_day);
    let at = match (span(text), day) {
        (Some(span), _) => span.checked_add(now).ok_or(InvalidExpiry::Far)?,
        (None, Some(day)) => day.saturating_add(1).saturating_mul(DAY),
        (None, None) => parse_instant(text).ok_or(InvalidExpiry::NoTime)?,
    };
    match at {
        at if at <= now => Err(InvalidExpiry::Past),
        at if at >= LATEST => Err(InvalidExpiry::Far),
        at => Ok(at),
    }
}

/// A number and a unit, in microseconds; what is too much stands for ever.
fn span(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "h" => DAY / 24,
        "d" => DAY,
        "w" => 7 * DAY,
        _ => return None,
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{DAY, InvalidExpiry, InvalidName, Name, parse_expiry};
    use crate::{access::Secret, model::time::parse_instant};

    #[test]
    fn a_token_expires_after_a_time_or_at_the_end_of_a_day() {
        let at = |text: &str| parse_instant(text).unwrap();
        let now = at("2026-11-23T12:00:00Z");
        for (text, expected) in [
            ("90d", now + 90 * DAY),
            ("12h", now + DAY / 2),
            ("4w", now + 28 * DAY),
            ("2026-11-23", at("2026-11-24T00:00:00Z")),
            ("2027-01-31", at("2027-02-01T00:00:00Z")),
            ("2027-01-31T08:00:00+01:00", at("2027-01-31T07:00:00Z")),
        ] {
            assert_eq!(parse_expiry(text, now), Ok(expected), "{text}");
        }
        for text in ["", "d", "90", "-1d", "+1d", "1.5d", "90 d", "soon", "2027-13-01", "é", "90D"] {
            assert_eq!(parse_expiry(text, now), Err(InvalidExpiry::NoTime), "{text}");
        }
        for text in ["0d", "2026-11-22", "2026-11-23T12:00:00Z"] {
            assert_eq!(parse_expiry(text, now), Err(InvalidExpiry::Past), "{text}");
        }
        for text in ["9999999d", "99999999999999999999w"] {
            assert_eq!(parse_expiry(text, now), Err(InvalidExpiry::Far), "{text}");
        }
    }

    #[test]
    fn a_name_is_a_line_for_people_and_never_a_token() {
        for name in ["a", "Flow connector", "größer", &"x".repeat(64)] {
            assert_eq!(Name::parse(name).map(|name| name.0), Ok(name.to_owned()));
        }
        for (name, why) in [
            ("", InvalidName::Length),
            (&*"x".repeat(65), InvalidName::Length),
            (" a", InvalidName::Characters),
            ("a\nb", InvalidName::Characters),
            (Secret::random().unwrap().reveal(), InvalidName::Token),
            ("wts_abc", InvalidName::Token),
        ] {
            assert_eq!(Name::parse(name), Err(why), "{name}");
        }
    }
}
