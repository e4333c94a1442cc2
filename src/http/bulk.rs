//! Many entities at once: the context, a whole project, a batch of changes.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{
    Address, AppState,
    api::{Api, Endpoint, Method, flag, object, schema},
    body,
    collections::{WRITE_REFUSALS, writes},
    problem::Problem,
    read::{need_project, off_thread},
    write::{REVISION, WriteOptions, bulk_answer, read_body, submit},
};
use crate::{
    access::Need,
    model::{
        Id, Kind,
        fault::At,
        represent::represent,
        scope::{Key, Studio, View},
        wire::Reader,
    },
};

const DRY_RUN: &str = "Only say what would be done.";

/// Adds the context, snapshots and the batch.
#[must_use]
pub fn add_to(api: Api) -> Api {
    let snapshot = "/api/projects/{project}/snapshot";
    let keys = "Repeating the request with the same key within a day repeats the answer, not the write.";
    api.add(
        Method::Get,
        "/api/context",
        get_context,
        Endpoint::new("getContext", "bulk", Need::Read, "Gets the four lists that all projects share.")
            .answers("200", "`users`, `asset_types`, `task_types`, `task_statuses`", object())
            .refuses(&[]),
    )
    .add(
        Method::Put,
        "/api/context",
        put_context,
        writes(Endpoint::new("putContext", "bulk", Need::Write, "Replaces the lists that all projects share."))
            .about("A list that is absent stays as it is. Projects that are named beside them, as in `context.json`, are created or updated; none is deleted.")
            .query("dry_run", DRY_RUN, flag())
            .takes("application/json", "The lists, or the file `context.json`", object(), Some(json!({"users": [{"id": "ada", "name": "Ada"}]})))
            .answers("200", "What was done", schema("BulkAnswer"))
            .refuses(&WRITE_REFUSALS),
    )
    .add(
        Method::Get,
        snapshot,
        get_snapshot,
        Endpoint::new("getSnapshot", "bulk", Need::Read, "Gets a whole project.")
            .answers("200", "The project with `episodes`, `sequences`, `shots`, `assets`, `casting` and `edits`", object())
            .refuses(&["404", "422"]),
    )
    .add(
        Method::Put,
        snapshot,
        put_snapshot,
        writes(Endpoint::new("putSnapshot", "bulk", Need::Write, "Creates a whole project, or brings it up to date."))
            .about("The project's own fields are replaced, as by PUT of the project. Of its contents, a list that is absent stays as it is; one that is there is the whole list.")
            .query("dry_run", DRY_RUN, flag())
            .takes("application/json", "The project object with its lists", object(), None)
            .answers("200", "What was done", schema("BulkAnswer"))
            .refuses(&WRITE_REFUSALS),
    )
    .add(
        Method::Post,
        "/api/batch",
        post_batch,
        writes(Endpoint::new("postBatch", "bulk", Need::Change, "Applies changes of any kind, all of them or none."))
            .about("`op` is `put`, `merge`, `delete`, `add` or `remove` (members of a list). As `application/x-ndjson`: one change a line.")
            .query("dry_run", DRY_RUN, flag())
            .header("Idempotency-Key", keys)
            .takes("application/json", "The changes, in order", schema("Batch"), None)
            .answers("200", "What was done", schema("BulkAnswer"))
            .refuses(&WRITE_REFUSALS),
    )
}

/// The list of a kind as the API shows it.
fn list(studio: &Studio<'_>, project: Option<&Id>, kind: Kind) -> Value {
    let scope = match studio.project {
        Some((_, scope)) if !kind.is_studio_wide() => scope,
        _ => studio.context,
    };
    let keys = scope.list(kind).iter().map(|(id, record)| (Key::new(project, kind, id), record));
    keys.map(|(key, record)| represent(studio, &key, record)).collect()
}

fn answer(body: String, revision: u64) -> Response {
    let headers =
        [(REVISION.clone(), revision.to_string()), (axum::http::header::CONTENT_TYPE, "application/json".to_owned())];
    (StatusCode::OK, headers, body).into_response()
}

async fn get_context(State(state): State<AppState>) -> Response {
    let context = state.studio.context();
    let studio = Studio { context: &context, project: None };
    let lists = Kind::CONTEXT.iter().map(|kind| (kind.plural().replace('-', "_"), list(&studio, None, *kind)));
    answer(Value::Object(lists.collect::<Map<_, _>>()).to_string(), context.revision)
}

async fn put_context(
    State(state): State<AppState>,
    options: WriteOptions,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (bytes, format) = read_body(&state, &headers, body, false).await?;
    let reader = body::read(bytes.clone(), format, |reader, value| reader.context(value, At::Root)).await?;
    bulk_answer(&submit(&state, reader, Vec::new(), &options, &bytes).await?)
}

async fn get_snapshot(State(state): State<AppState>, address: Address) -> Result<Response, Problem> {
    let id = address.need_project()?;
    let contents = need_project(&state, id).await?;
    let context = state.studio.context();
    let revision = contents.revision;
    let id = id.clone();
    let work = move || {
        let studio = Studio { context: &context, project: Some((&id, &contents)) };
        let key = Key::new(None, Kind::Project, &id);
        let mut snapshot = represent(&studio, &key, studio.record(&key)?);
        // Tasks stand in their shots and assets.
        for kind in Kind::OF_PROJECT.iter().filter(|kind| **kind != Kind::Task) {
            snapshot[kind.plural()] = list(&studio, Some(&id), *kind);
        }
        Some(snapshot.to_string())
    };
    let snapshot = off_thread(work).await?;
    snapshot
        .map(|snapshot| answer(snapshot, revision))
        .ok_or_else(|| Problem::NotFound("there is no such project".to_owned()))
}

async fn put_snapshot(
    State(state): State<AppState>,
    address: Address,
    options: WriteOptions,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (bytes, format) = read_body(&state, &headers, body, false).await?;
    let id = address.need_project()?.clone();
    let interpret = move |reader: &mut Reader, value| {
        reader.put(None, Kind::Project, Some(&id), value, At::Root);
    };
    let reader = body::read(bytes.clone(), format, interpret).await?;
    bulk_answer(&submit(&state, reader, Vec::new(), &options, &bytes).await?)
}

async fn post_batch(
    State(state): State<AppState>,
    options: WriteOptions,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (bytes, format) = read_body(&state, &headers, body, true).await?;
    let reader = body::read(bytes.clone(), format, |reader, value| reader.batch(value, At::Root)).await?;
    bulk_answer(&submit(&state, reader, Vec::new(), &options, &bytes).await?)
}
