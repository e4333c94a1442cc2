//! What an admin wants to know: a task looks at each project anew after it changed, at its problems and its figures, and
//! remembers since when each problem is there.
//!
//! What is wrong follows from the data alone, and is found anew whenever somebody asks. Since when it is wrong does not: that
//! is kept in the store.

mod known;
mod looking;
mod studio;
mod task;

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::watch, task::JoinHandle};

use crate::{
    fetch::Fetches,
    media::store::MediaStore,
    model::{
        Id,
        figures::Figures,
        problems::{Problem, ProblemKind, Severity},
        time::Instant,
    },
    publish::Progress,
    store::{self, Store},
    studio::Studio,
    webhook::Webhooks,
    writer::Clock,
};

use known::Known;
pub use known::Tally;
pub use studio::{HookState, Notices};

/// What is looked at.
pub struct Surroundings {
    /// The read side.
    pub studio: Arc<Studio>,
    /// Where it is kept since when problems are there.
    pub store: Arc<Store>,
    /// Files of other servers.
    pub fetches: Arc<Fetches>,
    /// Pictures and movies.
    pub media: Arc<MediaStore>,
    /// The sources of webhooks.
    pub webhooks: Arc<Webhooks>,
    /// How publish hooks fare.
    pub notices: Notices,
    /// The revision of the last change.
    pub revision: watch::Receiver<u64>,
    /// How far publishing has come.
    pub progress: watch::Receiver<Progress>,
    /// The present time.
    pub clock: Clock,
    /// Whether a site has the classic layout.
    pub is_classic: bool,
    /// The data folder.
    pub folder: PathBuf,
}

/// Why it could not be found what is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Looking itself failed.
    #[error("looking at the data failed, which is a fault of this program")]
    Failed,
}

/// What is known of the projects, and of the studio.
pub struct Lookout {
    surroundings: Surroundings,
    state: Mutex<State>,
    started: Instant,
}

#[derive(Default)]
struct State {
    projects: HashMap<Id, Known>,
    studio: Known,
    /// The problems of the studio, as they were found last.
    found: Vec<Seen>,
    /// How many deliveries there were when, and by what it is known that there are others now.
    deliveries: Option<(studio::Signature, Instant, Arc<Vec<store::Tally>>)>,
    /// The oldest revision that was seen and is still to be published, and when it was seen.
    owed: Option<(u64, Instant)>,
}

/// A problem, and since when it is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The problem.
    pub problem: Problem,
    /// Since when.
    pub since: Instant,
}

/// What was seen of a project when it was looked at last.
#[derive(Debug, Clone, Default)]
pub struct Glance {
    /// How many problems of each kind there are.
    pub problems: BTreeMap<ProblemKind, Tally>,
    /// The figures.
    pub figures: Arc<Figures>,
    /// When the last change was seen.
    pub changed_at: Option<Instant>,
}

impl Lookout {
    /// Looks at everything once, and goes on doing so until `stopping` becomes true.
    pub async fn start(
        surroundings: Surroundings,
        stopping: watch::Receiver<bool>,
    ) -> Result<(Arc<Self>, JoinHandle<()>), Error> {
        let (problems, changes) = surroundings.store.known_problems().await?;
        let state = Mutex::new(State::remembering(problems, changes));
        let started = (surroundings.clock)();
        let lookout = Arc::new(Self { surroundings, state, started });
        if let Err(error) = lookout.look_around(true).await {
            tracing::error!(%error, "what is wrong with the data could not be looked at");
        }
        let task = tokio::spawn(task::run(lookout.clone(), stopping));
        Ok((lookout, task))
    }

    /// When the server was started.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.surroundings.folder
    }

    /// What was seen of a project when it was looked at last.
    #[must_use]
    pub fn glance(&self, project: &Id) -> Glance {
        self.state().projects.get(project).map(Known::glance).unwrap_or_default()
    }

    /// The studio's problems when they were looked for last.
    #[must_use]
    pub fn studio_problems(&self) -> Vec<Seen> {
        self.state().found.clone()
    }

    /// How many problems of a severity there were when they were looked for last, in all projects and in the studio.
    #[must_use]
    pub fn count(&self, severity: Severity) -> u64 {
        let state = self.state();
        let tallies = state.projects.values().chain([&state.studio]).flat_map(Known::tallies);
        tallies.filter(|(kind, _)| kind.severity() == severity).map(|(_, tally)| tally.count).sum()
    }

    /// Since when something is to be published, if anything was when it was looked around last.
    #[must_use]
    pub fn behind_since(&self) -> Option<Instant> {
        self.state().owed.map(|(_, at)| at)
    }

    /// How publish hooks fare.
    #[must_use]
    pub fn notices(&self) -> Vec<HookState> {
        (self.surroundings.notices)()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
