//! Reading bodies: their type, their size, their JSON.

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::Bytes;
use futures_util::StreamExt;
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

/// The format that `Content-Type` names; none at all, as `curl -T` sends, is JSON.
pub fn format(headers: &HeaderMap, takes_lines: bool) -> Result<Format, Problem> {
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
