//! Downloads pictures and movies from the configured hosts, and from nowhere else. Every step of a redirect is checked as the
//! first: its host is configured, and its address may be reached. None leads from outside to a private host, and what is
//! configured for a host is sent to it only as long as nobody else has led there.

use std::{collections::HashMap, error::Error as _, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use reqwest::{
    StatusCode, Url,
    header::{self, HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{error::Elapsed, timeout},
};

use super::{
    guard::{self, Guarded, Lookup},
    host::{Host, Hosts, has_credentials},
};

pub use super::{
    failure::Failure,
    guard::{identity, shown},
};

/// The most redirects of one request that are followed.
pub(super) const MOST_REDIRECTS: usize = 5;
/// The longest time that an answer may ask to be left alone for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);
/// The longest time between two attempts, in seconds.
const LONGEST_BACK_OFF: u64 = 600;
/// How requests name who makes them.
const USER_AGENT: &str = concat!("watchtower-server/", env!("CARGO_PKG_VERSION"));

/// What tells one version of a file from another, as its host gave it (RFC 9110, 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The value of `ETag`.
    pub etag: Option<String>,
    /// The value of `Last-Modified`.
    pub last_modified: Option<String>,
}

/// The pieces of a file, which end with an error if it does not come whole.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>;

/// A file, or a part of it, that has begun to come.
pub struct Response {
    /// 200, or 206 if a range was asked for.
    pub status: u16,
    /// Bytes of the body, if the host said so.
    pub length: Option<u64>,
    /// The value of `Content-Type`.
    pub content_type: Option<String>,
    /// What to ask with the next time.
    pub validators: Validators,
    /// The value of `Content-Range`.
    pub content_range: Option<String>,
    /// The value of `Accept-Ranges`.
    pub accept_ranges: Option<String>,
    /// The body. Of a file that is kept, one of the host's connections is taken until it is dropped.
    pub body: Body,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Response")
            .field("status", &self.status)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// What a host answered.
#[derive(Debug)]
pub enum Fetched {
    /// The file is still what the validators say.
    NotModified,
    /// The file.
    Response(Response),
}

/// What a file is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// To be kept: it takes one of the host's connections until it is here, and there is time to wait for one.
    Keep,
    /// To be passed on to somebody who waits: not for long, and then perhaps for the length of a film, in which the others are to
    /// get theirs.
    PassOn,
}

/// Asks the configured hosts for files.
#[derive(Clone)]
pub struct Client {
    hosts: Arc<Hosts>,
    /// For private hosts and for others, which differ in the addresses that a name may have.
    ways: HashMap<bool, reqwest::Client>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// Has TLS computed by *ring* in the whole process, if nothing else was chosen before. Without it, no client of reqwest can
/// be made.
pub fn use_ring() {
    // The error says that a choice was made before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Client {
    /// A client for the configured hosts, whose names are looked up by `lookup`; it fails if the machine has no means for TLS.
    pub fn new(hosts: Arc<Hosts>, lookup: &Arc<dyn Lookup>) -> Result<Self, Failure> {
        use_ring();
        let needed = [false, true].into_iter().filter(|private| hosts.iter().any(|host| host.private == *private));
        let made = needed.map(|private| Ok((private, way(&Guarded::new(lookup.clone(), private))?)));
        let ways = made.collect::<Result<_, Failure>>()?;
        Ok(Self { hosts, ways })
    }

    /// Asks for a file, or for a range of it (RFC 9110, 14.2); with validators, for one that is different.
    ///
    /// Waits for one of the host's connections, then at most the host's timeout for the answer to begin: for the name, the
    /// connection and the headers together.
    pub async fn get(&self, url: &Url, validators: &Validators, range: Option<&str>) -> Result<Fetched, Failure> {
        self.fetch(url, &question(validators, range), Use::Keep).await
    }

    /// The same for whoever waits for the file: at most the host's timeout for one of its connections, which is free again when
    /// the answer begins.
    pub async fn pass_on(&self, url: &Url, validators: &Validators, range: Option<&str>) -> Result<Fetched, Failure> {
        self.fetch(url, &question(validators, range), Use::PassOn).await
    }

    async fn fetch(&self, url: &Url, question: &HeaderMap, wanted: Use) -> Result<Fetched, Failure> {
        let mut at = url.clone();
        let mut host = self.host_of(url)?;
        let mut is_own = true;
        for _ in 0..=MOST_REDIRECTS {
            let permit = place_at(host, &at, wanted).await?;
            let answer = self.ask(host, &at, question, is_own).await?;
            if !is_redirect(answer.status()) {
                let permit = permit.filter(|_| wanted == Use::Keep);
                return read(answer, Asked { host: host.clone(), url: at, _permit: permit }, question);
            }
            let next = target(&answer, &at)?;
            let refused = |why| Failure::Redirect { from: shown(&at), why: Box::new(why) };
            host = self.host_of_target(host, &at, &next).map_err(refused)?;
            is_own &= next.origin() == at.origin();
            at = next;
        }
        Err(Failure::TooManyRedirects(shown(url)))
    }

    /// The host of a URL that may be asked, as far as this is known without looking up its name.
    fn host_of(&self, url: &Url) -> Result<&Arc<Host>, Failure> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Failure::Scheme(shown(url)));
        }
        if has_credentials(url) {
            return Err(Failure::Credentials(shown(url)));
        }
        let host = self.hosts.of(url).ok_or_else(|| Failure::Unconfigured(shown(url)))?;
        match guard::literal_address(url) {
            Some(address) if !guard::may_be_reached(address, host.private) => {
                Err(Failure::refused(host, vec![address]))
            }
            _ => Ok(host),
        }
    }

    /// The same of where a host redirects to.
    fn host_of_target(&self, host: &Host, from: &Url, to: &Url) -> Result<&Arc<Host>, Failure> {
        if from.scheme() == "https" && to.scheme() == "http" {
            return Err(Failure::Downgrade(shown(to)));
        }
        let target = self.host_of(to)?;
        // Who is outside is not to choose what is asked for inside.
        if target.private && !host.private {
            return Err(Failure::Inward(shown(to)));
        }
        Ok(target)
    }

    /// Asks for a URL. `is_own`: with the headers of its host, to which nobody else has led.
    async fn ask(
        &self,
        host: &Host,
        url: &Url,
        question: &HeaderMap,
        is_own: bool,
    ) -> Result<reqwest::Response, Failure> {
        let way = self.ways.get(&host.private).ok_or_else(|| Failure::Unconfigured(shown(url)))?;
        let mut headers = if is_own { host.headers.clone() } else { HeaderMap::new() };
        headers.extend(question.clone());
        let answer = timeout(host.timeout, way.get(url.clone()).headers(headers).send()).await;
        let answer = answer.map_err(|_: Elapsed| Failure::Silent { url: shown(url), waited: host.timeout })?;
        answer.map_err(|error| Failure::unanswered(&error.without_url(), host, url))
    }
}

/// One of the connections of a host, as soon as there is one.
async fn place_at(host: &Host, url: &Url, wanted: Use) -> Result<Option<OwnedSemaphorePermit>, Failure> {
    let place = host.connections.clone().acquire_owned();
    match wanted {
        Use::Keep => Ok(place.await.ok()),
        Use::PassOn => match timeout(host.timeout, place).await {
            Ok(place) => Ok(place.ok()),
            Err(_) => Err(Failure::Busy { url: shown(url), waited: host.timeout }),
        },
    }
}

fn way(resolver: &Guarded) -> Result<reqwest::Client, Failure> {
    bare("media", |builder| builder.dns_resolver(resolver.clone())).map_err(|error| Failure::Setup(error.to_string()))
}

/// A client that says who it is, follows no redirect and asks no proxy, with what else it needs. On a machine that knows no
/// authorities it has http alone, which is said in the log with its purpose.
pub(crate) fn bare(
    purpose: &str,
    with: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> reqwest::Result<reqwest::Client> {
    use_ring();
    let usual = || reqwest::Client::builder().user_agent(USER_AGENT).redirect(redirect::Policy::none());
    let builder = || with(usual().referer(false).no_proxy());
    builder().build().or_else(|error| {
        let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        tracing::warn!("https cannot be used for {purpose}: {reason}; install ca-certificates, or set SSL_CERT_FILE");
        builder().tls_certs_only([]).build()
    })
}

/// The headers that every host of a request gets. A range or validator that cannot be sent is left out: without it, the answer
/// is the whole file.
fn question(validators: &Validators, range: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in [
        (header::IF_NONE_MATCH, validators.etag.as_deref()),
        (header::IF_MODIFIED_SINCE, validators.last_modified.as_deref()),
        (header::RANGE, range),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    headers
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn target(answer: &reqwest::Response, url: &Url) -> Result<Url, Failure> {
    let location = answer.headers().get(header::LOCATION).and_then(|value| str::from_utf8(value.as_bytes()).ok());
    location.and_then(|location| url.join(location).ok()).ok_or_else(|| Failure::NoTarget(shown(url)))
}

/// What was asked for, and what it takes until it is there.
struct Asked {
    host: Arc<Host>,
    url: Url,
    _permit: Option<OwnedSemaphorePermit>,
}

fn read(answer: reqwest::Response, asked: Asked, question: &HeaderMap) -> Result<Fetched, Failure> {
    let asked_for = |name: HeaderName| question.contains_key(name);
    match answer.status().as_u16() {
        200 | 203 => {}
        // A part that was not asked for must not pass for the whole.
        206 if asked_for(header::RANGE) => {}
        304 if asked_for(header::IF_NONE_MATCH) || asked_for(header::IF_MODIFIED_SINCE) => {
            return Ok(Fetched::NotModified);
        }
        _ => return Err(Failure::status(&answer, &asked.url)),
    }
    let text = |name: HeaderName| answer.headers().get(name)?.to_str().ok().map(str::to_owned);
    let packed = |coding: &String| ["gzip", "deflate", "compress", "br", "zstd"].iter().any(|one| coding.contains(one));
    if let Some(coding) = text(header::CONTENT_ENCODING).filter(packed) {
        return Err(Failure::Encoded { url: shown(&asked.url), coding });
    }
    let length = answer.content_length();
    if length.is_some_and(|length| length > asked.host.max_bytes) {
        return Err(Failure::TooLarge { url: shown(&asked.url), max_bytes: asked.host.max_bytes });
    }
    Ok(Fetched::Response(Response {
        status: if answer.status() == StatusCode::PARTIAL_CONTENT { 206 } else { 200 },
        length,
        content_type: text(header::CONTENT_TYPE),
        validators: Validators { etag: text(header::ETAG), last_modified: text(header::LAST_MODIFIED) },
        content_range: text(header::CONTENT_RANGE),
        accept_ranges: text(header::ACCEPT_RANGES),
        body: Incoming { pieces: Box::pin(answer.bytes_stream()), taken: 0, length, asked }.into_body(),
    }))
}

/// A body that is coming.
struct Incoming {
    pieces: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    taken: u64,
    length: Option<u64>,
    asked: Asked,
}

impl Incoming {
    fn into_body(self) -> Body {
        Box::pin(stream::try_unfold(self, |mut incoming| async move {
            Ok(incoming.next().await?.map(|piece| (piece, incoming)))
        }))
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let Asked { host, url, .. } = &self.asked;
        let Ok(piece) = timeout(host.timeout, self.pieces.next()).await else {
            return Err(Failure::Stalled { url: shown(url), taken: self.taken, waited: host.timeout });
        };
        match piece {
            Some(Ok(piece)) => {
                self.taken = self.taken.saturating_add(piece.len() as u64);
                let fits = self.taken <= host.max_bytes;
                let too_large = || Failure::TooLarge { url: shown(url), max_bytes: host.max_bytes };
                fits.then_some(Some(piece)).ok_or_else(too_large)
            }
            None if self.length.is_none_or(|length| length == self.taken) => Ok(None),
            None | Some(Err(_)) => Err(Failure::Half { url: shown(url), taken: self.taken, length: self.length }),
        }
    }
}

/// What `Retry-After` asks for (RFC 9110, 10.2.3): seconds, or a date, which counts from the answer's own `Date`, so that it
/// does not matter what time it is here.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let wanted = text(header::RETRY_AFTER)?;
    let seconds = if !wanted.is_empty() && wanted.bytes().all(|byte| byte.is_ascii_digit()) {
        wanted.parse().unwrap_or(u64::MAX)
    } else {
        http_date(wanted)?.saturating_sub(http_date(text(header::DATE)?)?)
    };
    Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
}

/// Seconds since 1970 of a date such as `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate of RFC 9110, 5.6.7), from 1970 on.
///
/// Days are counted in years that begin in March, so that the leap day is the last (Howard Hinnant, “chrono-compatible
/// low-level date algorithms”, `days_from_civil`).
fn http_date(text: &str) -> Option<u64> {
    let parts: Vec<&str> = text.split_ascii_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = parts[..] else { return None };
    let months = ["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"];
    let month = (0..12_u64).zip(months).find(|(_, name)| *name == month)?.0;
    let number = |text: &str, from: u64, to: u64| text.parse().ok().filter(|number| (from..=to).contains(number));
    let (day, year) = (number(day, 1, 31)?, number(year, 1970, 9999)? - u64::from(month >= 10));
    let mut times = time.split(':');
    let (hour, minute) = (number(times.next()?, 0, 23)?, number(times.next()?, 0, 59)?);
    let second = number(times.next()?, 0, 60)?;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

/// How long to wait after so many attempts that failed: 2 s after the first, twice as long after each, 10 minutes at most.
#[must_use]
pub fn back_off(attempts: u32) -> Duration {
    let doubled = 1_u64.checked_shl(attempts.max(1)).unwrap_or(u64::MAX);
    Duration::from_secs(doubled.min(LONGEST_BACK_OFF))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reqwest::Url;
    use serde::Deserialize;

    use super::{Client, Failure};
    use crate::fetch::{
        guard::{Lookup, System},
        host::{HostSettings, Hosts},
    };

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct File {
        media_host: Vec<HostSettings>,
    }

    /// No test can be a host of the Internet, so that this asks the client alone, and nobody else.
    #[test]
    fn no_host_outside_leads_to_one_that_is_private() {
        let text = "[[media-host]]\nhost = \"cdn.example\"\n[[media-host]]\nhost = \"tracker.example\"\nprivate = true\n\
                    [[media-host]]\nhost = \"other.example\"\n[[media-host]]\nhost = \"render.example\"\nprivate = true";
        let hosts = Hosts::new(&toml::from_str::<File>(text).unwrap().media_host).unwrap();
        let lookup: Arc<dyn Lookup> = Arc::new(System);
        let client = Client::new(Arc::new(hosts), &lookup).unwrap();
        let url = |name: &str| Url::parse(&format!("https://{name}.example/a.png")).unwrap();
        for (from, to, may) in [
            ("cdn", "tracker", false),
            ("cdn", "other", true),
            ("cdn", "cdn", true),
            ("tracker", "cdn", true),
            ("tracker", "render", true),
            ("tracker", "tracker", true),
        ] {
            let (from, to) = (url(from), url(to));
            let host = client.host_of(&from).unwrap();
            let expected = if may { Ok(()) } else { Err(Failure::Inward(to.to_string())) };
            assert_eq!(client.host_of_target(host, &from, &to).map(drop), expected, "{from} {to}");
        }
    }
}
