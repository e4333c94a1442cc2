//! Receiving a file, from whoever sends it: written to the disk and hashed on the way, in constant memory.

use std::{
    fmt::Display,
    io::{self, Write},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sha2::{Digest, Sha512};

use super::{
    intake::{Refused, check_head},
    store::{MediaStore, Received, Unfinished},
};
use crate::model::Kind;

/// So many bytes are written and hashed at a time.
const PIECE: usize = 512 * 1024;
/// By so many bytes it can be said what a file is.
const HEAD: usize = 512;

/// Why a file was not received. Nothing of it stays.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It broke off.
    #[error("the body broke off: {0}")]
    Broken(String),
    /// It is larger than it may be, in bytes.
    #[error("it is larger than {0} bytes, the limit of this server")]
    TooLarge(u64),
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is not what is wanted.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It could not be written.
    #[error("the media store: {0}")]
    Store(#[from] io::Error),
}

/// What is wanted of a file.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The kind of the entity that it is for.
    pub kind: Kind,
    /// The most bytes that it may have.
    pub limit: u64,
    /// Whether its SHA-512 is wanted as well.
    pub sha512: bool,
}

/// A file on its way to the disk.
struct Receiving {
    file: Unfinished,
    sha512: Option<Sha512>,
    buffer: Vec<u8>,
}

impl Receiving {
    /// Writes what has come so far, on a thread that answers no requests.
    async fn flush(mut self) -> io::Result<Self> {
        let flushed = tokio::task::spawn_blocking(move || {
            if let Some(sha512) = &mut self.sha512 {
                sha512.update(&self.buffer);
            }
            self.file.write_all(&self.buffer)?;
            self.buffer.clear();
            Ok(self)
        });
        flushed.await.map_err(io::Error::other)?
    }
}

/// Receives a file, and gives its SHA-512 if that is wanted. What cannot be what is wanted is refused by its first bytes.
pub async fn receive<E: Display>(
    store: &Arc<MediaStore>,
    body: impl Stream<Item = Result<Bytes, E>> + Send,
    wanted: Wanted,
) -> Result<(Received, Option<Vec<u8>>), Error> {
    let sha512 = wanted.sha512.then(Sha512::new);
    let mut receiving = Receiving { file: store.begin()?, sha512, buffer: Vec::with_capacity(PIECE) };
    let (mut body, mut is_checked) = (std::pin::pin!(body), false);
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| Error::Broken(error.to_string()))?;
        let size = receiving.file.size() + (receiving.buffer.len() + piece.len()) as u64;
        if size > wanted.limit {
            return Err(Error::TooLarge(wanted.limit));
        }
        if receiving.buffer.len() + piece.len() > PIECE {
            receiving = receiving.flush().await?;
        }
        receiving.buffer.extend_from_slice(&piece);
        if !is_checked && receiving.buffer.len() >= HEAD {
            check_head(wanted.kind, &receiving.buffer)?;
            is_checked = true;
        }
    }
    if receiving.file.size() == 0 && receiving.buffer.is_empty() {
        return Err(Error::Empty);
    }
    let Receiving { file, sha512, .. } = receiving.flush().await?;
    let received = tokio::task::spawn_blocking(move || file.finish()).await.map_err(io::Error::other)??;
    Ok((received, sha512.map(|sha512| sha512.finalize().to_vec())))
}
