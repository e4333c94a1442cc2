//! References: to what must come still, or is gone.

use std::collections::HashSet;

use super::{Finder, ProblemKind, Subject};
use crate::model::{Casting, Id, Kind, Project, Shot, Task, User};

impl Finder<'_> {
    pub(super) fn dangling(&mut self, of: Subject<'_>, target: Kind, id: &Id) {
        let scope = if target.is_studio_wide() { self.context } else { self.contents };
        if scope.list(target).get(id).is_none() {
            let detail = format!("it refers to the {} {id}, which does not exist", target.singular());
            let mend = "send what is missing, or correct the reference";
            self.add_about(ProblemKind::DanglingReference, of, Some((target, id)), detail, mend);
        }
    }

    pub(super) fn project(&mut self, id: &Id, project: &Project) {
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
        let context = self.context;
        if let Some(record) = context.list(Kind::Project).get(id) {
            self.media(of, &record.entity);
        }
        for id in &project.team {
            let Some(record) = context.list(Kind::User).get(id) else { continue };
            let name = User::of(&record.entity).map_or("", |user| &user.name);
            self.media((Kind::User, id, name), &record.entity);
        }
    }

    /// Tasks of what is not canceled.
    pub(super) fn tasks(&mut self) {
        let contents = self.contents;
        let shots = contents.shots().filter(|(_, shot)| !self.shown.wants(shot));
        let assets = contents.assets().filter(|(_, asset)| asset.canceled);
        let canceled: HashSet<(Kind, &Id)> =
            shots.map(|(id, _)| (Kind::Shot, id)).chain(assets.map(|(id, _)| (Kind::Asset, id))).collect();
        for (id, task) in contents.entities(Kind::Task, Task::of) {
            let shot = task.shot_id.as_ref().map(|id| (Kind::Shot, id));
            let owner = shot.or_else(|| task.asset_id.as_ref().map(|id| (Kind::Asset, id)));
            if !owner.is_some_and(|owner| canceled.contains(&owner)) {
                self.task((Kind::Task, id, ""), task);
            }
        }
    }

    fn task(&mut self, of: Subject<'_>, task: &Task) {
        if task.task_type_id.is_none() || task.task_status_id.is_none() {
            let detail = "it has no task type, or no status: it is not in the tree".to_owned();
            self.add(ProblemKind::IncompleteTask, of, detail, "send task_type_id and task_status_id");
        }
        let references = [(Kind::TaskType, &task.task_type_id), (Kind::TaskStatus, &task.task_status_id)];
        for (kind, id) in references.into_iter().filter_map(|(kind, id)| Some((kind, id.as_ref()?))) {
            self.dangling(of, kind, id);
        }
        for user in &task.assignees {
            self.dangling(of, Kind::User, user);
        }
    }

    pub(super) fn castings(&mut self) {
        let contents = self.contents;
        for (id, casting) in contents.entities(Kind::Casting, Casting::of) {
            let shot = contents.list(Kind::Shot).get(id).and_then(|record| Shot::of(&record.entity));
            if shot.is_some_and(|shot| !self.shown.wants(shot)) {
                continue;
            }
            let of = (Kind::Casting, id, shot.map_or("", |shot| &shot.name));
            self.dangling(of, Kind::Shot, id);
            for asset in &casting.asset_ids {
                self.dangling(of, Kind::Asset, asset);
            }
        }
    }

    /// Which episodes sequences belong to: both must be there.
    pub(super) fn memberships(&mut self) {
        let contents = self.contents;
        let shown = self.shown.clone();
        for (sequence, episode) in contents.episodes_of_sequences().filter(|(id, _)| !shown.is_canceled(id)) {
            if contents.list(Kind::Sequence).get(sequence).is_some() {
                self.dangling((Kind::Sequence, sequence, ""), Kind::Episode, episode);
            } else {
                self.dangling((Kind::Episode, episode, ""), Kind::Sequence, sequence);
            }
        }
    }
}
