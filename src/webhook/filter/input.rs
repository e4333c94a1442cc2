//! What a filter is given: `{"headers": {…}, "body": …}`.

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::Failure;

/// The input of a filter: the headers of a delivery by their names in lower case, and its body as it came, number by number.
///
/// Of a header that is there more than once the values stand in one text, with a comma and a space between them. The error says
/// where the body is no JSON.
pub fn input(headers: &[(String, String)], body: &[u8]) -> Result<String, Failure> {
    let body = std::str::from_utf8(body).map_err(|error| Failure::Input(error.to_string()))?;
    // The text goes in unread, so it has to be one value, and no more.
    let _: IgnoredAny = serde_json::from_str(body).map_err(|error| Failure::Input(error.to_string()))?;
    let mut named: Map<String, Value> = Map::new();
    for (name, value) in headers {
        match named.entry(name.to_ascii_lowercase()).or_insert_with(|| Value::from("")) {
            Value::String(text) if text.is_empty() => text.clone_from(value),
            Value::String(text) => *text = format!("{text}, {value}"),
            _ => {}
        }
    }
    Ok(format!("{{\"headers\":{},\"body\":{body}}}", Value::Object(named)))
}
