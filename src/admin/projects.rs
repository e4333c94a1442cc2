//! The projects: how much there is, how far it has come, and what is wrong.

use maud::{Markup, html};

use super::{
    Overview, Project, chart, icon, problems,
    words::{counted, moment_or, named, number},
};

/// So many kinds of problems are named for each project.
const KINDS: usize = 4;

/// The projects.
pub fn projects(state: &Overview) -> Markup {
    html! {
        section aria-labelledby="projects" {
            h2 #projects { "Projects" span .count { (number(i128::try_from(state.projects.len()).unwrap_or_default())) } }
            @if state.projects.is_empty() {
                div .panel.empty {
                    p { "There is no project yet. The first one takes one command:" }
                    pre tabindex="0" role="group" aria-label="Command that creates a project" {
                        "curl -X PUT http://…/api/projects/my-film --json '{\"name\": \"My Film\", \"fps\": 24}'"
                    }
                }
            }
            ul .projects {
                @for project in &state.projects { (row(state.now, project)) }
            }
        }
    }
}

fn row(now: i64, project: &Project) -> Markup {
    let figures = &project.figures;
    html! {
        li .panel data-key=(project.id.as_str()) {
            article aria-label=(if project.name.is_empty() { project.id.as_str() } else { &project.name }) {
                div .who {
                    h3 { a href=(format!("/admin/projects/{}", project.id)) { (named(project.id.as_str(), &project.name)) } }
                    (facts(project))
                    p .quiet { "Changed " (moment_or(now, project.changed_at, "never")) }
                    p .fine {
                        @if project.is_published { (icon::well()) "Published" } @else { (icon::waiting()) "To be published" }
                    }
                }
                div .work {
                    (chart::share(figures))
                    (chart::burndown(figures))
                    (chart::legend(figures))
                }
                div .wrong { (problems::brief(project, KINDS)) }
            }
        }
    }
}

/// How much there is of a project.
pub fn facts(project: &Project) -> Markup {
    let figures = &project.figures;
    let count = |count: usize, one| counted(i128::try_from(count).unwrap_or_default(), one);
    html! {
        ul .facts {
            li { (count(figures.shots, "shot")) }
            li { (count(figures.assets, "asset")) }
            li { (counted(figures.tasks(), "task")) }
        }
    }
}
