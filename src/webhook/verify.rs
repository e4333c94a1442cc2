//! Whether a delivery is from whom it says: signatures, shared secrets, and the time at which it was sent.
//!
//! Nothing here reads or writes anything, but for variables of the environment when settings are checked. The present time is
//! a parameter. What is signed is the body as it came, so it must not be parsed and written again before.

mod headers;
mod identity;
mod invalid;
mod message;
mod redaction;
mod refused;
mod scheme;
mod secret;
mod settings;
mod signature;
mod signer;
mod table;

use std::env;

use axum::http::HeaderMap;

pub use self::{
    identity::fingerprint,
    invalid::{Fault, Invalid},
    refused::Refused,
    settings::{Given, Settings, Table, Way},
    signer::{SHORTEST as SHORTEST_SIGNING, Signer},
};
use self::{scheme::Scheme, secret::Key};

/// Verifies the deliveries of one source.
#[derive(Debug)]
pub struct Verifier {
    scheme: Scheme,
    keys: Vec<Key>,
}

/// What is known of a delivery that is from whom it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The same for every attempt at one delivery: what its header says, or else the [`fingerprint`] of what came.
    pub delivery_id: String,
    /// Which of the `secrets` matched, from 0; none where everybody may send.
    pub secret: Option<usize>,
    /// Whether the signature covers the id. Where it does not, someone who got hold of a delivery can send it again under
    /// another id; what shows that is the [`fingerprint`] of what is signed.
    pub is_id_signed: bool,
}

impl Verifier {
    /// Checks the settings of a source, with variables of the environment; the error names source and key, and shows no value.
    pub fn new(settings: &Settings) -> Result<Self, Invalid> {
        Self::with_variables(settings, |name| env::var(name).ok())
    }

    /// The same, with variables from elsewhere.
    pub fn with_variables(settings: &Settings, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Invalid> {
        Self::checked(settings, &variable).map_err(|(key, fault)| Invalid { name: settings.name.clone(), key, fault })
    }

    fn checked(settings: &Settings, variable: &impl Fn(&str) -> Option<String>) -> Result<Self, (String, Fault)> {
        if let Some(key) = settings.unknown.keys().next() {
            return Err((key.escape_debug().to_string(), Fault::Unknown));
        }
        let scheme = table::scheme(settings.verify.as_ref())?;
        let keys = secret::keys(&settings.secrets, scheme.usage(), variable)?;
        Ok(Self { scheme, keys })
    }

    /// Whether everybody may send, because `verify = "none"` says so.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.scheme, Scheme::Open)
    }

    /// Whether a delivery may be from whom it says, as far as its headers tell: one that lacks its signature, is not from now, or
    /// has another secret is not worth waiting for its body.
    pub fn admit(&self, headers: &HeaderMap, now: i64) -> Result<(), Refused> {
        match &self.scheme {
            Scheme::Open => Ok(()),
            Scheme::Shared(shared) => shared.claims(headers, &self.keys).map(drop),
            Scheme::Signed(signed) => signed.claims(headers, now).map(drop),
        }
    }

    /// Whether a delivery is from whom it says, at the present time in Unix seconds. The body is as it came, and is gone
    /// through once for each secret; all secrets are tried, in a time that does not tell which one is right or how nearly.
    /// The error says what is wrong in words for the log and for the sender, and nothing of what would be right.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8], now: i64) -> Result<Verified, Refused> {
        match &self.scheme {
            Scheme::Open => Ok(Verified { delivery_id: fingerprint(body, None), secret: None, is_id_signed: false }),
            Scheme::Shared(shared) => shared.verify(headers, body, &self.keys),
            Scheme::Signed(signed) => signed.verify(headers, body, &self.keys, now),
        }
    }

    /// By what a delivery is known when it comes again: its id, and, where somebody could send it again under another id, the
    /// [`fingerprint`] of what is signed of it. What nobody signed and nobody gave an id is like no other: two that are equal may well be
    /// two events.
    #[must_use]
    pub fn known_by(&self, verified: Verified, headers: &HeaderMap, body: &[u8]) -> (String, Option<String>) {
        let Verified { delivery_id, is_id_signed, .. } = verified;
        match &self.scheme {
            Scheme::Signed(_) if is_id_signed => (delivery_id, None),
            Scheme::Signed(signed) => (delivery_id, Some(fingerprint(body, signed.signed_time(headers)))),
            _ if delivery_id == fingerprint(body, None) => (uuid::Uuid::new_v4().to_string(), None),
            _ => (delivery_id, None),
        }
    }

    /// The headers as they may be stored and shown: by name, with `(secret)` for signatures, credentials, cookies, and every
    /// value, or name, that has one of the secrets in it. Bytes other than those of ASCII text are escaped.
    #[must_use]
    pub fn redacted(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        redaction::redacted(headers, &self.scheme, &self.keys)
    }
}
