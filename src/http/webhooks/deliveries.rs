//! Deliveries: listed, shown whole, applied once more.

use std::time::Duration;

use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{json, need_source, shown::DeliveryStatus};
use crate::{
    access::Need,
    http::{
        AppState, Params,
        api::{Api, Endpoint, Method, array_of, integer, one_of, schema},
        problem::Problem,
    },
    store::{Delivery, Listed},
};

/// What a delivery can be.
pub const STATUSES: [&str; 5] = ["received", "applied", "ignored", "failed", "waiting"];
/// How many are listed if nothing else is said.
const USUAL: i64 = 100;
/// The most that are listed at a time.
const MOST: i64 = 1000;
/// How long an answer waits for what is applied once more.
const PATIENCE: Duration = Duration::from_secs(10);

/// Adds what there is about deliveries.
pub(super) fn add_to(api: Api) -> Api {
    let path = "/api/webhooks/{source}/deliveries";
    api.add(
        Method::Get,
        path,
        list,
        Endpoint::new(
            "listDeliveries",
            "webhooks",
            Need::Source,
            "Lists the deliveries of a source, the latest first.",
        )
        .query("status", "Only those in this status.", one_of(&STATUSES))
        .query("limit", "At most this many, up to 1000; 100 if it is not named.", integer())
        .query("before", "Only those with a lower number; `Link` has the next page.", integer())
        .answers("200", "The deliveries, without headers and bodies", array_of(schema("Delivery")))
        .refuses(&["404"]),
    )
    .add(
        Method::Get,
        "/api/webhooks/{source}/deliveries/{id}",
        show,
        Endpoint::new("getDelivery", "webhooks", Need::Source, "Gets a delivery, whole.")
            .about("Headers that hold secrets are shown as `(secret)`.")
            .answers("200", "The delivery", schema("Delivery"))
            .refuses(&["404"]),
    )
    .add(
        Method::Post,
        "/api/webhooks/{source}/deliveries/{id}/replay",
        replay,
        Endpoint::new(
            "replayDelivery",
            "webhooks",
            Need::Source,
            "Applies a delivery once more, by the mapping as it is now.",
        )
        .answers("200", "The delivery, and what came of it", schema("Delivery"))
        .answers("202", "The delivery; it will be applied", schema("Delivery"))
        .refuses(&["404", "422"]),
    )
    .add(
        Method::Post,
        "/api/webhooks/{source}/replay",
        replay_all,
        Endpoint::new("replayDeliveries", "webhooks", Need::Source, "Applies all deliveries once more that failed.")
            .query(
                "status",
                "Those in this status in place of the failed ones.",
                one_of(&["failed", "ignored", "waiting"]),
            )
            .answers("202", "How many will be applied", schema("Replay"))
            .refuses(&["404"]),
    )
}

/// How many deliveries are applied once more.
#[derive(Serialize, ToSchema)]
pub struct Replay {
    /// How many.
    replayed: u64,
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::BadRequest(format!("{name} is a number, not {text:?}")))
}

fn no_more(params: Params) -> Result<(), Problem> {
    match params.rest().first() {
        Some((name, _)) => Err(Problem::BadRequest(format!("there is no parameter {name:?} here"))),
        None => Ok(()),
    }
}

fn status(params: &mut Params, allowed: &[&'static str]) -> Result<Option<&'static str>, Problem> {
    let Some(text) = params.take("status") else { return Ok(None) };
    let known = allowed.iter().find(|status| **status == text);
    let wrong = || Problem::BadRequest(format!("status is {}, not {text:?}", allowed.join(", ")));
    known.copied().map(Some).ok_or_else(wrong)
}

async fn list(
    State(state): State<AppState>,
    Path(source): Path<String>,
    mut params: Params,
) -> Result<Response, Problem> {
    let limit = params.take("limit").map(|text| number("limit", &text)).transpose()?.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::BadRequest(format!("limit is a number from 1 to {MOST}, not {limit}")));
    }
    let before = params.take("before").map(|text| number("before", &text)).transpose()?;
    let status = status(&mut params, &STATUSES)?;
    no_more(params)?;
    let listed = Listed { status: status.map(str::to_owned), before, limit: limit + 1 };
    let mut found = state.store.deliveries(&source, &listed).await?;
    state.writer.shown().await;
    if found.is_empty() {
        // Of a source that the configuration does not have any more, what is kept is shown all the same.
        need_source(&state.webhooks.sources(), &source)?;
    }
    let is_more = usize::try_from(limit).is_ok_and(|limit| found.len() > limit);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let last = found.last().filter(|_| is_more).map(|delivery| delivery.id);
    let deliveries: Vec<DeliveryStatus> = found.into_iter().map(DeliveryStatus::from).collect();
    let mut response = json(StatusCode::OK, &deliveries);
    if let Some(last) = last {
        let status = status.map_or_else(String::new, |status| format!("&status={status}"));
        let link = format!("<?limit={limit}&before={last}{status}>; rel=\"next\"");
        let link = HeaderValue::try_from(link).map_err(|_| Problem::Internal)?;
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// A delivery, or 404.
pub async fn need_delivery(state: &AppState, source: &str, id: &str) -> Result<Delivery, Problem> {
    let absent = || Problem::NotFound(format!("the source {source:?} has no delivery {id:?}"));
    let number = id.parse().map_err(|_| absent())?;
    let delivery = state.store.delivery(source, number).await?.ok_or_else(absent)?;
    // Who hears that it is applied is to find what it did.
    state.writer.shown().await;
    Ok(delivery)
}

async fn show(State(state): State<AppState>, Path((source, id)): Path<(String, String)>) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &DeliveryStatus::from(need_delivery(&state, &source, &id).await?)))
}

async fn replay(
    State(state): State<AppState>,
    Path((source, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let delivery = replay_one(&state, &source, &id).await?;
    let status = if delivery.status == "received" { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok(json(status, &DeliveryStatus::from(delivery)))
}

/// Has a delivery applied once more, and waits a while for it. Gives what is known of it then.
pub async fn replay_one(state: &AppState, source: &str, id: &str) -> Result<Delivery, Problem> {
    let sources = state.webhooks.sources();
    let known = need_source(&sources, source)?;
    let delivery = need_delivery(state, source, id).await?;
    let mut settled = known.lane().settled.subscribe();
    let asked = state.webhooks.retry(known, None, Some(delivery.id)).await?;
    if asked == 0 && !delivery.is_kept {
        return Err(Problem::invalid("", "it was kept long enough: its headers and body are gone"));
    }
    let tried = async {
        loop {
            let now = need_delivery(state, source, id).await?;
            if now.status != "received" || settled.changed().await.is_err() {
                return Ok::<_, Problem>(now);
            }
        }
    };
    match tokio::time::timeout(PATIENCE, tried).await {
        Ok(delivery) => delivery,
        Err(_) => need_delivery(state, source, id).await,
    }
}

async fn replay_all(
    State(state): State<AppState>,
    Path(source): Path<String>,
    mut params: Params,
) -> Result<Response, Problem> {
    let status = status(&mut params, &["failed", "ignored", "waiting"])?.unwrap_or("failed");
    no_more(params)?;
    let replayed = replay_many(&state, &source, status).await?;
    Ok(json(StatusCode::ACCEPTED, &Replay { replayed }))
}

/// Has all deliveries of a source in a status applied once more. Gives how many.
pub async fn replay_many(state: &AppState, source: &str, status: &'static str) -> Result<u64, Problem> {
    let sources = state.webhooks.sources();
    Ok(state.webhooks.retry(need_source(&sources, source)?, Some(status), None).await?)
}
