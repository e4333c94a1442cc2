//! How many files a process may have open: each connection is one.

use rustix::process::{Resource, getrlimit, setrlimit};

/// What is needed beside connections: the database, the tree while it is written, uploads.
const OTHERS: u64 = 256;

/// Raises the number of files that may be open to the most that the system allows, and says how many connections there is
/// room for, up to those that are wanted.
#[must_use]
pub fn make_room_for(wanted: usize) -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let Some(most) = getrlimit(Resource::Nofile).current else { return wanted };
    let room = usize::try_from(most.saturating_sub(OTHERS).max(most / 2)).unwrap_or(usize::MAX);
    if room < wanted {
        tracing::warn!("no more than {room} connections at a time, since {most} files may be open (ulimit -n)");
    }
    room.min(wanted)
}
