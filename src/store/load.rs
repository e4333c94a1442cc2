//! Loading: the studio, or one project, into memory.

use std::{collections::HashMap, fmt::Display};

use serde_json::Value;

use super::{Answer, Error, Store, project_text};
use crate::model::{
    Entity, Id, Kind,
    history::{Burndown, Counted},
    scope::{List, Record, Scope, Times},
    time::Instant,
};

/// All there is in a scope, by one statement: that sees one moment, and leaves no transaction open behind it, however it ends. Each
/// part puts what it has into the columns of entities.
const SCOPE: &str = "
    with step as (
        select *, (at - ((at % 86400000000) + 86400000000) % 86400000000) / 86400000000 as day
        from task_status_changes where project = ?1)
    select 'entity' as part, kind, id, position, body, times, since from entity where project = ?1
    union all
    select 'tombstone', kind, id, at, null, null, 0 from tombstone where project = ?1
    union all
    select 'revision', '', '', revision, null, null, 0 from revision where project = ?1
    union all
    select 'count', kind, task_type, day, task_status, episode, sum(change) from (
        select from_of as kind, from_task_type as task_type, from_task_status as task_status, from_episode as episode,
            day, -1 as change from step where from_of is not null
        union all
        select to_of, to_task_type, to_task_status, to_episode, day, 1 from step where to_of is not null)
    group by kind, task_type, task_status, episode, day";
pub(super) const LAST_REVISION: &str = "select coalesce(max(revision), 0) from revision";
const ANSWER: &str = "select fingerprint, answer, at from idempotency where key = ?";

/// Every statement of this module, for the test that prepares them.
#[cfg(test)]
pub(super) const STATEMENTS: [&str; 3] = [SCOPE, LAST_REVISION, ANSWER];

/// What part of a scope it is, the kind and the id, the position (or the moment, the revision, the day), the body (or the status), the
/// times (or the episode), and since when (or by how much).
type Row = (String, String, String, i64, Option<String>, Option<String>, i64);

impl Store {
    /// The highest revision there is; 0 in a new database.
    pub async fn last_revision(&self) -> Result<u64, Error> {
        let revision: i64 = sqlx::query_scalar(LAST_REVISION).fetch_one(&self.readers).await?;
        Ok(revision.unsigned_abs())
    }

    /// Everything in a project, or (`None`) the studio-wide lists.
    pub async fn load(&self, project: Option<&Id>) -> Result<Scope, Error> {
        let name = project_text(project);
        let rows: Vec<Row> = sqlx::query_as(SCOPE).bind(name).fetch_all(&self.readers).await?;
        let mut loaded = Loaded::default();
        for row in &rows {
            let damaged =
                |reason| Error::Damaged { project: name.to_owned(), kind: row.1.clone(), id: row.2.clone(), reason };
            loaded.take(row).map_err(damaged)?;
        }
        let Loaded { revision, lists, buried, burndown } = loaded;
        let lists = lists.into_iter().map(|(kind, records)| (kind, List::new(records)));
        Ok(Scope::new(revision, lists, buried, burndown))
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

/// What was loaded of a scope so far.
#[derive(Default)]
struct Loaded {
    revision: u64,
    lists: HashMap<Kind, Vec<(Id, Record)>>,
    buried: HashMap<(Kind, Id), Instant>,
    burndown: Burndown,
}

impl Loaded {
    /// Takes a row; the error says what is wrong with it.
    fn take(&mut self, (part, kind, id, number, text, more, since): &Row) -> Result<(), String> {
        if part == "revision" {
            self.revision = number.unsigned_abs();
            return Ok(());
        }
        let (kind, id, number, since) = (parse_kind(kind)?, parse_id(id)?, *number, *since);
        let text = text.as_deref().unwrap_or_default();
        match &**part {
            "entity" => {
                let entity = Entity::from_stored(kind, text).map_err(said)?;
                let times: Option<Times> = more.as_deref().map(serde_json::from_str).transpose().map_err(said)?;
                let record = Record { position: number, times: times.unwrap_or_default(), since, entity };
                self.lists.entry(kind).or_default().push((id, record));
            }
            "tombstone" => drop(self.buried.insert((kind, id), number)),
            _ => {
                let (task_status, episode) = (parse_id(text)?, more.as_deref().map(parse_id).transpose()?);
                self.burndown.add(Counted { of: kind, task_type: id, task_status, episode }, number, since);
            }
        }
        Ok(())
    }
}

fn said(error: impl Display) -> String {
    error.to_string()
}

fn parse_id(text: &str) -> Result<Id, String> {
    Id::parse(text).map_err(said)
}

fn parse_kind(name: &str) -> Result<Kind, String> {
    let kind = Kind::ALL.iter().find(|kind| kind.singular() == name);
    kind.copied().ok_or_else(|| format!("no kind of entity is called {name:?}"))
}
