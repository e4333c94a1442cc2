//! The pulse of a connection: what is being waited for, and since when.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::limits::Limits;

/// What a connection is waiting for. Read by its own task, and by whoever looks for a connection to close.
#[derive(Debug)]
pub struct Pulse {
    /// All times are in nanoseconds since then.
    epoch: Instant,
    /// Requests that are not answered yet, by their parts: the body that comes, and the answer that goes.
    turns: AtomicUsize,
    /// The answers among them. Without one, nobody waits for what still comes: it is only heard out.
    answers: AtomicUsize,
    /// Since when there is no request.
    quiet_since: AtomicU64,
    /// Since when a part of a head is here; 0 if none is.
    head_since: AtomicU64,
    /// Since when the client takes no more of what it is sent; 0 if it does.
    stuck_since: AtomicU64,
    /// For how long the client took nothing of this answer before that, in nanoseconds, and how many bytes of it have gone.
    stuck_for: AtomicU64,
    gone: AtomicU64,
    /// Whether something was written that may not have gone yet.
    unflushed: AtomicBool,
    /// Tells the connection to look whether it is still wanted.
    pub told: Notify,
    /// Whether it was told to leave, and has not looked yet.
    is_leaving: AtomicBool,
}

/// Why a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The head of a request does not come to its end.
    Head,
    /// No other request comes.
    Idle,
    /// What was sent is not read.
    Unread,
    /// It is read too slowly.
    Slow,
}

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Head => "the head of a request does not come to its end",
            Self::Idle => "no other request came",
            Self::Unread => "what was sent is not read",
            Self::Slow => "what was sent is read too slowly",
        })
    }
}

impl Pulse {
    /// That of a connection which has just been made: its first request is awaited. `epoch` lies in the past, and is the same
    /// for all connections that are compared.
    #[must_use]
    pub fn new(epoch: Instant) -> Self {
        let pulse = Self {
            epoch,
            turns: AtomicUsize::new(0),
            answers: AtomicUsize::new(0),
            quiet_since: AtomicU64::new(0),
            head_since: AtomicU64::new(0),
            stuck_since: AtomicU64::new(0),
            stuck_for: AtomicU64::new(0),
            gone: AtomicU64::new(0),
            unflushed: AtomicBool::new(false),
            told: Notify::new(),
            is_leaving: AtomicBool::new(false),
        };
        pulse.quiet_since.store(pulse.now(), Relaxed);
        pulse.head_since.store(pulse.now(), Relaxed);
        pulse
    }

    /// Nanoseconds since the epoch, never 0.
    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }

    /// Something came from the client.
    pub fn heard(&self) {
        if self.turns.load(Relaxed) == 0 && self.head_since.load(Relaxed) == 0 {
            self.head_since.store(self.now(), Relaxed);
        }
    }

    /// So many bytes were taken by the network.
    pub fn wrote(&self, bytes: usize) {
        self.unflushed.store(true, Relaxed);
        self.gone.fetch_add(bytes as u64, Relaxed);
        self.goes_on();
    }

    fn goes_on(&self) {
        let since = self.stuck_since.swap(0, Relaxed);
        if since != 0 {
            self.stuck_for.fetch_add(self.now().saturating_sub(since), Relaxed);
        }
    }

    /// Everything was.
    pub fn flushed(&self) {
        if self.unflushed.swap(false, Relaxed) {
            self.goes_on();
            // An answer that takes long to go is no idleness.
            self.quiet_since.store(self.now(), Relaxed);
        }
    }

    /// Nothing more is taken at present.
    pub fn stuck(&self) {
        self.unflushed.store(true, Relaxed);
        if self.stuck_since.load(Relaxed) == 0 {
            self.stuck_since.store(self.now(), Relaxed);
        }
    }

    /// Since when there is nothing but waiting for a request, in nanoseconds since the epoch; `None` if there is more.
    #[must_use]
    pub fn waiting_since(&self) -> Option<u64> {
        let is_waiting = self.turns.load(Relaxed) == 0 && !self.unflushed.load(Relaxed);
        is_waiting.then(|| self.quiet_since.load(Relaxed))
    }

    /// Since when nobody would miss it: no request waits for its answer, though the rest of a body may still come.
    #[must_use]
    pub fn spare_since(&self) -> Option<u64> {
        let is_spare = self.answers.load(Relaxed) == 0 && !self.unflushed.load(Relaxed);
        is_spare.then(|| self.quiet_since.load(Relaxed))
    }

    /// Tells the connection to leave, if it is still spare when it hears that.
    pub fn dismiss(&self) {
        self.is_leaving.store(true, Relaxed);
        self.told.notify_one();
    }

    /// Whether it was told to leave, and will.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.is_leaving.load(Relaxed)
    }

    /// It was told to leave, and has work by now.
    pub fn stays(&self) {
        self.is_leaving.store(false, Relaxed);
    }

    /// Whether what is waited for has taken too long.
    #[must_use]
    pub fn overdue(&self, limits: &Limits) -> Option<Cut> {
        let now = self.now();
        let is_over =
            |since: u64, limit: Duration| since != 0 && u128::from(now.saturating_sub(since)) >= limit.as_nanos();
        let stuck_since = self.stuck_since.load(Relaxed);
        if is_over(stuck_since, limits.unread) {
            return Some(Cut::Unread);
        }
        if stuck_since != 0 && self.is_too_slow(now.saturating_sub(stuck_since), limits) {
            return Some(Cut::Slow);
        }
        let quiet_since = self.waiting_since()?;
        if is_over(self.head_since.load(Relaxed), limits.head) {
            return Some(Cut::Head);
        }
        is_over(quiet_since, limits.idle).then_some(Cut::Idle)
    }

    /// Whether an answer that has not gone on for so many nanoseconds goes too slowly, on average over the time in which its
    /// client took nothing.
    fn is_too_slow(&self, stuck: u64, limits: &Limits) -> bool {
        let Some(seconds) = self.gone.load(Relaxed).checked_div(limits.slowest) else { return false };
        let waited = Duration::from_nanos(self.stuck_for.load(Relaxed).saturating_add(stuck));
        waited >= Duration::from_secs(seconds).max(limits.unread)
    }
}

/// A part of a request that is being dealt with: the connection is at work as long as there is one.
#[derive(Debug)]
pub struct Turn {
    pulse: Arc<Pulse>,
    is_answer: bool,
}

impl Turn {
    /// A request is there, and will have an answer.
    #[must_use]
    pub fn begin(pulse: &Arc<Pulse>) -> Self {
        pulse.answers.fetch_add(1, Relaxed);
        pulse.stuck_for.store(0, Relaxed);
        pulse.gone.store(0, Relaxed);
        Self::with(pulse, true)
    }

    /// It has a body.
    #[must_use]
    pub fn of_body(pulse: &Arc<Pulse>) -> Self {
        Self::with(pulse, false)
    }

    fn with(pulse: &Arc<Pulse>, is_answer: bool) -> Self {
        pulse.turns.fetch_add(1, Relaxed);
        pulse.head_since.store(0, Relaxed);
        Self { pulse: pulse.clone(), is_answer }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.pulse.quiet_since.store(self.pulse.now(), Relaxed);
        if self.is_answer {
            self.pulse.answers.fetch_sub(1, Relaxed);
        }
        self.pulse.turns.fetch_sub(1, Relaxed);
    }
}
