//! What both layouts have in common: shots, assets, sequences and casting, and what is left out of a tree.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
};

use serde::Serialize;

use super::{Link, Linked, Look, TreeFile, media, pieces::Pieces, project_folder};
use crate::model::{
    Asset, Casting, Episode, Id, Kind, Project, Sequence, Shot, Task,
    burndown::TaskCounts,
    color::{Color, NEUTRAL},
    field::Data,
    number::{self, Fps},
    represent::{Range, etag_of},
    scope::{Key, Scope},
    shown::{Drawn, Shown},
};

/// The colours (red, green, blue) that both pages draw sequences in, by the place of the sequence; read off the screen.
const SEQUENCES: [[u8; 3]; 21] = [
    [209, 181, 140],
    [165, 145, 209],
    [130, 192, 131],
    [211, 150, 167],
    [134, 168, 194],
    [188, 196, 141],
    [188, 140, 196],
    [143, 194, 172],
    [204, 163, 148],
    [154, 155, 206],
    [152, 192, 133],
    [207, 141, 181],
    [151, 197, 202],
    [195, 183, 135],
    [172, 146, 197],
    [140, 200, 153],
    [191, 138, 141],
    [140, 161, 198],
    [182, 204, 142],
    [154, 138, 196],
    [142, 142, 142],
];

/// The colour of a drawn picture of a shot without a sequence.
const UNASSIGNED: [u8; 3] = [96, 96, 96];

/// What has tasks, and the file of a project that lists it.
pub(super) const OWNERS: [(Kind, &str); 2] = [(Kind::Shot, "shots.json"), (Kind::Asset, "assets.json")];

/// A task as the page reads it.
#[derive(Serialize)]
pub struct WireTask<'a> {
    task_status_id: &'a Id,
    task_type_id: &'a Id,
    assignees: &'a [Id],
    id: &'a Id,
}

#[derive(Serialize)]
struct WireShot<'a> {
    name: &'a str,
    sequence_id: Option<&'a Id>,
    data: &'a Data,
    tasks: Vec<WireTask<'a>>,
    #[serde(rename = "startFrame", serialize_with = "number::serialize")]
    start_frame: f64,
    #[serde(rename = "durationSeconds")]
    duration_seconds: f64,
    id: &'a Id,
    #[serde(rename = "thumbnailUrl")]
    thumbnail_url: Option<Cow<'a, str>>,
    fps: Fps,
}

#[derive(Serialize)]
struct WireAsset<'a> {
    name: &'a str,
    asset_type_id: Option<&'a Id>,
    tasks: Vec<WireTask<'a>>,
    id: &'a Id,
    #[serde(rename = "thumbnailUrl")]
    thumbnail_url: Option<Cow<'a, str>>,
}

/// An id with the name that goes with it.
#[derive(Serialize)]
pub struct Named<'a> {
    name: &'a str,
    id: &'a Id,
}

impl<'a> Named<'a> {
    pub(super) fn new(id: &'a Id, name: &'a str) -> Self {
        Self { name: called(id, name), id }
    }
}

/// The name that the page shows: the id stands in for one that has not come yet. Nothing is nameless.
pub(super) fn called<'a>(id: &'a Id, name: &'a str) -> &'a str {
    if name.is_empty() { id.as_str() } else { name }
}

#[derive(Serialize)]
struct WireCasting<'a> {
    shot_id: &'a Id,
    asset_ids: Vec<&'a Id>,
}

/// The contents of a project as far as they can be shown.
pub struct Content<'a> {
    pub(super) id: &'a Id,
    pub(super) project: &'a Project,
    pub(super) scope: &'a Scope,
    pub(super) look: &'a Look,
    sequences: Vec<(&'a Id, &'a Sequence)>,
    pub(super) shots: Vec<Drawn<'a>>,
    assets: Vec<(&'a Id, &'a Asset)>,
}

impl<'a> Content<'a> {
    /// Leaves out what is canceled, what belongs to a canceled sequence, and shots without a range.
    pub fn new(id: &'a Id, project: &'a Project, scope: &'a Scope, look: &'a Look) -> Self {
        let shown = Shown::of(scope);
        let (sequences, shots) = (shown.sequences().collect(), shown.shots().collect());
        let assets = scope.assets().filter(|(_, asset)| !asset.canceled).collect();
        Self { id, project, scope, look, sequences, shots, assets }
    }

    /// The same without shots and assets, which take the longest to find: for single ones.
    pub fn without_lists(id: &'a Id, project: &'a Project, scope: &'a Scope, look: &'a Look) -> Self {
        let sequences = Shown::of(scope).sequences().collect();
        Self { id, project, scope, look, sequences, shots: Vec::new(), assets: Vec::new() }
    }

    /// The files that are the same in both layouts; of those with shots and with assets, where each of them is.
    pub(super) fn files(&self) -> serde_json::Result<(Vec<TreeFile>, [Pieces; 2])> {
        let (shots, shots_body) = Pieces::list(self.shots.iter().map(|shot| (shot.0, self.shot(*shot))))?;
        let (assets, assets_body) = Pieces::list(self.assets.iter().map(|asset| (asset.0, self.asset(*asset))))?;
        let sequences: Vec<_> = self.sequences.iter().map(|(id, sequence)| Named::new(id, &sequence.name)).collect();
        let files = vec![
            TreeFile { path: self.path(OWNERS[0].1), body: shots_body },
            TreeFile { path: self.path(OWNERS[1].1), body: assets_body },
            TreeFile::json(self.path("sequences.json"), &sequences)?,
            TreeFile::json(self.path("casting.json"), &self.casting())?,
        ];
        Ok((files, [shots, assets]))
    }

    /// A file of the project.
    pub fn path(&self, name: &str) -> String {
        format!("{}/{name}", project_folder(self.id))
    }

    /// The shots, or the assets, to which these tasks belong, as they are in their list, and at which place; in ascending order.
    pub(super) fn altered(
        &self,
        kind: Kind,
        tasks: &[Id],
        pieces: &Pieces,
    ) -> serde_json::Result<Vec<(usize, Vec<u8>)>> {
        let owners = tasks.iter().filter_map(|task| self.scope.list(Kind::Task).get(task)?.owner());
        let owners = owners.filter(|(of, _)| *of == kind);
        let placed: BTreeMap<usize, Id> = owners.filter_map(|(_, id)| Some((pieces.place(&id)?, id))).collect();
        let encoded = placed.iter().filter_map(|(place, id)| {
            let entity = &self.scope.list(kind).get(id)?.entity;
            let piece = match Shot::of(entity) {
                Some(shot) => serde_json::to_vec(&self.shot((id, shot, shot.range()?))),
                None => serde_json::to_vec(&self.asset((id, Asset::of(entity)?))),
            };
            Some(piece.map(|piece| (*place, piece)))
        });
        encoded.collect()
    }

    pub(super) fn key(&self, kind: Kind, id: &Id) -> Key {
        Key::new(Some(self.id), kind, id)
    }

    fn shot_picture(&self, id: &Id, shot: &'a Shot) -> Option<Cow<'a, str>> {
        let key = self.key(Kind::Shot, id);
        let own = media::thumbnail(&key, &shot.thumbnail, shot.thumbnail_url.as_deref(), self.look);
        own.or_else(|| self.drawn(id, shot).map(|link| link.path.into()))
    }

    /// The drawn picture of a shot without one, if such are wanted: its name on the colour of its sequence.
    fn drawn(&self, id: &Id, shot: &Shot) -> Option<Link> {
        if !self.look.placeholders {
            return None;
        }
        let sequence = shot.sequence_id.as_ref();
        let index = sequence.and_then(|id| self.sequences.iter().position(|(known, _)| *known == id));
        let color = index.map_or(UNASSIGNED, |index| SEQUENCES[index % SEQUENCES.len()]);
        let name = called(id, &shot.name);
        let hash = etag_of(format!("{name}\n{color:?}").as_bytes());
        let path = format!("{}/{}/shot-{}.png", project_folder(self.id), media::DRAWN, &hash[1..17]);
        Some(Link { path, of: Linked::Drawn(name.to_owned(), color) })
    }

    /// The pictures of the project, its shots and its assets, as far as they are shown.
    pub fn links(&self) -> Vec<Link> {
        let project = Key::new(None, Kind::Project, self.id);
        let own = media::link(&project, &self.project.thumbnail);
        let shots = self.shots.iter().filter_map(|(id, shot, _)| {
            let key = self.key(Kind::Shot, id);
            let has_other =
                || media::thumbnail(&key, &shot.thumbnail, shot.thumbnail_url.as_deref(), self.look).is_some();
            media::link(&key, &shot.thumbnail).or_else(|| if has_other() { None } else { self.drawn(id, shot) })
        });
        let assets =
            self.assets.iter().filter_map(|(id, asset)| media::link(&self.key(Kind::Asset, id), &asset.thumbnail));
        own.into_iter().chain(shots).chain(assets).collect()
    }

    fn shot(&self, (id, shot, range): (&'a Id, &'a Shot, Range)) -> WireShot<'a> {
        let fps = shot.fps.unwrap_or(self.project.fps);
        WireShot {
            name: called(id, &shot.name),
            sequence_id: shot.sequence_id.as_ref(),
            data: &shot.data,
            tasks: self.tasks(Kind::Shot, id),
            start_frame: range.start,
            duration_seconds: range.seconds(fps),
            id,
            thumbnail_url: self.shot_picture(id, shot),
            fps,
        }
    }

    fn asset(&self, (id, asset): (&'a Id, &'a Asset)) -> WireAsset<'a> {
        WireAsset {
            name: called(id, &asset.name),
            asset_type_id: asset.asset_type_id.as_ref(),
            tasks: self.tasks(Kind::Asset, id),
            id,
            thumbnail_url: media::thumbnail(
                &self.key(Kind::Asset, id),
                &asset.thumbnail,
                asset.thumbnail_url.as_deref(),
                self.look,
            ),
        }
    }

    /// The tasks of a shot or asset that have a type and a status; the page can draw no others.
    fn tasks(&self, owner: Kind, id: &'a Id) -> Vec<WireTask<'a>> {
        let tasks = self.scope.tasks(owner, id);
        let drawn = tasks.filter_map(|(id, task): (&Id, &Task)| {
            let (task_status_id, task_type_id) = (task.task_status_id.as_ref()?, task.task_type_id.as_ref()?);
            Some(WireTask { task_status_id, task_type_id, assignees: &task.assignees, id })
        });
        drawn.collect()
    }

    /// The casting of shots that are shown, with the assets that are shown.
    fn casting(&self) -> Vec<WireCasting<'a>> {
        let shots: HashSet<&Id> = self.shots.iter().map(|(id, ..)| *id).collect();
        let assets: HashSet<&Id> = self.assets.iter().map(|(id, _)| *id).collect();
        let castings = self.scope.entities(Kind::Casting, Casting::of).filter(|(shot, _)| shots.contains(shot));
        let shown = castings.map(|(shot_id, casting)| {
            let asset_ids = casting.asset_ids.iter().filter(|asset| assets.contains(asset)).collect();
            WireCasting { shot_id, asset_ids }
        });
        shown.collect()
    }

    /// The episodes, in order.
    pub fn episodes(&self) -> impl Iterator<Item = (&'a Id, &'a Episode)> {
        self.scope.entities(Kind::Episode, Episode::of)
    }

    /// The sequences of an episode that are shown, in the order that the episode has them.
    pub fn sequences_of(&self, episode: &Id) -> Vec<Named<'a>> {
        let shown: HashMap<&Id, &Sequence> = self.sequences.iter().copied().collect();
        let members = self.scope.episodes_of_sequences().filter(|(_, of)| *of == episode);
        members.filter_map(|(id, _)| Some(Named::new(id, &shown.get(id)?.name))).collect()
    }

    /// Counts as far as the page can draw them: of task types and statuses that the project lists and that exist.
    pub fn drawn_counts(&self, context: &Scope, mut counts: TaskCounts) -> Option<TaskCounts> {
        let is_known = |kind, ids: &[Id], id: &Id| ids.contains(id) && context.list(kind).get(id).is_some();
        counts.statuses.retain(|(status, _)| is_known(Kind::TaskStatus, &self.project.task_statuses, status));
        let drawn =
            is_known(Kind::TaskType, &self.project.task_types, &counts.task_type) && !counts.statuses.is_empty();
        drawn.then_some(counts)
    }
}

/// The colour, or the neutral one that stands in for none.
pub fn color(color: Option<&Color>) -> String {
    color.map_or_else(|| NEUTRAL.to_owned(), Color::to_string)
}
