//! The store: SQLite, the only truth. All SQL is here and in the modules below.
//!
//! A batch of any size is written with a handful of statements: rows travel as one JSON text each (`json_each`), because every
//! statement through sqlx is a hand-over to the connection's thread and back.

mod deliveries;
mod downloads;
mod load;
mod problems;
mod publish_hooks;
mod tokens;
mod write;

use std::{path::Path, str::FromStr, time::Duration};

use sqlx::{
    SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::model::Id;

pub use deliveries::{Arrival, Delivery, Listed, Pending, Tally};
pub use downloads::Download;
pub use problems::{KnownChange, KnownProblem, News};
pub use publish_hooks::{Call, Line, Told};
pub use tokens::StoredToken;
pub use write::{ANSWERS_ARE_KEPT, Answer, Rows};

/// The migrations, in the binary.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// What can go wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite said no.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
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
    /// SQLite found the file damaged.
    #[error("{0}")]
    Corrupt(String),
    /// What was to be written could not be put into words.
    #[error("a change could not be encoded: {0}")]
    Encoding(#[from] serde_json::Error),
}

/// The database: one connection that writes, a few that read.
#[derive(Debug)]
pub struct Store {
    writer: tokio::sync::Mutex<SqliteConnection>,
    readers: SqlitePool,
}

/// The text that stands for the studio where a project's id would be.
fn project_text(project: Option<&Id>) -> &str {
    project.map_or("", Id::as_str)
}

impl Store {
    /// Opens the database file, makes it if it is absent, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        let options = SqliteConnectOptions::from_str("sqlite:")?
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(Duration::from_secs(10))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true);
        let mut writer = sqlx::ConnectOptions::connect(&options).await?;
        MIGRATIONS.run(&mut writer).await?;
        let readers =
            SqlitePoolOptions::new().max_connections(4).min_connections(0).connect_lazy_with(options.read_only(true));
        Ok(Self { writer: tokio::sync::Mutex::new(writer), readers })
    }

    /// Writes what a batch changed, all of it or nothing; when it returns, it is durable.
    pub async fn write(&self, rows: &Rows) -> Result<(), Error> {
        let mut writer = self.writer.lock().await;
        write::write(&mut writer, rows).await
    }

    /// Whether the database can be written to, found by taking the write lock. Whoever asks may stop waiting: what was begun is
    /// rolled back all the same, or nothing could be written any more.
    pub async fn probe(&self) -> Result<(), Error> {
        let mut writer = self.writer.lock().await;
        let lock = sqlx::Connection::begin_with(&mut *writer, "begin immediate").await?;
        lock.rollback().await?;
        Ok(())
    }

    /// Has SQLite look the database over; the error says what is wrong with it.
    pub async fn check(&self) -> Result<(), Error> {
        let found: String = sqlx::query_scalar("pragma quick_check(1)").fetch_one(&self.readers).await?;
        if found == "ok" { Ok(()) } else { Err(Error::Corrupt(found)) }
    }

    /// Closes the connections, so that the write-ahead log is folded into the database file.
    pub async fn close(self) -> Result<(), Error> {
        self.readers.close().await;
        sqlx::Connection::close(self.writer.into_inner()).await?;
        Ok(())
    }
}
