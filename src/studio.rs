//! The read side: the studio and its projects in memory, as the store has them.
//!
//! Only the writer alters it, after it committed. A reader takes an [`Arc`] of a scope and sees that moment, whatever
//! is written meanwhile; the writer copies a scope (its lists of pointers, not the entities) only while one is held.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    model::{Id, scope::Scope},
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

    /// Alters a scope; only the writer does.
    pub fn alter(&self, project: Option<&Id>, alter: impl FnOnce(&mut Scope)) {
        let mut scopes = self.scopes.write().unwrap_or_else(PoisonError::into_inner);
        alter(Arc::make_mut(scopes.entry(project.cloned()).or_default()));
    }

    /// Empties a project that is no more. The empty scope stays, so that a load that began before cannot bring it back.
    pub fn empty(&self, project: &Id) {
        self.alter(Some(project), |scope| *scope = Scope::default());
    }

    /// A scope, if it is in memory.
    #[must_use]
    pub fn in_memory(&self, project: Option<&Id>) -> Option<Arc<Scope>> {
        let scopes = self.scopes.read().unwrap_or_else(PoisonError::into_inner);
        scopes.get(&project.cloned()).cloned()
    }
}
