//! From what the settings say of `verify` to the scheme.

use axum::http::HeaderName;

use super::{
    Fault,
    identity::IdHeader,
    message::Message,
    redaction::is_telling,
    scheme::{Before, Names, SKEW, Scheme, Shared, Signed},
    secret::Usage,
    settings::{Given, Table, Way},
    signature::{Algorithm, Encoding, Form},
};

/// The names that `verify` may have, for messages.
pub const NAMES: &str = "\"flow\", \"github\", \"frameio\", \"standard-webhooks\", \"bearer\" or \"none\"";
/// Characters of the longest prefix.
pub const LONGEST_PREFIX: usize = 64;
/// The largest `skew`, in seconds: a day.
const LONGEST_SKEW: u64 = 24 * 3600;

/// The key, and what is wrong with its value.
type Wrong = (String, Fault);

/// The scheme that `verify` names, or says in full.
pub fn scheme(verify: Option<&Given<Way>>) -> Result<Scheme, Wrong> {
    let wrong = |fault| ("verify".to_owned(), fault);
    match verify {
        None => Err(wrong(Fault::Undecided)),
        Some(Given::Wrong(_)) => Err(wrong(Fault::NoWay)),
        Some(Given::Right(Way::Name(name))) => named(name).ok_or_else(|| wrong(Fault::NoWay)),
        Some(Given::Right(Way::Table(table))) => full(table).map_err(|(key, fault)| (format!("verify.{key}"), fault)),
    }
}

fn named(name: &str) -> Option<Scheme> {
    match name {
        "flow" => Some(Scheme::flow()),
        "github" => Some(Scheme::github()),
        "frameio" => Some(Scheme::frameio()),
        "standard-webhooks" => Some(Scheme::standard_webhooks()),
        "bearer" => Some(Scheme::bearer()),
        "none" => Some(Scheme::Open),
        _ => None,
    }
}

fn full(table: &Table) -> Result<Scheme, Wrong> {
    if let Some(key) = table.unknown.keys().next() {
        return Err((key.escape_debug().to_string(), Fault::Unknown));
    }
    let hash = text("hmac", table.hmac.as_ref())?;
    let name = header("header", table.header.as_ref())?.ok_or(("header".to_owned(), Fault::Missing))?;
    let ids = ids(table, &name)?;
    let prefix = prefix(table)?;
    match hash {
        Some(hash) => signed(table, hash, name, ids, prefix),
        None => shared(table, name, ids, prefix),
    }
}

fn shared(table: &Table, header: HeaderName, ids: Vec<IdHeader>, prefix: String) -> Result<Scheme, Wrong> {
    let useless = [
        ("encoding", table.encoding.is_some()),
        ("message", table.message.is_some()),
        ("timestamp-header", table.timestamp_header.is_some()),
        ("skew", table.skew.is_some()),
    ];
    match useless.iter().find(|(_, is_there)| *is_there) {
        Some((key, _)) => Err(((*key).to_owned(), Fault::OnlySigned)),
        None => Ok(Scheme::Shared(Shared { header, before: Before::Text(prefix), ids })),
    }
}

fn signed(
    table: &Table,
    hash: &str,
    signature: HeaderName,
    ids: Vec<IdHeader>,
    prefix: String,
) -> Result<Scheme, Wrong> {
    let algorithm = match hash {
        "sha256" => Algorithm::Sha256,
        "sha1" => Algorithm::Sha1,
        _ => return Err(("hmac".to_owned(), Fault::Algorithm)),
    };
    let encoding = match text("encoding", table.encoding.as_ref())? {
        None | Some("hex") => Encoding::Hex,
        Some("base64") => Encoding::Base64,
        Some(_) => return Err(("encoding".to_owned(), Fault::Encoding)),
    };
    let timestamp = timestamp(table, &signature, &ids)?;
    let message = message(table, timestamp.is_some(), !ids.is_empty())?;
    let skew = skew(table, timestamp.is_some())?;
    let form = Form::One { algorithm, prefix, encoding };
    let names = Names { signature, timestamp, ids };
    Ok(Scheme::Signed(Signed { names, other_names: None, form, message, skew, usage: Usage::Signs }))
}

/// What is signed. What is in it has to come from a header, and a time that is in none of it proves nothing.
fn message(table: &Table, has_timestamp: bool, has_id: bool) -> Result<Message, Wrong> {
    let wrong = |fault| ("message".to_owned(), fault);
    let message = match text("message", table.message.as_ref())? {
        Some(text) => Message::parse(text).map_err(wrong)?,
        None => Message::body(),
    };
    if message.has_id() && !has_id {
        return Err(wrong(Fault::Needs { placeholder: "{id}", key: "id-header" }));
    }
    match (message.has_timestamp(), has_timestamp) {
        (true, false) => Err(wrong(Fault::Needs { placeholder: "{timestamp}", key: "timestamp-header" })),
        (false, true) => Err(("timestamp-header".to_owned(), Fault::UnsignedTime)),
        _ => Ok(message),
    }
}

fn skew(table: &Table, has_timestamp: bool) -> Result<u64, Wrong> {
    let wrong = |fault| Err(("skew".to_owned(), fault));
    match table.skew {
        None => Ok(SKEW),
        Some(_) if !has_timestamp => wrong(Fault::NoTime),
        Some(Given::Right(seconds)) if (1..=LONGEST_SKEW).contains(&seconds) => Ok(seconds),
        Some(_) => wrong(Fault::Range(1, LONGEST_SKEW)),
    }
}

fn timestamp(table: &Table, signature: &HeaderName, ids: &[IdHeader]) -> Result<Option<HeaderName>, Wrong> {
    let timestamp = header("timestamp-header", table.timestamp_header.as_ref())?;
    let same = |other| Err(("timestamp-header".to_owned(), Fault::SameHeader(other)));
    match &timestamp {
        Some(name) if name == signature => same("header"),
        Some(name) if ids.iter().any(|id| id.name == *name) => same("id-header"),
        _ => Ok(timestamp),
    }
}

/// The header of the id, which is stored and shown.
fn ids(table: &Table, secret: &HeaderName) -> Result<Vec<IdHeader>, Wrong> {
    let wrong = |fault| Err(("id-header".to_owned(), fault));
    match header("id-header", table.id_header.as_ref())? {
        Some(name) if name == *secret => wrong(Fault::SameHeader("header")),
        Some(name) if is_telling(&name) => wrong(Fault::SecretHeader),
        name => Ok(name.into_iter().map(IdHeader::own).collect()),
    }
}

fn prefix(table: &Table) -> Result<String, Wrong> {
    let prefix = text("prefix", table.prefix.as_ref())?.unwrap_or_default();
    let proper = prefix.len() <= LONGEST_PREFIX
        && !prefix.starts_with(' ')
        && prefix.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if proper { Ok(prefix.to_owned()) } else { Err(("prefix".to_owned(), Fault::Prefix)) }
}

fn header(key: &str, given: Option<&Given<String>>) -> Result<Option<HeaderName>, Wrong> {
    let name = |text| HeaderName::try_from(text).map_err(|_| (key.to_owned(), Fault::HeaderName));
    text(key, given)?.map(name).transpose()
}

fn text<'g>(key: &str, given: Option<&'g Given<String>>) -> Result<Option<&'g str>, Wrong> {
    match given {
        None => Ok(None),
        Some(Given::Right(text)) => Ok(Some(text)),
        Some(Given::Wrong(_)) => Err((key.to_owned(), Fault::NoText)),
    }
}
