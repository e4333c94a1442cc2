//! Applying deliveries: one worker a source, in the order of arrival.
//!
//! Which are to be applied is in the store alone, so that a restart goes on where it was. That one is applied is noted in the
//! transaction that applies it.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};

use super::{
    Surroundings,
    absent::pass_over_absent,
    filter::Failure,
    mapping::{Mapped, Mapping, Unmapped},
    source::{Program, Source, Sources},
};
use crate::{
    model::fault::Fault,
    server::stopped,
    store::{self, Pending},
    writer::{Refused, Request},
};

/// At most this many deliveries are on their way to the writer at a time.
const AHEAD: i64 = 64;
/// And no more once they have this many bytes.
const AHEAD_BYTES: i64 = 8 << 20;
/// What is mapped goes to the writer after this at the latest, though there be more to map.
const PACE: Duration = Duration::from_millis(100);
/// How long to wait before what could not be stored is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// So often the mapping's process may end at a delivery, with pauses between: an overloaded machine is then over it.
const ENDS: u32 = 3;

/// So many faults of a delivery are kept.
const FAULTS: usize = 100;

/// Has a worker for each source.
pub struct Workers {
    surroundings: Arc<Surroundings>,
    sources: watch::Receiver<Arc<Sources>>,
    stopping: watch::Receiver<bool>,
}

impl Workers {
    /// Workers for these sources, as they change.
    pub fn new(
        surroundings: Surroundings,
        sources: watch::Receiver<Arc<Sources>>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self { surroundings: Arc::new(surroundings), sources, stopping }
    }

    /// Goes on until the server stops; a worker ends by itself when its source is gone.
    pub async fn run(mut self) {
        let (mut workers, mut running) = (JoinSet::new(), HashMap::new());
        while !*self.stopping.borrow() {
            let sources = self.sources.borrow_and_update().clone();
            for source in sources.iter() {
                if !running.values().any(|name| name == source.name()) {
                    let worker = workers.spawn(self.worker(source.name()).run());
                    running.insert(worker.id(), source.name().to_owned());
                }
            }
            tokio::select! {
                () = stopped(&mut self.stopping) => break,
                changed = self.sources.changed() => if changed.is_err() { break },
                Some(ended) = workers.join_next_with_id() => match ended {
                    Ok((id, ())) => drop(running.remove(&id)),
                    Err(error) => {
                        let source = running.remove(&error.id());
                        tracing::error!(source, %error, "a worker of webhooks failed, and is started anew");
                        // What it fails at may be there still.
                        tokio::time::sleep(RETRY).await;
                    }
                },
            }
        }
        while workers.join_next().await.is_some() {}
    }

    fn worker(&self, name: &str) -> Worker {
        let (surroundings, sources, stopping) =
            (self.surroundings.clone(), self.sources.clone(), self.stopping.clone());
        Worker {
            name: name.to_owned(),
            surroundings,
            sources,
            stopping,
            mapping: None,
            waits: true,
            projects: None,
            ended: (0, 0),
        }
    }
}

/// Applies the deliveries of one source.
struct Worker {
    name: String,
    surroundings: Arc<Surroundings>,
    sources: watch::Receiver<Arc<Sources>>,
    stopping: watch::Receiver<bool>,
    mapping: Option<(Program, Mapping)>,
    /// Whether any of them may wait for a project.
    waits: bool,
    /// The revision of the list of projects that was looked at last.
    projects: Option<u64>,
    /// The delivery at which the mapping's process ended last, and how often it has.
    ended: (i64, u32),
}

/// Why deliveries could not be applied now: they are tried again.
#[derive(Debug, thiserror::Error)]
enum Delayed {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Writer(Refused),
    #[error(transparent)]
    Mapping(Failure),
}

/// What becomes of a delivery that is no request.
enum Unread {
    /// It is settled without a change: as what, and why.
    Settled(&'static str, Value),
    /// The machine cannot run the mapping now.
    Delayed(Failure),
}

/// What a delivery came to, without a change.
type Settled = (i64, &'static str, Value);

impl Worker {
    async fn run(mut self) {
        let mut revision = self.surroundings.writer.revision();
        loop {
            let sources = self.sources.borrow_and_update().clone();
            let Some(source) = sources.get(&self.name) else { return };
            if *self.stopping.borrow() {
                return;
            }
            self.follow(source).await;
            let looked = self.look_for_projects().await;
            let worked = if looked.is_ok() { self.work(source).await } else { looked.map(|()| true) };
            let pause = match worked {
                Ok(true) => continue,
                Ok(false) => None,
                Err(error) => {
                    tracing::error!(source = self.name, %error, "deliveries could not be applied; they are tried again");
                    Some(RETRY)
                }
            };
            tokio::select! {
                () = stopped(&mut self.stopping) => {}
                changed = self.sources.changed() => if changed.is_err() { return },
                () = source.lane().wake.notified(), if pause.is_none() => {}
                _ = revision.changed(), if pause.is_none() && self.waits => {}
                () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            }
        }
    }

    /// Takes another mapping when the source has another.
    async fn follow(&mut self, source: &Source) {
        if self.mapping.as_ref().is_some_and(|(program, _)| program == source.program()) {
            return;
        }
        let program = source.program().clone();
        let mut mapping = Mapping::new(&program, &self.surroundings.program);
        let fault = mapping.check().await.err().map(|failure| failure.to_string());
        if let Some(fault) = &fault {
            tracing::error!(source = self.name, fault, "the mapping does not work: deliveries are kept, and fail");
        }
        source.lane().set_fault(fault);
        self.mapping = Some((program, mapping));
    }

    /// Has those tried once more that wait for a project, if there are projects that there were not before.
    async fn look_for_projects(&mut self) -> Result<(), Delayed> {
        let context = self.surroundings.studio.context();
        if !self.waits || self.projects == Some(context.revision) {
            return Ok(());
        }
        let known: Vec<&str> = context.projects().map(|(id, _)| id.as_str()).collect();
        let store = &self.surroundings.store;
        store.retry_waiting(&self.name, &known).await?;
        self.waits = store.waits(&self.name).await?;
        self.projects = Some(context.revision);
        Ok(())
    }

    /// Applies the next deliveries; whether there were any.
    async fn work(&mut self, source: &Source) -> Result<bool, Delayed> {
        let pending = self.surroundings.store.pending(&self.name, AHEAD, AHEAD_BYTES).await?;
        if pending.is_empty() {
            return Ok(false);
        }
        let (mut settled, mut requests) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        let mut delayed = None;
        for delivery in pending {
            let started = Instant::now();
            let read = self.read(&delivery).await;
            source.lane().mapping.observe(started.elapsed());
            match read {
                Ok(request) => requests.push((delivery.id, request)),
                Err(Unread::Settled(status, result)) => settled.push((delivery.id, status, result)),
                Err(Unread::Delayed(failure)) => {
                    // It is looked at anew before the next try, and its source shows what is found.
                    self.mapping = None;
                    if self.ends_always(delivery.id, &failure) {
                        settled.push((delivery.id, "failed", unmapped_result(&Unmapped::Failed(failure))));
                    } else {
                        delayed = Some(Delayed::Mapping(failure));
                    }
                    break;
                }
            }
            if begun.elapsed() > PACE {
                break;
            }
        }
        let count = settled.len() + requests.len();
        let failed = self.apply(requests, &mut settled).await;
        self.waits |= settled.iter().any(|(_, status, _)| *status == "waiting");
        let now = (self.surroundings.clock)();
        let settled: Vec<_> = settled.into_iter().map(|(id, status, result)| (id, status, now, result)).collect();
        if !settled.is_empty() {
            self.surroundings.store.settle(&settled).await?;
            for (id, status, _, result) in &settled {
                log(&self.name, *id, status, result);
            }
        }
        source.lane().settled.send_modify(|settled| *settled += count as u64);
        failed.or(delayed).map_or(Ok(true), Err)
    }

    /// Whether the process ended so often at a delivery that it is the delivery's doing, and not the machine's: no other one is
    /// to wait for it for ever.
    fn ends_always(&mut self, delivery: i64, failure: &Failure) -> bool {
        if !matches!(failure, Failure::Ended(_)) {
            return false;
        }
        let times = if self.ended.0 == delivery { self.ended.1 } else { 0 };
        self.ended = (delivery, times + 1);
        times + 1 >= ENDS
    }

    /// Sends requests to the writer in their order, so that they share transactions; once one is not taken, none that come
    /// after it. Gives why, or the failure of the store: then nothing is settled.
    async fn apply(&self, requests: Vec<(i64, Request)>, settled: &mut Vec<Settled>) -> Option<Delayed> {
        let (mut queued, mut failed) = (Vec::with_capacity(requests.len()), None);
        for (id, request) in requests {
            match self.surroundings.writer.queue(request) {
                Ok(answer) => queued.push((id, answer)),
                Err(refused) => {
                    failed = Some(Delayed::Writer(refused));
                    break;
                }
            }
        }
        for (id, answer) in queued {
            match answer.await {
                Ok(_) => tracing::debug!(source = self.name, delivery = id, "a delivery was applied"),
                Err(Refused::Faults(faults)) => {
                    settled.push((id, "failed", failure("changes", "the changes cannot be applied", &faults)));
                }
                Err(refused @ (Refused::NotFound(_) | Refused::Precondition(_) | Refused::KeyReused)) => {
                    settled.push((id, "failed", failure("changes", &refused.to_string(), &[])));
                }
                Err(refused) => failed = Some(Delayed::Writer(refused)),
            }
        }
        failed
    }

    /// Maps a delivery to a request; else what becomes of it.
    async fn read(&mut self, delivery: &Pending) -> Result<Request, Unread> {
        let Some((_, mapping)) = &mut self.mapping else { return Err(Unread::Settled("failed", Value::Null)) };
        let mut reader = match mapping.map(&delivery.headers, &delivery.body).await {
            Ok(Mapped { reader, .. }) => reader,
            Err(Unmapped::Failed(failure)) if failure.is_passing() => return Err(Unread::Delayed(failure)),
            Err(unmapped) => return Err(Unread::Settled("failed", unmapped_result(&unmapped))),
        };
        if reader.changes.is_empty() {
            return Err(Unread::Settled("ignored", json!({})));
        }
        if let Some(project) = pass_over_absent(&self.surroundings.studio.context(), &mut reader) {
            let detail = format!("there is no project {project} yet: it is applied as soon as there is");
            return Err(Unread::Settled("waiting", json!({"project": project, "detail": detail})));
        }
        let actor = format!("webhook:{}", self.name);
        Ok(Request { actor, partial: true, delivery: Some(delivery.id), ..Request::of(reader) })
    }
}

/// Says in the log how a delivery came out without a change.
fn log(source: &str, delivery: i64, status: &str, result: &Value) {
    let text = |name: &str| result[name].as_str().unwrap_or_default();
    match status {
        "failed" => {
            let fault = &result["errors"][0];
            let first = fault["detail"]
                .as_str()
                .map(|detail| format!("{}: {detail}", fault["pointer"].as_str().unwrap_or_default()));
            tracing::warn!(
                source,
                delivery,
                stage = text("stage"),
                detail = text("detail"),
                first,
                "a delivery failed"
            );
        }
        "waiting" => tracing::info!(source, delivery, detail = text("detail"), "a delivery waits"),
        _ => tracing::debug!(source, delivery, status, "a delivery changes nothing"),
    }
}

/// What is kept of a delivery that could not be mapped.
pub fn unmapped_result(unmapped: &Unmapped) -> Value {
    match unmapped {
        Unmapped::Failed(failed) => failure("mapping", &failed.to_string(), &[]),
        Unmapped::Wrong(_, faults) => failure("changes", &unmapped.to_string(), faults),
    }
}

fn failure(stage: &str, detail: &str, faults: &[Fault]) -> Value {
    let (count, faults) = (faults.len(), faults.get(..FAULTS).unwrap_or(faults));
    let more = if count > FAULTS {
        format!(" in {count} places, of which the first {FAULTS} are kept")
    } else {
        String::new()
    };
    json!({"stage": stage, "detail": format!("{detail}{more}"), "errors": faults})
}
