//! What a token may do, and what an endpoint needs.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::model::Id;

/// What whoever asks must be allowed to do. Every endpoint names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: that the server is there, and how it is asked, everyone may know. What is sent by webhook is verified by its
    /// source.
    Open,
    /// To see the page, and the whole tree. Where reading is public, everyone may.
    Page,
    /// To see the tree of the project of the address; where the address has none, to hear that something new can be seen. Where
    /// reading is public, everyone may.
    Shown,
    /// To read the project of the address, or what all projects share. It is never public: it is more than the page shows, such as
    /// what was canceled, and files as they were sent.
    Read,
    /// The same, of what says how data and server are; where the address has no project, to read everything.
    Inspect,
    /// To write the project of the address; where the address has none, to write everything.
    Write,
    /// To write something: each change is looked at by itself.
    Change,
    /// To see and repeat what came from the webhook source of the address.
    Source,
    /// To do everything.
    Admin,
}

/// What an address is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place<'a> {
    /// The project.
    pub project: Option<&'a str>,
    /// The webhook source.
    pub source: Option<&'a str>,
}

/// What a token may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Spelled", into = "Spelled")]
pub enum Rights {
    /// Read everything but tokens and deliveries.
    Read,
    /// Write, and read as much.
    Write(Reach),
    /// Everything.
    Admin,
}

/// What may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// All projects, and what they share.
    Everything,
    /// These projects. What all projects share can be read, and no other project.
    Projects(BTreeSet<Id>),
    /// What comes from one webhook source; nothing else, and nothing else can be read.
    Source(Id),
}

/// Rights as they are stored and sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spelled {
    /// `read`, `write` or `admin`.
    pub rights: String,
    /// The only projects that may be written.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub projects: BTreeSet<Id>,
    /// The only webhook source that may be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Id>,
}

/// Why rights make no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Nonsense {
    /// There is no such right.
    #[error("rights are read, write or admin")]
    Word,
    /// Only writing can be narrowed.
    #[error("only write goes with projects or a source")]
    Narrow,
    /// Projects, or a source.
    #[error("either projects or a source, not both")]
    Both,
}

impl TryFrom<Spelled> for Rights {
    type Error = Nonsense;

    fn try_from(spelled: Spelled) -> Result<Self, Nonsense> {
        let Spelled { rights, projects, source } = spelled;
        let is_narrow = source.is_some() || !projects.is_empty();
        match (rights.as_str(), source) {
            ("read" | "admin", _) if is_narrow => Err(Nonsense::Narrow),
            ("read", _) => Ok(Self::Read),
            ("admin", _) => Ok(Self::Admin),
            ("write", Some(_)) if !projects.is_empty() => Err(Nonsense::Both),
            ("write", Some(source)) => Ok(Self::Write(Reach::Source(source))),
            ("write", None) if projects.is_empty() => Ok(Self::Write(Reach::Everything)),
            ("write", None) => Ok(Self::Write(Reach::Projects(projects))),
            _ => Err(Nonsense::Word),
        }
    }
}

impl From<Rights> for Spelled {
    fn from(rights: Rights) -> Self {
        let word = |rights: &str| Self { rights: rights.to_owned(), ..Self::default() };
        match rights {
            Rights::Read => word("read"),
            Rights::Write(Reach::Everything) => word("write"),
            Rights::Write(Reach::Projects(projects)) => Self { projects, ..word("write") },
            Rights::Write(Reach::Source(source)) => Self { source: Some(source), ..word("write") },
            Rights::Admin => word("admin"),
        }
    }
}

impl Rights {
    /// Whether they suffice for a need at a place.
    #[must_use]
    pub fn suffice(&self, need: Need, place: Place<'_>) -> bool {
        match need {
            Need::Open => true,
            Need::Page => self.read_everything(),
            Need::Shown | Need::Read => self.read(place.project),
            // What is said of the whole server says something of each project.
            Need::Inspect => self.read(place.project) && (place.project.is_some() || self.read_everything()),
            Need::Write => self.write(place.project),
            Need::Change => matches!(self, Self::Admin | Self::Write(Reach::Everything | Reach::Projects(_))),
            Need::Source => match self {
                Self::Write(Reach::Source(source)) => place.source == Some(source.as_str()),
                other => *other == Self::Admin,
            },
            Need::Admin => *self == Self::Admin,
        }
    }

    /// Whether all projects may be read.
    #[must_use]
    pub fn read_everything(&self) -> bool {
        !matches!(self, Self::Write(Reach::Projects(_) | Reach::Source(_)))
    }

    /// Whether a project, or (`None`) what all projects share, may be read.
    #[must_use]
    pub fn read(&self, project: Option<&str>) -> bool {
        match self {
            Self::Read | Self::Admin | Self::Write(Reach::Everything) => true,
            Self::Write(Reach::Projects(projects)) => project.is_none_or(|project| projects.contains(project)),
            Self::Write(Reach::Source(_)) => false,
        }
    }

    /// Whether a project, or (`None`) what all projects share, may be written.
    #[must_use]
    pub fn write(&self, project: Option<&str>) -> bool {
        match self {
            Self::Admin | Self::Write(Reach::Everything) => true,
            Self::Write(Reach::Projects(projects)) => project.is_some_and(|project| projects.contains(project)),
            Self::Read | Self::Write(Reach::Source(_)) => false,
        }
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("read"),
            Self::Admin => f.write_str("admin"),
            Self::Write(Reach::Everything) => f.write_str("write"),
            Self::Write(Reach::Source(source)) => write!(f, "write of the webhook source {source}"),
            Self::Write(Reach::Projects(projects)) => {
                let names: Vec<&str> = projects.iter().map(Id::as_str).collect();
                write!(f, "write of the project{} {}", if names.len() == 1 { "" } else { "s" }, names.join(", "))
            }
        }
    }
}

impl Need {
    /// The right that it takes, in words.
    #[must_use]
    pub fn words(self, place: Place<'_>) -> String {
        match (self, place) {
            (Self::Open, _) => "no right".to_owned(),
            (Self::Page, _) | (Self::Inspect, Place { project: None, .. }) => "the right to read everything".to_owned(),
            (Self::Shown | Self::Read | Self::Inspect, Place { project: Some(project), .. }) => {
                format!("the right to read the project {project}")
            }
            (Self::Shown | Self::Read, _) => "the right to read".to_owned(),
            (Self::Write, Place { project: Some(project), .. }) => format!("the right to write the project {project}"),
            (Self::Write, _) => "the right to write all projects and what they share".to_owned(),
            (Self::Change, _) => "the right to write".to_owned(),
            (Self::Source, Place { source: Some(source), .. }) => {
                format!("the right admin, or to write the webhook source {source}")
            }
            (Self::Source | Self::Admin, _) => "the right admin".to_owned(),
        }
    }

    /// The same for the description of an endpoint, with the parameters of its address.
    #[must_use]
    pub fn described(self, path: &str) -> Option<String> {
        let project = path.contains("{project}").then_some("of the address");
        let words = match self {
            Self::Open => return None,
            Self::Source => "the right admin, or to write the webhook source of the address".to_owned(),
            Self::Change => "the right to write what the changes are about".to_owned(),
            Self::Page | Self::Shown => self.words(Place { project, source: None }) + ", unless reading is public",
            other => other.words(Place { project, source: None }),
        };
        Some(format!("Needs {words}."))
    }
}
