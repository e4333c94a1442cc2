//! Why a delivery is not taken.

use axum::http::HeaderName;

use super::identity::LONGEST as LONGEST_ID;

/// Why a delivery is not taken, without anything that would help to forge one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A header is not there.
    #[error("the header {0} is missing")]
    Missing(HeaderName),
    /// A header is there more than once, so that it says two things.
    #[error("the header {0} is there more than once")]
    Twice(HeaderName),
    /// A header is no text.
    #[error("the header {0} has characters in it other than those of ASCII")]
    NoText(HeaderName),
    /// A header is written otherwise than it is to be.
    #[error("the header {header} is to be {expected}")]
    Form {
        /// Which one.
        header: HeaderName,
        /// How it is to be written.
        expected: String,
    },
    /// The signature is not right.
    #[error(
        "the signature in the header {0} is not right: it was made with another secret, or what was signed is not what came"
    )]
    Signature(HeaderName),
    /// The secret is not right.
    #[error("the secret in the header {0} is not right")]
    Secret(HeaderName),
    /// The time is none.
    #[error("the header {0} is to be a time in Unix seconds, in digits")]
    Time(HeaderName),
    /// The delivery was sent too long ago.
    #[error("the time in the header {header} is {by} seconds in the past, where {skew} are allowed")]
    Old {
        /// The header that has the time.
        header: HeaderName,
        /// Seconds since then.
        by: u64,
        /// Seconds that are allowed.
        skew: u64,
    },
    /// The delivery comes from the future.
    #[error(
        "the time in the header {header} is {by} seconds in the future, where {skew} are allowed: one of the two clocks is wrong"
    )]
    Early {
        /// The header that has the time.
        header: HeaderName,
        /// Seconds until then.
        by: u64,
        /// Seconds that are allowed.
        skew: u64,
    },
    /// The id is none.
    #[error("the id in the header {0} is to be 1 to {LONGEST_ID} visible characters of ASCII without spaces")]
    Id(HeaderName),
    /// The id has in it what ends it in the signed message.
    #[error(
        "the id in the header {header} has {separator:?} in it, so that nobody can tell where it ends in what is signed"
    )]
    IdSeparator {
        /// The header that has the id.
        header: HeaderName,
        /// What ends an id.
        separator: char,
    },
}
