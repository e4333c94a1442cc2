//! The one door out: a task that renders what is behind, in every layout that is served, and keeps what is served.
//!
//! A publish is owed whenever a revision is ahead of the published one: there is no queue, ten writes in a row cost one
//! render, and a crash loses nothing. It starts at once when none is running, and pauses afterwards as long as it took.

mod job;
mod links;
mod renderer;
mod served;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use serde::Serialize;
use tokio::{
    sync::{broadcast, mpsc, oneshot, watch},
    task::JoinHandle,
};
use tracing::Span;

use crate::{
    layout::{Layout, Look},
    media::store::MediaStore,
    metrics::Renders,
    model::{Id, time::Instant},
    store,
    studio::Studio,
    tree::{self, Tree},
    writer::Clock,
};

use renderer::Renderer;
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
    /// Only these projects, and the lists; everything that is behind if none is named.
    pub projects: Vec<Id>,
    /// Also what is not behind, written anew file by file.
    pub force: bool,
}

/// Something new can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The project; none for the list of projects and what they share.
    pub project: Option<Id>,
    /// The revision of its last change that can be seen.
    pub revision: u64,
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
    /// When that was.
    pub at: Option<Instant>,
    /// The revision of the last change of each project, and of what they share, that can be seen.
    pub seen: Arc<BTreeMap<Option<Id>, u64>>,
}

/// A wish, who waits for it, and what their lines of the log are marked with.
type Asked = (Wish, oneshot::Sender<Result<Report, Error>>, Span);

/// How many publishes a listener may be behind before it has to look at the whole state.
const EVENTS: usize = 256;

/// What is read and where to it goes.
pub struct Sources {
    /// The read side.
    pub studio: Arc<Studio>,
    /// The revision of the last change.
    pub revision: watch::Receiver<u64>,
    /// The present time: the burn-down goes up to today.
    pub clock: Clock,
    /// Where pictures and movies are.
    pub media: Arc<MediaStore>,
    /// What the tree depends on beside the data; its day follows the clock.
    pub look: Look,
}

/// One layout, the folder of its tree, and what is served of it.
#[derive(Debug, Clone)]
pub struct Target {
    layout: Layout,
    tree: Arc<Tree>,
    served: Arc<ArcSwap<Served>>,
    kept: bool,
}

impl Target {
    /// A layout that is rendered into a tree of ours, in which nothing else is kept.
    #[must_use]
    pub fn new(layout: Layout, tree: Tree) -> Self {
        Self { layout, tree: Arc::new(tree), served: Arc::default(), kept: true }
    }

    /// A layout that is rendered into a folder of others', from which nothing is taken away.
    #[must_use]
    pub fn handed_on(layout: Layout, tree: Tree) -> Self {
        Self { kept: false, ..Self::new(layout, tree) }
    }

    /// Whether the tree is ours, and kept true: what does not belong in it goes.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.kept
    }

    /// The layout.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The folder of the tree, which is the root of the site.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.tree.root()
    }

    /// What is served now.
    #[must_use]
    pub fn served(&self) -> Arc<Served> {
        self.served.load_full()
    }
}

/// The way to the publisher.
#[derive(Debug, Clone)]
pub struct Publisher {
    mode: Mode,
    progress: watch::Receiver<Progress>,
    events: broadcast::Sender<Published>,
    wishes: mpsc::Sender<Asked>,
    tally: Renders,
}

impl Publisher {
    /// Renders what is behind, then starts the task that keeps the trees true. It ends when every handle is dropped.
    pub async fn start(sources: Sources, targets: Vec<Target>, mode: Mode) -> (Self, JoinHandle<()>) {
        let (wishes, queue) = mpsc::channel(64);
        let (announce, progress) = watch::channel(Progress::default());
        let (events, _) = broadcast::channel(EVENTS);
        let mut renderer = Renderer::new(sources, targets, announce, events.clone());
        let tally = renderer.tally.clone();
        // A tree that cannot be written does not keep the server from starting: it is logged, `/readyz` says so, and it is
        // tried again.
        let _ = renderer.render(&Wish::default()).await;
        let task = tokio::spawn(renderer.run(queue, mode));
        (Self { mode, progress, events, wishes, tally }, task)
    }

    /// How far publishing has come, and a way to wait for more.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// What was counted of all renders.
    #[must_use]
    pub fn tally(&self) -> &Renders {
        &self.tally
    }

    /// Whether the publisher's task has ended.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.wishes.is_closed()
    }

    /// What is published from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Published> {
        self.events.subscribe()
    }

    /// Renders on request; answers when it is done.
    pub async fn render(&self, wish: Wish) -> Result<Report, Error> {
        let (reply, answer) = oneshot::channel();
        self.wishes.send((wish, reply, Span::current())).await.map_err(|_| Error::Stopped)?;
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

/// Renders into a folder, once, for any other web server: everything, or the projects that are wished for. The list names
/// what was rendered. Nothing is removed from the folder, and a movie in it is not replaced by a blank one. Only one render at a time
/// may be at work there.
pub async fn render_to(sources: Sources, layout: Layout, out: &Path, wish: Wish) -> Result<Report, Error> {
    render_once(sources, Target::handed_on(layout, Tree::open_alone(out)?), wish).await
}

/// Brings the tree of a data folder up to date, once.
pub async fn render_in_place(sources: Sources, layout: Layout, folder: &Path, wish: Wish) -> Result<Report, Error> {
    render_once(sources, Target::new(layout, Tree::open(folder)?), wish).await
}

async fn render_once(sources: Sources, target: Target, wish: Wish) -> Result<Report, Error> {
    let tree = target.tree.clone();
    let (announce, _) = watch::channel(Progress::default());
    let mut renderer = Renderer::new(sources, vec![target], announce, broadcast::channel(1).0);
    let rendered = renderer.render(&wish).await;
    drop(renderer);
    let finished = Arc::into_inner(tree).map_or(Ok(()), Tree::finish);
    let report = rendered?;
    finished?;
    Ok(report)
}
