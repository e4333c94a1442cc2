//! What all requests together may take: memory for bodies, places for uploads, and how many of them come from one client.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{Method, StatusCode, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    AppState,
    client::{Client, ClientKey},
    pace::Pace,
    problem::Problem,
    rates::Rate,
    share::Shares,
    weight,
};
use crate::{access::Caller, limits::Limits};

/// How many deliveries are tried at a time: each has a process of its own, which may take as much memory as its filter may.
const TRIALS: usize = 2;

/// Deliveries have this part of the room that other bodies have, beside it.
const PART_OF_DELIVERIES: usize = 4;

/// The bounds of a server.
#[derive(Debug)]
pub struct Bounds {
    /// The limits that they follow from.
    pub limits: Limits,
    /// The proxies that are believed whom they ask for.
    pub proxies: Vec<IpNet>,
    /// Memory for the bytes of bodies, as they come: one that finds none is refused.
    pub bodies: Room,
    /// The same for deliveries, of which nobody knows who sends them before they are there: they are not to take the room of
    /// those who have a token.
    pub deliveries: Room,
    /// Memory for what bodies come to once they are read: one that is whole waits for it, with its bytes in hand, so that the
    /// two cannot be one room.
    pub weights: weight::Room,
    /// How many requests each client has at work.
    pub shares: Arc<Shares>,
    uploads: Arc<Semaphore>,
    trials: Arc<Semaphore>,
    requests: Option<Rate<ClientKey>>,
    failures: Option<Rate<ClientKey>>,
}

impl Bounds {
    /// Those of a server that takes bodies up to a size, and deliveries up to another.
    #[must_use]
    pub fn new(limits: Limits, proxies: Vec<IpNet>, max_body: usize, max_delivery: usize) -> Self {
        Self {
            bodies: Room::new(limits.bodies.max(max_body)),
            deliveries: Room::new((limits.bodies / PART_OF_DELIVERIES).max(max_delivery)),
            // Small bodies are to have room even where no large ones are taken.
            weights: weight::Room::new(max_body.max(8 << 20)),
            shares: Shares::new(limits.connections),
            uploads: Arc::new(Semaphore::new(limits.uploads.min(Semaphore::MAX_PERMITS))),
            trials: Arc::new(Semaphore::new(TRIALS)),
            requests: Rate::new(limits.rate, Duration::from_secs(1)),
            failures: Rate::new(limits.failures, Duration::from_mins(1)),
            limits,
            proxies,
        }
    }

    /// A place to try a delivery in, until it is dropped.
    pub fn trial(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.trials.clone().try_acquire_owned().map_err(|_| {
            Problem::Unavailable(format!("{TRIALS} deliveries are being tried already: send it again in a moment"))
        })
    }
}

/// Room for the bodies of requests, in memory. Each has the first bytes for nothing, so that small ones always find some.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

/// What a body takes of the room.
#[derive(Debug, Default)]
pub struct Taken(Option<OwnedSemaphorePermit>);

impl Room {
    /// So many bytes are given at a time.
    const BLOCK: usize = 64 << 10;

    fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.div_ceil(Self::BLOCK).min(Semaphore::MAX_PERMITS))))
    }

    /// Takes as much as a body of that size needs, if it is there.
    pub fn take(&self, taken: &mut Taken, size: usize) -> Result<(), Problem> {
        let has = taken.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = (size.saturating_sub(1) / Self::BLOCK).saturating_sub(has);
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).ok().and_then(|more| self.0.clone().try_acquire_many_owned(more).ok());
        let Some(more) = more else {
            let detail = "other large bodies take all the memory that there is for them: send it again in a moment";
            return Err(Problem::Unavailable(detail.to_owned()));
        };
        match &mut taken.0 {
            Some(taken) => taken.merge(more),
            None => taken.0 = Some(more),
        }
        Ok(())
    }
}

/// A place among the uploads, as long as one goes on. Its request takes as long as the file comes.
#[derive(Debug)]
pub struct UploadPlace {
    _permit: OwnedSemaphorePermit,
}

impl FromRequestParts<AppState> for UploadPlace {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let permit = state.bounds.uploads.clone().try_acquire_owned();
        let permit = permit.map_err(|_| {
            let most = state.bounds.limits.uploads;
            Problem::Unavailable(format!("{most} files are being uploaded already: send it again in a moment"))
        })?;
        if let Some(pace) = parts.extensions.get::<Pace>() {
            pace.be_long();
        }
        Ok(Self { _permit: permit })
    }
}

/// Refuses the requests of a client that sends too many. Stands inside of what finds out who that is.
pub async fn limit_requests(State(bounds): State<Arc<Bounds>>, request: Request, next: Next) -> Response {
    let client = ClientKey::of(request.extensions());
    match bounds.requests.as_ref().map_or(Ok(()), |rate| rate.take(client)) {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            let rate = bounds.limits.rate;
            let detail = format!("more than {rate} requests a second: wait, or send many changes in one");
            Problem::TooManyRequests(detail, wait).into_response()
        }
    }
}

/// Refuses whoever has guessed at tokens too often. Stands inside of what finds out who asks: one whose token is known does not
/// guess, and is not kept out by others at the same address, nor does a token that ran out on some screen count against them.
pub async fn limit_guesses(State(bounds): State<Arc<Bounds>>, request: Request, next: Next) -> Response {
    // A delivery is none: one source with a wrong secret is not to silence the others, which come from the same service.
    let is_guess = request.extensions().get::<Caller>().is_some_and(Caller::guesses);
    let Some(rate) = bounds.failures.as_ref().filter(|_| is_guess) else {
        return next.run(request).await;
    };
    let client = ClientKey::of_address(Client::address_in(request.extensions()));
    if let Err(wait) = rate.look(client.clone()) {
        let detail = "too many failed authentications from this address".to_owned();
        return Problem::TooManyRequests(detail, wait).into_response();
    }
    let response = next.run(request).await;
    if response.status() == StatusCode::UNAUTHORIZED {
        // Of several at the same time the last ones may be too many: they were refused as it is.
        let _ = rate.take(client);
    }
    response
}

/// Whether it is a delivery of a webhook, which is verified by its source and has no token.
pub fn is_delivery(request: &Request) -> bool {
    let source = request.uri().path().strip_prefix("/api/webhooks/");
    request.method() == Method::POST && source.is_some_and(|source| !source.contains('/'))
}
