//! A copy of the database as it is at one moment, taken while a server may be writing to it.

use std::path::Path;

use super::{
    Error,
    load::LAST_REVISION,
    open::{connect, refuse_unknown},
};
use crate::model::media::Sha256;

/// SQLite reads all of it in one transaction, which holds up nobody, and writes it without what was deleted.
const COPY: &str = "vacuum into ?";
/// The files that entities refer to, and whether they are needed: the original of a movie that was rewritten is not kept.
const REFERRED: &str = "
    select file.value, max(file.key < 3) from entity, json_each(json_array(
        body ->> '$.thumbnail.sha256', body ->> '$.thumbnail.shown', body ->> '$.movie.shown', body ->> '$.movie.sha256'
    )) as file where file.value is not null group by file.value";

/// Every statement of this module that can be prepared, for the test that does.
#[cfg(test)]
pub(super) const STATEMENTS: [&str; 2] = [COPY, REFERRED];

/// What is in a copy.
#[derive(Debug, Clone, Default)]
pub struct Copied {
    /// The revision that it is of.
    pub revision: u64,
    /// The files of the media store that it refers to, and whether they must be there.
    pub files: Vec<(Sha256, bool)>,
}

/// Copies a database of this or an older version into an empty file, and checks the copy. The file is not synced.
pub async fn copy(from: &Path, to: &Path) -> Result<Copied, Error> {
    let mut reader = connect(from, true).await?;
    let damaged = |error: sqlx::Error| Error::from(error).of_file(from);
    refuse_unknown(&mut reader, from).await.map_err(|error| error.of_file(from))?;
    sqlx::query(COPY).bind(to.to_string_lossy()).execute(&mut reader).await.map_err(damaged)?;
    sqlx::Connection::close(reader).await?;
    let mut copy = connect(to, true).await?;
    let found: String = sqlx::query_scalar("pragma quick_check(1)").fetch_one(&mut copy).await?;
    if found != "ok" {
        return Err(Error::Unreadable { path: to.to_owned(), reason: found });
    }
    let revision: i64 = sqlx::query_scalar(LAST_REVISION).fetch_one(&mut copy).await?;
    let files: Vec<(String, bool)> = sqlx::query_as(REFERRED).fetch_all(&mut copy).await?;
    let files = files.into_iter().filter_map(|(hash, needed)| Some((hash.parse().ok()?, needed)));
    let copied = Copied { revision: revision.unsigned_abs(), files: files.collect() };
    sqlx::Connection::close(copy).await?;
    Ok(copied)
}
