//! What keeps a thing from the page, or is probably wrong: shown, not hidden.
//!
//! Pure: from what is in memory to a list. Since when each is known is not known here.

mod edits;
mod kinds;
mod limits;
mod media;
mod references;
mod shots;
mod statuses;
mod timeline;

use std::borrow::Cow;

use super::{
    Id, Kind,
    media::{Fetching, Sha256},
    number::Fps,
    scope::Scope,
    shown::{Drawn, Shown},
};

pub use kinds::{ProblemKind, Severity};

/// One thing that is wrong, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem it is.
    pub problem: ProblemKind,
    /// The kind of what it is a problem of: of an entity, as in URLs; `webhooks`, `publishing` or `publish-hooks`.
    pub kind: &'static str,
    /// The id of that: of an entity, or the name of a source; empty where there is only one.
    pub id: String,
    /// Its name, where it has one.
    pub name: String,
    /// What else it is about: what is referred to, the other one of two shots.
    pub other: Option<(&'static str, String)>,
    /// What is wrong, in plain words.
    pub detail: String,
    /// How to mend it.
    pub mend: Cow<'static, str>,
}

impl Problem {
    /// By what it is known again though its words change: `no-range shots/0070`, `overlap shots/0030 shots/0020`.
    #[must_use]
    pub fn identity(&self) -> String {
        let own = format!("{} {}/{}", self.problem.name(), self.kind, self.id);
        match &self.other {
            Some((kind, id)) => format!("{own} {kind}/{id}"),
            None => own,
        }
    }
}

/// What the problems of a project depend on beside its data.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    /// How far a URL has come.
    pub fetching: &'a dyn Fn(&str) -> Fetching,
    /// Whether a file of the media store is there.
    pub is_kept: &'a dyn Fn(Sha256) -> bool,
    /// Whether the classic page, which has limits of its own, is what shows it.
    pub is_classic: bool,
}

/// An entity that something is wrong with: its kind, id and name.
type Subject<'a> = (Kind, &'a Id, &'a str);

struct Finder<'a> {
    context: &'a Scope,
    contents: &'a Scope,
    project: Subject<'a>,
    fps: f64,
    circumstances: Circumstances<'a>,
    shown: Shown<'a>,
    /// The shots that are shown, by episode.
    timelines: Vec<(Option<&'a Id>, Vec<Drawn<'a>>)>,
    found: Vec<Problem>,
}

/// The problems of a project: those of itself first, then in the order of its lists.
#[must_use]
pub fn problems(context: &Scope, id: &Id, contents: &Scope, circumstances: Circumstances<'_>) -> Vec<Problem> {
    let project = context.project(id);
    let shown = Shown::of(contents);
    let mut finder = Finder {
        context,
        contents,
        project: (Kind::Project, id, project.map_or("", |project| &project.name)),
        fps: project.map_or_else(Fps::default, |project| project.fps).get(),
        circumstances,
        timelines: shown.shots_by_episode(),
        shown,
        found: Vec::new(),
    };
    if let Some(project) = project {
        finder.project(id, project);
        finder.unused_statuses(project);
    }
    finder.too_many_pictures();
    finder.shots();
    finder.timelines();
    finder.assets();
    finder.tasks();
    finder.castings();
    finder.sequences();
    finder.memberships();
    finder.edits();
    finder.found
}

impl Finder<'_> {
    fn add(&mut self, problem: ProblemKind, of: Subject<'_>, detail: String, mend: impl Into<Cow<'static, str>>) {
        self.add_about(problem, of, None, detail, mend);
    }

    fn add_about(
        &mut self,
        problem: ProblemKind,
        (kind, id, name): Subject<'_>,
        other: Option<(Kind, &Id)>,
        detail: String,
        mend: impl Into<Cow<'static, str>>,
    ) {
        let other = other.map(|(kind, id)| (kind.plural(), id.to_string()));
        let (kind, id, name, mend) = (kind.plural(), id.to_string(), name.to_owned(), mend.into());
        self.found.push(Problem { problem, kind, id, name, other, detail, mend });
    }

    fn named(&mut self, of: Subject<'_>) {
        if of.2.is_empty() {
            let detail = "it has no name yet: the page shows its id".to_owned();
            self.add(ProblemKind::NoName, of, detail, "send its name");
        }
    }
}

/// A frame number or a number of frames, without a fraction that is none.
fn frames(number: f64) -> String {
    super::number::whole(number).map_or_else(|| format!("{number}"), |whole| whole.to_string())
}

/// The name that a person knows something by.
fn called<'a>(id: &'a Id, name: &'a str) -> &'a str {
    if name.is_empty() { id.as_str() } else { name }
}
