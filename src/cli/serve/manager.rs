//! Telling the service manager how the server is, by the protocol of systemd (`sd_notify`). Where there is none, nothing is told.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::{http::Parts, model::Kind, server::stopped};

/// How often the manager is told how far the server is, where it does not watch more closely.
const PACE: Duration = Duration::from_secs(5);
/// A render that takes longer than this is stuck. Long enough to copy films onto a slow disk for the first time.
const STUCK: Duration = Duration::from_mins(15);

/// Tells the manager something.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be told how the server is");
    }
}

/// Tells the manager that the server listens, and that what was behind is rendered; then goes on telling how it is, until it
/// stops.
pub fn ready(parts: &Arc<Parts>) {
    let status = status(parts);
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
    if std::env::var_os("NOTIFY_SOCKET").is_some() {
        tokio::spawn(keep_telling(Arc::downgrade(parts), status));
    }
}

/// Tells the manager that the configuration is read again.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "the service manager could not be told of the reload"),
    }
}

/// Tells the manager that it was read, and what came of it.
pub fn reloaded(outcome: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(&one_line(outcome))]);
}

/// Tells the manager that the server stops.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping: finishing what was accepted")]);
}

/// What is told ends with the line.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn status(parts: &Parts) -> String {
    let revision = *parts.writer.revision().borrow();
    let progress = parts.publisher.progress().borrow().clone();
    if let Some((_, reason)) = progress.failure {
        return one_line(&format!("publishing fails: {reason}"));
    }
    let projects = parts.studio.context().list(Kind::Project).len();
    let published = match progress.revision {
        published if published < revision => format!(", published up to {published}"),
        _ => ", all published".to_owned(),
    };
    format!("projects: {projects}, revision {revision}{published}")
}

/// Says how far the server is, and that it is alive where that is watched for. What must not keep the server alive is its
/// telling.
async fn keep_telling(parts: Weak<Parts>, mut said: String) {
    let watched = sd_notify::watchdog_enabled();
    // Half of the time that the manager waits, as it advises.
    let patience = watched.map_or(PACE, |patience| patience / 2).max(Duration::from_millis(10));
    let mut ticks = interval(patience.min(PACE));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut was_well = true;
    loop {
        ticks.tick().await;
        let Some(parts) = parts.upgrade() else { return };
        let mut stopping = parts.stopping.clone();
        let fault = tokio::select! {
            () = stopped(&mut stopping) => return,
            fault = fault(&parts, patience), if watched.is_some() => fault,
            () = std::future::ready(()), if watched.is_none() => None,
        };
        if let Some(fault) = fault.as_ref().filter(|_| was_well) {
            tracing::error!(fault, "the server is not well: the service manager is not told that it lives");
        }
        was_well = fault.is_none();
        let now = fault.unwrap_or_else(|| status(&parts));
        if now != said {
            tell(&[NotifyState::Status(&now)]);
            said = now;
        }
        if watched.is_some() && was_well {
            tell(&[NotifyState::Watchdog]);
        }
    }
}

/// Why the server had better be started anew, if so. That publishing fails is no reason: it is tried again by itself, and what
/// was published is served meanwhile.
async fn fault(parts: &Parts, patience: Duration) -> Option<String> {
    if let Some(ended) = parts.ended() {
        return Some(ended.to_owned());
    }
    if parts.publisher.tally().running().is_some_and(|running| running > STUCK) {
        return Some(format!("a render takes longer than {} s", STUCK.as_secs()));
    }
    match timeout(patience, parts.store.probe()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(one_line(&error.to_string())),
        Err(_) => Some(format!("the database does not answer within {patience:?}")),
    }
}
