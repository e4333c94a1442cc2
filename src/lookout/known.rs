//! What is known of the problems of a project: which there are, and since when.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::Glance;
use crate::{
    model::{
        Id,
        figures::Figures,
        problems::{Problem, ProblemKind},
        time::Instant,
    },
    store::News,
};

/// What a project was looked at as of: the revisions of its contents and of the context, and how often what is known of files of
/// other servers had changed. Each only grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Revision of the contents.
    pub contents: u64,
    /// Revision of the context.
    pub context: u64,
    /// Changes of files of other servers.
    pub fetches: u64,
}

impl Stamp {
    fn is_older_than(self, other: Self) -> bool {
        self.contents < other.contents || self.context < other.context || self.fetches < other.fetches
    }
}

/// How many problems of a kind there are, and since when the oldest of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// Since when the oldest is there.
    pub since: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    since: Instant,
    is_stored: bool,
    /// The look at which it was there last.
    look: u64,
}

/// What is new of a kind of problem since it was last told.
#[derive(Debug, Clone, Default)]
struct Change {
    new: u64,
    gone: u64,
    example: String,
}

/// The problems of a project, or of the studio, as they were found last.
#[derive(Debug, Default)]
pub struct Known {
    stamp: Option<Stamp>,
    look: u64,
    /// By [`Problem::identity`].
    there: HashMap<String, Entry>,
    /// What is to be taken out of the store.
    gone: Vec<String>,
    tallies: BTreeMap<ProblemKind, Tally>,
    changes: BTreeMap<ProblemKind, Change>,
    figures: Arc<Figures>,
    /// The last change: its revision, when it was seen, and whether that is stored.
    changed: Option<(u64, Instant, bool)>,
}

impl Known {
    /// Remembers a problem from before the server was started.
    pub fn remember(&mut self, what: String, since: Instant) {
        self.there.insert(what, Entry { since, is_stored: true, look: 0 });
    }

    /// Remembers the last change from before the server was started.
    pub fn remember_change(&mut self, revision: u64, at: Instant) {
        self.changed = Some((revision, at, true));
    }

    /// Whether it was looked at as of this, on this day.
    pub fn is_of(&self, stamp: Stamp, today: i64) -> bool {
        self.stamp == Some(stamp) && self.figures.today == today
    }

    /// Notes that the last change is this one.
    pub fn note_change(&mut self, revision: u64, now: Instant) {
        if self.changed.is_none_or(|(known, ..)| known != revision) {
            self.changed = Some((revision, now, false));
        }
    }

    /// Takes what was found; gives since when each is there. What was found as of an earlier state alters nothing. A problem
    /// that knows by itself since when it is there says so.
    pub fn take(
        &mut self,
        stamp: Stamp,
        found: &[(Problem, Option<Instant>)],
        figures: Figures,
        now: Instant,
    ) -> Vec<Instant> {
        let is_late = self.stamp.is_some_and(|known| stamp.is_older_than(known));
        if is_late {
            let known = |problem: &Problem| self.there.get(&problem.identity()).map(|entry| entry.since);
            return found.iter().map(|(problem, own)| own.or_else(|| known(problem)).unwrap_or(now)).collect();
        }
        self.stamp = Some(stamp);
        self.figures = Arc::new(figures);
        self.look += 1;
        self.tallies.clear();
        let since: Vec<Instant> = found.iter().map(|(problem, own)| self.note(problem, *own, now)).collect();
        self.drop_gone();
        since
    }

    fn note(&mut self, problem: &Problem, own: Option<Instant>, now: Instant) -> Instant {
        let look = self.look;
        let (kind, what) = (problem.problem, problem.identity());
        let known = self.there.get(&what).copied();
        if known.is_none() {
            let change = self.changes.entry(kind).or_default();
            change.new += 1;
            if change.new == 1 {
                change.example = format!("{}/{}: {}", problem.kind, problem.id, problem.detail);
            }
        }
        let since = own.or(known.map(|entry| entry.since)).unwrap_or(now);
        let is_stored = known.is_some_and(|entry| entry.is_stored && entry.since == since);
        self.there.insert(what, Entry { since, is_stored, look });
        let tally = self.tallies.entry(kind).or_insert(Tally { count: 0, since });
        *tally = Tally { count: tally.count + 1, since: tally.since.min(since) };
        since
    }

    fn drop_gone(&mut self) {
        let look = self.look;
        for (what, entry) in self.there.extract_if(|_, entry| entry.look != look) {
            let kind = what.split(' ').next().and_then(ProblemKind::named);
            if let Some(kind) = kind {
                self.changes.entry(kind).or_default().gone += 1;
            }
            if entry.is_stored {
                self.gone.push(what);
            }
        }
    }

    /// How many of each kind there are.
    pub fn tallies(&self) -> impl Iterator<Item = (ProblemKind, Tally)> {
        self.tallies.iter().map(|(kind, tally)| (*kind, *tally))
    }

    /// What was seen last.
    pub fn glance(&self) -> Glance {
        Glance {
            problems: self.tallies.clone(),
            figures: self.figures.clone(),
            changed_at: self.changed.map(|(_, at, _)| at),
        }
    }

    /// Puts what is not stored yet among the news, and takes it for stored; the last change only if that is to be told, too.
    pub fn tell(&mut self, project: Option<&Id>, with_changes: bool, news: &mut News) {
        for what in self.gone.drain(..) {
            news.forget(project.map_or("", Id::as_str), &what);
        }
        for (what, entry) in self.there.iter_mut().filter(|(_, entry)| !entry.is_stored) {
            news.keep(project, what, entry.since);
            entry.is_stored = true;
        }
        if let Some((revision, at, is_stored)) = &mut self.changed
            && with_changes
            && !std::mem::replace(is_stored, true)
        {
            news.change(project, *revision, *at);
        }
    }

    /// Has nothing any more: the project is gone.
    pub fn clear(&mut self) {
        self.look += 1;
        self.drop_gone();
    }

    /// Takes nothing for stored any more.
    pub fn doubt(&mut self) {
        self.there.values_mut().for_each(|entry| entry.is_stored = false);
        if let Some((.., is_stored)) = &mut self.changed {
            *is_stored = false;
        }
    }

    /// Logs what is new and what is gone, once.
    pub fn log(&mut self, project: Option<&Id>) {
        let project = project.map_or("", Id::as_str);
        for (kind, Change { new, gone, example }) in std::mem::take(&mut self.changes) {
            let (problem, left) = (kind.name(), self.tallies.get(&kind).map_or(0, |tally| tally.count));
            if new > 0 && kind.severity() == crate::model::problems::Severity::Hint {
                tracing::info!(project.id = project, problem, new, example, "{}", kind.title());
            } else if new > 0 {
                tracing::warn!(project.id = project, problem, new, example, "{}", kind.title());
            }
            if gone > 0 {
                tracing::info!(project.id = project, problem, gone, left, "problems are mended");
            }
        }
    }
}
