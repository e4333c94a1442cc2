//! Reading entities: one, or lists with paging and filters.

use std::fmt::Write as _;

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{Address, AppState, Params, problem::Problem, write::REVISION};
use crate::{
    access::Caller,
    model::{
        Id, Kind,
        represent::{etag_of, represent},
        scope::{Key, Scope, Studio, View},
    },
};

/// Lists from this many entities on are put into words on a thread that answers no requests.
const LARGE: usize = 500;

/// An entity, ready to be answered.
pub struct Represented {
    body: String,
    revision: u64,
}

impl Represented {
    /// The answer that is this entity.
    pub fn respond(self, status: StatusCode, revision: u64) -> Response {
        json(self.body, status, revision)
    }
}

/// A JSON answer with its entity tag and the revision of what it shows.
fn json(body: String, status: StatusCode, revision: u64) -> Response {
    let etag = etag_of(body.as_bytes());
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::ETAG, etag),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (REVISION.clone(), revision.to_string()),
    ];
    (status, headers, body).into_response()
}

/// The entity under a key as it is now, if it exists.
pub async fn represented(state: &AppState, key: &Key) -> Result<Option<Represented>, Problem> {
    let context = state.studio.context();
    let contents = match &key.project {
        Some(project) => Some((project, need_project(state, project).await?)),
        None => None,
    };
    let project = contents.as_ref().map(|(id, scope)| (*id, &**scope));
    let studio = Studio { context: &context, project };
    let revision = project.map_or(context.revision, |(_, scope)| scope.revision.max(context.revision));
    let record = studio.record(key);
    Ok(record.map(|record| Represented { body: represent(&studio, key, record).to_string(), revision }))
}

/// The contents of a project, or 404.
pub async fn need_project(state: &AppState, id: &Id) -> Result<std::sync::Arc<Scope>, Problem> {
    let scope = state.studio.project(id).await?;
    scope.ok_or_else(|| Problem::NotFound(format!("there is no project {id}")))
}

/// GET of one entity.
pub async fn item(state: AppState, kind: Kind, address: Address, headers: HeaderMap) -> Result<Response, Problem> {
    let key = address.key(kind)?;
    let Some(entity) = represented(&state, &key).await? else {
        return Err(Problem::NotFound(format!("there is no {} {}", kind.singular(), key.id)));
    };
    let revision = entity.revision;
    Ok(unless_known(&headers, entity.respond(StatusCode::OK, revision)))
}

/// 304 in place of an answer whose entity tag the client already has.
pub fn unless_known(headers: &HeaderMap, mut response: Response) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let etag = response.headers().get(header::ETAG).and_then(|value| value.to_str().ok());
    if let (Some(known), Some(etag)) = (known, etag)
        && known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag || tag.trim() == "*")
    {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(header::CONTENT_TYPE);
        *response.body_mut() = axum::body::Body::empty();
    }
    response
}

/// GET of a list: whole, or in pages (`limit`, `cursor`), filtered by equality. Projects are listed that the caller may read.
pub async fn list(
    state: AppState,
    kind: Kind,
    caller: Caller,
    address: Address,
    mut params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = params.take("limit").map(|text| parse_limit(&text)).transpose()?;
    let cursor = params.take("cursor").map(|text| parse_cursor(&text)).transpose()?;
    let filters = Filters::parse(kind, params)?;
    let context = state.studio.context();
    let contents = match address.project() {
        Some(project) if !kind.is_studio_wide() => Some((project.clone(), need_project(&state, project).await?)),
        _ => None,
    };
    let scope = contents.as_ref().map_or_else(|| context.clone(), |(_, contents)| contents.clone());
    let revision = scope.revision;
    let large = scope.list(kind).len() >= LARGE;
    let query = filters.query();
    let work = move || {
        let project = contents.as_ref().map(|(id, contents)| (id, &**contents));
        let studio = Studio { context: &context, project };
        let after = |position: i64| cursor.is_none_or(|cursor| position > cursor);
        let is_theirs = |id: &Id| kind != Kind::Project || caller.reads(id);
        let records = scope.list(kind).iter().filter(|(id, record)| after(record.position) && is_theirs(id));
        let entities = records.filter_map(|(id, record)| {
            let value = represent(&studio, &Key::new(project.map(|(id, _)| id), kind, id), record);
            filters.accept(&value).then_some((record.position, value))
        });
        let mut page: Vec<(i64, Value)> = entities.take(limit.map_or(usize::MAX, |limit| limit + 1)).collect();
        let more = limit.is_some_and(|limit| page.len() > limit);
        page.truncate(limit.unwrap_or(usize::MAX));
        let next = page.last().filter(|_| more).map(|(position, _)| *position);
        (next, Value::Array(page.into_iter().map(|(_, value)| value).collect()).to_string())
    };
    let (next, body) = if large { off_thread(work).await? } else { work() };
    let mut response = json(body, StatusCode::OK, revision);
    if let (Some(next), Some(limit)) = (next, limit) {
        let link = format!("<?limit={limit}&cursor={next}{query}>; rel=\"next\"");
        let link = HeaderValue::try_from(link).map_err(|_| Problem::Internal)?;
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(unless_known(&headers, response))
}

/// Does what takes a while on a thread that answers no requests.
pub async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::Internal)
}

fn parse_limit(text: &str) -> Result<usize, Problem> {
    let limit = text.parse().ok().filter(|limit| (1..=1_000_000).contains(limit));
    limit.ok_or_else(|| Problem::BadRequest(format!("limit is a number from 1 to 1000000, not {text:?}")))
}

fn parse_cursor(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| Problem::BadRequest(format!("{text:?} is not a cursor that this server gave")))
}

/// Which entities of a list are wanted: each named field must equal one of its values.
struct Filters(Vec<(String, Vec<String>)>);

impl Filters {
    fn parse(kind: Kind, params: Params) -> Result<Self, Problem> {
        let mut filters = Vec::new();
        for (name, values) in params.rest() {
            if !filterable(kind).contains(&&*name) {
                let allowed = filterable(kind).join(", ");
                return Err(Problem::BadRequest(format!(
                    "{} are filtered by {allowed}; not by {name:?}",
                    kind.plural()
                )));
            }
            filters.push((name, values.split(',').map(str::to_owned).collect()));
        }
        Ok(Self(filters))
    }

    fn accept(&self, entity: &Value) -> bool {
        self.0.iter().all(|(name, values)| {
            let held = &entity[name.as_str()];
            values.iter().any(|value| equals(held, value))
        })
    }

    /// The filters as the rest of a query.
    fn query(&self) -> String {
        let mut query = String::new();
        for (name, values) in &self.0 {
            query += "&";
            query += name;
            query += "=";
            for byte in values.join(",").bytes() {
                if byte.is_ascii_alphanumeric() || b"._~-,".contains(&byte) {
                    query.push(char::from(byte));
                } else {
                    // Writing into memory does not fail.
                    let _ = write!(query, "%{byte:02X}");
                }
            }
        }
        query
    }
}

fn equals(held: &Value, wanted: &str) -> bool {
    match held {
        Value::String(text) => text == wanted,
        Value::Null => wanted.is_empty() || wanted == "null",
        Value::Array(members) => members.iter().any(|member| equals(member, wanted)),
        Value::Object(_) => false,
        Value::Bool(truth) => wanted == if *truth { "true" } else { "false" },
        Value::Number(number) => number.to_string() == wanted,
    }
}

/// The fields that a list can be filtered by: all but free-form data.
#[must_use]
pub fn filterable(kind: Kind) -> Vec<&'static str> {
    let mut names = vec![kind.id_field()];
    names.extend(kind.own_fields().map(|field| field.name).filter(|name| *name != "data"));
    if kind == Kind::Sequence {
        names.push("episode_id");
    }
    names
}
