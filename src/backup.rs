//! Backups: a copy of the database, and of the pictures and movies that it refers to. The server may be running.
//!
//! The copy is made beside its place, checked, synced, and renamed last: a backup that is there is whole, with all its files.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crate::{
    disk::{self, sync_names},
    media::store::MediaStore,
    model::media::Sha256,
    store::{self, Copied},
};

/// The folder of files that are not finished yet, beside those that are.
const SCRATCH: &str = ".unfinished";
/// The file in a folder of pictures and movies that is locked while a backup is written there.
const LOCK: &str = ".lock";
/// How often a copy is taken anew because a file that it refers to went meanwhile.
const TRIES: usize = 5;

/// What is to be backed up, and where to.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The database.
    pub database: PathBuf,
    /// The media store.
    pub media: PathBuf,
    /// The file that the copy of the database becomes.
    pub file: PathBuf,
    /// The folder that gets the pictures and movies; without it they are left out.
    pub media_to: Option<PathBuf>,
    /// Whether a file that is there is replaced.
    pub force: bool,
}

/// What was backed up.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The revision of the data.
    pub revision: u64,
    /// The size of the database's copy in bytes.
    pub bytes: u64,
    /// Pictures and movies.
    pub media: Tally,
}

/// What became of pictures and movies.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// How many were copied, or got another name.
    pub new: u64,
    /// How many were there from an earlier backup.
    pub known: u64,
    /// Those that are missing in the data folder itself.
    pub missing: BTreeSet<Sha256>,
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is a file already.
    #[error("{} is there already: --force replaces it", .0.display())]
    Exists(PathBuf),
    /// Another backup is being made to the same place.
    #[error("another backup is being written to {}", .0.display())]
    Busy(PathBuf),
    /// A file or folder of the backup could not be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database could not be copied.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Makes a backup. `each` is told how many files of how many are done.
pub async fn back_up(wanted: Wanted, each: impl Fn(usize, usize) + Clone + Send + 'static) -> Result<Report, Error> {
    let Wanted { database, media, file, media_to, force } = wanted;
    if !force && file.exists() {
        return Err(Error::Exists(file));
    }
    let written = |source| Error::Write { path: file.clone(), source };
    let name = file.file_name().ok_or_else(|| written(io::Error::other("that is no name of a file")))?;
    let unfinished = file.with_file_name(format!(".{}{SCRATCH}", name.to_string_lossy()));
    let copy = claim(&unfinished)?;
    let mut tally = Tally::default();
    let mut revision = 0;
    for _ in 0..TRIES {
        copy.set_len(0).map_err(written)?;
        let Copied { revision: copied, files } = store::copy(&database, &unfinished).await?;
        revision = copied;
        let Some(to) = media_to.clone() else { break };
        let (from, before, each) = (media.clone(), tally.missing.clone(), each.clone());
        let work = move || copy_files(&from, &to, &files, each);
        let stopped = |error| written(io::Error::other(error));
        tally = tally.and(tokio::task::spawn_blocking(work).await.map_err(stopped)??);
        // What is missing now may have been replaced since the database was copied. What is missing twice is so there too.
        if tally.missing.is_subset(&before) {
            break;
        }
    }
    let bytes = copy.metadata().map_err(written)?.len();
    copy.sync_all().map_err(written)?;
    fs::rename(&unfinished, &file).map_err(written)?;
    file.parent().map_or(Ok(()), sync_names).map_err(written)?;
    Ok(Report { revision, bytes, media: tally })
}

/// A file that its owner alone may read, and nobody else writes to.
fn claim(path: &Path) -> Result<File, Error> {
    disk::claim(path).map_err(|error| match error {
        TryLockError::WouldBlock => Error::Busy(path.to_owned()),
        TryLockError::Error(source) => Error::Write { path: path.to_owned(), source },
    })
}

impl Tally {
    /// After another try: what is missing is what that says.
    fn and(self, next: Self) -> Self {
        Self { new: self.new + next.new, ..next }
    }
}

/// Copies what is not there yet, synced.
fn copy_files(from: &Path, to: &Path, files: &[(Sha256, bool)], each: impl Fn(usize, usize)) -> Result<Tally, Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    fs::create_dir_all(to).map_err(failed(to))?;
    // Backups of several databases may share the folder, though not at the same time.
    let _lock = claim(&to.join(LOCK)).map_err(|error| match error {
        Error::Busy(_) => Error::Busy(to.to_owned()),
        error => error,
    })?;
    let scratch = to.join(SCRATCH);
    if let Err(error) = fs::remove_dir_all(&scratch)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(failed(&scratch)(error));
    }
    fs::create_dir(&scratch).map_err(failed(&scratch))?;
    let (from, kept) = (MediaStore::at(from), MediaStore::at(to));
    let (mut tally, mut folders) = (Tally::default(), BTreeSet::new());
    for (done, (hash, is_needed)) in files.iter().enumerate() {
        let path = kept.path(*hash);
        match copy_file(&from.path(*hash), &path, &scratch.join(hash.to_string())).map_err(failed(&path))? {
            Copy::New => {
                tally.new += 1;
                folders.extend(path.parent().map(Path::to_owned));
            }
            Copy::Known => tally.known += 1,
            Copy::Missing if *is_needed => drop(tally.missing.insert(*hash)),
            Copy::Missing => {}
        }
        each(done + 1, files.len());
    }
    fs::remove_dir_all(&scratch).map_err(failed(&scratch))?;
    for folder in folders.iter().map(PathBuf::as_path).chain([to]).chain(to.parent()) {
        sync_names(folder).map_err(failed(folder))?;
    }
    Ok(tally)
}

/// What became of one file.
enum Copy {
    New,
    Known,
    Missing,
}

/// Gives a file another name where the file system allows, else copies it. One that is there already is the same, by its name.
fn copy_file(from: &Path, to: &Path, unfinished: &Path) -> io::Result<Copy> {
    let kept = fs::metadata(to).ok().map(|kept| kept.len());
    let length = match fs::metadata(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        found => Some(found?.len()),
    };
    match (length, kept) {
        (None, None) => return Ok(Copy::Missing),
        (None, Some(_)) => return Ok(Copy::Known),
        (length, kept) if length == kept => return Ok(Copy::Known),
        _ => {}
    }
    to.parent().map_or(Ok(()), fs::create_dir_all)?;
    let linked = match fs::hard_link(from, unfinished) {
        Err(error) if has_no_links(&error) => copy_bytes(from, unfinished),
        linked => linked,
    };
    match linked {
        // Nobody refers to it any more, and it was taken away since.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Copy::Missing),
        linked => linked?,
    }
    fs::rename(unfinished, to)?;
    Ok(Copy::New)
}

/// Whether a file system said that it gives files no second name, or not across its border.
fn has_no_links(error: &io::Error) -> bool {
    use io::ErrorKind::{CrossesDevices, PermissionDenied, TooManyLinks, Unsupported};
    [CrossesDevices, PermissionDenied, TooManyLinks, Unsupported].contains(&error.kind())
}

/// Copies a file into one that is not there yet: what is there may be another name of the file itself.
fn copy_bytes(from: &Path, to: &Path) -> io::Result<()> {
    let mut original = File::open(from)?;
    let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut original, &mut copy)?;
    copy.set_permissions(original.metadata()?.permissions())?;
    copy.sync_all()
}
