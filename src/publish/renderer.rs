//! The publisher's task: what is behind is encoded, served, written.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{broadcast, mpsc, watch};

use super::{Error, Mode, Progress, Published, RETRY, Reply, Report, Sources, Target, Wish};
use crate::{
    layout::{self, Layout, TreeFile, is_json, project_folder},
    media,
    model::{
        Id,
        scope::Scope,
        time::{Day, day_of},
    },
    tree::Tally,
};

/// What a project was rendered from: the revisions of its contents and of the context, and the day, where that shows.
type State = (u64, u64, Option<Day>);

/// Brings trees up to date, and what is served with them.
pub(super) struct Renderer {
    sources: Sources,
    targets: Vec<Target>,
    announce: watch::Sender<Progress>,
    events: broadcast::Sender<Published>,
    rendered: HashMap<Id, State>,
    /// The day up to which the burn-down goes.
    day: Day,
}

impl Renderer {
    pub fn new(
        sources: Sources,
        targets: Vec<Target>,
        announce: watch::Sender<Progress>,
        events: broadcast::Sender<Published>,
    ) -> Self {
        let day = day_of((sources.clock)());
        Self { sources, targets, announce, events, rendered: HashMap::new(), day }
    }

    pub async fn run(mut self, mut wishes: mpsc::Receiver<(Wish, Reply)>, mode: Mode) {
        // The next publish that nobody asked for does not start before.
        let mut rested = tokio::time::Instant::now();
        loop {
            let is_behind = *self.sources.revision.borrow() > self.announce.borrow().revision || self.is_of_yesterday();
            // What failed is owed too, though it be no revision: a render on request, a new day.
            let is_behind = (is_behind || self.announce.borrow().failure.is_some()) && mode == Mode::Auto;
            let midnight = self.until_midnight();
            let mut revision = self.sources.revision.clone();
            tokio::select! {
                biased;
                wish = wishes.recv() => {
                    let Some((wish, reply)) = wish else {
                        // Nobody can ask any more: what was accepted is to be on disk before the end.
                        let is_owed = *self.sources.revision.borrow() > self.announce.borrow().revision;
                        if is_owed && mode == Mode::Auto {
                            let _ = self.render(&Wish::default()).await;
                        }
                        return;
                    };
                    // Whoever does not wait any more does not need the answer.
                    let _ = reply.send(self.render(&wish).await);
                }
                () = tokio::time::sleep_until(rested), if is_behind => {
                    let start = Instant::now();
                    let pause = if self.render(&Wish::default()).await.is_ok() { start.elapsed() } else { RETRY };
                    rested = tokio::time::Instant::now() + pause;
                }
                changed = revision.changed(), if !is_behind => {
                    if changed.is_err() && wishes.is_closed() {
                        return;
                    }
                    self.sources.revision.mark_unchanged();
                }
                () = tokio::time::sleep(midnight), if !is_behind => {}
            }
        }
    }

    /// Whether some tree shows the day, and that is over.
    fn is_of_yesterday(&self) -> bool {
        self.shows_the_day() && day_of((self.sources.clock)()) > self.day
    }

    fn shows_the_day(&self) -> bool {
        self.targets.iter().any(|target| target.layout == Layout::V1)
    }

    /// How long the day lasts, and a moment more; looked at again after an hour, should the clock be set.
    fn until_midnight(&self) -> Duration {
        let rest = 86_400_000_000 - (self.sources.clock)().rem_euclid(86_400_000_000);
        Duration::from_micros(rest.unsigned_abs()).min(Duration::from_hours(1)) + Duration::from_millis(10)
    }

    /// Renders, and says how far that went.
    pub async fn render(&mut self, wish: &Wish) -> Result<Report, Error> {
        let start = Instant::now();
        // Read first: memory is altered before a revision is announced, so it shows at least this one.
        let revision = *self.sources.revision.borrow_and_update();
        self.day = day_of((self.sources.clock)()).max(self.day);
        let rendered = self.bring_up_to_date(wish).await;
        let report = rendered.map(|tally| Report {
            revision,
            files_written: tally.written,
            files_unchanged: tally.unchanged,
            bytes: tally.bytes,
            milliseconds: start.elapsed().as_secs_f64() * 1000.0,
        });
        match &report {
            Ok(report) if wish.project.is_none() => {
                let (written, duration_ms) = (report.files_written, report.milliseconds);
                tracing::debug!(revision, files.written = written, duration_ms, "published");
                self.finish(*report);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(revision, %error, "publishing failed");
                self.announce.send_modify(|progress| progress.failure = Some((revision, error.to_string())));
            }
        }
        report
    }

    /// Announces what can be seen now, and tells listeners what of it is new.
    fn finish(&self, report: Report) {
        let context = self.sources.studio.context();
        let mut seen: BTreeMap<Option<Id>, u64> =
            self.rendered.iter().map(|(id, (contents, ..))| (Some(id.clone()), *contents)).collect();
        seen.insert(None, context.revision.min(report.revision));
        let before = self.announce.borrow().seen.clone();
        let seen = Arc::new(seen);
        self.announce.send_replace(Progress {
            revision: report.revision,
            failure: None,
            last: report,
            seen: seen.clone(),
        });
        let mut news: Vec<_> =
            seen.iter().filter(|(project, revision)| before.get(project) != Some(revision)).collect();
        news.sort_by_key(|(_, revision)| **revision);
        for (project, revision) in news {
            // Nobody listens, most of the time.
            let _ = self.events.send(Published { project: project.clone(), revision: *revision });
        }
    }

    async fn bring_up_to_date(&mut self, wish: &Wish) -> Result<Tally, Error> {
        let context = self.sources.studio.context();
        let mut tally = Tally::default();
        let mut all = Vec::new();
        for (id, _) in context.projects() {
            let contents = self.sources.studio.scope(id).await?;
            let state = (contents.revision, context.revision, self.shows_the_day().then_some(self.day));
            let is_wished = wish.project.as_ref().is_none_or(|project| project == id);
            if is_wished && (wish.force || self.rendered.get(id) != Some(&state)) {
                let layouts: Vec<Layout> = self.targets.iter().map(|target| target.layout).collect();
                let (context, contents, key, day) = (context.clone(), contents.clone(), id.clone(), self.day);
                let encode = move || layout::project_files(&layouts, &context, &key, &contents, day);
                // Should this fail, it is not rendered any more, whatever it was before.
                self.rendered.remove(id);
                tally += self.publish(wish.force, Some(project_folder(id)), encode).await?;
                self.rendered.insert(id.clone(), state);
            }
            all.push((id.clone(), contents));
        }
        let layouts: Vec<Layout> = self.targets.iter().map(|target| target.layout).collect();
        let list = context.clone();
        let encode = move || layouts.into_iter().map(|layout| list_files(layout, &list, &all)).collect();
        tally += self.publish(wish.force, None, encode).await?;
        self.remove_old(&context).await?;
        Ok(tally)
    }

    /// Encodes, serves what is new, then writes it to disk; off the threads that answer requests. What else is in
    /// `folder` goes.
    async fn publish(
        &self,
        force: bool,
        folder: Option<String>,
        encode: impl FnOnce() -> serde_json::Result<Vec<Vec<TreeFile>>> + Send + 'static,
    ) -> Result<Tally, Error> {
        let targets = self.targets.clone();
        // After a failure, what is served may not be on disk.
        let failed = self.announce.borrow().failure.is_some();
        let work = move || {
            let files = encode()?;
            let known: Vec<_> = targets.iter().map(Target::served).collect();
            for ((target, known), files) in targets.iter().zip(&known).zip(&files) {
                let first = targets.first().map(Target::served);
                target.served.store(Arc::new(known.with(files, first.as_deref())));
            }
            let mut tally = Tally::default();
            for ((target, known), files) in targets.iter().zip(&known).zip(&files) {
                let is_known =
                    |file: &TreeFile| known.body(&file.path).is_some_and(|body| *body.identity() == file.body);
                let first = targets.first().map(|first| &*first.tree);
                for file in files {
                    if !force && !failed && is_known(file) {
                        tally.unchanged += 1;
                    } else {
                        tally += target.tree.write(file, force, first)?;
                    }
                }
                if let Some(folder) = &folder {
                    let is_wanted = |name: &str| {
                        files.iter().any(|file| file.path.strip_prefix(folder) == Some(&format!("/{name}")))
                    };
                    target.tree.retain(folder, is_wanted)?;
                }
            }
            Ok(tally)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::Stopped)?
    }

    /// Takes away what belongs to no project any more, from what is served and from disk.
    async fn remove_old(&mut self, context: &Scope) -> Result<(), Error> {
        let ids: BTreeSet<Id> = context.projects().map(|(id, _)| id.clone()).collect();
        self.rendered.retain(|id, _| ids.contains(id));
        let folders: BTreeSet<String> = ids.iter().map(project_folder).collect();
        let targets = self.targets.clone();
        let remove = move || {
            for target in &targets {
                let is_old = |path: &str| {
                    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                    folder.starts_with("data/projects/") && !folders.contains(folder)
                };
                if let Some(kept) = target.served().without(is_old) {
                    target.served.store(Arc::new(kept));
                }
                target.tree.retain("data/projects", |name| is_json(name) || ids.contains(name))?;
            }
            Ok(())
        };
        tokio::task::spawn_blocking(remove).await.map_err(|_| Error::Stopped)?
    }
}

/// The lists of projects, and the pictures that the page's build lacks.
fn list_files(layout: Layout, context: &Scope, contents: &[(Id, Arc<Scope>)]) -> serde_json::Result<Vec<TreeFile>> {
    let pictures = media::placeholders().into_iter().map(|(path, body)| TreeFile { path: path.to_owned(), body });
    let mut files: Vec<_> = pictures.collect();
    files.extend(layout.list_files(context, contents)?);
    Ok(files)
}
