//! What happens around every request: an id, a log line, safe headers, and a guard against other sites' pages.

use std::time::Instant;

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use super::{
    AppState,
    authenticate::{authenticate, host_of},
    bounds::{limit_guesses, limit_requests},
    client::Client,
    pace::in_time,
    problem::{Problem, with_request_id},
    share::limit_share,
};
use crate::access::without_tokens;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What both real pages need, tried in a browser, and no more.
const POLICY: &str = "default-src 'self'; img-src 'self' blob: data:; font-src 'self' data:; style-src 'self' 'unsafe-inline'; \
    media-src 'self' blob:; object-src 'none'; base-uri 'self'; frame-ancestors 'self'";

/// For how long a browser asks this host by TLS alone, once it has; on all ports, so it is not for ever.
const STRICT: HeaderValue = HeaderValue::from_static("max-age=604800");

/// Puts the layers around the routes, the first one innermost.
pub fn around(routes: Router<AppState>, state: &AppState) -> Router<AppState> {
    routes
        .layer(middleware::from_fn(same_origin))
        .layer(middleware::from_fn_with_state(state.bounds.clone(), limit_requests))
        .layer(middleware::from_fn_with_state(state.bounds.clone(), limit_guesses))
        .layer(middleware::from_fn_with_state(state.clone(), authenticate))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            tracing::error!("a request made the server panic");
            Problem::Internal.into_response()
        }))
        .layer(middleware::from_fn_with_state(state.bounds.clone(), limit_share))
        .layer(middleware::from_fn_with_state(state.bounds.clone(), in_time))
        .layer(middleware::from_fn_with_state(state.clone(), trace))
}

/// Gives the request an id, finds out who asks, logs how it was answered, and adds the headers that every answer has.
async fn trace(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let client = Client::of(request.extensions(), request.headers(), &state.bounds.proxies);
    request.extensions_mut().insert(client);
    let sent = request.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|id| is_request_id(id));
    let id = sent.map_or_else(|| uuid::Uuid::new_v4().simple().to_string(), str::to_owned);
    // A token has no place in an address; one that somebody put there is not to be in the log.
    let path = without_tokens(request.uri().path()).into_owned();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let start = Instant::now();
    // Of the highest level, so that whatever is logged at all has it.
    let span = tracing::error_span!(
        "request", request.id = %id, token = tracing::field::Empty, delivery = tracing::field::Empty
    );
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let duration = start.elapsed();
    let duration_ms = duration.as_secs_f64() * 1000.0;
    span.in_scope(|| {
        if path.starts_with("/api/") && method != Method::GET {
            tracing::info!(client = %client.address, %method, path, status, duration_ms, "answered");
        } else {
            tracing::debug!(client = %client.address, %method, path, status, duration_ms, "answered");
        }
    });
    let response = with_request_id(response, &id);
    let pattern = route.as_ref().map(MatchedPath::as_str);
    let mut response = state.metrics.requests.note(&method, pattern, &path, response, duration);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if client.is_secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT);
    }
    response
}

fn is_request_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Refuses writes that a page of another site makes a browser send: the browser says where they come from.
async fn same_origin(request: Request, next: Next) -> Response {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if reads || comes_from_here(request.headers(), request.uri()) {
        return next.run(request).await;
    }
    Problem::Forbidden("a page of another site may not write here".to_owned()).into_response()
}

/// Whether a request comes from a page of this server, or from no page. Browsers send what they know of a user (a password of
/// HTTP Basic) with the requests of any page, so that those are told apart here, by what no page can alter.
fn comes_from_here(headers: &HeaderMap, uri: &Uri) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    origin.is_some() && origin == host_of(headers, uri)
}
