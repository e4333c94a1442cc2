//! The read side: the studio and its projects in memory, as the store has them.
//!
//! Only the writer alters it, after it committed. A reader takes an [`Arc`] of a scope and sees that moment, whatever
//! is written meanwhile; the writer copies a scope (its lists of pointers, not the entities) only while one is held.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    model::{
        Id,
        scope::{Altered, Scope},
    },
    store::{Error, Store},
};

/// The scopes that are in memory, and where the others come from.
#[derive(Debug)]
pub struct Studio {
    store: Arc<Store>,
    scopes: RwLock<HashMap<Option<Id>, Arc<Scope>>>,
}

impl Studio {
    /// Loads the studio-wide lists; projects follow when they are first asked for.
    pub async fn load(store: Arc<Store>) -> Result<Self, Error> {
        let context = store.load(None).await?;
        Ok(Self { store, scopes: RwLock::new(HashMap::from([(None, Arc::new(context))])) })
    }

    /// The studio-wide lists: context and projects.
    #[must_use]
    pub fn context(&self) -> Arc<Scope> {
        self.in_memory(None).unwrap_or_default()
    }

    /// The contents of a project; `None` if there is no such project.
    pub async fn project(&self, id: &Id) -> Result<Option<Arc<Scope>>, Error> {
        if self.context().project(id).is_none() {
            return Ok(None);
        }
        self.scope(id).await.map(Some)
    }

    /// The contents of a project as they are stored, empty for one that does not exist.
    pub async fn scope(&self, id: &Id) -> Result<Arc<Scope>, Error> {
        if let Some(scope) = self.in_memory(Some(id)) {
            return Ok(scope);
        }
        let loaded = Arc::new(self.store.load(Some(id)).await?);
        // Whoever was first is right: the writer has a scope in memory before it writes to it, so a scope that was
        // loaded meanwhile is at least as new as this one.
        let mut scopes = self.scopes.write().unwrap_or_else(PoisonError::into_inner);
        Ok(scopes.entry(Some(id.clone())).or_insert(loaded).clone())
    }

    /// Empties projects, then alters scopes; only the writer does. It is one moment for all who read: who finds a new project
    /// in the studio finds its contents in memory, and never loads what is then altered once more.
    ///
    /// The scope of a project that is no more stays, empty, so that a load that began before cannot bring it back.
    pub fn alter<'a>(&self, emptied: impl IntoIterator<Item = &'a Id>, altered: BTreeMap<Option<Id>, Altered>) {
        // Many records take a while to go, and nobody is to wait for that.
        let mut gone = Vec::new();
        let mut scopes = self.scopes.write().unwrap_or_else(PoisonError::into_inner);
        for project in emptied {
            gone.extend(scopes.insert(Some(project.clone()), Arc::default()));
        }
        for (project, altered) in altered {
            Arc::make_mut(scopes.entry(project).or_default()).apply(altered);
        }
        drop(scopes);
    }

    /// A scope, if it is in memory.
    #[must_use]
    pub fn in_memory(&self, project: Option<&Id>) -> Option<Arc<Scope>> {
        let scopes = self.scopes.read().unwrap_or_else(PoisonError::into_inner);
        scopes.get(&project.cloned()).cloned()
    }
}
