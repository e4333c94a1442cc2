//! Files of other servers: pictures and movies that entities name by URL.
//!
//! Only hosts that are configured are ever asked, and by default only at public addresses. Their files are copied (asked for
//! again from time to time, conditionally), or passed on when the page asks, or left alone.

pub mod client;
pub mod copies;
pub mod failure;
pub mod guard;
pub mod host;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use reqwest::Url;
use serde::Serialize;

use crate::{
    layout::Look,
    model::{
        Kind,
        media::{Fetching, Mode, host_of, is_remote, lines_for},
    },
    store::Download,
};

use client::Client;
use guard::{Lookup, identity, shown};
use host::{HostSettings, Hosts, has_credentials};

/// What is known of files of other servers, and the way to them.
pub struct Fetches {
    hosts: Arc<Hosts>,
    client: Client,
    downloads: Mutex<Downloads>,
}

/// Why nothing can be fetched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration of a host is wrong.
    #[error(transparent)]
    Host(#[from] host::Invalid),
    /// There is no client.
    #[error(transparent)]
    Client(#[from] client::Failure),
}

#[derive(Debug, Default)]
struct Downloads {
    /// How each was when it was last asked for, by [`copies::name_of`].
    known: HashMap<String, Download>,
    tally: Tally,
    /// How often a file failed that had not, or came that had failed.
    changes: u64,
}

/// How many files of other servers are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Tally {
    /// Copied, and as they were when they were last asked for.
    pub copied: usize,
    /// To be copied.
    pub waiting: usize,
    /// Being copied.
    pub running: usize,
    /// Not to be had, and tried again from time to time.
    pub failed: usize,
}

impl std::fmt::Debug for Fetches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetches").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

impl Fetches {
    /// The way to these hosts; fails if one of them is not sound.
    pub fn new(settings: &[HostSettings]) -> Result<Arc<Self>, Error> {
        let hosts = Arc::new(Hosts::new(settings)?);
        let lookup: Arc<dyn Lookup> = Arc::new(guard::System);
        let client = Client::new(hosts.clone(), &lookup)?;
        Ok(Arc::new(Self { hosts, client, downloads: Mutex::default() }))
    }

    /// The client that asks them.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What is done about a file.
    #[must_use]
    pub fn mode(&self, url: &str) -> Mode {
        let host = if self.hosts.is_empty() { None } else { Url::parse(url).ok() };
        host.and_then(|url| self.hosts.of(&url).map(|host| host.mode)).unwrap_or(Mode::Keep)
    }

    /// The look of a tree: with what is done about files of other servers.
    #[must_use]
    pub fn look(self: &Arc<Self>, placeholders: bool) -> Look {
        let fetches = self.clone();
        Look { placeholders, mode: Arc::new(move |url| fetches.mode(url)), ..Look::usual(0) }
    }

    /// How far a file has come.
    #[must_use]
    pub fn fetching(&self, url: &str) -> Fetching {
        let Ok(parsed) = Url::parse(url) else { return Fetching::Failed("it is not a URL".to_owned()) };
        match self.hosts.of(&parsed).map(|host| host.mode) {
            None => hopeless(&parsed).map_or(Fetching::Unconfigured, Fetching::Failed),
            Some(Mode::Keep) => Fetching::Kept,
            Some(Mode::Proxy) => Fetching::Fine,
            Some(Mode::Copy) => self.failure(&parsed).map_or(Fetching::Fine, Fetching::Failed),
        }
    }

    /// Why a file could not be copied, whatever it is wanted as.
    fn failure(&self, url: &Url) -> Option<String> {
        let (identity, downloads) = (identity(url), self.downloads());
        let mut known = [Kind::Shot, Kind::Edit].into_iter().filter_map(|kind| {
            let name = copies::name_of(&identity, kind);
            downloads.known.get(&name)
        });
        known.find_map(|known| known.failure.clone())
    }

    /// What is said where a file is named that the page will not show.
    #[must_use]
    pub fn warning(&self, url: &str) -> Option<String> {
        if !is_remote(url) {
            return None;
        }
        let Ok(parsed) = Url::parse(url) else { return Some(format!("{url:?} is not a URL: nothing will be shown")) };
        if self.hosts.of(&parsed).is_some() {
            return None;
        }
        if let Some(reason) = hopeless(&parsed) {
            return Some(format!("{reason}: nothing will be shown"));
        }
        let host = host_of(url);
        let lines = lines_for(host);
        Some(format!(
            "nothing is fetched from {host}, so the page cannot show this; the configuration would have it shown by {lines}"
        ))
    }

    /// How many files are where.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.downloads().tally
    }

    /// How often it has changed what [`Fetches::fetching`] says of files that are copied.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.downloads().changes
    }

    /// The files that could not be copied, at most so many, by name; and why.
    #[must_use]
    pub fn failures(&self, most: usize) -> Vec<(String, String)> {
        let downloads = self.downloads();
        let failed = downloads.known.iter().filter_map(|(name, known)| Some((named(name), known.failure.clone()?)));
        let mut failed: Vec<_> = failed.collect();
        failed.sort_unstable();
        failed.truncate(most);
        failed
    }

    fn downloads(&self) -> MutexGuard<'_, Downloads> {
        self.downloads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether any host's files are copied.
    fn copies_any(&self) -> bool {
        self.hosts.iter().any(|host| host.mode == Mode::Copy)
    }
}

/// Why a file cannot be fetched whatever the configuration is.
fn hopeless(url: &Url) -> Option<String> {
    let failure = match url.scheme() {
        "http" | "https" if has_credentials(url) => client::Failure::Credentials(shown(url)),
        "http" | "https" => return None,
        _ => client::Failure::Scheme(shown(url)),
    };
    Some(failure.to_string())
}

/// A URL as it may be shown in logs and messages.
fn named(url: &str) -> String {
    Url::parse(url).map_or_else(|_| url.to_owned(), |url| shown(&url))
}
