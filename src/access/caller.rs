//! Who asks, and whether they may.

use std::{fmt::Write as _, sync::Arc};

use super::{Need, Place, Token};
use crate::model::{
    Id, Kind,
    change::Change,
    fault::{At, Fault, Findings},
    time::{Instant, instant_text},
};

/// Whoever sends a request.
#[derive(Debug, Clone)]
pub struct Caller {
    pub(super) who: Who,
    /// Whether everyone may see what the page shows.
    pub(super) is_reading_public: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Who {
    /// Anyone, as long as there are no tokens.
    Anyone,
    /// Whoever has this token.
    Holder(Arc<Token>),
    /// Somebody of whom nothing is known.
    Nobody(Unknown),
}

/// Why it is not known who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// No token was sent.
    #[error("this needs a token: as Authorization: Bearer, or as the password of HTTP Basic")]
    NoToken,
    /// What was sent is none.
    #[error("what was sent as a token is none: a character is missing or wrong, or it is of something else")]
    NoSuchForm,
    /// There is no such token.
    #[error("this token is not known here")]
    NoSuchToken,
    /// It was revoked. Only who has it learns that.
    #[error("this token was revoked")]
    Revoked,
    /// It is not valid any more. Only who has it learns that.
    #[error("this token expired at {}", instant_text(*.0))]
    Expired(Instant),
    /// There are no tokens, and a name was asked for that somebody else may have made up (DNS rebinding).
    #[error(
        "this server has no tokens yet, so it answers to localhost and to IP addresses only: a page of another site could \
         reach it under a name. Make a token (watchtower-server token create), or start it with --allow-anonymous"
    )]
    StrangeName,
    /// The tokens cannot be read; the log says why.
    #[error("the tokens cannot be read")]
    NotReadable,
}

/// Why somebody may not do what they ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// It is not known who they are.
    Unknown(Unknown),
    /// They lack a right, which this says in words.
    Lacking(String),
}

impl Caller {
    /// Somebody who asks while the tokens cannot be read.
    pub(super) fn unknown(is_reading_public: bool) -> Self {
        Self { who: Who::Nobody(Unknown::NotReadable), is_reading_public }
    }

    /// Whether they may do what needs this, at a place.
    pub fn may(&self, need: Need, place: Place<'_>) -> Result<(), Denied> {
        let is_public = need == Need::Open || self.is_reading_public && matches!(need, Need::Page | Need::Shown);
        match &self.who {
            _ if is_public => Ok(()),
            Who::Anyone => Ok(()),
            Who::Nobody(unknown) => Err(Denied::Unknown(*unknown)),
            Who::Holder(token) if token.rights.suffice(need, place) => Ok(()),
            Who::Holder(token) => {
                let proper = |name: &&str| Id::parse(name).is_ok();
                let place = Place { project: place.project.filter(proper), source: place.source.filter(proper) };
                Err(Denied::Lacking(format!("this needs {}; {}", need.words(place), has(token))))
            }
        }
    }

    /// Whether they may read a project.
    #[must_use]
    pub fn reads(&self, project: &Id) -> bool {
        self.may(Need::Read, Place { project: Some(project.as_str()), source: None }).is_ok()
    }

    /// Whether they may see what the page shows of a project.
    #[must_use]
    pub fn sees(&self, project: &Id) -> bool {
        self.may(Need::Shown, Place { project: Some(project.as_str()), source: None }).is_ok()
    }

    /// The changes that they may not make, each with its place in the body; empty if they may make all.
    #[must_use]
    pub fn forbidden(&self, changes: &[Change]) -> Vec<Fault> {
        let Who::Holder(token) = &self.who else { return Vec::new() };
        let mut findings = Findings::default();
        for change in changes {
            let (project, pointer) = touched(change);
            if !token.rights.write(project.map(Id::as_str)) {
                findings.fault(At::Pointer(pointer), format!("{} may not be changed: {}", named(change), has(token)));
            }
        }
        findings.into_result().err().unwrap_or_default()
    }

    /// What the history calls them.
    #[must_use]
    pub fn actor(&self) -> String {
        match &self.who {
            Who::Holder(token) => format!("token:{}", token.name),
            _ => "api".to_owned(),
        }
    }

    /// Their token, if they need one and have it.
    #[must_use]
    pub fn token(&self) -> Option<&Arc<Token>> {
        match &self.who {
            Who::Holder(token) => Some(token),
            _ => None,
        }
    }

    /// Whether what they sent as a token never was one: they may be guessing. Whoever has one that was revoked or expired is not.
    #[must_use]
    pub fn guesses(&self) -> bool {
        matches!(self.who, Who::Nobody(Unknown::NoSuchForm | Unknown::NoSuchToken))
    }

    /// Why what they sent as a token is not valid, if it is not.
    #[must_use]
    pub fn failure(&self) -> Option<Unknown> {
        use Unknown::{Expired, NoSuchForm, NoSuchToken, Revoked};
        match self.who {
            Who::Nobody(why @ (NoSuchForm | NoSuchToken | Revoked | Expired(_))) => Some(why),
            _ => None,
        }
    }
}

fn has(token: &Token) -> String {
    format!("the token {:?} has {}", token.name, token.rights)
}

/// The project that a change is of, `None` for what all projects share; and its place in the body. Projects are changed by
/// whoever writes them, their list only by who writes all.
fn touched(change: &Change) -> (Option<&Id>, &str) {
    match change {
        Change::One { key, pointer, .. } if key.kind == Kind::Project => (Some(&key.id), pointer),
        Change::One { key, pointer, .. } => (key.project.as_ref(), pointer),
        Change::Whole { project, .. } => (project.as_ref(), ""),
    }
}

/// What a change is about, in words.
fn named(change: &Change) -> String {
    let (mut words, project) = match change {
        Change::One { key, .. } => (format!("the {} {}", key.kind.singular(), key.id), key.project.as_ref()),
        Change::Whole { project, kind, .. } => (format!("the list of {}", kind.plural()), project.as_ref()),
    };
    if let Some(project) = project {
        // Writing into memory does not fail.
        let _ = write!(words, " of the project {project}");
    }
    words
}
