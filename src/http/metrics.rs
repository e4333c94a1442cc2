//! `/metrics`: how the server is, in numbers, for Prometheus and whatever else reads its format.
//!
//! Most of it is looked at when somebody asks; what must be counted as it happens is counted where it happens. Labels have few
//! values: routes by their patterns, sources of webhooks, kinds of problems, and at most [`PROJECTS`] projects by their ids.

mod machine;
mod production;
mod requests;
mod sheet;

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use prometheus_client::{
    encoding::{prometheus_text, text},
    metrics::info::Info,
    registry::{Registry, Unit},
};

use super::{
    AppState,
    api::{Api, Endpoint, Method},
    problem::Problem,
    read::off_thread,
};
use crate::{access::Need, model::time::Instant};
pub use requests::{Listening, Requests};
pub use sheet::Sheet;

/// So many projects have numbers of their own: those that were changed last.
const PROJECTS: usize = 100;

/// The format that Prometheus asks for; whoever does not gets the older text format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Adds the metrics.
#[must_use]
pub fn add_to(api: Api) -> Api {
    api.add(
        Method::Get,
        "/metrics",
        scrape,
        Endpoint::new("getMetrics", "operations", Need::Inspect, "Says how the server is, in numbers, for Prometheus.")
            .about("In the format of OpenMetrics for who accepts that, else in the older text format of Prometheus.")
            .answers_text("200", &["text/plain", "application/openmetrics-text"], "The metrics")
            .refuses(&[]),
    )
}

type Section = Box<dyn Fn(&mut Sheet) + Send + Sync>;

/// What the HTTP side counts, and where else numbers come from.
pub struct Metrics {
    /// Requests, and what was answered.
    pub requests: Requests,
    /// The data folder.
    folder: PathBuf,
    /// When the server started.
    started: Instant,
    /// What other parts add.
    sections: Mutex<Vec<Section>>,
}

impl Metrics {
    /// Those of a server on a data folder, that starts now.
    #[must_use]
    pub fn new(folder: PathBuf, started: Instant) -> Self {
        let (requests, sections) = (Requests::default(), Mutex::default());
        Self { requests, folder, started, sections }
    }

    /// Has a part of the server add numbers of its own whenever somebody asks; what it does for that is to be quick.
    pub fn also(&self, section: impl Fn(&mut Sheet) + Send + Sync + 'static) {
        self.sections.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(section));
    }
}

async fn scrape(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, Problem> {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|accepted| accepted.to_str().ok());
    let is_open = accepts.into_iter().any(|accepted| accepted.contains("application/openmetrics-text"));
    let mut sheet = Sheet::default();
    production::revisions(&state, &mut sheet);
    if let Err(error) = production::deliveries(&state, &mut sheet).await {
        // The other numbers say more than none, most of all now.
        tracing::warn!(%error, "deliveries could not be counted");
    }
    let body = off_thread(move || {
        production::projects(&state, &mut sheet);
        production::media(&state, &mut sheet);
        machine::process(state.metrics.started, &mut sheet);
        machine::files(&state.metrics.folder, &mut sheet);
        let sections = state.metrics.sections.lock().unwrap_or_else(PoisonError::into_inner);
        sections.iter().for_each(|section| section(&mut sheet));
        drop(sections);
        let (mut text, registry) = (String::new(), registry(&state, sheet));
        let encoded =
            if is_open { text::encode(&mut text, &registry) } else { prometheus_text::encode(&mut text, &registry) };
        encoded.map(|()| text)
    });
    let body = body.await?.map_err(|error| {
        tracing::error!(%error, "the metrics could not be put into words");
        Problem::Internal
    })?;
    let media_type = if is_open { OPEN_METRICS } else { prometheus_text::CONTENT_TYPE };
    let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-store"), (header::VARY, "accept")];
    Ok((StatusCode::OK, headers, body).into_response())
}

/// What was counted as it happened, and what was found out now.
fn registry(state: &AppState, sheet: Sheet) -> Registry {
    let mut ours = Registry::default();
    ours.register(
        "watchtower_build",
        "The version of this program",
        Info::new([("version", env!("CARGO_PKG_VERSION"))]),
    );
    let http = &state.metrics.requests;
    let (of_place, in_bytes, in_seconds) = ("by route and method", Unit::Bytes, Unit::Seconds);
    ours.register(
        "watchtower_http_requests",
        format!("Requests, {of_place}, and by the class of the status"),
        http.answered.clone(),
    );
    let durations = format!("Time from a request to the head of its answer, {of_place}");
    ours.register_with_unit("watchtower_http_request_duration", durations, in_seconds.clone(), http.durations.clone());
    ours.register_with_unit(
        "watchtower_http_response_body",
        "Bytes of answers, as they are sent",
        in_bytes.clone(),
        http.bytes.clone(),
    );
    let writes = state.writer.tally();
    ours.register(
        "watchtower_write_requests",
        "Requests of the writer, by what became of them",
        writes.requests.clone(),
    );
    ours.register(
        "watchtower_write_entities",
        "Entities that were written, by what became of them",
        writes.entities.clone(),
    );
    ours.register("watchtower_write_batch_requests", "Requests that share a transaction", writes.batches.clone());
    let commits = "Time of a transaction until it is durable";
    ours.register_with_unit("watchtower_write_commit_duration", commits, in_seconds.clone(), writes.commits.clone());
    let renders = state.publisher.tally();
    ours.register("watchtower_renders", "Renders, by how they ended", renders.results.clone());
    ours.register_with_unit("watchtower_render_duration", "Time of a render", in_seconds, renders.durations.clone());
    ours.register("watchtower_render_files_written", "Files of trees that were written", renders.files_written.clone());
    ours.register_with_unit(
        "watchtower_render_written",
        "Bytes of those files",
        in_bytes,
        renders.bytes_written.clone(),
    );
    ours.register_collector(Box::new(sheet));
    ours
}
