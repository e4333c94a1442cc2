//! Files of a folder on disk: whole, in parts, or not at all because the client has them (RFC 9110 §13 and §14).
//!
//! tower-http finds, opens and reads the files, decides conditional requests, and gives one part. What it leaves is done
//! here, on top of its answers: `If-Range`, several parts at once, requests for parts that are to be ignored, and files
//! whose names go with their content.

mod disk;
mod ranges;

use std::{io, ops::Range, path::Path};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tower_http::services::ServeDir;

use super::problem::Problem;
use crate::layout::media::is_ours;
use disk::Disk;
use ranges::{Asked, Given};

/// A file of a folder, or parts of it. Errors of the folder's disk are logged, and answered with a problem; a file that is
/// not there is an empty 404.
pub async fn from_folder(folder: &Path, request: Request) -> Response {
    let (mut head, _) = request.into_parts();
    let asked = asked(&head);
    let condition = head.headers.remove(header::IF_RANGE);
    head.headers.remove(header::RANGE);
    for name in [header::IF_MATCH, header::IF_NONE_MATCH] {
        in_one_line(&mut head.headers, &name);
    }
    let source = Source { folder, head };
    match asked {
        Some(asked) => source.some(&asked, condition.as_ref()).await,
        None => source.answer(None).await,
    }
}

/// The text of a file that is in a folder.
pub async fn text_of(folder: &Path, name: &str) -> io::Result<String> {
    Disk { folder: folder.into() }.text(folder.join(name)).await
}

/// The parts that are asked for: with GET alone (RFC 9110 §14.2), and if there is one such header, which is sound.
fn asked(head: &Parts) -> Option<Vec<Asked>> {
    let mut lines = head.headers.get_all(header::RANGE).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) if head.method == Method::GET => ranges::parse(line.to_str().ok()?),
        _ => None,
    }
}

/// A list may be spread over several lines (RFC 9110 §5.3), of which tower-http sees the first.
fn in_one_line(headers: &mut HeaderMap, name: &HeaderName) {
    let lines: Vec<_> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    if lines.len() > 1
        && let Ok(line) = HeaderValue::from_bytes(&lines.join(&b", "[..]))
    {
        headers.insert(name, line);
    }
}

/// Where the answers come from: a request without what it says about parts.
struct Source<'a> {
    folder: &'a Path,
    head: Parts,
}

impl Source<'_> {
    /// Some parts of the file, if it is still the one that the client means.
    async fn some(&self, asked: &[Asked], condition: Option<&HeaderValue>) -> Response {
        // The usual case, for which the file is opened once.
        if let [asked] = asked {
            let part = self.answer(Some(asked.to_string())).await;
            let is_empty = part.headers().get(header::CONTENT_LENGTH).is_some_and(|length| length == "0");
            if part.status() == StatusCode::PARTIAL_CONTENT && !is_empty && is_meant(condition, part.headers()) {
                return part;
            }
        }
        let whole = self.answer(None).await;
        let length = length(whole.headers());
        match length.filter(|_| whole.status() == StatusCode::OK && is_meant(condition, whole.headers())) {
            Some(length) => match ranges::choose(asked, length) {
                Given::Whole => whole,
                Given::Nothing => unsatisfiable(length),
                Given::Parts(parts) => self.parts(whole, &parts, length).await,
            },
            None => whole,
        }
    }

    /// Parts of the file whose whole is given: if it is replaced meanwhile, the whole, never parts of two files.
    ///
    /// All are opened before the first is sent, and stay what they are when the file is replaced after that.
    async fn parts(&self, whole: Response, parts: &[Range<u64>], length: u64) -> Response {
        let mut answers = Vec::with_capacity(parts.len());
        for part in parts {
            let (first, last) = (part.start, part.end - 1);
            let answer = self.answer(Some(Asked::Span(first, last).to_string())).await;
            let range = answer.headers().get(header::CONTENT_RANGE);
            let is_part = range.is_some_and(|range| *range == *format!("bytes {first}-{last}/{length}"));
            let etag = answer.headers().get(header::ETAG);
            if !is_part || etag.is_none() || etag != whole.headers().get(header::ETAG) {
                return whole;
            }
            answers.push((part.end - part.start, answer));
        }
        match answers.pop() {
            Some((_, only)) if answers.is_empty() => only,
            last => multipart(whole.into_parts().0.headers, answers.into_iter().chain(last).collect()),
        }
    }

    /// What tower-http answers, to a request for one part or none. It is wrong about requests that name several parts, or
    /// one that cannot be had, and about parts of an empty file.
    async fn answer(&self, range: Option<String>) -> Response {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = self.head.uri.clone();
        *request.headers_mut() = self.head.headers.clone();
        if let Some(range) = range.and_then(|range| HeaderValue::try_from(range).ok()) {
            request.headers_mut().insert(header::RANGE, range);
        }
        match ServeDir::with_backend(self.folder, Disk { folder: self.folder.into() }).try_call(request).await {
            Ok(response) if response.status() == StatusCode::PRECONDITION_FAILED => {
                let words = "the file is not, or no longer, the one that the request means";
                Problem::PreconditionFailed(words.to_owned()).into_response()
            }
            // A body of unknown length, or the router would say that the file has no bytes.
            Ok(response) if response.status() == StatusCode::NOT_MODIFIED && self.head.method == Method::HEAD => {
                response.map(|_| Body::from_stream(stream::empty::<io::Result<Bytes>>()))
            }
            Ok(response) => response.map(Body::new),
            Err(error) if is_absence(&error) => StatusCode::NOT_FOUND.into_response(),
            Err(error) => {
                tracing::error!(%error, path = self.head.uri.path(), "a file could not be read");
                Problem::Internal.into_response()
            }
        }
    }
}

/// Whether a file cannot be there under that name, or may not be read.
fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied};
    let is_a_circle = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    is_a_circle
        || [NotFound, NotADirectory, IsADirectory, PermissionDenied, InvalidFilename, InvalidInput]
            .contains(&error.kind())
}

/// Whether a file is the one that `If-Range` means. A weak entity tag equals none, since ours are strong.
fn is_meant(condition: Option<&HeaderValue>, headers: &HeaderMap) -> bool {
    let Some(validator) = condition else { return true };
    [header::ETAG, header::LAST_MODIFIED].iter().any(|name| headers.get(name) == Some(validator))
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn unsatisfiable(length: u64) -> Response {
    let range = format!("bytes */{length}");
    (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, range)]).into_response()
}

/// Parts of a file, each with its length, as one body (RFC 9110 §14.6). It is passed on as it is read.
fn multipart(mut headers: HeaderMap, parts: Vec<(u64, Response)>) -> Response {
    // At random, so that nobody can put it into a file beforehand.
    let boundary = uuid::Uuid::new_v4().simple().to_string();
    let mut length = 0;
    let mut pieces = Vec::with_capacity(parts.len() * 2 + 1);
    for (bytes, part) in parts {
        let head = head_of_part(&boundary, part.headers());
        length += head.len() as u64 + bytes;
        pieces.extend([Body::from(head), part.into_body()]);
    }
    let end = format!("\r\n--{boundary}--\r\n");
    length += end.len() as u64;
    pieces.push(Body::from(end));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Ok(media_type) = HeaderValue::try_from(format!("multipart/byteranges; boundary={boundary}")) {
        headers.insert(header::CONTENT_TYPE, media_type);
    }
    let body = Body::from_stream(stream::iter(pieces).flat_map(Body::into_data_stream));
    (StatusCode::PARTIAL_CONTENT, headers, body).into_response()
}

fn head_of_part(boundary: &str, headers: &HeaderMap) -> Vec<u8> {
    let mut head = format!("\r\n--{boundary}\r\n").into_bytes();
    for name in [header::CONTENT_TYPE, header::CONTENT_RANGE] {
        if let Some(value) = headers.get(&name) {
            head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
    }
    head.extend(b"\r\n");
    head
}

/// The same, with a word on how long it may be kept; errors are not.
pub fn with_cache_control(mut response: Response, value: &'static str) -> Response {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let value = HeaderValue::from_static(if is_error { "no-store" } else { value });
    response.headers_mut().insert(header::CACHE_CONTROL, value);
    response
}

/// How long a file of the tree may be kept, by its path: for ever if its name goes with its content.
pub fn freshness(path: &str) -> &'static str {
    if is_ours(path) { "max-age=31536000, immutable" } else { "no-cache" }
}
