//! What the writer counts.

use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

use super::{Durations, Outcomes, outcomes};

/// What became of requests to write, and what their transactions cost.
#[derive(Debug, Clone)]
pub struct Writes {
    /// Requests, by what became of them: `changed`, `unchanged`, `tried` (a dry run), `refused`, or `failed` when the store did.
    pub requests: Outcomes,
    /// Entities of those that were written: `created`, `updated`, `deleted`, `unchanged`.
    pub entities: Outcomes,
    /// How many requests share a transaction.
    pub batches: Histogram,
    /// How long a transaction takes until it is durable.
    pub commits: Durations,
}

impl Default for Writes {
    fn default() -> Self {
        let batches = Histogram::new(exponential_buckets(1.0, 2.0, 13));
        let requests = outcomes("outcome", &["changed", "unchanged", "tried", "refused", "failed"]);
        let entities = outcomes("outcome", &["created", "updated", "deleted", "unchanged"]);
        Self { requests, entities, batches, commits: Durations::default() }
    }
}

impl Writes {
    /// Notes what became of a request.
    pub fn note(&self, outcome: &'static str) {
        self.requests.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// Notes what became of so many entities.
    pub fn note_entities(&self, outcome: &'static str, count: usize) {
        self.entities.get_or_create(&[("outcome", outcome)]).inc_by(count as u64);
    }

    /// Notes a batch of so many requests.
    pub fn note_batch(&self, requests: usize) {
        self.batches.observe(f64::from(u32::try_from(requests).unwrap_or(u32::MAX)));
    }
}
