//! The API as one list of endpoints: each is routed, described and guarded by the same call, so that none is without a
//! description, nor open to anyone by oversight.

use axum::{
    Router, middleware,
    routing::{MethodFilter, MethodRouter},
};
use serde_json::Value;
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, HttpMethod, ObjectBuilder, PathItem, PathsBuilder, Ref, RefOr, Required,
    ResponseBuilder, Schema,
    path::{OperationBuilder, ParameterBuilder, ParameterIn},
    request_body::RequestBodyBuilder,
    schema::{ArrayBuilder, SchemaType, Type},
    security::SecurityRequirement,
};

use super::{AppState, authenticate::admit, problem::MEDIA_TYPE};
use crate::{access::Need, model::field::id_schema};

/// Routes and their descriptions.
#[derive(Default)]
pub struct Api {
    /// The routes.
    pub router: Router<AppState>,
    /// Their descriptions.
    pub paths: PathsBuilder,
}

impl Api {
    /// Adds an endpoint.
    pub fn add<H, T>(mut self, method: Method, path: &str, handler: H, endpoint: Endpoint) -> Self
    where
        H: axum::handler::Handler<T, AppState>,
        T: 'static,
    {
        let (filter, http) = method.parts();
        let need = endpoint.need;
        let guard = middleware::from_fn(move |caller, named, request, next| admit(need, caller, named, request, next));
        self.router = self.router.route(path, MethodRouter::new().on(filter, handler).route_layer(guard));
        self.paths = self.paths.path(path, PathItem::new(http, endpoint.finish(path)));
        self
    }
}

/// The verbs of the API. GET answers HEAD as well.
#[derive(Debug, Clone, Copy)]
pub enum Method {
    /// Read.
    Get,
    /// Replace, or create.
    Put,
    /// Create or update, or do.
    Post,
    /// Merge.
    Patch,
    /// Delete.
    Delete,
}

impl Method {
    fn parts(self) -> (MethodFilter, HttpMethod) {
        match self {
            Self::Get => (MethodFilter::GET, HttpMethod::Get),
            Self::Put => (MethodFilter::PUT, HttpMethod::Put),
            Self::Post => (MethodFilter::POST, HttpMethod::Post),
            Self::Patch => (MethodFilter::PATCH, HttpMethod::Patch),
            Self::Delete => (MethodFilter::DELETE, HttpMethod::Delete),
        }
    }
}

/// The description of an endpoint, and what it needs.
pub struct Endpoint {
    operation: OperationBuilder,
    need: Need,
    about: Vec<String>,
}

impl Endpoint {
    /// What it is called, which group it is in, what whoever asks has to be allowed, and what it does in a sentence.
    pub fn new(id: &str, tag: &str, need: Need, summary: &str) -> Self {
        let operation = OperationBuilder::new().operation_id(Some(id)).tag(tag).summary(Some(summary));
        Self { operation, need, about: Vec::new() }
    }

    fn with(self, alter: impl FnOnce(OperationBuilder) -> OperationBuilder) -> Self {
        Self { operation: alter(self.operation), ..self }
    }

    /// More than a sentence about it.
    pub fn about(mut self, text: &str) -> Self {
        self.about.push(text.to_owned());
        self
    }

    /// A parameter of the query.
    pub fn query(self, name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Self {
        self.parameter(ParameterIn::Query, name, description, schema)
    }

    /// A header that it reads.
    pub fn header(self, name: &str, description: &str) -> Self {
        self.parameter(ParameterIn::Header, name, description, text())
    }

    fn parameter(self, place: ParameterIn, name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Self {
        let required = if matches!(place, ParameterIn::Path) { Required::True } else { Required::False };
        let parameter = ParameterBuilder::new().name(name).parameter_in(place).required(required);
        let parameter = parameter.description(Some(description)).schema(Some(schema)).build();
        self.with(|operation| operation.parameter(parameter))
    }

    /// A body that it takes, of a media type.
    pub fn takes(
        self,
        media_type: &str,
        description: &str,
        schema: impl Into<RefOr<Schema>>,
        example: Option<Value>,
    ) -> Self {
        let content = ContentBuilder::new().schema(Some(schema)).example(example).build();
        let body = RequestBodyBuilder::new().description(Some(description)).required(Some(Required::True));
        self.with(|operation| operation.request_body(Some(body.content(media_type, content).build())))
    }

    /// A JSON answer.
    pub fn answers(self, status: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Self {
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let revision =
            HeaderBuilder::new().schema(Some(integer())).description(Some("The revision of what is answered.")).build();
        let response = ResponseBuilder::new().description(description).content("application/json", content);
        self.with(|operation| operation.response(status, response.header("Watchtower-Revision", revision).build()))
    }

    /// An answer that is a stream of server-sent events.
    pub fn streams(self, status: &str, description: &str) -> Self {
        self.answers_file(status, "text/event-stream", description)
    }

    /// An answer that is a file.
    pub fn answers_file(self, status: &str, media_type: &str, description: &str) -> Self {
        let content = ContentBuilder::new().schema(Some(text())).build();
        let response = ResponseBuilder::new().description(description).content(media_type, content);
        self.with(|operation| operation.response(status, response.build()))
    }

    /// An answer that is text, in one of these formats.
    pub fn answers_text(self, status: &str, media_types: &[&str], description: &str) -> Self {
        let mut response = ResponseBuilder::new().description(description);
        for media_type in media_types {
            response = response.content(*media_type, ContentBuilder::new().schema(Some(text())).build());
        }
        self.with(|operation| operation.response(status, response.build()))
    }

    /// An answer without a body.
    pub fn answers_empty(self, status: &str, description: &str) -> Self {
        self.with(|operation| operation.response(status, ResponseBuilder::new().description(description).build()))
    }

    /// The errors that it can answer with, by status. 400, 403, 429, 500, 503 and 507 go without saying, and so does 401 where something
    /// is needed.
    pub fn refuses(self, statuses: &[&str]) -> Self {
        let all = ["400", "403", "429", "500", "503", "507"].iter().chain(statuses);
        all.fold(self, |endpoint, status| endpoint.refuses_with(status))
    }

    fn refuses_with(self, status: &str) -> Self {
        self.with(|operation| operation.response(status, RefOr::Ref(Ref::from_response_name("Problem"))))
    }

    fn finish(mut self, path: &str) -> utoipa::openapi::path::Operation {
        let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        for name in named {
            let description = if name == "project" { "The id of the project." } else { "The id." };
            self = self.parameter(ParameterIn::Path, name, description, id_schema());
        }
        if let Some(need) = self.need.described(path) {
            self = self.about(&need).refuses_with("401");
        }
        // Either of the two, or none.
        let schemes = if self.need == Need::Open { &[][..] } else { &["bearer", "basic"] };
        let securities = schemes.iter().map(|scheme| SecurityRequirement::new::<_, [&str; 0], &str>(*scheme, []));
        let about = Some(self.about.join(" ")).filter(|about| !about.is_empty());
        self.operation.description(about).securities(Some(securities)).build()
    }
}

/// The response that all errors have.
pub fn problem_response() -> utoipa::openapi::Response {
    let content = ContentBuilder::new().schema(Some(RefOr::<Schema>::Ref(Ref::from_schema_name("Problem")))).build();
    ResponseBuilder::new().description("Why the request was not done").content(MEDIA_TYPE, content).build()
}

/// A reference to a schema of the document.
pub fn schema(name: &str) -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(name))
}

/// An array of something.
pub fn array_of(items: impl Into<RefOr<Schema>>) -> RefOr<Schema> {
    let items: RefOr<Schema> = items.into();
    ArrayBuilder::new().items(items).into()
}

/// Any text.
pub fn text() -> RefOr<Schema> {
    of_type(Type::String)
}

/// A whole number.
pub fn integer() -> RefOr<Schema> {
    of_type(Type::Integer)
}

/// True or false.
pub fn flag() -> RefOr<Schema> {
    of_type(Type::Boolean)
}

/// An object with any members.
pub fn object() -> RefOr<Schema> {
    of_type(Type::Object)
}

fn of_type(schema_type: Type) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(SchemaType::Type(schema_type)).into()
}

/// One text out of a few.
pub fn one_of(values: &[&str]) -> RefOr<Schema> {
    let builder = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    builder.enum_values(Some(values.iter().map(|value| Value::from(*value)))).into()
}
