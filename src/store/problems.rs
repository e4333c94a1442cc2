//! Since when problems are known, and when projects changed last.

use serde_json::{Value, json};

use super::{Error, Store, project_text};
use crate::model::{Id, time::Instant};

const PROBLEMS: &str = "select project, what, since from problem";
const CHANGES: &str = "select project, revision, at from last_change";
const KEEP: &str = "
    insert into problem (project, what, since) select value ->> 0, value ->> 1, value ->> 2 from json_each(?) where true
    on conflict (project, what) do update set since = excluded.since";
const FORGET: &str = "
    delete from problem where (project, what) in (select value ->> 0, value ->> 1 from json_each(?))";
const CHANGED: &str = "
    insert into last_change (project, revision, at)
    select value ->> 0, value ->> 1, value ->> 2 from json_each(?) where true
    on conflict (project) do update set revision = excluded.revision, at = excluded.at";
const FORGET_PROJECT: &str = "delete from last_change where project in (select value from json_each(?))";

/// Every statement of this module, for the test that prepares them.
#[cfg(test)]
pub(super) const STATEMENTS: [&str; 6] = [PROBLEMS, CHANGES, KEEP, FORGET, CHANGED, FORGET_PROJECT];

/// At most so many rows go into one statement, so that no write of others waits long.
const AT_A_TIME: usize = 2000;

/// What is new and gone of problems and changes, to be kept.
#[derive(Debug, Default)]
pub struct News {
    kept: Vec<Value>,
    gone: Vec<Value>,
    changed: Vec<Value>,
    forgotten: Vec<Value>,
}

impl News {
    /// A problem is there since a moment.
    pub fn keep(&mut self, project: Option<&Id>, what: &str, since: Instant) {
        self.kept.push(json!([project_text(project), what, since]));
    }

    /// A problem is there no more.
    pub fn forget(&mut self, project: &str, what: &str) {
        self.gone.push(json!([project, what]));
    }

    /// A project changed.
    pub fn change(&mut self, project: Option<&Id>, revision: u64, at: Instant) {
        self.changed.push(json!([project_text(project), revision, at]));
    }

    /// There is no such project any more.
    pub fn forget_project(&mut self, project: &str) {
        self.forgotten.push(json!(project));
    }

    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [&self.kept, &self.gone, &self.changed, &self.forgotten].iter().all(|list| list.is_empty())
    }
}

/// A problem that was known: its project (empty for the studio), by what it is known, and since when.
pub type KnownProblem = (String, String, Instant);

/// A change that was seen: its project (empty for the studio), the revision, and when.
pub type KnownChange = (String, u64, Instant);

impl Store {
    /// The problems that were known, and the last change of each project.
    pub async fn known_problems(&self) -> Result<(Vec<KnownProblem>, Vec<KnownChange>), Error> {
        let problems = sqlx::query_as(PROBLEMS).fetch_all(&self.readers).await?;
        let changes: Vec<(String, i64, Instant)> = sqlx::query_as(CHANGES).fetch_all(&self.readers).await?;
        let changes = changes.into_iter().map(|(project, revision, at)| (project, revision.unsigned_abs(), at));
        Ok((problems, changes.collect()))
    }

    /// Keeps what is new, and forgets what is gone. What was kept before an error stays kept.
    pub async fn keep_problems(&self, news: &News) -> Result<(), Error> {
        let lists =
            [(FORGET, &news.gone), (KEEP, &news.kept), (CHANGED, &news.changed), (FORGET_PROJECT, &news.forgotten)];
        for (sql, rows) in lists {
            for some in rows.chunks(AT_A_TIME) {
                // Taken anew each time: others write in between.
                self.alter(sqlx::query(sql).bind(serde_json::to_string(some)?)).await?;
            }
        }
        Ok(())
    }
}
