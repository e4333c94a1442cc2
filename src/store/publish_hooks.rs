//! What publish hooks were told.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Error, Store, project_text, write::execute};
use crate::model::{Id, time::Instant};

const ALL: &str = "select hook, project, revision, told_at, call from publish_hook";
const KEEP: &str = "
    insert into publish_hook (hook, project, revision, told_at, call)
    select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 from json_each(?) where true
    on conflict (hook, project) do update set
        revision = excluded.revision, told_at = excluded.told_at, call = excluded.call";
const FORGET: &str = "
    delete from publish_hook where exists (
        select 1 from json_each(?) as gone where publish_hook.hook = gone.value ->> 0
            and publish_hook.project = gone.value ->> 1)";
const FORGET_OTHERS: &str = "delete from publish_hook where hook not in (select value from json_each(?))";

/// Every statement of this module, for the test that prepares them.
#[cfg(test)]
pub(super) const STATEMENTS: [&str; 4] = [ALL, KEEP, FORGET, FORGET_OTHERS];

/// What a hook is told, the same at every attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// By which the receiver knows a repeated one.
    pub id: String,
    /// The revision that can be seen.
    pub revision: u64,
    /// Whether the project is no more.
    pub is_gone: bool,
    /// When that was noticed.
    pub at: Instant,
}

/// What a hook was told of a project, or of what all share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The last revision that it was told of, or that there was when the hook was added; 0: none.
    pub revision: u64,
    /// When it was told.
    pub at: Option<Instant>,
    /// The call that was begun and not yet taken.
    pub call: Option<Call>,
}

/// The name of a hook, and the project; none for what all share.
pub type Line = (String, Option<Id>);

impl Store {
    /// All that hooks were told.
    pub async fn told(&self) -> Result<Vec<(Line, Told)>, Error> {
        type Row = (String, String, i64, Option<Instant>, Option<String>);
        let rows: Vec<Row> = sqlx::query_as(ALL).fetch_all(&self.readers).await?;
        let told = |(hook, project, revision, at, call): Row| {
            let project = if project.is_empty() { None } else { Some(Id::parse(&project).ok()?) };
            // A call that cannot be read is made anew.
            let call = call.and_then(|call| serde_json::from_str(&call).ok());
            Some(((hook, project), Told { revision: u64::try_from(revision).ok()?, at, call }))
        };
        Ok(rows.into_iter().filter_map(told).collect())
    }

    /// Keeps what hooks were told, and forgets some lines; when it returns, that is durable.
    pub async fn keep_told(&self, told: &[(Line, &Told)], gone: &[Line]) -> Result<(), Error> {
        let row = |((hook, project), told): &(Line, &Told)| {
            let call = told.call.as_ref().map(serde_json::to_string).transpose()?;
            Ok(json!([hook, project_text(project.as_ref()), told.revision, told.at, call]))
        };
        let rows: Vec<_> = told.iter().map(row).collect::<Result<_, Error>>()?;
        let gone: Vec<_> = gone.iter().map(|(hook, project)| json!([hook, project_text(project.as_ref())])).collect();
        let mut writer = self.writer().await?;
        let written = execute(writer.connection(), &[(FORGET, &gone), (KEEP, &rows)], None).await;
        writer.ended(written).await
    }

    /// Forgets what was told to all hooks but these.
    pub async fn forget_other_hooks(&self, hooks: &[&str]) -> Result<(), Error> {
        self.alter(sqlx::query(FORGET_OTHERS).bind(serde_json::to_string(hooks)?)).await.map(drop)
    }
}
