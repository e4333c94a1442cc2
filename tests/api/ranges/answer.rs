//! An answer taken apart, with its parts if it is in several.

use std::ops::Range;

use reqwest::{RequestBuilder, header::HeaderMap};

/// What came.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// One of several parts of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub media_type: String,
    pub range: String,
    pub bytes: Vec<u8>,
}

/// Sends a request; what comes must be as long as it says.
pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.bytes().await.unwrap().to_vec();
    let answer = Answer { status, headers, body };
    if let Some(length) = answer.header("content-length").filter(|_| !answer.body.is_empty()) {
        assert_eq!(length, answer.body.len().to_string());
    }
    answer
}

impl Answer {
    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The parts, if there are several; the answer to HEAD has none.
    pub fn parts(&self) -> Option<Vec<Part>> {
        if self.body.is_empty() {
            return None;
        }
        let boundary = self.header("content-type")?.strip_prefix("multipart/byteranges; boundary=")?;
        let mut rest = &self.body[..];
        let mut parts = Vec::new();
        while !eat(&mut rest, &format!("\r\n--{boundary}--\r\n")) {
            assert!(eat(&mut rest, &format!("\r\n--{boundary}\r\n")), "no boundary where a part ends");
            let end = rest.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
            let head = str::from_utf8(&rest[..end]).unwrap();
            rest = &rest[end + 4..];
            let field = |name: &str| {
                let mut fields = head.split("\r\n").map(|line| line.split_once(": ").unwrap());
                fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).unwrap().1.to_owned()
            };
            let range = field("content-range");
            let (bytes, after) = rest.split_at(span(&range).0.count());
            parts.push(Part { media_type: field("content-type"), range, bytes: bytes.to_vec() });
            rest = after;
        }
        assert!(rest.is_empty(), "more after the last boundary");
        assert!(!self.headers.contains_key("content-range"));
        Some(parts)
    }

    /// All bytes with their places in the file, and its length, of an answer 206.
    pub fn slices(&self) -> Vec<(Range<usize>, usize, Vec<u8>)> {
        assert_eq!(self.status, 206);
        let single = |range: &str| vec![(range.to_owned(), self.body.clone())];
        let slices = match self.parts() {
            Some(parts) => parts.into_iter().map(|part| (part.range, part.bytes)).collect(),
            None => single(self.header("content-range").unwrap()),
        };
        slices.into_iter().map(|(range, bytes)| (span(&range).0, span(&range).1, bytes)).collect()
    }
}

/// Takes a word off the front, if it is there.
fn eat(rest: &mut &[u8], word: &str) -> bool {
    let after = rest.strip_prefix(word.as_bytes());
    *rest = after.unwrap_or(rest);
    after.is_some()
}

/// The places of a `Content-Range`, and the length of the file.
fn span(range: &str) -> (Range<usize>, usize) {
    let (span, length) = range.strip_prefix("bytes ").unwrap().split_once('/').unwrap();
    let (first, last) = span.split_once('-').unwrap();
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    assert!(first <= last, "{range}");
    (first..last + 1, length.parse().unwrap())
}
