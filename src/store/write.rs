//! Writing a batch: one transaction, few statements.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{Error, deliveries::SETTLE, project_text};
use crate::model::{
    Id,
    history::{Counted, TaskStep},
    scope::{Key, Record},
    time::Instant,
};

const UPSERT: &str = "
    insert into entity (project, kind, id, position, body, times, since)
    select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
    from json_each(?) where true
    on conflict (project, kind, id) do update
    set position = excluded.position, body = excluded.body, times = excluded.times, since = excluded.since";
const DELETE: &str = "
    delete from entity where rowid in (
        select entity.rowid from json_each(?) as gone join entity on entity.project = gone.value ->> 0
            and entity.kind = gone.value ->> 1 and entity.id = gone.value ->> 2)";
const BURY: &str = "
    insert into tombstone (project, kind, id, at)
    select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?) where true
    on conflict (project, kind, id) do update set at = max(at, excluded.at)";
const STEP: &str = "
    insert into task_status_changes (project, task, at, from_of, from_task_type, from_task_status, from_episode,
        to_of, to_task_type, to_task_status, to_episode, actor, revision)
    select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
        value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12 from json_each(?)";
const REVISE: &str = "
    insert into revision (project, revision) select value ->> 0, value ->> 1 from json_each(?) where true
    on conflict (project) do update set revision = excluded.revision";
const ANSWER: &str = "
    insert into idempotency (key, fingerprint, answer, at)
    select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?) where true
    on conflict (key) do update set fingerprint = excluded.fingerprint, answer = excluded.answer, at = excluded.at";
const FORGET_ANSWERS: &str = "delete from idempotency where at < ?";
const WIPE: [&str; 4] = [
    "delete from entity where project in (select value from json_each(?))",
    "delete from tombstone where project in (select value from json_each(?))",
    "delete from task_status_changes where project in (select value from json_each(?))",
    "delete from revision where project in (select value from json_each(?))",
];

/// How long an answer to a request with an `Idempotency-Key` is kept, in microseconds: a day.
pub const ANSWERS_ARE_KEPT: i64 = 24 * 3600 * 1_000_000;

/// The answer to a request that carried an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The key.
    pub key: String,
    /// Hash of what was asked.
    pub fingerprint: String,
    /// What was answered.
    pub answer: Value,
    /// When.
    pub at: Instant,
}

/// What a batch changes, as rows.
#[derive(Debug, Default)]
pub struct Rows {
    wiped: Vec<Value>,
    upserts: Vec<Value>,
    deletes: Vec<Value>,
    tombstones: Vec<Value>,
    steps: Vec<Value>,
    revisions: Vec<Value>,
    answers: Vec<Value>,
    settled: Vec<Value>,
    oldest_answer: Instant,
}

impl Rows {
    /// A project goes, with everything in it; this comes before anything that is written into it anew.
    pub fn wipe(&mut self, project: &Id) {
        self.wiped.push(json!(project));
    }

    /// A record is as given from now on.
    pub fn upsert(&mut self, key: &Key, record: &Record) -> Result<(), Error> {
        let times = if record.times.is_empty() { Value::Null } else { json!(serde_json::to_string(&record.times)?) };
        let (project, kind) = (project_text(key.project.as_ref()), key.kind.singular());
        self.upserts.push(json!([
            project,
            kind,
            key.id,
            record.position,
            record.entity.to_stored()?,
            times,
            record.since
        ]));
        Ok(())
    }

    /// A record goes.
    pub fn delete(&mut self, key: &Key) {
        self.deletes.push(json!([project_text(key.project.as_ref()), key.kind.singular(), key.id]));
    }

    /// An entity was deleted in the tracker at that time.
    pub fn bury(&mut self, key: &Key, at: Instant) {
        self.tombstones.push(json!([project_text(key.project.as_ref()), key.kind.singular(), key.id, at]));
    }

    /// A task took a step.
    pub fn step(&mut self, step: &TaskStep, actor: &str, revision: u64) {
        let mut row = vec![json!(step.project), json!(step.task), json!(step.at)];
        for counted in [&step.from, &step.to] {
            row.extend(columns(counted.as_ref()));
        }
        row.extend([json!(actor), json!(revision)]);
        self.steps.push(Value::Array(row));
    }

    /// A project, or the studio, is at a new revision.
    pub fn revise(&mut self, project: Option<&Id>, revision: u64) {
        self.revisions.push(json!([project_text(project), revision]));
    }

    /// An answer is to be given again when its request is repeated.
    pub fn answer(&mut self, answer: &Answer) {
        self.oldest_answer = self.oldest_answer.max(answer.at - ANSWERS_ARE_KEPT);
        self.answers.push(json!([answer.key, answer.fingerprint, answer.answer.to_string(), answer.at]));
    }

    /// A delivery of a webhook is applied, with this result.
    pub fn settle(&mut self, delivery: i64, at: Instant, result: &Value) {
        self.settled.push(json!([delivery, "applied", at, result.to_string()]));
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let written = [&self.wiped, &self.upserts, &self.deletes, &self.tombstones, &self.steps];
        let noted = [&self.revisions, &self.answers, &self.settled];
        written.iter().chain(&noted).all(|list| list.is_empty())
    }
}

fn columns(counted: Option<&Counted>) -> [Value; 4] {
    counted.map_or_else(Default::default, |counted| {
        [json!(counted.of.singular()), json!(counted.task_type), json!(counted.task_status), json!(counted.episode)]
    })
}

/// Writes the rows in one transaction, which is left open where that fails.
pub(super) async fn write(connection: &mut SqliteConnection, rows: &Rows) -> Result<(), Error> {
    let wipes = WIPE.map(|sql| (sql, &rows.wiped));
    let writes = [
        (DELETE, &rows.deletes),
        (UPSERT, &rows.upserts),
        (BURY, &rows.tombstones),
        (STEP, &rows.steps),
        (REVISE, &rows.revisions),
        (ANSWER, &rows.answers),
        (SETTLE, &rows.settled),
    ];
    let writes: Vec<_> = wipes.into_iter().chain(writes).collect();
    let forget = (!rows.answers.is_empty()).then_some((FORGET_ANSWERS, rows.oldest_answer));
    execute(connection, &writes, forget).await
}

/// Executes statements, each with its list of rows if there are any, and then one with a moment, in one transaction, which is left
/// open where that fails.
///
/// They go to the connection's thread together: for a small batch the way there and back takes longer than what is done there. The
/// transaction is none of sqlx's, which counts how deep it is, and does not hear of it when SQLite rolls back by itself, as on a
/// full disk.
pub(super) async fn execute(
    connection: &mut SqliteConnection,
    writes: &[(&'static str, &Vec<Value>)],
    last: Option<(&'static str, Instant)>,
) -> Result<(), Error> {
    let writes: Vec<_> = writes.iter().filter(|(_, list)| !list.is_empty()).collect();
    let statements = ["begin immediate"].into_iter().chain(writes.iter().map(|(sql, _)| *sql));
    let statements = statements.chain(last.map(|(sql, _)| sql)).chain(["commit"]);
    let mut query = sqlx::query(AssertSqlSafe(statements.collect::<Vec<_>>().join(";")));
    for (_, list) in writes {
        query = query.bind(serde_json::to_string(list)?);
    }
    if let Some((_, moment)) = last {
        query = query.bind(moment);
    }
    query.execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::{Executor, SqlSafeStr};

    async fn empty() -> sqlx::SqliteConnection {
        let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect("sqlite::memory:").await.unwrap();
        super::super::MIGRATIONS.run(&mut connection).await.unwrap();
        connection
    }

    #[tokio::test]
    async fn old_answers_are_found_without_a_look_at_all_of_them() {
        let plan = sqlx::AssertSqlSafe(format!("explain query plan {}", super::FORGET_ANSWERS));
        let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(plan).fetch_all(&mut empty().await).await.unwrap();
        assert!(steps.iter().all(|(.., step)| step.starts_with("SEARCH")), "{steps:?}");
    }

    #[tokio::test]
    async fn every_statement_fits_the_schema() {
        let mut connection = empty().await;
        let writes = [
            super::UPSERT,
            super::DELETE,
            super::BURY,
            super::STEP,
            super::REVISE,
            super::ANSWER,
            super::FORGET_ANSWERS,
        ];
        for sql in writes
            .into_iter()
            .chain(super::WIPE)
            .chain(super::super::load::STATEMENTS)
            .chain(super::super::deliveries::STATEMENTS)
            .chain(super::super::downloads::STATEMENTS)
            .chain(super::super::tokens::STATEMENTS)
            .chain(super::super::publish_hooks::STATEMENTS)
            .chain(super::super::problems::STATEMENTS)
            .chain(super::super::copy::STATEMENTS)
            .chain(super::super::open::STATEMENTS)
        {
            connection.prepare(sql.into_sql_str()).await.unwrap();
        }
    }
}
