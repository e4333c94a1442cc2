//! Errors as `application/problem+json` (RFC 9457), each kind with a stable `type`.

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    disk::{self, Short},
    model::fault::Fault,
    publish, store,
    writer::Refused,
};

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// 400: the body is not JSON, or a header or query parameter makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// 401: it is not known who asks.
    #[error("{0}")]
    Unauthorized(String),
    /// 403: the request comes from a page of another site, or its token lacks a right.
    #[error("{0}")]
    Forbidden(String),
    /// 403: the token lacks the right to these changes.
    #[error("{} of the request {} not allowed: nothing was stored", places(.0.len()), if .0.len() == 1 { "is" } else { "are" })]
    ForbiddenChanges(Vec<Fault>),
    /// 404.
    #[error("{0}")]
    NotFound(String),
    /// 405.
    #[error("this address does not take that method")]
    MethodNotAllowed,
    /// 408: the request came too slowly.
    #[error("{0}")]
    TimedOut(String),
    /// 412: a precondition does not hold.
    #[error("{0}")]
    PreconditionFailed(String),
    /// 413.
    #[error("the body is larger than {0} bytes, the limit of this server")]
    TooLarge(u64),
    /// 413: what is in the body comes to more memory than there is for that, both in MiB.
    #[error(
        "the body has so much in it that up to {weight} MiB of memory would be needed, and there are {most} MiB (--max-body): send it in parts"
    )]
    TooHeavy {
        /// What would be needed.
        weight: usize,
        /// What there is.
        most: usize,
    },
    /// 415.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// 422: the content is wrong in these places.
    #[error("{} of the request {}: nothing was stored", places(.0.len()), if .0.len() == 1 { "is wrong" } else { "are wrong" })]
    Invalid(Vec<Fault>),
    /// 422: an `Idempotency-Key` came again with another request.
    #[error("this Idempotency-Key was used for another request")]
    KeyReused,
    /// 429: too many requests of one client; come again after this time.
    #[error("{0}")]
    TooManyRequests(String, Duration),
    /// 500; the cause is in the log.
    #[error("something went wrong inside the server; its log says what, under this request_id")]
    Internal,
    /// 502: another server did not give what is to be passed on.
    #[error("{0}")]
    BadGateway(String),
    /// 503: come again.
    #[error("{0}")]
    Unavailable(String),
    /// 507: the disk is full.
    #[error("{0}: nothing was stored")]
    InsufficientStorage(String),
}

/// What is said when it is the disk that refuses.
const DISK_TAKES_NO_MORE: &str = "the disk of this server takes no more: it is full, its quota is used up, or it fails";

fn places(number: usize) -> String {
    if number == 1 { "one place".to_owned() } else { format!("{number} places") }
}

/// The body of a problem.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// What kind of problem it is; stable.
    r#type: String,
    /// The same in a few words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened, in plain words.
    detail: String,
    /// Every fault of the body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(inline, required = false)]
    errors: Vec<Fault>,
    /// The id of the request, as in the server's log.
    #[schema(required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl Problem {
    /// A fault of one field of a body.
    pub fn invalid(pointer: &str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault { pointer: pointer.to_owned(), detail: detail.into() }])
    }

    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad-request", "The request cannot be understood"),
            Self::Unauthorized(_) => (StatusCode::UNAUTHORIZED, "unauthorized", "Who asks is not known"),
            Self::Forbidden(_) | Self::ForbiddenChanges(_) => (StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Not with this method"),
            Self::TimedOut(_) => (StatusCode::REQUEST_TIMEOUT, "request-timeout", "It took too long to come"),
            Self::PreconditionFailed(_) => {
                (StatusCode::PRECONDITION_FAILED, "precondition-failed", "It is not what the request takes it to be")
            }
            Self::TooLarge(_) | Self::TooHeavy { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large")
            }
            Self::UnsupportedMediaType(_) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Not in this format")
            }
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The content is wrong"),
            Self::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The key was used before"),
            Self::TooManyRequests(..) => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The server failed"),
            Self::BadGateway(_) => (StatusCode::BAD_GATEWAY, "bad-gateway", "Another server did not give it"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not now"),
            Self::InsufficientStorage(_) => {
                (StatusCode::INSUFFICIENT_STORAGE, "insufficient-storage", "There is no room for it")
            }
        }
    }
}

impl IntoResponse for Problem {
    /// The problem without a request id; the outermost layer adds that.
    fn into_response(self) -> Response {
        let (status, slug, title) = self.kind();
        let detail = self.to_string();
        let retry = match &self {
            Self::Unavailable(_) => Some(1),
            // In whole seconds, and not before the time.
            Self::TooManyRequests(_, wait) => Some(wait.as_secs() + 1),
            _ => None,
        };
        let asks_who = matches!(self, Self::Unauthorized(_));
        let errors = match self {
            Self::Invalid(faults) | Self::ForbiddenChanges(faults) => faults,
            _ => Vec::new(),
        };
        let r#type = format!("urn:watchtower-server:problem:{slug}");
        let body = ProblemBody { r#type, title, status: status.as_u16(), detail, errors, request_id: None };
        let mut response = Response::new(serde_json::to_string(&body).unwrap_or_default().into());
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = retry {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if asks_who {
            // Basic lets a browser ask. Chromium does not understand it together with another in one header.
            for challenge in ["Basic realm=\"Watchtower\"", "Bearer"] {
                response.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
        }
        response.extensions_mut().insert(std::sync::Arc::new(body));
        response
    }
}

/// Gives a problem the id of its request.
pub fn with_request_id(response: Response, id: &str) -> Response {
    let Some(body) = response.extensions().get::<std::sync::Arc<ProblemBody>>().cloned() else { return response };
    let (parts, _) = response.into_parts();
    let mut value = serde_json::to_value(&*body).unwrap_or_default();
    value["request_id"] = id.into();
    Response::from_parts(parts, value.to_string().into())
}

impl Problem {
    /// The store failed, which somebody has logged.
    pub fn of_store(error: &store::Error) -> Self {
        if error.is_no_room() { Self::InsufficientStorage(DISK_TAKES_NO_MORE.to_owned()) } else { Self::Internal }
    }

    /// The same, of what nobody has logged yet.
    fn of_store_logged(error: &store::Error) -> Self {
        tracing::error!(%error, "the store failed");
        Self::of_store(error)
    }
}

impl From<Short> for Problem {
    fn from(short: Short) -> Self {
        Self::InsufficientStorage(short.to_string())
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        Self::of_store_logged(&error)
    }
}

impl From<std::io::Error> for Problem {
    /// A file of the media store could not be written or read.
    fn from(error: std::io::Error) -> Self {
        if let Some(short) = error.get_ref().and_then(|inner| inner.downcast_ref::<Short>()) {
            return (*short).into();
        }
        tracing::error!(%error, "the media store failed");
        if disk::is_no_room(&error) {
            return Self::InsufficientStorage(DISK_TAKES_NO_MORE.to_owned());
        }
        Self::Internal
    }
}

impl From<publish::Error> for Problem {
    fn from(error: publish::Error) -> Self {
        match error {
            publish::Error::Stopped => Self::Unavailable("the server is stopping".to_owned()),
            publish::Error::Tree(error) if error.is_no_room() => {
                Self::InsufficientStorage(DISK_TAKES_NO_MORE.to_owned())
            }
            // The publisher has logged it.
            _ => Self::Internal,
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let words = refused.to_string();
        match refused {
            Refused::Faults(faults) => Self::Invalid(faults),
            Refused::NotFound(_) => Self::NotFound(words),
            Refused::Precondition(_) => Self::PreconditionFailed(words),
            Refused::KeyReused => Self::KeyReused,
            Refused::Busy | Refused::Stopping => Self::Unavailable(words),
            Refused::NoRoom(short) => short.into(),
            Refused::Store(error) => Self::of_store_logged(&error),
        }
    }
}
