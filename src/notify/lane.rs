//! What one hook was told, what it is owed, and when it is called for that. Nothing here waits, sends or stores.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::{task::AbortHandle, time::Instant as Moment};

use super::{
    Pace,
    call::Failure,
    hook::Hook,
    status::{FailedCall, HookStatus},
};
use crate::{
    model::{
        Id,
        time::{Instant, rfc3339},
    },
    store::{Call, Told},
};

/// What can be seen: the revision of each project, and of what all share.
pub(super) type Seen = BTreeMap<Option<Id>, u64>;

/// How often something failed in a row, and until when it is left alone.
#[derive(Debug, Clone, Copy, Default)]
struct Wait {
    failures: u32,
    /// By the timer, and by the clock.
    until: Option<(Moment, Instant)>,
}

impl Wait {
    fn extend(&mut self, pace: &Pace, asked: Option<Duration>, now: Instant) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let pause = pace.pause(self.failures).max(asked.unwrap_or_default());
        self.rest(pause, now);
        pause
    }

    fn rest(&mut self, pause: Duration, now: Instant) {
        let micros = Instant::try_from(pause.as_micros()).unwrap_or(Instant::MAX);
        self.until = Some((Moment::now() + pause, now.saturating_add(micros)));
    }
}

/// A call that is on its way.
#[derive(Debug)]
pub(super) struct Running {
    pub task: AbortHandle,
    pub project: Option<Id>,
    pub call: Call,
}

/// One hook.
#[derive(Debug)]
pub(super) struct Lane {
    pub hook: Arc<Hook>,
    /// By project. What all share is always there, from when the hook was added.
    pub told: BTreeMap<Option<Id>, Told>,
    owed: BTreeMap<Option<Id>, Call>,
    pub running: Option<Running>,
    /// For the receiver as a whole, and for what it was told alone.
    wait: Wait,
    waits: BTreeMap<Option<Id>, Wait>,
    /// Whether the receiver wants no more calls.
    is_ended: bool,
    /// When it was last called.
    pub called: Option<Moment>,
    taken: u64,
    failed: u64,
    last_success: Option<Instant>,
    last_failure: Option<FailedCall>,
}

impl Lane {
    /// A hook that was told this before.
    pub fn new(hook: Arc<Hook>, told: BTreeMap<Option<Id>, Told>) -> Self {
        let owed = told.iter().filter_map(|(project, told)| Some((project.clone(), told.call.clone()?))).collect();
        let last_success = told.values().filter_map(|told| told.at).max();
        Self {
            hook,
            told,
            owed,
            running: None,
            wait: Wait::default(),
            waits: BTreeMap::new(),
            is_ended: false,
            called: None,
            taken: 0,
            failed: 0,
            last_success,
            last_failure: None,
        }
    }

    /// Has other settings from now on, and is called at once for what is owed: what was wrong may be right now. Gives what is
    /// of no interest any more.
    pub fn adopt(&mut self, hook: Arc<Hook>) -> Vec<Option<Id>> {
        // What the old address answers says nothing of the new one.
        if self.hook.url != hook.url
            && let Some(running) = self.running.take()
        {
            running.task.abort();
        }
        (self.hook, self.is_ended, self.wait, self.waits) = (hook, false, Wait::default(), BTreeMap::new());
        let hook = &self.hook;
        let gone = self.told.keys().filter(|project| project.is_some() && !hook.wants(project.as_ref()));
        let gone: Vec<_> = gone.cloned().collect();
        for project in &gone {
            self.told.remove(project);
        }
        gone
    }

    /// Whether it is known from where on it is told.
    pub fn has_begun(&self) -> bool {
        self.told.contains_key(&None)
    }

    /// What a new hook counts as told of: all that can be seen now.
    pub fn beginning(&self, seen: &Seen) -> BTreeMap<Option<Id>, Told> {
        let known = seen.iter().filter(|(project, _)| project.is_none() || self.hook.wants(project.as_ref()));
        known.map(|(project, revision)| (project.clone(), Told { revision: *revision, ..Told::default() })).collect()
    }

    /// Finds what is owed: what can be seen at a later revision than it was told of, and projects that cannot be seen any more.
    /// What was owed before stays the same call.
    pub fn look(&mut self, seen: &Seen, now: Instant) {
        // Before the first publish there is nothing to be seen, and nothing is gone.
        let (Some(context), true) = (seen.get(&None), self.has_begun()) else { return };
        let projects: BTreeSet<&Option<Id>> = seen.keys().chain(self.told.keys()).collect();
        let mut owed = BTreeMap::new();
        for project in projects.into_iter().filter(|project| self.hook.wants(project.as_ref())) {
            let told = self.told.get(project).map_or(0, |told| told.revision);
            let (revision, is_gone) = match seen.get(project) {
                Some(revision) if *revision > told => (*revision, false),
                Some(_) => continue,
                None => (*context, true),
            };
            let before = self
                .owed
                .remove(project)
                .filter(|call| call.is_gone == is_gone && (is_gone || call.revision == revision));
            let new = || Call { id: format!("msg_{}", uuid::Uuid::new_v4().simple()), revision, is_gone, at: now };
            owed.insert(project.clone(), before.unwrap_or_else(new));
        }
        self.waits.retain(|project, _| owed.contains_key(project) || self.told.contains_key(project));
        self.owed = owed;
    }

    /// What it is called for next, and when; nothing while a call is on its way. What did not fail comes first.
    pub fn next(&self) -> Option<(Option<Moment>, &Option<Id>, &Call)> {
        if self.is_ended || self.running.is_some() {
            return None;
        }
        let until = |wait: &Wait| wait.until.map(|(moment, _)| moment);
        let of = |project| self.waits.get(project).and_then(until);
        let (project, call) = self.owed.iter().min_by_key(|(project, call)| (of(project), call.revision))?;
        Some((of(project).max(until(&self.wait)), project, call))
    }

    /// The call was taken.
    pub fn succeed(&mut self, Running { project, call, .. }: Running, now: Instant, pace: &Pace) {
        self.taken += 1;
        (self.wait, self.last_success) = (Wait::default(), Some(now));
        if call.is_gone {
            self.told.remove(&project);
            self.waits.remove(&project);
            return;
        }
        let mut wait = Wait::default();
        wait.rest(pace.rest, now);
        self.waits.insert(project.clone(), wait);
        self.told.insert(project, Told { revision: call.revision, at: Some(now), call: None });
    }

    /// The call was not taken. It is owed still.
    pub fn refuse(&mut self, project: Option<Id>, failure: &Failure, now: Instant, pace: &Pace) {
        self.failed += 1;
        self.is_ended = failure.is_end();
        let project_shown = project.as_ref().map_or("", Id::as_str).to_owned();
        self.last_failure =
            Some(FailedCall { at: rfc3339(now), project: project.clone(), detail: failure.to_string() });
        let wait = if failure.is_of_all() { &mut self.wait } else { self.waits.entry(project).or_default() };
        let pause = wait.extend(pace, failure.retry_after(), now);
        let (hook, project) = (&self.hook.name, project_shown);
        if self.is_ended {
            tracing::warn!(hook, project, %failure, "a publish hook has ended");
        } else {
            let seconds = pause.as_secs_f32();
            tracing::warn!(hook, project, %failure, "a call of a publish hook failed; the next is in {seconds} s");
        }
    }

    /// How it is, for who asks.
    pub fn status(&self) -> HookStatus {
        let waits = self.owed.keys().map(|project| self.waits.get(project).copied().unwrap_or_default());
        let waits: Vec<Wait> = waits.collect();
        let is_failing = waits.iter().any(|wait| wait.failures.max(self.wait.failures) > 0);
        let at = |wait: &Wait| wait.until.map(|(_, at)| at);
        let next = waits.iter().filter_map(|wait| at(wait).max(at(&self.wait))).min();
        HookStatus {
            name: self.hook.name.clone(),
            state: if self.is_ended {
                "ended"
            } else if is_failing {
                "failing"
            } else {
                "well"
            },
            owed: self.owed.len(),
            taken: self.taken,
            failed: self.failed,
            last_success_at: self.last_success.map(rfc3339),
            last_failure: self.last_failure.clone(),
            next_at: next.filter(|_| is_failing && !self.is_ended && self.running.is_none()).map(rfc3339),
        }
    }
}
