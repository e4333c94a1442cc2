//! Watchtower Server keeps the data tree of the Blender Studio's Watchtower true, live: trackers push a production over
//! HTTP, SQLite keeps it, every change is rendered, and the page shows it.
//!
//! ```text
//!  HTTP ─────► model::wire ─┐             writer::resolve             layout (pure)
//!  import ───► model::wire ─┼─ changes ─► one batch, one transaction ─► project_files ─┐
//!  demo ─────► model::wire ─┘             store (SQLite: the truth)     list_files ────┤
//!                                         then studio (memory), answer                 ▼
//!                                                                      publish: served map, then tree (disk)
//! ```
//!
//! The modules, in the order of the flow:

pub mod model;

pub mod disk;
pub mod metrics;
pub mod store;
pub mod studio;
pub mod writer;

pub mod layout;
pub mod media;
pub mod publish;
pub mod tree;

pub mod access;
pub mod admin;
pub mod fetch;
pub mod http;
pub mod import;
pub mod limits;
pub mod listen;
pub mod lookout;
pub mod machine;
pub mod notify;
pub mod page;
pub mod server;
pub mod webhook;

pub mod backup;
pub mod cli;
pub mod config;
pub mod demo;
pub mod variables;
