//! How a server is to be.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use ipnet::IpNet;

use super::Error;
use crate::{
    access::Openness,
    fetch::host::HostSettings,
    layout::Layout,
    limits::Limits,
    listen::tls::Tls,
    notify::{HookSettings, Pace},
    page::Page,
    publish::Mode,
    webhook::{self, DeliverySettings, SourceSettings},
};

/// An address, and what is served there.
#[derive(Debug, Clone)]
pub struct SiteOptions {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The layout of the tree.
    pub layout: Layout,
    /// The page, if one is installed.
    pub page: Option<Page>,
    /// Whether the page follows what is published.
    pub live: bool,
    /// The certificate, if it is served by TLS.
    pub tls: Option<Arc<Tls>>,
}

/// How a server is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// The sites, at least one. Sites of one layout share its tree.
    pub sites: Vec<SiteOptions>,
    /// Whether changes are rendered as they come.
    pub mode: Mode,
    /// The largest body that is taken, in bytes; files aside.
    pub max_body: usize,
    /// The largest picture that is taken, in bytes.
    pub max_picture: u64,
    /// The largest movie that is taken, in bytes.
    pub max_movie: u64,
    /// Files leave so many bytes of the disk free.
    pub min_free: u64,
    /// Whether a shot without a picture gets a drawn one.
    pub placeholders: bool,
    /// The hosts that files are fetched from.
    pub media_hosts: Vec<HostSettings>,
    /// The sources of webhooks.
    pub webhooks: Vec<SourceSettings>,
    /// The folder that files of theirs are in.
    pub webhook_folder: PathBuf,
    /// How long deliveries are kept.
    pub deliveries: DeliverySettings,
    /// This program, for what runs in a process of its own.
    pub program: PathBuf,
    /// How much it takes on.
    pub limits: Limits,
    /// The proxies that are believed whom they ask for.
    pub trusted_proxies: Vec<IpNet>,
    /// How open the server is to those who have no token.
    pub openness: Openness,
    /// Who is told what was published.
    pub publish_hooks: Vec<HookSettings>,
    /// How fast they are told.
    pub hook_pace: Pace,
}

/// Refuses addresses that others reach, of a server that is open to everyone, unless that was asked for.
pub fn refuse_open(listen: impl IntoIterator<Item = SocketAddr>, openness: Openness) -> Result<(), Error> {
    let reached = listen.into_iter().find(|address| !address.ip().is_loopback());
    reached.filter(|_| !openness.is_anonymous).map_or(Ok(()), |address| Err(Error::Open(address)))
}

/// So many bytes of the disk files leave free, if nothing else is said: 64 MiB.
pub const MIN_FREE: u64 = 64 << 20;

impl Options {
    /// The usual limits, with these sites.
    #[must_use]
    pub fn usual(sites: Vec<SiteOptions>) -> Self {
        let (max_body, max_picture, max_movie) = (256 << 20, 64 << 20, 16 << 30);
        Self {
            sites,
            mode: Mode::Auto,
            max_body,
            max_picture,
            max_movie,
            min_free: MIN_FREE,
            placeholders: false,
            media_hosts: Vec::new(),
            webhooks: Vec::new(),
            webhook_folder: PathBuf::new(),
            deliveries: DeliverySettings::default(),
            program: webhook::filter::executable().unwrap_or_default(),
            limits: Limits::default(),
            trusted_proxies: Vec::new(),
            openness: Openness::default(),
            publish_hooks: Vec::new(),
            hook_pace: Pace::default(),
        }
    }
}
