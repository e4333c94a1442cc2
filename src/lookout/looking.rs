//! Looking: at a project, at all of them, at the studio.

use std::{collections::HashSet, sync::Arc};

use super::{
    Error, Lookout, Seen, State,
    known::{Known, Stamp},
    studio,
};
use crate::{
    model::{
        Id, Kind,
        figures::Figures,
        problems::{Circumstances, Problem, problems},
        scope::Scope,
        time::{Day, Instant, day_of},
    },
    store::{KnownChange, KnownProblem, News},
};

/// Projects with this many shots and tasks are looked at on a thread that answers no requests.
const LARGE: usize = 500;

/// After this many microseconds deliveries are counted anew though none came: old ones are forgotten. A minute.
const COUNTED_ANEW: Instant = 60_000_000;

/// What a look found: problems (and since when, where they know that by themselves), and the figures.
type Found = (Vec<(Problem, Option<Instant>)>, Figures);

impl State {
    /// What was known when the server stopped.
    pub(super) fn remembering(problems: Vec<KnownProblem>, changes: Vec<KnownChange>) -> Self {
        let mut state = Self::default();
        for (project, what, since) in problems {
            if let Some(known) = state.known(&project) {
                known.remember(what, since);
            }
        }
        for (project, revision, at) in changes {
            if let Some(known) = state.known(&project) {
                known.remember_change(revision, at);
            }
        }
        state
    }

    fn known(&mut self, project: &str) -> Option<&mut Known> {
        if project.is_empty() {
            return Some(&mut self.studio);
        }
        Some(self.projects.entry(Id::parse(project).ok()?).or_default())
    }
}

impl Lookout {
    /// The problems of a project as it is now, each with since when it is known.
    pub async fn problems_of(&self, id: &Id, contents: Arc<Scope>) -> Result<Vec<Seen>, Error> {
        let context = self.surroundings.studio.context();
        let stamp = self.stamp(&context, &contents);
        let now = (self.surroundings.clock)();
        let (found, figures) = self.find(id, context, contents, day_of(now)).await?;
        let since = self.state().projects.entry(id.clone()).or_default().take(stamp, &found, figures, now);
        Ok(found.into_iter().zip(since).map(|((problem, _), since)| Seen { problem, since }).collect())
    }

    /// Looks at every project that is not as it was when it was looked at last, and at the studio. Deliveries are counted anew if
    /// it is to be exact; else if it is known that there are others, or after a while.
    pub async fn look_around(&self, is_exact: bool) -> Result<(), Error> {
        let (context, now) = (self.surroundings.studio.context(), (self.surroundings.clock)());
        self.note_revisions(context.revision, now);
        let mut failed = None;
        for (id, _) in context.projects() {
            // One project that cannot be looked at does not hide what is wrong with the others.
            if let Err(error) = self.look_if_changed(&context, id, now).await {
                failed.get_or_insert(error);
            }
        }
        self.look_at_studio(is_exact).await?;
        failed.map_or(Ok(()), Err)
    }

    async fn look_if_changed(&self, context: &Scope, id: &Id, now: Instant) -> Result<(), Error> {
        let contents = self.surroundings.studio.scope(id).await?;
        let stamp = self.stamp(context, &contents);
        let is_known = {
            let mut state = self.state();
            let known = state.projects.entry(id.clone()).or_default();
            known.note_change(contents.revision, now);
            known.is_of(stamp, day_of(now))
        };
        if !is_known {
            self.problems_of(id, contents).await?;
            // There may be hundreds of projects, and others have work to do.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    fn note_revisions(&self, context: u64, now: Instant) {
        let (revision, published) =
            (*self.surroundings.revision.borrow(), self.surroundings.progress.borrow().revision);
        let mut state = self.state();
        state.studio.note_change(context, now);
        state.owed = state.owed.filter(|(owed, _)| *owed > published);
        if revision > published {
            state.owed.get_or_insert((revision, now));
        }
    }

    fn stamp(&self, context: &Scope, contents: &Scope) -> Stamp {
        let fetches = self.surroundings.fetches.changes();
        Stamp { contents: contents.revision, context: context.revision, fetches }
    }

    async fn find(&self, id: &Id, context: Arc<Scope>, contents: Arc<Scope>, today: Day) -> Result<Found, Error> {
        let (id, fetches, is_classic) = (id.clone(), self.surroundings.fetches.clone(), self.surroundings.is_classic);
        let media = self.surroundings.media.clone();
        let is_large = contents.list(Kind::Shot).len() + contents.list(Kind::Task).len() >= LARGE;
        let look = move || -> Found {
            let (fetching, is_kept) = (|url: &str| fetches.fetching(url), |hash| media.has(hash));
            let circumstances = Circumstances { fetching: &fetching, is_kept: &is_kept, is_classic };
            let found = problems(&context, &id, &contents, circumstances);
            (found.into_iter().map(|problem| (problem, None)).collect(), Figures::of(&context, &contents, today))
        };
        if is_large { tokio::task::spawn_blocking(look).await.map_err(|_| Error::Failed) } else { Ok(look()) }
    }

    async fn look_at_studio(&self, is_exact: bool) -> Result<(), Error> {
        let (sources, now) = (self.surroundings.webhooks.sources(), (self.surroundings.clock)());
        let signature = studio::signature(&sources);
        let known = self.state().deliveries.clone();
        let known = known.filter(|(known, at, _)| !is_exact && *known == signature && now - at < COUNTED_ANEW);
        let tallies = if let Some((.., tallies)) = known {
            tallies
        } else {
            let tallies = Arc::new(self.surroundings.store.tally().await?);
            self.state().deliveries = Some((signature, now, tallies.clone()));
            tallies
        };
        let failure = self.surroundings.progress.borrow().failure.clone();
        let mut found = studio::of_publishing(failure.map(|(_, reason)| reason));
        found.extend(studio::of_webhooks(&sources, &tallies));
        found.extend(studio::of_hooks((self.surroundings.notices)()));
        let mut state = self.state();
        let since = state.studio.take(Stamp::default(), &found, Figures::default(), now);
        state.found = found.into_iter().zip(since).map(|((problem, _), since)| Seen { problem, since }).collect();
        Ok(())
    }

    /// Keeps and logs what is new since the last time; when projects changed only if that is to be kept, too.
    pub(super) async fn keep(&self, with_changes: bool) -> Result<(), Error> {
        let context = self.surroundings.studio.context();
        let ids: HashSet<&Id> = context.projects().map(|(id, _)| id).collect();
        let mut news = News::default();
        {
            let mut state = self.state();
            for (id, mut known) in state.projects.extract_if(|id, _| !ids.contains(id)) {
                known.clear();
                known.tell(Some(&id), false, &mut news);
                news.forget_project(id.as_str());
            }
            let State { projects, studio, .. } = &mut *state;
            let each = projects.iter_mut().map(|(id, known)| (Some(id), known)).chain([(None, studio)]);
            for (id, known) in each {
                known.log(id);
                known.tell(id, with_changes, &mut news);
            }
        }
        if news.is_empty() {
            return Ok(());
        }
        let kept = self.surroundings.store.keep_problems(&news).await;
        if kept.is_err() {
            let mut state = self.state();
            state.projects.values_mut().for_each(Known::doubt);
            state.studio.doubt();
        }
        Ok(kept?)
    }
}
