//! Filters: what they make, what they cannot reach, and what stops them.

mod compiling;
mod documented;
mod language;
mod limits;
mod processes;
mod reach;
mod values;

use serde_json::Value;
use tokio::time::timeout;
use watchtower_server::webhook::filter::{Failure, Limits, Runner, input};

use crate::support::DEADLINE;

/// The limits that are usual, on a machine that may be busy with other tests.
fn patient() -> Limits {
    Limits { time: DEADLINE / 2, ..Limits::default() }
}

fn filter(text: &str) -> Runner {
    limited(text, patient())
}

fn limited(text: &str, limits: Limits) -> Runner {
    Runner::new(text, env!("CARGO_BIN_EXE_watchtower-server").into(), limits)
}

/// What a filter makes of a body without headers.
async fn run(filter: &mut Runner, body: &str) -> Result<Vec<Value>, Failure> {
    let input = input(&[], body.as_bytes()).unwrap();
    timeout(DEADLINE, filter.run(&input)).await.expect("it hangs")
}

/// The same, of a filter that is needed once.
async fn made(text: &str, body: &str) -> Vec<Value> {
    run(&mut filter(text), body).await.unwrap()
}

/// Why a filter makes nothing of a body.
async fn failure(text: &str, body: &str) -> Failure {
    run(&mut filter(text), body).await.unwrap_err()
}
