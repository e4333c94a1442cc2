//! The pace of a request: its body has to come on, and the whole of it to an end.

use std::{
    io,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream, HttpBody},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::{bounds::Bounds, hear_out::hear_out, problem::Problem};
use crate::limits::Limits;

/// How a request with a body is getting on: an extension of it.
#[derive(Debug, Clone, Default)]
pub struct Pace(Arc<Progress>);

#[derive(Debug, Default)]
#[expect(clippy::struct_field_names, reason = "each is a question")]
struct Progress {
    /// Whether more of the body is being waited for.
    is_waiting: AtomicBool,
    /// Whether no more of it is.
    is_cut: AtomicBool,
    /// Whether the request may take as long as its body comes.
    is_long: AtomicBool,
}

impl Pace {
    /// Lets the request take as long as its body comes: it is a file.
    pub fn be_long(&self) {
        self.0.is_long.store(true, Relaxed);
    }
}

/// Has a request answered in time. A body that does not come on is not waited for.
pub async fn in_time(State(bounds): State<Arc<Bounds>>, request: Request, next: Next) -> Response {
    let limits = &bounds.limits;
    let (request, pace) = paced(request, limits);
    let mut answer = pin!(next.run(hear_out(request, limits.unwanted)));
    let answer = match timeout(limits.request, &mut answer).await {
        Err(_) if pace.as_ref().is_some_and(|pace| pace.0.is_long.load(Relaxed)) => Some(answer.await),
        in_time => in_time.ok(),
    };
    let progress = pace.unwrap_or_default().0;
    match answer {
        Some(answer) if answer.status().is_success() || !progress.is_cut.load(Relaxed) => answer,
        Some(_) => {
            let (stalled, slowest) = (limits.stalled.as_secs(), limits.slowest);
            Problem::TimedOut(format!(
                "the body comes too slowly: for {stalled} s nothing, or less than {slowest} bytes a second"
            ))
            .into_response()
        }
        None if progress.is_waiting.load(Relaxed) => {
            progress.is_cut.store(true, Relaxed);
            let limit = limits.request.as_secs();
            Problem::TimedOut(format!("the body did not come within {limit} s")).into_response()
        }
        None => {
            tracing::error!("a request could not be answered in time");
            let detail = "the server is too slow at present: whether the request was done is not known";
            Problem::Unavailable(detail.to_owned()).into_response()
        }
    }
}

/// The request with a body that breaks off where it comes too slowly.
fn paced(mut request: Request, limits: &Limits) -> (Request, Option<Pace>) {
    if request.body().is_end_stream() {
        return (request, None);
    }
    let pace = Pace::default();
    request.extensions_mut().insert(pace.clone());
    let (progress, limits) = (pace.0.clone(), (limits.stalled, limits.slowest));
    let paced = |body: Body| {
        let body = body.into_data_stream();
        Body::from_stream(Paced {
            body,
            progress,
            limits,
            since: None,
            waited: Duration::ZERO,
            received: 0,
            alarm: None,
        })
    };
    (request.map(paced), Some(pace))
}

struct Paced {
    body: BodyDataStream,
    progress: Arc<Progress>,
    /// How long nothing may come, and how many bytes must come in a second.
    limits: (Duration, u64),
    /// Since when nothing comes.
    since: Option<Instant>,
    /// How long the body was waited for before that; the time in which nobody asked for more of it is not the client's.
    waited: Duration,
    /// How many bytes came.
    received: u64,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    /// Until when something must have come, if nothing has since then.
    fn deadline(&self, since: Instant) -> Instant {
        let (stalled, slowest) = self.limits;
        let due = Duration::from_secs(self.received / slowest.max(1)).max(stalled);
        since + stalled.min(due.saturating_sub(self.waited))
    }

    fn is_too_late(&mut self, context: &mut Context<'_>) -> bool {
        let since = *self.since.get_or_insert_with(Instant::now);
        let deadline = self.deadline(since);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        // It may have been set for a piece before; then it goes off early, and is set again.
        if alarm.deadline() > deadline {
            alarm.as_mut().reset(deadline);
        }
        while alarm.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return true;
            }
            alarm.as_mut().reset(deadline);
        }
        false
    }
}

impl Stream for Paced {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.progress.is_cut.load(Relaxed) {
            if let Poll::Ready(piece) = self.body.poll_next_unpin(context) {
                if let Some(since) = self.since.take() {
                    self.waited += since.elapsed();
                    self.progress.is_waiting.store(false, Relaxed);
                }
                let length = piece.as_ref().and_then(|piece| piece.as_ref().ok()).map_or(0, Bytes::len);
                self.received += length as u64;
                return Poll::Ready(piece);
            }
            self.progress.is_waiting.store(true, Relaxed);
            if !self.is_too_late(context) {
                return Poll::Pending;
            }
            self.progress.is_cut.store(true, Relaxed);
        }
        let slow = io::Error::new(io::ErrorKind::TimedOut, "it comes too slowly");
        Poll::Ready(Some(Err(axum::Error::new(slow))))
    }
}
