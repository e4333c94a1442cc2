//! The one door out: a task per site that renders what is behind, and keeps what is served.
//!
//! A publish is owed whenever a revision is ahead of the published one: there is no queue, ten writes in a row cost one
//! render, and a crash loses nothing. It starts at once when none is running, and pauses afterwards as long as it took.

mod served;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    layout::{Layout, TreeFile, is_json, project_folder},
    media,
    model::{Id, scope::Scope},
    store,
    studio::Studio,
    tree::{self, Tally, Tree},
};

pub use served::{Body, Served};

/// How long to wait before a publish that failed is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// Whether changes are rendered as they come, or only on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// After every change, at once.
    #[default]
    Auto,
    /// Only on request.
    Manual,
}

/// Why something could not be published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the tree could not be written.
    #[error("the tree could not be written: {0}")]
    Tree(#[from] tree::Error),
    /// What was to be rendered could not be read.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// An entity could not be encoded.
    #[error("the tree could not be encoded: {0}")]
    Encoding(#[from] serde_json::Error),
    /// The publisher, or a thread of it, has ended.
    #[error("the publisher has stopped")]
    Stopped,
}

/// What a render did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Report {
    /// The revision that the tree shows.
    pub revision: u64,
    /// Files that were written.
    pub files_written: u64,
    /// Files that already were as they should be.
    pub files_unchanged: u64,
    /// Bytes of the files that were written.
    pub bytes: u64,
    /// How long it took.
    pub milliseconds: f64,
}

/// What is to be rendered on request.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Only this project and the lists; everything that is behind if none.
    pub project: Option<Id>,
    /// Also what is not behind, written anew file by file.
    pub force: bool,
}

/// How far publishing has come.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Everything up to this revision is served and on disk.
    pub revision: u64,
    /// Why the last try failed, and up to which revision it was meant to bring the tree.
    pub failure: Option<(u64, String)>,
    /// What the last publish did.
    pub last: Report,
}

type Reply = oneshot::Sender<Result<Report, Error>>;

/// The way to the publisher of a site.
#[derive(Debug, Clone)]
pub struct Publisher {
    layout: Layout,
    mode: Mode,
    served: Arc<ArcSwap<Served>>,
    progress: watch::Receiver<Progress>,
    wishes: mpsc::Sender<(Wish, Reply)>,
}

impl Publisher {
    /// Renders what is behind, then starts the task that keeps the tree true. It ends when every handle is dropped.
    pub async fn start(
        studio: Arc<Studio>,
        revision: watch::Receiver<u64>,
        layout: Layout,
        tree: Tree,
        mode: Mode,
    ) -> Result<(Self, tokio::task::JoinHandle<()>), Error> {
        let (wishes, queue) = mpsc::channel(64);
        let (announce, progress) = watch::channel(Progress::default());
        let served = Arc::new(ArcSwap::default());
        let mut renderer = Renderer {
            studio,
            revision,
            layout,
            tree: Arc::new(tree),
            served: served.clone(),
            announce,
            rendered: HashMap::new(),
        };
        renderer.render(&Wish::default()).await?;
        let task = tokio::spawn(renderer.run(queue, mode));
        Ok((Self { layout, mode, served, progress, wishes }, task))
    }

    /// The layout that it renders.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// What is served now.
    #[must_use]
    pub fn served(&self) -> Arc<Served> {
        self.served.load_full()
    }

    /// How far publishing has come, and a way to wait for more.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Renders on request; answers when it is done.
    pub async fn render(&self, wish: Wish) -> Result<Report, Error> {
        let (reply, answer) = oneshot::channel();
        self.wishes.send((wish, reply)).await.map_err(|_| Error::Stopped)?;
        answer.await.map_err(|_| Error::Stopped)?
    }

    /// Waits until a revision is served and on disk; asks for a render if none comes by itself. The error says why the
    /// tree could not be brought there.
    pub async fn published(&self, revision: u64) -> Result<(), String> {
        if self.mode == Mode::Manual && self.progress.borrow().revision < revision {
            self.render(Wish::default()).await.map_err(|error| error.to_string())?;
        }
        let mut progress = self.progress.clone();
        let reached = |progress: &Progress| {
            let failed = progress.failure.as_ref().is_some_and(|(wanted, _)| *wanted >= revision);
            progress.revision >= revision || failed
        };
        let state = progress.wait_for(reached).await.map_err(|_| Error::Stopped.to_string())?;
        match &state.failure {
            Some((_, reason)) if state.revision < revision => Err(reason.clone()),
            _ => Ok(()),
        }
    }
}

/// Brings a tree up to date, and what is served with it.
struct Renderer {
    studio: Arc<Studio>,
    revision: watch::Receiver<u64>,
    layout: Layout,
    tree: Arc<Tree>,
    served: Arc<ArcSwap<Served>>,
    announce: watch::Sender<Progress>,
    /// The revisions of the project's contents and of the context that each project was last rendered from.
    rendered: HashMap<Id, (u64, u64)>,
}

impl Renderer {
    async fn run(mut self, mut wishes: mpsc::Receiver<(Wish, Reply)>, mode: Mode) {
        // The next publish that nobody asked for does not start before.
        let mut rested = tokio::time::Instant::now();
        loop {
            let is_behind = mode == Mode::Auto && *self.revision.borrow() > self.announce.borrow().revision;
            let mut revision = self.revision.clone();
            tokio::select! {
                biased;
                wish = wishes.recv() => {
                    let Some((wish, reply)) = wish else { return };
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
                    self.revision.mark_unchanged();
                }
            }
        }
    }

    /// Renders, and says how far that went.
    async fn render(&mut self, wish: &Wish) -> Result<Report, Error> {
        let start = Instant::now();
        // Read first: memory is altered before a revision is announced, so it shows at least this one.
        let revision = *self.revision.borrow_and_update();
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
                tracing::debug!(
                    layout = self.layout.name(),
                    revision,
                    files.written = report.files_written,
                    duration_ms = report.milliseconds,
                    "published"
                );
                self.announce.send_replace(Progress { revision, failure: None, last: *report });
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(layout = self.layout.name(), revision, %error, "publishing failed");
                self.announce.send_modify(|progress| progress.failure = Some((revision, error.to_string())));
            }
        }
        report
    }

    async fn bring_up_to_date(&mut self, wish: &Wish) -> Result<Tally, Error> {
        let context = self.studio.context();
        let mut tally = Tally::default();
        for (id, _) in context.projects() {
            if wish.project.as_ref().is_some_and(|project| project != id) {
                continue;
            }
            let contents = self.studio.scope(id).await?;
            let state = (contents.revision, context.revision);
            if wish.force || self.rendered.get(id) != Some(&state) {
                let (layout, context, key) = (self.layout, context.clone(), id.clone());
                let encode = move || layout.project_files(&context, &key, &contents);
                tally += self.publish(wish.force, Some(project_folder(id)), encode).await?;
                self.rendered.insert(id.clone(), state);
            }
        }
        let (layout, list) = (self.layout, context.clone());
        tally += self.publish(wish.force, None, move || list_files(layout, &list)).await?;
        self.remove_old(&context).await?;
        Ok(tally)
    }

    /// Encodes, serves what is new, then writes it to disk; off the threads that answer requests. What else is in
    /// `folder` goes.
    async fn publish(
        &self,
        force: bool,
        folder: Option<String>,
        encode: impl FnOnce() -> serde_json::Result<Vec<TreeFile>> + Send + 'static,
    ) -> Result<Tally, Error> {
        let (tree, served) = (self.tree.clone(), self.served.clone());
        let work = move || {
            let files = encode()?;
            let known = served.load_full();
            let is_known = |file: &TreeFile| known.body(&file.path).is_some_and(|body| *body.identity() == file.body);
            served.store(Arc::new(known.with(&files)));
            let mut tally = Tally::default();
            for file in &files {
                if !force && is_known(file) {
                    tally.unchanged += 1;
                } else {
                    tally += tree.write(file, force)?;
                }
            }
            if let Some(folder) = folder {
                let wanted =
                    |name: &str| files.iter().any(|file| file.path.strip_prefix(&folder) == Some(&format!("/{name}")));
                tree.retain(&folder, wanted)?;
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
        let known = self.served.load_full();
        let kept = known.without(|path| {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            folder.matches('/').count() >= 2 && !folders.contains(folder)
        });
        if let Some(kept) = kept {
            self.served.store(Arc::new(kept));
        }
        let tree = self.tree.clone();
        let remove = move || tree.retain("data/projects", |name| is_json(name) || ids.contains(name));
        tokio::task::spawn_blocking(remove).await.map_err(|_| Error::Stopped)??;
        Ok(())
    }
}

/// The lists of projects, and the pictures that the page's build lacks.
fn list_files(layout: Layout, context: &Scope) -> serde_json::Result<Vec<TreeFile>> {
    let pictures = media::placeholders().into_iter().map(|(path, body)| TreeFile { path: path.to_owned(), body });
    let mut files: Vec<_> = pictures.collect();
    files.extend(layout.list_files(context)?);
    Ok(files)
}

/// Renders everything into a folder, once, for any other web server.
pub async fn render_to(
    studio: Arc<Studio>,
    revision: watch::Receiver<u64>,
    layout: Layout,
    out: &std::path::Path,
    wish: Wish,
) -> Result<Report, Error> {
    let (announce, _) = watch::channel(Progress::default());
    let tree = Arc::new(Tree::open(out)?);
    let served = Arc::new(ArcSwap::default());
    let rendered = HashMap::new();
    let mut renderer = Renderer { studio, revision, layout, tree: tree.clone(), served, announce, rendered };
    let report = renderer.render(&wish).await?;
    drop(renderer);
    if let Some(tree) = Arc::into_inner(tree) {
        tree.finish()?;
    }
    Ok(report)
}
