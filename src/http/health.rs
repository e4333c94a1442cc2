//! Whether the server is well. Probes ask that often and without a token, so they cost little, and learn no more than they need.

use std::time::Duration;

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use tokio::{sync::Mutex, time::Instant};
use utoipa::ToSchema;

use super::{
    AppState,
    api::{Api, Endpoint, Method, schema},
    operations::json,
};
use crate::{
    access::{Caller, Need, Place},
    store::Store,
};

/// How long it counts whether the database could be written to: finding out stands in line with writes.
const KEPT: Duration = Duration::from_secs(1);

/// Adds both probes.
#[must_use]
pub fn add_to(api: Api) -> Api {
    api.add(
        Method::Get,
        "/healthz",
        async || json(StatusCode::OK, &Health { status: "ok", reason: None }),
        Endpoint::new("health", "operations", Need::Open, "Says that the server runs.")
            .answers("200", "It runs", schema("Health"))
            .refuses(&[]),
    )
    .add(
        Method::Get,
        "/readyz",
        ready,
        Endpoint::new(
            "ready",
            "operations",
            Need::Open,
            "Says whether the server can write, and the tree is published.",
        )
        .about("Where it cannot, who may see the state of the server is told all of the reason, and others what kind it is.")
        .answers("200", "It can", schema("Health"))
        .answers("503", "It cannot, and why", schema("Health")),
    )
}

/// Whether the server is well.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or `failing`.
    status: &'static str,
    /// Why it is not, if it is not.
    #[schema(required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Whether the database could be written to a moment ago.
#[derive(Debug, Default)]
pub struct Probe(Mutex<Option<(Instant, Option<String>)>>);

impl Probe {
    /// Why it could not, if so. Who comes while it is being found out waits for that.
    async fn failure(&self, store: &Store) -> Option<String> {
        let mut found = self.0.lock().await;
        if let Some((at, failure)) = &*found
            && at.elapsed() < KEPT
        {
            return failure.clone();
        }
        let failure = store.probe().await.err().map(|error| error.to_string());
        *found = Some((Instant::now(), failure.clone()));
        failure
    }
}

async fn ready(State(state): State<AppState>, caller: Caller) -> Response {
    let Some((kind, reason)) = failure(&state).await else {
        return json(StatusCode::OK, &Health { status: "ok", reason: None });
    };
    // It may name projects, and folders of the machine.
    let is_told = caller.may(Need::Inspect, Place { project: None, source: None }).is_ok();
    let reason = if is_told { reason } else { format!("{kind}; the log says more") };
    json(StatusCode::SERVICE_UNAVAILABLE, &Health { status: "failing", reason: Some(reason) })
}

/// What kind of failure there is, and the failure itself.
async fn failure(state: &AppState) -> Option<(&'static str, String)> {
    if let Some(ended) = state.ended() {
        return Some((ended, ended.to_owned()));
    }
    if let Some(failure) = state.probe.failure(&state.store).await {
        return Some(("the database cannot be written to", failure));
    }
    if let Err(short) = state.room.for_changes(0) {
        return Some(("the disk is nearly full", short.to_string()));
    }
    let failure = state.publisher.progress().borrow().failure.clone();
    failure.map(|(_, failure)| ("what changed cannot be published", failure))
}
