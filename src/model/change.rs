//! Changes: what every input becomes, and the only thing that alters entities.

use serde_json::{Map, Value};

use super::{Entity, Id, Kind, media::Attachment, scope::Key, time::Instant};

/// One wish to alter something.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// To alter one entity.
    One {
        /// Which.
        key: Key,
        /// How.
        op: Op,
        /// When it happened in the tracker, if the sender said.
        at: Option<Instant>,
        /// JSON pointer to where the body says so, for faults that only show when it is applied.
        pointer: String,
    },
    /// To let a list consist of these, in this order: what else is in it is deleted.
    Whole {
        /// The project of the list.
        project: Option<Id>,
        /// What the list is of.
        kind: Kind,
        /// Whose list it is, for the tasks of a shot or asset and the memberships of an episode.
        owner: Option<(Kind, Id)>,
        /// The ids, in order; one that does not exist is passed over.
        ids: Vec<Id>,
        /// When the list was so in the tracker, if the sender said: what is more recent stays.
        at: Option<Instant>,
    },
}

/// How one entity is altered.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Create it, or replace all its fields.
    Put(Box<Entity>),
    /// Merge fields into it (RFC 7396); it is created if they suffice.
    Merge(Map<String, Value>),
    /// Delete it, with what belongs to it.
    Delete,
    /// Add members to one of its lists, at the end; those that are there stay where they are.
    Add(&'static str, Vec<Id>),
    /// Remove members from one of its lists.
    Remove(&'static str, Vec<Id>),
    /// Give it a picture or a movie, or take that away. What was fetched goes only to an entity that still names the URL
    /// (the text), and has nothing that was uploaded.
    Attach(Box<Attachment>, Option<String>),
}

/// What must be true of an entity for a request to be applied at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// It exists.
    Exists(Key),
    /// It does not exist (`If-None-Match: *`).
    Absent(Key),
    /// It exists, and its entity tag is one of these (`If-Match`).
    Matches(Key, Vec<String>),
}
