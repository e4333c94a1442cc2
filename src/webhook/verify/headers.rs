//! Reading single headers, strictly: what is there twice, or is no text, says nothing certain.

use axum::http::{HeaderMap, HeaderName};

use super::Refused;

/// The text of a header, if it is there.
pub fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Refused> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refused::Twice(name.clone()));
    }
    value.to_str().map(Some).map_err(|_| Refused::NoText(name.clone()))
}

/// The text of a header that has to be there.
pub fn required<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<&'h str, Refused> {
    text(headers, name)?.ok_or_else(|| Refused::Missing(name.clone()))
}

/// The text of a header that has the time at which it was sent, in Unix seconds, which may differ from the present by so many.
pub fn time<'h>(headers: &'h HeaderMap, name: &HeaderName, now: i64, skew: u64) -> Result<&'h str, Refused> {
    let text = required(headers, name)?;
    let sent = seconds(text).ok_or_else(|| Refused::Time(name.clone()))?;
    let by = now.abs_diff(sent);
    if by <= skew {
        return Ok(text);
    }
    let header = name.clone();
    Err(if sent < now { Refused::Old { header, by, skew } } else { Refused::Early { header, by, skew } })
}

/// Digits alone, without zeros before them: in a message the digits of a body could else be taken for more of the time.
fn seconds(text: &str) -> Option<i64> {
    let proper = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| proper)
}
