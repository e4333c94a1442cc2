//! The tree of Watchtower 0.1.x.

use std::borrow::Cow;

use serde::Serialize;

use super::{
    Layout, Look, Rendered, TreeFile, media, project_folder,
    shared::{Content, Named, called, color},
};
use crate::model::{
    AssetType, Id, Kind, Project, TaskStatus, TaskType, User,
    number::{self, Fps},
    scope::{Key, Scope},
};

/// The picture of a person of whom it is only known that there is one.
const PLACEHOLDER: &str = "static/img/placeholder-user.png";

#[derive(Serialize)]
struct WireContext<'a> {
    asset_types: Vec<Named<'a>>,
    users: Vec<WireUser<'a>>,
    projects: Vec<WireProject<'a>>,
    task_status: Vec<WireStatus<'a>>,
    task_types: Vec<WireType<'a>>,
}

/// A person: `full_name` is what the page reads, `thumbnailUrl` what it needs beside `has_avatar`; the reference
/// leaves the latter out, and the page then asks for `/undefined`.
#[derive(Serialize)]
pub struct WireUser<'a> {
    id: &'a Id,
    full_name: &'a str,
    name: &'a str,
    has_avatar: bool,
    #[serde(rename = "thumbnailUrl")]
    thumbnail_url: Option<Cow<'a, str>>,
}

impl<'a> WireUser<'a> {
    /// The person as both layouts show them.
    #[must_use]
    pub fn new(id: &'a Id, user: &'a User, look: &Look) -> Self {
        let key = Key::new(None, Kind::User, id);
        let picture = media::thumbnail(&key, &user.thumbnail, user.thumbnail_url.as_deref(), look);
        let has_avatar = user.has_avatar || user.thumbnail.get().is_some();
        // A picture that nobody told us the place of, as in the reference's own trees, or that has not come yet, is shown
        // as the placeholder.
        let thumbnail_url = picture.or_else(|| has_avatar.then_some(Cow::Borrowed(PLACEHOLDER)));
        let name = &user.name;
        Self { id, full_name: name, name, has_avatar, thumbnail_url }
    }
}

#[derive(Serialize)]
pub(super) struct WireStatus<'a> {
    name: &'a str,
    color: String,
    id: &'a Id,
}

impl<'a> WireStatus<'a> {
    pub(super) fn new(id: &'a Id, status: &'a TaskStatus) -> Self {
        Self { name: called(id, &status.name), color: color(status.color.as_ref()), id }
    }
}

#[derive(Serialize)]
pub(super) struct WireType<'a> {
    name: &'a str,
    color: String,
    for_shots: bool,
    id: &'a Id,
}

impl<'a> WireType<'a> {
    pub(super) fn new(id: &'a Id, task_type: &'a TaskType) -> Self {
        Self {
            name: called(id, &task_type.name),
            color: color(task_type.color.as_ref()),
            for_shots: task_type.for_shots,
            id,
        }
    }
}

#[derive(Serialize)]
struct WireProject<'a> {
    name: &'a str,
    ratio: &'a str,
    resolution: &'a str,
    asset_types: &'a [Id],
    task_types: &'a [Id],
    task_statuses: &'a [Id],
    team: &'a [Id],
    id: &'a Id,
    #[serde(rename = "thumbnailUrl")]
    thumbnail_url: Option<Cow<'a, str>>,
    fps: Fps,
}

impl<'a> WireProject<'a> {
    fn new(id: &'a Id, project: &'a Project, look: &Look) -> Self {
        let key = Key::new(None, Kind::Project, id);
        Self {
            name: called(id, &project.name),
            ratio: &project.ratio,
            resolution: &project.resolution,
            asset_types: &project.asset_types,
            task_types: &project.task_types,
            task_statuses: &project.task_statuses,
            team: &project.team,
            id,
            thumbnail_url: media::thumbnail(&key, &project.thumbnail, project.thumbnail_url.as_deref(), look),
            fps: project.fps,
        }
    }
}

#[derive(Serialize)]
struct WireEdit<'a> {
    #[serde(rename = "totalFrames")]
    total_frames: i64,
    #[serde(rename = "frameOffset", serialize_with = "number::serialize")]
    frame_offset: f64,
    #[serde(rename = "sourceName")]
    source_name: &'a str,
    #[serde(rename = "sourceType")]
    source_type: &'a str,
}

/// `project.json`, `edit.json`, and its movie.
pub fn project_files(content: &Content<'_>) -> serde_json::Result<Rendered> {
    let folder = project_folder(content.id);
    let cut = content.edit();
    let movie = content.movie(&cut, format!("{folder}/edit.mp4"));
    let edit = WireEdit {
        total_frames: cut.total_frames,
        frame_offset: cut.frame_offset(),
        source_name: &movie.name,
        source_type: &movie.media_type,
    };
    let edit = TreeFile::json(format!("{folder}/edit.json"), &edit)?;
    let project = WireProject::new(content.id, content.project, content.look);
    let project = TreeFile::json(format!("{folder}/project.json"), &project)?;
    Ok(Rendered { files: movie.blank.into_iter().chain([edit, project]).collect(), links: movie.links })
}

/// `context.json`.
pub fn list_files(
    context: &Scope,
    contents: &[(Id, std::sync::Arc<Scope>)],
    look: &Look,
) -> serde_json::Result<Vec<TreeFile>> {
    let asset_types = context.entities(Kind::AssetType, AssetType::of);
    let users = context.entities(Kind::User, User::of);
    let statuses = context.entities(Kind::TaskStatus, TaskStatus::of);
    let task_types = context.entities(Kind::TaskType, TaskType::of);
    let listed = contents.iter().filter_map(|(id, _)| Some(WireProject::new(id, context.project(id)?, look)));
    let wire = WireContext {
        asset_types: asset_types.map(|(id, asset_type)| Named::new(id, &asset_type.name)).collect(),
        users: users.map(|(id, user)| WireUser::new(id, user, look)).collect(),
        projects: listed.collect(),
        task_status: statuses.map(|(id, status)| WireStatus::new(id, status)).collect(),
        task_types: task_types.map(|(id, task_type)| WireType::new(id, task_type)).collect(),
    };
    Ok(vec![TreeFile::json(Layout::Classic.list_path().to_owned(), &wire)?])
}
