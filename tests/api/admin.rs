//! The status page as it comes from the server: whole, escaped, and for nobody else's pages to use.

use reqwest::Method;
use serde_json::{Value, json};
use watchtower_server::{model::problems::ProblemKind, publish::Mode, server::Options, webhook::SourceSettings};

use crate::support::{Answer, TestServer};

/// What the tests' source of webhooks and its sender know.
pub const SECRET: &str = "a secret of some length";

/// Gives a server a source of webhooks, `tracker`.
pub fn with_webhook(options: &mut Options) {
    let settings =
        "name = \"tracker\"\nverify = \"bearer\"\nsecrets = [\"a secret of some length\"]\nmapping = \"changes\"";
    options.webhooks = vec![toml::from_str::<SourceSettings>(settings).unwrap()];
}

/// Sends a delivery to it, and waits until it was tried if it was taken.
pub async fn deliver(server: &TestServer, secret: &str, body: &Value) -> u16 {
    let request = server.request(Method::POST, "/api/webhooks/tracker").json(body).bearer_auth(secret);
    let answer = server.send(request).await;
    if answer.status == 202 {
        let replay = format!("/api/webhooks/tracker/deliveries/{}/replay", answer.json()["delivery"]);
        server.post(&replay, &Value::Null).await.expect(200);
    }
    answer.status.as_u16()
}

/// A project whose every name is hostile, and that has a lot wrong with it.
pub async fn make_trouble(server: &TestServer) {
    let hostile = "<img src=x onerror=\"window.__pwned = 1\">";
    let shots = |index: u32| {
        let name = if index == 0 { hostile.to_owned() } else { format!("לקטה {index} \u{202e}abc") };
        json!({"id": format!("s{index}"), "name": name, "sequence_id": "nothing"})
    };
    let project = json!({
        "name": "<script>window.__pwned = 1</script> & \"Ärger\"",
        "team": ["nobody"],
        "shots": (0..150).map(shots).collect::<Value>(),
        "assets": [{"id": "a", "name": "</svg><iframe src=//x>", "thumbnailUrl": "https://elsewhere.example/\"><script>1</script>"}],
    });
    server.put("/api/projects/trouble/snapshot?wait=published", &project).await.expect(200);
    let status = json!({"name": "</title><script>window.__pwned = 1</script>", "color": "#aa3300"});
    server.put("/api/task-statuses/hostile", &status).await.expect(201);
    let task = json!({"shot_id": "s0", "task_type_id": "nothing", "task_status_id": "hostile"});
    server.put("/api/projects/trouble/tasks/t", &task).await.expect(201);
    // Whoever asks for these has the page's sums brought up to date.
    server.get("/api/problems").await.expect(200);
}

async fn page(server: &TestServer, path: &str) -> String {
    let answer = server.get(path).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.text.starts_with("<!DOCTYPE html>"), "{}", answer.text);
    answer.text
}

async fn press(server: &TestServer, path: &str, origin: Option<&str>) -> Answer {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = client.post(server.url(path));
    let request = match origin {
        Some(origin) => request.header("origin", origin),
        None => request,
    };
    server.send(request).await
}

#[tokio::test]
async fn an_empty_server_has_a_page_that_says_how_to_begin() {
    let server = TestServer::start().await;
    let html = page(&server, "/admin").await;
    for part in
        ["<title>Watchtower Server</title>", "Everything is published", "There is no project yet", "No problems"]
    {
        assert!(html.contains(part), "{part}: {html}");
    }
    let moved = server.get("/admin/").await.expect(200);
    assert!(moved.text.contains("Everything is published"), "it is there with a slash as well");
}

#[tokio::test]
async fn names_are_text_wherever_they_are_shown() {
    let server = TestServer::start_with(with_webhook).await;
    make_trouble(&server).await;
    let body = json!({"changes": [{"op": "</pre><script>1</script>", "kind": "shots"}]});
    assert_eq!(deliver(&server, SECRET, &body).await, 202);
    assert_eq!(deliver(&server, "<script>", &body).await, 401);
    for path in ["/admin", "/admin/projects/trouble", "/admin/webhooks/tracker", "/admin/webhooks/tracker/1"] {
        let html = page(&server, path).await;
        let scripts: Vec<_> = html.match_indices("<script").map(|(at, _)| &html[at..at + 29]).collect();
        assert_eq!(scripts, ["<script src=\"/admin/admin.js\""], "{path}");
        assert!(!html.contains("<img src=x") && !html.contains("<iframe"), "{path}: {html}");
    }
    let html = page(&server, "/admin/projects/trouble").await;
    assert!(
        html.contains("<h1><bdi>&lt;script&gt;window.__pwned = 1&lt;/script&gt; &amp; &quot;Ärger&quot;</bdi></h1>"),
        "{html}"
    );
    assert!(html.contains("Only the first 100 are shown."), "150 shots without a range are too many for a page");
    let absent = server.get("/admin/projects/%3Cscript%3E").await;
    assert!(!absent.text.contains("<script>1") && absent.status.is_client_error(), "{}", absent.text);
}

#[tokio::test]
async fn its_title_says_what_is_wrong() {
    let mut server = TestServer::start_with(|options| options.mode = Mode::Manual).await;
    server.put("/api/projects/p", &json!({"name": "P"})).await.expect(201);
    server.put("/api/projects/p/shots/a", &json!({"name": "A"})).await.expect(201);
    server.get("/api/problems").await.expect(200);
    assert!(page(&server, "/admin").await.contains("<title>1 problem · Watchtower Server</title>"));
    // What is not published is on its way, and after a while behind.
    server.pass(60);
    let html = page(&server, "/admin").await;
    assert!(
        html.contains("<title>Behind · Watchtower Server</title>") && html.contains("Behind by 2 changes"),
        "{html}"
    );
    let pressed = press(&server, "/admin/render", Some(&server.url(""))).await;
    assert_eq!((pressed.status.as_u16(), pressed.header("location")), (303, "/admin"));
    assert!(page(&server, "/admin").await.contains("Everything is published"));
    // How long ago it changed is known after a restart as well.
    server.restart().await;
    server.pass(3600);
    assert!(page(&server, "/admin").await.contains("title=\"2026-01-01T00:00:00.000Z\">1 h ago</time>"));
}

#[tokio::test]
async fn pages_of_other_sites_cannot_press_its_buttons() {
    let server = TestServer::start_with(with_webhook).await;
    for path in ["/admin/render", "/admin/webhooks/tracker/replay", "/admin/webhooks/tracker/1/replay"] {
        press(&server, path, Some("https://elsewhere.example")).await.refused(403, "forbidden");
    }
}

#[tokio::test]
async fn a_delivery_that_failed_is_shown_whole_and_replayed() {
    let server = TestServer::start_with(with_webhook).await;
    let put = json!({"changes": [{"op": "put", "kind": "shots", "project": "p", "id": "a", "value": {"name": "A", "sequence_id": 7.5}}]});
    server.put("/api/projects/p", &json!({"name": "P"})).await.expect(201);
    assert_eq!(deliver(&server, SECRET, &put).await, 202);
    let html = page(&server, "/admin/webhooks/tracker?status=failed").await;
    assert!(html.contains("href=\"/admin/webhooks/tracker/1\"") && html.contains("Replay 1 failed delivery"), "{html}");
    let html = page(&server, "/admin/webhooks/tracker/1").await;
    assert!(html.contains("sequence_id") && html.contains("authorization: (secret)"), "{html}");
    assert!(!html.contains(SECRET), "{html}");
    let attempts = async || server.get("/api/webhooks/tracker/deliveries/1").await.json()["attempts"].as_u64().unwrap();
    let before = attempts().await;
    let pressed = press(&server, "/admin/webhooks/tracker/1/replay", None).await;
    assert_eq!((pressed.status.as_u16(), pressed.header("location")), (303, "/admin/webhooks/tracker/1"));
    assert_eq!(attempts().await, before + 1);
    let pressed = press(&server, "/admin/webhooks/tracker/replay", None).await;
    assert_eq!((pressed.status.as_u16(), pressed.header("location")), (303, "/admin/webhooks/tracker"));
}

#[tokio::test]
async fn what_the_page_needs_comes_from_here_and_is_kept() {
    let server = TestServer::start().await;
    for (path, media_type) in [
        ("/admin/admin.css", "text/css; charset=utf-8"),
        ("/admin/admin.js", "text/javascript; charset=utf-8"),
        ("/admin/icon.svg", "image/svg+xml"),
    ] {
        let answer = server.get(path).await.expect(200);
        assert_eq!(answer.header("content-type"), media_type);
        let again = server.request(Method::GET, path).header("if-none-match", answer.header("etag"));
        server.send(again).await.expect(304);
    }
    let html = page(&server, "/admin").await;
    let elsewhere = html.split(['"', '\'']).filter(|text| text.starts_with("http") || text.starts_with("//"));
    assert_eq!(elsewhere.filter(|text| !text.starts_with("http://…")).count(), 0, "no other server is asked: {html}");
    assert!(!html.contains(" onclick=") && !html.contains("style="), "{html}");
}

#[test]
fn the_documents_have_every_kind_of_problem() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/API.md");
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | ")).collect();
    for kind in ProblemKind::ALL {
        let row = rows.iter().find(|(name, _)| *name == kind.name());
        let (_, rest) = row.unwrap_or_else(|| panic!("docs/API.md has no row for {}", kind.name()));
        assert!(
            rest.starts_with(&format!("{} | ", kind.severity().name())),
            "{} is {}",
            kind.name(),
            kind.severity().name()
        );
    }
}
