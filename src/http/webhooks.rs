//! Webhooks: deliveries of trackers come in here, and can be asked about.

mod deliveries;
mod shown;
mod trial;

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    AppState,
    api::{Api, Endpoint, Method, array_of, object, schema},
    body,
    problem::Problem,
};
use crate::{
    access::Need,
    model::time::rfc3339,
    store::Arrival,
    webhook::{Overflow, Refusal, Source, verify::Refused},
};
pub use deliveries::{Replay, STATUSES, need_delivery, replay_many, replay_one};
pub use shown::{DeliveryStatus, SourceStatus, sources};

/// Adds the sources, their deliveries, and trials.
#[must_use]
pub fn add_to(api: Api) -> Api {
    let api = api
        .add(
            Method::Get,
            "/api/webhooks",
            list,
            Endpoint::new("listWebhooks", "webhooks", Need::Admin, "Lists the sources of webhooks, and how their deliveries fare.")
                .answers("200", "The sources, by name", array_of(schema("WebhookSource")))
                .refuses(&[]),
        )
        .add(
            Method::Post,
            "/api/webhooks/{source}",
            receive,
            Endpoint::new("postDelivery", "webhooks", Need::Open, "Takes a delivery of a tracker.")
                .about("It is verified as the configuration says, stored, and answered; then it is mapped to changes, and applied. One that came before is answered in the same way, and not applied again.")
                .takes("application/json", "Whatever the tracker sends", object(), None)
                .answers("202", "It is stored", schema("Receipt"))
                .refuses(&["401", "404", "413", "415"]),
        );
    trial::add_to(deliveries::add_to(api))
}

/// A source, or 404.
fn need_source<'a>(sources: &'a crate::webhook::Sources, name: &str) -> Result<&'a Source, Problem> {
    let shown: String = name.chars().take(60).collect();
    sources.get(name).ok_or_else(|| {
        Problem::NotFound(format!(
            "no source of webhooks is called {shown:?}: the configuration has [[webhook]] for each"
        ))
    })
}

async fn list(State(state): State<AppState>) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &shown::sources(&state).await?))
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, serde_json::to_string(value).unwrap_or_default()).into_response()
}

/// That a delivery is stored.
#[derive(Serialize, ToSchema)]
pub struct Receipt {
    /// The number of the delivery.
    delivery: i64,
    /// Whether it came before: then this is the number that it got then.
    duplicate: bool,
}

async fn receive(
    State(state): State<AppState>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let sources = state.webhooks.sources();
    let source = need_source(&sources, &name)?;
    let refused = |problem: Problem| {
        let (now, reason) = ((state.clock)(), problem.to_string());
        let refusal = Refusal { at: rfc3339(now), detail: reason.clone() };
        if let Some(refused) = source.lane().note_refused(refusal, now) {
            tracing::warn!(source = name, reason, refused, "a delivery was refused");
        } else {
            tracing::debug!(source = name, reason, "a delivery was refused");
        }
        problem
    };
    let arrival = arrival(&state, source, &headers, body).await.map_err(refused)?;
    let (delivery, is_new) = state.webhooks.receive(source, arrival).await?;
    tracing::Span::current().record("delivery", delivery);
    Ok(json(StatusCode::ACCEPTED, &Receipt { delivery, duplicate: !is_new }))
}

/// What came, if it is from whom it says, and JSON. What headers alone tell is told before the body is waited for.
async fn arrival(state: &AppState, source: &Source, headers: &HeaderMap, body: Body) -> Result<Arrival, Problem> {
    let verifier = source.verifier();
    let refused = |refused: Refused| Problem::Unauthorized(refused.to_string());
    body::as_it_is(headers)?;
    verifier.admit(headers, (state.clock)().div_euclid(1_000_000)).map_err(refused)?;
    let bytes = body::collect(body, state.max_delivery, &state.bounds.deliveries).await?;
    let now = (state.clock)();
    let verified = verifier.verify(headers, &bytes, now.div_euclid(1_000_000)).map_err(refused)?;
    body::format(headers, false)?;
    let (delivery_id, fingerprint) = verifier.known_by(verified, headers, &bytes);
    body::text(&bytes)?;
    Ok(Arrival {
        source: source.name().to_owned(),
        delivery_id,
        fingerprint,
        received_at: now,
        headers: serde_json::to_string(&verifier.redacted(headers)).unwrap_or_default(),
        body: bytes,
    })
}

impl From<Overflow> for Problem {
    fn from(overflow: Overflow) -> Self {
        match overflow {
            Overflow::NoRoom(short) => short.into(),
            // The inbox has logged it.
            Overflow::Store(error) => Self::of_store(&error),
            Overflow::Busy | Overflow::Stopping => Self::Unavailable(overflow.to_string()),
        }
    }
}

/// Changes and result of something as JSON text that was stored, or null.
fn stored(text: Option<&str>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
