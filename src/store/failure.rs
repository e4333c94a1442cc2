//! What can go wrong in the store, and what it means for who asked.

use std::{
    io,
    path::{Path, PathBuf},
};

/// What can go wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite said no.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The file can be neither opened nor made.
    #[error("the database {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no database where one is to be read.
    #[error("there is no database {}", .0.display())]
    Absent(PathBuf),
    /// A row is not what this program writes.
    #[error("the database holds a damaged {kind} {id:?} of project {project:?}: {reason}")]
    Damaged {
        /// The row's project, `""` for the studio.
        project: String,
        /// The row's kind.
        kind: String,
        /// The row's id.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is damaged, or no database at all.
    #[error(
        "the database {} is damaged ({reason}): set it aside and restore a backup, see docs/operations.md, \"Backup and restore\"",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What SQLite says of it.
        reason: String,
    },
    /// The file is a database of something else.
    #[error("{} is a database, but none of watchtower-server: it is left as it is", .0.display())]
    Foreign(PathBuf),
    /// The schema is one that this program does not know.
    #[error(
        "the database {} was written by a newer watchtower-server: its schema has number {found}, and this is version {} which \
         knows it up to {known}. Start the newer version; or go back to a backup of before the upgrade, see \
         docs/operations.md, \"Upgrading\"",
        path.display(),
        env!("CARGO_PKG_VERSION")
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The number of its schema.
        found: i64,
        /// The number of the last schema that is known.
        known: i64,
    },
    /// The schema is an old one, and not for this command to bring up to date.
    #[error(
        "the database {} was written by an older watchtower-server: its schema has number {found}, and this is version {} which \
         needs {known}. A server of this version brings it up to date when it starts",
        path.display(),
        env!("CARGO_PKG_VERSION")
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// The number of its schema.
        found: i64,
        /// The number of the schema that is needed.
        known: i64,
    },
    /// What was to be written could not be put into words.
    #[error("a change could not be encoded: {0}")]
    Encoding(#[from] serde_json::Error),
}

/// SQLite's codes, <https://www.sqlite.org/rescode.html>: the extended ones have the primary one in their lowest byte.
mod code {
    pub const IOERR: u32 = 10;
    pub const CORRUPT: u32 = 11;
    pub const FULL: u32 = 13;
    pub const NOTADB: u32 = 26;
    /// SQLite takes only ENOSPC for a full disk. A quota that is used up, a file system that became read-only and a disk that
    /// fails are all this.
    pub const IOERR_WRITE: u32 = IOERR | 3 << 8;
    /// The file that readers share could not be made larger.
    pub const IOERR_SHMSIZE: u32 = IOERR | 19 << 8;
}

impl Error {
    /// The extended code that SQLite gave.
    fn code(&self) -> Option<u32> {
        let (Self::Database(error)
        | Self::Migration(
            sqlx::migrate::MigrateError::Execute(error) | sqlx::migrate::MigrateError::ExecuteMigration(error, _),
        )) = self
        else {
            return None;
        };
        error.as_database_error()?.code()?.parse().ok()
    }

    /// Whether the disk takes no more: there is no room, or it refuses what is written.
    #[must_use]
    pub fn is_no_room(&self) -> bool {
        self.code().is_some_and(|code| [code::FULL, code::IOERR_WRITE, code::IOERR_SHMSIZE].contains(&code))
    }

    /// Whether reading, writing or syncing a file failed, by whatever cause but a lack of room that SQLite knows as such.
    pub(super) fn is_of_disk(&self) -> bool {
        self.code().is_some_and(|code| code & 0xff == code::IOERR)
    }

    /// The same of a database file: a damaged one is called so.
    pub(super) fn of_file(self, path: &Path) -> Self {
        match self.code().map(|code| code & 0xff) {
            Some(code::CORRUPT | code::NOTADB) => Self::Unreadable { path: path.to_owned(), reason: self.to_string() },
            _ => self,
        }
    }
}
