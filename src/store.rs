//! The store: SQLite, the only truth. All SQL is here and in the modules below.
//!
//! A batch of any size is written with a handful of statements: rows travel as one JSON text each (`json_each`), because every
//! statement through sqlx is a hand-over to the connection's thread and back.

mod copy;
mod deliveries;
mod downloads;
mod failure;
mod load;
mod open;
mod problems;
mod publish_hooks;
mod tokens;
mod write;
mod writing;

use std::path::PathBuf;

use sqlx::SqlitePool;
use tokio::sync::Mutex;

use crate::model::Id;

pub use copy::{Copied, copy};
pub use deliveries::{Arrival, Delivery, Listed, Pending, Tally};
pub use downloads::Download;
pub use failure::Error;
pub use problems::{KnownChange, KnownProblem, News};
pub use publish_hooks::{Call, Line, Told};
pub use tokens::StoredToken;
pub use write::{ANSWERS_ARE_KEPT, Answer, Rows};
use writing::Writing;

/// The migrations, in the binary.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// The database: one connection that writes, a few that read.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    writer: Mutex<Writing>,
    readers: SqlitePool,
}

/// Takes the write lock, and nothing else.
const PROBE: &str = "delete from entity where false";

/// The text that stands for the studio where a project's id would be.
fn project_text(project: Option<&Id>) -> &str {
    project.map_or("", Id::as_str)
}

impl Store {
    /// Writes what a batch changed, all of it or nothing; when it returns, it is durable.
    pub async fn write(&self, rows: &Rows) -> Result<(), Error> {
        let mut writer = self.writer().await?;
        let written = write::write(writer.connection(), rows).await;
        writer.ended(written).await
    }

    /// Whether the database can be written to, found by taking the write lock. Whoever asks may stop waiting: one statement ends
    /// what it begins, whatever becomes of it.
    pub async fn probe(&self) -> Result<(), Error> {
        self.alter(sqlx::query(PROBE)).await.map(drop)
    }

    /// The same error, which names the file if it is damaged.
    #[must_use]
    pub fn named(&self, error: Error) -> Error {
        error.of_file(&self.path)
    }

    /// Has SQLite look the database over; the error says what is wrong with it.
    pub async fn check(&self) -> Result<(), Error> {
        let found = sqlx::query_scalar("pragma quick_check(1)").fetch_one(&self.readers).await;
        let found: String = found.map_err(|error| self.named(error.into()))?;
        if found == "ok" { Ok(()) } else { Err(Error::Unreadable { path: self.path.clone(), reason: found }) }
    }

    /// Closes the connections, so that the write-ahead log is folded into the database file.
    pub async fn close(self) -> Result<(), Error> {
        self.readers.close().await;
        self.writer.into_inner().close().await
    }
}
