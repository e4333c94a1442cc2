//! Pictures and movies: what is kept, and what comes from other servers.

use maud::{Markup, html};

use super::{
    Media, icon,
    words::{bytes, number},
};
use crate::model::problems::Severity;

/// Pictures and movies.
pub fn media(media: &Media) -> Markup {
    let count = |count: usize| number(i128::try_from(count).unwrap_or_default());
    let fetches = &media.fetches;
    let any = fetches.copied + fetches.waiting + fetches.running + fetches.failed > 0;
    html! {
        section aria-labelledby="media" {
            h2 #media { "Pictures and movies" }
            div .panel {
                dl .figures {
                    div { dt { "Files kept" } dd { (number(media.files)) } }
                    div { dt { "Their size" } dd { (bytes(media.bytes)) } }
                    @if any {
                        div { dt { "Copied from other servers" } dd { (count(fetches.copied)) } }
                        div { dt { "Being copied" } dd { (count(fetches.running)) } }
                        div { dt { "Waiting" } dd { (count(fetches.waiting)) } }
                        div {
                            dt { "Failed" }
                            dd { @if fetches.failed > 0 { (icon::severity(Severity::Warning)) } (count(fetches.failed)) }
                        }
                    }
                }
                @if !media.failures.is_empty() {
                    details data-key="failures" {
                        summary { "What failed" }
                        ul .plain {
                            @for (name, reason) in &media.failures { li { code { (name) } " " (reason) } }
                        }
                    }
                }
            }
        }
    }
}
