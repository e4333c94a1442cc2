//! How often each client may do something: so many times a second, and some more at once.
//!
//! The generic cell rate algorithm: of each client one time is kept, up to which it has used what it may. Clients that have
//! used nothing lately are forgotten, and there is an end to the number of those that are kept.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The most clients that are kept. When there are more, further ones are let pass.
const MOST: usize = 65_536;
/// How often those are forgotten that have used nothing lately.
const SWEEP: Duration = Duration::from_secs(10);

/// What clients have used of a rate.
#[derive(Debug)]
pub struct Rate<K> {
    /// What one time costs.
    cost: Duration,
    /// As much as may be used at once.
    burst: Duration,
    used: Mutex<Used<K>>,
}

#[derive(Debug)]
struct Used<K> {
    /// Up to when each client has used what it may.
    until: HashMap<K, Instant>,
    next_sweep: Instant,
}

impl<K: Hash + Eq> Rate<K> {
    /// So many times within a period, and twice as many at once; `None` if there is no limit.
    #[must_use]
    pub fn new(times: u32, period: Duration) -> Option<Self> {
        let cost = period.checked_div(times)?;
        let used = Used { until: HashMap::new(), next_sweep: Instant::now() + SWEEP };
        Some(Self { cost, burst: period * 2, used: Mutex::new(used) })
    }

    /// Uses one time, or says how long to wait for it.
    pub fn take(&self, client: K) -> Result<(), Duration> {
        self.at(client, Instant::now(), true)
    }

    /// Says how long to wait for a time, if for any, and uses none.
    pub fn look(&self, client: K) -> Result<(), Duration> {
        self.at(client, Instant::now(), false)
    }

    fn at(&self, client: K, now: Instant, take: bool) -> Result<(), Duration> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let until = used.until.get(&client).map_or(now, |until| (*until).max(now)) + self.cost;
        let wait = until.duration_since(now).saturating_sub(self.burst);
        if wait > Duration::ZERO {
            return Err(wait);
        }
        if take {
            used.note(client, until, now);
        }
        Ok(())
    }
}

impl<K: Hash + Eq> Used<K> {
    fn note(&mut self, client: K, until: Instant, now: Instant) {
        if now >= self.next_sweep {
            self.until.retain(|_, until| *until > now);
            self.until.shrink_to(self.until.len() * 2);
            self.next_sweep = now + SWEEP;
        }
        if self.until.len() < MOST || self.until.contains_key(&client) {
            self.until.insert(client, until);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{MOST, Rate, SWEEP};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_client_has_twice_its_rate_at_once_and_then_its_rate() {
        let (rate, start) = (Rate::new(10, SECOND).unwrap(), Instant::now());
        for _ in 0..20 {
            assert_eq!(rate.at("a", start, true), Ok(()));
        }
        assert_eq!(rate.at("a", start, true), Err(SECOND / 10));
        assert_eq!(rate.at("b", start, true), Ok(()), "another client is another one");
        assert_eq!(rate.at("a", start + SECOND / 20, true), Err(SECOND / 20), "who is refused loses nothing by it");
        for tenth in 1..100 {
            let now = start + tenth * SECOND / 10;
            assert_eq!(rate.at("a", now, false), Ok(()), "looking takes nothing");
            assert_eq!(rate.at("a", now, true), Ok(()));
            assert_eq!(rate.at("a", now, true), Err(SECOND / 10));
            assert_eq!(rate.at("a", now, false), Err(SECOND / 10));
        }
        let later = start + 60 * SECOND;
        assert_eq!((0..100).filter(|_| rate.at("a", later, true).is_ok()).count(), 20, "no more is saved up");
    }

    #[test]
    fn no_rate_is_no_limit() {
        assert!(Rate::<u32>::new(0, SECOND).is_none());
    }

    #[test]
    fn only_so_many_clients_are_kept_and_only_while_it_matters() {
        let (rate, start) = (Rate::new(1, SECOND).unwrap(), Instant::now());
        for client in 0..MOST * 2 {
            assert_eq!(rate.at(client, start, true), Ok(()));
        }
        assert_eq!(rate.used.lock().unwrap().until.len(), MOST);
        assert_eq!(rate.at(0, start, true), Ok(()));
        assert_eq!(rate.at(0, start, true), Err(SECOND), "those that are kept are still counted");
        rate.at(1, start + SWEEP, true).unwrap();
        let used = rate.used.lock().unwrap();
        assert_eq!(used.until.len(), 1);
        assert!(used.until.capacity() < MOST / 16);
    }
}
