//! Publish hooks: where calls go, how they are signed, and of what each is told.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fmt,
    sync::Arc,
};

use reqwest::Url;

use super::settings::{Fault, HookSettings, Invalid};
use crate::{model::Id, webhook::verify::Signer};

/// One that is told what was published.
pub struct Hook {
    /// How it is called where it is shown, and under which it is remembered what it was told.
    pub(super) name: String,
    /// Where calls go. It is not shown: there are addresses that are secrets.
    pub(super) url: Url,
    /// What signs calls.
    pub(super) signer: Signer,
    /// The projects that it is told of; none: all, and what they share.
    pub(super) projects: Option<BTreeSet<Id>>,
}

impl fmt::Debug for Hook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Hook").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Hook {
    /// Whether it is told of a project, or of what all share.
    pub(super) fn wants(&self, project: Option<&Id>) -> bool {
        self.projects.as_ref().is_none_or(|wanted| project.is_some_and(|project| wanted.contains(project)))
    }
}

/// All publish hooks, by name.
#[derive(Debug, Default)]
pub struct Hooks(pub(super) BTreeMap<String, Arc<Hook>>);

impl Hooks {
    /// Those of the settings, with variables of the environment. The errors are all that is wrong; they name table and key,
    /// and show no value.
    pub fn new(settings: &[HookSettings]) -> Result<Self, Vec<Invalid>> {
        Self::with_variables(settings, |name| env::var(name).ok())
    }

    /// The same, with variables from elsewhere.
    pub fn with_variables(
        settings: &[HookSettings],
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Invalid>> {
        let (mut hooks, mut faults) = (BTreeMap::new(), Vec::new());
        for (one, number) in settings.iter().zip(1..) {
            match one.hook(number, &variable) {
                Ok(hook) if hooks.contains_key(&hook.name) => {
                    faults.push(one.invalid(number, "name".to_owned(), Fault::Twice));
                }
                Ok(hook) => drop(hooks.insert(hook.name.clone(), Arc::new(hook))),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(Self(hooks)) } else { Err(faults) }
    }
}
