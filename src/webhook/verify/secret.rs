//! What the sender and this server alone know. It is never shown.

use std::fmt;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{Fault, settings::Given};
use crate::variables::filled;

/// Bytes of the shortest secret.
pub const SHORTEST: usize = 16;
/// The most secrets of a source; the body is gone through once for each.
pub const MOST: usize = 16;

/// Secrets are copied by hand, so that one without the `=` at its end is understood too.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What is done with a secret, which says how it is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Nothing is compared.
    None,
    /// It signs as it is written.
    Signs,
    /// It signs as Standard Webhooks have it: base64, mostly with `whsec_` before.
    SignsDecoded,
    /// It is in a header.
    InHeader,
}

/// One secret.
pub struct Key {
    /// As it is written.
    pub written: String,
    /// As it is used.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

/// The secrets of the settings, each long enough and fit for its use. The error has the key and what is wrong with its value.
pub fn keys(
    secrets: &Given<Vec<Given<String>>>,
    usage: Usage,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Vec<Key>, (String, Fault)> {
    let whole = |fault| ("secrets".to_owned(), fault);
    let Given::Right(secrets) = secrets else { return Err(whole(Fault::NoList)) };
    match (usage, secrets.len()) {
        (Usage::None, 0) => return Ok(Vec::new()),
        (Usage::None, _) => return Err(whole(Fault::UnusedSecrets)),
        (_, 0) => return Err(whole(Fault::NoSecrets)),
        (_, many) if many > MOST => return Err(whole(Fault::ManySecrets)),
        _ => {}
    }
    let numbered = secrets.iter().zip(1..);
    numbered
        .map(|(secret, n)| key(secret, usage, variable).map_err(|fault| (format!("secrets, number {n}"), fault)))
        .collect()
}

fn key(secret: &Given<String>, usage: Usage, variable: &impl Fn(&str) -> Option<String>) -> Result<Key, Fault> {
    let Given::Right(secret) = secret else { return Err(Fault::NoText) };
    let written = filled(secret, variable)?;
    if written.is_empty() {
        return Err(Fault::Empty);
    }
    if written.trim() != written {
        return Err(Fault::Blank);
    }
    if usage == Usage::InHeader && !written.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return Err(Fault::HeaderValue);
    }
    let bytes = if usage == Usage::SignsDecoded { decoded(&written)? } else { written.clone().into_bytes() };
    if bytes.len() < SHORTEST { Err(Fault::Short) } else { Ok(Key { written, bytes }) }
}

/// A secret of Standard Webhooks 1.0: `whsec_` and base64, or base64 alone.
fn decoded(written: &str) -> Result<Vec<u8>, Fault> {
    if written.starts_with("whpk_") || written.starts_with("whsk_") {
        return Err(Fault::Asymmetric);
    }
    BASE64.decode(written.strip_prefix("whsec_").unwrap_or(written)).map_err(|_| Fault::NoBase64)
}
