//! Loading: the studio, or one project, into memory.

use std::collections::HashMap;

use serde_json::Value;

use super::{Answer, Error, Store, project_text};
use crate::model::{
    Entity, Id, Kind,
    scope::{Instant, List, Record, Scope, Times},
};

const ENTITIES: &str = "select kind, id, position, body, times from entity where project = ?";
const TOMBSTONES: &str = "select kind, id, at from tombstone where project = ?";
const REVISION: &str = "select revision from revision where project = ?";
const LAST_REVISION: &str = "select coalesce(max(revision), 0) from revision";
const ANSWER: &str = "select fingerprint, answer, at from idempotency where key = ?";

/// Every statement of this module, for the test that prepares them.
#[cfg(test)]
pub(super) const STATEMENTS: [&str; 5] = [ENTITIES, TOMBSTONES, REVISION, LAST_REVISION, ANSWER];

impl Store {
    /// The highest revision there is; 0 in a new database.
    pub async fn last_revision(&self) -> Result<u64, Error> {
        let revision: i64 = sqlx::query_scalar(LAST_REVISION).fetch_one(&self.readers).await?;
        Ok(revision.unsigned_abs())
    }

    /// Everything in a project, or (`None`) the studio-wide lists.
    pub async fn load(&self, project: Option<&Id>) -> Result<Scope, Error> {
        let name = project_text(project);
        let mut transaction = self.readers.begin().await?;
        let revision: Option<i64> = sqlx::query_scalar(REVISION).bind(name).fetch_optional(&mut *transaction).await?;
        let rows: Vec<(String, String, i64, String, Option<String>)> =
            sqlx::query_as(ENTITIES).bind(name).fetch_all(&mut *transaction).await?;
        let tombstones: Vec<(String, String, i64)> =
            sqlx::query_as(TOMBSTONES).bind(name).fetch_all(&mut *transaction).await?;
        let mut lists: HashMap<Kind, Vec<(Id, Record)>> = HashMap::new();
        for (kind, id, position, body, times) in rows {
            let damaged = |reason: String| Error::Damaged {
                project: name.to_owned(),
                kind: kind.clone(),
                id: id.clone(),
                reason,
            };
            let (kind, id) = (parse_kind(&kind).map_err(damaged)?, Id::parse(&id).map_err(|e| damaged(e.to_string()))?);
            let entity = Entity::from_stored(kind, &body).map_err(|e| damaged(e.to_string()))?;
            let times: Times = match times {
                Some(times) => serde_json::from_str(&times).map_err(|e| damaged(e.to_string()))?,
                None => Times::new(),
            };
            lists.entry(kind).or_default().push((id, Record { position, times, entity }));
        }
        let mut buried = HashMap::new();
        for (kind, id, at) in tombstones {
            let damaged = |reason: String| Error::Damaged {
                project: name.to_owned(),
                kind: kind.clone(),
                id: id.clone(),
                reason,
            };
            let id = Id::parse(&id).map_err(|e| damaged(e.to_string()))?;
            buried.insert((parse_kind(&kind).map_err(damaged)?, id), at);
        }
        let lists = lists.into_iter().map(|(kind, records)| (kind, List::new(records)));
        Ok(Scope::new(revision.unwrap_or_default().unsigned_abs(), lists, buried))
    }

    /// What was answered to an earlier request with this `Idempotency-Key`.
    pub async fn answer(&self, key: &str) -> Result<Option<Answer>, Error> {
        let row: Option<(String, String, Instant)> =
            sqlx::query_as(ANSWER).bind(key).fetch_optional(&self.readers).await?;
        let Some((fingerprint, answer, at)) = row else { return Ok(None) };
        let answer: Value = serde_json::from_str(&answer)?;
        Ok(Some(Answer { key: key.to_owned(), fingerprint, answer, at }))
    }
}

fn parse_kind(name: &str) -> Result<Kind, String> {
    let kind = Kind::ALL.iter().find(|kind| kind.singular() == name);
    kind.copied().ok_or_else(|| format!("no kind of entity is called {name:?}"))
}
