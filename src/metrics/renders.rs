//! What the publisher counts, and how long it is behind.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use prometheus_client::metrics::counter::Counter;

use super::{Durations, Outcomes, outcomes};

/// What renders did, and since when one is owed.
#[derive(Debug, Clone)]
pub struct Renders {
    /// Renders, by how they ended: `published` or `failed`.
    pub results: Outcomes,
    /// How long they take.
    pub durations: Durations,
    /// Files that were written.
    pub files_written: Counter,
    /// Bytes of those.
    pub bytes_written: Counter,
    since: Arc<Mutex<Since>>,
}

impl Default for Renders {
    fn default() -> Self {
        Self {
            results: outcomes("result", &["published", "failed"]),
            durations: Durations::default(),
            files_written: Counter::default(),
            bytes_written: Counter::default(),
            since: Arc::default(),
        }
    }
}

/// Since when something is so, if it is.
#[derive(Debug, Clone, Copy, Default)]
struct Since {
    /// There are changes that cannot be seen.
    owed: Option<Instant>,
    /// A render goes on.
    running: Option<Instant>,
}

impl Renders {
    fn since(&self) -> MutexGuard<'_, Since> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that there are changes which cannot be seen yet.
    pub fn note_owed(&self) {
        self.since().owed.get_or_insert_with(Instant::now);
    }

    /// Notes that a render begins.
    pub fn begin(&self) {
        self.since().running = Some(Instant::now());
    }

    /// Notes how the render that was begun ended: with so many files written, of so many bytes, if it did not fail.
    pub fn end(&self, written: Option<(u64, u64)>) {
        let begun = self.since().running.take();
        self.durations.observe(begun.map_or(Duration::ZERO, |begun| begun.elapsed()));
        let result = if written.is_some() { "published" } else { "failed" };
        self.results.get_or_create(&[("result", result)]).inc();
        let (files, bytes) = written.unwrap_or_default();
        self.files_written.inc_by(files);
        self.bytes_written.inc_by(bytes);
    }

    /// Notes that everything can be seen that was there when a render began. Changes that came since are not older than that.
    pub fn caught_up(&self, begun: Instant, is_more_owed: bool) {
        self.since().owed = is_more_owed.then_some(begun);
    }

    /// How old the oldest change is that cannot be seen yet, if there is one: never less than it is, and more by no longer than
    /// a render takes.
    #[must_use]
    pub fn lag(&self) -> Duration {
        let Since { owed, running } = *self.since();
        owed.or(running).map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// How long the render takes already that goes on, if one does.
    #[must_use]
    pub fn running(&self) -> Option<Duration> {
        self.since().running.map(|since| since.elapsed())
    }
}
