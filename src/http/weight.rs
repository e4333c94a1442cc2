//! How much memory a body of JSON may come to while it is read, written and answered, and room for that.
//!
//! A few bytes may come to a lot: `{"id":"a"}` is an entity with all of its fields, its place, its history and its row, and
//! `[0]` has a list to itself. So a body is weighed before it is read, by the bytes that make values, and all bodies together
//! have so much room.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{problem::Problem, read::off_thread};

// All of these were measured, on what was made to come to the most (tests/api/hostile/memory.rs).
/// Bytes of memory that a byte of text comes to: there are several copies of it between the body, the database and the tree.
const TEXT: usize = 18;
/// What a value comes to.
const VALUE: usize = 160;
/// What a member of an object comes to beside its value, if it is one of many.
const MEMBER: usize = 360;
/// So many members are in what an object comes to.
const FEW: usize = 8;
/// What an array comes to beside what is in it.
const ARRAY: usize = 400;
/// What an object comes to, which may be an entity.
const OBJECT: usize = 2600;

/// So many times the size of the largest body is there for what bodies come to, all together.
const TIMES: usize = 8;
/// Room is given in pieces of so many bytes; what is lighter than the first is let through.
const PIECE: usize = 64 << 10;
/// Bodies from this many bytes on are weighed on a thread that answers no requests.
const LARGE: usize = 1 << 20;

/// The most memory that a body of JSON comes to, in bytes, by what stands in it; its texts may make it heavier than it is.
#[must_use]
pub fn of(body: &[u8]) -> usize {
    // Counted in short pieces, in bytes, which computers do many at a time.
    let count = |wanted: u8| -> usize {
        let pieces = body.chunks(255);
        pieces.map(|piece| usize::from(piece.iter().map(|byte| u8::from(*byte == wanted)).sum::<u8>())).sum()
    };
    let (arrays, objects) = (count(b'['), count(b'{'));
    let values = count(b',') + count(b'\n') + arrays + objects;
    let members = count(b':').saturating_sub(objects.saturating_mul(FEW));
    [(body.len(), TEXT), (values, VALUE), (members, MEMBER), (arrays, ARRAY), (objects, OBJECT)]
        .iter()
        .fold(0, |sum: usize, (number, bytes)| sum.saturating_add(number.saturating_mul(*bytes)))
}

/// The room for what bodies come to.
#[derive(Debug, Clone)]
pub struct Room {
    free: Arc<Semaphore>,
    bytes: usize,
}

/// A body, and the room that it has.
struct Held {
    body: Bytes,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl Room {
    /// That of a server that takes bodies up to a size.
    #[must_use]
    pub fn new(max_body: usize) -> Self {
        let bytes = max_body.saturating_mul(TIMES);
        let pieces = (bytes / PIECE).min(Semaphore::MAX_PERMITS).min(u32::MAX as usize);
        Self { free: Arc::new(Semaphore::new(pieces)), bytes: pieces * PIECE }
    }

    /// Gives a body the room that it needs, as soon as that is free; it has it until the last of these bytes is let go. One that
    /// would need more than there is, is refused.
    pub async fn hold(&self, body: Bytes) -> Result<Bytes, Problem> {
        let weighed = body.clone();
        let weight = if body.len() < LARGE { of(&body) } else { off_thread(move || of(&weighed)).await? };
        if weight < PIECE {
            return Ok(body);
        }
        let pieces = u32::try_from(weight / PIECE).ok().filter(|_| weight <= self.bytes);
        let pieces = pieces.ok_or_else(|| self.too_heavy(weight))?;
        match self.free.clone().acquire_many_owned(pieces).await {
            Ok(room) => Ok(Bytes::from_owner(Held { body, _room: room })),
            Err(_) => Err(Problem::Internal),
        }
    }

    fn too_heavy(&self, weight: usize) -> Problem {
        Problem::TooHeavy { weight: weight >> 20, most: self.bytes >> 20 }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{OBJECT, Room, TEXT, VALUE, of};

    #[test]
    fn what_makes_values_is_counted_wherever_it_stands() {
        let many = 1000;
        let list = format!("[{}]", vec!["{}"; many].join(","));
        assert!(of(list.as_bytes()) >= many * (OBJECT + 2 * VALUE));
        assert!(of(&b"\n".repeat(many)) >= many * VALUE);
        assert_eq!(of(&vec![b'a'; many]), many * TEXT);
        assert_eq!(of(b""), 0);
    }

    #[tokio::test]
    async fn a_body_waits_for_room_and_one_that_never_has_it_is_refused() {
        let room = Room::new(1 << 20);
        // Two thirds of the room each.
        let body = Bytes::from("{".repeat(2000));
        let first = room.hold(body.clone()).await.unwrap();
        assert_eq!(first, body);
        let copy = first.clone();
        drop(first);
        let mut second = std::pin::pin!(room.hold(body.clone()));
        assert!(futures_util::FutureExt::now_or_never(&mut second).is_none());
        drop(copy);
        assert_eq!(second.await.unwrap(), body);
        let refused = room.hold(Bytes::from("{".repeat(4000))).await.unwrap_err().to_string();
        assert!(refused.contains("10 MiB of memory"), "{refused}");
        // Small ones are let through.
        let _all = room.hold(Bytes::from("{".repeat(3000))).await.unwrap();
        assert_eq!(room.hold(Bytes::from("{}")).await.unwrap(), "{}");
    }
}
