//! Small shapes that say how something is. Each has a form of its own, and stands beside words.

use maud::{Markup, html};

use crate::model::problems::Severity;

/// The mark of a severity: an octagon, a triangle, a circle with an i.
pub fn severity(severity: Severity) -> Markup {
    let class = severity.name();
    html! {
        svg .icon.(class) viewBox="0 0 16 16" aria-hidden="true" focusable="false" {
            @match severity {
                Severity::Error => {
                    path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" {}
                    path .hole d="M7.1 4h1.8v5H7.1zm0 6.2h1.8V12H7.1z" {}
                }
                Severity::Warning => {
                    path d="M8 1.2 15.4 14.6H.6z" {}
                    path .hole d="M7.15 5.8h1.7v4.6h-1.7zm0 5.6h1.7v1.7h-1.7z" {}
                }
                Severity::Hint => {
                    circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.6" {}
                    path d="M7.15 7h1.7v4.4h-1.7zm0-2.6h1.7v1.7h-1.7z" {}
                }
            }
        }
    }
}

/// The mark of what is well: a tick.
pub fn well() -> Markup {
    html! {
        svg .icon.well viewBox="0 0 16 16" aria-hidden="true" focusable="false" {
            path d="M2 8.4 6.3 12.6 14 4" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round" {}
        }
    }
}

/// The mark of what is under way: an hourglass.
pub fn waiting() -> Markup {
    html! {
        svg .icon.waiting viewBox="0 0 16 16" aria-hidden="true" focusable="false" {
            path d="M3.5 1.5h9M3.5 14.5h9M4.5 1.5c0 4 7 4.5 7 13M11.5 1.5c0 4-7 4.5-7 13" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" {}
        }
    }
}

/// The mark of a delivery, by its status.
pub fn delivery(status: &str) -> Markup {
    match status {
        "applied" => well(),
        "failed" => severity(Severity::Warning),
        "received" | "waiting" => waiting(),
        _ => html! {
            svg .icon.quiet viewBox="0 0 16 16" aria-hidden="true" focusable="false" {
                path d="M3 8h10" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" {}
            }
        },
    }
}
