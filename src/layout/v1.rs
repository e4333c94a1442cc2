//! The tree of Watchtower 1.0.

use std::borrow::Cow;

use serde::Serialize;

use super::{
    Layout, Look, Rendered, TreeFile,
    classic::{WireStatus, WireType, WireUser},
    edits::{CutEdit, Played},
    media, project_folder,
    shared::{Content, Named, called},
};
use crate::model::{
    AssetType, Entity, Episode, Id, Kind, Project, TaskStatus, TaskType, User,
    burndown::{Span, task_counts},
    number::{self, Fps},
    scope::{Key, Scope},
};

#[derive(Serialize)]
struct WireList<'a> {
    projects: Vec<WireListed<'a>>,
}

#[derive(Serialize)]
struct WireListed<'a> {
    name: &'a str,
    id: &'a Id,
    #[serde(rename = "thumbnailUrl")]
    thumbnail_url: Option<Cow<'a, str>>,
    episodes: Vec<Named<'a>>,
}

/// A project with everything that it refers to embedded; a reference to what does not exist is left out.
#[derive(Serialize)]
struct WireProject<'a> {
    name: &'a str,
    ratio: &'a str,
    resolution: &'a str,
    asset_types: Vec<Named<'a>>,
    task_types: Vec<WireType<'a>>,
    task_statuses: Vec<WireStatus<'a>>,
    team: Vec<WireUser<'a>>,
    id: &'a Id,
    #[serde(rename = "thumbnailUrl")]
    thumbnail_url: Option<Cow<'a, str>>,
    fps: Fps,
    episodes: Vec<WireEpisode<'a>>,
}

#[derive(Serialize)]
struct WireEpisode<'a> {
    name: &'a str,
    sequences: Vec<Named<'a>>,
    id: &'a Id,
}

#[derive(Serialize)]
struct WireEdit<'a> {
    #[serde(rename = "totalFrames")]
    total_frames: i64,
    #[serde(rename = "frameOffset", serialize_with = "number::serialize")]
    frame_offset: f64,
    #[serde(rename = "sourceName")]
    source_name: String,
    #[serde(rename = "sourceType")]
    source_type: String,
    #[serde(rename = "episodeId")]
    episode_id: Option<&'a Id>,
    id: &'a str,
}

/// `project.json`, `edits.json` with its movies, and `task_counts.json`.
pub fn project_files(content: &Content<'_>, context: &Scope) -> serde_json::Result<Rendered> {
    let folder = project_folder(content.id);
    let mut rendered = Rendered::default();
    let mut edits = Vec::new();
    for cut in content.edits_by_episode() {
        // One that stands in is called after its episode.
        let id = cut.id.or(cut.episode).map_or("edit", Id::as_str);
        let movie = content.movie(&cut, format!("{folder}/edit-{id}.mp4"));
        let Played { name, media_type, links, blank } = movie;
        rendered.files.extend(blank);
        rendered.links.extend(links);
        edits.push(wire_edit(&cut, id, name, media_type));
    }
    rendered.files.extend([
        TreeFile::json(content.path("edits.json"), &edits)?,
        TreeFile::json(content.path("project.json"), &wire_project(content, context))?,
        task_counts_file(content, context)?,
    ]);
    Ok(rendered)
}

/// `task_counts.json`.
pub fn task_counts_file(content: &Content<'_>, context: &Scope) -> serde_json::Result<TreeFile> {
    let counts = task_counts(content.scope, Kind::Shot, content.look.today, Span::ALL);
    let counts: Vec<_> = counts.into_iter().filter_map(|counts| content.drawn_counts(context, counts)).collect();
    TreeFile::json(content.path("task_counts.json"), &counts)
}

fn wire_edit<'a>(cut: &CutEdit<'a>, id: &'a str, source_name: String, source_type: String) -> WireEdit<'a> {
    let (total_frames, frame_offset, episode_id) = (cut.total_frames, cut.frame_offset(), cut.episode);
    WireEdit { total_frames, frame_offset, source_name, source_type, episode_id, id }
}

fn wire_project<'a>(content: &Content<'a>, context: &'a Scope) -> WireProject<'a> {
    let project = content.project;
    let asset_types = found(context, Kind::AssetType, &project.asset_types, AssetType::of);
    let task_types = found(context, Kind::TaskType, &project.task_types, TaskType::of);
    let statuses = found(context, Kind::TaskStatus, &project.task_statuses, TaskStatus::of);
    let team = found(context, Kind::User, &project.team, User::of);
    let episodes = content.episodes().map(|(id, episode)| WireEpisode {
        name: called(id, &episode.name),
        sequences: content.sequences_of(id),
        id,
    });
    WireProject {
        name: called(content.id, &project.name),
        ratio: &project.ratio,
        resolution: &project.resolution,
        asset_types: asset_types.map(|(id, asset_type)| Named::new(id, &asset_type.name)).collect(),
        task_types: task_types.map(|(id, task_type)| WireType::new(id, task_type)).collect(),
        task_statuses: statuses.map(|(id, status)| WireStatus::new(id, status)).collect(),
        team: team.map(|(id, user)| WireUser::new(id, user, content.look)).collect(),
        id: content.id,
        thumbnail_url: project_picture(content.id, project, content.look),
        fps: project.fps,
        episodes: episodes.collect(),
    }
}

fn project_picture<'a>(id: &Id, project: &'a Project, look: &Look) -> Option<Cow<'a, str>> {
    let key = Key::new(None, Kind::Project, id);
    media::thumbnail(&key, &project.thumbnail, project.thumbnail_url.as_deref(), look)
}

/// The entities of the context that are referred to and exist, in the order of the references.
fn found<'a, T: 'a>(
    context: &'a Scope,
    kind: Kind,
    ids: &'a [Id],
    of: fn(&'a Entity) -> Option<&'a T>,
) -> impl Iterator<Item = (&'a Id, &'a T)> {
    ids.iter().filter_map(move |id| Some((id, of(&context.list(kind).get(id)?.entity)?)))
}

/// `projects-list/index.json`.
pub fn list_files(
    context: &Scope,
    contents: &[(Id, std::sync::Arc<Scope>)],
    look: &Look,
) -> serde_json::Result<Vec<TreeFile>> {
    let listed = contents.iter().filter_map(|(id, contents)| {
        let project = context.project(id)?;
        let episodes = contents.entities(Kind::Episode, Episode::of);
        let episodes = episodes.map(|(id, episode)| Named::new(id, &episode.name));
        let thumbnail_url = project_picture(id, project, look);
        Some(WireListed { name: called(id, &project.name), id, thumbnail_url, episodes: episodes.collect() })
    });
    let list = WireList { projects: listed.collect() };
    Ok(vec![TreeFile::json(Layout::V1.list_path().to_owned(), &list)?])
}
