//! Statuses that a project lists, and that nobody ever used.

use std::collections::HashSet;

use super::{Finder, ProblemKind, called};
use crate::model::{Id, Kind, Project, Task, TaskStatus};

impl Finder<'_> {
    /// A project without tasks has used none yet, and that is no fault.
    pub(super) fn unused_statuses(&mut self, project: &Project) {
        let contents = self.contents;
        if contents.list(Kind::Task).is_empty() {
            return;
        }
        let tasks = contents.entities(Kind::Task, Task::of).filter_map(|(_, task)| task.task_status_id.as_ref());
        let counts = [Kind::Shot, Kind::Asset].into_iter().flat_map(|of| contents.burndown().counts(of));
        let used: HashSet<&Id> = tasks.chain(counts.map(|(counted, _)| &counted.task_status)).collect();
        let context = self.context;
        for id in project.task_statuses.iter().filter(|id| !used.contains(id)) {
            // One that does not exist is a dangling reference.
            let Some(record) = context.list(Kind::TaskStatus).get(id) else { continue };
            let name = TaskStatus::of(&record.entity).map_or("", |status| &status.name);
            let detail = format!("the project lists {}, and none of its tasks ever had it", called(id, name));
            let mend = "take it out of the project's task_statuses, if it is not needed";
            self.add(ProblemKind::UnusedStatus, (Kind::TaskStatus, id, name), detail, mend);
        }
    }
}
