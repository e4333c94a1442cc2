//! What is known of files of other servers.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Error, Store};
use crate::model::{media::Sha256, time::Instant};

const ALL: &str = "select url, body from download";
const KEEP: &str = "
    insert into download (url, body) select value ->> 0, value ->> 1 from json_each(?) where true
    on conflict (url) do update set body = excluded.body";
const FORGET: &str = "delete from download where url in (select value from json_each(?))";

/// Every statement of this module, for the test that prepares them.
#[cfg(test)]
pub(super) const STATEMENTS: [&str; 3] = [ALL, KEEP, FORGET];

/// How a file of another server was when it was last asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Download {
    /// Its entity tag.
    pub etag: Option<String>,
    /// Its date.
    pub last_modified: Option<String>,
    /// The hash of the copy, if it came.
    pub sha256: Option<Sha256>,
    /// When it is asked for again.
    pub next: Instant,
    /// How often it failed since it last came.
    pub attempts: u32,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

impl Store {
    /// Everything that is known of files of other servers, by URL.
    pub async fn downloads(&self) -> Result<Vec<(String, Download)>, Error> {
        let rows: Vec<(String, String)> = sqlx::query_as(ALL).fetch_all(&self.readers).await?;
        // What cannot be read is as good as lost.
        Ok(rows.into_iter().filter_map(|(url, body)| Some((url, serde_json::from_str(&body).ok()?))).collect())
    }

    /// Keeps what is known of some, and forgets others.
    pub async fn keep_downloads(&self, known: &[(String, Download)], gone: &[String]) -> Result<(), Error> {
        let rows: Result<Vec<_>, Error> =
            known.iter().map(|(url, download)| Ok(json!([url, serde_json::to_string(download)?]))).collect();
        let (rows, gone_urls) = (serde_json::to_string(&rows?)?, serde_json::to_string(gone)?);
        let mut writer = self.writer().await?;
        let written = async {
            if !known.is_empty() {
                sqlx::query(KEEP).bind(rows).execute(writer.connection()).await?;
            }
            if !gone.is_empty() {
                sqlx::query(FORGET).bind(gone_urls).execute(writer.connection()).await?;
            }
            Ok(())
        };
        let written = written.await;
        writer.ended(written).await
    }
}
