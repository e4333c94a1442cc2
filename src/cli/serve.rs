//! `serve`.

mod manager;
mod reload;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use reload::Reload;

use super::{Common, say, told_to_stop};
use crate::{
    access::Access,
    config::{Settings, SiteSettings},
    layout::Layout,
    listen::files,
    page::{self, Page},
    server::{DataFolder, Server, SiteOptions},
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
        let stop = told_to_stop();
        // From the beginning, since without being listened for this signal ends the process.
        let hangups = signal(SignalKind::hangup()).ok();
        let settings = self.settings.clone().or_from(self.config.as_deref())?;
        let reload = Reload::new(self.config, self.settings)?;
        let sites = settings.sites()?;
        let folder = DataFolder::take(&common.data_dir())?;
        let sites = install_all(sites, &folder.frontend()).await?;
        let mut options = settings.options(sites);
        options.limits.connections = files::make_room_for(options.limits.connections);
        let schemes: Vec<_> =
            options.sites.iter().map(|site| if site.tls.is_some() { "https" } else { "http" }).collect();
        let server = Server::start(folder, options, system_clock()).await?;
        tell_who_may(&server.parts().access).await?;
        let addresses = server.addresses()?.into_iter().zip(schemes);
        for ((address, scheme), site) in addresses.zip(&server.parts().sites) {
            let layout = site.target.layout().name();
            say(&format!("Watchtower Server listens on {scheme}://{address} ({layout} layout)"))?;
        }
        tokio::spawn(reload.run(hangups, Arc::downgrade(&server.parts())));
        manager::ready(&server.parts());
        let stop = async {
            stop.await;
            manager::stopping();
        };
        server.run(stop).await?;
        Ok(())
    }
}

/// Says in the log what those may who have no token.
async fn tell_who_may(access: &Access) -> anyhow::Result<()> {
    if access.is_open().await? {
        tracing::warn!(
            "there are no tokens: everyone who reaches this address can read and write. The first one closes the server: \
             watchtower-server token create --name admin --rights admin"
        );
    } else if access.openness().is_reading_public {
        tracing::info!("everyone who reaches this address can see what the page shows");
    }
    Ok(())
}

/// Installs the pages of all sites; those that are packed, into a folder.
pub(super) async fn install_all(
    sites: Vec<(SocketAddr, SiteSettings)>,
    frontend: &Path,
) -> anyhow::Result<Vec<SiteOptions>> {
    let mut installed = Vec::with_capacity(sites.len());
    for (listen, site) in sites {
        let page = install(&site, frontend).await?;
        // The layout that was named; else the one that the page needs; else classic.
        let needed = page.as_ref().map_or(Layout::Classic, |page| page.layout);
        let layout = site.chosen_layout().unwrap_or(needed);
        let tls = site.tls().with_context(|| format!("cannot serve {listen} by TLS"))?;
        installed.push(SiteOptions { listen, layout, page, live: site.live == Some(true), tls });
    }
    Ok(installed)
}

/// Installs the page that was named, if one was.
async fn install(site: &SiteSettings, frontend: &Path) -> anyhow::Result<Option<Page>> {
    let Some(source) = site.frontend.clone() else { return Ok(None) };
    let (frontend, layout) = (frontend.to_owned(), site.chosen_layout());
    let page = tokio::task::spawn_blocking(move || page::install(&source, &frontend, layout)).await??;
    let version = page.version.as_deref().unwrap_or("unknown");
    tracing::info!(page.version = version, layout = page.layout.name(), "page installed");
    Ok(Some(page))
}
