//! Pictures and movies in the real page: what is uploaded as people have it is seen whole, and plays.

mod charts;
mod production;
mod reel;

use std::{fs, path::Path};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use watchtower_server::{
    layout::Layout,
    page,
    server::{Options, SiteOptions},
};

use self::production::{BARE, MOVIE, MP4, PROJECT, Production};
use crate::{
    outside::{BROWSER, browser_at, succeed, tool},
    support::TestServer,
};

/// A live server with a site for each real page that is there, which draws pictures for shots that have none.
async fn start() -> Option<(TestServer, Vec<Layout>, TempDir)> {
    let wheels =
        [(tool("WATCHTOWER_TEST_WHEEL_CLASSIC"), Layout::Classic), (tool("WATCHTOWER_TEST_WHEEL_V1"), Layout::V1)];
    let frontend = TempDir::new().unwrap();
    let mut sites = Vec::new();
    for (wheel, layout) in wheels {
        let (Some(wheel), folder) = (wheel, frontend.path().join(layout.name())) else { continue };
        let installed = tokio::task::spawn_blocking(move || page::install(&wheel, &folder, None));
        let page = Some(installed.await.unwrap().unwrap());
        sites.push(SiteOptions { listen: "127.0.0.1:0".parse().unwrap(), layout, page, live: true, tls: None });
    }
    if sites.is_empty() {
        return None;
    }
    let layouts = sites.iter().map(|site| site.layout).collect();
    let server = TestServer::start_with(|options| *options = Options { placeholders: true, ..Options::usual(sites) });
    Some((server.await, layouts, frontend))
}

/// Uploads a file as `curl -T` does: the bytes, and no word about them.
async fn upload(server: &TestServer, path: &str, file: &Path) -> Value {
    let request = server.request(Method::PUT, path).body(fs::read(file).unwrap());
    let answer = server.send(request).await.expect(201);
    assert_eq!(answer.header("watchtower-warnings"), "", "{path}");
    answer.json()
}

/// Makes the production over the API, as a connector would.
async fn fill(server: &TestServer, production: &Production, folder: &Path) {
    server.put("/api/context", &production::context()).await.expect(200);
    for (id, snapshot) in [(PROJECT, production::charts()), (BARE, production::bare())] {
        let answer = server.put(&format!("/api/projects/{id}/snapshot"), &snapshot).await.expect(200);
        assert_eq!(answer.json()["warnings"], json!([]));
    }
    for picture in &production.pictures {
        let answer = upload(server, &picture.path, &folder.join(&picture.file)).await;
        let (width, height) = picture.chart.size;
        assert_eq!((&answer["width"], &answer["height"]), (&json!(width), &json!(height)), "{}", picture.path);
    }
    let answer = upload(server, MOVIE, &folder.join(MP4)).await;
    assert_eq!(answer["frames"], production.mp4.frames());
    server.rendered().await;
    let [sent, shown] = [fs::read(folder.join(MP4)).unwrap(), served(server, &answer["path"]).await];
    assert_eq!((plays_early(&sent), plays_early(&shown)), (false, true));
}

async fn served(server: &TestServer, path: &Value) -> Vec<u8> {
    let request = server.request(Method::GET, &format!("/{}", path.as_str().unwrap()));
    request.send().await.unwrap().bytes().await.unwrap().to_vec()
}

/// Whether the index of an MP4 comes before its media data.
fn plays_early(movie: &[u8]) -> bool {
    let place = |name: &[u8]| movie.windows(4).position(|four| four == name).unwrap();
    place(b"moov") < place(b"mdat")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_pages_show_pictures_of_any_kind_whole_and_play_movies_to_the_frame_also_new_ones() {
    let Some(ffmpeg) = tool("WATCHTOWER_TEST_FFMPEG") else { return };
    let _alone = BROWSER.lock().await;
    let Some((server, layouts, _frontend)) = start().await else { return };
    let folder = TempDir::new().unwrap();
    let production = Production::new();
    production.write(&ffmpeg, folder.path());
    fill(&server, &production, folder.path()).await;
    for layout in layouts {
        let base = format!("http://{}", server.address_of(layout));
        let Some(mut command) = browser_at("media.mjs", &base) else { return };
        command.arg(folder.path());
        let printed = succeed(command).await;
        assert!(printed.contains("all passed"), "{printed}");
    }
}
