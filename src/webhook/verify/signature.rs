//! Signatures: how they are written, and whether they are right.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::secret::Key;

/// A hash that signatures are made with, by HMAC (RFC 2104).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-1. As part of HMAC it is not broken, and Flow has nothing else.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// How the bytes of a signature are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal digits, of either case.
    Hex,
    /// Base64 of the usual alphabet, with `=` at the end.
    Base64,
}

/// How a header has signatures.
#[derive(Debug)]
pub enum Form {
    /// One, after a prefix.
    One {
        /// What it is made with.
        algorithm: Algorithm,
        /// What is before it.
        prefix: String,
        /// How it is written.
        encoding: Encoding,
    },
    /// One, after the name of its hash: `sha1=<hex>` or `sha256=<hex>`.
    Named,
    /// Standard Webhooks: several with spaces between them, each after its version, of which `v1` is known.
    Versioned,
}

/// What a header has.
#[derive(Debug, PartialEq, Eq)]
pub struct Signatures {
    algorithm: Algorithm,
    all: Vec<Vec<u8>>,
}

impl Algorithm {
    /// Bytes of its signatures.
    fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The signature of a message, which is given in pieces.
    pub fn sign(self, key: &[u8], message: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Sha1 => sign::<Hmac<Sha1>>(key, message),
            Self::Sha256 => sign::<Hmac<Sha256>>(key, message),
        }
    }
}

/// HMAC takes keys of every length. If it did not, nothing would be signed: no signature is empty.
fn sign<M: KeyInit + Mac>(key: &[u8], message: &[&[u8]]) -> Vec<u8> {
    let Ok(mac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
    message.iter().fold(mac, Mac::chain_update).finalize().into_bytes().to_vec()
}

impl Form {
    /// The signatures of a header; none if it is not written in this form.
    pub fn read(&self, header: &str) -> Option<Signatures> {
        let (algorithm, all) = match self {
            Self::One { algorithm, prefix, encoding } => {
                (*algorithm, vec![decoded(header.strip_prefix(prefix.as_str())?, *encoding)?])
            }
            Self::Named => named(header)?,
            Self::Versioned => (Algorithm::Sha256, versioned(header)?),
        };
        let proper = !all.is_empty() && all.iter().all(|one| one.len() == algorithm.len());
        proper.then_some(Signatures { algorithm, all })
    }

    /// How a header of this form is written, in words.
    pub fn described(&self) -> String {
        match self {
            Self::One { algorithm, prefix, encoding } => {
                let (digits, before) = (2 * algorithm.len(), if prefix.is_empty() { "" } else { " and " });
                match encoding {
                    Encoding::Hex => format!("{prefix}{before}{digits} hexadecimal digits"),
                    Encoding::Base64 => format!("{prefix}{before}the base64 of {} bytes", algorithm.len()),
                }
            }
            Self::Named => "sha1= and 40 hexadecimal digits, or sha256= and 64".to_owned(),
            Self::Versioned => {
                "v1, and the base64 of 32 bytes, or several of these with a space between them".to_owned()
            }
        }
    }
}

fn named(header: &str) -> Option<(Algorithm, Vec<Vec<u8>>)> {
    let (name, digits) = header.split_once('=')?;
    let algorithm = match name {
        "sha1" => Algorithm::Sha1,
        "sha256" => Algorithm::Sha256,
        _ => return None,
    };
    Some((algorithm, vec![decoded(digits, Encoding::Hex)?]))
}

/// Those of version 1 (HMAC); other versions, such as `v1a` (ed25519), are passed over.
fn versioned(header: &str) -> Option<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for one in header.split(' ').filter(|one| !one.is_empty()) {
        let (version, text) = one.split_once(',')?;
        if version == "v1" {
            all.push(decoded(text, Encoding::Base64)?);
        }
    }
    Some(all)
}

fn decoded(text: &str, encoding: Encoding) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Hex => from_hex(text),
        Encoding::Base64 => STANDARD.decode(text).ok(),
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some((digit(*high)? << 4) | digit(*low)?)).collect()
}

impl Signatures {
    /// Which key one of them was made with.
    pub fn made_with(&self, keys: &[Key], message: &[&[u8]]) -> Option<usize> {
        first(keys.iter().map(|key| {
            let right = self.algorithm.sign(&key.bytes, message);
            self.all.iter().fold(Choice::from(0), |found, one| found | one.ct_eq(&right))
        }))
    }
}

/// Which key a text is. Hashes are compared, so that the time does not tell the length of a key either.
pub fn equal_to(text: &str, keys: &[Key]) -> Option<usize> {
    let hash = Sha256::digest(text);
    first(keys.iter().map(|key| Sha256::digest(&key.bytes).as_slice().ct_eq(hash.as_slice())))
}

/// The place of the first that is true; all are looked at before anything is decided.
fn first(choices: impl Iterator<Item = Choice>) -> Option<usize> {
    let all: Vec<Choice> = choices.collect();
    all.into_iter().position(bool::from)
}
