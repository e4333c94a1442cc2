//! The collections: every kind of entity, with the same verbs.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{
    Address, AppState, Params,
    api::{Api, Endpoint, Method, array_of, flag, integer, one_of, schema, text},
    body,
    problem::Problem,
    read,
    write::{REVISION, WriteOptions, bulk_answer, item_answer, project_exists, read_body, submit},
};
use crate::{
    access::{Caller, Need},
    model::{Id, Kind, change::Precondition, fault::At, scope::Key, wire::Reader},
};

/// Adds the collections of all kinds.
#[must_use]
pub fn add_to(api: Api) -> Api {
    let studio_wide = Kind::CONTEXT.iter().chain([&Kind::Project]);
    let api = studio_wide.fold(api, |api, kind| collection(api, *kind, &format!("/api/{}", kind.plural())));
    Kind::OF_PROJECT
        .iter()
        .fold(api, |api, kind| collection(api, *kind, &format!("/api/projects/{{project}}/{}", kind.plural())))
}

fn collection(api: Api, kind: Kind, path: &str) -> Api {
    items(lists(api, kind, path), kind, path)
}

/// The description of what a verb does with a kind.
fn describe(verb: &str, name: &str, kind: Kind, need: Need, summary: &str) -> Endpoint {
    Endpoint::new(&format!("{verb}{name}"), kind.plural(), need, summary)
}

fn lists(api: Api, kind: Kind, path: &str) -> Api {
    let (one, many) = (kind.type_name(), list_name(kind));
    api.add(
        Method::Get,
        path,
        move |State(state): State<AppState>, caller: Caller, address: Address, params: Params, headers: HeaderMap| {
            read::list(state, kind, caller, address, params, headers)
        },
        read::filterable(kind).iter().fold(
            describe("list", &many, kind, Need::Read, &format!("Lists {}, in order.", kind.plural()))
                .query("limit", "At most this many; without it, all. Then `Link` has the next page.", integer())
                .query("cursor", "Where the page begins, from `Link`.", text())
                .answers("200", kind.doc(), array_of(schema(one)))
                .answers_empty("304", "Nothing changed since the `If-None-Match` that was sent")
                .refuses(&["404", "422"]),
            |endpoint, field| {
                endpoint.query(field, "Only those with this value, or one of these (separated by commas).", text())
            },
        ),
    )
    .add(
        Method::Post,
        path,
        move |State(state): State<AppState>,
              address: Address,
              options: WriteOptions,
              headers: HeaderMap,
              body: Body| { post(state, kind, address, options, headers, body) },
        writes(describe(
            "post",
            &many,
            kind,
            // Projects, by whoever may write them.
            if kind == Kind::Project { Need::Change } else { Need::Write },
            &format!("Creates or updates {}: an object, or an array of them.", kind.plural()),
        ))
        .header(
            "Idempotency-Key",
            "Repeating the request with the same key within a day repeats the answer, not the write.",
        )
        .takes("application/json", kind.doc(), schema(one), None)
        .answers("200", "The entity, or for an array what was done", one_or_bulk(one))
        .answers("201", "The new entity", schema(one))
        .refuses(&WRITE_REFUSALS),
    )
    .add(
        Method::Put,
        path,
        move |State(state): State<AppState>,
              address: Address,
              options: WriteOptions,
              headers: HeaderMap,
              body: Body| { put_list(state, kind, address, options, headers, body) },
        writes(describe(
            "replace",
            &many,
            kind,
            Need::Write,
            &format!("Replaces all {}: what is absent is deleted.", kind.plural()),
        ))
        .query("dry_run", "Only say what would be done.", flag())
        .takes("application/json", "The whole list, in order", array_of(schema(one)), None)
        .answers("200", "What was done", schema("BulkAnswer"))
        .refuses(&WRITE_REFUSALS),
    )
}

fn items(api: Api, kind: Kind, path: &str) -> Api {
    // A project is addressed where the lists in it are, so its id goes by that name.
    let item = if kind == Kind::Project { "/api/projects/{project}".to_owned() } else { format!("{path}/{{id}}") };
    let one = kind.type_name();
    api.add(
        Method::Get,
        &item,
        move |State(state): State<AppState>, address: Address, headers: HeaderMap| {
            read::item(state, kind, own(kind, address), headers)
        },
        describe("get", one, kind, Need::Read, &format!("Gets one of the {}.", kind.plural()))
            .answers("200", kind.doc(), schema(one))
            .answers_empty("304", "Nothing changed since the `If-None-Match` that was sent")
            .refuses(&["404", "422"]),
    )
    .add(
        Method::Put,
        &item,
        move |State(state): State<AppState>,
              address: Address,
              options: WriteOptions,
              headers: HeaderMap,
              body: Body| { put_item(state, kind, own(kind, address), options, headers, body, false) },
        writes(conditional(describe(
            "put",
            one,
            kind,
            Need::Write,
            &format!("Creates or replaces one of the {}; absent fields take their defaults.", kind.plural()),
        )))
        .takes("application/json", kind.doc(), schema(one), None)
        .answers("200", "The entity", schema(one))
        .answers("201", "The new entity", schema(one))
        .refuses(&WRITE_REFUSALS),
    )
    .add(
        Method::Patch,
        &item,
        move |State(state): State<AppState>,
              address: Address,
              options: WriteOptions,
              headers: HeaderMap,
              body: Body| { put_item(state, kind, own(kind, address), options, headers, body, true) },
        writes(conditional(describe(
            "patch",
            one,
            kind,
            Need::Write,
            &format!("Changes what it names of one of the {} (RFC 7396).", kind.plural()),
        )))
        .takes("application/merge-patch+json", "The fields to change; null is the default", super::api::object(), None)
        .answers("200", "The entity", schema(one))
        .refuses(&WRITE_REFUSALS),
    )
    .add(
        Method::Delete,
        &item,
        move |State(state): State<AppState>, address: Address, options: WriteOptions| {
            delete(state, kind, own(kind, address), options)
        },
        writes(conditional(describe(
            "delete",
            one,
            kind,
            Need::Write,
            &format!("Deletes one of the {}, with what belongs to it.", kind.plural()),
        )))
        .answers_empty("204", "It is gone")
        .refuses(&["404", "412", "422"]),
    )
}

/// The statuses with which writes are refused.
pub const WRITE_REFUSALS: [&str; 6] = ["404", "408", "412", "413", "415", "422"];

/// The name of a list of a kind in operation ids.
fn list_name(kind: Kind) -> String {
    if kind.plural() == kind.singular() { format!("{}List", kind.type_name()) } else { pascal(kind.plural()) }
}

fn pascal(name: &str) -> String {
    let words = name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect()
}

fn one_or_bulk(name: &str) -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    let either = utoipa::openapi::schema::AnyOfBuilder::new();
    either.item(schema(name)).item(schema("BulkAnswer")).into()
}

/// What every write can be asked.
pub fn writes(endpoint: Endpoint) -> Endpoint {
    let wait = "`published`: answer only when the tree shows it, served and on disk.";
    endpoint.query("wait", wait, one_of(&["published"]))
}

fn conditional(endpoint: Endpoint) -> Endpoint {
    endpoint
        .header("If-Match", "Only if the entity still has this `ETag`; 412 otherwise.")
        .header("If-None-Match", "`*`: only if it does not exist; 412 otherwise.")
}

/// The address of an item. The id of a project stands where the project of other items does.
pub fn own(kind: Kind, address: Address) -> Address {
    if kind == Kind::Project { address.of_project() } else { address }
}

async fn post(
    state: AppState,
    kind: Kind,
    address: Address,
    options: WriteOptions,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (bytes, format) = read_body(&state, &headers, body, false).await?;
    let project = address.project().cloned();
    let (send, single) = std::sync::mpsc::channel();
    let reader = body::read(bytes.clone(), format, move |reader, value| {
        let is_index = kind == Kind::Project && value.get("projects").is_some_and(Value::is_array);
        let is_single = value.is_object() && !is_index;
        let ids = reader.each(project.as_ref(), kind, value, At::Root);
        // The receiver lives until the body is read.
        let _ = send.send(ids.into_iter().next().filter(|_| is_single));
    });
    let reader = reader.await?;
    let single: Option<Id> = single.recv().ok().flatten();
    let options = if single.is_some() { options.for_real()? } else { options };
    let outcome = submit(&state, reader, project_exists(&address), &options, &bytes).await?;
    match single {
        // A repeated request without an id gets the id that was made up the first time.
        Some(id) => {
            let made_up = outcome.generated_ids.get("").and_then(Value::as_str).and_then(|id| Id::parse(id).ok());
            let key = Key::new(address.project(), kind, &made_up.unwrap_or(id));
            item_answer(&state, &key, &outcome).await
        }
        None => bulk_answer(&outcome),
    }
}

async fn put_list(
    state: AppState,
    kind: Kind,
    address: Address,
    options: WriteOptions,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (bytes, format) = read_body(&state, &headers, body, false).await?;
    let project = address.project().cloned();
    let interpret = move |reader: &mut Reader, value| reader.whole(project.as_ref(), kind, value, At::Root);
    let reader = body::read(bytes.clone(), format, interpret).await?;
    let outcome = submit(&state, reader, project_exists(&address), &options, &bytes).await?;
    bulk_answer(&outcome)
}

async fn put_item(
    state: AppState,
    kind: Kind,
    address: Address,
    options: WriteOptions,
    headers: HeaderMap,
    body: Body,
    merge: bool,
) -> Result<Response, Problem> {
    let key = address.key(kind)?;
    let options = options.for_real()?;
    let (bytes, format) = read_body(&state, &headers, body, false).await?;
    let of = key.clone();
    let interpret = move |reader: &mut Reader, value| {
        if merge {
            reader.merge(of.project.as_ref(), kind, &of.id, value, At::Root);
        } else {
            reader.put(of.project.as_ref(), kind, Some(&of.id), value, At::Root);
        }
    };
    let reader = body::read(bytes.clone(), format, interpret).await?;
    let mut preconditions = project_exists(&address);
    if merge {
        preconditions.push(Precondition::Exists(key.clone()));
    }
    preconditions.extend(options.preconditions(&key));
    let outcome = submit(&state, reader, preconditions, &options, &bytes).await?;
    item_answer(&state, &key, &outcome).await
}

async fn delete(state: AppState, kind: Kind, address: Address, options: WriteOptions) -> Result<Response, Problem> {
    let key = address.key(kind)?;
    let options = options.for_real()?;
    let mut reader = Reader::default();
    reader.delete(key.project.as_ref(), kind, &key.id);
    let mut preconditions = project_exists(&address);
    preconditions.push(Precondition::Exists(key.clone()));
    preconditions.extend(options.preconditions(&key));
    let outcome = submit(&state, reader, preconditions, &options, &[]).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(REVISION.clone(), HeaderValue::from(outcome.revision));
    Ok(response)
}
