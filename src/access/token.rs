//! A token as it is known here: everything but its text.

use std::{
    fmt,
    sync::atomic::{AtomicI64, Ordering},
};

use super::{Rights, Secret, secret::Hash};
use crate::{
    model::{Id, time::Instant},
    store::{self, StoredToken},
};

/// When a token was used is kept to the minute, in microseconds.
const MINUTE: i64 = 60_000_000;
/// What stands for never.
const NEVER: i64 = i64::MIN;

/// What is known of a token.
pub struct Token {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub rights: Rights,
    /// When it was made.
    pub created: Instant,
    /// When it ends to be valid, if it does.
    pub expires: Option<Instant>,
    /// When it was revoked, if it was.
    pub revoked: Option<Instant>,
    pub(super) hash: Hash,
    used: AtomicI64,
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Token").field("name", &self.name).field("rights", &self.rights).finish_non_exhaustive()
    }
}

impl Token {
    /// What a row says; one that this program did not write is an error, and lets nobody in.
    pub(super) fn read(row: StoredToken) -> Result<Self, store::Error> {
        let damaged = |reason: String| store::Error::Damaged {
            project: String::new(),
            kind: "token".to_owned(),
            id: row.id.clone(),
            reason,
        };
        let id = Id::parse(&row.id).map_err(|error| damaged(error.to_string()))?;
        let rights = serde_json::from_str(&row.rights).map_err(|error| damaged(error.to_string()))?;
        let hash = row.hash.try_into().map_err(|_| damaged("its hash has not 32 bytes".to_owned()))?;
        let (created, expires, revoked) = (row.created, row.expires, row.revoked);
        let used = AtomicI64::new(row.last_used.unwrap_or(NEVER));
        Ok(Self { id, name: row.name, rights, created, expires, revoked, hash, used })
    }

    /// When it was last used, to the minute.
    #[must_use]
    pub fn last_used(&self) -> Option<Instant> {
        Some(self.used.load(Ordering::Relaxed)).filter(|used| *used != NEVER)
    }

    /// Notes that it is used now. True once a minute: then that is to be kept.
    pub(super) fn is_used(&self, now: Instant) -> bool {
        let last = self.used.load(Ordering::Relaxed);
        let is_due = now >= last.saturating_add(MINUTE);
        // Of several requests at a time one keeps it.
        is_due && self.used.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Takes over what is known of the same token, but perhaps not stored yet.
    pub(super) fn used_like(&self, other: &Self) {
        self.used.fetch_max(other.used.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Whether it is not valid any more since its time is over.
    #[must_use]
    pub fn is_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Whether it is the one with this text.
    #[must_use]
    pub fn is(&self, secret: &Secret) -> bool {
        self.hash == secret.hash()
    }

    /// Whether it opens anything.
    #[must_use]
    pub fn is_valid(&self, now: Instant) -> bool {
        self.revoked.is_none() && !self.is_expired(now)
    }
}
