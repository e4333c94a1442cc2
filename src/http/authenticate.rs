//! Who asks, and whether they may: every request is looked at once, and every endpoint says what it needs.

use std::net::IpAddr;

use axum::{
    extract::{FromRequestParts, RawPathParams, Request, State, rejection::RawPathParamsRejection},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header, request::Parts, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{AppState, bounds::is_delivery, problem::Problem};
use crate::access::{self, Caller, Denied, Need, Place, Secret, Unknown};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Finds out who asks, for the endpoints to see. Nobody is turned away here.
pub async fn authenticate(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    for (name, value) in request.headers_mut().iter_mut() {
        // What shows headers for the search of faults shows these not.
        value.set_sensitive(value.is_sensitive() || *name == header::AUTHORIZATION);
    }
    let (headers, uri) = (request.headers(), request.uri());
    let is_strange = host_of(headers, uri).is_some_and(is_strange);
    // What a delivery has as Authorization is the secret of its source, which looks at it.
    let sent = if is_delivery(&request) { None } else { sent(headers) };
    let caller = state.access.caller(sent, is_strange, (state.clock)()).await;
    if let Some(token) = caller.token() {
        tracing::Span::current().record("token", &token.name);
    }
    let failure = caller.failure();
    request.extensions_mut().insert(caller);
    let response = next.run(request).await;
    // Those who guess and are turned away for that are not to fill the log.
    if let Some(why) = failure.filter(|_| response.status() != StatusCode::TOO_MANY_REQUESTS) {
        tracing::info!(%why, "a token was sent that is not valid");
    }
    response
}

/// Lets those pass who have what an endpoint needs.
pub async fn admit(
    need: Need,
    caller: Caller,
    named: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Response {
    let name = |wanted: &str| match &named {
        Ok(named) => named.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value),
        // An address that cannot be read is about nobody's project.
        Err(_) => Some(""),
    };
    let allowed = caller.may(need, Place { project: name("project"), source: name("source") });
    match allowed {
        Ok(()) => next.run(request).await,
        Err(denied) => Problem::from(denied).into_response(),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        // Without it nobody gets in.
        parts.extensions.get().cloned().ok_or(Problem::Internal)
    }
}

/// The token that came with a request: as it is, or as the password of HTTP Basic, which browsers can ask for. Never in the
/// address, which is logged, and stays in the history of browsers.
fn sent(headers: &HeaderMap) -> Option<Result<Secret, Unknown>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?;
    let secret = if values.next().is_none() { read(value) } else { None };
    Some(secret.ok_or(Unknown::NoSuchForm))
}

fn read(value: &HeaderValue) -> Option<Secret> {
    let (scheme, rest) = value.to_str().ok()?.trim().split_once(' ')?;
    let rest = rest.trim();
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Secret::parse(rest),
        "basic" => {
            let pair = String::from_utf8(BASE64.decode(rest).ok()?).ok()?;
            Secret::parse(pair.split_once(':')?.1)
        }
        _ => None,
    }
}

/// The name under which a server was asked.
pub fn host_of<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let named = headers.get(header::HOST).map(|host| host.to_str().unwrap_or_default());
    named.or_else(|| uri.authority().map(Authority::as_str))
}

/// Whether a page of another site could have had this name lead to this machine. It cannot with an address, nor with
/// localhost, which browsers know by themselves.
fn is_strange(host: &str) -> bool {
    let authority = host.parse::<Authority>();
    let name = authority.as_ref().map_or("", Authority::host);
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    address.parse::<IpAddr>().is_err() && !name.eq_ignore_ascii_case("localhost")
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unknown(Unknown::StrangeName) => Self::Forbidden(Unknown::StrangeName.to_string()),
            // The log has it.
            Denied::Unknown(Unknown::NotReadable) => Self::Internal,
            Denied::Unknown(unknown) => Self::Unauthorized(unknown.to_string()),
            Denied::Lacking(words) => Self::Forbidden(words),
        }
    }
}

impl From<access::Error> for Problem {
    fn from(error: access::Error) -> Self {
        tracing::error!(%error, "the tokens cannot be read");
        Self::Internal
    }
}

#[cfg(test)]
mod tests {
    use super::is_strange;

    #[test]
    fn names_that_anyone_can_have_lead_here_are_strange() {
        for own in ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:80", "[::1]:8080", "[::1]", "192.168.1.5:80"]
        {
            assert!(!is_strange(own), "{own}");
        }
        for strange in
            ["", "watchtower", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "1.2.3", "::1"]
        {
            assert!(is_strange(strange), "{strange}");
        }
    }
}
