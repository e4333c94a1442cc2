//! What both layouts have in common: shots, assets, sequences and casting, and what is left out of a tree.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use serde::Serialize;

use super::{TreeFile, project_folder};
use crate::model::{
    Asset, Casting, Edit, Episode, Id, Kind, Project, Sequence, Shot, Task,
    burndown::TaskCounts,
    color::{Color, NEUTRAL},
    field::Data,
    number::{self, Fps},
    represent::Range,
    scope::Scope,
};

/// What stands in for an edit that was never sent.
static NO_EDIT: LazyLock<Edit> = LazyLock::new(Edit::default);

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
    pub(super) name: &'a str,
    pub(super) id: &'a Id,
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
    sequences: Vec<(&'a Id, &'a Sequence)>,
    shots: Vec<(&'a Id, &'a Shot, Range)>,
    assets: Vec<(&'a Id, &'a Asset)>,
}

impl<'a> Content<'a> {
    /// Leaves out what is canceled, what belongs to a canceled sequence, and shots without a range.
    pub fn new(id: &'a Id, project: &'a Project, scope: &'a Scope) -> Self {
        let sequences = scope.entities(Kind::Sequence, Sequence::of);
        let (canceled, sequences): (Vec<_>, Vec<_>) = sequences.partition(|(_, sequence)| sequence.canceled);
        let canceled: HashSet<&Id> = canceled.into_iter().map(|(id, _)| id).collect();
        let is_shown = |shot: &Shot| {
            !shot.canceled && !shot.sequence_id.as_ref().is_some_and(|sequence| canceled.contains(sequence))
        };
        let shots = scope.shots().filter(|(_, shot)| is_shown(shot));
        let shots = shots.filter_map(|(id, shot)| Some((id, shot, shot.range()?))).collect();
        let assets = scope.assets().filter(|(_, asset)| !asset.canceled).collect();
        Self { id, project, scope, sequences, shots, assets }
    }

    /// The files that are the same in both layouts.
    pub fn files(&self) -> serde_json::Result<Vec<TreeFile>> {
        let folder = project_folder(self.id);
        let shots: Vec<_> = self.shots.iter().map(|shot| self.shot(*shot)).collect();
        let assets: Vec<_> = self.assets.iter().map(|asset| self.asset(*asset)).collect();
        let sequences: Vec<_> =
            self.sequences.iter().map(|(id, sequence)| Named { name: &sequence.name, id }).collect();
        Ok(vec![
            TreeFile::json(format!("{folder}/shots.json"), &shots)?,
            TreeFile::json(format!("{folder}/assets.json"), &assets)?,
            TreeFile::json(format!("{folder}/sequences.json"), &sequences)?,
            TreeFile::json(format!("{folder}/casting.json"), &self.casting())?,
        ])
    }

    fn shot(&self, (id, shot, range): (&'a Id, &'a Shot, Range)) -> WireShot<'a> {
        let fps = shot.fps.unwrap_or(self.project.fps);
        WireShot {
            name: &shot.name,
            sequence_id: shot.sequence_id.as_ref(),
            data: &shot.data,
            tasks: self.tasks(Kind::Shot, id),
            start_frame: range.start,
            duration_seconds: range.seconds(fps),
            id,
            thumbnail_url: shot.thumbnail_url.as_deref().map(below_the_page),
            fps,
        }
    }

    fn asset(&self, (id, asset): (&'a Id, &'a Asset)) -> WireAsset<'a> {
        WireAsset {
            name: &asset.name,
            asset_type_id: asset.asset_type_id.as_ref(),
            tasks: self.tasks(Kind::Asset, id),
            id,
            thumbnail_url: asset.thumbnail_url.as_deref().map(below_the_page),
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

    /// The edits that are not canceled, in their order.
    fn given_edits(&self) -> Vec<CutEdit<'a>> {
        let edits = self.scope.entities(Kind::Edit, Edit::of).filter(|(_, edit)| !edit.canceled);
        edits.map(|(id, edit)| self.cut(Some(id), edit, edit.episode_id.as_ref())).collect()
    }

    /// The one edit of a project that has room for one: the first; one that stands in where there is none.
    pub fn edit(&self) -> CutEdit<'a> {
        self.given_edits().into_iter().next().unwrap_or_else(|| self.cut(None, &NO_EDIT, None))
    }

    /// The edits, and one that stands in for every episode that has none; without episodes, for a project without any.
    pub fn edits_by_episode(&self) -> Vec<CutEdit<'a>> {
        let mut cuts = self.given_edits();
        for (id, _) in self.episodes() {
            if !cuts.iter().any(|cut| cut.episode == Some(id)) {
                cuts.push(self.cut(None, &NO_EDIT, Some(id)));
            }
        }
        if cuts.is_empty() {
            cuts.push(self.cut(None, &NO_EDIT, None));
        }
        cuts
    }

    fn cut(&self, id: Option<&'a Id>, edit: &'a Edit, episode: Option<&'a Id>) -> CutEdit<'a> {
        let given = edit.total_frames;
        let total_frames = if given > 0 { given } else { self.last_frame(episode) };
        CutEdit { id, edit, episode, total_frames }
    }

    /// The episodes, in order.
    pub fn episodes(&self) -> impl Iterator<Item = (&'a Id, &'a Episode)> {
        self.scope.entities(Kind::Episode, Episode::of)
    }

    /// The sequences of an episode that are shown, in the order that the episode has them.
    pub fn sequences_of(&self, episode: &Id) -> Vec<Named<'a>> {
        let shown: HashMap<&Id, &Sequence> = self.sequences.iter().copied().collect();
        let members = self.scope.episodes_of_sequences().filter(|(_, of)| *of == episode);
        members.filter_map(|(id, _)| Some(Named { name: &shown.get(id)?.name, id })).collect()
    }

    /// Counts as far as the page can draw them: of task types and statuses that the project lists and that exist.
    pub fn drawn_counts(&self, context: &Scope, mut counts: TaskCounts) -> Option<TaskCounts> {
        let is_known = |kind, ids: &[Id], id: &Id| ids.contains(id) && context.list(kind).get(id).is_some();
        counts.statuses.retain(|(status, _)| is_known(Kind::TaskStatus, &self.project.task_statuses, status));
        let drawn =
            is_known(Kind::TaskType, &self.project.task_types, &counts.task_type) && !counts.statuses.is_empty();
        drawn.then_some(counts)
    }

    /// The frame behind the last shot, of an episode or of all; at least 1 where there are shots, 0 where there are none.
    fn last_frame(&self, episode: Option<&Id>) -> i64 {
        let episodes: HashMap<&Id, &Id> = self.scope.episodes_of_sequences().collect();
        let of_episode = self.shots.iter().filter(|(_, shot, _)| {
            let own = shot.sequence_id.as_ref().and_then(|sequence| episodes.get(sequence)).copied();
            episode.is_none() || own == episode
        });
        let last = of_episode.map(|(_, _, range)| range.end).max_by(f64::total_cmp);
        last.and_then(|last| number::whole(last.ceil())).map_or(0, |last| last.max(1))
    }

    /// The path of the movie of an edit, below the root of the site: as it was given, or in the place that the layout has for it.
    pub fn movie<'e>(&self, edit: &'e Edit, conventional: &str) -> Cow<'e, str> {
        let folder = project_folder(self.id) + "/edit";
        let in_a_conventional_place = |name: &str| {
            let rest = name.strip_prefix(&folder).and_then(|rest| rest.strip_suffix(".mp4"));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        match edit.source_name.as_deref().map(below_the_page) {
            Some(name) if !in_a_conventional_place(&name) => name,
            _ => Cow::Owned(conventional.to_owned()),
        }
    }
}

/// An edit with the length that it is shown with.
pub struct CutEdit<'a> {
    /// Its id; none for the one that stands in where there is none.
    pub id: Option<&'a Id>,
    /// What was sent of it.
    pub edit: &'a Edit,
    /// Its episode.
    pub episode: Option<&'a Id>,
    /// Its length in frames.
    pub total_frames: i64,
}

/// A path as the page takes it: without a leading slash, since the page puts one before it. A URL stays as it is.
pub fn below_the_page(path: &str) -> Cow<'_, str> {
    Cow::Borrowed(path.trim_start_matches('/'))
}

/// The colour, or the neutral one that stands in for none.
pub fn color(color: Option<&Color>) -> String {
    color.map_or_else(|| NEUTRAL.to_owned(), Color::to_string)
}
