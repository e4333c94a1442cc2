//! Settings of `serve`: from the command line, the environment, or a TOML file, in this order.

mod file;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    sync::Arc,
};

use anyhow::Context;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use serde::Deserialize;

use crate::{
    access::Openness,
    fetch::host::HostSettings,
    layout::Layout,
    limits::Limits,
    listen::tls::Tls,
    notify::HookSettings,
    publish::Mode,
    server::{Options, SiteOptions},
    webhook::{DeliverySettings, SourceSettings},
};

/// The address that is listened on if none is named.
pub const LISTEN: &str = "127.0.0.1:8080";

/// Which layout a tree has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayoutChoice {
    /// The one that the page needs, or that `render` finds in the data folder; classic where neither says any.
    Auto,
    /// Watchtower 0.1.x.
    Classic,
    /// Watchtower 1.0.
    V1,
}

impl LayoutChoice {
    /// The layout that was named, if one was.
    #[must_use]
    pub fn chosen(self) -> Option<Layout> {
        match self {
            Self::Auto => None,
            Self::Classic => Some(Layout::Classic),
            Self::V1 => Some(Layout::V1),
        }
    }
}

/// When the tree is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RenderChoice {
    /// After every change.
    Auto,
    /// On request: `POST /api/render`.
    Manual,
}

impl From<RenderChoice> for Mode {
    fn from(choice: RenderChoice) -> Self {
        match choice {
            RenderChoice::Auto => Mode::Auto,
            RenderChoice::Manual => Mode::Manual,
        }
    }
}

/// The address of a proxy, or a network of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Proxy(IpNet);

impl FromStr for Proxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.parse().or_else(|_| text.parse().map(|address: IpAddr| IpNet::from(address)));
        parsed.map(Self).map_err(|_| format!("an address or a network, as 10.0.0.7 or 10.0.0.0/8, not {text:?}"))
    }
}

impl TryFrom<String> for Proxy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// The settings of `serve`, under the same names in all three places.
///
/// Several sites come from repeated options, the first `--listen` going with the first `--frontend` and so on, or from
/// `[[site]]` tables in the file.
#[derive(Debug, Clone, Default, Args)]
pub struct Settings {
    /// Address to listen on; repeat it for several sites [default: 127.0.0.1:8080]
    #[arg(long, env = "WATCHTOWER_LISTEN", value_name = "ADDRESS", value_delimiter = ',')]
    pub listen: Vec<SocketAddr>,
    /// The Watchtower page: a folder, or the watchtower-pipeline wheel
    #[arg(long, env = "WATCHTOWER_FRONTEND", value_name = "PATH", value_delimiter = ',')]
    pub frontend: Vec<PathBuf>,
    /// Layout of the tree [default: auto]
    #[arg(long, env = "WATCHTOWER_LAYOUT", value_delimiter = ',')]
    pub layout: Vec<LayoutChoice>,
    /// Let the open page follow every change
    #[arg(long, env = "WATCHTOWER_LIVE", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub live: Option<bool>,
    /// When to render [default: auto]
    #[arg(long, env = "WATCHTOWER_RENDER")]
    pub render: Option<RenderChoice>,
    /// Draw a picture for every shot that has none: its name on the colour of its sequence
    #[arg(long, env = "WATCHTOWER_PLACEHOLDERS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub placeholders: Option<bool>,
    /// Largest body that is taken, in bytes; files aside [default: 268435456]
    #[arg(long, env = "WATCHTOWER_MAX_BODY", value_name = "BYTES")]
    pub max_body: Option<usize>,
    /// Largest picture that is taken, in bytes [default: 67108864]
    #[arg(long, env = "WATCHTOWER_MAX_PICTURE", value_name = "BYTES")]
    pub max_picture: Option<u64>,
    /// Largest movie that is taken, in bytes [default: 17179869184]
    #[arg(long, env = "WATCHTOWER_MAX_MOVIE", value_name = "BYTES")]
    pub max_movie: Option<u64>,
    /// The most connections at a time; for one more, the one that waits longest for a request is closed [default: 4096]
    #[arg(long, env = "WATCHTOWER_MAX_CONNECTIONS", value_name = "NUMBER")]
    pub max_connections: Option<usize>,
    /// The most uploads at a time; more are told to come again [default: 32]
    #[arg(long, env = "WATCHTOWER_MAX_UPLOADS", value_name = "NUMBER")]
    pub max_uploads: Option<usize>,
    /// The most bytes of large bodies in memory at a time; more are told to come again [default: 268435456]
    #[arg(long, env = "WATCHTOWER_MAX_BODIES", value_name = "BYTES")]
    pub max_bodies: Option<usize>,
    /// The most requests a second of one client, twice as many at once; 0 is any number [default: 5000]
    #[arg(long, env = "WATCHTOWER_MAX_RATE", value_name = "NUMBER")]
    pub max_rate: Option<u32>,
    /// A proxy that is believed whom it asks for (X-Forwarded-For): an address or a network; repeat it for several
    #[arg(long, env = "WATCHTOWER_TRUSTED_PROXY", value_name = "ADDRESS", value_delimiter = ',')]
    pub trusted_proxy: Vec<Proxy>,
    /// Serve by TLS, with this certificate (PEM, with those that it is issued by)
    #[arg(long, env = "WATCHTOWER_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The key of the certificate (PEM)
    #[arg(long, env = "WATCHTOWER_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Let everyone see what the page shows, and nothing else: all the rest needs a token all the same
    #[arg(long, env = "WATCHTOWER_PUBLIC_READ", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub public_read: Option<bool>,
    /// So many bytes of the disk stay free: files that would need them are refused. 0 takes all [default: 67108864]
    #[arg(long, env = "WATCHTOWER_MIN_FREE", value_name = "BYTES")]
    pub min_free: Option<u64>,
    /// Without any token, listen on other addresses than loopback, although everyone there can then read and write
    #[arg(long, env = "WATCHTOWER_ALLOW_ANONYMOUS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub allow_anonymous: Option<bool>,
    /// The sites of the file.
    #[arg(skip)]
    pub site: Vec<SiteSettings>,
    /// The hosts of the file that pictures and movies are fetched from.
    #[arg(skip)]
    pub media_host: Vec<HostSettings>,
    /// The sources of webhooks of the file.
    #[arg(skip)]
    pub webhook: Vec<SourceSettings>,
    /// How long deliveries are kept, by the file.
    #[arg(skip)]
    pub deliveries: DeliverySettings,
    /// Who is told what was published, by the file.
    #[arg(skip)]
    pub publish_hook: Vec<HookSettings>,
    /// The folder that the file is in.
    #[arg(skip)]
    pub folder: PathBuf,
}

/// One site: an address, and what is served there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SiteSettings {
    /// Address to listen on.
    pub listen: Option<SocketAddr>,
    /// The page: a folder, or the wheel.
    pub frontend: Option<PathBuf>,
    /// Layout of the tree.
    pub layout: Option<LayoutChoice>,
    /// Whether the page follows every change.
    pub live: Option<bool>,
    /// The certificate, if it is served by TLS.
    pub tls_cert: Option<PathBuf>,
    /// The key of the certificate.
    pub tls_key: Option<PathBuf>,
}

impl SiteSettings {
    /// The certificate with its key, if they are named.
    pub fn tls(&self) -> anyhow::Result<Option<Arc<Tls>>> {
        match (&self.tls_cert, &self.tls_key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(Tls::load(certificate, key)?)),
            _ => anyhow::bail!("tls-cert and tls-key go together: one is missing"),
        }
    }

    /// The layout that was named, if one was.
    #[must_use]
    pub fn chosen_layout(&self) -> Option<Layout> {
        self.layout.and_then(LayoutChoice::chosen)
    }
}

impl Settings {
    /// How the server is to be, with these sites.
    #[must_use]
    pub fn options(&self, sites: Vec<SiteOptions>) -> Options {
        let usual = Options::usual(sites);
        Options {
            mode: self.render.map_or(usual.mode, Mode::from),
            max_body: self.max_body.unwrap_or(usual.max_body),
            max_picture: self.max_picture.unwrap_or(usual.max_picture),
            max_movie: self.max_movie.unwrap_or(usual.max_movie),
            min_free: self.min_free.unwrap_or(usual.min_free),
            placeholders: self.placeholders.unwrap_or(usual.placeholders),
            media_hosts: self.media_host.clone(),
            webhooks: self.webhook.clone(),
            webhook_folder: self.folder.clone(),
            deliveries: self.deliveries,
            openness: self.openness(),
            limits: self.limits(&usual.limits),
            trusted_proxies: self.trusted_proxy.iter().map(|Proxy(network)| *network).collect(),
            publish_hooks: self.publish_hook.clone(),
            ..usual
        }
    }

    fn limits(&self, usual: &Limits) -> Limits {
        Limits {
            connections: self.max_connections.unwrap_or(usual.connections),
            uploads: self.max_uploads.unwrap_or(usual.uploads),
            bodies: self.max_bodies.unwrap_or(usual.bodies),
            rate: self.max_rate.unwrap_or(usual.rate),
            ..usual.clone()
        }
    }

    /// How open the server is to those who have no token.
    #[must_use]
    pub fn openness(&self) -> Openness {
        Openness { is_reading_public: self.public_read == Some(true), is_anonymous: self.allow_anonymous == Some(true) }
    }

    /// The sites, each with an address.
    pub fn sites(&self) -> anyhow::Result<Vec<(SocketAddr, SiteSettings)>> {
        let named = self.listen.len().max(self.frontend.len()).max(self.layout.len());
        if named > 0 && !self.site.is_empty() {
            tracing::warn!(
                "the command line or the environment says listen, frontend or layout: the [[site]] tables of the configuration are passed over"
            );
        }
        let mut sites = if named == 0 && !self.site.is_empty() { self.site.clone() } else { Vec::new() };
        if sites.is_empty() {
            sites = (0..named.max(1))
                .map(|index| SiteSettings {
                    listen: self.listen.get(index).copied(),
                    frontend: self.frontend.get(index).cloned(),
                    layout: self.layout.get(index).copied(),
                    ..SiteSettings::default()
                })
                .collect();
        }
        let usual: SocketAddr = LISTEN.parse()?;
        let alone = sites.len() == 1;
        let mut all = Vec::with_capacity(sites.len());
        for mut site in sites {
            site.live = site.live.or(self.live);
            if site.tls_cert.is_none() && site.tls_key.is_none() {
                (site.tls_cert, site.tls_key) = (self.tls_cert.clone(), self.tls_key.clone());
            }
            let address = site
                .listen
                .or(alone.then_some(usual))
                .context("each of several sites needs an address to listen on")?;
            all.push((address, site));
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Settings;

    fn from_file(text: &str, settings: Settings) -> anyhow::Result<Settings> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("watchtower.toml");
        fs::write(&path, text)?;
        settings.or_from(Some(&path))
    }

    #[test]
    fn several_sites_come_from_repeated_options_or_tables() {
        let two = "[[site]]\nlisten = \"127.0.0.1:1\"\nlayout = \"classic\"\n[[site]]\nlisten = \"127.0.0.1:2\"\nlive = true\n";
        let sites = from_file(two, Settings::default()).unwrap().sites().unwrap();
        assert_eq!(sites.len(), 2);
        assert_eq!((sites[0].1.live, sites[1].1.live), (None, Some(true)));
        let options = Settings { listen: vec!["127.0.0.1:3".parse().unwrap()], ..Settings::default() };
        let sites = from_file(two, options).unwrap().sites().unwrap();
        assert_eq!(sites[0].0.port(), 3, "what the command line says goes before the file");
    }

    #[test]
    fn limits_proxies_and_certificates_come_from_the_file_unless_they_are_named() {
        let file = "max-rate = 7\nmax-uploads = 3\ntrusted-proxy = [\"10.0.0.7\", \"fd00::/8\"]\ntls-cert = \"c\"\ntls-key = \"k\"\n\
            [[site]]\nlisten = \"127.0.0.1:1\"\n[[site]]\nlisten = \"127.0.0.1:2\"\ntls-cert = \"own\"\ntls-key = \"own.key\"\n";
        let settings = from_file(file, Settings { max_rate: Some(0), ..Settings::default() }).unwrap();
        let options = settings.options(Vec::new());
        assert_eq!((options.limits.rate, options.limits.uploads, options.limits.connections), (0, 3, 4096));
        let proxies: Vec<_> = options.trusted_proxies.iter().map(ToString::to_string).collect();
        assert_eq!(proxies, ["10.0.0.7/32", "fd00::/8"]);
        let sites = settings.sites().unwrap();
        let certificates: Vec<_> = sites.iter().map(|(_, site)| site.tls_cert.clone().unwrap()).collect();
        assert_eq!(certificates, ["c", "own"].map(std::path::PathBuf::from));
        let named = Settings { trusted_proxy: vec!["10.0.0.8".parse().unwrap()], ..Settings::default() };
        assert_eq!(from_file(file, named).unwrap().options(Vec::new()).trusted_proxies.len(), 1);
        for wrong in ["trusted-proxy = [\"here\"]", "trusted-proxy = [\"10.0.0.0/33\"]", "max-rate = -1"] {
            assert!(from_file(wrong, Settings::default()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn contradictions_and_typing_errors_are_refused_at_start() {
        for wrong in
            ["lisen = \"127.0.0.1:1\"", "listen = \"here\"", "layout = \"v2\"", "listen = \"127.0.0.1:1\"\n[[site]]\n"]
        {
            assert!(from_file(wrong, Settings::default()).is_err(), "{wrong}");
        }
        let twice =
            Settings { layout: vec![super::LayoutChoice::Classic, super::LayoutChoice::V1], ..Settings::default() };
        assert!(twice.sites().is_err(), "the second site has no address");
    }
}
