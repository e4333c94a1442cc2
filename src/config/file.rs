//! The configuration file: a TOML file with the settings of `serve`, and what has no place on a command line.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde::Deserialize;

use super::{LayoutChoice, Proxy, RenderChoice, Settings, SiteSettings};
use crate::{
    fetch::host::HostSettings,
    notify::HookSettings,
    webhook::{DeliverySettings, SourceSettings},
};

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct ConfigFile {
    listen: Option<SocketAddr>,
    frontend: Option<PathBuf>,
    layout: Option<LayoutChoice>,
    live: Option<bool>,
    render: Option<RenderChoice>,
    placeholders: Option<bool>,
    max_body: Option<usize>,
    max_picture: Option<u64>,
    max_movie: Option<u64>,
    max_connections: Option<usize>,
    max_uploads: Option<usize>,
    max_bodies: Option<usize>,
    max_rate: Option<u32>,
    trusted_proxy: Vec<Proxy>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    public_read: Option<bool>,
    min_free: Option<u64>,
    allow_anonymous: Option<bool>,
    site: Vec<SiteSettings>,
    media_host: Vec<HostSettings>,
    webhook: Vec<SourceSettings>,
    deliveries: DeliverySettings,
    publish_hook: Vec<HookSettings>,
}

/// A fault of the configuration by its place, without the line that it is on, which may hold a secret.
fn fault(text: &str, error: &toml::de::Error) -> anyhow::Error {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    anyhow::anyhow!("line {}: {}", before.matches('\n').count() + 1, error.message())
}

impl Settings {
    /// The same, with what is not set taken from a file.
    pub fn or_from(self, path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(self) };
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read the configuration {}", path.display()))?;
        let file: ConfigFile = toml::from_str(&text)
            .map_err(|error| fault(&text, &error))
            .with_context(|| format!("in the configuration {}", path.display()))?;
        let one = file.listen.is_some() || file.frontend.is_some() || file.layout.is_some();
        anyhow::ensure!(
            !one || file.site.is_empty(),
            "{}: either listen, frontend and layout, or [[site]]",
            path.display()
        );
        let or =
            |set: Vec<PathBuf>, file: Option<PathBuf>| if set.is_empty() { file.into_iter().collect() } else { set };
        Ok(Self {
            listen: if self.listen.is_empty() { file.listen.into_iter().collect() } else { self.listen },
            frontend: or(self.frontend, file.frontend),
            layout: if self.layout.is_empty() { file.layout.into_iter().collect() } else { self.layout },
            live: self.live.or(file.live),
            render: self.render.or(file.render),
            placeholders: self.placeholders.or(file.placeholders),
            max_body: self.max_body.or(file.max_body),
            max_picture: self.max_picture.or(file.max_picture),
            max_movie: self.max_movie.or(file.max_movie),
            max_connections: self.max_connections.or(file.max_connections),
            max_uploads: self.max_uploads.or(file.max_uploads),
            max_bodies: self.max_bodies.or(file.max_bodies),
            max_rate: self.max_rate.or(file.max_rate),
            trusted_proxy: if self.trusted_proxy.is_empty() { file.trusted_proxy } else { self.trusted_proxy },
            tls_cert: self.tls_cert.or(file.tls_cert),
            tls_key: self.tls_key.or(file.tls_key),
            public_read: self.public_read.or(file.public_read),
            min_free: self.min_free.or(file.min_free),
            allow_anonymous: self.allow_anonymous.or(file.allow_anonymous),
            site: file.site,
            media_host: file.media_host,
            webhook: file.webhook,
            deliveries: file.deliveries,
            publish_hook: file.publish_hook,
            folder: path.parent().map(Path::to_owned).unwrap_or_default(),
        })
    }
}
