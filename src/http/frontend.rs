//! The page: its own files, what its build lacks, what ours does for it, and our page where none is installed.
//!
//! The page's files on disk are never touched. Two of them are answered otherwise than they are: a view of the 1.0 page that
//! would come too early, and, where the page is to follow what is published, `index.html`.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;

use super::{
    AppState,
    files::{from_folder, text_of, with_cache_control},
    problem::Problem,
    read::unless_known,
};
use crate::{layout::Layout, media, model::represent::etag_of, page};

/// How long files may be kept whose names change with their content: a year, the longest that is usual.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The script that makes an open page follow what is published.
const LIVE: &str = include_str!("frontend/live.js");
/// Where it is.
const LIVE_PATH: &str = "watchtower-live.js";

/// Waits with a view of the 1.0 page until the list of projects is there.
///
/// The page looks its project up in that list once, when the view is mounted; a view that arrives before the list shows an
/// empty page for ever (seen in 3 of 4 loads at 30 ms latency). The real view is at `?view`.
const PATIENT_VIEW: &str = include_str!("frontend/patient-view.js");

/// A file of the page; else what its build lacks; else, without a page, ours.
pub async fn serve(state: &AppState, path: &str, request: Request) -> Response {
    let headers = request.headers().clone();
    if let Some(page) = &state.site.page {
        let is_index = path.is_empty() || path == "index.html";
        if state.site.live && is_index {
            return index_that_follows(&page.root, &headers).await;
        }
        if state.site.target.layout() == Layout::V1 && is_view(path) && request.uri().query() != Some("view") {
            let script = PATIENT_VIEW.replace("VIEW", path);
            return ours(&headers, "text/javascript; charset=utf-8", script.into());
        }
        let found = from_folder(&page.root, request).await;
        if found.status() != StatusCode::NOT_FOUND {
            return with_cache_control(found, if path.starts_with("assets/") { FOR_EVER } else { "no-cache" });
        }
    }
    let file = match path {
        LIVE_PATH if state.site.live => Some(("text/javascript; charset=utf-8", Bytes::from_static(LIVE.as_bytes()))),
        "" | "index.html" if state.site.page.is_none() => {
            Some(("text/html; charset=utf-8", Bytes::from_static(page::LANDING_HTML.as_bytes())))
        }
        "landing.js" if state.site.page.is_none() => {
            let list = format!("/{}", state.site.target.layout().list_path());
            Some(("text/javascript; charset=utf-8", page::LANDING_JS.replace("TREE", &list).into()))
        }
        _ => {
            let picture = media::placeholders().into_iter().find(|(name, _)| *name == path);
            picture.map(|(_, bytes)| ("image/png", bytes))
        }
    };
    match file {
        Some((media_type, bytes)) => ours(&headers, media_type, bytes),
        None => Problem::NotFound(format!("there is no file /{path}")).into_response(),
    }
}

/// Whether a file is one of the 1.0 page's views of a project, which are loaded when they are first needed.
fn is_view(path: &str) -> bool {
    let name = path.strip_prefix("assets/Project").and_then(|name| name.strip_suffix(".js"));
    name.is_some_and(|name| name.contains("View-") && !name.contains('/'))
}

async fn index_that_follows(root: &std::path::Path, headers: &HeaderMap) -> Response {
    let Ok(index) = text_of(root, "index.html").await else {
        return Problem::NotFound("the page has no index.html".to_owned()).into_response();
    };
    let script = format!("<script type=\"module\" src=\"/{LIVE_PATH}\"></script>");
    let index = match index.split_once("</head>") {
        Some((head, rest)) => format!("{head}{script}</head>{rest}"),
        None => index + &script,
    };
    ours(headers, "text/html; charset=utf-8", index.into())
}

/// An answer that this program makes itself; axum leaves its body out of the answer to HEAD.
pub fn ours(headers: &HeaderMap, media_type: &str, bytes: Bytes) -> Response {
    let etag = etag_of(&bytes);
    let out = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-cache"), (header::ETAG, &etag)];
    unless_known(headers, (out, Body::from(bytes)).into_response())
}

#[cfg(test)]
mod tests {
    use super::is_view;

    #[test]
    fn only_views_of_a_project_are_waited_with() {
        assert!(is_view("assets/ProjectDetailView-42f187c5.js"));
        assert!(is_view("assets/ProjectDashboardView-af0ae83b.js"));
        for other in
            ["assets/project-ed1e4ef7.js", "assets/AboutView-626f5628.js", "assets/ProjectDetailView-b1b00d6f.css"]
        {
            assert!(!is_view(other), "{other}");
        }
    }
}
