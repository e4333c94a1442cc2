//! Files of other servers that are passed on when the page asks for them: pictures fitted, movies as they are.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use reqwest::Url;

use super::{AppState, problem::Problem};
use crate::{
    fetch::client::{self, Client, Failure, Fetched, Validators},
    layout::media::proxy_path,
    media::{
        intake::fit_for_page,
        receive::{Error, Wanted, receive},
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
    let url = url.parse().map_err(|_| Problem::NotFound("what is to be passed on has no URL".to_owned()))?;
    let response = match ask(state.fetches.client(), &url, headers, key.kind == Kind::Edit).await {
        Ok(Some(response)) => response,
        Ok(None) => return Ok((StatusCode::NOT_MODIFIED, [(header::CACHE_CONTROL, "no-cache")]).into_response()),
        // The fault is not the host's.
        Err(Failure::Status { status, .. }) if status == StatusCode::RANGE_NOT_SATISFIABLE => {
            return Ok((status, [(header::CACHE_CONTROL, "no-store")]).into_response());
        }
        Err(failure) => return Err(failure.into()),
    };
    let mut out = HeaderMap::new();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    let Validators { etag, last_modified } = response.validators.clone();
    out.extend(given([(header::ETAG, etag), (header::LAST_MODIFIED, last_modified)]));
    if key.kind == Kind::Edit {
        Ok(movie(response, out, is_head))
    } else {
        picture(state, key.kind, response, out).await
    }
}

/// Asks for the file, with the conditions of whoever wants it, and of a movie for the part; `None` if it is what they have.
async fn ask(
    client: &Client,
    url: &Url,
    headers: &HeaderMap,
    is_movie: bool,
) -> Result<Option<client::Response>, Failure> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let validators = Validators { etag: text(header::IF_NONE_MATCH), last_modified: text(header::IF_MODIFIED_SINCE) };
    // Several parts at once come in a form of their own, which nobody needs: the whole will do (RFC 9110, 14.2).
    let range = text(header::RANGE).filter(|range| is_movie && !range.contains(','));
    let condition = text(header::IF_RANGE);
    let part = match client.pass_on(url, &validators, range.as_deref()).await? {
        Fetched::Response(part) => part,
        Fetched::NotModified => return Ok(None),
    };
    let is_other = |condition: &String| {
        let held = [&part.validators.etag, &part.validators.last_modified];
        !held.into_iter().flatten().any(|held| held == condition && !held.starts_with("W/"))
    };
    if part.status != 206 || !condition.as_ref().is_some_and(is_other) {
        return Ok(Some(part));
    }
    // A part of what has changed since is not to be put beside what the client has. Nobody reads the part.
    drop(part);
    match client.pass_on(url, &validators, None).await? {
        Fetched::Response(whole) => Ok(Some(whole)),
        Fetched::NotModified => Ok(None),
    }
}

fn given<const N: usize>(
    headers: [(HeaderName, Option<String>); N],
) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    headers.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::try_from(value?).ok()?)))
}

/// The picture, fitted for the page. What is none is the fault of its host.
async fn picture(
    state: &AppState,
    kind: Kind,
    response: client::Response,
    mut out: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = Wanted { kind, limit: state.max_picture, sha512: false };
    let of_host = |error: Error| match error {
        Error::Store(error) => Problem::from(error),
        other => Problem::BadGateway(other.to_string()),
    };
    let (received, _) = receive(&state.media, response.body, wanted).await.map_err(of_host)?;
    let png = fit_for_page(received, kind).await.map_err(|refused| of_host(refused.into()))?;
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
    Ok((out, Body::from(png)).into_response())
}

/// The movie, or the part of it, as it comes.
fn movie(response: client::Response, mut out: HeaderMap, is_head: bool) -> Response {
    let media_type = response.content_type.filter(|media_type| media_type.starts_with("video/"));
    out.extend(given([
        (header::CONTENT_TYPE, Some(media_type.unwrap_or_else(|| "video/mp4".to_owned()))),
        (header::CONTENT_LENGTH, response.length.map(|length| length.to_string())),
        (header::CONTENT_RANGE, response.content_range),
        (header::ACCEPT_RANGES, response.accept_ranges),
    ]));
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::OK);
    let body = if is_head { Body::empty() } else { Body::from_stream(response.body) };
    (status, out, body).into_response()
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        tracing::warn!(%failure, "a file could not be passed on");
        match failure {
            Failure::Busy { .. } => Self::Unavailable(failure.to_string()),
            _ => Self::BadGateway(failure.to_string()),
        }
    }
}
