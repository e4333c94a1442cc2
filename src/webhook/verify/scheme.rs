//! By what deliveries are verified: nothing, a secret in a header, or a signature; and what known senders have of it.

use std::iter;

use axum::http::{HeaderMap, HeaderName, header::AUTHORIZATION};

use super::{
    Refused, Verified, headers,
    identity::{self, Id, IdHeader},
    message::{Contents, Message},
    secret::{Key, Usage},
    signature::{self, Algorithm, Encoding, Form, Signatures},
};

/// Seconds by which the time of a delivery may differ from the present, where nothing else is said.
pub const SKEW: u64 = 300;

/// By what deliveries are verified.
#[derive(Debug)]
pub enum Scheme {
    /// By nothing.
    Open,
    /// By a secret in a header.
    Shared(Shared),
    /// By a signature.
    Signed(Signed),
}

/// A secret in a header.
#[derive(Debug)]
pub struct Shared {
    /// The header.
    pub header: HeaderName,
    /// What is before the secret.
    pub before: Before,
    /// Where the id may be.
    pub ids: Vec<IdHeader>,
}

/// What is before a secret in its header.
#[derive(Debug)]
pub enum Before {
    /// Just this.
    Text(String),
    /// `Bearer` in letters of any case, and spaces (RFC 6750, RFC 9110).
    Bearer,
}

/// A signature.
#[derive(Debug)]
pub struct Signed {
    /// The names of the headers.
    pub names: Names,
    /// Others that they may have, all together, where the signature has not its first name.
    pub other_names: Option<Names>,
    /// How the signature is written.
    pub form: Form,
    /// What is signed.
    pub message: Message,
    /// Seconds by which the time may differ from the present.
    pub skew: u64,
    /// How secrets are written.
    pub usage: Usage,
}

/// The names of the headers of a signed delivery.
#[derive(Debug)]
pub struct Names {
    /// Has the signature.
    pub signature: HeaderName,
    /// Has the time at which it was sent.
    pub timestamp: Option<HeaderName>,
    /// Have the id, the first that is there.
    pub ids: Vec<IdHeader>,
}

/// What the headers of a signed delivery say.
pub struct Claims<'h> {
    header: &'h HeaderName,
    signatures: Signatures,
    timestamp: Option<&'h str>,
    id: Option<Id<'h>>,
}

impl Scheme {
    /// What secrets are used for.
    pub fn usage(&self) -> Usage {
        match self {
            Self::Open => Usage::None,
            Self::Shared(_) => Usage::InHeader,
            Self::Signed(signed) => signed.usage,
        }
    }

    /// The headers that have a signature or a secret.
    pub fn secret_headers(&self) -> Vec<&HeaderName> {
        match self {
            Self::Open => Vec::new(),
            Self::Shared(shared) => vec![&shared.header],
            Self::Signed(signed) => {
                iter::once(&signed.names).chain(&signed.other_names).map(|names| &names.signature).collect()
            }
        }
    }

    /// `Authorization: Bearer <secret>`.
    pub fn bearer() -> Self {
        Self::Shared(Shared { header: AUTHORIZATION, before: Before::Bearer, ids: Vec::new() })
    }

    /// Flow Production Tracking (ShotGrid), by <https://developers.shotgridsoftware.com/3d448f5e>: `x-sg-signature` is the name of
    /// a hash, `=`, and hexadecimal digits. Batches have no `x-sg-delivery-id`; nothing says that all that comes of one batch of
    /// events is in one request, so that their id has the hash of the body in it.
    pub fn flow() -> Self {
        let batch = IdHeader { name: HeaderName::from_static("x-sg-event-batch-id"), is_shared: true };
        Self::Signed(Signed {
            names: Names {
                signature: HeaderName::from_static("x-sg-signature"),
                timestamp: None,
                ids: vec![IdHeader::own(HeaderName::from_static("x-sg-delivery-id")), batch],
            },
            other_names: None,
            form: Form::Named,
            message: Message::body(),
            skew: SKEW,
            usage: Usage::Signs,
        })
    }

    /// GitHub, and those that sign as it does, by <https://docs.github.com/en/webhooks>.
    pub fn github() -> Self {
        Self::Signed(Signed {
            names: Names {
                signature: HeaderName::from_static("x-hub-signature-256"),
                timestamp: None,
                ids: vec![IdHeader::own(HeaderName::from_static("x-github-delivery"))],
            },
            other_names: None,
            form: sha256_hex("sha256="),
            message: Message::body(),
            skew: SKEW,
            usage: Usage::Signs,
        })
    }

    /// Frame.io, by `AdobeDocs/frameio-api:src/pages/guides/Webhooks/index.md`, which recommends 5 minutes.
    pub fn frameio() -> Self {
        Self::Signed(Signed {
            names: Names {
                signature: HeaderName::from_static("x-frameio-signature"),
                timestamp: Some(HeaderName::from_static("x-frameio-request-timestamp")),
                ids: Vec::new(),
            },
            other_names: None,
            form: sha256_hex("v0="),
            message: Message::frameio(),
            skew: SKEW,
            usage: Usage::Signs,
        })
    }

    /// Standard Webhooks 1.0, by <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>,
    /// also with the older names of Svix.
    pub fn standard_webhooks() -> Self {
        let names = |signature, timestamp, id| Names {
            signature: HeaderName::from_static(signature),
            timestamp: Some(HeaderName::from_static(timestamp)),
            ids: vec![IdHeader::own(HeaderName::from_static(id))],
        };
        Self::Signed(Signed {
            names: names("webhook-signature", "webhook-timestamp", "webhook-id"),
            other_names: Some(names("svix-signature", "svix-timestamp", "svix-id")),
            form: Form::Versioned,
            message: Message::standard(),
            skew: SKEW,
            usage: Usage::SignsDecoded,
        })
    }
}

fn sha256_hex(prefix: &str) -> Form {
    Form::One { algorithm: Algorithm::Sha256, prefix: prefix.to_owned(), encoding: Encoding::Hex }
}

impl Shared {
    /// Whether the header has one of the secrets.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8], keys: &[Key]) -> Result<Verified, Refused> {
        let (key, id) = self.claims(headers, keys)?;
        Ok(Verified { delivery_id: identity::of(id.as_ref(), body, None), secret: Some(key), is_id_signed: false })
    }

    /// Which of the secrets the header has, and the id.
    pub fn claims<'h>(&'h self, headers: &'h HeaderMap, keys: &[Key]) -> Result<(usize, Option<Id<'h>>), Refused> {
        let text = headers::required(headers, &self.header)?;
        let form = |expected| Refused::Form { header: self.header.clone(), expected };
        let secret = self.before.stripped(text).ok_or_else(|| form(self.before.described()))?;
        let key = signature::equal_to(secret, keys).ok_or_else(|| Refused::Secret(self.header.clone()))?;
        Ok((key, identity::find(headers, &self.ids)?))
    }
}

impl Before {
    fn stripped<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Text(before) => text.strip_prefix(before.as_str()),
            Self::Bearer => {
                let (scheme, rest) = text.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim_start_matches(' '))
            }
        }
    }

    fn described(&self) -> String {
        match self {
            Self::Text(before) => format!("{before:?} and the secret"),
            Self::Bearer => "\"Bearer \" and the secret".to_owned(),
        }
    }
}

impl Signed {
    /// Whether the signature is right, and the delivery from now.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8], keys: &[Key], now: i64) -> Result<Verified, Refused> {
        let Claims { header, signatures, timestamp, id } = self.claims(headers, now)?;
        let contents =
            Contents { body, id: id.as_ref().map_or("", |id| id.text), timestamp: timestamp.unwrap_or_default() };
        let key = signatures.made_with(keys, &self.message.filled(contents));
        let secret = key.ok_or_else(|| Refused::Signature(header.clone()))?;
        let is_id_signed = id.is_none() || self.message.has_id();
        Ok(Verified { delivery_id: identity::of(id.as_ref(), body, timestamp), secret: Some(secret), is_id_signed })
    }

    /// What the headers say, if all are there, and from now.
    pub fn claims<'h>(&'h self, headers: &'h HeaderMap, now: i64) -> Result<Claims<'h>, Refused> {
        let names = self.names_in(headers);
        let written = headers::required(headers, &names.signature)?;
        let form = || Refused::Form { header: names.signature.clone(), expected: self.form.described() };
        let signatures = self.form.read(written).ok_or_else(form)?;
        let time = |name| headers::time(headers, name, now, self.skew);
        let timestamp = names.timestamp.as_ref().map(time).transpose()?;
        let id = self.id(headers, names)?;
        Ok(Claims { header: &names.signature, signatures, timestamp, id })
    }

    /// The time of sending as its header says it, if it is signed.
    pub fn signed_time<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let name = self.names_in(headers).timestamp.as_ref().filter(|_| self.message.has_timestamp())?;
        headers.get(name)?.to_str().ok()
    }

    fn names_in(&self, headers: &HeaderMap) -> &Names {
        let has = |names: &Names| headers.contains_key(&names.signature);
        self.other_names.as_ref().filter(|other| has(other) && !has(&self.names)).unwrap_or(&self.names)
    }

    /// The id of the delivery, which has to be there if it is signed.
    fn id<'h>(&'h self, headers: &'h HeaderMap, names: &'h Names) -> Result<Option<Id<'h>>, Refused> {
        let id = identity::find(headers, &names.ids)?;
        match (&id, self.message.separator(), names.ids.first()) {
            (None, _, Some(header)) if self.message.has_id() => Err(Refused::Missing(header.name.clone())),
            (Some(id), Some(separator), _) if id.text.contains(separator) => {
                Err(Refused::IdSeparator { header: id.header.name.clone(), separator })
            }
            _ => Ok(id),
        }
    }
}
