//! `check`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::{
    Common, say,
    serve::{install, layout_of},
};
use crate::{
    config::Settings,
    model::problems::problems,
    server::{Core, DataFolder},
    writer::system_clock,
};

/// Arguments of `check`: those of `serve`.
#[derive(Debug, Args)]
pub struct Check {
    /// Configuration file (TOML)
    #[arg(long, env = "WATCHTOWER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

impl Check {
    pub(super) async fn run(self, common: &Common) -> anyhow::Result<()> {
        let settings = self.settings.or_from(self.config.as_deref())?;
        let listen = settings.address()?;
        let folder = DataFolder::take(&common.data_dir())?;
        let page = install(&settings, &folder).await?;
        let layout = layout_of(&settings, page.as_ref());
        say(&format!(
            "configuration: listens on {listen}, {} layout, {} page",
            layout.name(),
            if page.is_some() { "with a" } else { "without a" }
        ))?;
        let core = Core::open(&folder.database(), system_clock()).await?;
        core.store.check().await.context("the database is damaged; restore a backup")?;
        let context = core.studio.context();
        for (id, project) in context.projects() {
            let contents = core.studio.scope(id).await?;
            layout.project_files(&context, id, &contents)?;
            let problems = problems(&context, id, &contents).len();
            say(&format!("project {id} ({}): revision {}, {problems} problems", project.name, contents.revision))?;
        }
        say(&format!("data: {} projects, all readable", context.projects().count()))?;
        core.close().await?;
        Ok(())
    }
}
