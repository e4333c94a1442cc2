//! What keeps a thing from the page, or is probably wrong: shown, not hidden.

use std::{borrow::Cow, collections::HashSet};

use serde::Serialize;

use super::{
    Casting, Edit, Entity, Episode, Id, Kind, Project, Sequence, Shot, Task, User,
    media::{Fetching, Movie, host_of, is_remote, lines_for},
    number::Fps,
    scope::Scope,
};

/// How many sequences the classic page has colours for; from the next one on its timeline breaks (tried in a browser).
const CLASSIC_COLORS: usize = 21;

/// One thing that is wrong with an entity, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = DataProblem)]
pub struct Problem {
    /// What kind of problem it is; stable.
    pub problem: &'static str,
    /// The kind of the entity, as in URLs.
    pub kind: &'static str,
    /// The id of the entity.
    pub id: String,
    /// The name of the entity, where it has one.
    pub name: String,
    /// What is wrong, in plain words.
    pub detail: String,
    /// How to mend it.
    #[schema(value_type = String)]
    pub mend: Cow<'static, str>,
}

struct Finder<'a> {
    context: &'a Scope,
    contents: &'a Scope,
    fetching: &'a dyn Fn(&str) -> Fetching,
    found: Vec<Problem>,
}

/// The problems of a project, in the order of its lists. `fetching` says how far a URL has come.
#[must_use]
pub fn problems(context: &Scope, id: &Id, contents: &Scope, fetching: &dyn Fn(&str) -> Fetching) -> Vec<Problem> {
    let mut finder = Finder { context, contents, fetching, found: Vec::new() };
    if let Some(project) = context.project(id) {
        finder.project(id, project);
    }
    finder.shots();
    finder.assets();
    finder.tasks();
    finder.castings();
    finder.sequences();
    finder.edits(context.project(id).map_or_else(Fps::default, |project| project.fps).get());
    finder.found
}

impl Finder<'_> {
    fn add(
        &mut self,
        problem: &'static str,
        (kind, id, name): (Kind, &Id, &str),
        detail: String,
        mend: impl Into<Cow<'static, str>>,
    ) {
        let mend = mend.into();
        let (kind, id, name) = (kind.plural(), id.to_string(), name.to_owned());
        self.found.push(Problem { problem, kind, id, name, detail, mend });
    }

    fn named(&mut self, of: (Kind, &Id, &str)) {
        if of.2.is_empty() {
            let detail = "it has no name yet: the page shows its id".to_owned();
            self.add("no-name", of, detail, "send its name");
        }
    }

    fn dangling(&mut self, of: (Kind, &Id, &str), target: Kind, id: &Id) {
        let scope = if target.is_studio_wide() { self.context } else { self.contents };
        if scope.list(target).get(id).is_none() {
            let detail = format!("it refers to the {} {id}, which does not exist", target.singular());
            self.add("dangling-reference", of, detail, "send what is missing, or correct the reference");
        }
    }

    fn media_of(&mut self, of: (Kind, &Id, &str)) {
        let contents = self.contents;
        if let Some(record) = contents.list(of.0).get(of.1) {
            self.media(of, &record.entity);
        }
    }

    /// What is wrong with the picture or movie of an entity.
    fn media(&mut self, of: (Kind, &Id, &str), entity: &Entity) {
        let Some(url) = entity.media_url() else { return };
        let medium = of.0.medium();
        if !is_remote(url) {
            // What is not below data/ belongs to the page.
            let is_missing = entity.media().is_none() && url.trim_start_matches('/').starts_with("data/");
            // A movie at its conventional place is blank until it is uploaded, and that is no fault.
            if is_missing && of.0 != Kind::Edit {
                let detail = format!("the tree has no {url}: the page shows nothing there");
                self.add(
                    "missing-media",
                    of,
                    detail,
                    format!("upload the file to the {medium} of the {}", of.0.singular()),
                );
            }
            return;
        }
        if entity.media().is_some_and(|files| files.source.is_none()) {
            // An upload goes before a URL.
            return;
        }
        let host = host_of(url);
        match (self.fetching)(url) {
            Fetching::Fine => {}
            Fetching::Unconfigured => {
                let detail = format!("the page cannot show {url}, and nothing is fetched from {host}");
                let mend = format!("upload the file, or add to the configuration:\n{}", lines_for(host));
                self.add("remote-media", of, detail, mend);
            }
            Fetching::Kept => {
                let detail = format!("the page cannot show {url}: the configuration leaves {host} alone");
                self.add("remote-media", of, detail, "set mode = \"copy\" for this host, or upload the file");
            }
            Fetching::Failed(reason) => {
                let detail = format!("its {medium} could not be fetched: {reason}");
                self.add("media-not-fetched", of, detail, "mend that; it is tried again by itself");
            }
        }
    }

    fn movie(&mut self, of: (Kind, &Id, &str), edit: &Edit, movie: &Movie, fps: f64, last: Option<f64>) {
        if !movie.runs_at(fps) {
            let rate = (movie.fps * 1000.0).round() / 1000.0;
            let detail = format!("the movie runs at {rate} frames per second, the project at {fps}");
            self.add("movie-rate", of, detail, "send the movie at the project's rate, or correct the project's fps");
        }
        let frames = movie.frames_at(fps);
        let end = frames.saturating_add(edit.frame_offset.max(0));
        if edit.total_frames > 0 && ![frames, end].contains(&edit.total_frames) {
            let detail = format!("totalFrames is {}, the movie has {frames} frames", edit.total_frames);
            self.add("movie-length", of, detail, "leave totalFrames out, and it is the movie's");
        }
        let last = last.and_then(|last| super::number::whole(last.ceil()));
        if let Some(last) = last.filter(|last| *last > end && edit.episode_id.is_none()) {
            let detail = format!("the last shot ends at frame {last}, the movie at {end}");
            self.add("shots-beyond-the-movie", of, detail, "upload the whole movie, or correct the shots' ranges");
        }
        if !movie.plays_everywhere {
            let detail = format!("the movie is {} in {}, which not every browser plays", movie.codec, movie.r#type);
            self.add("movie-codec", of, detail, "send it as H.264");
        }
    }

    fn project(&mut self, id: &Id, project: &Project) {
        let of = (Kind::Project, id, project.name.as_str());
        self.named(of);
        let lists = [
            (Kind::AssetType, &project.asset_types),
            (Kind::TaskType, &project.task_types),
            (Kind::TaskStatus, &project.task_statuses),
            (Kind::User, &project.team),
        ];
        for (kind, ids) in lists {
            for id in ids {
                self.dangling(of, kind, id);
            }
        }
        if let Some(record) = self.context.list(Kind::Project).get(id) {
            self.media(of, &record.entity);
        }
        for id in &project.team {
            let Some(record) = self.context.list(Kind::User).get(id) else { continue };
            let name = User::of(&record.entity).map_or("", |user| &user.name);
            self.media((Kind::User, id, name), &record.entity);
        }
    }

    fn shots(&mut self) {
        for (id, shot) in self.contents.shots().filter(|(_, shot)| !shot.canceled) {
            let of = (Kind::Shot, id, shot.name.as_str());
            self.named(of);
            if shot.range().is_none() {
                let frame = |key| shot.data.0.get(key).map_or_else(|| "nothing".to_owned(), super::field::named);
                let detail = format!(
                    "frame_in is {}, frame_out {}: it is not in the tree",
                    frame("frame_in"),
                    frame("frame_out")
                );
                let given = ["frame_in", "frame_out"]
                    .iter()
                    .all(|key| shot.data.0.get(*key).and_then(super::number::of).is_some());
                let problem = if given { "backwards-range" } else { "no-range" };
                self.add(problem, of, detail, "send data.frame_in and data.frame_out, the latter not smaller");
            }
            if let Some(sequence) = &shot.sequence_id {
                self.dangling(of, Kind::Sequence, sequence);
            }
            self.media_of(of);
        }
    }

    fn assets(&mut self) {
        for (id, asset) in self.contents.assets().filter(|(_, asset)| !asset.canceled) {
            let of = (Kind::Asset, id, asset.name.as_str());
            self.named(of);
            if let Some(asset_type) = &asset.asset_type_id {
                self.dangling(of, Kind::AssetType, asset_type);
            }
            self.media_of(of);
        }
    }

    fn tasks(&mut self) {
        for (id, task) in self.contents.entities(Kind::Task, Task::of) {
            let of = (Kind::Task, id, "");
            if task.task_type_id.is_none() || task.task_status_id.is_none() {
                let detail = "it has no task type, or no status: it is not in the tree".to_owned();
                self.add("incomplete-task", of, detail, "send task_type_id and task_status_id");
            }
            let references = [(Kind::TaskType, &task.task_type_id), (Kind::TaskStatus, &task.task_status_id)];
            for (kind, id) in references.into_iter().filter_map(|(kind, id)| Some((kind, id.as_ref()?))) {
                self.dangling(of, kind, id);
            }
            for user in &task.assignees {
                self.dangling(of, Kind::User, user);
            }
        }
    }

    fn castings(&mut self) {
        for (shot, casting) in self.contents.entities(Kind::Casting, Casting::of) {
            let name = self.contents.list(Kind::Shot).get(shot).and_then(|record| Shot::of(&record.entity));
            let of = (Kind::Casting, shot, name.map_or("", |shot| &shot.name));
            self.dangling(of, Kind::Shot, shot);
            for asset in &casting.asset_ids {
                self.dangling(of, Kind::Asset, asset);
            }
        }
    }

    fn sequences(&mut self) {
        let contents = self.contents;
        for (id, sequence) in contents.entities(Kind::Sequence, Sequence::of).filter(|(_, sequence)| !sequence.canceled)
        {
            self.named((Kind::Sequence, id, &sequence.name));
        }
        for (id, episode) in contents.entities(Kind::Episode, Episode::of) {
            self.named((Kind::Episode, id, &episode.name));
        }
        let mut shown = self.contents.entities(Kind::Sequence, Sequence::of).filter(|(_, sequence)| !sequence.canceled);
        if let Some((id, sequence)) = shown.nth(CLASSIC_COLORS) {
            let detail =
                "the classic page draws no more than 21 sequences: its timeline breaks from this one on".to_owned();
            self.add("too-many-sequences", (Kind::Sequence, id, &sequence.name), detail, "use the 1.0 page");
        }
        let names: HashSet<&Id> = self.contents.list(Kind::Sequence).iter().map(|(id, _)| id).collect();
        for (sequence, episode) in self.contents.episodes_of_sequences() {
            if names.contains(sequence) {
                self.dangling((Kind::Sequence, sequence, ""), Kind::Episode, episode);
            } else {
                self.dangling((Kind::Episode, episode, ""), Kind::Sequence, sequence);
            }
        }
    }

    fn edits(&mut self, fps: f64) {
        let last = self.contents.shots().filter(|(_, shot)| !shot.canceled).filter_map(|(_, shot)| shot.range());
        let last = last.map(|range| range.end).max_by(f64::total_cmp);
        for (id, edit) in self.contents.entities(Kind::Edit, Edit::of).filter(|(_, edit)| !edit.canceled) {
            let of = (Kind::Edit, id, edit.name.as_str());
            if let Some(episode) = &edit.episode_id {
                self.dangling(of, Kind::Episode, episode);
            }
            self.media_of(of);
            if let Some(movie) = edit.movie.get() {
                self.movie(of, edit, movie, fps, last);
            }
            let total = super::number::whole(last.unwrap_or_default().ceil());
            if edit.total_frames > 0 && edit.episode_id.is_none() && total.is_some_and(|last| last > edit.total_frames)
            {
                let detail = format!(
                    "the last shot ends at frame {}, the edit at {}",
                    last.unwrap_or_default(),
                    edit.total_frames
                );
                self.add(
                    "shots-beyond-the-edit",
                    of,
                    detail,
                    "send the edit's totalFrames, or the shots' ranges, anew",
                );
            }
        }
    }
}
