//! The disk: how much room there is, and what survives a power cut.
//!
//! A disk that is full to the last byte lets nobody even delete. So files leave a reserve free, and what entities and
//! deliveries need is taken from that, but for a rest: with it things can be deleted, and the tree be written.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::fs::statvfs;

/// This part of the reserve is left to deletions, the tree, and the database itself.
const REST: u64 = 4;

/// Too little would stay free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} MiB are free on the disk, and {} MiB are to stay free", .free >> 20, .reserve >> 20)]
pub struct Short {
    free: u64,
    reserve: u64,
}

impl From<Short> for io::Error {
    fn from(short: Short) -> Self {
        Self::new(io::ErrorKind::StorageFull, short)
    }
}

/// The disk that a folder is on.
#[derive(Debug)]
pub struct Room {
    folder: PathBuf,
    reserve: u64,
    is_short: AtomicBool,
}

impl Room {
    /// The room where a folder is, of which this many bytes are to stay free; with 0, all may be used.
    #[must_use]
    pub fn new(folder: &Path, reserve: u64) -> Arc<Self> {
        Arc::new(Self { folder: folder.to_owned(), reserve, is_short: AtomicBool::new(false) })
    }

    /// The bytes that are to stay free.
    #[must_use]
    pub fn reserve(&self) -> u64 {
        self.reserve
    }

    /// The bytes that are free for us; `None` if that cannot be said.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        let disk = statvfs(&self.folder).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// Whether this many bytes more of files may be written.
    pub fn for_files(&self, bytes: u64) -> Result<(), Short> {
        self.leaves(self.reserve, bytes)
    }

    /// Whether something may be written into the database that does not take anything away, and is about this long. It stands
    /// there twice: in the log, and later where it belongs.
    pub fn for_changes(&self, bytes: u64) -> Result<(), Short> {
        self.leaves(self.reserve / REST, bytes.saturating_mul(2))
    }

    fn leaves(&self, reserve: u64, bytes: u64) -> Result<(), Short> {
        // Where it cannot be said how much is free, writing says whether it was enough.
        let Some(free) = self.free().filter(|_| reserve > 0) else { return Ok(()) };
        self.note(free);
        if free < reserve.saturating_add(bytes) { Err(Short { free, reserve }) } else { Ok(()) }
    }

    /// Says once in the log that there is too little, and once that there is enough again.
    fn note(&self, free: u64) {
        let (is_short, reserve) = (free < self.reserve, self.reserve);
        if self.is_short.swap(is_short, Ordering::Relaxed) == is_short {
            return;
        }
        if is_short {
            tracing::error!(free, reserve, "the disk is nearly full: files are refused, and soon all that is new");
        } else {
            tracing::info!(free, "there is room on the disk again");
        }
    }
}

/// Makes a file in a folder of ours; should somebody have taken that away, it is made again.
pub fn within<T>(folder: &Path, make: impl Fn() -> io::Result<T>) -> io::Result<T> {
    match make() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            make()
        }
        made => made,
    }
}

/// A file that nobody else has locked, and its owner alone may read; made if it is absent. What is in it stays. The error of one that
/// is locked is [`TryLockError::WouldBlock`].
pub fn claim(path: &Path) -> Result<File, TryLockError> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let file = file.map_err(TryLockError::Error)?;
    file.try_lock().map(|()| file)
}

/// Makes the names in a folder survive a power cut, as syncing a file makes its bytes.
pub fn sync_names(folder: &Path) -> io::Result<()> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(here)?.sync_all()
}

/// Whether writing failed because the disk takes no more.
#[must_use]
pub fn is_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}
