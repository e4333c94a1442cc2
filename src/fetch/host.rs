//! The hosts that pictures and movies come from, as the configuration file names them: `[[media-host]]`. Nothing here connects.

use std::{collections::BTreeMap, env, fmt, sync::Arc, time::Duration};

use reqwest::{
    Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde::{Deserialize, de::IgnoredAny};
use tokio::sync::Semaphore;

use crate::variables::{Unfilled, filled};

/// The largest `refresh`, in seconds: a year.
const LONGEST_REFRESH: u64 = 365 * 24 * 3600;
/// The largest `timeout`, in seconds: an hour.
const LONGEST_TIMEOUT: f64 = 3600.0;
/// The largest `max-bytes`: 1 TiB.
const MOST_BYTES: u64 = 1 << 40;
/// The most `connections`.
const MOST_CONNECTIONS: usize = 256;

/// Headers that the client sets itself, or that belong to a connection; a configured one would contradict them.
const OWN_HEADERS: [&str; 15] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "range",
    "te",
    "transfer-encoding",
    "upgrade",
];

pub use crate::model::media::Mode;

/// A secret of the file, which is never shown. One of the wrong type is kept as such, and refused when the hosts are checked:
/// an error of the TOML reader would show the line that it is on.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Secret<T> {
    /// What is wanted.
    Right(T),
    /// Something else.
    Wrong(IgnoredAny),
}

impl<T: Default> Default for Secret<T> {
    fn default() -> Self {
        Self::Right(T::default())
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

/// The headers of a `[[media-host]]`, by name.
pub type SecretHeaders = Secret<BTreeMap<String, Secret<String>>>;

/// One `[[media-host]]` table.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostSettings {
    /// Name or address, with a port if it is not the usual one of http or https; IPv6 in brackets.
    pub host: String,
    /// What is done with its files; `copy` if it is not named.
    #[serde(default)]
    pub mode: Mode,
    /// Headers of every request to it; `${NAME}` in a value stands for a variable of the environment.
    #[serde(default)]
    pub headers: SecretHeaders,
    /// Whether it may be at a private, loopback or link-local address.
    #[serde(default)]
    pub private: bool,
    /// Seconds after which a copied file is asked for again; 0: never; 600 if it is not named.
    #[serde(default)]
    pub refresh: Option<u64>,
    /// Bytes of the largest file that is taken; 16 GiB if it is not named.
    #[serde(default)]
    pub max_bytes: Option<u64>,
    /// Seconds, whole or not, for an answer to begin, and between two pieces of it; 60 if it is not named.
    #[serde(default)]
    pub timeout: Option<f64>,
    /// How many requests it gets at once; 4 if it is not named.
    #[serde(default)]
    pub connections: Option<usize>,
    /// Keys that are none. They are refused with the rest, for a mistyped `headers` holds secrets too.
    #[serde(flatten)]
    #[expect(clippy::zero_sized_map_values, reason = "what is under such a key is of no interest")]
    pub unknown: BTreeMap<String, IgnoredAny>,
}

/// A host that may be asked.
#[derive(Debug)]
pub struct Host {
    /// Its name, with the port if one was named.
    pub name: String,
    /// What is done with its files.
    pub mode: Mode,
    /// Headers of every request to it, marked as secrets.
    pub headers: HeaderMap,
    /// Whether it may be at a private, loopback or link-local address.
    pub private: bool,
    /// After what time a copied file is asked for again; never, if there is none.
    pub refresh: Option<Duration>,
    /// Bytes of the largest file that is taken.
    pub max_bytes: u64,
    /// For an answer to begin, and between two pieces of it.
    pub timeout: Duration,
    /// A permit for each request at once.
    pub connections: Arc<Semaphore>,
}

/// A `[[media-host]]` that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("[[media-host]] {host:?}: {key}: {fault}")]
pub struct Invalid {
    /// The host as it was written, without what may be a password.
    pub host: String,
    /// The key, and the header if it is one of several.
    pub key: String,
    /// What is wrong with its value.
    pub fault: Fault,
}

/// What is wrong with a value of a `[[media-host]]`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Fault {
    /// There is no name.
    #[error("it is empty")]
    Empty,
    /// The name is none.
    #[error(
        "it is no host: write a name or an address alone, such as kitsu.example.com, kitsu.local:8443 or [fd00::1]"
    )]
    NoHost,
    /// Credentials were put before the name.
    #[error("it holds a user name or password: these belong in headers")]
    Credentials,
    /// The same host has another table.
    #[error("it is there twice")]
    Twice,
    /// The key is none.
    #[error("there is no such key")]
    Unknown,
    /// The headers are no table.
    #[error("it is to be a table: {{ Authorization = \"Bearer ${{KITSU_TOKEN}}\" }}")]
    NoTable,
    /// A header's name is none.
    #[error("it is no name of a header")]
    HeaderName,
    /// The header is not for the configuration.
    #[error("this header is set by the server itself")]
    OwnHeader,
    /// A header's value is no text.
    #[error("its value is to be a text in quotes")]
    NoText,
    /// A header's value cannot be sent.
    #[error("its value has characters that a header cannot have, such as a line break")]
    HeaderValue,
    /// A variable in it cannot be replaced.
    #[error(transparent)]
    Variable(#[from] Unfilled),
    /// A number is too small or too large.
    #[error("it is to be {0}")]
    Range(String),
}

/// The hosts that may be asked.
#[derive(Debug, Default)]
pub struct Hosts {
    by_name: BTreeMap<(String, Option<u16>), Arc<Host>>,
}

impl Hosts {
    /// Checks the tables of the file, with variables of the environment; the error names host and key.
    pub fn new(settings: &[HostSettings]) -> Result<Self, Invalid> {
        Self::with_variables(settings, |name| env::var(name).ok())
    }

    /// The same, with variables from elsewhere.
    pub fn with_variables(
        settings: &[HostSettings],
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Invalid> {
        let mut by_name = BTreeMap::new();
        for one in settings {
            let invalid = |(key, fault)| {
                let (_, shown) = one.host.rsplit_once('@').unwrap_or(("", &one.host));
                Invalid { host: shown.to_owned(), key, fault }
            };
            let of_host = |fault| invalid(("host".to_owned(), fault));
            let (name, port) = name_and_port(&one.host).map_err(of_host)?;
            let host = Arc::new(one.checked(&name, port, &variable).map_err(invalid)?);
            if by_name.insert((name, port), host).is_some() {
                return Err(of_host(Fault::Twice));
            }
        }
        Ok(Self { by_name })
    }

    /// The host of a URL: one that is named with its port first; none for other schemes than http and https, and for URLs
    /// with a user name or password.
    #[must_use]
    pub fn of(&self, url: &Url) -> Option<&Arc<Host>> {
        if !matches!(url.scheme(), "http" | "https") || has_credentials(url) {
            return None;
        }
        let written = url.host_str()?;
        let name = written.strip_suffix('.').unwrap_or(written).to_owned();
        let usual = url.port().is_none();
        let exact = self.by_name.get(&(name.clone(), url.port_or_known_default()));
        exact.or_else(|| usual.then(|| self.by_name.get(&(name, None))).flatten())
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Host>> {
        self.by_name.values()
    }

    /// Whether there is none, so that nothing is ever fetched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

/// Whether a URL has a user name or a password.
#[must_use]
pub fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

impl HostSettings {
    /// The error has the key and what is wrong with its value.
    fn checked(
        &self,
        name: &str,
        port: Option<u16>,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<Host, (String, Fault)> {
        if let Some(key) = self.unknown.keys().next() {
            return Err((key.clone(), Fault::Unknown));
        }
        let refresh = within("refresh", self.refresh.unwrap_or(600), 0, LONGEST_REFRESH)?;
        let connections = within("connections", self.connections.unwrap_or(4), 1, MOST_CONNECTIONS)?;
        Ok(Host {
            name: port.map_or_else(|| name.to_owned(), |port| format!("{name}:{port}")),
            mode: self.mode,
            headers: self.headers(variable)?,
            private: self.private,
            refresh: (refresh > 0).then(|| Duration::from_secs(refresh)),
            max_bytes: within("max-bytes", self.max_bytes.unwrap_or(16 << 30), 1, MOST_BYTES)?,
            timeout: Duration::from_secs_f64(within("timeout", self.timeout.unwrap_or(60.0), 0.001, LONGEST_TIMEOUT)?),
            connections: Arc::new(Semaphore::new(connections)),
        })
    }

    fn headers(&self, variable: &impl Fn(&str) -> Option<String>) -> Result<HeaderMap, (String, Fault)> {
        let Secret::Right(settings) = &self.headers else { return Err(("headers".to_owned(), Fault::NoTable)) };
        let mut headers = HeaderMap::new();
        for (name, value) in settings {
            let (name, value) =
                header(name, value, variable).map_err(|fault| (format!("headers.{}", name.escape_debug()), fault))?;
            if headers.insert(&name, value).is_some() {
                return Err((format!("headers.{name}"), Fault::Twice));
            }
        }
        Ok(headers)
    }
}

fn within<N: PartialOrd + fmt::Display + Copy>(key: &str, number: N, least: N, most: N) -> Result<N, (String, Fault)> {
    if number >= least && number <= most {
        return Ok(number);
    }
    Err((key.to_owned(), Fault::Range(format!("between {least} and {most}"))))
}

fn header(
    name: &str,
    value: &Secret<String>,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<(HeaderName, HeaderValue), Fault> {
    let name = HeaderName::try_from(name).map_err(|_| Fault::HeaderName)?;
    if OWN_HEADERS.contains(&name.as_str()) {
        return Err(Fault::OwnHeader);
    }
    let Secret::Right(text) = value else { return Err(Fault::NoText) };
    let mut value = HeaderValue::try_from(filled(text, variable)?).map_err(|_| Fault::HeaderValue)?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// A host as it was written, in the form in which URLs have it: lower case, addresses normalised, no trailing dot.
fn name_and_port(written: &str) -> Result<(String, Option<u16>), Fault> {
    if written.is_empty() {
        return Err(Fault::Empty);
    }
    if written.contains('@') {
        return Err(Fault::Credentials);
    }
    let address_ends = written.find(']').map_or(0, |end| end + 1);
    let colon = written[address_ends..].find(':').map(|colon| address_ends + colon);
    let (name, port) = colon.map_or((written, None), |colon| (&written[..colon], Some(&written[colon + 1..])));
    let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let number =
        |port: &str| port.parse::<u16>().ok().filter(|number| *number > 0 && digits(port)).ok_or(Fault::NoHost);
    Ok((normalised(name)?, port.map(number).transpose()?))
}

fn normalised(name: &str) -> Result<String, Fault> {
    let foreign = |character: char| character.is_whitespace() || character.is_control() || "/\\?#%".contains(character);
    if name.contains(foreign) {
        return Err(Fault::NoHost);
    }
    let url = Url::parse(&format!("http://{name}/")).map_err(|_| Fault::NoHost)?;
    let host = url.host_str().ok_or(Fault::NoHost)?;
    let host = host.strip_suffix('.').unwrap_or(host);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let proper = host.starts_with('[') || (host.len() <= 253 && host.split('.').all(label));
    if proper { Ok(host.to_owned()) } else { Err(Fault::NoHost) }
}
