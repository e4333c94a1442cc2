//! `demo`.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use clap::Args;

use super::{
    Common,
    attach::{Opener, Source, attach},
    import::write,
    say, told_to_stop,
};
use crate::{
    access::Openness,
    config::{LISTEN, LayoutChoice},
    demo::{self, DemoProject, production},
    http::Parts,
    layout::Layout,
    media::intake::Refused,
    model::{Id, Kind, fault::At, scope::Key, wire::Reader},
    page::{self, Page},
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
    /// Which page to show: that of Watchtower 1.0 (auto, v1), or the classic one
    #[arg(long, default_value = "auto")]
    layout: LayoutChoice,
    /// Keep changing statuses, to watch the page follow
    #[arg(long)]
    busy: bool,
    /// Seconds between two changes of a busy demo
    #[arg(long, default_value_t = 1.5, value_name = "SECONDS", value_parser = seconds)]
    every: f64,
}

/// Reads a time between a hundredth of a second and a day.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.01..=86_400.0).contains(seconds));
    seconds.ok_or_else(|| "a number of seconds from 0.01 to 86400".to_owned())
}

/// So many pictures of the demo are painted before the page is told.
const AT_A_TIME: usize = 16;

/// The file that says that a folder is a demo's, and may be made anew.
const MARK: &str = "this-is-a-demo";

impl Demo {
    pub(super) async fn run(self, common: &Common) -> anyhow::Result<()> {
        let stop = told_to_stop();
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
        let layout = page.as_ref().map_or(Layout::V1, |page| page.layout);
        let site = SiteOptions { listen: self.listen, layout, page, live: true, tls: None };
        // There is nothing in it to be kept from anyone.
        let openness = Openness { is_anonymous: !self.listen.ip().is_loopback(), ..Openness::default() };
        let options = Options { openness, ..Options::usual(vec![site]) };
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
        tokio::spawn(paint(std::sync::Arc::downgrade(&server.parts())));
        if self.busy {
            tokio::spawn(keep_busy(std::sync::Arc::downgrade(&server.parts()), Duration::from_secs_f64(self.every)));
        }
        server.run(stop).await?;
        Ok(())
    }

    async fn page(&self, folder: &DataFolder) -> anyhow::Result<Page> {
        let (source, frontend) = (self.frontend.clone(), folder.frontend());
        let layout = self.layout.chosen();
        if source.is_none() {
            say("Looking for the Watchtower page (the wheel watchtower-pipeline, by pip) …")?;
        }
        let install = move || {
            let source = match source {
                Some(source) => source,
                None => page::fetch(layout.unwrap_or(Layout::V1), &frontend)?,
            };
            page::install(&source, &frontend, layout)
        };
        Ok(tokio::task::spawn_blocking(install).await??)
    }
}

/// Sends the production through the same door as any tracker's: how it began, what happened since, and how it is now.
async fn fill(parts: &Parts) -> anyhow::Result<()> {
    write(&parts.writer, |reader| reader.context(production::context(), At::Root)).await?;
    let mut revision = 0;
    for DemoProject { id, beginning, history, present } in demo::projects((parts.clock)()) {
        let id = Id::parse(&id)?;
        let put = |reader: &mut Reader, body| drop(reader.put(None, Kind::Project, Some(&id), body, At::Root));
        write(&parts.writer, |reader| put(reader, beginning)).await?;
        write(&parts.writer, |reader| reader.batch(history, At::Root)).await?;
        revision = write(&parts.writer, |reader| put(reader, present)).await?.revision;
    }
    parts.publisher.published(revision).await.map_err(anyhow::Error::msg)
}

/// Paints the pictures and movies, and gives them to their entities as any upload. It takes a few seconds, in which the page
/// fills before one's eyes.
async fn paint(parts: std::sync::Weak<Parts>) {
    let mut media = demo::media().into_iter().peekable();
    while media.peek().is_some() {
        // The server is not to be kept alive by its painter.
        let Some(parts) = parts.upgrade() else { return };
        let files = media.by_ref().take(AT_A_TIME).map(|(key, paint)| {
            let open: Opener = Box::new(move || Ok(Box::new(std::io::Cursor::new(paint())) as Source));
            (key, open)
        });
        let warn = |key: &Key, refused: Option<&Refused>| {
            if let Some(refused) = refused {
                tracing::warn!(id = %key.id, %refused, "a picture of the demo was refused");
            }
        };
        if let Err(error) = attach(&parts.writer, &parts.media, files.collect(), warn).await {
            tracing::warn!(%error, "the demo goes on without its pictures");
            return;
        }
    }
}

/// Goes on changing statuses, until the server stops.
async fn keep_busy(parts: std::sync::Weak<Parts>, every: Duration) {
    for step in 0.. {
        tokio::time::sleep(every).await;
        // The server is not to be kept alive by its busy demo.
        let Some(parts) = parts.upgrade() else { return };
        let changed = write(&parts.writer, |reader| reader.change(production::next_change(step), At::Root)).await;
        if let Err(error) = changed {
            tracing::warn!(%error, "the busy demo's change was refused");
        }
    }
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
