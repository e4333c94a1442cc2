//! How publish hooks fare, for who asks.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::Id;

/// A publish hook, and how its calls fare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HookStatus {
    /// Its name.
    pub name: String,
    /// `well`; `failing`: it is called again at `next_at`; `ended`: its receiver answered 410, and it is called again when the
    /// configuration is read again.
    pub state: &'static str,
    /// How many calls it is owed: one for each project of which it was not told the last.
    pub owed: usize,
    /// Calls that were taken since the server started.
    pub taken: u64,
    /// Calls that were not, since the server started.
    pub failed: u64,
    /// When one was last taken (RFC 3339).
    #[schema(required)]
    pub last_success_at: Option<String>,
    /// The last that was not.
    #[schema(inline, required)]
    pub last_failure: Option<FailedCall>,
    /// When it is called again after a failure (RFC 3339).
    #[schema(required)]
    pub next_at: Option<String>,
}

/// A call that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FailedCall {
    /// When (RFC 3339).
    pub at: String,
    /// The project that it was about; null for what all share.
    #[schema(value_type = Option<String>, required)]
    pub project: Option<Id>,
    /// Why it was not.
    pub detail: String,
}
