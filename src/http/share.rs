//! How many requests of one client are at work: whoever listens, or does not read what it is sent, leaves connections for the
//! others, also where all of them come by one proxy. Until its answer is sent, a request is at work.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, HttpBody},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::{
    bounds::Bounds,
    client::{Client, ClientKey},
    problem::Problem,
};

/// So much of an answer is handed over at a time: one that is handed over whole is gone from here, however slowly it is read.
const PIECE: usize = 64 << 10;

/// The requests at work, by the addresses of their clients.
#[derive(Debug)]
pub struct Shares {
    most: usize,
    counts: Mutex<HashMap<ClientKey, usize>>,
}

impl Shares {
    /// A client may have half of so many connections at work.
    #[must_use]
    pub fn new(connections: usize) -> Arc<Self> {
        Arc::new(Self { most: connections.div_ceil(2).max(1), counts: Mutex::default() })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<ClientKey, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in one more request of a client, until what is given is dropped; none if it has as many as it may.
    fn take(self: &Arc<Self>, client: ClientKey) -> Option<Share> {
        let mut counts = self.counts();
        let count = counts.entry(client.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Share { shares: self.clone(), client })
    }
}

/// A request at work.
struct Share {
    shares: Arc<Shares>,
    client: ClientKey,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut counts = self.shares.counts();
        let left = counts.get(&self.client).map_or(0, |count| count.saturating_sub(1));
        if left > 0 {
            counts.insert(self.client.clone(), left);
        } else {
            counts.remove(&self.client);
        }
    }
}

/// Refuses the requests of a client that has more than its share at work. It goes by the address: who has many tokens has no
/// more connections for that.
pub async fn limit_share(State(bounds): State<Arc<Bounds>>, request: Request, next: Next) -> Response {
    // Whoever looks after the server has to hear how it is, whatever else comes from there.
    if ["/healthz", "/readyz"].contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let client = ClientKey::of_address(Client::address_in(request.extensions()));
    let Some(share) = bounds.shares.take(client) else {
        let most = bounds.shares.most;
        let detail =
            format!("{most} requests from this address are at work, half of all that there may be: wait for one");
        return Problem::Unavailable(detail).into_response();
    };
    next.run(request).await.map(|body| {
        if body.is_end_stream() { body } else { Body::new(AtWork { body, rest: Bytes::new(), _share: share }) }
    })
}

/// The body of an answer, which is at work as long as it is there.
struct AtWork {
    body: Body,
    /// What is left of the frame that was handed over last.
    rest: Bytes,
    _share: Share,
}

impl HttpBody for AtWork {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)).map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(other))) => return Poll::Ready(Some(Ok(other))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let size = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(size)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, inner) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(rest));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}
