//! The data folder: what is where in it, and that one server at a time uses it.

use std::{
    fs::{DirBuilder, File, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::Error;
use crate::{disk, layout::Layout};

/// A data folder that no other server uses, as long as this lives.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Takes a data folder, which is made if it is absent.
    pub fn take(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Folder { path: path.to_owned(), source };
        make(path).map_err(failed)?;
        warn_of_others(path).map_err(failed)?;
        let lock = File::create(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        database_of(&self.path)
    }

    /// The folder of the tree of a layout.
    #[must_use]
    pub fn tree(&self, layout: Layout) -> PathBuf {
        tree_of(&self.path, layout)
    }

    /// The folder of pictures and movies.
    #[must_use]
    pub fn media(&self) -> PathBuf {
        media_of(&self.path)
    }

    /// The folder of unpacked pages.
    #[must_use]
    pub fn frontend(&self) -> PathBuf {
        self.path.join("frontend")
    }
}

/// Makes a folder that only its owner may look into, whose name survives a power cut. One that is there stays as it is.
fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    path.parent().map_or(Ok(()), disk::sync_names)
}

/// Whoever enters the folder can read pictures and movies of films that nobody is to see yet.
fn warn_of_others(path: &Path) -> io::Result<()> {
    let mode = path.metadata()?.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        let path = path.display();
        tracing::warn!(
            "every user of this machine may look into the data folder {path} (mode {mode:o}): chmod o= {path}"
        );
    }
    Ok(())
}

/// The database file of a data folder.
#[must_use]
pub fn database_of(data_dir: &Path) -> PathBuf {
    data_dir.join("watchtower.db")
}

/// The folder of the tree of a layout of a data folder.
#[must_use]
pub fn tree_of(data_dir: &Path, layout: Layout) -> PathBuf {
    data_dir.join("tree").join(layout.name())
}

/// The folder of pictures and movies of a data folder.
#[must_use]
pub fn media_of(data_dir: &Path) -> PathBuf {
    data_dir.join("media")
}
