//! A project: its figures, and everything that is wrong with it.

use maud::{Markup, html};

use super::{
    Project, chart, frame, icon, problems, projects,
    words::{counted, moment_or, named},
};
use crate::{lookout::Seen, model::time::Instant};

/// The page of a project.
#[must_use]
pub fn project(now: Instant, project: &Project, found: &[Seen]) -> Markup {
    let count = counted(i128::try_from(found.len()).unwrap_or_default(), "problem");
    let name = if project.name.is_empty() { project.id.as_str() } else { &project.name };
    let content = html! {
        p .trail { a href="/admin" { "Overview" } }
        h1 { (named(project.id.as_str(), &project.name)) }
        div .panel.project {
            div .who {
                (projects::facts(project))
                p .quiet { "Changed " (moment_or(now, project.changed_at, "never")) ", id " code { (project.id) } }
                (chart::share(&project.figures))
            }
            div .work { (chart::burndown(&project.figures)) (chart::legend(&project.figures)) }
        }
        p .sums {
            @if found.is_empty() { span .sum { (icon::well()) "No problems" } }
            @else if let Some(worst) = problems::worst(found.iter().map(|seen| &seen.problem.problem)) {
                span .sum { (icon::severity(worst)) (count) }
            }
        }
        (problems::by_kind(now, project.id.as_str(), found))
    };
    let alert = (!found.is_empty()).then_some(&*count);
    frame::page(alert, name, &content)
}
