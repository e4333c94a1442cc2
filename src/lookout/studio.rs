//! Problems of no project: of publishing, of webhooks, of publish hooks.

use std::sync::Arc;

use crate::{
    model::{
        problems::{Problem, ProblemKind},
        time::{Instant, parse_instant, rfc3339},
    },
    notify::HookStatus,
    store::Tally,
    webhook::{Source, Sources},
};

/// How a publish hook fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookState {
    /// What it is called: its address, without what is secret of it.
    pub name: String,
    /// Why it could not be told, if it could not.
    pub failure: Option<String>,
    /// Since when it could not.
    pub since: Option<Instant>,
    /// When it was told last.
    pub told_at: Option<Instant>,
    /// How many projects it is still to be told of.
    pub owed: usize,
}

impl From<HookStatus> for HookState {
    fn from(hook: HookStatus) -> Self {
        let is_failing = hook.state != "well";
        Self {
            name: hook.name,
            failure: hook.last_failure.filter(|_| is_failing).map(|failure| failure.detail),
            // It is known since when it is seen to fail.
            since: None,
            told_at: hook.last_success_at.as_deref().and_then(parse_instant),
            owed: hook.owed,
        }
    }
}

/// Says how publish hooks fare.
pub type Notices = Arc<dyn Fn() -> Vec<HookState> + Send + Sync>;

/// A problem, and since when it is there if that is known otherwise.
type Found = (Problem, Option<Instant>);

fn problem(problem: ProblemKind, kind: &'static str, id: &str, detail: String, mend: &'static str) -> Problem {
    let (id, name, mend) = (id.to_owned(), id.to_owned(), mend.into());
    Problem { problem, kind, id, name, other: None, detail, mend }
}

fn deliveries(count: i64) -> String {
    if count == 1 { "1 delivery".to_owned() } else { format!("{count} deliveries") }
}

/// By what it is known that no delivery came or was settled: the counts of each source.
pub type Signature = Vec<(String, u64, u64)>;

pub(super) fn signature(sources: &Sources) -> Signature {
    let counts = |source: &Source| (source.lane().counts().received, *source.lane().settled.borrow());
    let each = sources.iter().map(|source| (source.name().to_owned(), counts(source)));
    each.map(|(name, (received, settled))| (name, received, settled)).collect()
}

pub(super) fn of_publishing(failure: Option<String>) -> Vec<Found> {
    let mend = "mend that, and it is tried again by itself; /readyz says when it is well";
    let found = failure.map(|reason| problem(ProblemKind::PublishingFailed, "publishing", "", reason, mend));
    found.into_iter().map(|problem| (problem, None)).collect()
}

pub(super) fn of_hooks(hooks: Vec<HookState>) -> Vec<Found> {
    let failing = hooks.into_iter().filter_map(|hook| Some((hook.failure?, hook.name, hook.since)));
    let found = failing.map(|(failure, name, since)| {
        let detail = format!("it could not be told: {failure}");
        let mend = "mend that; it is told again by itself of what it does not know";
        (problem(ProblemKind::PublishHookFailed, "publish-hooks", &name, detail, mend), since)
    });
    found.collect()
}

pub(super) fn of_webhooks(sources: &Sources, tallies: &[Tally]) -> Vec<Found> {
    let configured = sources.iter().flat_map(|source| of_source(source, tallies));
    let is_pending = |tally: &&Tally| ["received", "waiting"].contains(&tally.status.as_str());
    let left = tallies.iter().filter(is_pending).filter(|tally| sources.get(&tally.source).is_none());
    let left = left.map(|tally| {
        let detail =
            format!("{} of status {} and no such source in the configuration", deliveries(tally.count), tally.status);
        let mend = "configure the source again; what was received is applied then, or forgotten after a while";
        let found = problem(ProblemKind::SourceMissing, "webhooks", &tally.source, detail, mend);
        (found, Some(tally.first_received_at))
    });
    configured.chain(left).collect()
}

fn of_source(source: &Source, tallies: &[Tally]) -> Vec<Found> {
    let (name, lane) = (source.name(), source.lane());
    let mut found = Vec::new();
    if let Some(fault) = lane.fault() {
        let detail = format!("the mapping {} does not work: {fault}", source.program().name);
        let mend = "correct it in the configuration, and replay what failed";
        found.push((problem(ProblemKind::MappingBroken, "webhooks", name, detail, mend), None));
    }
    let own = || tallies.iter().filter(|tally| tally.source == name);
    if let Some(failed) = own().find(|tally| tally.status == "failed") {
        let last = rfc3339(failed.last_received_at);
        let detail = format!("{} could not be applied, the last of {last}", deliveries(failed.count));
        let mend = "look at them, correct the mapping or the data, and replay them";
        let found_failed = problem(ProblemKind::DeliveriesFailed, "webhooks", name, detail, mend);
        found.push((found_failed, Some(failed.first_received_at)));
    }
    if let Some(waiting) = own().find(|tally| tally.status == "waiting") {
        let detail = format!("{} for projects that do not exist", deliveries(waiting.count));
        let mend = "create the project, and they are applied by themselves";
        let found_waiting = problem(ProblemKind::DeliveriesWaiting, "webhooks", name, detail, mend);
        found.push((found_waiting, Some(waiting.first_received_at)));
    }
    // Anybody can send what is refused; it is a problem only where nothing that is accepted comes after it.
    let accepted = own().map(|tally| tally.last_received_at).max();
    let refusals = lane.refusals();
    let refused_at = |at: &str| parse_instant(at).filter(|at| accepted.is_none_or(|accepted| accepted < *at));
    if let Some(last) = refusals.first().filter(|refusal| refused_at(&refusal.at).is_some()) {
        let detail = format!("the last delivery was refused: {}", last.detail);
        let mend = "compare the secret and the way of verifying with the sender's";
        let first = refusals.iter().filter_map(|refusal| refused_at(&refusal.at)).min();
        found.push((problem(ProblemKind::DeliveriesRefused, "webhooks", name, detail, mend), first));
    }
    found
}
