//! The connection that writes, and what is done when the disk fails it.
//!
//! # After a failed sync
//!
//! When `fsync` fails, the kernel has given up on the pages: it marks them as written, so that a second `fsync` succeeds
//! without having written them. So nothing may be called durable because of a sync that was merely tried again. That is how
//! each case goes with SQLite (3.51, `walFrames` and `walCheckpoint` in its source):
//!
//! - *A commit.* Its frames are appended to the write-ahead log and synced; only then is the log's index moved past them. A
//!   commit whose sync fails is rolled back and refused, and the next one writes its own frames over those, at the same
//!   place, and needs a sync of its own. What that sync covers was all written anew, and all before it was synced before:
//!   so what is answered afterwards is durable, and the connection need not be opened again.
//! - *The frames that were refused* are still in the file, and whole. A process that is killed now would find them at its next
//!   start, and take them for a commit: a write that was refused would be there all the same, perhaps without being on the
//!   disk. So they are overwritten at once by a commit of nothing ([`OVERWRITE`]), also if its own sync fails.
//! - *A checkpoint* that fails leaves the log as it is, and is done again from the log, which writes the pages anew.
//! - *A start*, after a crash or a failed sync of an earlier process, takes from the log what is whole, be it on the disk or
//!   only in memory. So before anything is written, all of it is brought into the database file, which writes and syncs it
//!   ([`SECURE`]). As long as that fails, writes are refused with its error, also those that would change nothing.

use sqlx::{Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments};
use tokio::sync::MutexGuard;

use super::{Error, Store};

/// A commit of one page, as it is: the number that SQLite keeps for users, and that nobody uses.
const OVERWRITE: &str = "pragma user_version = 0";
/// Writes and syncs what is in the log, without waiting for anyone: whether somebody else was at it, how many frames there
/// are, and how many of them are now in the database file.
const SECURE: &str = "pragma wal_checkpoint(passive)";

/// The connection that writes.
#[derive(Debug)]
pub(super) struct Writing {
    connection: SqliteConnection,
    /// Whether something was begun with it of which is not known how it ended: whoever began it did not wait any more.
    is_open: bool,
    /// Whether all that an earlier process wrote is durable.
    is_secure: bool,
}

impl Writing {
    pub fn new(connection: SqliteConnection) -> Self {
        Self { connection, is_open: false, is_secure: false }
    }

    /// The connection, to write something that is to be [`Self::ended`].
    pub fn connection(&mut self) -> &mut SqliteConnection {
        self.is_open = true;
        &mut self.connection
    }

    /// Rolls back what was begun, if anything was.
    async fn roll_back(&mut self) {
        // There is nothing to roll back where no transaction began, or SQLite did it by itself.
        let _ = sqlx::query("rollback").execute(&mut self.connection).await;
        self.is_open = false;
    }

    /// Makes durable what an earlier process wrote, if that was not done yet.
    pub async fn secure(&mut self) -> Result<(), Error> {
        if self.is_secure {
            return Ok(());
        }
        let (busy, frames, moved): (i64, i64, i64) = sqlx::query_as(SECURE).fetch_one(&mut self.connection).await?;
        // Somebody who reads holds it up, such as a backup. That is tried again, and no reason to refuse anything.
        self.is_secure = busy == 0 && frames == moved;
        Ok(())
    }

    /// Ends what was to be written. Is it an error, nothing of it stays.
    pub async fn ended<T>(&mut self, written: Result<T, Error>) -> Result<T, Error> {
        let Err(error) = &written else {
            self.is_open = false;
            return written;
        };
        self.roll_back().await;
        if error.is_of_disk()
            && let Err(second) = sqlx::query(OVERWRITE).execute(&mut self.connection).await
        {
            tracing::error!(error = %second, "the disk fails: nothing can be written to the database now");
        }
        written
    }

    pub async fn close(self) -> Result<(), Error> {
        Ok(sqlx::Connection::close(self.connection).await?)
    }
}

impl Store {
    /// The connection that writes, once what there is is durable.
    pub(super) async fn writer(&self) -> Result<MutexGuard<'_, Writing>, Error> {
        let mut writer = self.writer.lock().await;
        if writer.is_open {
            writer.roll_back().await;
        }
        writer.secure().await?;
        Ok(writer)
    }

    /// Executes one statement, and gives how many rows it altered.
    pub(super) async fn alter(&self, query: Query<'_, Sqlite, SqliteArguments>) -> Result<u64, Error> {
        let mut writer = self.writer().await?;
        let done = query.execute(writer.connection()).await;
        writer.ended(done.map_err(Error::from)).await.map(|done| done.rows_affected())
    }

    /// Makes certain that what is in the database is durable: for answers to writes that change nothing.
    pub async fn secure(&self) -> Result<(), Error> {
        self.writer().await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Rows, Store};

    #[tokio::test]
    async fn what_was_begun_by_who_does_not_wait_any_more_is_rolled_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("watchtower.db")).await.unwrap();
        let mut rows = Rows::default();
        rows.revise(None, 7);
        let mut writer = store.writer().await.unwrap();
        let begun = "begin immediate; insert into revision values ('left', 9)";
        sqlx::raw_sql(begun).execute(writer.connection()).await.unwrap();
        drop(writer);
        store.probe().await.unwrap();
        store.write(&rows).await.unwrap();
        assert_eq!(store.last_revision().await.unwrap(), 7);
    }
}
