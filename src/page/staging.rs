//! Temporary folders beside the place that their content is meant for.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use super::Error;

/// What the name of a temporary folder ends in.
const SUFFIX: &str = ".partial";

/// How old a temporary folder must be to be the remains of a process that died.
const STALE: Duration = Duration::from_hours(1);

/// How many temporary folders of one process id may exist; remains of dead processes count, ids come again in containers.
const MAX_FOLDERS: u32 = 100;

/// A temporary folder, removed when dropped unless it was published.
#[derive(Debug)]
pub(super) struct Staging {
    path: PathBuf,
}

impl Staging {
    /// Creates an empty folder in `parent`, which is created as well, and removes what dead processes left there.
    ///
    /// # Errors
    /// [`Error::Io`] naming the folder that could not be created.
    pub(super) fn new(parent: &Path, label: &str) -> Result<Self, Error> {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        sweep(parent);
        let mut number = 0;
        loop {
            let path = parent.join(format!(".{label}-{}-{number}{SUFFIX}", process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists && number < MAX_FOLDERS => {
                    number += 1;
                }
                Err(error) => return Err(Error::io("create", &path)(error)),
            }
        }
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Renames the folder to `target`, which must not exist.
    ///
    /// # Errors
    /// [`Error::Io`] naming `target`; the folder is removed then.
    pub(super) fn publish(self, target: &Path) -> Result<(), Error> {
        fs::rename(&self.path, target).map_err(Error::io("create", target))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.path) {
            tracing::warn!(%error, "a temporary folder stays");
        }
    }
}

/// Removes a folder and all in it, if it exists.
///
/// # Errors
/// [`Error::Io`] naming the folder.
pub(super) fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("remove", folder)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes temporary folders that no living process can be using; what cannot be removed stays, it harms nobody.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(SUFFIX));
        let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
        if ours && age.is_some_and(|age| age > STALE) {
            tracing::debug!(path = %entry.path().display(), "removing an abandoned temporary folder");
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_folder_that_is_not_published_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        let first = Staging::new(parent.path(), "a").unwrap();
        let second = Staging::new(parent.path(), "a").unwrap();
        assert_ne!(first.path(), second.path());
        second.publish(&parent.path().join("b")).unwrap();
        drop(first);
        let names: Vec<_> = fs::read_dir(parent.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["b"]);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the times of files are the computer's")]
    fn only_old_temporary_folders_are_swept() {
        let parent = tempfile::tempdir().unwrap();
        for (name, age) in [(".old-1-0.partial", 7200), (".new-1-0.partial", 10), ("page", 7200)] {
            let folder = parent.path().join(name);
            fs::create_dir(&folder).unwrap();
            let time = SystemTime::now() - Duration::from_secs(age);
            fs::File::open(&folder).unwrap().set_modified(time).unwrap();
        }
        sweep(parent.path());
        let exists = |name: &str| parent.path().join(name).exists();
        assert!(!exists(".old-1-0.partial"));
        assert!(exists(".new-1-0.partial"));
        assert!(exists("page"));
    }
}
