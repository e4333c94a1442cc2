//! Publish hooks: other tools are told what was published, by calls that are signed as Standard Webhooks 1.0.
//!
//! A hook is owed a call for each project that can be seen at a later revision than the hook was told of, and that is all that
//! is known: there is no queue, ten publishes while a receiver is away are one call, and a crash loses nothing. It may repeat
//! the last call, with the same id.

mod call;
mod hook;
mod lane;
mod notifier;
mod settings;
mod status;

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinHandle};

use crate::{
    publish::Progress,
    store::{Error, Store},
    writer::Clock,
};

pub use hook::{Hook, Hooks};
pub use settings::{Fault, HookSettings, Invalid};
pub use status::{FailedCall, HookStatus};

use notifier::Notifier;

/// The longest pause between two calls that fail, in units of [`Pace::back_off`]; before it, those of the first four failures.
const PAUSES: [u32; 5] = [1, 6, 24, 120, 720];

/// How fast calls follow each other.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The pause after a first failure. With 5 s, those after the next are 30 s, 2 min, 10 min, and then always 1 h.
    pub back_off: Duration,
    /// The pause before a hook is told of the same project again.
    pub rest: Duration,
    /// For an answer to begin.
    pub time_out: Duration,
    /// For calls to end that are on their way when the server stops.
    pub grace: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        let [back_off, rest, time_out, grace] = [5, 1, 15, 3].map(Duration::from_secs);
        Self { back_off, rest, time_out, grace }
    }
}

impl Pace {
    /// The pause after so many failures in a row.
    fn pause(&self, failures: u32) -> Duration {
        let last = PAUSES.len() - 1;
        let place = usize::try_from(failures.saturating_sub(1)).unwrap_or(last).min(last);
        self.back_off.saturating_mul(PAUSES[place])
    }
}

/// What publish hooks work on.
pub struct Surroundings {
    /// Where it is kept what they were told.
    pub store: Arc<Store>,
    /// What can be seen.
    pub progress: watch::Receiver<Progress>,
    /// The present time.
    pub clock: Clock,
    /// How fast calls follow each other.
    pub pace: Pace,
}

/// The publish hooks, and the task that calls them.
#[derive(Debug)]
pub struct Notices {
    hooks: watch::Sender<Arc<Hooks>>,
    statuses: watch::Receiver<Vec<HookStatus>>,
}

impl Notices {
    /// Starts with these hooks; the task ends when `stopping` becomes true. A hook that is new is told of what is published
    /// from now on. It fails if the store does.
    pub async fn start(
        hooks: Hooks,
        surroundings: Surroundings,
        stopping: watch::Receiver<bool>,
    ) -> Result<(Arc<Self>, JoinHandle<()>), Error> {
        let (hooks, watched) = watch::channel(Arc::new(hooks));
        let (mut notifier, statuses) = Notifier::new(surroundings, watched).await?;
        // Here, and not in the task: whatever is written from now on is to be told.
        notifier.follow().await;
        notifier.look().await;
        Ok((Arc::new(Self { hooks, statuses }), tokio::spawn(notifier.run(stopping))))
    }

    /// Has other hooks from now on. Those that stay are called at once for what they are owed; of those that go, it is
    /// forgotten what they were told.
    pub fn replace(&self, hooks: Hooks) {
        self.hooks.send_replace(Arc::new(hooks));
    }

    /// How each hook fares, by name.
    #[must_use]
    pub fn status(&self) -> Vec<HookStatus> {
        self.statuses.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;

    #[test]
    fn pauses_become_longer_up_to_an_hour() {
        let seconds = [1, 2, 3, 4, 5, 6, 1000, u32::MAX].map(|failures| Pace::default().pause(failures).as_secs());
        assert_eq!(seconds, [5, 30, 120, 600, 3600, 3600, 3600, 3600]);
    }
}
