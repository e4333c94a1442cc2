//! What all writes have in common: preconditions, idempotency, waiting for the tree, answers.

use std::fmt::Write as _;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};

use super::{Address, AppState, Params, body, problem::Problem, read::represented};
use crate::{
    access::Caller,
    media::store::Pin,
    model::{change::Precondition, fault::Warning, scope::Key, wire::Reader},
    writer::{Outcome, Request},
};

/// The header that names the revision of what is answered.
pub static REVISION: HeaderName = HeaderName::from_static("watchtower-revision");
/// The header in which the answer that is an entity carries its warnings.
pub static WARNINGS: HeaderName = HeaderName::from_static("watchtower-warnings");
/// The longest header of warnings, in bytes; what does not fit is left out.
const WARNINGS_LENGTH: usize = 4096;
/// The longest `Idempotency-Key`, in bytes.
const KEY_LENGTH: usize = 255;

/// What a write is asked with, beside its body.
#[derive(Debug)]
pub struct WriteOptions {
    caller: Caller,
    wait: bool,
    dry_run: bool,
    key: Option<String>,
    if_match: Vec<String>,
    if_none_match: bool,
    path: String,
}

impl FromRequestParts<AppState> for WriteOptions {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let mut params = Params::from_request_parts(parts, state).await?;
        let wait = match params.take("wait").as_deref() {
            None => false,
            Some("published") => true,
            Some(other) => return Err(Problem::BadRequest(format!("wait is \"published\", not {other:?}"))),
        };
        let dry_run = params.take_flag("dry_run")?;
        if let Some((name, _)) = params.rest().first() {
            return Err(Problem::BadRequest(format!("a write takes no parameter {name:?}")));
        }
        let key = text_of(&parts.headers, "idempotency-key")?;
        if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > KEY_LENGTH) {
            return Err(Problem::BadRequest(format!("an Idempotency-Key has 1 to {KEY_LENGTH} bytes")));
        }
        let if_match = text_of(&parts.headers, "if-match")?.unwrap_or_default();
        let if_match = if_match.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect();
        let if_none_match = match text_of(&parts.headers, "if-none-match")?.as_deref() {
            None => false,
            Some("*") => true,
            Some(_) => return Err(Problem::BadRequest("a write takes If-None-Match: * only".to_owned())),
        };
        let path = format!("{} {}", parts.method, parts.uri.path());
        Ok(Self { caller, wait, dry_run, key, if_match, if_none_match, path })
    }
}

fn text_of(headers: &HeaderMap, name: &str) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value.to_str().map_err(|_| Problem::BadRequest(format!("the header {name} is not text")))?;
    Ok(Some(text.trim().to_owned()))
}

impl WriteOptions {
    /// Refuses `dry_run` where the answer would be an entity that is not there.
    pub fn for_real(self) -> Result<Self, Problem> {
        if self.dry_run {
            return Err(Problem::BadRequest("dry_run goes with whole lists, snapshots and batches".to_owned()));
        }
        Ok(self)
    }

    /// The same for the file of an entity, for which there are no conditions either.
    pub fn for_file(self) -> Result<Self, Problem> {
        if self.if_none_match || !self.if_match.is_empty() {
            let detail = "If-Match and If-None-Match go with entities, not with their files";
            return Err(Problem::BadRequest(detail.to_owned()));
        }
        self.for_real()
    }

    /// The `Idempotency-Key`; each token has its own ones.
    fn idempotency_key(&self) -> Option<String> {
        let key = self.key.clone()?;
        Some(self.caller.token().map_or_else(|| key.clone(), |token| format!("{} {key}", token.id)))
    }

    /// Preconditions on the entity that the address names.
    #[must_use]
    pub fn preconditions(&self, key: &Key) -> Vec<Precondition> {
        let mut preconditions = Vec::new();
        if !self.if_match.is_empty() {
            preconditions.push(Precondition::Matches(key.clone(), self.if_match.clone()));
        }
        if self.if_none_match {
            preconditions.push(Precondition::Absent(key.clone()));
        }
        preconditions
    }
}

/// The project of an address must exist, for everything but the projects themselves.
#[must_use]
pub fn project_exists(address: &Address) -> Vec<Precondition> {
    let key = address.project().map(|id| Key::new(None, crate::model::Kind::Project, id));
    key.map(Precondition::Exists).into_iter().collect()
}

/// Has changes written that the caller may make, and waits for the tree if that was asked for. `asked` is the body, for the
/// idempotency key.
pub async fn submit(
    state: &AppState,
    reader: Reader,
    preconditions: Vec<Precondition>,
    options: &WriteOptions,
    asked: &[u8],
) -> Result<Outcome, Problem> {
    submit_media(state, (reader, Vec::new()), preconditions, options, asked).await
}

/// The same of changes that attach files, with what keeps those.
pub async fn submit_media(
    state: &AppState,
    (reader, pins): (Reader, Vec<Pin>),
    preconditions: Vec<Precondition>,
    options: &WriteOptions,
    asked: &[u8],
) -> Result<Outcome, Problem> {
    let forbidden = options.caller.forbidden(&reader.changes);
    if !forbidden.is_empty() {
        return Err(Problem::ForbiddenChanges(forbidden));
    }
    if !reader.findings.is_sound() {
        return match reader.findings.into_result() {
            Err(faults) => Err(Problem::Invalid(faults)),
            Ok(_) => Err(Problem::Internal),
        };
    }
    let is_heeded = |condition: &Precondition| !matches!(condition, Precondition::Exists(_));
    if (options.if_none_match || !options.if_match.is_empty()) && !preconditions.iter().any(is_heeded) {
        let detail = "If-Match and If-None-Match go with PUT, PATCH and DELETE of one entity";
        return Err(Problem::BadRequest(detail.to_owned()));
    }
    let fingerprint = || crate::model::represent::etag_of(&[options.path.as_bytes(), b"\n", asked].concat());
    let request = Request {
        changes: reader.changes,
        findings: reader.findings,
        generated: reader.generated,
        preconditions,
        pins,
        actor: options.caller.actor(),
        dry_run: options.dry_run,
        idempotency: options.idempotency_key().map(|key| (key, fingerprint())),
        ..Request::default()
    };
    let outcome = state.writer.write(request).await?;
    if options.wait && !options.dry_run {
        let published = state.publisher.published(outcome.revision).await;
        published.map_err(|reason| {
            tracing::error!(reason, "a write is stored, but could not be published");
            let detail = "the write is stored, but the tree could not be written yet; see /api/status";
            Problem::Unavailable(detail.to_owned())
        })?;
    }
    Ok(outcome)
}

/// The answer to a write of many entities.
pub fn bulk_answer(outcome: &Outcome) -> Result<Response, Problem> {
    let body = serde_json::to_string(&Outcome { is_new: false, ..outcome.clone() }).map_err(|_| Problem::Internal)?;
    let headers =
        [(REVISION.clone(), outcome.revision.to_string()), (header::CONTENT_TYPE, "application/json".to_owned())];
    Ok((headers, body).into_response())
}

/// The answer to a write of one entity: that entity.
pub async fn item_answer(state: &AppState, key: &Key, outcome: &Outcome) -> Result<Response, Problem> {
    let status = if outcome.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let Some(entity) = represented(state, key).await? else {
        // Another writer deleted it meanwhile.
        return Err(Problem::NotFound(format!("the {} {} was deleted meanwhile", key.kind.singular(), key.id)));
    };
    let mut response = entity.respond(status, outcome.revision);
    if status == StatusCode::CREATED {
        let path = match &key.project {
            Some(project) => format!("/api/projects/{project}/{}/{}", key.kind.plural(), key.id),
            None => format!("/api/{}/{}", key.kind.plural(), key.id),
        };
        response.headers_mut().insert(header::LOCATION, HeaderValue::try_from(path).map_err(|_| Problem::Internal)?);
    }
    if let Some(warnings) = warnings_header(&outcome.warnings) {
        response.headers_mut().insert(WARNINGS.clone(), warnings);
    }
    Ok(response)
}

/// Warnings as a JSON array in plain ASCII, as many as fit.
pub fn warnings_header(warnings: &[Warning]) -> Option<HeaderValue> {
    let mut text = String::new();
    for warning in warnings {
        let json = serde_json::to_string(warning).ok()?;
        let mut ascii = String::with_capacity(json.len());
        for unit in json.encode_utf16() {
            match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => ascii.push(char::from(byte)),
                // As RFC 8259 §7 escapes what is not ASCII: by its UTF-16 units. Writing into memory does not fail.
                _ => drop(write!(ascii, "\\u{unit:04x}")),
            }
        }
        if text.len() + ascii.len() > WARNINGS_LENGTH {
            break;
        }
        text.push_str(if text.is_empty() { "" } else { "," });
        text.push_str(&ascii);
    }
    if text.is_empty() { None } else { HeaderValue::try_from(format!("[{text}]")).ok() }
}

/// Reads the body of a write, which has its room in memory as long as these bytes are kept.
pub async fn read_body(
    state: &AppState,
    headers: &HeaderMap,
    body: axum::body::Body,
    takes_lines: bool,
) -> Result<(bytes::Bytes, body::Format), Problem> {
    let format = body::format(headers, takes_lines)?;
    let bytes = body::collect(body, state.max_body, &state.bounds.bodies).await?;
    Ok((state.bounds.weights.hold(bytes).await?, format))
}
