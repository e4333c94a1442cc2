//! Reading an existing tree, of either layout, into the bodies that the API takes.

use std::{
    fs,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::{
    layout::{Layout, media::DRAWN},
    media::blank,
    model::{Id, Kind, scope::Key},
};

/// The most bytes that a JSON file of a tree may have: that of a project with ten thousand shots has ten million.
const LARGEST: u64 = 1 << 30;

/// What a tree holds, in the form of the API.
#[derive(Debug)]
pub struct Import {
    /// The layout of the tree.
    pub layout: Layout,
    /// The body for the context; none in the 1.0 layout, whose projects carry it along.
    pub context: Option<Value>,
    /// The projects in their order, each with the body of its snapshot.
    pub projects: Vec<(Id, Value)>,
    /// The pictures and movies that are in the tree, each with the entity that it belongs to.
    pub media: Vec<(Key, PathBuf)>,
}

/// Why a tree cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not JSON, or not of the form that it should have.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no tree in the folder.
    #[error(
        "{}: no tree of Watchtower: neither projects/context.json (0.1.x) nor projects-list/index.json (1.0) is in it, nor in a data/ in it",
        path.display()
    )]
    NoTree {
        /// The folder.
        path: PathBuf,
    },
}

/// Reads the tree in a folder: the root of a site, its `data`, or the `public` of the Python package.
pub fn read(folder: &Path) -> Result<Import, Error> {
    for data in [folder.to_owned(), folder.join("data"), folder.join("public/data")] {
        let read = if data.join("projects/context.json").is_file() {
            classic
        } else if data.join("projects-list/index.json").is_file() {
            v1
        } else {
            continue;
        };
        // A link may lead to the tree, but none out of it.
        let data = data.canonicalize().map_err(|source| Error::Read { path: data, source })?;
        let tree = read(&data)?;
        let media = media_of(&tree, &data);
        return Ok(Import { media, ..tree });
    }
    Err(Error::NoTree { path: folder.to_owned() })
}

/// Where a file of a tree really is, if it is there and in it, whatever links lead there.
fn inside(data: &Path, path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().filter(|path| path.starts_with(data) && path.is_file())
}

/// The pictures and movies that a tree names and has. Paths in it are below the root of the site, which holds `data`.
fn media_of(tree: &Import, data: &Path) -> Vec<(Key, PathBuf)> {
    let mut found = IndexMap::new();
    let context = tree.context.iter().map(|context| (None, Kind::User, &context["users"]));
    let lists = tree.projects.iter().flat_map(|(id, project)| {
        let own = [("shots", Kind::Shot), ("assets", Kind::Asset), ("edits", Kind::Edit)];
        own.map(|(list, kind)| (Some(id), kind, &project[list])).into_iter().chain([(
            None,
            Kind::User,
            &project["team"],
        )])
    });
    for (project, kind, list) in context.chain(lists) {
        for entity in list.as_array().into_iter().flatten() {
            found.extend(medium_of(project, kind, entity, data));
        }
    }
    found.extend(tree.projects.iter().filter_map(|(_, project)| medium_of(None, Kind::Project, project, data)));
    found.into_iter().collect()
}

/// The file that an entity names, if it is in the tree, and of its own: not a drawn picture, nor a blank movie.
fn medium_of(project: Option<&Id>, kind: Kind, entity: &Value, data: &Path) -> Option<(Key, PathBuf)> {
    let id = Id::parse(entity["id"].as_str()?).ok()?;
    let name = entity[if kind == Kind::Edit { "sourceName" } else { "thumbnailUrl" }].as_str()?;
    // What is not below data/ belongs to the page.
    let below = Path::new(name.trim_start_matches('/').strip_prefix("data/")?);
    if !below.components().all(|component| matches!(component, Component::Normal(_))) {
        return None;
    }
    let path = inside(data, &data.join(below))?;
    let is_drawn = below.parent().is_some_and(|folder| folder.ends_with(DRAWN));
    let is_small = fs::metadata(&path).is_ok_and(|file| file.len() <= blank::LARGEST);
    let is_blank = kind == Kind::Edit && is_small && fs::read(&path).is_ok_and(|file| blank::is_blank(&file));
    (!is_drawn && !is_blank).then(|| (Key::new(project, kind, &id), path))
}

fn classic(data: &Path) -> Result<Import, Error> {
    let path = data.join("projects/context.json");
    let context = json_file(data, &path)?;
    let projects = projects_of(data, &context, &path, |project, folder| {
        if let Some(edit) = optional(data, &folder.join("edit.json"))? {
            project.insert("edits".to_owned(), json!([with_id(edit, "edit")]));
        }
        Ok(())
    })?;
    Ok(Import { layout: Layout::Classic, context: Some(context), projects, media: Vec::new() })
}

fn v1(data: &Path) -> Result<Import, Error> {
    let path = data.join("projects-list/index.json");
    let index = json_file(data, &path)?;
    let projects = projects_of(data, &index, &path, |project, folder| {
        for list in ["edits", "task_counts"] {
            if let Some(value) = optional(data, &folder.join(format!("{list}.json")))? {
                project.insert(list.to_owned(), value);
            }
        }
        Ok(())
    })?;
    Ok(Import { layout: Layout::V1, context: None, projects, media: Vec::new() })
}

/// The projects that a list names, each with its files as the lists of a snapshot.
fn projects_of(
    data: &Path,
    list: &Value,
    path: &Path,
    add_edits: impl Fn(&mut Map<String, Value>, &Path) -> Result<(), Error>,
) -> Result<Vec<(Id, Value)>, Error> {
    let wrong = |reason: String| Error::Content { path: path.to_owned(), reason };
    let listed = list["projects"].as_array().ok_or_else(|| wrong("it has no list of projects".to_owned()))?;
    let mut projects = Vec::with_capacity(listed.len());
    for (index, entry) in listed.iter().enumerate() {
        let id = entry["id"].as_str().and_then(|id| Id::parse(id).ok());
        let id = id.ok_or_else(|| wrong(format!("/projects/{index}/id: {}", crate::model::id::InvalidId)))?;
        let folder = data.join("projects").join(id.as_str());
        let mut project = match optional(data, &folder.join("project.json"))? {
            Some(Value::Object(project)) => project,
            Some(_) => {
                return Err(Error::Content { path: folder.join("project.json"), reason: "it is no object".to_owned() });
            }
            None => entry.as_object().cloned().unwrap_or_default(),
        };
        for list in ["sequences", "shots", "assets", "casting"] {
            if let Some(value) = optional(data, &folder.join(format!("{list}.json")))? {
                project.insert(list.to_owned(), value);
            }
        }
        add_edits(&mut project, &folder)?;
        projects.push((id, Value::Object(project)));
    }
    Ok(projects)
}

fn with_id(mut value: Value, id: &str) -> Value {
    if let Value::Object(object) = &mut value {
        object.entry("id").or_insert_with(|| json!(id));
    }
    value
}

fn optional(data: &Path, path: &Path) -> Result<Option<Value>, Error> {
    if path.is_file() { json_file(data, path).map(Some) } else { Ok(None) }
}

/// Reads a file of the tree, which is in it and not larger than any is.
fn json_file(data: &Path, path: &Path) -> Result<Value, Error> {
    let wrong = |reason: String| Error::Content { path: path.to_owned(), reason };
    let found = inside(data, path).ok_or_else(|| wrong("it is a link that leads out of the tree".to_owned()))?;
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    fs::File::open(found).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(wrong(format!("it has more than {LARGEST} bytes")));
    }
    serde_json::from_slice(&bytes).map_err(|error| wrong(format!("not JSON: {error}")))
}
