//! Deliveries of webhooks.

use std::collections::HashMap;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::FromRow;

use super::{Error, Store};
use crate::model::time::Instant;

const RECEIVE: &str = "
    insert into delivery (source, delivery_id, fingerprint, received_at, headers, body, size, status, attempts)
    select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
        octet_length(value ->> 4) + octet_length(value ->> 5), 'received', 0
    from json_each(?) where true on conflict do nothing";
const LAST: &str = "select max(id) from delivery";
const KNOWN: &str = "
    select wanted.key, delivery.id from json_each(?) as wanted join delivery
    on delivery.source = wanted.value ->> 0 and delivery.delivery_id = wanted.value ->> 1
    union all
    select wanted.key, delivery.id from json_each(?1) as wanted join delivery
    on delivery.source = wanted.value ->> 0 and delivery.fingerprint = wanted.value ->> 2";
const PENDING: &str = "
    select id, received_at, headers, body, attempts from (
        select *, sum(size) over (order by id) - size as before from delivery
        where source = ? and status = 'received' order by id limit ?)
    where before < ? order by id";
/// How a delivery came out, set together with what it changed.
pub(super) const SETTLE: &str = "
    update delivery set status = value ->> 1, settled_at = value ->> 2, result = value ->> 3, attempts = attempts + 1
    from json_each(?) where delivery.id = value ->> 0 and delivery.status = 'received'";
const RETRY: &str = "
    update delivery set status = 'received' where source = ?1 and status <> 'received' and body is not null
    and (?2 is null or status = ?2) and (?3 is null or id = ?3)";
const RETRY_WAITING: &str = "
    update delivery set status = 'received' where source = ? and status = 'waiting' and body is not null
    and result ->> '$.project' in (select value from json_each(?))";
const WAITS: &str = "select exists (select 1 from delivery where source = ? and status = 'waiting')";
const LIST: &str = "
    select id, source, delivery_id, received_at, size, status, attempts, settled_at, result, body is not null as is_kept
    from delivery where source = ?1 and (?2 is null or status = ?2) and (?3 is null or id < ?3) order by id desc limit ?4";
const FIND: &str = "
    select id, source, delivery_id, received_at, size, status, attempts, settled_at, result, body is not null as is_kept,
        headers, body
    from delivery where source = ? and id = ?";
/// Counted in the index alone: numbers are the order of arrival, so that only the first and the last of each are looked at.
const TALLY: &str = "
    select tally.source, tally.status, tally.count, latest.received_at, earliest.received_at from (
        select source, status, count(*) as count, max(id) as latest, min(id) as earliest
        from delivery group by source, status) as tally
    join delivery as latest on latest.id = tally.latest
    join delivery as earliest on earliest.id = tally.earliest
    order by tally.source, tally.status";
/// What waits for its project goes, the oldest first, where all of it is larger than this many bytes.
const GIVE_UP: &str = "
    update delivery set headers = null, body = null, status = 'failed', settled_at = ?2, result = json_object(
        'stage', 'changes',
        'detail', 'project ' || (result ->> '$.project') || ' did not come before others needed the room',
        'errors', json_array())
    where id in (
        select id from (
            select id, sum(size) over (order by id desc) as since from delivery
            where body is not null and status = 'waiting')
        where since > ?1)";
const KEPT: &str = "select coalesce(sum(size), 0) from delivery where body is not null";
const FORGET: &str = "delete from delivery where received_at < ? and status <> 'received'";
/// The oldest first, and never one that is still to be applied.
const DROP_BODIES: &str = "
    update delivery set headers = null, body = null where id in (
        select id from (
            select id, sum(size) over (order by id) as upto from delivery
            where body is not null and status not in ('received', 'waiting'))
        where upto <= ?)";

/// Every statement of this module, for the test that prepares them.
#[cfg(test)]
pub(super) const STATEMENTS: [&str; 15] = [
    RECEIVE,
    LAST,
    KNOWN,
    PENDING,
    SETTLE,
    RETRY,
    RETRY_WAITING,
    WAITS,
    LIST,
    FIND,
    TALLY,
    GIVE_UP,
    KEPT,
    FORGET,
    DROP_BODIES,
];

/// A delivery that has come.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The name of its source.
    pub source: String,
    /// By which a repeated one is known.
    pub delivery_id: String,
    /// Hash of what came, where somebody could send it again under another id.
    pub fingerprint: Option<String>,
    /// When it came.
    pub received_at: Instant,
    /// Its headers without secrets, as JSON: `[[name, value], …]`.
    pub headers: String,
    /// Its body, which is JSON; the room that it has in memory is given back when the last of these bytes is let go.
    pub body: Bytes,
}

/// A delivery that is to be applied.
#[derive(Debug, Clone, FromRow)]
pub struct Pending {
    /// Its number, which is the order of arrival.
    pub id: i64,
    /// When it came.
    pub received_at: Instant,
    /// Its headers without secrets, as JSON: `[[name, value], …]`.
    pub headers: String,
    /// Its body, which is JSON.
    pub body: String,
    /// How often it was tried.
    pub attempts: i64,
}

/// What is known of a delivery.
#[derive(Debug, Clone, FromRow)]
pub struct Delivery {
    /// Its number, which is the order of arrival.
    pub id: i64,
    /// The name of its source.
    pub source: String,
    /// What its sender calls it.
    pub delivery_id: String,
    /// When it came.
    pub received_at: Instant,
    /// Bytes of headers and body.
    pub size: i64,
    /// `received`, `applied`, `ignored`, `failed` or `waiting`.
    pub status: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When that was last.
    pub settled_at: Option<Instant>,
    /// What came of it, as JSON.
    pub result: Option<String>,
    /// Whether its headers and body are still there.
    pub is_kept: bool,
    /// Its headers without secrets, as JSON, if it was asked for alone.
    #[sqlx(default)]
    pub headers: Option<String>,
    /// Its body, if it was asked for alone.
    #[sqlx(default)]
    pub body: Option<String>,
}

/// How many deliveries of a source are in a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The name of the source.
    pub source: String,
    /// The status.
    pub status: String,
    /// How many.
    pub count: i64,
    /// When the last of them came.
    pub last_received_at: Instant,
    /// When the first of them came.
    pub first_received_at: Instant,
}

/// What of a source's deliveries is listed, the latest first.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// Only those in this status.
    pub status: Option<String>,
    /// Only those before this number.
    pub before: Option<i64>,
    /// At most this many.
    pub limit: i64,
}

impl Store {
    /// Stores deliveries that have come; when it returns, they are durable. For each, its number, and whether it is new; one
    /// that came before is the one that came then.
    pub async fn receive(&self, arrivals: &[Arrival]) -> Result<Vec<(i64, bool)>, Error> {
        let row = |a: &Arrival| {
            let body = String::from_utf8_lossy(&a.body);
            json!([a.source, a.delivery_id, a.fingerprint, a.received_at, a.headers, body])
        };
        let rows = serde_json::to_string(&arrivals.iter().map(row).collect::<Vec<_>>())?;
        let row = |a: &Arrival| json!([a.source, a.delivery_id, a.fingerprint]);
        let keys = serde_json::to_string(&arrivals.iter().map(row).collect::<Vec<_>>())?;
        let mut writer = self.writer().await?;
        let received = async {
            let last: Option<i64> = sqlx::query_scalar(LAST).fetch_one(writer.connection()).await?;
            sqlx::query(RECEIVE).bind(rows).execute(writer.connection()).await?;
            let found: Vec<(i64, i64)> = sqlx::query_as(KNOWN).bind(keys).fetch_all(writer.connection()).await?;
            Ok((last, found))
        };
        let received = received.await;
        let (last, found) = writer.ended(received).await?;
        drop(writer);
        let found: HashMap<i64, i64> = found.into_iter().collect();
        let mut new = std::collections::HashSet::new();
        let number = |index: usize| i64::try_from(index).ok().and_then(|index| found.get(&index).copied());
        // In a batch the same may be twice: the first of them is the new one.
        let known = |index| {
            let id = number(index).unwrap_or_default();
            (id, Some(id) > last && new.insert(id))
        };
        Ok((0..arrivals.len()).map(known).collect())
    }

    /// The first deliveries of a source that are to be applied, in the order of arrival: so many at most, and no more once they
    /// have so many bytes.
    pub async fn pending(&self, source: &str, limit: i64, bytes: i64) -> Result<Vec<Pending>, Error> {
        Ok(sqlx::query_as(PENDING).bind(source).bind(limit).bind(bytes).fetch_all(&self.readers).await?)
    }

    /// Notes how deliveries came out that changed nothing: number, status, when, and what came of it.
    pub async fn settle(&self, settled: &[(i64, &'static str, Instant, Value)]) -> Result<(), Error> {
        let rows: Vec<Value> =
            settled.iter().map(|(id, status, at, result)| json!([id, status, at, result.to_string()])).collect();
        let rows = serde_json::to_string(&rows)?;
        self.alter(sqlx::query(SETTLE).bind(rows)).await.map(drop)
    }

    /// Has deliveries of a source applied once more: those in a status, or one. Gives how many.
    pub async fn retry(&self, source: &str, status: Option<&str>, id: Option<i64>) -> Result<u64, Error> {
        self.alter(sqlx::query(RETRY).bind(source).bind(status).bind(id)).await
    }

    /// Has deliveries of a source applied that wait for one of these projects.
    pub async fn retry_waiting(&self, source: &str, projects: &[&str]) -> Result<u64, Error> {
        let projects = serde_json::to_string(projects)?;
        self.alter(sqlx::query(RETRY_WAITING).bind(source).bind(projects)).await
    }

    /// Whether any delivery of a source waits for a project.
    pub async fn waits(&self, source: &str) -> Result<bool, Error> {
        Ok(sqlx::query_scalar(WAITS).bind(source).fetch_one(&self.readers).await?)
    }

    /// Deliveries of a source, the latest first, without headers and bodies.
    pub async fn deliveries(&self, source: &str, listed: &Listed) -> Result<Vec<Delivery>, Error> {
        let query = sqlx::query_as(LIST).bind(source).bind(&listed.status).bind(listed.before).bind(listed.limit);
        Ok(query.fetch_all(&self.readers).await?)
    }

    /// One delivery, whole.
    pub async fn delivery(&self, source: &str, id: i64) -> Result<Option<Delivery>, Error> {
        Ok(sqlx::query_as(FIND).bind(source).bind(id).fetch_optional(&self.readers).await?)
    }

    /// How many deliveries of each source are in each status.
    pub async fn tally(&self) -> Result<Vec<Tally>, Error> {
        let rows: Vec<(String, String, i64, Instant, Instant)> = sqlx::query_as(TALLY).fetch_all(&self.readers).await?;
        let tally = |(source, status, count, last_received_at, first_received_at)| Tally {
            source,
            status,
            count,
            last_received_at,
            first_received_at,
        };
        Ok(rows.into_iter().map(tally).collect())
    }

    /// Forgets deliveries that came before a moment, and drops the oldest headers and bodies until no more than so many bytes
    /// are left. What waits for its project has half of them, so that it does not push out all that can be looked at; what is
    /// beyond that fails. What is still to be applied stays.
    pub async fn prune_deliveries(&self, before: Instant, now: Instant, most: i64) -> Result<(), Error> {
        self.alter(sqlx::query(FORGET).bind(before)).await?;
        self.alter(sqlx::query(GIVE_UP).bind(most / 2).bind(now)).await?;
        let kept: i64 = sqlx::query_scalar(KEPT).fetch_one(&self.readers).await?;
        if kept > most {
            self.alter(sqlx::query(DROP_BODIES).bind(kept - most)).await?;
        }
        Ok(())
    }
}
