//! The server itself: how long it runs, what it takes, what it serves.

use maud::{Markup, html};

use super::{
    Server, icon,
    words::{bytes, duration, moment_or, number},
};
use crate::model::{problems::Severity, time::Instant};

/// The server.
pub fn server(now: Instant, server: &Server) -> Markup {
    html! {
        section aria-labelledby="server" {
            h2 #server { "Server" }
            div .panel {
                dl .figures {
                    div { dt { "Version" } dd { (env!("CARGO_PKG_VERSION")) } }
                    div { dt { "Runs for" } dd { (duration(now - server.started)) } }
                    div { dt { "Last publish" } dd { (moment_or(now, server.last_at, "never")) } }
                    div { dt { "Revision" } dd { (number(server.revision)) } }
                    div {
                        dt { "Not yet published" }
                        dd { (number(server.revision.saturating_sub(server.published))) }
                    }
                    @if let Some(disk) = server.disk {
                        div {
                            dt { "Disk, free" }
                            dd {
                                @if disk.is_low() { (icon::severity(Severity::Warning)) span .visually-hidden { "Low: " } }
                                (bytes(disk.free)) small { " of " (bytes(disk.size)) }
                            }
                        }
                    }
                    @if let Some(memory) = server.memory { div { dt { "Memory" } dd { (bytes(memory)) } } }
                }
                h3 .visually-hidden { "Sites" }
                ul .sites {
                    @for site in &server.sites {
                        li {
                            b { (site.layout) } " tree"
                            @match &site.page {
                                Some(version) => { ", page " (version) }
                                None => { ", no page" }
                            }
                            @if site.live { ", live" }
                        }
                    }
                }
            }
        }
    }
}
