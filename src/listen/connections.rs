//! All connections of a server, so that there are never more than it can hold, and none is forgotten when it stops.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use ipnet::IpNet;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use super::{crowd::Crowd, pulse::Pulse};
use crate::http::network_of;

/// How long a connection that was told to close is waited for before another one is told.
const NOTICE: Duration = Duration::from_millis(100);
/// How often is said, at most, that new connections wait.
const WORD: Duration = Duration::from_secs(10);

/// The connections of all sites.
#[derive(Debug)]
pub struct Connections {
    epoch: Instant,
    places: Arc<Semaphore>,
    most: u32,
    /// Networks of which an address may have any number.
    crowds: Vec<IpNet>,
    open: Mutex<Crowd>,
    is_stopping: AtomicBool,
    said: Mutex<Option<Instant>>,
}

impl Connections {
    /// Room for so many; at least one. An address has half of it, unless it is of one of these networks.
    #[must_use]
    pub fn new(most: usize, crowds: Vec<IpNet>) -> Arc<Self> {
        let most = u32::try_from(most).unwrap_or(u32::MAX).clamp(1, 1 << 24);
        Arc::new(Self {
            epoch: Instant::now(),
            places: Arc::new(Semaphore::new(most as usize)),
            most,
            crowds,
            open: Mutex::default(),
            is_stopping: AtomicBool::new(false),
            said: Mutex::default(),
        })
    }

    fn open(&self) -> MutexGuard<'_, Crowd> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.open().len()
    }

    /// By what the connections of an address are counted, if they are.
    fn counted(&self, address: IpAddr) -> Option<IpAddr> {
        let address = address.to_canonical();
        let stands_for_many = self.crowds.iter().any(|crowd| crowd.contains(&address));
        (!stands_for_many).then(|| network_of(address))
    }

    /// Whether an address may have one more. Where it has as many as it may, one of its own that has no request leaves for it.
    pub fn admit(&self, address: IpAddr) -> bool {
        let Some(address) = self.counted(address) else { return true };
        self.open().admit(address, self.most.div_ceil(2) as usize)
    }

    /// A place for one more, from an address. If all are taken, the connection that has waited longest without a request has to
    /// leave; if each has one, its end is waited for.
    pub async fn place(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let permit = loop {
            match self.places.clone().try_acquire_owned() {
                Ok(permit) => break permit,
                Err(_) if self.make_room() => {}
                Err(_) => self.say_that_all_are_at_work(),
            }
            if let Ok(freed) = timeout(NOTICE, self.places.clone().acquire_owned()).await {
                break freed.ok()?;
            }
        };
        let pulse = Arc::new(Pulse::new(self.epoch));
        let number = self.open().add(pulse.clone(), self.counted(address));
        Some(Place { connections: self.clone(), number, pulse, _permit: permit })
    }

    /// Tells the connection that has waited longest without a request to close; false if each has one.
    pub fn make_room(&self) -> bool {
        self.open().dismiss_any()
    }

    fn say_that_all_are_at_work(&self) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|said| said.elapsed() >= WORD) {
            tracing::warn!("all {} connections are at work: new ones wait (max-connections)", self.most);
            *said = Some(Instant::now());
        }
    }

    /// Whether connections are to end after the request that they have.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Relaxed)
    }

    /// Ends all connections: those that have a request when it is answered, the others now.
    pub async fn stop(&self) {
        self.is_stopping.store(true, Relaxed);
        self.open().tell();
        // All places are free when nobody is left.
        drop(self.places.acquire_many(self.most).await);
    }
}

/// The place of a connection, which is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    connections: Arc<Connections>,
    number: u64,
    pulse: Arc<Pulse>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    /// The pulse of the connection.
    #[must_use]
    pub fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// Whether the connection is to end after the request that it has.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.connections.is_stopping()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.open().remove(self.number);
    }
}
