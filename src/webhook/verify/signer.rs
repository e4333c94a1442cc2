//! Signing what is sent from here, as receivers of Standard Webhooks 1.0 verify it.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    Fault,
    secret::{self, Key, Usage},
    settings::Given,
    signature::Algorithm,
};

/// Bytes of the shortest secret that Standard Webhooks has senders use.
pub const SHORTEST: usize = 24;

/// Signs with one secret or several: while a receiver changes from one to the next, it finds a signature by either.
#[derive(Debug)]
pub struct Signer {
    keys: Vec<Key>,
}

impl Signer {
    /// Checks secrets, with variables of the environment; the error has the key and what is wrong with its value.
    pub fn new(
        secrets: &Given<Vec<Given<String>>>,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<Self, (String, Fault)> {
        let keys = secret::keys(secrets, Usage::SignsDecoded, variable)?;
        match keys.iter().zip(1..).find(|(key, _)| key.bytes.len() < SHORTEST) {
            Some((_, n)) => Err((format!("secrets, number {n}"), Fault::Short)),
            None => Ok(Self { keys }),
        }
    }

    /// The value of `webhook-signature` for a body as it is sent, at a time in Unix seconds: a signature for each secret. The
    /// id must have no full stop in it, for that is where it ends in what is signed.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let before = format!("{id}.{timestamp}.");
        let signatures = self.keys.iter().map(|key| {
            let signature = Algorithm::Sha256.sign(&key.bytes, &[before.as_bytes(), body]);
            format!("v1,{}", STANDARD.encode(signature))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}
