//! Trials: what a delivery would change, if it came.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};

use super::{json, need_source};
use crate::{
    access::Need,
    http::{
        AppState,
        api::{Api, Endpoint, Method, object, schema},
        body,
        problem::Problem,
    },
    webhook::{Trial, trial},
};

/// Adds the trial.
pub(super) fn add_to(api: Api) -> Api {
    api.add(
        Method::Post,
        "/api/webhooks/{source}/dry-run",
        dry_run,
        Endpoint::new("tryDelivery", "webhooks", Need::Source, "Says what a delivery would change, and changes nothing.")
            .about("The body, and the headers if the mapping looks at them, are those that the tracker would send; a signature is not needed. Two are tried at a time, in all; one more is told to come again.")
            .takes("application/json", "Whatever the tracker sends", object(), None)
            .answers("200", "What the mapping makes of it, and what would be done", schema("Trial"))
            .refuses(&["404", "413", "415"]),
    )
}

async fn dry_run(
    State(state): State<AppState>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let sources = state.webhooks.sources();
    let source = need_source(&sources, &name)?;
    let format = body::format(&headers, false);
    let bytes = body::collect(body, state.max_delivery, &state.bounds.bodies).await?;
    format?;
    let body = body::text(&bytes)?;
    let headers = serde_json::to_string(&source.verifier().redacted(&headers)).unwrap_or_default();
    // Not before its body is there, so that whoever sends it slowly keeps nobody else waiting.
    let _place = state.bounds.trial()?;
    let mut mapping = state.webhooks.mapping(source);
    let context = state.studio.context();
    let tried: Trial = trial(&mut mapping, &context, &state.writer, (&headers, body)).await;
    Ok(json(StatusCode::OK, &tried))
}
