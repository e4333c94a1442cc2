//! The status page: gathers what it shows, and serves it. All of it is for admins.

mod gather;

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    middleware,
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, get, post},
};
use maud::Markup;

use super::{Address, AppState, Params, authenticate::admit, frontend::ours, problem::Problem, read::need_project};
use crate::{
    access::Need,
    admin::{self, DeliveryList},
    publish::Wish,
    store::Listed,
};

/// How many deliveries a page has.
const DELIVERIES: i64 = 50;

/// Every route of the status page, in one list.
fn pages() -> [(&'static str, MethodRouter<AppState>); 11] {
    let style = |headers: HeaderMap| async move { ours(&headers, "text/css; charset=utf-8", admin::CSS.into()) };
    let script = |headers: HeaderMap| async move { ours(&headers, "text/javascript; charset=utf-8", admin::JS.into()) };
    let icon = |headers: HeaderMap| async move { ours(&headers, "image/svg+xml", admin::ICON.into()) };
    [
        ("/admin", get(overview)),
        ("/admin/", get(async || Redirect::permanent("/admin"))),
        ("/admin/projects/{project}", get(project)),
        ("/admin/webhooks/{source}", get(source)),
        ("/admin/webhooks/{source}/{id}", get(delivery)),
        ("/admin/webhooks/{source}/{id}/replay", post(replay)),
        ("/admin/webhooks/{source}/replay", post(replay_failed)),
        ("/admin/render", post(render)),
        ("/admin/admin.css", get(style)),
        ("/admin/admin.js", get(script)),
        ("/admin/icon.svg", get(icon)),
    ]
}

/// The routes of the status page.
pub fn routes() -> Router<AppState> {
    let guard = || middleware::from_fn(|caller, named, request, next| admit(Need::Admin, caller, named, request, next));
    pages().into_iter().fold(Router::new(), |router, (path, page)| router.route(path, page.route_layer(guard())))
}

/// A page, which is of now.
fn page(status: StatusCode, markup: Markup) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, markup.into_string()).into_response()
}

/// The answer; what is not there is said on a page as well.
fn answer(made: Result<Markup, Problem>) -> Response {
    match made {
        Ok(markup) => page(StatusCode::OK, markup),
        Err(Problem::NotFound(detail)) => page(StatusCode::NOT_FOUND, admin::not_found(&detail)),
        Err(problem) => problem.into_response(),
    }
}

async fn overview(State(state): State<AppState>) -> Response {
    answer(gather::overview(&state).await.map(|overview| admin::overview(&overview)))
}

async fn project(State(state): State<AppState>, address: Address) -> Response {
    let make = async {
        let id = address.need_project()?;
        let contents = need_project(&state, id).await?;
        let found = state.lookout.problems_of(id, contents).await?;
        let project = gather::project(&state, id)?;
        Ok(admin::project((state.clock)(), &project, &found))
    };
    answer(make.await)
}

async fn source(State(state): State<AppState>, Path(name): Path<String>, mut params: Params) -> Response {
    let make = async {
        let source = gather::source(&state, &name).await?;
        let status = params.take("status");
        let before = params.take("before").and_then(|text| text.parse().ok());
        let listed = Listed { status: status.clone(), before, limit: DELIVERIES + 1 };
        let mut deliveries = state.store.deliveries(&name, &listed).await?;
        let shown = usize::try_from(DELIVERIES).unwrap_or(usize::MAX);
        let is_more = deliveries.len() > shown;
        deliveries.truncate(shown);
        let before = deliveries.last().filter(|_| is_more).map(|delivery| delivery.id);
        Ok(admin::source((state.clock)(), &source, &DeliveryList { deliveries, status, before }))
    };
    answer(make.await)
}

async fn delivery(State(state): State<AppState>, Path((source, id)): Path<(String, String)>) -> Response {
    let found = super::webhooks::need_delivery(&state, &source, &id).await;
    answer(found.map(|delivery| admin::delivery((state.clock)(), &delivery)))
}

/// Renders what is behind; how that went is on the overview.
async fn render(State(state): State<AppState>) -> Redirect {
    // Why it failed is logged, and shown there.
    let _ = state.publisher.render(Wish::default()).await;
    Redirect::to("/admin")
}

async fn replay(
    State(state): State<AppState>,
    Path((source, id)): Path<(String, String)>,
) -> Result<Redirect, Problem> {
    super::webhooks::replay_one(&state, &source, &id).await?;
    Ok(Redirect::to(&format!("/admin/webhooks/{source}/{id}")))
}

async fn replay_failed(State(state): State<AppState>, Path(source): Path<String>) -> Result<Redirect, Problem> {
    super::webhooks::replay_many(&state, &source, "failed").await?;
    Ok(Redirect::to(&format!("/admin/webhooks/{source}")))
}
