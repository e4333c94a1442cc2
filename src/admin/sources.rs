//! The sources of webhooks: how their deliveries fare.

use maud::{Markup, html};

use super::{
    Source, icon,
    problems::source_page,
    words::{moment_or, number},
};
use crate::model::{problems::Severity, time::Instant};

/// The statuses of deliveries, the worst first.
pub const STATUSES: [&str; 5] = ["failed", "waiting", "received", "applied", "ignored"];

/// The sources, if there are any.
pub fn sources(now: Instant, sources: &[Source]) -> Markup {
    html! {
        @if !sources.is_empty() {
            section aria-labelledby="webhooks" {
                h2 #webhooks { "Webhooks" }
                ul .sources {
                    @for source in sources {
                        li .panel data-key=(source.name) {
                            div .who {
                                h3 { a href=(source_page(&source.name)) { (source.name) } }
                                p .quiet {
                                    @if !source.mapping.is_empty() { "by " code { (source.mapping) } ", " }
                                    "last delivery " (moment_or(now, source.last_received_at, "never"))
                                }
                            }
                            (counts(source))
                            (faults(source))
                        }
                    }
                }
            }
        }
    }
}

/// How many deliveries are in which status.
pub fn counts(source: &Source) -> Markup {
    let address = source_page(&source.name);
    html! {
        ul .facts.deliveries {
            @for status in STATUSES {
                @let count = source.deliveries.get(status).copied().unwrap_or_default();
                @if count > 0 {
                    li { (icon::delivery(status)) a href=(format!("{address}?status={status}")) { (number(count)) " " (status) } }
                }
            }
            @if source.deliveries.is_empty() { li { "No deliveries" } }
            @if source.since_start.refused > 0 {
                li { (icon::severity(Severity::Warning)) (number(source.since_start.refused)) " refused" }
            }
        }
    }
}

/// What is wrong with a source.
pub fn faults(source: &Source) -> Markup {
    html! {
        @if let Some(fault) = &source.fault {
            p .fault { (icon::severity(Severity::Error)) span { (fault) } }
        }
        @if let Some(last) = source.refusals.first() {
            p .fault { (icon::severity(Severity::Warning)) span { "Last refused: " (last.detail) } }
        }
    }
}
