//! A tree on disk: files written beside their place and renamed, equal ones left untouched.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufRead, Write},
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{disk, layout::TreeFile};

/// What was done to a tree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Files that were written.
    pub written: u64,
    /// Files that were as they should be.
    pub unchanged: u64,
    /// Bytes of the files that were written.
    pub bytes: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.written += other.written;
        self.unchanged += other.unchanged;
        self.bytes += other.bytes;
    }
}

/// A file that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct Error {
    path: PathBuf,
    source: io::Error,
}

impl Error {
    /// Whether the disk takes no more.
    #[must_use]
    pub fn is_no_room(&self) -> bool {
        disk::is_no_room(&self.source)
    }
}

/// The folder of a tree.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    scratch: PathBuf,
    next: AtomicU64,
    /// Held where others may render into the same folder.
    lock: Option<File>,
}

/// The folder for files that are not finished yet, beside the tree's own, so that renaming is atomic.
const SCRATCH: &str = ".unfinished";
/// The file that is locked while something is rendered into a folder that is others'.
const LOCK: &str = ".lock";

impl Tree {
    /// The tree in a folder, which is made if it is absent. What an earlier run left unfinished is removed.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let scratch = root.join(SCRATCH);
        let prepare = || {
            match fs::remove_dir_all(&scratch) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            fs::create_dir_all(&scratch)
        };
        prepare().map_err(|source| Error { path: scratch.clone(), source })?;
        Ok(Self { root: root.to_owned(), scratch, next: AtomicU64::new(0), lock: None })
    }

    /// The same in a folder that others may render into, though not at the same time.
    pub fn open_alone(root: &Path) -> Result<Self, Error> {
        let failed = |source| Error { path: root.to_owned(), source };
        fs::create_dir_all(root).map_err(failed)?;
        let lock = take_alone(&root.join(LOCK)).map_err(failed)?;
        Ok(Self { lock: Some(lock), ..Self::open(root)? })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes a file, unless it is there with the same bytes and `force` is not set. If another tree has it already, and
    /// the file system allows, both share it.
    pub fn write(&self, file: &TreeFile, force: bool, other: Option<&Tree>) -> Result<Tally, Error> {
        let path = self.place(&file.path)?;
        let failed = |source| Error { path: path.clone(), source };
        if !force && is_equal(&path, &file.body).map_err(failed)? {
            return Ok(Tally { unchanged: 1, ..Tally::default() });
        }
        let other = other.filter(|other| other.root != self.root).and_then(|other| other.place(&file.path).ok());
        match other.filter(|other| is_equal(other, &file.body).unwrap_or(false)) {
            Some(other) if self.share(&path, &other).is_ok() => {}
            _ => self.replace(&path, &file.body).map_err(failed)?,
        }
        Ok(Tally { written: 1, bytes: file.body.len() as u64, ..Tally::default() })
    }

    /// Puts a finished file of elsewhere in place: as another name for it (`share`) where the file system allows, else as a
    /// copy. Is it there already, nothing is done; unless `force` is set.
    pub fn link(&self, path: &str, source: &Path, share: bool, force: bool) -> Result<Tally, Error> {
        let path = self.place(path)?;
        let failed = |source| Error { path: path.clone(), source };
        let missing = |error| Error { path: source.to_owned(), source: error };
        let bytes = fs::metadata(source).map_err(missing)?.len();
        if !force && is_same(&path, source).map_err(failed)? {
            return Ok(Tally { unchanged: 1, ..Tally::default() });
        }
        if !share || self.share(&path, source).is_err() {
            self.copy(&path, source).map_err(failed)?;
        }
        Ok(Tally { written: 1, bytes, ..Tally::default() })
    }

    fn copy(&self, path: &Path, source: &Path) -> io::Result<()> {
        self.make(path, |unfinished| {
            fs::copy(source, unfinished)?;
            File::open(unfinished)?.sync_data()
        })
    }

    /// The length of a file, in bytes; `None` if it is not there.
    #[must_use]
    pub fn length(&self, path: &str) -> Option<u64> {
        Some(fs::metadata(self.place(path).ok()?).ok()?.len())
    }

    /// Puts another name for a finished file in place. A file is never altered, only replaced, so names can share it.
    fn share(&self, path: &Path, other: &Path) -> io::Result<()> {
        self.make(path, |unfinished| fs::hard_link(other, unfinished))
    }

    fn replace(&self, path: &Path, body: &[u8]) -> io::Result<()> {
        self.make(path, |unfinished| {
            let mut file = File::create(unfinished)?;
            file.write_all(body)?;
            file.sync_data()
        })
    }

    /// Makes a file beside the tree's own, and puts it in place. One that fails does not stay: the disk may be full.
    fn make(&self, path: &Path, make: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
        let unfinished = self.scratch.join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        let made = disk::within(&self.scratch, || make(&unfinished)).and_then(|()| put_in_place(&unfinished, path));
        if made.is_err() {
            // Nor is it in anybody's way: the next start removes it.
            let _ = fs::remove_file(&unfinished);
        }
        made
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, path: &str) -> Result<(), Error> {
        let path = self.place(path)?;
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error { path, source }),
            _ => Ok(()),
        }
    }

    /// The names of what is in a folder; none if there is no such folder.
    pub fn names(&self, folder: &str) -> Result<Vec<String>, Error> {
        let path = self.place(folder)?;
        let listed = fs::read_dir(&path).and_then(|entries| {
            entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<io::Result<Vec<_>>>()
        });
        match listed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            listed => listed.map_err(|source| Error { path, source }),
        }
    }

    /// Removes what a folder of the tree has besides what is wanted; gives the names of what went.
    pub fn retain(&self, folder: &str, mut wanted: impl FnMut(&str) -> bool) -> Result<Vec<String>, Error> {
        let path = self.place(folder)?;
        let failed = |source| Error { path: path.clone(), source };
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut removed = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if wanted(&name) {
                continue;
            }
            let is_folder = entry.file_type().map_err(failed)?.is_dir();
            let gone = if is_folder { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
            gone.map_err(failed)?;
            removed.push(name);
        }
        Ok(removed)
    }

    /// Leaves nothing but the tree in the folder; for a folder that is handed on.
    pub fn finish(self) -> Result<(), Error> {
        fs::remove_dir_all(&self.scratch).map_err(|source| Error { path: self.scratch, source })?;
        let Some(_held) = self.lock else { return Ok(()) };
        let path = self.root.join(LOCK);
        fs::remove_file(&path).map_err(|source| Error { path, source })
    }

    /// Where a path of the tree is. Paths are made from checked ids, and checked once more here: none may lead out, nor may a
    /// folder that somebody put there be a link, which could lead anywhere.
    fn place(&self, path: &str) -> Result<PathBuf, Error> {
        let relative = Path::new(path);
        if !relative.components().all(|component| matches!(component, Component::Normal(_))) {
            return Err(Error { path: relative.to_owned(), source: io::Error::other("leads out of the tree") });
        }
        let folders = relative.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        for folder in folders.map(|folder| self.root.join(folder)) {
            if fs::symlink_metadata(&folder).is_ok_and(|found| found.is_symlink()) {
                let source = io::Error::other("is a link, and nothing is written or removed through one");
                return Err(Error { path: folder, source });
            }
        }
        Ok(self.root.join(relative))
    }
}

/// Locks a file that whoever has it locked takes away in the end: it must still be there afterwards.
fn take_alone(path: &Path) -> io::Result<File> {
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other(format!("{LOCK} in it is no file")));
    }
    let busy = || io::Error::other("another render is writing into this folder");
    let lock = disk::claim(path).map_err(|error| match error {
        TryLockError::WouldBlock => busy(),
        TryLockError::Error(error) => error,
    })?;
    let (held, there) = (lock.metadata()?, fs::metadata(path).ok());
    let is_there = there.is_some_and(|there| (there.dev(), there.ino()) == (held.dev(), held.ino()));
    if is_there { Ok(lock) } else { Err(busy()) }
}

/// Renames a file of the scratch folder. One that already is a name of the same file would stay behind: a rename of one
/// name onto another of the same file does nothing (POSIX).
fn put_in_place(unfinished: &Path, path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::rename(unfinished, path)?;
    match fs::remove_file(unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether a place has a file already, and no link that somebody put there: under another name, or, where names cannot be shared, with the same bytes.
fn is_same(path: &Path, source: &Path) -> io::Result<bool> {
    let there = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        there => there?,
    };
    let wanted = fs::metadata(source)?;
    if there.dev() == wanted.dev() && there.ino() == wanted.ino() {
        return Ok(true);
    }
    if there.len() != wanted.len() || !there.is_file() {
        return Ok(false);
    }
    let mut pair = [path, source].map(|path| File::open(path).map(|file| io::BufReader::with_capacity(1 << 17, file)));
    let [Ok(one), Ok(other)] = &mut pair else { return Ok(false) };
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let length = left.len().min(right.len());
        if length == 0 || left[..length] != right[..length] {
            return Ok(left.len() == right.len());
        }
        one.consume(length);
        other.consume(length);
    }
}

/// Whether a file is there, and no link, and has these bytes; its length is asked for first.
fn is_equal(path: &Path, body: &[u8]) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() == body.len() as u64 => Ok(fs::read(path)? == body),
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
