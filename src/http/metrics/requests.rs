//! Requests, as they are answered.

use std::{
    borrow::Cow,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    http::Method,
    response::Response,
};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
};

use crate::metrics::Durations;

/// Bodies from this size on are counted as they are sent, since their clients may leave; smaller ones when they are answered.
const COUNTED_AS_SENT: u64 = 64 << 10;

/// Where a request was answered: the pattern of its route, or what was served.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Place {
    method: &'static str,
    route: Cow<'static, str>,
}

/// Where, and how.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Answered {
    method: &'static str,
    route: Cow<'static, str>,
    status: &'static str,
}

/// Requests that were answered.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    /// How many.
    pub answered: Family<Answered, Counter>,
    /// How long from the head of a request to that of its answer.
    pub durations: Family<Place, Durations>,
    /// Bytes of the bodies of answers, as they are sent.
    pub bytes: Family<[(&'static str, Cow<'static, str>); 1], Counter>,
    listeners: Arc<()>,
}

/// Held by whoever follows the events.
pub type Listening = Arc<()>;

/// Where something was served, in place of a route: for what has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// A JSON file of the tree.
    Tree,
    /// A picture or movie of the tree.
    Media,
    /// The page, or what belongs to it.
    Page,
    /// An address of the API that there is not.
    Nothing,
}

impl Served {
    /// What is at a path that no route has.
    #[must_use]
    pub fn at(path: &str) -> Self {
        let below = |folder| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if below("/api") {
            Self::Nothing
        } else if !below("/data") {
            Self::Page
        } else if std::path::Path::new(path).extension().is_some_and(|extension| extension == "json") {
            Self::Tree
        } else {
            Self::Media
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Media => "media",
            Self::Page => "page",
            Self::Nothing => "nothing",
        }
    }
}

impl Requests {
    /// Notes an answer, and has its body counted. `pattern` is that of the route, if the request had one.
    pub fn note(
        &self,
        method: &Method,
        pattern: Option<&str>,
        path: &str,
        response: Response,
        duration: Duration,
    ) -> Response {
        let route = match pattern {
            Some(pattern) => Cow::Owned(pattern.to_owned()),
            None => Cow::Borrowed(Served::at(path).name()),
        };
        let (name, status) = (named(method), class(response.status().as_u16()));
        self.answered.get_or_create(&Answered { method: name, route: route.clone(), status }).inc();
        self.durations.get_or_create(&Place { method: name, route: route.clone() }).observe(duration);
        // The answer to HEAD says how long the body would be, and has none.
        if method == Method::HEAD { response } else { self.counting(route, response) }
    }

    fn counting(&self, route: Cow<'static, str>, response: Response) -> Response {
        let size = response.body().size_hint().exact();
        if size == Some(0) {
            return response;
        }
        let counter = self.bytes.get_or_create_owned(&[("route", route)]);
        match size {
            Some(size) if size < COUNTED_AS_SENT => {
                counter.inc_by(size);
                response
            }
            _ => response.map(|body| Body::new(Counted { body, counter })),
        }
    }

    /// One more who follows the events, as long as what is given is held.
    #[must_use]
    pub fn listening(&self) -> Listening {
        self.listeners.clone()
    }

    /// How many follow the events.
    #[must_use]
    pub fn listeners(&self) -> usize {
        Arc::strong_count(&self.listeners) - 1
    }
}

/// A body whose bytes are counted.
struct Counted {
    body: Body,
    counter: Counter,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.counter.inc_by(data.len() as u64);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A method by its name; clients can make up any.
fn named(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: u16) -> &'static str {
    match status {
        0..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}
