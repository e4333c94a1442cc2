//! What both layouts have in common: shots, assets, sequences and casting, and what is left out of a tree.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
    sync::LazyLock,
};

use bytes::Bytes;
use serde::Serialize;

use super::{
    Link, Linked, Look, TreeFile,
    media::{self, below_the_page, movie_path, proxy_path},
    pieces::Pieces,
    project_folder,
};
use crate::{
    media::blank::blank_movie,
    model::{
        Asset, Casting, Edit, Episode, Id, Kind, Project, Sequence, Shot, Task,
        burndown::TaskCounts,
        color::{Color, NEUTRAL},
        field::Data,
        media::{INTO_THE_FRAME, Medium, Mode, Movie, is_remote},
        number::{self, Fps},
        represent::{Range, etag_of},
        scope::{Key, Scope},
        shown::{Drawn, Shown},
    },
};

/// What stands in for an edit that was never sent.
static NO_EDIT: LazyLock<Edit> = LazyLock::new(Edit::default);

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
    shots: Vec<Drawn<'a>>,
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

    fn key(&self, kind: Kind, id: &Id) -> Key {
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
        let total_frames = match self.shown_movie(edit) {
            _ if edit.total_frames > 0 => edit.total_frames,
            // All of the movie, from where it begins, and shots behind its end as well.
            Some(movie) => {
                let end = movie.frames_at(self.project.fps.get()).saturating_add(edit.frame_offset.max(0));
                end.max(self.last_frame(episode))
            }
            None => self.last_frame(episode),
        };
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

    /// The movie of an edit, as the page finds it. `conventional` is the place that the layout has for it.
    pub fn movie(&self, cut: &CutEdit<'a>, conventional: String) -> Played {
        let edit = cut.edit;
        let key = self.key(Kind::Edit, cut.id.unwrap_or(self.id));
        if let Some(movie) = self.shown_movie(edit) {
            let of = Linked::Media(movie.shown);
            let own = Link { path: movie_path(&key, movie), of: of.clone() };
            let name = own.path.clone();
            let other = (movie.extension() == "mp4").then_some(Link { path: conventional, of });
            let links = [Some(own), other].into_iter().flatten().collect();
            return Played { name, media_type: movie.r#type.clone(), links, blank: None };
        }
        let media_type = edit.source_type.clone().unwrap_or_else(|| "video/mp4".to_owned());
        let sent = edit.source_name.as_deref().map(below_the_page);
        let name = match sent {
            Some(url) if is_remote(&url) => match (self.look.mode)(&url) {
                Mode::Copy => None,
                Mode::Proxy => Some(proxy_path(&key, &url)),
                Mode::Keep => Some(url.into_owned()),
            },
            Some(name) if !self.is_place_of_movies(&name) => Some(name.into_owned()),
            _ => None,
        };
        match name {
            Some(name) => Played { name, media_type, links: Vec::new(), blank: None },
            None => Played {
                blank: Some(TreeFile { path: conventional.clone(), body: self.blank(cut.total_frames) }),
                name: conventional,
                // The blank movie is what it is, whatever was sent of the one that is not here.
                media_type: "video/mp4".to_owned(),
                links: Vec::new(),
            },
        }
    }

    fn shown_movie(&self, edit: &'a Edit) -> Option<&'a Movie> {
        edit.movie.get().filter(|movie| media::is_shown(movie.source(), edit.source_name.as_deref(), self.look))
    }

    /// Whether a path is one that this program, or the reference, gives to movies.
    fn is_place_of_movies(&self, name: &str) -> bool {
        let Some(name) = name.strip_prefix(&(project_folder(self.id) + "/")) else { return false };
        let is_conventional = |rest: &str| rest.is_empty() || rest.starts_with('-');
        let edit = name.strip_prefix("edit").and_then(|rest| rest.strip_suffix(".mp4"));
        edit.is_some_and(is_conventional) || name.starts_with("movies/")
    }

    /// A blank movie for this many frames; one more, because the page jumps to the end when it reaches the last frame.
    fn blank(&self, frames: i64) -> Bytes {
        blank_movie(frames.max(0).unsigned_abs().saturating_add(1), self.project.fps.get())
    }
}

/// The movie of an edit, as the page finds it.
pub struct Played {
    /// Its path, below the root of the site.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Where the tree has it.
    pub links: Vec<Link>,
    /// The blank movie that stands in, if there is no other: the page has no "no video" state.
    pub blank: Option<TreeFile>,
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

impl CutEdit<'_> {
    /// The frame of the timeline at which the movie begins, such that the page finds the frames of one that is here.
    pub fn frame_offset(&self) -> f64 {
        let frame = number::float(self.edit.frame_offset);
        if self.edit.movie.get().is_some() { frame - INTO_THE_FRAME } else { frame }
    }
}

/// The colour, or the neutral one that stands in for none.
pub fn color(color: Option<&Color>) -> String {
    color.map_or_else(|| NEUTRAL.to_owned(), Color::to_string)
}
