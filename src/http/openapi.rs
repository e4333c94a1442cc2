//! The API's description (OpenAPI 3.1), and a page to read and try it that needs no internet.

use std::sync::Arc;

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use utoipa::{
    PartialSchema,
    openapi::{
        ComponentsBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Paths, PathsBuilder,
        RefOr, Schema,
        schema::{AdditionalProperties, AllOfBuilder, OneOfBuilder, SchemaType, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{
    AppState,
    api::{array_of, integer, object, one_of, problem_response, schema, text},
    data_problems::{DataProblem, Problems},
    health::Health,
    operations::Status,
    problem::{Problem, ProblemBody},
    tokens,
    webhooks::{DeliveryStatus, Receipt, Replay, SourceStatus},
};
use crate::{
    model::{
        Kind,
        field::id_schema,
        media::{Movie, Picture, Sha256},
        problems::Severity,
    },
    publish::Report,
    webhook::Trial,
    writer::Outcome,
};

const ABOUT: &str = "Push a production, and Watchtower shows it. Entities may arrive in any order; writing what is already there \
    changes nothing. Errors are problem+json with every fault of the body at once. Numbers may come as text. `docs/API.md` has the rules.";

/// The document, of these paths.
#[must_use]
pub fn document(paths: PathsBuilder) -> OpenApi {
    let license = LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0"));
    let info = InfoBuilder::new().title("Watchtower Server").version(env!("CARGO_PKG_VERSION"));
    let info = info.description(Some(ABOUT)).license(Some(license.build()));
    let mut components = ComponentsBuilder::new()
        .schema("BulkAnswer", Outcome::schema())
        .schema("RenderReport", Report::schema())
        .schema("Status", Status::schema())
        .schema("Health", Health::schema())
        .schema("DataProblem", DataProblem::schema())
        .schema("Problems", Problems::schema())
        .schema("Problem", ProblemBody::schema())
        .schema("Severity", Severity::schema())
        .schema("Sha256", Sha256::schema())
        .schema("Thumbnail", Picture::schema())
        .schema("Movie", Movie::schema())
        .schema("Medium", medium_schema())
        .schema("Batch", batch_schema())
        .schema("TaskCounts", task_counts_schema())
        .schema("WebhookSource", SourceStatus::schema())
        .schema("Delivery", DeliveryStatus::schema())
        .schema("Receipt", Receipt::schema())
        .schema("Replay", Replay::schema())
        .schema("Trial", Trial::schema())
        .schema("Token", tokens::Shown::schema())
        .schema("NewToken", tokens::new_token_schema())
        .schema("MadeToken", tokens::made_token_schema())
        .security_scheme("bearer", bearer())
        .security_scheme("basic", basic())
        .response("Problem", problem_response());
    for kind in Kind::CONTEXT.iter().chain([&Kind::Project]).chain(Kind::OF_PROJECT) {
        components = components.schema(kind.type_name(), entity_schema(*kind));
    }
    let paths: Paths = paths.build();
    OpenApiBuilder::new().info(info.build()).paths(paths).components(Some(components.build())).build()
}

/// The token in a header of its own.
fn bearer() -> SecurityScheme {
    let about = "A token, as `Authorization: Bearer wts_…`. Where no token was ever made, none is needed.";
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("wts_…").description(Some(about));
    SecurityScheme::Http(scheme.build())
}

/// The token as browsers send it.
fn basic() -> SecurityScheme {
    let about = "The same token as the password, with any name.";
    SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Basic).description(Some(about)).build())
}

fn with_description(schema: RefOr<Schema>, description: &str) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            object.description = Some(description.to_owned());
            object.into()
        }
        other => AllOfBuilder::new().item(other).description(Some(description)).into(),
    }
}

fn entity_schema(kind: Kind) -> RefOr<Schema> {
    let mut builder = ObjectBuilder::new().description(Some(kind.doc())).schema_type(SchemaType::Type(Type::Object));
    let id =
        if kind == Kind::Casting { "The id of the shot." } else { "The tracker's id; a random one if none is sent." };
    builder = builder.property(kind.id_field(), with_description(id_schema(), id));
    for field in kind.fields() {
        let description = if field.attached { format!("{} Only read.", field.doc) } else { field.doc.to_owned() };
        builder = builder.property(field.name, with_description((field.schema)(), &description));
        if field.required {
            builder = builder.required(field.name);
        }
    }
    let derived: &[(&str, RefOr<Schema>, &str)] = &match kind {
        Kind::Shot => vec![
            ("tasks", array_of(schema("Task")), "Its tasks; absent in a write, they stay as they are."),
            ("startFrame", number(), "Computed: `data.frame_in`, if the shot has a range."),
            ("durationSeconds", number(), "Computed: `(frame_out - frame_in) / fps`."),
        ],
        Kind::Asset => {
            vec![("tasks", array_of(schema("Task")), "Its tasks; absent in a write, they stay as they are.")]
        }
        Kind::Episode => {
            vec![("sequences", array_of(id_schema()), "Its sequences, in order; absent in a write, they stay.")]
        }
        Kind::Sequence => vec![(
            "episode_id",
            <Option<crate::model::Id> as crate::model::field::Field>::schema(),
            "The id of its episode.",
        )],
        _ => Vec::new(),
    };
    for (name, schema, description) in derived {
        builder = builder.property(*name, with_description(schema.clone(), description));
    }
    builder.additional_properties(Some(AdditionalProperties::FreeForm(true))).into()
}

fn number() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::Number)).into()
}

/// What is answered to an upload.
fn medium_schema() -> RefOr<Schema> {
    let path = with_description(text(), "Where the tree has it, below the root of the site.");
    let path = ObjectBuilder::new().property("path", path).required("path");
    let either = OneOfBuilder::new().item(schema("Thumbnail")).item(schema("Movie"));
    AllOfBuilder::new().item(either).item(path).into()
}

fn batch_schema() -> RefOr<Schema> {
    let kinds: Vec<&str> =
        Kind::CONTEXT.iter().chain([&Kind::Project]).chain(Kind::OF_PROJECT).map(|kind| kind.plural()).collect();
    let change = ObjectBuilder::new()
        .property("op", one_of(&["put", "merge", "delete", "add", "remove"]))
        .property("kind", one_of(&kinds))
        .property("project", with_description(id_schema(), "The project, for all but studio-wide kinds."))
        .property("id", id_schema())
        .property(
            "value",
            with_description(object(), "The entity, the patch, or the lists with the members to add or remove."),
        )
        .property(
            "at",
            with_description(
                text(),
                "When it happened in the tracker (RFC 3339); what is older than what is held is skipped.",
            ),
        )
        .required("op")
        .required("kind");
    ObjectBuilder::new().property("changes", array_of(change)).required("changes").into()
}

fn task_counts_schema() -> RefOr<Schema> {
    let point = ObjectBuilder::new()
        .property(
            "timestamp",
            with_description(text(), "A moment of the day (RFC 3339); the last point of a day counts."),
        )
        .property("count", integer())
        .required("timestamp")
        .required("count");
    let status = ObjectBuilder::new().property("task_status_id", id_schema()).property("data", array_of(point));
    ObjectBuilder::new()
        .property("task_type_id", id_schema())
        .property("episode_id", <Option<crate::model::Id> as crate::model::field::Field>::schema())
        .property("task_statuses", array_of(status.required("task_status_id").required("data")))
        .required("task_type_id")
        .required("task_statuses")
        .into()
}

/// The routes of the document and of the page that shows it.
pub fn routes(document: &OpenApi) -> Router<AppState> {
    let json = document.to_pretty_json().unwrap_or_default();
    let config = Arc::new(utoipa_swagger_ui::Config::from("/api/openapi.json"));
    let page = move |path: String| async move {
        match utoipa_swagger_ui::serve(&path, config) {
            Ok(Some(file)) => ([(header::CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response(),
            Ok(None) => Problem::NotFound(format!("the API's page has no file {path:?}")).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    };
    let index = page.clone();
    Router::new()
        .route(
            "/api/openapi.json",
            get(async move || -> Response { ([(header::CONTENT_TYPE, "application/json")], json).into_response() }),
        )
        .route("/api/docs", get(async || Redirect::permanent("/api/docs/")))
        .route("/api/docs/", get(move || index(String::new())))
        .route("/api/docs/{*path}", get(move |Path(path): Path<String>| page(path)))
}
