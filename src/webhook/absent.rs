//! Projects that are not here: they hold up what belongs to them, and nothing else.

use std::collections::HashSet;

use crate::model::{
    Id, Kind,
    change::{Change, Op},
    fault::At,
    scope::Scope,
    wire::Reader,
};

/// Takes out of a delivery what belongs to projects that are not here, each with a warning, if it has something that belongs to one
/// that is: a tracker may tell of many projects in one delivery, and nobody may ever push some of them. Else all of it is to wait,
/// and this gives the project that it waits for.
///
/// Changes of a project itself belong to none. They are passed over later where it is not here.
pub fn pass_over_absent(context: &Scope, reader: &mut Reader) -> Option<Id> {
    let makes = |change: &Change| match change {
        Change::One { key, op: Op::Put(_), .. } if key.kind == Kind::Project => Some(key.id.clone()),
        _ => None,
    };
    let made: HashSet<Id> = reader.changes.iter().filter_map(makes).collect();
    let is_here = |id: &Id| made.contains(id) || context.project(id).is_some();
    let absent = reader.changes.iter().filter_map(project_of).find(|id| !is_here(id)).cloned()?;
    if !reader.changes.iter().filter_map(project_of).any(is_here) {
        return Some(absent);
    }
    for change in std::mem::take(&mut reader.changes) {
        match (project_of(&change), &change) {
            (Some(id), Change::One { pointer, .. }) if !is_here(id) => {
                let detail =
                    format!("there is no project {id}: what is in it is passed over, as the delivery has more");
                reader.findings.warn(At::Pointer(pointer), detail);
            }
            (Some(id), Change::Whole { .. }) if !is_here(id) => {}
            _ => reader.changes.push(change),
        }
    }
    None
}

/// The project that what changes is in.
fn project_of(change: &Change) -> Option<&Id> {
    match change {
        Change::One { key, .. } => key.project.as_ref(),
        Change::Whole { project, .. } => project.as_ref(),
    }
}
