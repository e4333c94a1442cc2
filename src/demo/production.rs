//! The example production that the `demo` command shows: a short film two thirds done, and a television show at its start.
//!
//! Everything here is pure and always the same: no clock, no randomness but a seeded one, no knowledge of servers or files. Values have
//! the wire format of the API, so that the demo enters by the same door as any tracker.
//!
//! What is told, by whom and how far each department is, stands in `production/*.txt`, for people to read and change. From those plans
//! `schedule` gives each task one life, from its creation to beyond the present. [`snapshots`] shows where that life has come to,
//! [`status_history`] how it came there: they agree because there is only one.

mod busy;
mod history;
mod plan;
mod random;
mod schedule;
mod snapshot;
mod studio;
#[cfg(test)]
mod tests;

pub use busy::next_change;
pub use history::{StatusChange, status_history};
pub use snapshot::snapshots;
pub use studio::context;

/// Shots and assets that are to stay without a picture, since a real production has such gaps and the page's placeholder wants to be seen.
pub const WITHOUT_PICTURE: [&str; 3] = ["shot-080-0060", "shot-e02-030-0070", "fx-smoke"];
