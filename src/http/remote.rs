//! Files of other servers that are passed on when the page asks for them: pictures fitted, movies as they are.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{AppState, problem::Problem};
use crate::{
    fetch::client::{Failure, Fetched, Validators},
    layout::media::proxy_path,
    media::{
        intake::fit_for_page,
        receive::{Wanted, receive},
    },
    model::{
        Kind,
        media::Mode,
        scope::{Key, Studio, View},
    },
};

/// The answer to a path under which the file of an entity is passed on; `None` if nothing is, under this path.
pub async fn serve(state: &AppState, key: &Key, path: &str, headers: &HeaderMap, method: &Method) -> Option<Response> {
    let url = match url_of(state, key).await {
        Ok(url) => url.filter(|url| state.fetches.mode(url) == Mode::Proxy && proxy_path(key, url) == path)?,
        Err(problem) => return Some(problem.into_response()),
    };
    let passed = pass(state, key, &url, headers, method == Method::HEAD).await;
    Some(passed.unwrap_or_else(IntoResponse::into_response))
}

/// The URL that the entity of a path has now.
async fn url_of(state: &AppState, key: &Key) -> Result<Option<String>, Problem> {
    let context = state.studio.context();
    let contents = match &key.project {
        Some(project) => state.studio.project(project).await?.map(|contents| (project, contents)),
        None => None,
    };
    let project = contents.as_ref().map(|(id, scope)| (*id, &**scope));
    let record = Studio { context: &context, project }.record(key).cloned();
    Ok(record.and_then(|record| record.entity.media_url().map(str::to_owned)))
}

async fn pass(state: &AppState, key: &Key, url: &str, headers: &HeaderMap, is_head: bool) -> Result<Response, Problem> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let is_movie = key.kind == Kind::Edit;
    let (range, condition) = if is_movie { (text(header::RANGE), text(header::IF_RANGE)) } else { (None, None) };
    let validators = Validators { etag: text(header::IF_NONE_MATCH), last_modified: text(header::IF_MODIFIED_SINCE) };
    let url = url.parse().map_err(|_| Problem::NotFound("what is to be passed on has no URL".to_owned()))?;
    let client = state.fetches.client();
    let unchanged = || (StatusCode::NOT_MODIFIED, [(header::CACHE_CONTROL, "no-cache")]).into_response();
    let Fetched::Response(mut response) = client.get(&url, &validators, range.as_deref()).await? else {
        return Ok(unchanged());
    };
    let is_other = |condition: &String| {
        let held = [&response.validators.etag, &response.validators.last_modified];
        !held.into_iter().flatten().any(|held| held == condition && !held.starts_with("W/"))
    };
    // A part of what has changed since is not to be put beside what the client has.
    if response.status == 206 && condition.as_ref().is_some_and(is_other) {
        let Fetched::Response(whole) = client.get(&url, &validators, None).await? else { return Ok(unchanged()) };
        response = whole;
    }
    let mut out = HeaderMap::new();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    for (name, value) in
        [(header::ETAG, &response.validators.etag), (header::LAST_MODIFIED, &response.validators.last_modified)]
    {
        out.extend(value.as_ref().and_then(|value| HeaderValue::from_str(value).ok()).map(|value| (name, value)));
    }
    if !is_movie {
        let wanted = Wanted { kind: key.kind, limit: state.max_picture, sha512: false };
        let (received, _) = receive(&state.media, response.body, wanted).await?;
        let png = fit_for_page(received, key.kind).await?;
        out.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
        return Ok((out, Body::from(png)).into_response());
    }
    let media_type = response.content_type.filter(|media_type| media_type.starts_with("video/"));
    let given = [
        (header::CONTENT_TYPE, Some(media_type.unwrap_or_else(|| "video/mp4".to_owned()))),
        (header::CONTENT_LENGTH, response.length.map(|length| length.to_string())),
        (header::CONTENT_RANGE, response.content_range),
        (header::ACCEPT_RANGES, response.accept_ranges),
    ];
    for (name, value) in given {
        out.extend(value.and_then(|value| HeaderValue::try_from(value).ok()).map(|value| (name, value)));
    }
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::OK);
    let body = if is_head { Body::empty() } else { Body::from_stream(response.body) };
    Ok((status, out, body).into_response())
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        tracing::warn!(%failure, "a file could not be passed on");
        Self::BadGateway(failure.to_string())
    }
}
