//! Who is connected: the pulse of each connection, and how many of them are of one address.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use super::pulse::Pulse;

/// The connections that are open.
#[derive(Debug, Default)]
pub struct Crowd {
    next: u64,
    members: HashMap<u64, Member>,
    /// How many there are of each address.
    counts: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Member {
    pulse: Arc<Pulse>,
    /// None if the address stands for many.
    address: Option<IpAddr>,
}

impl Crowd {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Tells all of them to look whether they are still wanted.
    pub fn tell(&self) {
        self.members.values().for_each(|member| member.pulse.told.notify_one());
    }

    /// Takes in one more, and gives its number.
    pub fn add(&mut self, pulse: Arc<Pulse>, address: Option<IpAddr>) -> u64 {
        self.next += 1;
        if let Some(address) = address {
            *self.counts.entry(address).or_default() += 1;
        }
        self.members.insert(self.next, Member { pulse, address });
        self.next
    }

    /// Lets one go.
    pub fn remove(&mut self, number: u64) {
        let Some(address) = self.members.remove(&number).and_then(|member| member.address) else { return };
        let left = self.counts.remove(&address).unwrap_or_default().saturating_sub(1);
        if left > 0 {
            self.counts.insert(address, left);
        }
    }

    /// Whether there may be one more of an address that may have so many. The one of its own that nobody has missed for longest
    /// has to leave for that, if need be.
    pub fn admit(&self, address: IpAddr, most: usize) -> bool {
        if self.counts.get(&address).is_none_or(|count| *count < most) {
            return true;
        }
        let is_own = |member: &Member| member.address == Some(address);
        let staying = self.members.values().filter(|member| is_own(member) && !member.pulse.is_leaving());
        staying.count() < most || self.dismiss(is_own)
    }

    /// Tells the one among some that nobody has missed for longest to leave; false if each is at work.
    fn dismiss(&self, is_among: impl Fn(&Member) -> bool) -> bool {
        let among = self.members.values().filter(|member| is_among(member) && !member.pulse.is_leaving());
        let spare = among.filter_map(|Member { pulse, .. }| Some((pulse.spare_since()?, pulse)));
        spare.min_by_key(|(since, _)| *since).inspect(|(_, pulse)| pulse.dismiss()).is_some()
    }

    /// The same among all.
    pub fn dismiss_any(&self) -> bool {
        self.dismiss(|_| true)
    }
}
