//! The overview: everything at a glance, the worst first.

use maud::{Markup, html};

use super::{Overview, access, frame, headline, media, problems, projects, server, sources};

/// The overview.
#[must_use]
pub fn overview(state: &Overview) -> Markup {
    let content = html! {
        (headline::headline(state))
        @if !state.problems.is_empty() {
            section aria-labelledby="of-the-server" {
                h2 #of-the-server { "Problems of the server" }
                (problems::list(state.now, &state.problems, true))
            }
        }
        (projects::projects(state))
        (sources::sources(state.now, &state.sources))
        div .beside {
            (server::server(state.now, &state.server))
            (media::media(&state.media))
        }
        (access::hooks(state.now, &state.hooks))
        (access::tokens(state.now, state.tokens.as_deref()))
    };
    frame::page(headline::alert(state).as_deref(), "", &content)
}
