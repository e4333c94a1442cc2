//! `import`.

use std::{env, path::PathBuf};

use anyhow::Context;
use axum::http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::{
    Common,
    attach::{Opener, Source, attach},
    say,
};
use crate::{
    import,
    media::store::MediaStore,
    model::{Id, Kind, fault::At, scope::Key, wire::Reader},
    server::{Core, DataFolder, Error},
    writer::{Outcome, Refused, Request, Writer, system_clock},
};

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// Folder of the tree: the root of a site, or its data
    dir: PathBuf,
    /// Push to a running server instead of the data folder; its token is taken from the variable `WATCHTOWER_TOKEN`
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
    let client = client()?;
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
    each(tree.projects, async |id, project| put(format!("/api/projects/{id}/snapshot"), project).await).await?;
    let bar = bar_of(tree.media.len())?;
    let mut refused = 0;
    for (key, path) in tree.media {
        let file = tokio::fs::File::open(&path).await.with_context(|| path.display().to_string())?;
        let response = client.put(format!("{api}{}", address_of(&key))).body(file).send().await?;
        let status = response.status();
        if !status.is_success() {
            refused += 1;
            let text = response.text().await?;
            bar.suspend(|| say(&format!("  warning: {} was refused: {status}\n{text}", path.display())))?;
        }
        bar.inc(1);
    }
    finish(&bar, refused)
}

/// What asks the server, with the token of the environment: the command line can be read by every user of the machine.
fn client() -> anyhow::Result<reqwest::Client> {
    let mut headers = HeaderMap::new();
    if let Ok(token) = env::var("WATCHTOWER_TOKEN") {
        let value = HeaderValue::try_from(format!("Bearer {token}"));
        let mut value = value.ok().context("WATCHTOWER_TOKEN has characters that no token has")?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(reqwest::Client::builder().default_headers(headers).build()?)
}

/// Where the medium of an entity is uploaded to.
fn address_of(Key { project, kind, id }: &Key) -> String {
    let (list, medium) = (kind.plural(), kind.medium());
    match project {
        Some(project) => format!("/api/projects/{project}/{list}/{id}/{medium}"),
        None => format!("/api/{list}/{id}/{medium}"),
    }
}

fn bar_of(length: usize) -> anyhow::Result<ProgressBar> {
    let bar = ProgressBar::new(length as u64);
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?);
    Ok(bar)
}

fn finish(bar: &ProgressBar, refused: u64) -> anyhow::Result<()> {
    let taken = bar.length().unwrap_or_default() - refused;
    bar.finish_and_clear();
    say(&format!("pictures and movies: {taken} taken, {refused} refused"))
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
    let mut imported = imported.await;
    if imported.is_ok() {
        imported = media_into(&folder, &core.writer, tree.media).await;
    }
    core.close().await?;
    imported
}

async fn media_into(folder: &DataFolder, writer: &Writer, media: Vec<(Key, PathBuf)>) -> anyhow::Result<()> {
    let store = MediaStore::open(&folder.media())?;
    let bar = bar_of(media.len())?;
    let mut refused = 0;
    let files = media.into_iter().map(|(key, path)| {
        let open: Opener = Box::new(move || Ok(Box::new(std::fs::File::open(path)?) as Source));
        (key, open)
    });
    attach(writer, &store, files.collect(), |key, reason| {
        bar.inc(1);
        if let Some(reason) = reason {
            refused += 1;
            let (medium, of) = (key.kind.medium(), key.kind.singular());
            // A line that cannot be printed is no reason to stop.
            let _ = bar.suspend(|| say(&format!("  warning: the {medium} of the {of} {}: {reason}", key.id)));
        }
    })
    .await?;
    finish(&bar, refused)
}

/// Imports one project after the other, with a bar on a terminal.
async fn each(
    projects: Vec<(Id, Value)>,
    mut put: impl AsyncFnMut(Id, Value) -> anyhow::Result<Outcome>,
) -> anyhow::Result<()> {
    let bar = bar_of(projects.len())?;
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
