//! `import`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::{Common, say};
use crate::{
    import,
    model::{Id, Kind, fault::At, wire::Reader},
    server::{Core, DataFolder, Error},
    writer::{Outcome, Refused, Request, Writer, system_clock},
};

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// Folder of the tree: the root of a site, or its data
    dir: PathBuf,
    /// Push to a running server instead of the data folder
    #[arg(long, env = "WATCHTOWER_URL", value_name = "URL")]
    url: Option<String>,
}

impl Import {
    pub(super) async fn run(self, common: &Common) -> anyhow::Result<()> {
        let tree = import::read(&self.dir)?;
        say(&format!("{}: a {} tree with {} projects", self.dir.display(), tree.layout.name(), tree.projects.len()))?;
        match &self.url {
            Some(url) => over_http(tree, url).await,
            None => into_folder(tree, common).await,
        }
    }
}

async fn over_http(tree: import::Import, url: &str) -> anyhow::Result<()> {
    let client = reqwest::Client::new();
    let api = url.trim_end_matches('/');
    let put = async |path: String, body: Value| -> anyhow::Result<Outcome> {
        let response = client.put(format!("{api}{path}")).json(&body).send().await?;
        let status = response.status();
        let text = response.text().await?;
        anyhow::ensure!(status.is_success(), "{path} was refused: {status}\n{text}");
        Ok(serde_json::from_str(&text)?)
    };
    if let Some(context) = tree.context {
        report("context", &put("/api/context".to_owned(), context).await?)?;
    }
    each(tree.projects, async |id, project| put(format!("/api/projects/{id}/snapshot"), project).await).await
}

async fn into_folder(tree: import::Import, common: &Common) -> anyhow::Result<()> {
    let folder = DataFolder::take(&common.data_dir()).map_err(|error| match error {
        Error::InUse(_) => anyhow::anyhow!("{error}: say --url with its address"),
        other => other.into(),
    })?;
    let core = Core::open(&folder.database(), system_clock()).await?;
    if let Some(context) = tree.context {
        let outcome = write(&core.writer, |reader| reader.context(context, At::Root)).await;
        report("context", &outcome.context("the context was refused, and nothing imported")?)?;
    }
    let imported = each(tree.projects, async |id, project| {
        let put = |reader: &mut Reader| drop(reader.put(None, Kind::Project, Some(&id), project, At::Root));
        write(&core.writer, put).await
    });
    let imported = imported.await;
    core.close().await?;
    imported
}

/// Imports one project after the other, with a bar on a terminal.
async fn each(
    projects: Vec<(Id, Value)>,
    mut put: impl AsyncFnMut(Id, Value) -> anyhow::Result<Outcome>,
) -> anyhow::Result<()> {
    let bar = ProgressBar::new(projects.len() as u64);
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?);
    for (id, project) in projects {
        bar.set_message(id.to_string());
        let outcome = put(id.clone(), project).await.with_context(|| format!("project {id}"))?;
        bar.suspend(|| report(&format!("project {id}"), &outcome))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Has a body written, as if it had come over HTTP.
pub(super) async fn write(writer: &Writer, read: impl FnOnce(&mut Reader)) -> anyhow::Result<Outcome> {
    let mut reader = Reader::default();
    read(&mut reader);
    let Reader { changes, findings, generated, .. } = reader;
    let refused = |faults: Vec<crate::model::fault::Fault>| {
        let lines = faults.iter().take(20).map(|fault| format!("\n  {}: {}", fault.pointer, fault.detail));
        anyhow::anyhow!("{} faults:{}", faults.len(), lines.collect::<String>())
    };
    if !findings.is_sound() {
        return Err(refused(findings.into_result().err().unwrap_or_default()));
    }
    let request = Request { changes, findings, generated, actor: "import".to_owned(), ..Request::default() };
    writer.write(request).await.map_err(|error| match error {
        Refused::Faults(faults) => refused(faults),
        other => other.into(),
    })
}

fn report(what: &str, outcome: &Outcome) -> anyhow::Result<()> {
    let Outcome { created, updated, deleted, unchanged, warnings, .. } = outcome;
    say(&format!("{what}: {created} created, {updated} updated, {deleted} deleted, {unchanged} unchanged"))?;
    for warning in warnings {
        say(&format!("  warning: {} ({} times, first at {})", warning.detail, warning.count, warning.pointer))?;
    }
    Ok(())
}
