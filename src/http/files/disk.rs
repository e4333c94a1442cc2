//! The disk as tower-http sees it: a file is opened and looked at in one step, off the threads that answer requests, and
//! its time of change is one that HTTP has words for.

use std::{
    fs,
    io::{self, ErrorKind::NotFound},
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{SystemTime, UNIX_EPOCH},
};

use futures_util::future::{BoxFuture, Ready, ready};
use tokio::io::{AsyncRead, AsyncSeek, ReadBuf};
use tower_http::services::fs::{Backend, File, Metadata};

/// The first second of the year 10000, since 1970: an HTTP date has four digits for the year (RFC 9110 §5.6.7).
const END_OF_DATES: u64 = 253_402_300_800;

/// The files of this computer that are really below a folder: no link in it leads anybody out.
#[derive(Debug, Clone)]
pub struct Disk {
    /// The folder; it may itself be a link.
    pub folder: Arc<Path>,
}

impl Disk {
    /// The text of one of them.
    pub async fn text(self, path: PathBuf) -> io::Result<String> {
        off_thread(move || {
            Self::check(&self.folder, &path)?;
            fs::read_to_string(path)
        })
        .await
    }

    /// Refuses a file that is elsewhere, as if it were not there. It may be replaced after that, but not from outside.
    fn check(folder: &Path, path: &Path) -> io::Result<()> {
        if path.canonicalize()?.starts_with(folder.canonicalize()?) { Ok(()) } else { Err(NotFound.into()) }
    }
}

/// An open file, with what was known of it when it was opened.
#[derive(Debug)]
pub struct Opened {
    file: tokio::fs::File,
    known: Known,
}

/// What is known of a file or folder.
#[derive(Debug, Clone)]
pub struct Known(fs::Metadata);

impl Backend for Disk {
    type File = Opened;
    type Metadata = Known;
    type OpenFuture = BoxFuture<'static, io::Result<Opened>>;
    type MetadataFuture = BoxFuture<'static, io::Result<Known>>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        let folder = self.folder.clone();
        Box::pin(off_thread(move || {
            Self::check(&folder, &path)?;
            let file = fs::File::open(path)?;
            let known = Known(file.metadata()?);
            Ok(Opened { file: file.into(), known })
        }))
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        let folder = self.folder.clone();
        Box::pin(off_thread(move || {
            Self::check(&folder, &path)?;
            fs::metadata(path).map(Known)
        }))
    }
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

impl Metadata for Known {
    fn is_dir(&self) -> bool {
        self.0.is_dir()
    }

    /// Fails for times before 1970 and after 9999, at which tower-http would panic. Such a file has no validators.
    fn modified(&self) -> io::Result<SystemTime> {
        let modified = self.0.modified()?;
        let has_words = modified.duration_since(UNIX_EPOCH).is_ok_and(|since| since.as_secs() < END_OF_DATES);
        if has_words { Ok(modified) } else { Err(io::Error::other("HTTP has no words for this time")) }
    }

    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl File for Opened {
    type Metadata = Known;
    type MetadataFuture<'a> = Ready<io::Result<Known>>;

    fn metadata(&self) -> Self::MetadataFuture<'_> {
        ready(Ok(self.known.clone()))
    }
}

impl AsyncRead for Opened {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_read(cx, into)
    }
}

impl AsyncSeek for Opened {
    fn start_seek(mut self: Pin<&mut Self>, place: io::SeekFrom) -> io::Result<()> {
        Pin::new(&mut self.file).start_seek(place)
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Pin::new(&mut self.file).poll_complete(cx)
    }
}
