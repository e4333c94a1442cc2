//! `check`.

use std::path::PathBuf;

use clap::Args;

use super::{Common, say, serve::install_all};
use crate::{
    access,
    config::Settings,
    fetch::Fetches,
    layout::{Layout, Look},
    model::{
        problems::{Circumstances, problems},
        time::day_of,
    },
    notify::Hooks,
    server::{Core, DataFolder, Error, refuse_open},
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
        let sites = settings.sites()?;
        let fetches = Fetches::new(&settings.media_host)?;
        Hooks::new(&settings.publish_hook).map_err(Error::PublishHooks)?;
        let clock = system_clock();
        let folder = DataFolder::take(&common.data_dir())?;
        let sites = install_all(sites, &folder).await?;
        for site in &sites {
            let (layout, page) = (site.layout.name(), if site.page.is_some() { "with a" } else { "without a" });
            say(&format!("configuration: listens on {}, {layout} layout, {page} page", site.listen))?;
        }
        let core = Core::open(&folder.database(), clock.clone()).await?;
        core.store.check().await?;
        let tokens = access::all(&core.store).await?;
        if tokens.is_empty() {
            refuse_open(sites.iter().map(|site| site.listen), settings.openness())?;
        }
        let valid = tokens.iter().filter(|token| token.is_valid(clock())).count();
        say(&if tokens.is_empty() {
            "tokens: none, everyone who reaches the server can read and write".to_owned()
        } else {
            format!("tokens: {valid} that are valid")
        })?;
        let context = core.studio.context();
        for (id, project) in context.projects() {
            let contents = core.studio.scope(id).await?;
            for site in &sites {
                site.layout.project_files(
                    &context,
                    id,
                    &contents,
                    &Look { today: day_of(clock()), ..fetches.look(false) },
                )?;
            }
            let is_classic = sites.iter().any(|site| site.layout == Layout::Classic);
            let circumstances = Circumstances { fetching: &|url| fetches.fetching(url), is_classic };
            let problems = problems(&context, id, &contents, circumstances).len();
            say(&format!("project {id} ({}): revision {}, {problems} problems", project.name, contents.revision))?;
        }
        say(&format!("data: {} projects, all readable", context.projects().count()))?;
        core.close().await?;
        Ok(())
    }
}
