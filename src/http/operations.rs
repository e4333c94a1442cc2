//! Rendering on request, and the state of the server.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Address, AppState, Params,
    api::{Api, Endpoint, Method, flag, schema},
    data_problems::SeverityCounts,
    problem::Problem,
    read::need_project,
};
use crate::{
    access::Need,
    fetch::Tally,
    notify::HookStatus,
    publish::{Report, Wish},
};

/// Adds render and status.
#[must_use]
pub fn add_to(api: Api) -> Api {
    let force = "Write every file anew, whether or not it is behind.";
    api.add(
        Method::Post,
        "/api/render",
        render,
        Endpoint::new(
            "render",
            "operations",
            Need::Write,
            "Renders what is behind, and answers when it is served and on disk.",
        )
        .query("force", force, flag())
        .answers("200", "What was done", schema("RenderReport"))
        .refuses(&[]),
    )
    .add(
        Method::Post,
        "/api/projects/{project}/render",
        render_project,
        Endpoint::new(
            "renderProject",
            "operations",
            Need::Write,
            "Renders one project, and answers when it is served and on disk.",
        )
        .query("force", force, flag())
        .answers("200", "What was done", schema("RenderReport"))
        .refuses(&["404", "422"]),
    )
    .add(
        Method::Get,
        "/api/status",
        status,
        Endpoint::new("getStatus", "operations", Need::Inspect, "Says how the server is.")
            .answers("200", "The state of the server", schema("Status"))
            .refuses(&[]),
    )
}

/// A JSON answer that is of now.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, serde_json::to_string(value).unwrap_or_default()).into_response()
}

async fn render(State(state): State<AppState>, params: Params) -> Result<Response, Problem> {
    render_wish(&state, params, Wish::default()).await
}

async fn render_project(State(state): State<AppState>, address: Address, params: Params) -> Result<Response, Problem> {
    let project = address.need_project()?;
    need_project(&state, project).await?;
    render_wish(&state, params, Wish { projects: vec![project.clone()], force: false }).await
}

async fn render_wish(state: &AppState, mut params: Params, wish: Wish) -> Result<Response, Problem> {
    let wish = Wish { force: params.take_flag("force")?, ..wish };
    params.none_left()?;
    Ok(json(StatusCode::OK, &state.publisher.render(wish).await?))
}

/// How the server is.
#[derive(Serialize, ToSchema)]
pub struct Status {
    /// The version of this program.
    version: &'static str,
    /// The revision of the last change.
    revision: u64,
    /// Everything up to this revision is served and on disk.
    published_revision: u64,
    /// How many revisions are not yet.
    behind: u64,
    /// Why publishing fails, if it does.
    #[schema(required)]
    failure: Option<String>,
    /// What the last publish did.
    #[schema(inline)]
    last_render: Report,
    /// How many projects there are.
    projects: usize,
    /// Pictures and movies.
    #[schema(inline)]
    media: MediaStatus,
    /// How many problems there are of each severity, in all projects and in the studio.
    #[schema(inline)]
    problems: SeverityCounts,
    /// The disk that all data is on.
    #[schema(inline)]
    disk: DiskStatus,
    /// The sites that are served.
    #[schema(inline)]
    sites: Vec<SiteStatus>,
    /// Who is told what was published.
    #[schema(inline)]
    publish_hooks: Vec<HookStatus>,
}

/// How pictures and movies are.
#[derive(Serialize, ToSchema)]
struct MediaStatus {
    /// The files that are kept: originals, and what is made of them.
    files: u64,
    /// Their size in bytes.
    bytes: u64,
    /// Files of other servers.
    #[schema(inline)]
    fetches: Tally,
}

/// How full the disk is.
#[derive(Serialize, ToSchema)]
struct DiskStatus {
    /// The bytes that are free; null if that cannot be said.
    #[schema(required)]
    free: Option<u64>,
    /// The bytes that files leave free.
    min_free: u64,
}

/// How a site is.
#[derive(Serialize, ToSchema)]
struct SiteStatus {
    /// The layout of its tree.
    layout: &'static str,
    /// The version of the page that is installed, if one is and it is known.
    #[schema(required)]
    page: Option<String>,
    /// Whether the page follows what is published.
    live: bool,
}

async fn status(State(state): State<AppState>) -> Response {
    let revision = *state.writer.revision().borrow();
    let progress = state.publisher.progress().borrow().clone();
    let held = state.media.holding();
    let site = |site: &std::sync::Arc<super::Site>| SiteStatus {
        layout: site.target.layout().name(),
        page: site.page.as_ref().map(|page| page.version.clone().unwrap_or_else(|| "unknown".to_owned())),
        live: site.live,
    };
    let status = Status {
        version: env!("CARGO_PKG_VERSION"),
        revision,
        published_revision: progress.revision,
        behind: revision.saturating_sub(progress.revision),
        failure: progress.failure.map(|(_, reason)| reason),
        last_render: progress.last,
        projects: state.studio.context().list(crate::model::Kind::Project).len(),
        media: MediaStatus { files: held.files, bytes: held.bytes, fetches: state.fetches.tally() },
        problems: SeverityCounts::of(&state),
        disk: DiskStatus { free: state.room.free(), min_free: state.room.reserve() },
        sites: state.sites.iter().map(site).collect(),
        publish_hooks: state.notices.status(),
    };
    json(StatusCode::OK, &status)
}
