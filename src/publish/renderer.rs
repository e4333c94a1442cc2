//! The publisher's task: what is behind is encoded, served, written.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{broadcast, mpsc, watch};
use tracing::Instrument;

use super::{Asked, Error, Mode, Progress, Published, RETRY, Report, Sources, Target, Wish, job::Job, links::Links};
use crate::{
    layout::{self, Files, Layout, Look, Rendered, TreeFile, is_json, project_folder},
    media,
    metrics::Renders,
    model::{
        Id, Kind,
        media::Sha256,
        scope::Scope,
        time::{Day, Instant as Moment, day_of},
    },
    tree::Tally,
};

/// How long what nobody refers to may stay in the media store, in microseconds: an hour.
const COLLECTED_EVERY: Moment = 3600 * 1_000_000;

/// What a project was rendered from: the revisions of its contents and of the context, and the day, where that shows.
type State = (u64, u64, Option<Day>);

/// A project as it was rendered last.
struct Done {
    state: State,
    files: Files,
}

impl Done {
    /// What is still as it was, and the tasks that are not, if nothing else is other than it was.
    fn but_tasks(self, (_, context, day): State, contents: &Scope) -> Option<(Files, Vec<Id>)> {
        let is_same = (self.state.1, self.state.2) == (context, day);
        let tasks = contents.tasks_since(self.state.0).filter(|_| is_same)?;
        Some((self.files, tasks.into_iter().cloned().collect()))
    }
}

/// Brings trees up to date, and what is served with them.
pub(super) struct Renderer {
    sources: Sources,
    targets: Vec<Target>,
    announce: watch::Sender<Progress>,
    events: broadcast::Sender<Published>,
    rendered: HashMap<Id, Done>,
    /// The day up to which the burn-down goes.
    day: Day,
    /// Whether nothing was rendered yet.
    is_first: bool,
    /// The pictures and movies of each target.
    links: Vec<Links>,
    /// When the media store was last freed of what nobody refers to.
    collected: Option<Moment>,
    pub tally: Renders,
}

impl Renderer {
    pub fn new(
        sources: Sources,
        targets: Vec<Target>,
        announce: watch::Sender<Progress>,
        events: broadcast::Sender<Published>,
    ) -> Self {
        let day = day_of((sources.clock)());
        let links = targets.iter().map(|_| Links::default()).collect();
        let (rendered, tally) = (HashMap::new(), Renders::default());
        Self { sources, targets, announce, events, rendered, day, is_first: true, links, collected: None, tally }
    }

    pub async fn run(mut self, mut wishes: mpsc::Receiver<Asked>, mode: Mode) {
        // The next publish that nobody asked for does not start before.
        let mut rested = tokio::time::Instant::now();
        loop {
            let is_owed = *self.sources.revision.borrow() > self.announce.borrow().revision;
            if is_owed {
                self.tally.note_owed();
            }
            let is_behind = is_owed || self.is_of_another_day();
            // What failed is owed too, though it be no revision: a render on request, a new day.
            let is_behind = (is_behind || self.announce.borrow().failure.is_some()) && mode == Mode::Auto;
            let midnight = self.until_midnight();
            let mut revision = self.sources.revision.clone();
            tokio::select! {
                biased;
                wish = wishes.recv() => {
                    let Some((wish, reply, span)) = wish else {
                        // Nobody can ask any more: what was accepted is to be on disk before the end.
                        let is_owed = *self.sources.revision.borrow() > self.announce.borrow().revision;
                        if is_owed && mode == Mode::Auto {
                            let _ = self.render(&Wish::default()).await;
                        }
                        return;
                    };
                    // Whoever does not wait any more does not need the answer.
                    let _ = reply.send(self.render(&wish).instrument(span).await);
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
                () = tokio::time::sleep(midnight), if !is_behind => {
                    if let Err(error) = self.tidy(false).await {
                        tracing::warn!(%error, "what nobody looks at any more could not be removed");
                    }
                }
            }
        }
    }

    /// Whether some tree shows the day, and that is another: it is over, or the clock was set.
    fn is_of_another_day(&self) -> bool {
        self.shows_the_day() && day_of((self.sources.clock)()) != self.day
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
        self.tally.begin();
        // Read first: memory is altered before a revision is announced, so it shows at least this one.
        let revision = *self.sources.revision.borrow_and_update();
        self.day = day_of((self.sources.clock)());
        let rendered = self.bring_up_to_date(wish).await;
        let report = rendered.map(|tally| Report {
            revision,
            files_written: tally.written,
            files_unchanged: tally.unchanged,
            bytes: tally.bytes,
            milliseconds: start.elapsed().as_secs_f64() * 1000.0,
        });
        self.tally.end(report.as_ref().ok().map(|report| (report.files_written, report.bytes)));
        match &report {
            Ok(report) if wish.projects.is_empty() => {
                let (written, duration_ms) = (report.files_written, report.milliseconds);
                tracing::debug!(revision, files.written = written, duration_ms, "published");
                self.finish(*report);
                self.tally.caught_up(start, *self.sources.revision.borrow() > revision);
            }
            Ok(_) => {}
            Err(error) => {
                let reason = error.to_string();
                // It is tried again every few seconds, on a full disk for hours.
                if self.announce.borrow().failure.as_ref().is_none_or(|(_, known)| *known != reason) {
                    tracing::error!(revision, reason, "publishing failed, and is tried again");
                }
                self.announce.send_modify(|progress| progress.failure = Some((revision, reason)));
            }
        }
        report
    }

    /// Announces what can be seen now, and tells listeners what of it is new.
    fn finish(&self, report: Report) {
        let context = self.sources.studio.context();
        let mut seen: BTreeMap<Option<Id>, u64> =
            self.rendered.iter().map(|(id, done)| (Some(id.clone()), done.state.0)).collect();
        seen.insert(None, context.revision.min(report.revision));
        let before = self.announce.borrow().seen.clone();
        let seen = Arc::new(seen);
        self.announce.send_replace(Progress {
            revision: report.revision,
            failure: None,
            last: report,
            at: Some((self.sources.clock)()),
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
        let layouts: Vec<Layout> = self.targets.iter().map(|target| target.layout).collect();
        let mut tally = Tally::default();
        let mut failure = None;
        let mut listed = Vec::new();
        // Of a tree that is kept, the first render is of all: what is on disk is to be in the list.
        let is_kept = self.targets.iter().all(Target::is_kept);
        let is_first = std::mem::take(&mut self.is_first);
        let everything = wish.projects.is_empty() || is_first && is_kept;
        match self.place_people(&context).await {
            Ok(placed) => tally += placed,
            Err(error) => failure = Some(error),
        }
        for (id, _) in context.projects() {
            let contents = self.sources.studio.scope(id).await?;
            let state = (contents.revision, context.revision, self.shows_the_day().then_some(self.day));
            let is_wished = everything || wish.projects.contains(id);
            let is_behind = self.rendered.get(id).is_none_or(|done| done.state != state) || self.is_back(Some(id));
            if is_wished && (wish.force || is_behind) {
                let (layouts, context, contents) = (layouts.clone(), context.clone(), contents.clone());
                let (key, look) = (id.clone(), self.look());
                // Should this fail, it is not rendered any more, whatever it was before.
                let again =
                    self.rendered.remove(id).filter(|_| !wish.force).and_then(|done| done.but_tasks(state, &contents));
                let encode = move || match again {
                    Some((files, tasks)) => files.with_tasks(&layouts, &context, (&key, &contents), &tasks, &look),
                    None => layout::project_files(&layouts, &context, &key, &contents, &look),
                };
                match self.publish(wish.force, Some(id), encode).await {
                    Ok((written, files)) => {
                        tally += written;
                        self.rendered.insert(id.clone(), Done { state, files });
                    }
                    // One project that cannot be written does not hold up the others.
                    Err(error) => drop(failure.get_or_insert(error)),
                }
            }
            // The list names what can be seen, and nothing else.
            let file = project_folder(id) + "/project.json";
            if self.targets.iter().all(|target| target.served().body(&file).is_some()) {
                listed.push((id.clone(), contents));
            }
        }
        let (look, all) = (self.look(), context.clone());
        let encode = move || {
            let rendered = layouts.into_iter().map(|layout| list_files(layout, &all, &listed, &look));
            Ok(Files::of(rendered.collect::<Result<_, _>>()?))
        };
        tally += self.publish(wish.force, None, encode).await?.0;
        self.remove_old(&context).await?;
        if failure.is_none() {
            self.tidy(wish.force).await?;
        }
        failure.map_or(Ok(tally), Err)
    }

    /// Puts the pictures of people in place, which projects name before the lists do.
    async fn place_people(&mut self, context: &Scope) -> Result<Tally, Error> {
        let links = layout::media::links_of_people(context);
        if self.links.iter().all(|known| known.has(None, &links)) && !self.is_back(None) {
            return Ok(Tally::default());
        }
        let rendered = vec![Rendered { links, ..Rendered::default() }; self.targets.len()];
        let (placed, _) = self.publish(false, None, move || Ok(Files::of(rendered))).await?;
        // With the lists they are counted once more.
        Ok(Tally { unchanged: 0, ..placed })
    }

    /// Removes pictures and movies that nobody looks at any more: every hour, and if it is asked for.
    async fn tidy(&mut self, is_wanted: bool) -> Result<(), Error> {
        let now = (self.sources.clock)();
        // One that is yet to come is of a clock that was ahead.
        let is_due = |last: Moment| last > now || now >= last.saturating_add(COLLECTED_EVERY);
        let is_due = self.collected.is_none_or(is_due);
        if !(is_due || is_wanted) || !self.targets.iter().all(Target::is_kept) {
            return Ok(());
        }
        self.collect().await?;
        let (targets, mut links) = (self.targets.clone(), std::mem::take(&mut self.links));
        let expire = move || {
            let mut each = targets.iter().zip(&mut links);
            let expired = each.try_for_each(|(target, links)| links.expire(&target.tree, now));
            (links, expired)
        };
        let (links, expired) = tokio::task::spawn_blocking(expire).await.map_err(|_| Error::Stopped)?;
        self.links = links;
        expired?;
        self.collected = Some(now);
        Ok(())
    }

    /// Whether a file of a project (or of people) is there again that could not be put into its place.
    fn is_back(&self, project: Option<&Id>) -> bool {
        self.links.iter().any(|known| known.is_back(project, &self.sources.media))
    }

    fn look(&self) -> Look {
        Look { today: self.day, ..self.sources.look.clone() }
    }

    /// Frees the media store of what nobody refers to.
    async fn collect(&self) -> Result<(), Error> {
        let context = self.sources.studio.context();
        for (id, _) in context.projects() {
            // All are in memory before the files are listed; each is asked for again when that is done.
            self.sources.studio.scope(id).await?;
        }
        let (studio, store) = (self.sources.studio.clone(), self.sources.media.clone());
        let referred = move || {
            let context = studio.context();
            let projects = context.projects().filter_map(|(id, _)| studio.in_memory(Some(id)));
            let mut hashes = hashes_of(&context);
            hashes.extend(projects.flat_map(|contents| hashes_of(&contents)));
            hashes
        };
        let collect = move || store.collect(referred);
        if let Err(error) = tokio::task::spawn_blocking(collect).await.map_err(|_| Error::Stopped)? {
            // What cannot be removed is in nobody's way.
            tracing::warn!(%error, "the media store could not be freed of what nobody refers to");
        }
        Ok(())
    }

    /// Encodes, puts pictures and movies in place, serves what is new, then writes it to disk; off the threads that answer
    /// requests. What else is in the folder of the project goes. Gives what was published, which shares its bytes with what is
    /// served.
    async fn publish(
        &mut self,
        force: bool,
        project: Option<&Id>,
        encode: impl FnOnce() -> serde_json::Result<Files> + Send + 'static,
    ) -> Result<(Tally, Files), Error> {
        let mut links = std::mem::take(&mut self.links);
        // A thread that panicked took them along: then everything is looked at anew.
        links.resize_with(self.targets.len(), Links::default);
        let job = Job {
            targets: self.targets.clone(),
            links,
            project: project.cloned(),
            // After a failure, what is served may not be on disk.
            failed: self.announce.borrow().failure.is_some(),
            force,
            store: self.sources.media.clone(),
            now: (self.sources.clock)(),
        };
        let work = move || job.run(encode);
        let done = tokio::task::spawn_blocking(work).await;
        let (links, published) = done.unwrap_or_else(|_| (Vec::new(), Err(Error::Stopped)));
        self.links = links;
        published
    }

    /// Takes away what belongs to no project any more, from what is served and from disk: to none of those that were listed. One
    /// that was deleted since is still in the list.
    async fn remove_old(&mut self, context: &Scope) -> Result<(), Error> {
        let ids: BTreeSet<Id> = context.projects().map(|(id, _)| id.clone()).collect();
        self.rendered.retain(|id, _| ids.contains(id));
        for links in &mut self.links {
            links.forget(|id| ids.contains(id));
        }
        let folders: BTreeSet<String> = ids.iter().map(project_folder).collect();
        let targets = self.targets.clone();
        let remove = move || {
            for target in targets.iter().filter(|target| target.is_kept()) {
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

/// The files that the entities of a scope refer to.
fn hashes_of(scope: &Scope) -> HashSet<Sha256> {
    let records = Kind::WITH_MEDIA.iter().flat_map(|kind| scope.list(*kind).iter());
    records.filter_map(|(_, record)| record.entity.media()).flat_map(|files| [files.sent, files.shown]).collect()
}

/// The lists of projects, and the pictures that the page's build lacks.
fn list_files(
    layout: Layout,
    context: &Scope,
    contents: &[(Id, Arc<Scope>)],
    look: &Look,
) -> serde_json::Result<Rendered> {
    let mut rendered = layout.list_files(context, contents, look)?;
    let pictures = media::placeholders().into_iter().map(|(path, body)| TreeFile { path: path.to_owned(), body });
    rendered.files.extend(pictures);
    Ok(rendered)
}
