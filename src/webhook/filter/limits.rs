//! How much a filter may use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How much a filter may use for one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How long it may take.
    pub time: Duration,
    /// How much memory it may have, in bytes, beside what its process needs to be there at all. Linux alone keeps to this.
    pub memory: u64,
    /// How long its changes may be in all, in bytes of JSON.
    pub bytes: usize,
    /// How many changes it may make.
    pub changes: usize,
}

impl Default for Limits {
    /// More than any filter needs that does what is expected of it.
    fn default() -> Self {
        Self { time: Duration::from_secs(5), memory: 256 << 20, bytes: 8 << 20, changes: 10_000 }
    }
}
