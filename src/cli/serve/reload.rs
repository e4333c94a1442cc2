//! Reading the configuration again, on SIGHUP: all of it is taken, or nothing. Certificates are read again in any case: who
//! renews one is not to depend on what somebody else is writing into the file.

use std::{
    fs, iter,
    path::{Path, PathBuf},
    sync::Weak,
};

use anyhow::Context;
use tokio::signal::unix::Signal;
use toml::Table;

use super::{super::received, manager};
use crate::{config::Settings, http::Parts, listen::tls, notify, webhook};

/// The tables of the file that are taken while the server runs. Everything else needs a restart.
const TAKEN: [&str; 2] = ["publish-hook", "webhook"];

/// What the server was started with.
pub struct Reload {
    /// The configuration file.
    config: Option<PathBuf>,
    /// What the command line and the environment say, which goes before the file.
    given: Settings,
    /// What the file said.
    running: Table,
}

impl Reload {
    /// Remembers what a server is started with.
    pub fn new(config: Option<PathBuf>, given: Settings) -> anyhow::Result<Self> {
        let running = config.as_deref().map(table).transpose()?.unwrap_or_default();
        Ok(Self { config, given, running })
    }

    /// Reads the configuration again whenever the signal comes, as long as the server is there.
    pub async fn run(self, mut hangups: Option<Signal>, parts: Weak<Parts>) {
        loop {
            received(&mut hangups).await;
            // The server is not to be kept alive by this.
            let Some(parts) = parts.upgrade() else { return };
            manager::reloading();
            let certificates: Vec<_> = parts.sites.iter().filter_map(|site| site.tls.clone()).collect();
            let renewed = tls::reload(&certificates);
            let configuration = match self.reload(&parts).await {
                Ok(taken) => {
                    tracing::info!("{taken}");
                    taken
                }
                Err(error) => {
                    let reason = format!("{error:#}");
                    tracing::error!(error = reason, "the configuration is not sound: everything stays as it was");
                    format!("the configuration is not sound, and was not taken: {reason}")
                }
            };
            let outcome: Vec<String> = iter::once(configuration).chain(renewed).collect();
            manager::reloaded(&outcome.join("; "));
        }
    }

    /// Takes what the file says now; gives what was done, in words.
    async fn reload(&self, parts: &Parts) -> anyhow::Result<String> {
        let Some(path) = &self.config else {
            return Ok("there is no configuration file to be read again".to_owned());
        };
        let settings = self.given.clone().or_from(Some(path))?;
        settings.sites()?;
        let file = table(path)?;
        let outcome = take(&settings, parts).await?;
        let left = self.needs_restart(&file);
        if !left.is_empty() {
            let keys = left.join(", ");
            tracing::warn!(keys, "these settings are other than when the server was started: they need a restart");
        }
        Ok(outcome)
    }

    /// The keys of the file that are other than when the server was started, and are not taken while it runs.
    fn needs_restart(&self, file: &Table) -> Vec<String> {
        let mut keys: Vec<&String> = self.running.keys().chain(file.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.retain(|key| !TAKEN.contains(&key.as_str()) && self.running.get(*key) != file.get(*key));
        keys.into_iter().cloned().collect()
    }
}

fn table(path: &Path) -> anyhow::Result<Table> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read the configuration {}", path.display()))?;
    // What is wrong with it was said where it was read into settings.
    toml::from_str(&text).ok().with_context(|| format!("the configuration {} is not TOML", path.display()))
}

/// Takes everything that can change while the server runs. What can fail comes first, so that all of it is taken, or nothing;
/// each table that is taken here is named in [`TAKEN`].
async fn take(settings: &Settings, parts: &Parts) -> anyhow::Result<String> {
    let sources = webhook::Sources::new(&settings.webhook, &settings.folder);
    let sources = sources.map_err(crate::server::Error::Webhooks)?;
    // A server that starts takes such a source all the same, so that nothing is refused that its tracker sends. Here the one
    // of before goes on.
    let faults = parts.webhooks.faults(&sources).await;
    anyhow::ensure!(faults.is_empty(), "{}", faults.join("; "));
    let hooks = notify::Hooks::new(&settings.publish_hook).map_err(crate::server::Error::PublishHooks)?;
    let (sources_count, hooks_count) = (sources.iter().count(), settings.publish_hook.len());
    parts.webhooks.replace(sources);
    parts.notices.replace(hooks);
    Ok(format!("the configuration was read again: {sources_count} sources of webhooks, {hooks_count} publish hooks"))
}
