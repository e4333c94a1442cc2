//! A form is read in the same way in whatever pieces it comes, or refused; and no more is in a file than came.
//!
//! The first line of an input is the content type; the first bytes of the rest say where it is cut into pieces.

#![no_main]

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use libfuzzer_sys::{Corpus, fuzz_target};
use watchtower_server::http::form::Form;

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return Corpus::Reject };
    let (content_type, body) = (&data[..end], &data[end + 1..]);
    let Ok(content_type) = HeaderValue::from_bytes(content_type) else { return Corpus::Reject };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return Corpus::Reject };
    let whole = runtime.block_on(read(&content_type, vec![Bytes::copy_from_slice(body)]));
    let pieces = runtime.block_on(read(&content_type, pieces(body)));
    assert_eq!(whole, pieces, "in one piece, and in several");
    if let Some(files) = whole {
        assert!(files.iter().map(|(_, file)| file.len()).sum::<usize>() <= body.len());
    }
    Corpus::Keep
});

/// A body in pieces as long as its own first bytes say.
fn pieces(body: &[u8]) -> Vec<Bytes> {
    let mut lengths = body.iter().take(16).map(|byte| usize::from(*byte % 61) + 1).cycle();
    let (mut rest, mut pieces) = (body, Vec::new());
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(lengths.next().unwrap_or(1).min(rest.len()));
        pieces.push(Bytes::copy_from_slice(piece));
        rest = after;
    }
    pieces
}

/// The files of a form, each with the headers of its part; none if it is refused.
async fn read(content_type: &HeaderValue, pieces: Vec<Bytes>) -> Option<Vec<(HeaderMap, Vec<u8>)>> {
    let body = Body::from_stream(stream::iter(pieces).map(Ok::<_, std::io::Error>));
    let mut request = Request::new(body);
    *request.method_mut() = axum::http::Method::POST;
    request.headers_mut().insert(header::CONTENT_TYPE, content_type.clone());
    let (mut form, mut files) = (Form::of(request).await.ok()?, Vec::new());
    while let Some(part) = form.next().await.ok()? {
        if !part.is_file("thumbnail") {
            continue;
        }
        let headers = part.headers().clone();
        let (mut content, mut file) = (Box::pin(part.content()), Vec::new());
        while let Some(piece) = content.next().await {
            file.extend_from_slice(&piece.ok()?);
        }
        files.push((headers, file));
    }
    Some(files)
}
