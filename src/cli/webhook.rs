//! `webhook`: trying mappings, without a server.

use std::{fs, path::PathBuf};

use anyhow::Context;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use clap::{Args, Subcommand};

use super::{Common, say};
use crate::{
    config::Settings,
    server::{Core, database_of},
    webhook::{Mapping, PRESETS, Sources, Trial, filter, preset, trial},
    writer::system_clock,
};

/// Arguments of `webhook`.
#[derive(Debug, Args)]
pub struct Webhook {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what a delivery would change, and change nothing
    Test(Test),
    /// Print a built-in mapping, to alter it
    Preset {
        /// Its name; without one, all names are printed
        name: Option<String>,
    },
}

#[derive(Debug, Args)]
struct Test {
    /// The source, as the configuration calls it
    source: String,
    /// The body of a delivery, as the tracker sends it
    file: PathBuf,
    /// Configuration file (TOML) that has the source
    #[arg(long, env = "WATCHTOWER_CONFIG", value_name = "FILE")]
    config: PathBuf,
    /// A header of the delivery, if the mapping looks at it; repeatable
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(HeaderName, HeaderValue)>,
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("a header is a name, a colon and a value")?;
    let name = HeaderName::try_from(name.trim()).map_err(|error| error.to_string())?;
    Ok((name, HeaderValue::try_from(value.trim()).map_err(|error| error.to_string())?))
}

impl Webhook {
    pub(super) async fn run(self, common: &Common) -> anyhow::Result<()> {
        match self.command {
            Command::Test(test) => test.run(common).await,
            Command::Preset { name: None } => PRESETS.iter().try_for_each(|(name, _)| say(name)),
            Command::Preset { name: Some(name) } => {
                let names = || PRESETS.map(|(name, _)| name).join(", ");
                let text =
                    preset(&name).with_context(|| format!("there is no mapping {name:?}; there are {}", names()))?;
                say(text.trim_end())
            }
        }
    }
}

impl Test {
    async fn run(self, common: &Common) -> anyhow::Result<()> {
        let settings = Settings::default().or_from(Some(&self.config))?;
        let sources = Sources::new(&settings.webhook, &settings.folder)
            .map_err(|faults| anyhow::anyhow!(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
        let source = sources.get(&self.source).with_context(|| {
            let names: Vec<_> = sources.iter().map(|source| format!("{:?}", source.name())).collect();
            format!("the configuration has no source {:?}; there are {}", self.source, names.join(", "))
        })?;
        let body = fs::read_to_string(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        serde_json::from_str::<serde::de::IgnoredAny>(&body)
            .with_context(|| format!("{} is not JSON", self.file.display()))?;
        let headers: HeaderMap = self.header.into_iter().collect();
        let headers = serde_json::to_string(&source.verifier().redacted(&headers))?;
        let mut mapping = Mapping::new(source.program(), &filter::executable()?);
        let tried = on_data(common, &mut mapping, (&headers, &body)).await?;
        say(&serde_json::to_string_pretty(&tried)?)?;
        anyhow::ensure!(tried.is_sound(), "this delivery would not be applied");
        Ok(())
    }
}

/// Tries a delivery on the data folder, which a server may be using: nothing is written.
async fn on_data(common: &Common, mapping: &mut Mapping, delivery: (&str, &str)) -> anyhow::Result<Trial> {
    let database = database_of(&common.data_dir());
    anyhow::ensure!(
        database.is_file(),
        "there is no data in {}: name the server's folder with --data-dir",
        common.data_dir().display()
    );
    let core = Core::open_beside(&database, system_clock()).await?;
    let tried = trial(mapping, &core.studio.context(), &core.writer, delivery).await;
    core.close().await?;
    Ok(tried)
}
