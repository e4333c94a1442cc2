//! The writer's work in memory alone: for whoever tries it with everything that may come, faster than a disk allows.

use std::{collections::HashMap, sync::Arc};

use super::{Outcome, Refused, Request, commit::Batch};
use crate::model::{Id, scope::Scope, time::Instant};

/// A studio that nobody stores.
#[derive(Debug, Default)]
pub struct Rehearsal {
    scopes: HashMap<Option<Id>, Arc<Scope>>,
    revision: u64,
}

impl Rehearsal {
    /// Does what the writer does with a request, but for reading and writing the database; the error says why it is refused.
    pub fn write(&mut self, request: Request, now: Instant) -> Result<Outcome, Refused> {
        let mut batch = Batch::new(self.scope(None), self.revision, now);
        for project in request.projects() {
            batch.draft.add(Some(project.clone()), self.scope(Some(project)));
        }
        let outcome = batch.resolve(request)?;
        let Batch { draft, mut rows, revision, revisions, steps, .. } = batch;
        let altered = draft.finish();
        altered.rows(&mut rows, &revisions).map_err(|error| Refused::Store(Arc::new(error)))?;
        self.revision = revision;
        for project in &altered.wiped {
            self.scopes.remove(&Some(project.clone()));
        }
        for (project, altered) in altered.by_scope(&revisions, steps) {
            Arc::make_mut(self.scopes.entry(project).or_default()).apply(altered);
        }
        Ok(outcome)
    }

    /// A scope as the requests left it.
    #[must_use]
    pub fn scope(&self, project: Option<&Id>) -> Arc<Scope> {
        self.scopes.get(&project.cloned()).cloned().unwrap_or_default()
    }
}
