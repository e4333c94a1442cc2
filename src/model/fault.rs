//! What is wrong, or odd, in what was sent: every fault of a body at once, each with its JSON pointer.

use std::fmt::Write as _;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// At most this many different warnings of one body are listed; what goes beyond is counted in a last entry.
const MAX_WARNINGS: usize = 1000;

/// At most this many faults of one body are listed; what goes beyond is counted in a last entry.
const MAX_LISTED: usize = 10_000;

/// One fault: where it is and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Fault {
    /// JSON pointer (RFC 6901) into the body that was sent; `""` is the whole body.
    pub pointer: String,
    /// What is wrong, in plain words.
    pub detail: String,
}

/// Something that was accepted, but probably not as the sender meant it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Warning {
    /// JSON pointer to the first place that the warning is about.
    pub pointer: String,
    /// What was noticed, in plain words.
    pub detail: String,
    /// How many places of the body it is about.
    pub count: usize,
}

/// A place in a body, kept as a chain so that a pointer is only spelled out when it is needed.
#[derive(Clone, Copy)]
pub enum At<'a> {
    /// The body itself.
    Root,
    /// A place whose pointer is already spelled out.
    Pointer(&'a str),
    /// A member of an object.
    Key(&'a At<'a>, &'a str),
    /// An element of an array.
    Index(&'a At<'a>, usize),
}

impl<'a> At<'a> {
    /// The place of a member of this object.
    #[must_use]
    pub fn key(&'a self, key: &'a str) -> Self {
        At::Key(self, key)
    }

    /// The place of an element of this array, counted from 0.
    #[must_use]
    pub fn index(&'a self, index: usize) -> Self {
        At::Index(self, index)
    }

    /// The JSON pointer of this place.
    #[must_use]
    pub fn pointer(&self) -> String {
        match self {
            At::Root => String::new(),
            At::Pointer(text) => (*text).to_owned(),
            At::Key(parent, key) => parent.pointer() + "/" + &key.replace('~', "~0").replace('/', "~1"),
            At::Index(parent, index) => {
                let mut pointer = parent.pointer();
                let _ = write!(pointer, "/{index}");
                pointer
            }
        }
    }
}

/// Collects what is wrong and what is odd while a body is read.
#[derive(Debug, Default)]
pub struct Findings {
    faults: Vec<Fault>,
    unlisted: usize,
    /// The warnings by what they say.
    warnings: IndexMap<String, Warning>,
    unlisted_warnings: usize,
}

impl Findings {
    /// Notes a fault at a place.
    pub fn fault(&mut self, at: At<'_>, detail: impl Into<String>) {
        if self.faults.len() < MAX_LISTED {
            self.faults.push(Fault { pointer: at.pointer(), detail: detail.into() });
        } else {
            self.unlisted += 1;
        }
    }

    /// Notes a warning at a place; the same warning at many places is listed once, with a count.
    pub fn warn(&mut self, at: At<'_>, detail: impl Into<String>) {
        let detail = detail.into();
        if let Some(warning) = self.warnings.get_mut(&detail) {
            warning.count += 1;
        } else if self.warnings.len() < MAX_WARNINGS {
            let warning = Warning { pointer: at.pointer(), detail: detail.clone(), count: 1 };
            self.warnings.insert(detail, warning);
        } else {
            self.unlisted_warnings += 1;
        }
    }

    /// Takes over what another reader found.
    pub fn append(&mut self, other: Findings) {
        self.faults.extend(other.faults);
        self.unlisted += other.unlisted;
        self.unlisted_warnings += other.unlisted_warnings;
        for (detail, warning) in other.warnings {
            match self.warnings.get_mut(&detail) {
                Some(known) => known.count += warning.count,
                None => drop(self.warnings.insert(detail, warning)),
            }
        }
    }

    /// Takes over what another reader found wrong, without its warnings.
    pub fn append_faults(&mut self, other: Findings) {
        self.append(Findings { warnings: IndexMap::new(), unlisted_warnings: 0, ..other });
    }

    /// Whether nothing wrong was found so far.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// The warnings if there is no fault, else all faults.
    pub fn into_result(mut self) -> Result<Vec<Warning>, Vec<Fault>> {
        if self.faults.is_empty() {
            let mut warnings: Vec<Warning> = self.warnings.into_values().collect();
            if self.unlisted_warnings > 0 {
                let detail = "and more warnings, which are not listed".to_owned();
                warnings.push(Warning { pointer: String::new(), detail, count: self.unlisted_warnings });
            }
            return Ok(warnings);
        }
        if self.unlisted > 0 {
            let detail = format!("and {} faults more", self.unlisted);
            self.faults.push(Fault { pointer: String::new(), detail });
        }
        Err(self.faults)
    }
}
