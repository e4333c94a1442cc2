//! Loading: the studio, or one project, into memory.

use std::collections::HashMap;

use serde_json::Value;

use super::{Answer, Error, Store, project_text};
use crate::model::{
    Entity, Id, Kind,
    history::{Burndown, Counted},
    scope::{List, Record, Scope, Times},
    time::Instant,
};

const ENTITIES: &str = "select kind, id, position, body, times, since from entity where project = ?";
const TOMBSTONES: &str = "select kind, id, at from tombstone where project = ?";
const REVISION: &str = "select revision from revision where project = ?";
pub(super) const LAST_REVISION: &str = "select coalesce(max(revision), 0) from revision";
const COUNTS: &str = "
    with step as (
        select *, (at - ((at % 86400000000) + 86400000000) % 86400000000) / 86400000000 as day
        from task_status_changes where project = ?1)
    select kind, task_type, task_status, episode, day, sum(change) from (
        select from_of as kind, from_task_type as task_type, from_task_status as task_status, from_episode as episode,
            day, -1 as change from step where from_of is not null
        union all
        select to_of, to_task_type, to_task_status, to_episode, day, 1 from step where to_of is not null)
    group by kind, task_type, task_status, episode, day";
const ANSWER: &str = "select fingerprint, answer, at from idempotency where key = ?";

/// Every statement of this module, for the test that prepares them.
#[cfg(test)]
pub(super) const STATEMENTS: [&str; 6] = [ENTITIES, TOMBSTONES, COUNTS, REVISION, LAST_REVISION, ANSWER];

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
        let rows: Vec<(String, String, i64, String, Option<String>, i64)> =
            sqlx::query_as(ENTITIES).bind(name).fetch_all(&mut *transaction).await?;
        let tombstones: Vec<(String, String, i64)> =
            sqlx::query_as(TOMBSTONES).bind(name).fetch_all(&mut *transaction).await?;
        let mut lists: HashMap<Kind, Vec<(Id, Record)>> = HashMap::new();
        for (kind, id, position, body, times, since) in rows {
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
            lists.entry(kind).or_default().push((id, Record { position, times, since, entity }));
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
        let counts: Vec<(String, String, String, Option<String>, i64, i64)> =
            sqlx::query_as(COUNTS).bind(name).fetch_all(&mut *transaction).await?;
        let mut burndown = Burndown::default();
        for (of, task_type, task_status, episode, day, change) in counts {
            let damaged = |reason: String| Error::Damaged {
                project: name.to_owned(),
                kind: of.clone(),
                id: task_type.clone(),
                reason,
            };
            let id = |text: &str| Id::parse(text).map_err(|error| damaged(error.to_string()));
            let counted = Counted {
                of: parse_kind(&of).map_err(damaged)?,
                task_type: id(&task_type)?,
                task_status: id(&task_status)?,
                episode: episode.as_deref().map(id).transpose()?,
            };
            burndown.add(counted, day, change);
        }
        let lists = lists.into_iter().map(|(kind, records)| (kind, List::new(records)));
        Ok(Scope::new(revision.unwrap_or_default().unsigned_abs(), lists, buried, burndown))
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
