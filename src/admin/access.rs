//! Who may do what, and who is told: tokens and publish hooks.

use maud::{Markup, html};

use super::{
    Token, icon,
    words::{counted, moment, moment_or},
};
use crate::{
    lookout::HookState,
    model::{problems::Severity, time::Instant},
};

/// The publish hooks, if there are any.
pub fn hooks(now: Instant, hooks: &[HookState]) -> Markup {
    html! {
        @if !hooks.is_empty() {
            section aria-labelledby="hooks" {
                h2 #hooks { "Publish hooks" }
                ul .panel.lines {
                    @for hook in hooks {
                        li data-key=(hook.name) {
                            @match &hook.failure {
                                Some(failure) => {
                                    (icon::severity(Severity::Warning))
                                    div { p { b { (hook.name) } } p { "could not be told: " (failure) } }
                                }
                                None => { (icon::well()) div { p { b { (hook.name) } } } }
                            }
                            p .since {
                                "told " (moment_or(now, hook.told_at, "never"))
                                @if hook.owed > 0 {
                                    ", to be told of " (counted(i128::try_from(hook.owed).unwrap_or_default(), "project"))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The tokens, if it is known here who may do what.
pub fn tokens(now: Instant, tokens: Option<&[Token]>) -> Markup {
    html! {
        @if let Some(tokens) = tokens {
            section aria-labelledby="tokens" {
                h2 #tokens { "Tokens" }
                @if tokens.is_empty() {
                    p .panel.empty {
                        (icon::severity(Severity::Hint))
                        "There are none: whoever reaches this address can read and write everything."
                    }
                } @else {
                    table .rows.panel {
                        thead { tr {
                            th scope="col" { "Token" } th scope="col" { "Rights" }
                            th scope="col" { "Last used" } th scope="col" { "Ends" }
                        } }
                        tbody {
                            @for token in tokens {
                                tr data-key=(token.name) {
                                    th scope="row" { bdi { (token.name) } }
                                    td { (token.rights) }
                                    td { (moment_or(now, token.last_used, "never")) }
                                    td { (ends(now, token.expires)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn ends(now: Instant, expires: Option<Instant>) -> Markup {
    html! {
        @match expires {
            None => { "never" }
            Some(at) if at <= now => { (icon::severity(Severity::Warning)) "ended " (moment(now, at)) }
            Some(at) => { (super::words::ahead(now, at)) }
        }
    }
}
