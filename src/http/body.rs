//! Reading bodies: their type, their size, their JSON.

use std::fmt::{self, Display};

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::Bytes;
use futures_util::StreamExt;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use super::{
    bounds::{Room, Taken},
    problem::Problem,
    read::off_thread,
};
use crate::model::{fault::At, wire::Reader};

/// Bodies from this many bytes on are parsed on a thread that answers no requests.
const LARGE: usize = 128 * 1024;

/// The formats that a body can come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON value.
    Json,
    /// One JSON value a line.
    Lines,
}

/// The format that `Content-Type` names; none at all, as `curl -T` sends, is JSON. The error says that it is another, or
/// compressed.
pub fn format(headers: &HeaderMap, takes_lines: bool) -> Result<Format, Problem> {
    as_it_is(headers)?;
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(Format::Json) };
    let value = value.to_str().unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || essence.starts_with("application/") && essence.ends_with("+json") {
        return Ok(Format::Json);
    }
    if takes_lines && ["application/x-ndjson", "application/ndjson", "application/jsonl"].contains(&&*essence) {
        return Ok(Format::Lines);
    }
    let lines = if takes_lines { " or application/x-ndjson" } else { "" };
    let detail =
        format!("the body must be application/json{lines}, not {essence:?}; with curl, --json and -T send that");
    Err(Problem::UnsupportedMediaType(detail))
}

/// Refuses a body that is compressed: what it comes to would only be known when it is there.
pub fn as_it_is(headers: &HeaderMap) -> Result<(), Problem> {
    for coding in headers.get_all(header::CONTENT_ENCODING) {
        let coding = coding.to_str().unwrap_or_default().trim();
        if !coding.eq_ignore_ascii_case("identity") {
            return Err(Problem::UnsupportedMediaType(format!("the body is to be sent as it is, not by {coding:?}")));
        }
    }
    Ok(())
}

/// A body in memory, and the room that it takes there.
struct Collected {
    bytes: Vec<u8>,
    _taken: Taken,
}

impl AsRef<[u8]> for Collected {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Collects a body, up to a limit in bytes. Its room is free again when the last of these bytes is let go.
pub async fn collect(body: Body, limit: usize, room: &Room) -> Result<Bytes, Problem> {
    let (mut pieces, mut bytes, mut taken) = (body.into_data_stream(), Vec::new(), Taken::default());
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| Problem::BadRequest(format!("the body broke off: {error}")))?;
        if bytes.len() + piece.len() > limit {
            return Err(Problem::TooLarge(limit as u64));
        }
        room.take(&mut taken, bytes.len() + piece.len())?;
        // What is reserved and not used takes no memory where that is given by the page.
        bytes.extend_from_slice(&piece);
    }
    Ok(Bytes::from_owner(Collected { bytes, _taken: taken }))
}

/// Parses a body and reads it into changes.
pub async fn read(
    bytes: Bytes,
    format: Format,
    interpret: impl FnOnce(&mut Reader, Value) + Send + 'static,
) -> Result<Reader, Problem> {
    let large = bytes.len() >= LARGE;
    let work = move || {
        let mut reader = Reader::default();
        match format {
            Format::Json => interpret(&mut reader, parse(&bytes)?),
            Format::Lines => lines(&bytes, &mut reader)?,
        }
        Ok(reader)
    };
    if large { off_thread(work).await? } else { work() }
}

/// Parses a body as JSON.
pub fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::BadRequest(format!("the body is not JSON: {error}")))
}

/// A body as the text of the JSON that it is. The error says why it is none, or none that anybody can read: it is nested too
/// deeply, or has numbers that are too large.
pub fn text(bytes: &[u8]) -> Result<&str, Problem> {
    let wrong = |why: &dyn Display| Problem::BadRequest(format!("the body is not JSON: {why}"));
    let text = str::from_utf8(bytes).map_err(|error| wrong(&error))?;
    serde_json::from_str::<Readable>(text).map_err(|error| wrong(&error))?;
    Ok(text)
}

/// Any JSON of which nothing is kept. Unlike [`IgnoredAny`], it is gone into, and so has an end.
struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Readable {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self, A::Error> {
        while elements.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<IgnoredAny, Self>()?.is_some() {}
        Ok(self)
    }
}

/// Reads one change a line; pointers begin with the number of the line, counted from 0 without empty lines.
fn lines(bytes: &[u8], reader: &mut Reader) -> Result<(), Problem> {
    let filled = bytes.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty());
    for (index, (number, line)) in filled.enumerate() {
        let value = serde_json::from_slice(line)
            .map_err(|error| Problem::BadRequest(format!("line {} of the body is not JSON: {error}", number + 1)))?;
        reader.change(value, At::Root.index(index));
    }
    Ok(())
}
