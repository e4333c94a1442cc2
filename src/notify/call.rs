//! One call: what is sent, and what comes of it. Only a status of 200 to 299 says that it was taken (Standard Webhooks 1.0,
//! “Delivery success and failure”).

use std::time::Duration;

use reqwest::{StatusCode, header};
use serde::Serialize;
use tokio::time::{error::Elapsed, timeout};

use super::hook::Hook;
use crate::{
    fetch::{client::retry_after, failure::causes},
    model::{
        Id,
        time::{Instant, rfc3339},
    },
    store::Call,
};

/// Why a call was not taken. The receiver's own words are not in it: it may have put anything there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The client cannot be made.
    #[error("the HTTP client cannot be made: {0}")]
    Setup(String),
    /// What is begun could not be kept.
    #[error("that it is called could not be stored: {0}")]
    Store(String),
    /// There is no connection, or it ended before an answer.
    #[error("it cannot be reached: {0}")]
    Unreached(String),
    /// No answer came in time.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Silent(Duration),
    /// It answered that it did not take it.
    #[error("it answered {status}{}", meaning(*status))]
    Status {
        /// What it answered.
        status: StatusCode,
        /// For how long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// This server failed over it.
    #[error("this server failed over it; its log says how")]
    Panic,
}

fn meaning(status: StatusCode) -> &'static str {
    match status.as_u16() {
        300..=399 => ": redirects are not followed, write the address in the configuration that this one leads to",
        401 | 403 => ": perhaps it has another secret, or its clock is wrong",
        404 | 405 => ": perhaps the address is wrong",
        410 => ": it wants no more calls, and gets none until the configuration is read again",
        _ => "",
    }
}

impl Failure {
    /// Whether the receiver asks for no more calls.
    pub(super) fn is_end(&self) -> bool {
        matches!(self, Self::Status { status: StatusCode::GONE, .. })
    }

    /// Whether another call would fail as well, since the receiver is not there or has too much to do. Else it may be that
    /// only this one is too much for it.
    pub(super) fn is_of_all(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status.as_u16(), 429 | 502 | 503 | 504),
            Self::Panic => false,
            _ => true,
        }
    }

    /// For how long the receiver asks to be left alone, an hour at most.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// The body, with its members in this order.
#[derive(Serialize)]
struct Body<'c> {
    r#type: &'static str,
    timestamp: String,
    data: Data<'c>,
}

#[derive(Serialize)]
struct Data<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'c Id>,
    revision: u64,
}

/// What is sent: the same at every attempt.
pub(super) fn body(project: Option<&Id>, call: &Call) -> Vec<u8> {
    let r#type = match project {
        None => "context.published",
        Some(_) if call.is_gone => "project.deleted",
        Some(_) => "project.published",
    };
    let body = Body { r#type, timestamp: rfc3339(call.at), data: Data { project, revision: call.revision } };
    // Nothing in it can fail to be written.
    serde_json::to_vec(&body).unwrap_or_default()
}

/// Sends a call at a time; waits for an answer to begin, and does not read its body.
pub(super) async fn send(
    client: &reqwest::Client,
    hook: &Hook,
    (id, body): (&str, Vec<u8>),
    now: Instant,
    time_out: Duration,
) -> Result<(), Failure> {
    let timestamp = now.div_euclid(1_000_000);
    let request = client
        .post(hook.url.clone())
        .header(header::CONTENT_TYPE, "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", hook.signer.sign(id, timestamp, &body))
        .body(body);
    let answer = timeout(time_out, request.send()).await.map_err(|_: Elapsed| Failure::Silent(time_out))?;
    let answer = answer.map_err(|error| {
        let error = error.without_url();
        Failure::Unreached(causes(&error).last().map_or_else(|| error.to_string(), ToString::to_string))
    })?;
    let status = answer.status();
    if status.is_success() {
        Ok(())
    } else {
        Err(Failure::Status { status, retry_after: retry_after(answer.headers()) })
    }
}
