//! What is served beside the API and the tree: our landing page, an installed page, the description of the API.

use std::fs;

use serde_json::json;
use tempfile::TempDir;
use watchtower_server::{http, layout::Layout, server::SiteOptions};

use crate::{
    support::{Answer, TestServer, page},
    tokens::Holder,
};

/// The addresses that an HTML page of ours loads at once.
fn loaded_by(html: &str) -> Vec<&str> {
    let values = ["src=\"", "href=\""].into_iter().flat_map(|name| html.split(name).skip(1));
    values.map(|rest| rest.split('"').next().unwrap()).filter(|address| !address.starts_with('#')).collect()
}

#[tokio::test]
async fn without_a_page_there_is_one_that_says_what_this_is() {
    let server = TestServer::start().await;
    for path in ["/", "/index.html"] {
        let answer = server.get(path).await.expect(200);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(answer.text.contains("Watchtower"));
        assert!(loaded_by(&answer.text).contains(&"/landing.js"), "{:?}", loaded_by(&answer.text));
        for address in loaded_by(&answer.text).into_iter().filter(|address| address.starts_with('/')) {
            server.get(address).await.expect(200);
        }
    }
    assert!(server.get("/landing.js").await.expect(200).header("content-type").starts_with("text/javascript"));
}

#[tokio::test]
async fn our_page_lists_what_the_tree_lists_also_for_those_who_have_no_token_where_reading_is_public() {
    let server = TestServer::start_with(|options| {
        options.openness.is_reading_public = true;
        options.sites.push(SiteOptions { layout: Layout::V1, ..options.sites[0].clone() });
    })
    .await;
    server.put("/api/projects/p?wait=published", &json!({"name": "P", "fps": 25})).await.expect(201);
    Holder::admin(&server).await;
    for layout in [Layout::Classic, Layout::V1] {
        let get = async |path: &str| {
            let url = format!("http://{}{path}", server.address_of(layout));
            server.send(server.client.get(url)).await
        };
        let script = get("/landing.js").await.expect(200).text;
        let list = script.split('"').find(|text| text.starts_with("/data/")).unwrap();
        let listed = get(list).await.expect(200).json();
        assert_eq!((&listed["projects"][0]["id"], &listed["projects"][0]["name"]), (&json!("p"), &json!("P")));
        assert!(!script.contains("/api/projects"), "which is not public");
        for file in ["project.json", "shots.json"] {
            assert!(script.contains(&format!("/{file}`")), "{file} is linked");
            get(&format!("/data/projects/p/{file}")).await.expect(200);
        }
    }
}

#[tokio::test]
async fn the_pictures_that_the_page_lacks_are_served_with_and_without_a_page() {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("assets")).unwrap();
    fs::write(folder.path().join("index.html"), "<title>the page</title>").unwrap();
    fs::write(folder.path().join("assets/index-abc.js"), "1").unwrap();
    let root = folder.path().to_owned();
    let with_page = TestServer::start_with(|options| options.sites[0].page = Some(page(&root, Layout::Classic))).await;
    for server in [&TestServer::start().await, &with_page] {
        for picture in
            ["static/img/placeholder-user.png", "static/img/placeholder-asset.png", "24px_inconsolata_bitmap_font.png"]
        {
            let answer = server.get(&format!("/{picture}")).await.expect(200);
            assert_eq!(answer.header("content-type"), "image/png");
            // In the tree as well, for any other web server.
            assert!(server.site().join(picture).is_file());
        }
    }
    let index = with_page.get("/").await.expect(200);
    assert_eq!((index.text.as_str(), index.header("cache-control")), ("<title>the page</title>", "no-cache"));
    let script = with_page.get("/assets/index-abc.js").await.expect(200);
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
    with_page.get("/landing.js").await.refused(404, "not-found");
    with_page.get("/assets/absent.js").await.refused(404, "not-found");
    assert_eq!(with_page.get("/api/status").await.json()["sites"][0]["page"], "unknown");
}

#[tokio::test]
async fn the_committed_openapi_document_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/openapi.json");
    let current = http::document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &current).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert!(committed == current, "write it anew with BLESS=1 cargo test --test api openapi");
    let server = TestServer::start().await;
    let served = server.get("/api/openapi.json").await.expect(200);
    assert_eq!(served.header("content-type"), "application/json");
    assert!(served.text.trim_end() == committed.trim_end());
    let document = served.json();
    assert_eq!(document["openapi"], "3.1.0");
    for reference in committed.split("\"$ref\": \"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.pointer(reference).is_some(), "there is no {reference}");
    }
}

#[tokio::test]
async fn the_page_of_the_api_needs_nothing_from_elsewhere() {
    let server = TestServer::start().await;
    for path in ["/api/docs", "/api/docs/"] {
        let index = server.get(path).await.expect(200);
        assert!(index.header("content-type").starts_with("text/html"));
        let loaded = loaded_by(&index.text);
        assert!(loaded.len() >= 3, "{loaded:?}");
        for address in loaded {
            assert!(!address.contains("//"), "{address}");
            server.get(&format!("/api/docs/{}", address.trim_start_matches("./"))).await.expect(200);
        }
    }
    server.get("/api/docs/nothing.js").await.refused(404, "not-found");
}

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_browsers_safe_and_a_request_id() {
    let server = TestServer::with_project().await;
    server.rendered().await;
    let safe = |answer: &Answer| {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-security-policy").starts_with("default-src 'self'"));
        assert!(!answer.header("x-request-id").is_empty());
    };
    for path in
        ["/", "/api/users", "/api/nothing", "/data/projects/context.json", "/data/nothing", "/healthz", "/api/docs/"]
    {
        safe(&server.get(path).await);
    }
    safe(&server.put("/api/users/ada", &json!({})).await.refused(422, "invalid"));
    let named = server.request(reqwest::Method::GET, "/api/nothing").header("x-request-id", "run-17.3");
    assert_eq!(server.send(named).await.refused(404, "not-found").json()["request_id"], "run-17.3");
    let odd = server.request(reqwest::Method::GET, "/api/nothing").header("x-request-id", "a b\"c");
    assert_ne!(server.send(odd).await.json()["request_id"], "a b\"c");
}
