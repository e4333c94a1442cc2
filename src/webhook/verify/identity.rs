//! The id of a delivery, by which a repeated one is recognised.

use axum::http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};

use super::{Refused, headers};

/// Characters of the longest id that is taken from a header.
pub const LONGEST: usize = 255;
/// Hexadecimal digits of the body's hash after an id that other deliveries may have too.
const DISTINCTION: usize = 32;

/// A header that may have the id of a delivery.
#[derive(Debug)]
pub struct IdHeader {
    /// Its name.
    pub name: HeaderName,
    /// Whether deliveries with other bodies may have the same.
    pub is_shared: bool,
}

impl IdHeader {
    /// One that no other delivery has.
    pub fn own(name: HeaderName) -> Self {
        Self { name, is_shared: false }
    }
}

/// An id as a header has it.
pub struct Id<'h> {
    /// Where it is.
    pub header: &'h IdHeader,
    /// What it is.
    pub text: &'h str,
}

/// The id of the first of these headers that is there.
pub fn find<'h>(headers: &'h HeaderMap, among: &'h [IdHeader]) -> Result<Option<Id<'h>>, Refused> {
    for header in among {
        let Some(text) = headers::text(headers, &header.name)? else { continue };
        let proper = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        return if proper { Ok(Some(Id { header, text })) } else { Err(Refused::Id(header.name.clone())) };
    }
    Ok(None)
}

/// The id of a delivery: what a header says, with the hash of the body where others may have the same; else the
/// [`fingerprint`].
pub fn of(id: Option<&Id<'_>>, body: &[u8], timestamp: Option<&str>) -> String {
    match id {
        Some(Id { header, text }) if header.is_shared => format!("{text}/{:.DISTINCTION$}", hex(&Sha256::digest(body))),
        Some(id) => id.text.to_owned(),
        None => fingerprint(body, timestamp),
    }
}

/// `sha256:` and the hash of a body, in hexadecimal digits; where the time of sending is signed, of it, a colon and the body. It
/// is the same for whatever is sent again as it was.
#[must_use]
pub fn fingerprint(body: &[u8], timestamp: Option<&str>) -> String {
    let hash = Sha256::new();
    let hash = timestamp.into_iter().fold(hash, |hash, time| hash.chain_update(time).chain_update(":"));
    format!("sha256:{}", hex(&hash.chain_update(body).finalize()))
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}
