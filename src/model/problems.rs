//! What keeps a thing from the page, or is probably wrong: shown, not hidden.

use std::collections::HashSet;

use serde::Serialize;

use super::{Casting, Edit, Id, Kind, Project, Sequence, Shot, Task, User, scope::Scope};

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
    pub mend: &'static str,
}

struct Finder<'a> {
    context: &'a Scope,
    contents: &'a Scope,
    found: Vec<Problem>,
}

/// The problems of a project, in the order of its lists.
#[must_use]
pub fn problems(context: &Scope, id: &Id, contents: &Scope) -> Vec<Problem> {
    let mut finder = Finder { context, contents, found: Vec::new() };
    if let Some(project) = context.project(id) {
        finder.project(id, project);
    }
    finder.shots();
    finder.assets();
    finder.tasks();
    finder.castings();
    finder.sequences();
    finder.edits();
    finder.found
}

impl Finder<'_> {
    fn add(&mut self, problem: &'static str, (kind, id, name): (Kind, &Id, &str), detail: String, mend: &'static str) {
        let (kind, id, name) = (kind.plural(), id.to_string(), name.to_owned());
        self.found.push(Problem { problem, kind, id, name, detail, mend });
    }

    fn dangling(&mut self, of: (Kind, &Id, &str), target: Kind, id: &Id) {
        let scope = if target.is_studio_wide() { self.context } else { self.contents };
        if scope.list(target).get(id).is_none() {
            let detail = format!("it refers to the {} {id}, which does not exist", target.singular());
            self.add("dangling-reference", of, detail, "send what is missing, or correct the reference");
        }
    }

    fn remote(&mut self, of: (Kind, &Id, &str), url: Option<&str>) {
        if url.is_some_and(|url| url.contains("://")) {
            let detail = format!("the page cannot show {} from another server", url.unwrap_or_default());
            self.add("remote-media", of, detail, "put the file where this server serves it, and send its path");
        }
    }

    fn project(&mut self, id: &Id, project: &Project) {
        let of = (Kind::Project, id, project.name.as_str());
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
        self.remote(of, project.thumbnail_url.as_deref());
        for id in &project.team {
            let user = self.context.list(Kind::User).get(id).and_then(|record| User::of(&record.entity));
            if let Some(user) = user {
                self.remote((Kind::User, id, &user.name), user.thumbnail_url.as_deref());
            }
        }
    }

    fn shots(&mut self) {
        for (id, shot) in self.contents.shots().filter(|(_, shot)| !shot.canceled) {
            let of = (Kind::Shot, id, shot.name.as_str());
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
            self.remote(of, shot.thumbnail_url.as_deref());
        }
    }

    fn assets(&mut self) {
        for (id, asset) in self.contents.assets().filter(|(_, asset)| !asset.canceled) {
            let of = (Kind::Asset, id, asset.name.as_str());
            if let Some(asset_type) = &asset.asset_type_id {
                self.dangling(of, Kind::AssetType, asset_type);
            }
            self.remote(of, asset.thumbnail_url.as_deref());
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

    fn edits(&mut self) {
        let last = self.contents.shots().filter(|(_, shot)| !shot.canceled).filter_map(|(_, shot)| shot.range());
        let last = last.map(|range| range.end).max_by(f64::total_cmp);
        for (id, edit) in self.contents.entities(Kind::Edit, Edit::of).filter(|(_, edit)| !edit.canceled) {
            let of = (Kind::Edit, id, edit.name.as_str());
            if let Some(episode) = &edit.episode_id {
                self.dangling(of, Kind::Episode, episode);
            }
            self.remote(of, edit.source_name.as_deref());
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
