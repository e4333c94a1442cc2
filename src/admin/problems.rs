//! Problems: what, where, since when, and how to mend them.

use maud::{Markup, html};

use super::{
    icon,
    words::{lasting, named, number},
};
use crate::{
    lookout::Seen,
    model::{
        problems::{ProblemKind, Severity},
        time::Instant,
    },
};

/// So many of a kind are shown; the API has them all.
const SHOWN: usize = 100;

/// The address of the page that shows a source of webhooks.
pub fn source_page(source: &str) -> String {
    format!("/admin/webhooks/{source}")
}

/// Problems one by one, with what kind each is.
pub fn list(now: Instant, problems: &[Seen], with_links: bool) -> Markup {
    html! {
        ul .problems.panel {
            @for Seen { problem, since } in problems {
                li data-key=(problem.identity()) {
                    (icon::severity(problem.problem.severity()))
                    div {
                        p .what {
                            b { (problem.problem.title()) }
                            @if with_links && problem.kind == "webhooks" {
                                " – " a href=(source_page(&problem.id)) { (named(&problem.id, &problem.name)) }
                            } @else if !problem.id.is_empty() {
                                " – " (named(&problem.id, &problem.name))
                            }
                        }
                        p { (problem.detail) }
                        p .mend { (problem.mend) }
                    }
                    p .since { (lasting(now, *since)) }
                }
            }
        }
    }
}

/// The problems of a project, by kind, the worst first. Kinds with few problems are open.
pub fn by_kind(now: Instant, project: &str, problems: &[Seen]) -> Markup {
    html! {
        @for kind in ProblemKind::ALL {
            @let of_kind: Vec<&Seen> = problems.iter().filter(|seen| seen.problem.problem == *kind).collect();
            @if let Some(first) = of_kind.first() {
                details .kind.panel data-key=(kind.name()) id=(kind.name()) open[of_kind.len() <= 12] {
                    summary {
                        (icon::severity(kind.severity()))
                        h2 { (kind.title()) }
                        span .count { (number(i128::try_from(of_kind.len()).unwrap_or_default())) }
                        @if let Some(oldest) = of_kind.iter().map(|seen| seen.since).min() {
                            span .since { (lasting(now, oldest)) }
                        }
                    }
                    @let is_shared = of_kind.iter().all(|seen| seen.problem.mend == first.problem.mend);
                    @if is_shared { p .mend { "To mend it: " (first.problem.mend) } }
                    (table(now, &of_kind, !is_shared))
                    @if of_kind.len() > SHOWN {
                        p .quiet {
                            "Only the first " (SHOWN) " are shown. "
                            a href=(format!("/api/projects/{project}/problems?problem={}", kind.name())) { "All of them, as JSON" }
                        }
                    }
                }
            }
        }
    }
}

fn table(now: Instant, problems: &[&Seen], with_mends: bool) -> Markup {
    html! {
        table .rows {
            thead { tr { th scope="col" { "What" } th scope="col" { "What is wrong" } th scope="col" { "Since" } } }
            tbody {
                @for Seen { problem, since } in problems.iter().take(SHOWN) {
                    tr data-key=(problem.identity()) {
                        th scope="row" {
                            (named(&problem.id, &problem.name))
                            span .id { (singular(problem.kind)) @if !problem.name.is_empty() { " " (problem.id) } }
                        }
                        td { (problem.detail) @if with_mends { p .mend { (problem.mend) } } }
                        td .since { (lasting(now, *since)) }
                    }
                }
            }
        }
    }
}

/// The name of one of a kind: `shot`, of `shots`.
fn singular(kind: &'static str) -> &'static str {
    crate::model::Kind::named(kind).map_or(kind, crate::model::Kind::singular)
}

/// Problems of a project in a few lines: the worst kinds.
pub fn brief(project: &super::Project, most: usize) -> Markup {
    let address = format!("/admin/projects/{}", project.id);
    let kinds = &project.problems;
    html! {
        @if kinds.is_empty() {
            p .fine { (icon::well()) "No problems" }
        } @else {
            ul .kinds {
                @for (kind, tally) in kinds.iter().take(most) {
                    li data-key=(kind.name()) {
                        (icon::severity(kind.severity()))
                        b { (number(tally.count)) }
                        a href=(format!("{address}#{}", kind.name())) { (kind.title()) }
                    }
                }
                @if kinds.len() > most {
                    li .more { a href=(address) { (kinds.len() - most) " more kinds" } }
                }
            }
        }
    }
}

/// The worst severity among problems of some kinds.
pub fn worst<'a>(kinds: impl Iterator<Item = &'a ProblemKind>) -> Option<Severity> {
    kinds.map(|kind| kind.severity()).max()
}
