//! Reading an existing tree, of either layout, into the bodies that the API takes.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};

use crate::{layout::Layout, model::Id};

/// What a tree holds, in the form of the API.
#[derive(Debug)]
pub struct Import {
    /// The layout of the tree.
    pub layout: Layout,
    /// The body for the context; none in the 1.0 layout, whose projects carry it along.
    pub context: Option<Value>,
    /// The projects in their order, each with the body of its snapshot.
    pub projects: Vec<(Id, Value)>,
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
        if data.join("projects/context.json").is_file() {
            return classic(&data);
        }
        if data.join("projects-list/index.json").is_file() {
            return v1(&data);
        }
    }
    Err(Error::NoTree { path: folder.to_owned() })
}

fn classic(data: &Path) -> Result<Import, Error> {
    let path = data.join("projects/context.json");
    let context = json_file(&path)?;
    let projects = projects_of(data, &context, &path, |project, folder| {
        if let Some(edit) = optional(&folder.join("edit.json"))? {
            project.insert("edits".to_owned(), json!([with_id(edit, "edit")]));
        }
        Ok(())
    })?;
    Ok(Import { layout: Layout::Classic, context: Some(context), projects })
}

fn v1(data: &Path) -> Result<Import, Error> {
    let path = data.join("projects-list/index.json");
    let index = json_file(&path)?;
    let projects = projects_of(data, &index, &path, |project, folder| {
        for list in ["edits", "task_counts"] {
            if let Some(value) = optional(&folder.join(format!("{list}.json")))? {
                project.insert(list.to_owned(), value);
            }
        }
        Ok(())
    })?;
    Ok(Import { layout: Layout::V1, context: None, projects })
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
        let mut project = match optional(&folder.join("project.json"))? {
            Some(Value::Object(project)) => project,
            Some(_) => {
                return Err(Error::Content { path: folder.join("project.json"), reason: "it is no object".to_owned() });
            }
            None => entry.as_object().cloned().unwrap_or_default(),
        };
        for list in ["sequences", "shots", "assets", "casting"] {
            if let Some(value) = optional(&folder.join(format!("{list}.json")))? {
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

fn optional(path: &Path) -> Result<Option<Value>, Error> {
    if path.is_file() { json_file(path).map(Some) } else { Ok(None) }
}

fn json_file(path: &Path) -> Result<Value, Error> {
    let bytes = fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::Content { path: path.to_owned(), reason: format!("not JSON: {error}") })
}
