//! Bodies that keep their connection at work as long as they are there.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use hyper::body::{Body, Frame, SizeHint};

use super::pulse::Turn;

/// The body of a request, or of its answer.
#[derive(Debug)]
pub struct Part<B> {
    body: B,
    _turn: Turn,
}

impl<B> Part<B> {
    /// The body, as a part of what the connection is at.
    pub fn new(body: B, turn: Turn) -> Self {
        Self { body, _turn: turn }
    }
}

impl<B: Body + Unpin> Body for Part<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
