//! From a file that was received to what an entity refers to: looked into, fitted for the page, kept.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    sync::Arc,
};

use tokio::sync::Semaphore;

use super::{
    movie::{self, Playable},
    picture::{self, Canvas},
    store::{MediaStore, Pin, Received},
};
use crate::model::{
    Kind,
    media::{Attachment, Movie, Picture, Sha256},
};

/// How many pictures are decoded at the same time: each may take 400 MB.
static DECODING: Semaphore = Semaphore::const_new(2);

/// Why a file cannot be the medium of an entity.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is no picture that can be shown.
    #[error(transparent)]
    Picture(#[from] picture::Refused),
    /// It is no movie that can be shown.
    #[error(transparent)]
    Movie(#[from] movie::Refused),
    /// It is a movie that no browser plays.
    #[error(
        "no browser plays {0}: send it as H.264, for example by ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p -movflags +faststart OUT.mp4"
    )]
    Unplayable(String),
    /// The store failed.
    #[error("the media store: {0}")]
    Store(#[from] io::Error),
}

/// A medium whose files are kept.
#[derive(Debug)]
pub struct Accepted {
    /// What the entity refers to.
    pub attachment: Attachment,
    /// What keeps its files until the entity does refer to them: for the request that attaches it.
    pub pins: Vec<Pin>,
}

/// Looks into a file, and keeps what the page needs of it. `source` is the URL that it was fetched from.
pub async fn accept(
    store: &Arc<MediaStore>,
    received: Received,
    kind: Kind,
    source: Option<String>,
) -> Result<Accepted, Refused> {
    let store = store.clone();
    off_thread(kind, move || {
        let (hash, size, file) = (received.hash(), received.size(), received.open()?);
        let sent = Sent { hash, size, file, source };
        let Some(canvas) = canvas_of(kind) else {
            let (movie, pin) = prepare(&store, sent, || received.keep())?;
            return Ok(Accepted { attachment: Attachment::Movie(Some(movie)), pins: vec![pin] });
        };
        let (picture, shown) = fit(&store, sent, canvas)?;
        let pins = [Some(received.keep()?), shown].into_iter().flatten().collect();
        Ok(Accepted { attachment: Attachment::Thumbnail(Some(picture)), pins })
    })
    .await
}

/// The same of a picture that is kept already; `None` if it is not there any more.
pub async fn accept_kept(
    store: &Arc<MediaStore>,
    hash: Sha256,
    kind: Kind,
    source: Option<String>,
) -> Result<Option<Accepted>, Refused> {
    let Some(canvas) = canvas_of(kind) else { return Ok(None) };
    let store = store.clone();
    off_thread(kind, move || {
        let Some((pin, file)) = store.open_kept(hash)? else { return Ok(None) };
        let size = file.metadata()?.len();
        let (picture, shown) = fit(&store, Sent { hash, size, file, source }, canvas)?;
        let pins = [Some(pin), shown].into_iter().flatten().collect();
        Ok(Some(Accepted { attachment: Attachment::Thumbnail(Some(picture)), pins }))
    })
    .await
}

/// A picture as the page takes it, which is not kept.
pub async fn fit_for_page(received: Received, kind: Kind) -> Result<Vec<u8>, Refused> {
    let canvas = canvas_of(kind).unwrap_or(Canvas::THUMBNAIL);
    off_thread(kind, move || {
        if let Some(png) = picture::fit(BufReader::new(received.open()?), canvas)?.png {
            return Ok(png);
        }
        let mut original = Vec::new();
        received.open()?.read_to_end(&mut original)?;
        Ok(original)
    })
    .await
}

async fn off_thread<T: Send + 'static>(
    kind: Kind,
    work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    let decoding = if kind == Kind::Edit { None } else { DECODING.acquire().await.ok() };
    let done = tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?;
    drop(decoding);
    done
}

/// The canvas of the pictures of a kind; `None` for what has movies.
#[must_use]
pub fn canvas_of(kind: Kind) -> Option<Canvas> {
    match kind {
        Kind::Edit => None,
        Kind::User => Some(Canvas::AVATAR),
        _ => Some(Canvas::THUMBNAIL),
    }
}

/// Whether the first bytes of a file could be those of a medium of this kind; the error says why not. Few bytes could be
/// anything.
pub fn check_head(kind: Kind, head: &[u8]) -> Result<(), Refused> {
    if canvas_of(kind).is_some() {
        match picture::looks_like_picture(head) {
            Some(_) => Ok(()),
            None => picture::fit(io::Cursor::new(head), Canvas::THUMBNAIL).map(drop).map_err(Refused::from),
        }
    } else {
        match movie::looks_like_movie(head) {
            Some(_) => Ok(()),
            None => movie::read(&mut io::Cursor::new(head)).map(drop).map_err(Refused::from),
        }
    }
}

/// A file as it was sent.
struct Sent {
    hash: Sha256,
    size: u64,
    file: File,
    source: Option<String>,
}

fn fit(store: &Arc<MediaStore>, sent: Sent, canvas: Canvas) -> Result<(Picture, Option<Pin>), Refused> {
    let Sent { hash, size, file, source } = sent;
    let fitted = picture::fit(BufReader::new(file), canvas)?;
    let shown = fitted.png.map(|png| store.put(&png)).transpose()?;
    let picture = Picture {
        sha256: hash,
        size,
        r#type: fitted.format.media_type().to_owned(),
        width: fitted.width,
        height: fitted.height,
        shown: shown.as_ref().map_or(hash, Pin::hash),
        source,
    };
    Ok((picture, shown))
}

fn prepare(
    store: &Arc<MediaStore>,
    sent: Sent,
    keep: impl FnOnce() -> io::Result<Pin>,
) -> Result<(Movie, Pin), Refused> {
    let Sent { hash, size, mut file, source } = sent;
    let facts = movie::read(&mut file)?;
    let plays_everywhere = facts.playable() == Playable::Everywhere;
    if facts.playable() == Playable::Nowhere {
        return Err(Refused::Unplayable(facts.codec_name().to_owned()));
    }
    let rewritten = if facts.is_fast_start { None } else { fast_start(store, &mut file)? };
    let pin = match rewritten {
        Some(pin) => pin,
        None => keep()?,
    };
    let movie = Movie {
        sha256: hash,
        size,
        r#type: facts.container.media_type().to_owned(),
        fps: facts.fps(),
        codec: facts.codec,
        width: facts.width,
        height: facts.height,
        frames: facts.frames,
        seconds: facts.seconds,
        plays_everywhere,
        shown: pin.hash(),
        source,
    };
    Ok((movie, pin))
}

/// Writes the movie with its index in front. One for which that cannot be done is served as it is: a browser asks for the
/// index at its end, then.
fn fast_start(store: &Arc<MediaStore>, file: &mut File) -> Result<Option<Pin>, Refused> {
    store.need_room(file.metadata()?.len())?;
    let mut out = BufWriter::with_capacity(1 << 16, store.begin()?);
    match movie::write_fast_start(file, &mut out) {
        Err(movie::Refused::Immovable(_)) => return Ok(None),
        written => written?,
    }
    out.flush()?;
    let out = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(Some(out.finish()?.keep()?))
}
