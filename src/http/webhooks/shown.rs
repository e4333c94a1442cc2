//! Sources and deliveries as they are shown.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, value::RawValue};
use utoipa::ToSchema;

use super::stored;
use crate::{
    http::{AppState, problem::Problem},
    model::time::rfc3339,
    store::{Delivery, Tally},
    webhook::{Counts, Refusal},
};

/// A source of webhooks, and how its deliveries fare.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookSource)]
pub struct SourceStatus {
    /// Its name, as in its address.
    pub name: String,
    /// What makes changes of its deliveries: the name of a built-in mapping, of a file, or `filter`.
    pub mapping: String,
    /// Why the mapping does not work at all, if it does not.
    #[schema(required)]
    pub fault: Option<String>,
    /// How many of the deliveries that are kept are in which status.
    pub deliveries: BTreeMap<String, i64>,
    /// When the last of them came (RFC 3339).
    #[schema(required)]
    pub last_received_at: Option<String>,
    /// What was counted since the server started.
    #[schema(inline)]
    pub since_start: Counts,
    /// What was not taken of late, the latest first.
    #[schema(inline)]
    pub refusals: Vec<Refusal>,
}

/// All sources, also those of which only deliveries are left.
pub async fn sources(state: &AppState) -> Result<Vec<SourceStatus>, Problem> {
    let (sources, tally) = (state.webhooks.sources(), state.store.tally().await?);
    let configured = sources.iter().map(|source| {
        let lane = source.lane();
        SourceStatus {
            name: source.name().to_owned(),
            mapping: source.program().name.clone(),
            fault: lane.fault(),
            deliveries: counts(&tally, source.name()),
            last_received_at: last(&tally, source.name()),
            since_start: lane.counts(),
            refusals: lane.refusals(),
        }
    });
    let mut all: Vec<SourceStatus> = configured.collect();
    for gone in tally.iter().filter(|one| sources.get(&one.source).is_none()) {
        if all.iter().any(|source| source.name == gone.source) {
            continue;
        }
        all.push(SourceStatus {
            name: gone.source.clone(),
            mapping: String::new(),
            fault: Some("the configuration has no such source any more".to_owned()),
            deliveries: counts(&tally, &gone.source),
            last_received_at: last(&tally, &gone.source),
            since_start: Counts::default(),
            refusals: Vec::new(),
        });
    }
    Ok(all)
}

fn counts(tally: &[Tally], source: &str) -> BTreeMap<String, i64> {
    let own = tally.iter().filter(|one| one.source == source);
    own.map(|one| (one.status.clone(), one.count)).collect()
}

fn last(tally: &[Tally], source: &str) -> Option<String> {
    let own = tally.iter().filter(|one| one.source == source);
    own.map(|one| one.last_received_at).max().map(rfc3339)
}

/// A delivery, and what came of it.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryStatus {
    /// Its number, which is the order of arrival.
    id: i64,
    /// What its sender calls it.
    delivery_id: String,
    /// When it came (RFC 3339).
    received_at: String,
    /// `received`: to be applied; `applied`; `ignored`: the mapping makes nothing of it; `failed`; `waiting`: for its project.
    status: String,
    /// How often it was tried.
    attempts: i64,
    /// When that was last.
    #[schema(required)]
    settled_at: Option<String>,
    /// Bytes of its headers and body.
    size: i64,
    /// Whether headers and body are still there, so that it can be applied again.
    is_kept: bool,
    /// What came of it: what a bulk write answers; or the stage that failed, and why.
    #[schema(value_type = Object, required)]
    result: Value,
    /// Its headers, without secrets; only where it is asked for alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    headers: Option<Value>,
    /// Its body as it came; only where it is asked for alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    body: Option<Box<RawValue>>,
}

impl From<Delivery> for DeliveryStatus {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            delivery_id: delivery.delivery_id,
            received_at: rfc3339(delivery.received_at),
            status: delivery.status,
            attempts: delivery.attempts,
            settled_at: delivery.settled_at.map(rfc3339),
            size: delivery.size,
            is_kept: delivery.is_kept,
            result: stored(delivery.result.as_deref()),
            headers: delivery.headers.map(|headers| stored(Some(&headers))),
            body: delivery.body.and_then(|body| RawValue::from_string(body).ok()),
        }
    }
}
