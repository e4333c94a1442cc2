//! How much the server takes on, and how long it waits for its clients: every limit that is not one of a single body.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// This machine: a proxy that nobody has named as trusted, or a person at it.
const LOOPBACK: [IpNet; 2] = [
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)),
];

/// The limits of a server, for all of its sites together.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The most connections at a time. For one more, the one that has waited longest without a request is closed.
    pub connections: usize,
    /// Networks of which an address may have any number of those, as trusted proxies may: it stands for many clients. Any other
    /// address has half of them at most, and any client no more than half of them at work.
    pub crowds: Vec<IpNet>,
    /// How long a client may take to send the head of a request, from its first byte on. A new connection has the same time
    /// for its first request, and for the TLS handshake before that.
    pub head: Duration,
    /// How long a connection may wait for its next request.
    pub idle: Duration,
    /// How long a client may send nothing of a body that it has begun.
    pub stalled: Duration,
    /// How long a client may send nothing of a body that is not wanted any more. It may send six times as long in all.
    pub unwanted: Duration,
    /// The fewest bytes a second of a body, on average over the time that was spent waiting for it; and of an answer, over the
    /// time in which its client took nothing of it.
    pub slowest: u64,
    /// How long a client may read nothing of what is sent to it.
    pub unread: Duration,
    /// How long a request may take from its head to its answer; the upload of a file aside, which takes as long as it comes.
    pub request: Duration,
    /// How often whoever follows the events hears that nothing happens; then its token is looked at again as well.
    pub heartbeat: Duration,
    /// The most uploads at a time.
    pub uploads: usize,
    /// The most bytes of large bodies in memory at a time; files aside, which go to the disk. One body of the largest size
    /// that is taken has room in any case.
    pub bodies: usize,
    /// The most requests a second of one client, who may have twice as many at once; 0 is any number.
    pub rate: u32,
    /// The most tokens a minute from one address that never were any; it may have twice as many at once; 0 is any number.
    pub failures: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            crowds: LOOPBACK.to_vec(),
            head: Duration::from_secs(10),
            // More than the 60 s that proxies usually keep a connection for, so that they close it, and not we under their hands.
            idle: Duration::from_secs(75),
            stalled: Duration::from_secs(30),
            unwanted: Duration::from_secs(5),
            slowest: 1024,
            unread: Duration::from_mins(1),
            request: Duration::from_mins(10),
            heartbeat: Duration::from_secs(10),
            uploads: 32,
            bodies: 256 << 20,
            rate: 5000,
            failures: 10,
        }
    }
}
