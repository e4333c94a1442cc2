//! Why a file of another server did not come, in words that say what to do.

use std::{error::Error as _, io, net::IpAddr, time::Duration};

use reqwest::{StatusCode, Url};

use super::{
    client::{MOST_REDIRECTS, retry_after},
    guard::{self, Refused, shown},
    host::Host,
};

/// Why a file did not come. URLs in it are [`shown`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The client cannot be made.
    #[error("the HTTP client cannot be made: {0}")]
    Setup(String),
    /// No protocol that is spoken here.
    #[error("{0} is no address of http or https")]
    Scheme(String),
    /// A URL has a user name or a password.
    #[error("{0} has a user name or password in it: these belong in the headers of its [[media-host]]")]
    Credentials(String),
    /// The host is not in the configuration.
    #[error("{0} is on a host that the configuration does not name: add a [[media-host]] for it")]
    Unconfigured(String),
    /// The host is where it may not be.
    #[error(
        "{host} is at {}: {}",
        listed(addresses),
        if *private { "if it belongs to the studio, say private = true in its [[media-host]]" } else { "nothing is ever asked there" }
    )]
    Refused {
        /// The host.
        host: String,
        /// Where it is.
        addresses: Vec<IpAddr>,
        /// Whether it would be asked if it were configured as private.
        private: bool,
    },
    /// A redirect leads to where it may not.
    #[error("{from} redirects to where it may not: {why}")]
    Redirect {
        /// What was asked for.
        from: String,
        /// What is wrong with the target.
        why: Box<Failure>,
    },
    /// A redirect would give up encryption.
    #[error("{0} is not encrypted, what led to it is")]
    Downgrade(String),
    /// A redirect would lead inside from outside.
    #[error("{0} is on a host that is private, and what led to it is not: name it by its own URL")]
    Inward(String),
    /// A redirect says nothing that can be followed.
    #[error("the answer of {0} is a redirect without an address that can be followed")]
    NoTarget(String),
    /// There is no end of redirects.
    #[error("{0} is redirected more than {MOST_REDIRECTS} times")]
    TooManyRedirects(String),
    /// The host answered, and not with the file.
    #[error("{url}: the host answered {status}: {}", meaning(*status))]
    Status {
        /// What was asked for.
        url: String,
        /// The status of the answer.
        status: StatusCode,
        /// For how long the host asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// The name has no address.
    #[error("the name {host} cannot be resolved: {reason}")]
    Name {
        /// The host.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// There is no connection.
    #[error("{host} cannot be connected to: {reason}")]
    Connect {
        /// The host.
        host: String,
        /// What the system said.
        reason: String,
    },
    /// The host cannot show that it is who it should be.
    #[error(
        "the certificate of {host} is not trusted: {reason}; if its authority is the studio's own, this machine has to know it, \
         or SSL_CERT_FILE has to name it"
    )]
    Certificate {
        /// The host.
        host: String,
        /// What is wrong with the certificate.
        reason: String,
    },
    /// As many requests as the host may get did not come to an answer in time.
    #[error(
        "{url}: its host has had all the requests at once that it may get for {} s: ask again in a moment; \
         connections of its [[media-host]] says how many",
        waited.as_secs_f32()
    )]
    Busy {
        /// What was to be asked for.
        url: String,
        /// The host's timeout.
        waited: Duration,
    },
    /// No answer began in time.
    #[error("{url}: no answer within {} s", waited.as_secs_f32())]
    Silent {
        /// What was asked for.
        url: String,
        /// The host's timeout.
        waited: Duration,
    },
    /// The connection ended before an answer, or with something else.
    #[error("{url}: the answer cannot be read: {reason}")]
    Unreadable {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The answer is packed although this was not asked for.
    #[error("{url}: the host sends it compressed ({coding}), which was not asked for")]
    Encoded {
        /// What was asked for.
        url: String,
        /// The value of `Content-Encoding`.
        coding: String,
    },
    /// The file is larger than the host's files may be.
    #[error("{url} is larger than the {max_bytes} bytes that max-bytes of its [[media-host]] allows")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// What is allowed.
        max_bytes: u64,
    },
    /// The body stopped coming.
    #[error("{url}: after {taken} bytes nothing came for {} s", waited.as_secs_f32())]
    Stalled {
        /// What was asked for.
        url: String,
        /// How much came.
        taken: u64,
        /// The host's timeout.
        waited: Duration,
    },
    /// The body ended too early.
    #[error("{url}: half a body: it broke off after {taken} bytes{}", length.map_or_else(String::new, |length| format!(" of {length}")))]
    Half {
        /// What was asked for.
        url: String,
        /// How much came.
        taken: u64,
        /// How much was to come, if the host said so.
        length: Option<u64>,
    },
}

impl Failure {
    /// Whether trying again soon makes no sense: something has to be changed first, here or at the host.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Status { status, .. } => !(matches!(status.as_u16(), 408 | 425 | 429) || status.is_server_error()),
            Self::Name { .. }
            | Self::Busy { .. }
            | Self::Connect { .. }
            | Self::Silent { .. }
            | Self::Unreadable { .. }
            | Self::Stalled { .. }
            | Self::Half { .. } => false,
            _ => true,
        }
    }

    /// For how long the host asks to be left alone, an hour at most.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    pub(super) fn refused(host: &Host, addresses: Vec<IpAddr>) -> Self {
        let private = addresses.iter().any(|address| !host.private && guard::may_be_reached(*address, true));
        Self::Refused { host: host.name.clone(), addresses, private }
    }

    pub(super) fn status(answer: &reqwest::Response, url: &Url) -> Self {
        Self::Status { url: shown(url), status: answer.status(), retry_after: retry_after(answer.headers()) }
    }

    /// What kept a request from being answered: the reason is somewhere in the chain of causes.
    pub(super) fn unanswered(error: &reqwest::Error, host: &Host, url: &Url) -> Self {
        let name = host.name.clone();
        let mut reason = error.to_string();
        for cause in causes(error) {
            if let Some(Refused { addresses, .. }) = cause.downcast_ref() {
                return Self::refused(host, addresses.clone());
            }
            if let Some(rustls::Error::InvalidCertificate(wrong)) = cause.downcast_ref() {
                return Self::Certificate { host: name, reason: wrong.to_string() };
            }
            reason = cause.to_string();
        }
        match error {
            _ if error.is_dns() => Self::Name { host: name, reason },
            _ if error.is_connect() => Self::Connect { host: name, reason },
            _ => Self::Unreadable { url: shown(url), reason },
        }
    }
}

/// What is behind an error, from near to far.
pub(crate) fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |cause| cause_of(*cause))
}

/// What is behind an error. That of I/O passes over what it holds, and names the cause of that.
fn cause_of<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e (dyn std::error::Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inside) => Some(inside),
        None => error.source(),
    }
}

fn listed(addresses: &[IpAddr]) -> String {
    addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ")
}

fn meaning(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 => {
            "access is denied; check the headers of its [[media-host]], or whether the URL's signature has ended"
        }
        404 | 410 => "the file is not there",
        408 | 425 | 429 => "it asks to be left alone for a while",
        500.. => "it has a fault",
        _ => "this is not the file",
    }
}
