//! Layouts: from the read side to the named bodies of a tree. Pure: no clock, no SQL, no disk.
//!
//! [`classic`] and [`v1`] have what is particular to Watchtower 0.1.x and 1.0.

pub mod classic;
mod edits;
pub mod media;
mod pieces;
mod shared;
pub mod v1;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use serde::Serialize;

use self::pieces::Pieces;
use crate::model::{
    Id,
    media::{Mode, Sha256},
    scope::Scope,
    time::Day,
};

/// A tree that a version of the page reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layout {
    /// Watchtower 0.1.x: `context.json`, ids in `project.json`, one `edit.json`.
    Classic,
    /// Watchtower 1.0: `projects-list/index.json`, embedded objects, `edits.json`, `task_counts.json`.
    V1,
}

impl Layout {
    /// All layouts.
    pub const ALL: [Self; 2] = [Self::Classic, Self::V1];

    /// The name of the layout, as in options and folders.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Layout::Classic => "classic",
            Layout::V1 => "v1",
        }
    }

    /// Where the tree has the list of projects, below the root of the site; in both it is in the field `projects`.
    #[must_use]
    pub fn list_path(self) -> &'static str {
        match self {
            Layout::Classic => "data/projects/context.json",
            Layout::V1 => "data/projects-list/index.json",
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

/// A file of a tree that is a picture or a movie. The names of all but the movies at their conventional places go with
/// their content: under one name there is always the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its path below the root of the site: `data/projects/<id>/previews/<shot>-<hash>.png`.
    pub path: String,
    /// What is there.
    pub of: Linked,
}

/// What a picture or movie of a tree is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Linked {
    /// A file of the media store.
    Media(Sha256),
    /// A drawn stand-in: a name on a colour (red, green, blue).
    Drawn(String, [u8; 3]),
}

/// Everything that one project, or the list of projects, has in a tree.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rendered {
    /// What is made from the data.
    pub files: Vec<TreeFile>,
    /// Pictures and movies.
    pub links: Vec<Link>,
}

/// What a tree depends on beside the data.
#[derive(Clone)]
pub struct Look {
    /// The day up to which the burn-down goes.
    pub today: Day,
    /// Whether a shot without a picture gets a drawn one.
    pub placeholders: bool,
    /// What is done about files on other servers, by URL.
    pub mode: Arc<dyn Fn(&str) -> Mode + Send + Sync>,
}

impl Look {
    /// The usual look: nothing drawn, and URLs of other servers stay as they came.
    #[must_use]
    pub fn usual(today: Day) -> Self {
        Self { today, placeholders: false, mode: Arc::new(|_| Mode::Keep) }
    }
}

impl fmt::Debug for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Look")
            .field("today", &self.today)
            .field("placeholders", &self.placeholders)
            .finish_non_exhaustive()
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
    /// What one project has in the tree.
    pub fn project_files(
        self,
        context: &Scope,
        id: &Id,
        contents: &Scope,
        look: &Look,
    ) -> serde_json::Result<Rendered> {
        let files = project_files(&[self], context, id, contents, look)?;
        Ok(files.rendered.into_iter().next().unwrap_or_default())
    }

    /// The files that name all projects, whose contents are given in their order, and the pictures that belong to none.
    pub fn list_files(
        self,
        context: &Scope,
        contents: &[(Id, Arc<Scope>)],
        look: &Look,
    ) -> serde_json::Result<Rendered> {
        let files = match self {
            Layout::Classic => classic::list_files(context, contents, look)?,
            Layout::V1 => v1::list_files(context, contents, look)?,
        };
        Ok(Rendered { files, links: media::links_of_people(context) })
    }
}

/// What one project, or the list of projects, has in the trees of several layouts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Files {
    /// What it has in each, in the order of the layouts.
    pub rendered: Vec<Rendered>,
    /// Where shots and assets are in their files.
    pieces: [Pieces; 2],
}

impl Files {
    /// Those that can only be made from the beginning.
    #[must_use]
    pub fn of(rendered: Vec<Rendered>) -> Self {
        Self { rendered, ..Self::default() }
    }

    /// The same after some tasks were altered, and nothing else was. What is not about them is not made anew.
    pub fn with_tasks(
        mut self,
        layouts: &[Layout],
        context: &Scope,
        (id, contents): (&Id, &Scope),
        tasks: &[Id],
        look: &Look,
    ) -> serde_json::Result<Self> {
        let Some(project) = context.project(id) else { return Ok(Self::of(vec![Rendered::default(); layouts.len()])) };
        let content = shared::Content::without_lists(id, project, contents, look);
        let mut others = Vec::new();
        for ((kind, name), pieces) in shared::OWNERS.into_iter().zip(&mut self.pieces) {
            let path = content.path(name);
            let body = self.rendered.iter().flat_map(|one| &one.files).find(|file| file.path == path);
            let altered = content.altered(kind, tasks, pieces)?;
            if let Some(file) = body.filter(|_| !altered.is_empty()) {
                others.push(TreeFile { body: pieces.replaced(&file.body, &altered), path });
            }
        }
        if layouts.contains(&Layout::V1) {
            others.push(v1::task_counts_file(&content, context)?);
        }
        for file in self.rendered.iter_mut().flat_map(|one| &mut one.files) {
            if let Some(other) = others.iter().find(|other| other.path == file.path) {
                file.body = other.body.clone();
            }
        }
        Ok(self)
    }
}

/// What one project has in the trees of several layouts. What these have in common is encoded once, and its bytes are
/// shared.
pub fn project_files(
    layouts: &[Layout],
    context: &Scope,
    id: &Id,
    contents: &Scope,
    look: &Look,
) -> serde_json::Result<Files> {
    let Some(project) = context.project(id) else { return Ok(Files::of(vec![Rendered::default(); layouts.len()])) };
    let content = shared::Content::new(id, project, contents, look);
    let (files, pieces) = content.files()?;
    let shared = Rendered { files, links: content.links() };
    let rendered = layouts.iter().map(|layout| {
        let own = match layout {
            Layout::Classic => classic::project_files(&content)?,
            Layout::V1 => v1::project_files(&content, context)?,
        };
        let files = shared.files.iter().cloned().chain(own.files).collect();
        Ok(Rendered { files, links: shared.links.iter().cloned().chain(own.links).collect() })
    });
    Ok(Files { rendered: rendered.collect::<Result<_, _>>()?, pieces })
}
