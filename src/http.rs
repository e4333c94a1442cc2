//! The HTTP side: the API, and the site that is served beside it. It decodes, calls the writer or the read side, and encodes.

mod address;
mod admin;
mod api;
pub mod authenticate;
pub mod body;
mod bounds;
mod bulk;
mod burndown;
mod client;
mod collections;
mod data_problems;
mod events;
mod files;
pub mod form;
mod frontend;
mod health;
mod hear_out;
mod layers;
mod media;
mod metrics;
mod openapi;
mod operations;
mod pace;
mod problem;
mod rates;
mod read;
mod receive;
mod remote;
mod share;
mod site;
mod tokens;
mod webhooks;
pub mod weight;
mod write;

use std::{ops::Deref, sync::Arc};

use axum::Router;
use tokio::sync::watch;

use crate::{
    access::Access,
    disk::Room,
    fetch::Fetches,
    listen::tls::Tls,
    lookout::Lookout,
    media::store::MediaStore,
    model::Kind,
    notify::Notices,
    page::Page,
    publish::{Publisher, Target},
    store::Store,
    studio::Studio,
    webhook::Webhooks,
    writer::{Clock, Writer},
};

use address::{Address, Params};
pub use bounds::Bounds;
pub use client::{Peer, network_of};
pub use health::Probe;
pub use metrics::{Metrics, Sheet};

/// What the requests to one site are answered from.
#[derive(Clone)]
pub struct AppState {
    parts: Arc<Parts>,
    /// The site that was asked.
    pub site: Arc<Site>,
}

/// What all sites share.
pub struct Parts {
    /// The read side.
    pub studio: Arc<Studio>,
    /// The way in.
    pub writer: Writer,
    /// The truth.
    pub store: Arc<Store>,
    /// Whether it can be written to.
    pub probe: Probe,
    /// Who may do what.
    pub access: Arc<Access>,
    /// The way out.
    pub publisher: Publisher,
    /// The sites.
    pub sites: Vec<Arc<Site>>,
    /// The present time.
    pub clock: Clock,
    /// What all requests together may take.
    pub bounds: Arc<Bounds>,
    /// The largest body that is taken, in bytes; files aside.
    pub max_body: usize,
    /// The largest picture that is taken, in bytes.
    pub max_picture: u64,
    /// The largest movie that is taken, in bytes.
    pub max_movie: u64,
    /// The files of pictures and movies.
    pub media: Arc<MediaStore>,
    /// How much room there is for them.
    pub room: Arc<Room>,
    /// Those of other servers.
    pub fetches: Arc<Fetches>,
    /// The sources of webhooks.
    pub webhooks: Arc<Webhooks>,
    /// Who is told what was published.
    pub notices: Arc<Notices>,
    /// What is wrong, and how far the projects have come.
    pub lookout: Arc<Lookout>,
    /// The largest body of a delivery that is taken, in bytes.
    pub max_delivery: usize,
    /// What is counted, and where else numbers come from.
    pub metrics: Metrics,
    /// Becomes true when the server is to stop, for answers that would go on for ever.
    pub stopping: watch::Receiver<bool>,
}

/// An address with its tree and its page.
#[derive(Debug)]
pub struct Site {
    /// The tree.
    pub target: Target,
    /// The page, if one is installed.
    pub page: Option<Page>,
    /// Whether the page follows what is published.
    pub live: bool,
    /// The certificate, if it is served by TLS.
    pub tls: Option<Arc<Tls>>,
}

impl AppState {
    /// The state for one of the sites.
    #[must_use]
    pub fn new(parts: Arc<Parts>, site: Arc<Site>) -> Self {
        Self { parts, site }
    }
}

impl Parts {
    /// The largest file that is taken as the medium of a kind, in bytes.
    #[must_use]
    pub fn max_file(&self, kind: Kind) -> u64 {
        if kind == Kind::Edit { self.max_movie } else { self.max_picture }
    }

    /// Which task has ended although the server goes on, if one has: that is not mended but by starting it anew.
    #[must_use]
    pub fn ended(&self) -> Option<&'static str> {
        if self.writer.is_gone() {
            return Some("the writer has ended");
        }
        self.publisher.is_gone().then_some("the publisher has ended")
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

/// Every endpoint of the API, routed and described.
fn api() -> api::Api {
    let api = media::add_to(bulk::add_to(collections::add_to(api::Api::default())));
    let api = events::add_to(burndown::add_to(data_problems::add_to(health::add_to(operations::add_to(api)))));
    metrics::add_to(webhooks::add_to(tokens::add_to(api)))
}

/// The API's description, as OpenAPI 3.1.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::document(api().paths)
}

/// Everything that a site answers.
pub fn app(state: AppState) -> Router {
    let routes = api().router.merge(openapi::routes(&document())).merge(admin::routes());
    layers::around(
        routes
            // Bodies have limits of their own, by what they are.
            .layer(axum::extract::DefaultBodyLimit::disable())
            .fallback(site::serve)
            .method_not_allowed_fallback(async || problem::Problem::MethodNotAllowed),
        &state,
    )
    .with_state(state)
}
