//! `render`.

use std::path::{self, Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::{Common, say};
use crate::{
    config::{LayoutChoice, Settings},
    fetch::Fetches,
    layout::Layout,
    media::store::MediaStore,
    model::Id,
    publish::{Sources, Wish, render_in_place, render_to},
    server::{Core, DataFolder, database_of, media_of, tree_of},
    writer::system_clock,
};

/// Arguments of `render`.
#[derive(Debug, Args)]
pub struct Render {
    /// Render only this project, and the lists; may be repeated
    #[arg(long, value_name = "ID", value_parser = |text: &str| Id::parse(text))]
    project: Vec<Id>,
    /// Layout of the tree
    #[arg(long, env = "WATCHTOWER_LAYOUT", default_value = "auto")]
    layout: LayoutChoice,
    /// Folder to render into, as the root of a site: for another web server. A running server is not disturbed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write every file anew
    #[arg(long)]
    force: bool,
    /// Draw a picture for every shot that has none
    #[arg(long, env = "WATCHTOWER_PLACEHOLDERS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    placeholders: Option<bool>,
    /// Configuration file (TOML) of the server, for its media hosts
    #[arg(long, env = "WATCHTOWER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Render {
    pub(super) async fn run(self, common: &Common) -> anyhow::Result<()> {
        let layout = match self.layout.chosen() {
            Some(layout) => layout,
            None => layout_of(&common.data_dir())?,
        };
        // Into the data folder only if no server writes there; elsewhere at any time, since SQLite lets others read.
        let folder = match self.out {
            Some(_) => None,
            None => Some(DataFolder::take(&common.data_dir())?),
        };
        if let Some(out) = &self.out {
            refuse_inside(out, &common.data_dir())?;
        }
        let database = database_of(&common.data_dir());
        anyhow::ensure!(database.is_file(), "there is no database {}", database.display());
        let core = if folder.is_some() {
            Core::open(&database, system_clock()).await?
        } else {
            Core::open_beside(&database, system_clock()).await?
        };
        let out = self.out.clone().or_else(|| folder.as_ref().map(|folder| folder.tree(layout)));
        let out = out.context("neither a folder nor the data folder to render into")?;
        let context = core.studio.context();
        for id in &self.project {
            context.project(id).with_context(|| format!("there is no project {id}"))?;
        }
        let settings = Settings { placeholders: self.placeholders, ..Settings::default() };
        let settings = settings.or_from(self.config.as_deref())?;
        let placeholders = settings.placeholders == Some(true);
        let media = media_of(&common.data_dir());
        let media = if folder.is_some() { MediaStore::open(&media)? } else { MediaStore::at(&media) };
        let sources = Sources {
            studio: core.studio.clone(),
            revision: core.writer.revision(),
            clock: system_clock(),
            media,
            look: Fetches::new(&settings.media_host)?.look(placeholders),
        };
        let wish = Wish { projects: self.project, force: self.force };
        let report = match folder {
            Some(_) => render_in_place(sources, layout, &out, wish).await?,
            None => render_to(sources, layout, &out, wish).await?,
        };
        say(&format!(
            "{}: revision {}, {} files written ({} bytes), {} unchanged, {:.1} ms",
            out.display(),
            report.revision,
            report.files_written,
            report.bytes,
            report.files_unchanged,
            report.milliseconds
        ))?;
        core.close().await?;
        Ok(())
    }
}

/// What is in the data folder is the server's: its own trees are there, and what is in their way goes.
fn refuse_inside(out: &Path, data_dir: &Path) -> anyhow::Result<()> {
    let out = path::absolute(out)?;
    // What is not there yet is not elsewhere by a link either.
    let there = out.ancestors().find_map(|folder| Some((folder, folder.canonicalize().ok()?)));
    let (folder, real) = there.with_context(|| format!("{} cannot be reached", out.display()))?;
    let real = real.join(out.strip_prefix(folder)?);
    let data_dir = data_dir.canonicalize().unwrap_or_else(|_| data_dir.to_owned());
    anyhow::ensure!(
        !real.starts_with(&data_dir),
        "{} is in the data folder {}, which is the server's: name another folder, or leave --out away to render there",
        out.display(),
        data_dir.display()
    );
    Ok(())
}

/// The layout that the server of a data folder renders; classic if it never did.
fn layout_of(data_dir: &Path) -> anyhow::Result<Layout> {
    let mut rendered = Layout::ALL.into_iter().filter(|layout| tree_of(data_dir, *layout).is_dir());
    match (rendered.next(), rendered.next()) {
        (Some(_), Some(_)) => {
            anyhow::bail!("{} has trees of both layouts: name one by --layout", data_dir.display())
        }
        (layout, _) => Ok(layout.unwrap_or(Layout::Classic)),
    }
}
