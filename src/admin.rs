//! The status page: HTML of how the server and its projects are. It knows no HTTP.
//!
//! Each page is whole without JavaScript; with it, `admin/admin.js` keeps it up to date. Nothing that people typed becomes
//! markup: the library that writes the HTML escapes whatever it is given.

mod access;
mod chart;
mod frame;
mod headline;
mod icon;
mod media;
mod overview;
mod problems;
mod project;
mod projects;
mod server;
mod sources;
mod webhook;
mod words;

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    fetch,
    lookout::{HookState, Seen, Tally},
    machine::Disk,
    model::{Id, figures::Figures, problems::ProblemKind, time::Instant},
    publish::Report,
    webhook::{Counts, Refusal},
};

pub use frame::not_found;
pub use overview::overview;
pub use project::project;
pub use webhook::{DeliveryList, delivery, source};

/// The style of the page.
pub const CSS: &str = include_str!("admin/admin.css");
/// The script of the page.
pub const JS: &str = include_str!("admin/admin.js");
/// The icon of the page.
pub const ICON: &str = include_str!("admin/icon.svg");

/// Everything that the overview shows.
pub struct Overview {
    /// The present time.
    pub now: Instant,
    /// The server itself.
    pub server: Server,
    /// The problems of no project.
    pub problems: Vec<Seen>,
    /// The projects, in their order.
    pub projects: Vec<Project>,
    /// The sources of webhooks.
    pub sources: Vec<Source>,
    /// Pictures and movies.
    pub media: Media,
    /// The publish hooks.
    pub hooks: Vec<HookState>,
    /// The tokens. None where it is not known here who may do what.
    pub tokens: Option<Vec<Token>>,
}

/// The server itself.
pub struct Server {
    /// When it was started.
    pub started: Instant,
    /// The revision of the last change.
    pub revision: u64,
    /// The last revision that is published.
    pub published: u64,
    /// Since when something is to be published, if anything is.
    pub behind_since: Option<Instant>,
    /// Why publishing fails, if it does.
    pub failure: Option<String>,
    /// What the last publish did.
    pub last: Report,
    /// When that was.
    pub last_at: Option<Instant>,
    /// The disk of the data folder.
    pub disk: Option<Disk>,
    /// Bytes of memory that the server takes.
    pub memory: Option<u64>,
    /// The sites.
    pub sites: Vec<Site>,
}

/// What is served at an address.
pub struct Site {
    /// The layout of its tree.
    pub layout: &'static str,
    /// The version of its page, if one is installed.
    pub page: Option<String>,
    /// Whether the page follows what is published.
    pub live: bool,
}

/// How a project is.
pub struct Project {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// How much there is of it.
    pub figures: Arc<Figures>,
    /// How many problems it has of each kind.
    pub problems: BTreeMap<ProblemKind, Tally>,
    /// When it changed last.
    pub changed_at: Option<Instant>,
    /// Whether its last change can be seen.
    pub is_published: bool,
}

/// How a source of webhooks is.
pub struct Source {
    /// Its name.
    pub name: String,
    /// What makes changes of its deliveries.
    pub mapping: String,
    /// Why that does not work, if it does not.
    pub fault: Option<String>,
    /// How many deliveries are in which status.
    pub deliveries: BTreeMap<String, i64>,
    /// When the last one came.
    pub last_received_at: Option<Instant>,
    /// What was counted since the server started.
    pub since_start: Counts,
    /// What was not taken of late, the latest first.
    pub refusals: Vec<Refusal>,
}

/// How pictures and movies are.
pub struct Media {
    /// The files that are kept.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files of other servers.
    pub fetches: fetch::Tally,
    /// Some of those that could not be fetched, and why.
    pub failures: Vec<(String, String)>,
}

/// A token, as far as it may be shown.
pub struct Token {
    /// What it is called.
    pub name: String,
    /// What it may do, in words.
    pub rights: String,
    /// When it was used last.
    pub last_used: Option<Instant>,
    /// When it ends.
    pub expires: Option<Instant>,
}
