//! Live changes: server-sent events, one for each project whose new revision can be seen.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, stream};
use serde_json::json;
use tokio::{
    sync::{broadcast, watch},
    time::{Interval, MissedTickBehavior, interval},
};

use super::{
    AppState,
    api::{Api, Endpoint, Method},
    metrics::Listening,
    problem::Problem,
};
use crate::{
    access::{Access, Caller, Need, Place},
    model::Id,
    publish::{Progress, Published},
    writer::Clock,
};

/// Adds the stream of events.
#[must_use]
pub fn add_to(api: Api) -> Api {
    api.add(
        Method::Get,
        "/api/events",
        events,
        Endpoint::new("getEvents", "operations", Need::Shown, "Follows what is published (server-sent events).")
            .about("One event `published` for each project whose new revision can be seen: `{\"project\", \"revision\"}`; `project` is null for the list of projects and what they share. `id` is the revision; `Last-Event-ID` resumes.")
            .header("Last-Event-ID", "The revision of the last event that was seen.")
            .streams("200", "The events; it does not end by itself")
            .refuses(&[]),
    )
}

async fn events(State(state): State<AppState>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    let last = match headers.get("last-event-id").map(|value| value.to_str().unwrap_or_default().trim()) {
        None | Some("") => None,
        Some(text) => {
            let wrong = |_| Problem::BadRequest(format!("Last-Event-ID is a revision, not {text:?}"));
            Some(text.parse::<u64>().map_err(wrong)?)
        }
    };
    let heartbeat = state.bounds.limits.heartbeat;
    let follower = Follower::new(&state, caller, last, heartbeat);
    // So that a lost connection is noticed when nothing happens.
    let sse = Sse::new(follower.stream()).keep_alive(KeepAlive::new().interval(heartbeat).text("still here"));
    Ok(sse.into_response())
}

/// One listener: what it has seen, and what it is still to be told.
struct Follower {
    access: Arc<Access>,
    clock: Clock,
    caller: Caller,
    events: broadcast::Receiver<Published>,
    progress: watch::Receiver<Progress>,
    stopping: watch::Receiver<bool>,
    /// When the token is looked at though nothing is published.
    heartbeat: Interval,
    seen: BTreeMap<Option<Id>, u64>,
    pending: Vec<Published>,
    _listening: Listening,
}

impl Follower {
    /// Listens first and looks then, so that nothing is missed in between. Without a last event, all that can be seen
    /// now counts as seen.
    fn new(state: &AppState, caller: Caller, last: Option<u64>, heartbeat: Duration) -> Self {
        let mut heartbeat = interval(heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (events, progress) = (state.publisher.events(), state.publisher.progress());
        let now = progress.borrow().seen.clone();
        let mut follower = Self {
            access: state.access.clone(),
            clock: state.clock.clone(),
            caller,
            events,
            progress,
            stopping: state.stopping.clone(),
            heartbeat,
            seen: BTreeMap::new(),
            pending: Vec::new(),
            _listening: state.metrics.requests.listening(),
        };
        match last {
            None => follower.seen = (*now).clone(),
            // A revision that is still to come is of another life of the database: nothing of this one was seen.
            Some(last) => {
                let last = if now.values().any(|revision| *revision >= last) { last } else { 0 };
                follower.seen = now.keys().map(|project| (project.clone(), last)).collect();
                follower.look();
            }
        }
        follower
    }

    /// Notes everything as pending that can be seen and was not.
    fn look(&mut self) {
        let now = self.progress.borrow_and_update().seen.clone();
        for (project, revision) in now.iter() {
            self.note(Published { project: project.clone(), revision: *revision });
        }
        self.pending.sort_by_key(|published| std::cmp::Reverse(published.revision));
    }

    fn note(&mut self, published: Published) {
        let seen = self.seen.entry(published.project.clone()).or_default();
        if *seen < published.revision {
            *seen = published.revision;
            self.pending.insert(0, published);
        }
    }

    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, async |mut follower| {
            let published = follower.next().await?;
            let data = json!({"project": published.project, "revision": published.revision});
            let event = Event::default().event("published").id(published.revision.to_string()).data(data.to_string());
            Some((Ok(event), follower))
        })
    }

    /// Whether the token is still valid with which this began, perhaps long ago.
    async fn may_still_listen(&mut self) -> bool {
        match self.access.still(&self.caller, (self.clock)()).await {
            Ok(caller) => self.caller = caller,
            Err(error) => {
                tracing::error!(%error, "the tokens cannot be read");
                return false;
            }
        }
        self.caller.may(Need::Shown, Place::default()).is_ok()
    }

    async fn next(&mut self) -> Option<Published> {
        loop {
            if let Some(published) = self.pending.pop() {
                if !self.may_still_listen().await {
                    return None;
                }
                if published.project.as_ref().is_none_or(|project| self.caller.sees(project)) {
                    return Some(published);
                }
                continue;
            }
            let received = tokio::select! {
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
                received = self.events.recv() => Some(received),
                _ = self.heartbeat.tick() => None,
            };
            match received {
                Some(Ok(published)) => self.note(published),
                // Too far behind: the whole state says what was missed.
                Some(Err(broadcast::error::RecvError::Lagged(_))) => self.look(),
                Some(Err(broadcast::error::RecvError::Closed)) => return None,
                // Where nothing is told for long, it still ends with its token.
                None if !self.may_still_listen().await => return None,
                None => {}
            }
        }
    }
}
