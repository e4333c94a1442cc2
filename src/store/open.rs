//! Opening the database: whether it is one, one of ours, and of our time; then its schema is brought up to date.

use std::{fs, os::unix::fs::OpenOptionsExt, path::Path, str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Mutex;

use super::{Error, MIGRATIONS, Store, writing::Writing};

const TABLES: &str = "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'";
const SCHEMA: &str = "select coalesce(max(version), 0) from _sqlx_migrations";
const LOG: &str = "pragma journal_mode = wal";

/// Every statement of this module, for the test that prepares them.
#[cfg(test)]
pub(super) const STATEMENTS: [&str; 3] = [TABLES, SCHEMA, LOG];

impl Store {
    /// Opens the database file, makes it if it is absent, and brings its schema up to date. What an earlier process left is
    /// made durable, if the disk allows; else before the first write.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        make(path)?;
        let mut writer = connect(path, false).await?;
        let damaged = |error: Error| error.of_file(path);
        refuse_unknown(&mut writer, path).await.map_err(damaged)?;
        sqlx::query(LOG).execute(&mut writer).await.map_err(|error| damaged(error.into()))?;
        MIGRATIONS.run(&mut writer).await.map_err(|error| damaged(error.into()))?;
        let store = Self::of(path, writer)?;
        if let Err(error) = store.secure().await {
            tracing::error!(%error, "the disk takes nothing: what is there is served, and nothing is written until it does");
        }
        Ok(store)
    }

    /// Opens the database file of a server that may be running: it must be there, with the schema of this version.
    pub async fn open_beside(path: &Path) -> Result<Self, Error> {
        let mut writer = connect(path, false).await?;
        need_schema(&mut writer, path).await.map_err(|error| error.of_file(path))?;
        Self::of(path, writer)
    }

    fn of(path: &Path, writer: SqliteConnection) -> Result<Self, Error> {
        let readers = SqlitePoolOptions::new().max_connections(4).min_connections(0);
        let readers = readers.connect_lazy_with(options(path)?.read_only(true));
        Ok(Self { path: path.to_owned(), writer: Mutex::new(Writing::new(writer)), readers })
    }
}

/// The file, readable by its owner alone. So are those that SQLite makes beside it.
fn make(path: &Path) -> Result<(), Error> {
    let made = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    made.map(drop).map_err(|source| Error::File { path: path.to_owned(), source })
}

fn options(path: &Path) -> Result<SqliteConnectOptions, Error> {
    let options = SqliteConnectOptions::from_str("sqlite:")?.filename(path).busy_timeout(Duration::from_secs(10));
    Ok(options.synchronous(SqliteSynchronous::Full).foreign_keys(true))
}

/// A connection to a database that is there.
pub(super) async fn connect(path: &Path, read_only: bool) -> Result<SqliteConnection, Error> {
    if !path.is_file() {
        return Err(Error::Absent(path.to_owned()));
    }
    let connected = options(path)?.read_only(read_only).connect().await;
    connected.map_err(|error| Error::from(error).of_file(path))
}

/// The number of the schema; 0 if there is nothing in the database yet.
async fn schema(connection: &mut SqliteConnection, path: &Path) -> Result<i64, Error> {
    let tables: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(&mut *connection).await?;
    if tables.is_empty() {
        return Ok(0);
    }
    if !tables.iter().any(|table| table == "_sqlx_migrations") {
        return Err(Error::Foreign(path.to_owned()));
    }
    Ok(sqlx::query_scalar(SCHEMA).fetch_one(connection).await?)
}

fn last_known() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// Refuses what is not ours, or of a time to come, before anything is written into it.
pub(super) async fn refuse_unknown(connection: &mut SqliteConnection, path: &Path) -> Result<(), Error> {
    let (found, known) = (schema(connection, path).await?, last_known());
    if found > known { Err(Error::Newer { path: path.to_owned(), found, known }) } else { Ok(()) }
}

/// Refuses all that has not the schema of this version.
async fn need_schema(connection: &mut SqliteConnection, path: &Path) -> Result<(), Error> {
    refuse_unknown(connection, path).await?;
    let (found, known) = (schema(connection, path).await?, last_known());
    if found < known { Err(Error::Older { path: path.to_owned(), found, known }) } else { Ok(()) }
}
