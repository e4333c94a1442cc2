//! Reading bodies: their type, their size, their JSON.

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use serde_json::Value;

use super::{problem::Problem, read::off_thread};
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

/// Collects a body, up to a limit in bytes.
pub async fn collect(body: Body, limit: usize) -> Result<Bytes, Problem> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Problem::TooLarge(limit as u64)),
        Err(error) => Err(Problem::BadRequest(format!("the body broke off: {error}"))),
    }
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

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
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
