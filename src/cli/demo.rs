//! `demo`.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Args;

use super::{Common, import::write, say, told_to_stop};
use crate::{
    config::LISTEN,
    demo::production,
    http::Parts,
    layout::Layout,
    model::{Id, Kind, fault::At, wire::Reader},
    page::{self, Page},
    publish::Mode,
    server::{DataFolder, Error, Options, Server, SiteOptions},
    writer::system_clock,
};

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Address to listen on; if it is taken, a free port is
    #[arg(long, default_value = LISTEN, value_name = "ADDRESS")]
    listen: SocketAddr,
    /// The Watchtower page, a folder or the wheel; without it, pip downloads the wheel
    #[arg(long, env = "WATCHTOWER_FRONTEND", value_name = "PATH")]
    frontend: Option<PathBuf>,
}

/// The file that says that a folder is a demo's, and may be made anew.
const MARK: &str = "this-is-a-demo";

impl Demo {
    pub(super) async fn run(self, common: &Common) -> anyhow::Result<()> {
        let dir = common.data_dir.clone().unwrap_or_else(|| PathBuf::from("./watchtower-demo"));
        let folder = fresh_folder(&dir)?;
        let page = self.page(&folder).await;
        let page = match page {
            Ok(page) => Some(page),
            Err(error) => {
                say(&format!("The page is missing, so the demo shows the data only.\n{error:#}"))?;
                None
            }
        };
        let layout = page.as_ref().map_or(Layout::Classic, |page| page.layout);
        let site = SiteOptions { listen: self.listen, layout, page, live: true };
        let options = Options { sites: vec![site], mode: Mode::Auto, max_body: 256 * 1024 * 1024 };
        let server = match Server::start(folder, options.clone(), system_clock()).await {
            Err(Error::Listen { .. }) => {
                let mut options = options;
                for site in &mut options.sites {
                    site.listen.set_port(0);
                }
                Server::start(DataFolder::take(&dir)?, options, system_clock()).await?
            }
            started => started?,
        };
        fill(&server.parts()).await?;
        let address = server.addresses()?.first().copied().context("no address")?;
        say(&format!("\nWatchtower shows an example production at\n\n    http://{address}/\n\nCtrl-C stops it."))?;
        server.run(told_to_stop()).await?;
        Ok(())
    }

    async fn page(&self, folder: &DataFolder) -> anyhow::Result<Page> {
        let (source, frontend) = (self.frontend.clone(), folder.frontend());
        if source.is_none() {
            say("Looking for the Watchtower page (the wheel watchtower-pipeline, by pip) …")?;
        }
        let install = move || {
            let source = match source {
                Some(source) => source,
                None => page::fetch(Layout::Classic, &frontend)?,
            };
            page::install(&source, &frontend, None)
        };
        Ok(tokio::task::spawn_blocking(install).await??)
    }
}

/// Sends the production through the same door as any tracker's.
async fn fill(parts: &Parts) -> anyhow::Result<()> {
    let mut outcome = write(&parts.writer, |reader| reader.context(production::context(), At::Root)).await?;
    for snapshot in production::snapshots() {
        let id = snapshot["id"].as_str().unwrap_or_default();
        let id = Id::parse(id)?;
        let put = |reader: &mut Reader| drop(reader.put(None, Kind::Project, Some(&id), snapshot, At::Root));
        outcome = write(&parts.writer, put).await?;
    }
    parts.publisher.published(outcome.revision).await.map_err(anyhow::Error::msg)
}

/// The demo's folder without what an earlier demo left, but with the page that it downloaded.
fn fresh_folder(dir: &Path) -> anyhow::Result<DataFolder> {
    let mark = dir.join(MARK);
    let is_empty = fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
    anyhow::ensure!(
        is_empty || mark.is_file(),
        "{} is not a demo's folder: name another with --data-dir",
        dir.display()
    );
    let folder = DataFolder::take(dir)?;
    fs::write(&mark, "")?;
    for name in ["watchtower.db", "watchtower.db-wal", "watchtower.db-shm"] {
        if let Err(error) = fs::remove_file(dir.join(name))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error).with_context(|| format!("cannot remove {name} of an earlier demo"));
        }
    }
    Ok(folder)
}
