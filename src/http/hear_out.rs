//! Clients are heard out. Most send a body to its end before they read the answer; were the connection closed as soon as it
//! is known that the body is refused, they would find it broken, and never learn why.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream, HttpBody},
    extract::Request,
    http::header,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::time::timeout;

/// So many times as long as a client may send nothing of what is not wanted any more, it may go on sending that.
const PATIENCE: u32 = 6;

/// The request with a body of which the rest is read, and forgotten, when nobody wants more of it, unless nothing comes for so
/// long. The answer does not wait for that.
pub fn hear_out(request: Request, silence: Duration) -> Request {
    let asks_first = request.headers().contains_key(header::EXPECT);
    request.map(|body| {
        if body.is_end_stream() {
            return body;
        }
        Body::from_stream(HeardOut { body: body.into_data_stream(), silence, is_coming: !asks_first, is_over: false })
    })
}

struct HeardOut {
    body: BodyDataStream,
    /// How long nothing may come of it when it is not wanted any more.
    silence: Duration,
    /// Whether the client sends it. One that asks first (`Expect: 100-continue`) does when the first of it is wanted.
    is_coming: bool,
    /// Whether it has come to its end, or broken off.
    is_over: bool,
}

impl Stream for HeardOut {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.is_coming = true;
        let piece = self.body.poll_next_unpin(context);
        self.is_over = matches!(piece, Poll::Ready(None | Some(Err(_))));
        piece
    }
}

impl Drop for HeardOut {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.is_over || !self.is_coming {
            return;
        }
        let mut rest = mem::replace(&mut self.body, Body::empty().into_data_stream());
        let silence = self.silence;
        // Who has gone silent does not read its answer any sooner for being waited for.
        let hear = async move { while let Ok(Some(Ok(_))) = timeout(silence, rest.next()).await {} };
        runtime.spawn(timeout(silence.saturating_mul(PATIENCE), hear));
    }
}
