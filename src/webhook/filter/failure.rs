//! Why a filter made no changes of an input, in words for who wrote it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Fault, protocol::DEEPEST};

/// Why a filter made no changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Failure {
    /// It is no program.
    #[error("the filter does not compile: {}", listed(.0))]
    DoesNotCompile(Vec<Fault>),
    /// It gave up by itself, with `error`, or because it did something that cannot be done with what came.
    #[error("the filter failed: {0}")]
    GaveUp(String),
    /// What came is no JSON.
    #[error("what came is no JSON: {0}")]
    Input(String),
    /// An output has something in it that JSON has not.
    #[error("the filter made something that JSON does not have: {0}")]
    NoJson(String),
    /// An output is nested too deeply.
    #[error("the filter made something that is nested more than {DEEPEST} deep")]
    Nested,
    /// It took too long.
    #[error(
        "the filter took longer than {} s and was stopped: it has a loop without an end, or does too much with one delivery",
        .0.as_secs_f32()
    )]
    Time(Duration),
    /// It needed too much memory, in bytes.
    #[error("the filter needed more than {} MiB of memory and was stopped: it makes too much of one delivery", .0 >> 20)]
    Memory(u64),
    /// It used up its stack.
    #[error(
        "the filter went too deep and was stopped: it calls itself without an end, or what came is nested too deeply"
    )]
    Stack,
    /// Its changes are too long, in bytes.
    #[error("the filter made changes of more than {0} bytes in all: leave out what no change needs")]
    Bytes(usize),
    /// There are too many changes.
    #[error(
        "the filter made more than {0} changes of one delivery: it has a loop without an end, or select() is missing"
    )]
    Changes(usize),
    /// There is no process that could run it.
    #[error("the process of the filter cannot be started: {0}")]
    NotStarted(String),
    /// Its process is gone, and not because of one of the limits.
    #[error("the process of the filter ended unexpectedly: {0}")]
    Ended(String),
}

impl Failure {
    /// Whether the reason may be the machine rather than the filter or the input, so that the same may go well later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::NotStarted(_) | Self::Ended(_))
    }
}

fn listed(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; ")
}
