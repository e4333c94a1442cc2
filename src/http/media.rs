//! Pictures and movies: uploaded, taken away, and the originals read.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{
    Address, AppState,
    api::{Api, Endpoint, Method, schema, text},
    bounds::UploadPlace,
    collections::{own, writes},
    files::{from_folder, with_cache_control},
    form::Form,
    problem::Problem,
    read::need_project,
    receive::{self, AROUND, Digests},
    write::{REVISION, WARNINGS, WriteOptions, submit, submit_media, warnings_header},
};
use crate::{
    access::Need,
    layout::media::media_path,
    media::{
        intake::{self, Accepted, Refused},
        store::Received,
    },
    model::{
        Entity, Kind, Project,
        change::{Change, Op, Precondition},
        fault::At,
        media::{Attachment, Movie},
        scope::{Key, Studio, View},
        wire::Reader,
    },
};

/// The statuses with which uploads are refused.
const REFUSALS: [&str; 5] = ["404", "408", "413", "415", "422"];

/// Adds the media of all kinds that have some.
#[must_use]
pub fn add_to(api: Api) -> Api {
    Kind::WITH_MEDIA.iter().fold(api, |api, kind| medium(api, *kind))
}

fn medium(api: Api, kind: Kind) -> Api {
    let item = match kind {
        Kind::Project => "/api/projects/{project}".to_owned(),
        Kind::User => "/api/users/{id}".to_owned(),
        kind => format!("/api/projects/{{project}}/{}/{{id}}", kind.plural()),
    };
    let path = format!("{item}/{}", kind.medium());
    let (of, name) = (kind.singular(), if kind == Kind::Edit { "Movie" } else { "Thumbnail" });
    let describe = |verb: &str, need: Need, summary: String| {
        Endpoint::new(&format!("{verb}{}{name}", kind.type_name()), "media", need, &summary)
    };
    let (gives, about) = if kind == Kind::Edit {
        (
            "video/mp4",
            "MP4, MOV or WebM, of a codec that browsers play. The type is found by content; the movie is served so that it plays while it arrives.",
        )
    } else {
        (
            "image/*",
            "PNG, JPEG, WebP or GIF of up to 50 megapixels. The type is found by content; the page gets it fitted, and the original is kept.",
        )
    };
    let rewritten = if kind == Kind::Edit { ", or as it was rewritten to play while it arrives" } else { "" };
    let file = || text();
    let digest = "The SHA-256 or SHA-512 of the file (RFC 9530); another is refused.";
    api.add(
        Method::Get,
        &path,
        move |State(state): State<AppState>, address: Address, request: Request| {
            original(state, kind, own(kind, address), request)
        },
        describe("get", Need::Read, format!("Gets the {} of the {of} as it was sent{rewritten}.", kind.medium()))
            .answers_file("200", gives, "The file")
            .answers_file("206", gives, "The part that `Range` asks for")
            .answers_empty("304", "Nothing changed since the validator that was sent")
            .answers_empty("416", "There is no such part")
            .refuses(&["404", "412", "422"]),
    )
    .add(
        Method::Put,
        &path,
        move |State(state): State<AppState>,
              address: Address,
              options: WriteOptions,
              place: UploadPlace,
              headers: HeaderMap,
              body: Body| { put(state, kind, own(kind, address), options, (place, headers, body)) },
        writes(describe(
            "put",
            Need::Write,
            format!("Uploads the {} of the {of}: the file is the body, as `curl -T` sends it.", kind.medium()),
        ))
        .about(about)
        .header("Repr-Digest", digest)
        .takes("application/octet-stream", "The file; what it is, is found by its content", file(), None)
        .answers("200", "What the file is, and where the tree has it", schema("Medium"))
        .answers("201", "The same, where there was none", schema("Medium"))
        .refuses(&REFUSALS),
    )
    .add(
        Method::Post,
        &path,
        move |State(state): State<AppState>,
              address: Address,
              options: WriteOptions,
              place: UploadPlace,
              request: Request| { post(state, kind, own(kind, address), options, (place, request)) },
        writes(describe(
            "post",
            Need::Write,
            format!("Uploads the {} of the {of} from a form, whose one file it is.", kind.medium()),
        ))
        .about(about)
        .takes("multipart/form-data", "A form with one file", super::api::object(), None)
        .answers("200", "What the file is, and where the tree has it", schema("Medium"))
        .answers("201", "The same, where there was none", schema("Medium"))
        .refuses(&REFUSALS),
    )
    .add(
        Method::Delete,
        &path,
        move |State(state): State<AppState>, address: Address, options: WriteOptions| {
            delete(state, kind, own(kind, address), options)
        },
        writes(describe("delete", Need::Write, format!("Takes the uploaded {} from the {of}.", kind.medium())))
            .answers_empty("204", "It is gone")
            .refuses(&["404", "422"]),
    )
}

/// The entity that an address names, and the frame rate of its project; 404 if it does not exist.
async fn entity(state: &AppState, key: &Key) -> Result<(Entity, Option<f64>), Problem> {
    let context = state.studio.context();
    let contents = match &key.project {
        Some(project) => Some((project, need_project(state, project).await?)),
        None => None,
    };
    let project = contents.as_ref().map(|(id, scope)| (*id, &**scope));
    let record = Studio { context: &context, project }.record(key).cloned();
    let record = record.ok_or_else(|| Problem::NotFound(format!("there is no {} {}", key.kind.singular(), key.id)))?;
    let fps = key.project.as_ref().and_then(|id| context.project(id)).map(|project: &Project| project.fps.get());
    Ok((record.entity.clone(), fps))
}

async fn put(
    state: AppState,
    kind: Kind,
    address: Address,
    options: WriteOptions,
    (_place, headers, body): (UploadPlace, HeaderMap, Body),
) -> Result<Response, Problem> {
    let key = address.key(kind)?;
    let options = options.for_file()?;
    let before = entity(&state, &key).await?;
    receive::check_headers(&headers, state.max_file(kind), &state.media)?;
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.starts_with("multipart/") {
        let detail = "PUT takes the file itself, as curl -T sends it; a form goes to the same address by POST";
        return Err(Problem::UnsupportedMediaType(detail.to_owned()));
    }
    let digests = Digests::of(&headers)?;
    let received = receive::file(&state, kind, body.into_data_stream(), digests).await?;
    keep(state, key, before, received, options).await
}

async fn post(
    state: AppState,
    kind: Kind,
    address: Address,
    options: WriteOptions,
    (_place, request): (UploadPlace, Request),
) -> Result<Response, Problem> {
    let key = address.key(kind)?;
    let options = options.for_file()?;
    let before = entity(&state, &key).await?;
    receive::check_headers(request.headers(), state.max_file(kind).saturating_add(AROUND), &state.media)?;
    if ["content-digest", "repr-digest"].iter().any(|name| request.headers().contains_key(*name)) {
        let detail = "the digest of a file in a form stands in the headers of its part; or send the file by PUT";
        return Err(Problem::BadRequest(detail.to_owned()));
    }
    let mut form = Form::of(request).await?;
    let mut received: Option<Received> = None;
    while let Some(part) = form.next().await? {
        if !part.is_file(kind.medium()) {
            continue;
        }
        if received.is_some() {
            return Err(Problem::invalid("", "the form has more than one file"));
        }
        let digests = Digests::of(part.headers())?;
        received = Some(receive::file(&state, kind, part.content(), digests).await?);
    }
    let missing = || Problem::invalid("", "the form has no file: curl -F file=@FILE sends one");
    keep(state, key, before, received.ok_or_else(missing)?, options).await
}

/// Keeps what was received, and has it attached.
async fn keep(
    state: AppState,
    key: Key,
    (before, fps): (Entity, Option<f64>),
    received: Received,
    options: WriteOptions,
) -> Result<Response, Problem> {
    let asked = received.hash();
    let accepted = intake::accept(&state.media, received, key.kind, None).await?;
    let mut reader = Reader::default();
    if let (Attachment::Movie(Some(movie)), Some(fps)) = (&accepted.attachment, fps) {
        warn_of_movie(movie, fps, &mut reader);
    }
    let Accepted { attachment, pins } = accepted;
    let mut after = before.clone();
    after.attach(attachment.clone());
    let op = Op::Attach(Box::new(attachment), None);
    reader.changes.push(Change::One { key: key.clone(), op, at: None, pointer: String::new() });
    let preconditions = vec![Precondition::Exists(key.clone())];
    let outcome = submit_media(&state, (reader, pins), preconditions, &options, asked.bytes()).await?;
    let status = if outcome.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(REVISION.clone(), HeaderValue::from(outcome.revision));
    if let Some(warnings) = warnings_header(&outcome.warnings) {
        headers.insert(WARNINGS.clone(), warnings);
    }
    Ok((status, headers, described(&key, &after).to_string()).into_response())
}

/// What a medium is, and where the tree has it.
fn described(key: &Key, entity: &Entity) -> Value {
    let mut medium = match entity.to_json()[key.kind.medium()].take() {
        Value::Object(medium) => medium,
        _ => Map::new(),
    };
    medium.insert("path".to_owned(), json!(media_path(key, entity)));
    Value::Object(medium)
}

fn warn_of_movie(movie: &Movie, fps: f64, reader: &mut Reader) {
    if !movie.runs_at(fps) {
        let detail = format!("the movie runs at {} frames per second, the project at {fps}", round(movie.fps));
        reader.findings.warn(At::Root, detail);
    }
}

/// A rate to three decimals.
fn round(fps: f64) -> f64 {
    (fps * 1000.0).round() / 1000.0
}

async fn delete(state: AppState, kind: Kind, address: Address, options: WriteOptions) -> Result<Response, Problem> {
    let key = address.key(kind)?;
    let options = options.for_file()?;
    let (before, _) = entity(&state, &key).await?;
    let (medium, of) = (kind.medium(), kind.singular());
    match before.media() {
        None => return Err(Problem::NotFound(format!("the {of} {} has no {medium}", key.id))),
        Some(files) if files.source.is_some() => {
            let detail = format!(
                "the {medium} of the {of} {} was not uploaded, but fetched from its URL: take that away",
                key.id
            );
            return Err(Problem::NotFound(detail));
        }
        Some(_) => {}
    }
    let mut reader = Reader::default();
    let op = Op::Attach(Box::new(Attachment::none_of(kind)), None);
    reader.changes.push(Change::One { key: key.clone(), op, at: None, pointer: String::new() });
    let outcome = submit(&state, reader, vec![Precondition::Exists(key)], &options, b"").await?;
    Ok((StatusCode::NO_CONTENT, [(REVISION.clone(), outcome.revision.to_string())]).into_response())
}

/// The file as it was sent; of a movie that was rewritten to play while it arrives, that.
async fn original(state: AppState, kind: Kind, address: Address, mut request: Request) -> Result<Response, Problem> {
    let key = address.key(kind)?;
    let (entity, _) = entity(&state, &key).await?;
    let missing = || Problem::NotFound(format!("the {} {} has no {}", kind.singular(), key.id, kind.medium()));
    let files = entity.media().ok_or_else(missing)?;
    let hash = if kind == Kind::Edit { files.shown } else { files.sent }.to_string();
    *request.uri_mut() = format!("/{}/{hash}", &hash[..2]).parse().map_err(|_| Problem::Internal)?;
    let mut response = with_cache_control(from_folder(state.media.root(), request).await, "no-cache");
    if response.status() == StatusCode::NOT_FOUND {
        return Err(missing());
    }
    if response.status() == StatusCode::OK || response.headers().contains_key(header::CONTENT_RANGE) {
        let media_type = HeaderValue::from_str(files.r#type).map_err(|_| Problem::Internal)?;
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    }
    Ok(response)
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Store(error) => Self::from(error),
            other => Self::invalid("", other.to_string()),
        }
    }
}
