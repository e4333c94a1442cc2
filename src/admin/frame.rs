//! What all pages have: head, header, footer.

use maud::{DOCTYPE, Markup, html};

/// A page. `alert` comes first in its title, where there is one.
pub fn page(alert: Option<&str>, title: &str, content: &Markup) -> Markup {
    let name = "Watchtower Server";
    let title = if title.is_empty() { name.to_owned() } else { format!("{title} · {name}") };
    let title = alert.map_or_else(|| title.clone(), |alert| format!("{alert} · {title}"));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) }
                link rel="icon" href="/admin/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/admin/admin.css";
                script src="/admin/admin.js" defer {}
            }
            body {
                a .skip href="#main" { "Skip to the content" }
                header .bar {
                    a .home href="/admin" {
                        img src="/admin/icon.svg" alt="" width="28" height="28";
                        "Watchtower Server"
                    }
                    nav aria-label="Elsewhere" {
                        a href="/" { "Watchtower" }
                        a href="/api/docs/" { "API" }
                    }
                    p #live role="status" hidden {}
                }
                main #main tabindex="-1" { (content) }
                footer {
                    p { "Watchtower Server " (env!("CARGO_PKG_VERSION")) ". The same for programs: "
                        a href="/api/status" { "/api/status" } ", " a href="/api/problems" { "/api/problems" } "." }
                }
            }
        }
    }
}

/// A page that says that something is not there.
#[must_use]
pub fn not_found(detail: &str) -> Markup {
    let content = html! {
        h1 { "There is no such thing" }
        p { (detail) }
        p { a href="/admin" { "Back to the overview" } }
    };
    page(None, "Not found", &content)
}
