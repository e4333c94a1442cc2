//! Settings of `serve`: from the command line, the environment, or a TOML file, in this order.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Deserialize;

use crate::{layout::Layout, publish::Mode};

/// The address that is listened on if none is named.
pub const LISTEN: &str = "127.0.0.1:8080";

/// Which layout a tree has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayoutChoice {
    /// The one that the installed page needs; classic without a page.
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

/// The settings of `serve`, under the same names in all three places.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, env = "WATCHTOWER_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// The Watchtower page: a folder, or the watchtower-pipeline wheel
    #[arg(long, env = "WATCHTOWER_FRONTEND", value_name = "PATH")]
    pub frontend: Option<PathBuf>,
    /// Layout of the tree [default: auto]
    #[arg(long, env = "WATCHTOWER_LAYOUT")]
    pub layout: Option<LayoutChoice>,
    /// When to render [default: auto]
    #[arg(long, env = "WATCHTOWER_RENDER")]
    pub render: Option<RenderChoice>,
    /// Largest body that is taken, in bytes [default: 268435456]
    #[arg(long, env = "WATCHTOWER_MAX_BODY", value_name = "BYTES")]
    pub max_body: Option<usize>,
    /// Listen on other addresses than loopback although everyone there can then read and write
    #[arg(long, env = "WATCHTOWER_ALLOW_ANONYMOUS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub allow_anonymous: Option<bool>,
}

impl Settings {
    /// The same, with what is not set taken from a file.
    pub fn or_from(self, file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = file else { return Ok(self) };
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read the configuration {}", path.display()))?;
        let file: Self = toml::from_str(&text).with_context(|| format!("in the configuration {}", path.display()))?;
        Ok(Self {
            listen: self.listen.or(file.listen),
            frontend: self.frontend.or(file.frontend),
            layout: self.layout.or(file.layout),
            render: self.render.or(file.render),
            max_body: self.max_body.or(file.max_body),
            allow_anonymous: self.allow_anonymous.or(file.allow_anonymous),
        })
    }

    /// The largest body that is taken, in bytes.
    #[must_use]
    pub fn max_body(&self) -> usize {
        self.max_body.unwrap_or(256 * 1024 * 1024)
    }

    /// When the tree is rendered.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.render.map_or(Mode::Auto, Mode::from)
    }

    /// The layout that was named, if one was.
    #[must_use]
    pub fn chosen_layout(&self) -> Option<Layout> {
        self.layout.and_then(LayoutChoice::chosen)
    }

    /// The address to listen on: loopback, unless being open to others was asked for.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        let address = match self.listen {
            Some(address) => address,
            None => LISTEN.parse()?,
        };
        anyhow::ensure!(
            address.ip().is_loopback() || self.allow_anonymous == Some(true),
            "on {address} everyone who reaches this machine could read and change everything; put a proxy that asks who they \
             are in front of a loopback address, or say --allow-anonymous"
        );
        Ok(address)
    }
}
