//! The HTTP side: the API, and the site that is served beside it. It decodes, calls the writer or the read side, and encodes.

mod address;
mod api;
mod body;
mod bulk;
mod collections;
mod layers;
mod openapi;
mod operations;
mod problem;
mod read;
mod site;
mod write;

use std::{ops::Deref, path::PathBuf, sync::Arc};

use axum::Router;

use crate::{page::Page, publish::Publisher, store::Store, studio::Studio, writer::Writer};

use address::{Address, Params};

/// What requests are answered from.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Parts>);

/// The parts of an [`AppState`].
#[derive(Debug)]
pub struct Parts {
    /// The read side.
    pub studio: Arc<Studio>,
    /// The way in.
    pub writer: Writer,
    /// The truth, for the health check.
    pub store: Arc<Store>,
    /// The way out: one publisher a site.
    pub publishers: Vec<Publisher>,
    /// The folder of the site's tree.
    pub tree: PathBuf,
    /// The page, if one is installed.
    pub page: Option<Page>,
    /// The largest body that is taken, in bytes.
    pub max_body: usize,
}

impl From<Parts> for AppState {
    fn from(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Every endpoint of the API, routed and described.
fn api() -> api::Api {
    let api = bulk::add_to(collections::add_to(api::Api::default()));
    operations::add_to(api)
}

/// The API's description, as OpenAPI 3.1.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::document(api().paths)
}

/// Everything that a site answers.
pub fn app(state: AppState) -> Router {
    let routes = api().router.merge(openapi::routes(&document()));
    layers::around(
        routes.fallback(site::serve).method_not_allowed_fallback(async || problem::Problem::MethodNotAllowed),
    )
    .with_state(state)
}
