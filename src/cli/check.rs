//! `check`: it works beside a running server, and writes nothing.

use std::{
    env, fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process,
    sync::Arc,
};

use anyhow::Context;
use clap::Args;

use super::{Common, say, serve::install_all};
use crate::{
    access,
    config::Settings,
    fetch::Fetches,
    layout::{Layout, Look},
    media::store::MediaStore,
    model::{
        Kind,
        problems::{Circumstances, problems},
        scope::Scope,
        time::day_of,
    },
    notify::Hooks,
    server::{Core, Error, SiteOptions, database_of, media_of, refuse_open},
    store,
    webhook::{self, Sources, filter},
    writer::{Clock, system_clock},
};

/// What is said where there are no tokens.
const NO_TOKENS: &str = "tokens: none, everyone who reaches the server can read and write";

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
        let fetches = Fetches::new(&settings.media_host)?;
        Hooks::new(&settings.publish_hook).map_err(Error::PublishHooks)?;
        let sources = Sources::new(&settings.webhook, &settings.folder).map_err(Error::Webhooks)?;
        let faults = webhook::faults(&sources, &filter::executable()?).await;
        anyhow::ensure!(faults.is_empty(), "{}", faults.join("\n"));
        let scratch = Scratch::new()?;
        let sites = install_all(settings.sites()?, &scratch.0).await?;
        for site in &sites {
            let (layout, page) = (site.layout.name(), if site.page.is_some() { "with a" } else { "without a" });
            say(&format!("configuration: listens on {}, {layout} layout, {page} page", site.listen))?;
        }
        say(&format!(
            "configuration: {} sources of webhooks, {} publish hooks, {} media hosts",
            settings.webhook.len(),
            settings.publish_hook.len(),
            settings.media_host.len()
        ))?;
        let (data_dir, clock) = (common.data_dir(), system_clock());
        let open = || refuse_open(sites.iter().map(|site| site.listen), settings.openness());
        let core = match Core::open_beside(&database_of(&data_dir), clock.clone()).await {
            Err(store::Error::Absent(database)) => {
                open()?;
                say(NO_TOKENS)?;
                return say(&format!("data: none yet, there is no database {}", database.display()));
            }
            Err(store::Error::Older { found, known, .. }) => {
                return say(&format!(
                    "data: of an older version, which the server upgrades when it starts (schema {found}, then {known})"
                ));
            }
            core => core?,
        };
        core.store.check().await?;
        let tokens = access::all(&core.store).await?;
        if tokens.is_empty() {
            open()?;
        }
        let valid = tokens.iter().filter(|token| token.is_valid(clock())).count();
        say(&if tokens.is_empty() { NO_TOKENS.to_owned() } else { format!("tokens: {valid} that are valid") })?;
        let checked = data(&core, &sites, &fetches, &clock, &media_of(&data_dir)).await;
        core.close().await?;
        checked
    }
}

/// Checks that all can be rendered, and that no file is missing that something refers to.
async fn data(
    core: &Core,
    sites: &[SiteOptions],
    fetches: &Arc<Fetches>,
    clock: &Clock,
    media: &Path,
) -> anyhow::Result<()> {
    let context = core.studio.context();
    let store = MediaStore::at(media);
    let is_classic = sites.iter().any(|site| site.layout == Layout::Classic);
    let mut missing = missing_files(&context, &store);
    for (id, project) in context.projects() {
        let contents = core.studio.scope(id).await?;
        for site in sites {
            let look = Look { today: day_of(clock()), ..fetches.look(false) };
            site.layout.project_files(&context, id, &contents, &look)?;
        }
        let is_kept = |hash| store.has(hash);
        let circumstances = Circumstances { fetching: &|url| fetches.fetching(url), is_kept: &is_kept, is_classic };
        let problems = problems(&context, id, &contents, circumstances).len();
        say(&format!("project {id} ({}): revision {}, {problems} problems", project.name, contents.revision))?;
        let lost = missing_files(&contents, &store);
        missing.extend(lost.into_iter().map(|file| format!("{file} of the project {id}")));
    }
    say(&format!("data: {} projects, all readable", context.projects().count()))?;
    anyhow::ensure!(
        missing.is_empty(),
        "{} pictures and movies are missing in {}: restore them from a backup, or send them again\n  {}",
        missing.len(),
        media.display(),
        missing.join("\n  ")
    );
    Ok(())
}

/// The pictures and movies of a scope that should be in the media store, and are not.
fn missing_files(scope: &Scope, store: &MediaStore) -> Vec<String> {
    let mut missing = Vec::new();
    for kind in Kind::WITH_MEDIA {
        for (id, record) in scope.list(*kind).iter() {
            if record.entity.needed_files().any(|hash| !store.has(hash)) {
                missing.push(format!("{} of the {} {id}", kind.medium(), kind.singular()));
            }
        }
    }
    missing
}

/// A folder to unpack pages in, which goes again: that of the server is left alone.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        let path = env::temp_dir().join(format!("watchtower-server-check-{}", process::id()));
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It is in the folder for what is temporary.
        let _ = fs::remove_dir_all(&self.0);
    }
}
