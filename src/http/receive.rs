//! Receiving an upload: what its headers say, and what arrives.

use std::{
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};

use super::{AppState, body::as_it_is, problem::Problem};
use crate::{
    media::{
        receive::{Error, Wanted, receive},
        store::{MediaStore, Received},
    },
    model::{Kind, media::Sha256},
};

/// Refuses what could not be heeded, or has no room, before anything is received.
pub fn check_headers(headers: &HeaderMap, limit: u64, store: &MediaStore) -> Result<(), Problem> {
    if headers.contains_key(header::CONTENT_RANGE) {
        // RFC 9110 §14.5: to take a part for the whole would destroy what is there.
        let detail = "a part of a file cannot be put (Content-Range): send the whole";
        return Err(Problem::BadRequest(detail.to_owned()));
    }
    as_it_is(headers)?;
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(Problem::TooLarge(limit));
    }
    Ok(store.need_room(length.unwrap_or_default())?)
}

/// The digests that a file must have, as its sender says (RFC 9530).
#[derive(Debug, Default)]
pub struct Digests {
    sha256: Option<Vec<u8>>,
    sha512: Option<Vec<u8>>,
}

impl Digests {
    /// Those of `Content-Digest` and `Repr-Digest`, which are the same where nothing is encoded. Other algorithms are passed
    /// over.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut digests = Self::default();
        for name in ["content-digest", "repr-digest"] {
            for value in headers.get_all(name) {
                let wrong = || Problem::BadRequest(format!("{name} is to be like sha-256=:<base64>:"));
                let value = value.to_str().map_err(|_| wrong())?;
                for member in value.split(',') {
                    let (algorithm, digest) = member.trim().split_once('=').ok_or_else(wrong)?;
                    let digest = digest.strip_prefix(':').and_then(|digest| digest.strip_suffix(':'));
                    let digest = digest.and_then(|digest| STANDARD.decode(digest).ok()).ok_or_else(wrong)?;
                    match algorithm {
                        "sha-256" => digests.sha256 = Some(digest),
                        "sha-512" => digests.sha512 = Some(digest),
                        _ => {}
                    }
                }
            }
        }
        Ok(digests)
    }

    fn check(&self, sha256: Sha256, sha512: Option<&[u8]>) -> Result<(), Problem> {
        let is_other = |wanted: &Option<Vec<u8>>, found: Option<&[u8]>| wanted.is_some() && wanted.as_deref() != found;
        if is_other(&self.sha256, Some(sha256.bytes())) || is_other(&self.sha512, sha512) {
            let found = STANDARD.encode(sha256.bytes());
            let detail = format!("what arrived has not the digest that was sent, but sha-256=:{found}:");
            return Err(Problem::invalid("", detail));
        }
        Ok(())
    }
}

/// The most bytes that a form may have beside its file: other fields, and the headers of all.
pub const AROUND: u64 = 4 << 20;

/// How much of a form was not of its file so far. Who reads a form keeps in memory whatever comes between two parts, so
/// that there is to be an end to it.
#[derive(Debug, Clone, Default)]
pub struct Around(Arc<AtomicU64>);

impl Around {
    /// The request with a body that fails where there is too much of that.
    pub fn within(&self, request: Request) -> Request {
        let around = self.clone();
        let count = move |piece: Bytes| {
            around.0.fetch_add(piece.len() as u64, Ordering::Relaxed);
            let counted = if around.is_too_much() { Err("too much beside the file".into()) } else { Ok(piece) };
            std::future::ready(counted)
        };
        request.map(|body| Body::from_stream(body.into_data_stream().map_err(axum::BoxError::from).and_then(count)))
    }

    /// So many bytes of what came are of the file.
    pub fn is_of_the_file(&self, bytes: usize) {
        self.0.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    /// Whether it was too much.
    pub fn is_too_much(&self) -> bool {
        self.0.load(Ordering::Relaxed) > AROUND
    }
}

/// Receives a file that could be the medium of a kind, and has these digests. Is it broken off, or refused, nothing stays.
pub async fn file<E: Display>(
    state: &AppState,
    kind: Kind,
    body: impl Stream<Item = Result<Bytes, E>> + Send,
    digests: Digests,
) -> Result<Received, Problem> {
    let wanted = Wanted { kind, limit: state.max_file(kind), sha512: digests.sha512.is_some() };
    let (received, sha512) = receive(&state.media, body, wanted).await?;
    digests.check(received.hash(), sha512.as_deref())?;
    Ok(received)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Broken(_) => Self::BadRequest(error.to_string()),
            Error::TooLarge(limit) => Self::TooLarge(limit),
            Error::Empty => Self::invalid("", error.to_string()),
            Error::Refused(refused) => refused.into(),
            Error::Store(error) => error.into(),
        }
    }
}
