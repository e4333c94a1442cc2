//! The task that calls publish hooks: whatever is owed and due, one call at a time for each hook.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::watch,
    task::{Id as TaskId, JoinError, JoinSet},
    time::{Instant as Moment, sleep_until, timeout},
};

use super::{
    Surroundings,
    call::{Failure, body, send},
    hook::Hooks,
    lane::{Lane, Running, Seen},
    status::HookStatus,
};
use crate::{
    fetch::client::bare,
    model::Id,
    server::stopped,
    store::{Call, Error, Line, Told},
};

/// At most this many calls are on their way at a time, to all hooks together.
const MOST_AT_ONCE: usize = 4;
/// How long to wait before what could not be stored is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// What comes of a call, by the number of its task.
type Called = Result<(TaskId, Result<(), Failure>), JoinError>;

/// Calls the hooks.
pub(super) struct Notifier {
    surroundings: Surroundings,
    hooks: watch::Receiver<Arc<Hooks>>,
    lanes: BTreeMap<String, Lane>,
    /// Made for the first call, for that looks for the authorities that this machine knows.
    client: Option<reqwest::Client>,
    calls: JoinSet<Result<(), Failure>>,
    statuses: watch::Sender<Vec<HookStatus>>,
    /// When what could not be stored is tried again.
    retry: Option<Moment>,
}

impl Notifier {
    /// A task for these hooks, as they change, and the way to see how they fare. It fails if the store does.
    pub async fn new(
        surroundings: Surroundings,
        hooks: watch::Receiver<Arc<Hooks>>,
    ) -> Result<(Self, watch::Receiver<Vec<HookStatus>>), Error> {
        let mut told: HashMap<String, BTreeMap<Option<Id>, Told>> = HashMap::new();
        for ((hook, project), one) in surroundings.store.told().await? {
            told.entry(hook).or_default().insert(project, one);
        }
        let of = |(name, hook): (&String, &Arc<_>)| {
            (name.clone(), Lane::new(Arc::clone(hook), told.remove(name).unwrap_or_default()))
        };
        let lanes: BTreeMap<_, _> = hooks.borrow().0.iter().map(of).collect();
        let (statuses, watched) = watch::channel(lanes.values().map(Lane::status).collect());
        let (client, calls, retry) = (None, JoinSet::new(), None);
        Ok((Self { surroundings, hooks, lanes, client, calls, statuses, retry }, watched))
    }

    pub async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        loop {
            let due = self.start_due().await;
            self.show();
            tokio::select! {
                () = stopped(&mut stopping) => return self.stop().await,
                Some(called) = self.calls.join_next_with_id() => self.note(called).await,
                Ok(()) = self.hooks.changed() => self.follow().await,
                Ok(()) = self.surroundings.progress.changed() => {}
                () = sleep_until(due.unwrap_or_else(Moment::now)), if due.is_some() => {}
            }
            self.look().await;
        }
    }

    fn now(&self) -> i64 {
        (self.surroundings.clock)()
    }

    /// Lets calls end that are on their way, for a moment. What is not taken by then is owed at the next start.
    async fn stop(mut self) {
        let grace = self.surroundings.pace.grace;
        let rest = async {
            while let Some(called) = self.calls.join_next_with_id().await {
                self.note(called).await;
            }
        };
        if timeout(grace, rest).await.is_err() {
            self.calls.shutdown().await;
        }
    }

    /// Takes on the hooks of the configuration, and lets go of others.
    pub async fn follow(&mut self) {
        let hooks = self.hooks.borrow_and_update().clone();
        let (kept, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.lanes).into_iter().partition(|(name, _)| hooks.0.contains_key(name));
        gone.values().filter_map(|lane| lane.running.as_ref()).for_each(|running| running.task.abort());
        self.lanes = kept;
        let mut unwanted: Vec<Line> = Vec::new();
        for (name, hook) in &hooks.0 {
            let new = || Lane::new(hook.clone(), BTreeMap::new());
            let lane = self.lanes.entry(name.clone()).or_insert_with(new);
            unwanted.extend(lane.adopt(hook.clone()).into_iter().map(|project| (name.clone(), project)));
        }
        let names: Vec<&str> = hooks.0.keys().map(String::as_str).collect();
        let store = &self.surroundings.store;
        let forgotten = match store.forget_other_hooks(&names).await {
            Ok(()) if !unwanted.is_empty() => store.keep_told(&[], &unwanted).await,
            other => other,
        };
        if let Err(error) = forgotten {
            tracing::error!(%error, "what publish hooks were told that are no more could not be forgotten");
        }
    }

    /// Finds what is owed.
    pub async fn look(&mut self) {
        let seen = self.surroundings.progress.borrow_and_update().seen.clone();
        let now = self.now();
        if seen.contains_key(&None) && self.retry.is_none_or(|retry| retry <= Moment::now()) {
            self.retry = self.begin(&seen).await.err().map(|error| {
                tracing::error!(%error, "new publish hooks could not be stored; it is tried again");
                Moment::now() + RETRY
            });
        }
        self.lanes.values_mut().for_each(|lane| lane.look(&seen, now));
    }

    /// What can be seen already is not owed to a hook that is new. This is kept first: after a crash it is to be the same.
    async fn begin(&mut self, seen: &Seen) -> Result<(), Error> {
        let new = self.lanes.iter_mut().filter(|(_, lane)| !lane.has_begun());
        for (name, lane) in new {
            let told = lane.beginning(seen);
            let lines = told.iter().map(|(project, told)| ((name.clone(), project.clone()), told));
            self.surroundings.store.keep_told(&lines.collect::<Vec<_>>(), &[]).await?;
            lane.told = told;
        }
        Ok(())
    }

    /// Starts what is due, as far as there is room: first for the hook that was called the longest ago. Says when there is
    /// more to do.
    async fn start_due(&mut self) -> Option<Moment> {
        while self.calls.len() < MOST_AT_ONCE {
            let now = Moment::now();
            let is_due = |lane: &Lane| lane.next().is_some_and(|(due, ..)| due.is_none_or(|due| due <= now));
            let due = self.lanes.iter().filter(|(_, lane)| is_due(lane)).min_by_key(|(_, lane)| lane.called);
            let Some(name) = due.map(|(name, _)| name.clone()) else {
                let later = self.lanes.values().filter_map(|lane| lane.next()?.0);
                return later.chain(self.retry).min();
            };
            self.start(&name).await;
        }
        // As soon as one has ended.
        None
    }

    async fn start(&mut self, name: &str) {
        let (client, now) = (self.client(), self.now());
        let Self { surroundings, lanes, calls, .. } = self;
        let Some(lane) = lanes.get_mut(name) else { return };
        lane.called = Some(Moment::now());
        let Some((_, project, call)) = lane.next() else { return };
        let (project, call) = (project.clone(), call.clone());
        let ready = match client {
            Ok(client) => begin(surroundings, lane, project.as_ref(), &call).await.map(|()| client),
            Err(failure) => Err(failure),
        };
        match ready {
            Ok(client) => {
                let (hook, time_out) = (lane.hook.clone(), surroundings.pace.time_out);
                let (id, body) = (call.id.clone(), body(project.as_ref(), &call));
                let task = calls.spawn(async move { send(&client, &hook, (&id, body), now, time_out).await });
                lane.running = Some(Running { task, project, call });
            }
            Err(failure) => lane.refuse(project, &failure, now, &surroundings.pace),
        }
    }

    fn client(&mut self) -> Result<reqwest::Client, Failure> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        // A connection that is kept may be closed by the other side just when it is used, which would look like a failure.
        let made = bare("publish hooks", |builder| builder.pool_max_idle_per_host(0));
        Ok(self.client.insert(made.map_err(|error| Failure::Setup(error.to_string()))?).clone())
    }

    /// Notes what came of a call, and of whatever else has ended meanwhile.
    async fn note(&mut self, first: Called) {
        let mut taken = Vec::new();
        let mut next = Some(first);
        while let Some(called) = next {
            taken.extend(self.settle(called));
            next = self.calls.try_join_next_with_id();
        }
        if taken.is_empty() {
            return;
        }
        let told = |line: &Line| self.lanes.get(&line.0).and_then(|lane| lane.told.get(&line.1));
        let kept: Vec<_> = taken.iter().filter_map(|line| Some((line.clone(), told(line)?))).collect();
        let gone: Vec<_> = taken.iter().filter(|line| told(line).is_none()).cloned().collect();
        if let Err(error) = self.surroundings.store.keep_told(&kept, &gone).await {
            tracing::error!(%error, "what publish hooks were told could not be stored; they may be told again");
        }
    }

    /// Gives what was told by a call, if it was taken.
    fn settle(&mut self, called: Called) -> Option<Line> {
        let (id, outcome) = match called {
            Ok((id, outcome)) => (id, outcome),
            Err(error) => (error.id(), Err(Failure::Panic)),
        };
        // A hook that is no more has no lane; nor has its call.
        let is_its = |lane: &&mut Lane| lane.running.as_ref().is_some_and(|running| running.task.id() == id);
        let (now, pace) = (self.now(), self.surroundings.pace);
        let lane = self.lanes.values_mut().find(is_its)?;
        let running = lane.running.take()?;
        match outcome {
            Ok(()) => {
                let line = (lane.hook.name.clone(), running.project.clone());
                tracing::debug!(hook = line.0, call = running.call.id, revision = running.call.revision, "told");
                lane.succeed(running, now, &pace);
                Some(line)
            }
            Err(failure) => {
                lane.refuse(running.project, &failure, now, &pace);
                None
            }
        }
    }

    /// Lets others see how hooks fare.
    fn show(&self) {
        let statuses: Vec<_> = self.lanes.values().map(Lane::status).collect();
        self.statuses.send_if_modified(|shown| {
            let is_new = *shown != statuses;
            *shown = statuses;
            is_new
        });
    }
}

/// Keeps that a call is begun, so that it is the same after a crash.
async fn begin(surroundings: &Surroundings, lane: &mut Lane, project: Option<&Id>, call: &Call) -> Result<(), Failure> {
    let project = project.cloned();
    let before = lane.told.get(&project).cloned().unwrap_or_default();
    if before.call.as_ref() == Some(call) {
        return Ok(());
    }
    let told = Told { call: Some(call.clone()), ..before };
    let line = (lane.hook.name.clone(), project.clone());
    let kept = surroundings.store.keep_told(&[(line, &told)], &[]).await;
    kept.map_err(|error| Failure::Store(error.to_string()))?;
    lane.told.insert(project, told);
    Ok(())
}
