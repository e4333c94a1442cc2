//! `render`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::{Common, say};
use crate::{
    config::LayoutChoice,
    layout::Layout,
    model::Id,
    publish::{Sources, Wish, render_in_place, render_to},
    server::{Core, DataFolder, database_of},
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
}

impl Render {
    pub(super) async fn run(self, common: &Common) -> anyhow::Result<()> {
        let layout = self.layout.chosen().unwrap_or(Layout::Classic);
        // Into the data folder only if no server writes there; elsewhere at any time, since SQLite lets others read.
        let folder = match self.out {
            Some(_) => None,
            None => Some(DataFolder::take(&common.data_dir())?),
        };
        let database = database_of(&common.data_dir());
        anyhow::ensure!(database.is_file(), "there is no database {}", database.display());
        let core = Core::open(&database, system_clock()).await?;
        let out = self.out.clone().or_else(|| folder.as_ref().map(|folder| folder.tree(layout)));
        let out = out.context("neither a folder nor the data folder to render into")?;
        let context = core.studio.context();
        for id in &self.project {
            context.project(id).with_context(|| format!("there is no project {id}"))?;
        }
        let sources = Sources { studio: core.studio.clone(), revision: core.writer.revision(), clock: system_clock() };
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
