//! Tokens: listed, made, revoked.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{
    ToSchema,
    openapi::{
        ObjectBuilder, RefOr, Schema,
        schema::{AllOfBuilder, SchemaType, Type},
    },
};

use super::{
    AppState,
    api::{Api, Endpoint, Method, array_of, one_of, schema, text},
    body,
    problem::Problem,
};
use crate::{
    access::{Name, Need, NotMade, Rights, Spelled, Token, Wish, parse_expiry},
    model::{
        Id,
        fault::{At, Findings},
        field::{Field, id_schema, named, read_id},
        time::{Instant, instant_text},
    },
};

/// A wish for a token has at most this many bytes.
const MAX_WISH: usize = 64 * 1024;

/// Adds the tokens.
#[must_use]
pub fn add_to(api: Api) -> Api {
    let example = json!({"name": "flow", "rights": "write", "projects": ["kestrel"], "expires": "90d"});
    api.add(
        Method::Get,
        "/api/tokens",
        list,
        Endpoint::new("listTokens", "tokens", Need::Admin, "Lists all tokens there ever were, without their text.")
            .answers("200", "The tokens, the oldest first", array_of(schema("Token")))
            .refuses(&[]),
    )
    .add(
        Method::Post,
        "/api/tokens",
        make,
        Endpoint::new("makeToken", "tokens", Need::Admin, "Makes a token, and answers it: this once, and never again.")
            .about("The first one needs the right `admin`. From then on nothing is open to those who have none.")
            .takes("application/json", "What the token is to be", schema("NewToken"), Some(example))
            .answers("201", "The token", schema("MadeToken"))
            .refuses(&["413", "415", "422"]),
    )
    .add(
        Method::Delete,
        "/api/tokens/{id}",
        revoke,
        Endpoint::new("revokeToken", "tokens", Need::Admin, "Revokes a token. From then on it is not valid.")
            .answers_empty("204", "It is not valid any more")
            .refuses(&["404", "422"]),
    )
}

/// A token, without its text.
#[derive(Serialize, ToSchema)]
pub struct Shown {
    /// Its id.
    #[schema(schema_with = id_schema)]
    id: Id,
    /// Its name. The history of tasks calls it by that.
    name: String,
    /// `read`, `write` or `admin`.
    #[schema(schema_with = rights_schema)]
    rights: String,
    /// The only projects that it may write; absent: all, or none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = ids_schema, required = false)]
    projects: Vec<Id>,
    /// The only webhook source that it may write; absent: all, or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = id_schema, required = false)]
    source: Option<Id>,
    /// When it was made.
    created: String,
    /// When it ends to be valid; null: never.
    #[schema(required)]
    expires: Option<String>,
    /// When it was revoked; null: it was not.
    #[schema(required)]
    revoked: Option<String>,
    /// When it was last used, to the minute; null: never.
    #[schema(required)]
    last_used: Option<String>,
}

impl From<&Token> for Shown {
    fn from(token: &Token) -> Self {
        let Spelled { rights, projects, source } = token.rights.clone().into();
        let time = |at: Option<Instant>| at.map(instant_text);
        Self {
            id: token.id.clone(),
            name: token.name.clone(),
            rights,
            projects: projects.into_iter().collect(),
            source,
            created: instant_text(token.created),
            expires: time(token.expires),
            revoked: time(token.revoked),
            last_used: time(token.last_used()),
        }
    }
}

fn rights_schema() -> RefOr<Schema> {
    one_of(&["read", "write", "admin"])
}

fn ids_schema() -> RefOr<Schema> {
    array_of(id_schema())
}

/// What a token can be asked to be.
pub fn new_token_schema() -> RefOr<Schema> {
    let about = |text: &str, type_of: Type| {
        ObjectBuilder::new().schema_type(SchemaType::Type(type_of)).description(Some(text)).build()
    };
    let name = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).min_length(Some(1));
    let name = name.max_length(Some(64)).description(Some("Its name, which no other valid token has."));
    let expires = "After which time it is not valid any more (`12h`, `90d`, `4w`), or its last day (`2027-01-31`, UTC), \
        or when (RFC 3339). Absent: never.";
    ObjectBuilder::new()
        .property("name", name)
        .property("rights", rights_schema())
        .property("projects", ids_schema())
        .property("source", id_schema())
        .property("expires", about(expires, Type::String))
        .required("name")
        .required("rights")
        .into()
}

/// A token with its text.
pub fn made_token_schema() -> RefOr<Schema> {
    let token = ObjectBuilder::new().property("token", text()).required("token");
    AllOfBuilder::new().item(schema("Token")).item(token).into()
}

/// An answer that stays with whoever asked for it.
fn answer(status: StatusCode, body: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_string(body).map_err(|_| Problem::Internal)?;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((status, headers, body).into_response())
}

async fn list(State(state): State<AppState>) -> Result<Response, Problem> {
    let tokens = state.access.tokens().await?;
    answer(StatusCode::OK, &tokens.iter().map(|token| Shown::from(&**token)).collect::<Vec<_>>())
}

async fn make(State(state): State<AppState>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    body::format(&headers, false)?;
    let bytes = body::collect(body, MAX_WISH, &state.bounds.bodies).await?;
    let value = body::parse(&bytes)?;
    let now = (state.clock)();
    let wish = read(value, now)?;
    let (secret, token) = state.access.make(wish, now).await.map_err(|not_made| match not_made {
        NotMade::Name => Problem::invalid("/name", NotMade::Name.to_string()),
        NotMade::First => Problem::invalid("/rights", NotMade::First.to_string()),
        NotMade::Failed(error) => error.into(),
    })?;
    tracing::info!(id = %token.id, name = %token.name, rights = %token.rights, "a token was made");
    let mut made = serde_json::to_value(Shown::from(&*token)).map_err(|_| Problem::Internal)?;
    made["token"] = secret.reveal().into();
    answer(StatusCode::CREATED, &made)
}

async fn revoke(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response, Problem> {
    let missing = || Problem::NotFound("there is no token with this id".to_owned());
    // What is no id is not repeated: somebody may have put the token itself there.
    let id = Id::parse(&id).map_err(|_| missing())?;
    if !state.access.revoke(id.clone(), (state.clock)()).await? {
        return Err(missing());
    }
    tracing::info!(%id, "a token was revoked");
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Reads what a token is to be. Unknown fields are refused: one that was to narrow the rights must not be passed over.
fn read(value: Value, now: Instant) -> Result<Wish, Problem> {
    let Value::Object(mut object) = value else {
        return Err(Problem::invalid("", format!("an object is needed here, not {}", named(&value))));
    };
    let mut findings = Findings::default();
    let name = word(&mut object, "name", &mut findings).and_then(|name| {
        Name::parse(&name).map_err(|error| findings.fault(At::Root.key("name"), error.to_string())).ok()
    });
    let rights = rights(&mut object, &mut findings);
    let expires = object.shift_remove("expires").filter(|value| !value.is_null());
    let expires = expires.and_then(|value| {
        let expires = parse_expiry(value.as_str().unwrap_or_default(), now);
        expires.map_err(|error| findings.fault(At::Root.key("expires"), error.to_string())).ok()
    });
    for key in object.keys() {
        findings.fault(At::Root.key(key), "a token has name, rights, projects, source and expires, and nothing else");
    }
    findings.into_result().map_err(Problem::Invalid)?;
    let (Some(name), Some(rights)) = (name, rights) else { return Err(Problem::Internal) };
    Ok(Wish { name, rights, expires })
}

fn word(object: &mut Map<String, Value>, key: &str, findings: &mut Findings) -> Option<String> {
    match object.shift_remove(key) {
        Some(Value::String(word)) => return Some(word),
        Some(_) => findings.fault(At::Root.key(key), "a text is needed here"),
        None => findings.fault(At::Root.key(key), format!("a token needs its {key}")),
    }
    None
}

fn rights(object: &mut Map<String, Value>, findings: &mut Findings) -> Option<Rights> {
    let rights = word(object, "rights", findings);
    let mut given = |key: &str| object.shift_remove(key).filter(|value| !value.is_null());
    let (projects, source) = (given("projects"), given("source"));
    if projects == Some(json!([])) {
        findings.fault(At::Root.key("projects"), "no project at all: leave it out for all projects");
    }
    let projects = projects.and_then(|value| Vec::<Id>::read(value, At::Root.key("projects"), findings));
    let source = source.and_then(|value| read_id(&value, At::Root.key("source"), findings));
    let spelled = Spelled { rights: rights?, projects: projects.into_iter().flatten().collect(), source };
    Rights::try_from(spelled).map_err(|nonsense| findings.fault(At::Root.key("rights"), nonsense.to_string())).ok()
}
