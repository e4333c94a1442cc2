//! What is not the API: the tree, media, the page, and ours where no page is installed.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;

use super::{
    AppState,
    files::{freshness, from_folder, with_cache_control},
    frontend,
    problem::Problem,
    read::unless_known,
    remote,
};
use crate::{
    access::{Caller, Need, Place},
    layout::media::proxied,
    model::Id,
    publish,
};

/// Answers whatever no route of the API takes, to those who may see it.
pub async fn serve(State(state): State<AppState>, caller: Caller, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let project = project_of(&path);
    let need = if project.is_some() { Need::Shown } else { Need::Page };
    if let Err(denied) = caller.may(need, Place { project, source: None }) {
        return Problem::from(denied).into_response();
    }
    answer(state, &path, request).await
}

/// The project whose file of the tree a path is. One that could be read as another path is of no project.
fn project_of(path: &str) -> Option<&str> {
    let (project, file) = path.strip_prefix("data/projects/")?.split_once('/')?;
    let is_plain = |name: &str| Id::parse(name).is_ok();
    (is_plain(project) && file.split('/').all(is_plain)).then_some(project)
}

async fn answer(state: AppState, path: &str, request: Request) -> Response {
    if path.starts_with("api/") || path == "api" {
        return Problem::NotFound(format!("there is nothing at /{path}; /api/docs lists the API")).into_response();
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return ([(header::ALLOW, "GET, HEAD")], Problem::MethodNotAllowed).into_response();
    }
    if path == "data" || path.starts_with("data/") {
        return data(&state, path, request).await;
    }
    frontend::serve(&state, path, request).await
}

/// A file of the tree: JSON from memory, everything else from disk. An absent one is a 404, never the page.
async fn data(state: &AppState, path: &str, request: Request) -> Response {
    if let Some(body) = state.site.target.served().body(path) {
        return json_file(body.clone(), request.headers(), request.method()).await;
    }
    if let Some(key) = proxied(path) {
        let (headers, method) = (request.headers().clone(), request.method().clone());
        if let Some(passed_on) = remote::serve(state, &key, path, &headers, &method).await {
            return passed_on;
        }
    }
    let found = from_folder(state.site.target.root(), request).await;
    // A folder, which tower-http redirects to its page, has none here.
    let is_absent = [StatusCode::NOT_FOUND, StatusCode::TEMPORARY_REDIRECT].contains(&found.status());
    let absent = || Problem::NotFound(format!("the tree has no file /{path}")).into_response();
    with_cache_control(if is_absent { absent() } else { found }, freshness(path))
}

async fn json_file(body: std::sync::Arc<publish::Body>, headers: &HeaderMap, method: &Method) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let gzip = if accepts_gzip(accepted) { compressed(&body).await } else { None };
    let etag = match gzip {
        // Another representation, so another strong validator.
        Some(_) => format!("{}-gzip\"", body.etag().trim_end_matches('"')),
        None => body.etag().to_owned(),
    };
    let is_gzip = gzip.is_some();
    let bytes = gzip.unwrap_or_else(|| body.identity().clone());
    let length = bytes.len();
    let bytes = if *method == Method::HEAD { Bytes::new() } else { bytes };
    let mut response = Response::new(Body::from(bytes));
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    out.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Ok(etag) = HeaderValue::try_from(etag) {
        out.insert(header::ETAG, etag);
    }
    if is_gzip {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let mut response = unless_known(headers, response);
    if response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().remove(header::CONTENT_ENCODING);
    }
    response
}

/// The compressed form; the first time it is made, off the threads that answer requests.
async fn compressed(body: &std::sync::Arc<publish::Body>) -> Option<Bytes> {
    if body.is_compressed() {
        return body.gzip().cloned();
    }
    let body = body.clone();
    tokio::task::spawn_blocking(move || body.gzip().cloned()).await.ok().flatten()
}

fn accepts_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = matches!(parts.next(), Some("gzip" | "*"));
        is_gzip && !parts.any(|part| matches!(part.strip_prefix("q=").map(str::parse::<f32>), Some(Ok(q)) if q <= 0.0))
    })
}
