//! `serve`.

use std::path::PathBuf;

use clap::Args;

use super::{Common, say, told_to_stop};
use crate::{
    config::Settings,
    layout::Layout,
    page::{self, Page},
    server::{DataFolder, Options, Server},
    writer::system_clock,
};

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Configuration file (TOML), with the settings below under the same names
    #[arg(long, env = "WATCHTOWER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

impl Serve {
    pub(super) async fn run(self, common: &Common) -> anyhow::Result<()> {
        let settings = self.settings.or_from(self.config.as_deref())?;
        let listen = settings.address()?;
        let folder = DataFolder::take(&common.data_dir())?;
        let page = install(&settings, &folder).await?;
        let layout = layout_of(&settings, page.as_ref());
        let options = Options { listen, layout, page, mode: settings.mode(), max_body: settings.max_body() };
        let server = Server::start(folder, options, system_clock()).await?;
        tracing::warn!("everyone who reaches this address can read and write");
        say(&format!("Watchtower Server listens on http://{}", server.address()))?;
        server.run(told_to_stop()).await?;
        Ok(())
    }
}

/// Installs the page that was named, if one was.
pub(super) async fn install(settings: &Settings, folder: &DataFolder) -> anyhow::Result<Option<Page>> {
    let Some(source) = settings.frontend.clone() else { return Ok(None) };
    let (frontend, layout) = (folder.frontend(), settings.chosen_layout());
    let page = tokio::task::spawn_blocking(move || page::install(&source, &frontend, layout)).await??;
    let version = page.version.as_deref().unwrap_or("unknown");
    tracing::info!(page.version = version, layout = page.layout.name(), "page installed");
    Ok(Some(page))
}

/// The layout that was named; else the one that the page needs; else classic.
pub(super) fn layout_of(settings: &Settings, page: Option<&Page>) -> Layout {
    settings.chosen_layout().unwrap_or_else(|| page.map_or(Layout::Classic, |page| page.layout))
}
