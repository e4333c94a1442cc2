//! A file in the data folder that is renewed whenever tokens change, so that a running server sees at once what a command
//! beside it did. Looking costs a microsecond, where asking the database at each request would cost many.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The file.
#[derive(Debug)]
pub struct Stamp(PathBuf);

/// How the file was when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    file: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The one of a data folder.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self(data_dir.join("tokens.changed"))
    }

    /// How it is now; `None` if it was never renewed.
    pub fn mark(&self) -> io::Result<Option<Mark>> {
        match fs::metadata(&self.0) {
            Ok(found) => Ok(Some(Mark {
                file: found.ino(),
                written: (found.mtime(), found.mtime_nsec()),
                changed: (found.ctime(), found.ctime_nsec()),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Says that tokens changed. This comes after the change is in the database.
    pub fn renew(&self) -> io::Result<()> {
        let beside = self.0.with_extension(format!("changed-{}", std::process::id()));
        fs::write(&beside, "Renewed when tokens change, for a running server to see.\n")?;
        fs::rename(&beside, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn every_renewal_shows() {
        let folder = tempfile::tempdir().unwrap();
        let stamp = Stamp::of(folder.path());
        let mut last = stamp.mark().unwrap();
        assert!(last.is_none());
        for _ in 0..3 {
            // The clock of a file system may tick slowly; another inode shows even within one tick.
            stamp.renew().unwrap();
            let mark = stamp.mark().unwrap();
            assert_ne!(mark, last);
            last = mark;
        }
        assert_eq!(stamp.mark().unwrap(), last);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
