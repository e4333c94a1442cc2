//! Layouts: from the read side to the named bodies of a tree. Pure: no clock, no SQL, no disk.
//!
//! [`classic`] and [`v1`] have what is particular to Watchtower 0.1.x and 1.0.

pub mod classic;
mod shared;
pub mod v1;

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use crate::model::{Id, scope::Scope, time::Day};

/// A tree that a version of the page reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layout {
    /// Watchtower 0.1.x: `context.json`, ids in `project.json`, one `edit.json`.
    Classic,
    /// Watchtower 1.0: `projects-list/index.json`, embedded objects, `edits.json`, `task_counts.json`.
    V1,
}

impl Layout {
    /// The name of the layout, as in options and folders.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Layout::Classic => "classic",
            Layout::V1 => "v1",
        }
    }
}

/// A file of a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeFile {
    /// Its path below the root of the site: `data/projects/<id>/shots.json`.
    pub path: String,
    /// What is in it.
    pub body: Bytes,
}

impl TreeFile {
    /// A JSON file, compact.
    fn json(path: String, value: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self { path, body: serde_json::to_vec(value)?.into() })
    }

    /// Whether it is JSON, which is served from memory; other files are served from disk.
    #[must_use]
    pub fn is_json(&self) -> bool {
        is_json(&self.path)
    }
}

/// Whether a name is that of a JSON file; ours are all lower case.
#[must_use]
pub fn is_json(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extension == "json")
}

/// The folder of a project's files, below the root of the site.
#[must_use]
pub fn project_folder(id: &Id) -> String {
    format!("data/projects/{id}")
}

impl Layout {
    /// The files of one project, up to a day.
    pub fn project_files(
        self,
        context: &Scope,
        id: &Id,
        contents: &Scope,
        today: Day,
    ) -> serde_json::Result<Vec<TreeFile>> {
        project_files(&[self], context, id, contents, today).map(|mut files| files.pop().unwrap_or_default())
    }

    /// The files that name all projects, whose contents are given in their order.
    pub fn list_files(self, context: &Scope, contents: &[(Id, Arc<Scope>)]) -> serde_json::Result<Vec<TreeFile>> {
        match self {
            Layout::Classic => classic::list_files(context, contents),
            Layout::V1 => v1::list_files(context, contents),
        }
    }
}

/// The files of one project in each of several layouts. What these have in common is encoded once, and its bytes are
/// shared.
pub fn project_files(
    layouts: &[Layout],
    context: &Scope,
    id: &Id,
    contents: &Scope,
    today: Day,
) -> serde_json::Result<Vec<Vec<TreeFile>>> {
    let Some(project) = context.project(id) else { return Ok(vec![Vec::new(); layouts.len()]) };
    let content = shared::Content::new(id, project, contents);
    let shared = content.files()?;
    let files = layouts.iter().map(|layout| {
        let own = match layout {
            Layout::Classic => classic::project_files(&content)?,
            Layout::V1 => v1::project_files(&content, context, today)?,
        };
        Ok(shared.iter().cloned().chain(own).collect())
    });
    files.collect()
}
