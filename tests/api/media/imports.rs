//! A tree with pictures and movies, imported: what is rendered from it is the same tree.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use image::ImageFormat;
use serde_json::{Value, json};
use tempfile::TempDir;
use watchtower_server::{layout::Layout, publish::Mode};

use super::{
    made::{movie, picture, png},
    place::{Asset, Edit, LAYOUTS, PLACES, Project, Shot, User, production, put, stored},
};
use crate::{
    outside::succeed,
    support::{TestServer, files},
    tokens::Holder,
};

/// A server of one layout, which renders on request only.
async fn server_of(layout: Layout, placeholders: bool) -> TestServer {
    TestServer::start_with(|options| {
        (options.sites[0].layout, options.mode) = (layout, Mode::Manual);
        options.placeholders = placeholders;
    })
    .await
}

/// A production with a file at each place, with shots that have none, and a second project without any.
async fn source(layout: Layout, placeholders: bool) -> TestServer {
    let server = server_of(layout, placeholders).await;
    let mut production = production();
    let more = json!({"id": "t", "name": "T", "data": {"frame_in": 10, "frame_out": 20}});
    production["shots"].as_array_mut().unwrap().push(more);
    server.put("/api/projects/p/snapshot", &production).await.expect(200);
    let other = json!({"name": "Q", "shots": [{"id": "s", "name": "S", "data": {"frame_in": 0, "frame_out": 9}}]});
    server.put("/api/projects/q/snapshot", &other).await.expect(200);
    for place in PLACES {
        put(&server, &place.address(), &place.files().0[0]).await.expect(201);
    }
    server.rendered().await;
    server
}

/// A copy of what is served of a server's data, as the root of a site.
fn copy(server: &TestServer) -> TempDir {
    let copy = TempDir::new().unwrap();
    for (path, bytes) in files(&server.site()) {
        let path = copy.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    copy
}

fn command(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchtower-server"));
    command.args(arguments).arg(folder);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WATCHTOWER_")) {
        command.env_remove(name);
    }
    command
}

/// Imports a tree into a fresh data folder, by the command; gives what it said.
async fn import_into(data: &Path, tree: &Path) -> String {
    let mut import = command(&["import"], tree);
    import.arg("--data-dir").arg(data);
    succeed(import).await
}

/// Imports a tree into a server that runs, by the command; gives what it said.
async fn import_over_http(server: &TestServer, tree: &Path) -> String {
    let mut import = command(&["import", "--url", &server.url("")], tree);
    import.current_dir(tree);
    succeed(import).await
}

/// What a data folder renders, below a new folder.
async fn rendered(data: &Path, layout: Layout, more: &[&str]) -> TempDir {
    let out = TempDir::new().unwrap();
    let mut render = command(&["render", "--layout", layout.name(), "--out"], out.path());
    render.args(more).arg("--data-dir").arg(data);
    succeed(render).await;
    out
}

/// Two folders have the same files.
#[track_caller]
fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (files(one), files(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (path, bytes) in &one {
        let is_json = watchtower_server::layout::is_json(path);
        let text = |bytes: &[u8]| if is_json { String::from_utf8_lossy(bytes).into_owned() } else { String::new() };
        assert!(other[path] == *bytes, "{path}:\n{}\n{}", text(bytes), text(&other[path]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_tokens_takes_an_import_of_whoever_has_one() {
    let (from, to) = (source(Layout::Classic, false).await, TestServer::start().await);
    let tree = copy(&from);
    let admin = Holder::admin(&to).await;
    let import = || command(&["import", "--url", &to.url("")], tree.path());
    let mut without = import();
    let output = tokio::task::spawn_blocking(move || without.output()).await.unwrap().unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("401"), "{output:?}");
    let mut import = import();
    import.env("WATCHTOWER_TOKEN", &admin.token);
    let said = succeed(import).await;
    assert!(said.contains("pictures and movies: 5 taken, 0 refused"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_layout_of_a_render_is_the_one_that_the_server_has() {
    let server = source(Layout::V1, false).await;
    let out = TempDir::new().unwrap();
    let mut render = command(&["render", "--out"], out.path());
    render.arg("--data-dir").arg(&server.folder);
    succeed(render).await;
    assert!(out.path().join("data/projects-list/index.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_tree_is_rendered_file_by_file_as_it_was() {
    for layout in LAYOUTS {
        let (server, data) = (source(layout, false).await, TempDir::new().unwrap());
        let tree = copy(&server);
        let said = import_into(data.path(), tree.path()).await;
        assert!(said.contains("pictures and movies: 5 taken, 0 refused"), "{said}");
        assert_same(rendered(data.path(), layout, &[]).await.path(), tree.path());

        let other = server_of(layout, false).await;
        let said = import_over_http(&other, tree.path()).await;
        assert!(said.contains("pictures and movies: 5 taken, 0 refused"), "{said}");
        other.rendered().await;
        assert_same(&other.site(), tree.path());
        // Once more it is the same again, and nothing is new.
        let revision = other.revision().await;
        import_over_http(&other, tree.path()).await;
        assert_eq!((other.revision().await, &other.rendered().await["files_written"]), (revision, &json!(0)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drawn_pictures_and_blank_movies_are_not_taken_for_uploads() {
    for layout in LAYOUTS {
        let (server, data) = (source(layout, true).await, TempDir::new().unwrap());
        let tree = copy(&server);
        assert!(files(tree.path()).keys().any(|path| path.contains("/drawn/")));
        let other = server_of(layout, true).await;
        for said in [import_into(data.path(), tree.path()).await, import_over_http(&other, tree.path()).await] {
            assert!(said.contains("pictures and movies: 5 taken, 0 refused"), "{said}");
        }
        assert_eq!(other.get("/api/projects/p/shots/t").await.json()["thumbnail"], Value::Null);
        for edit in other.get("/api/projects/q/edits").await.expect(200).json().as_array().unwrap() {
            assert_eq!(edit["movie"], Value::Null);
        }
        other.rendered().await;
        assert_same(&other.site(), tree.path());
        assert_same(rendered(data.path(), layout, &["--placeholders"]).await.path(), tree.path());
        // Where none are wanted, none are left.
        let plain = rendered(data.path(), layout, &[]).await;
        assert!(!files(plain.path()).keys().any(|path| path.contains("/drawn/")));
        let shots: Value = serde_json::from_slice(&files(plain.path())["data/projects/p/shots.json"]).unwrap();
        assert_eq!(shots[1]["thumbnailUrl"], Value::Null);
    }
}

/// Alters a list of a tree.
fn alter(tree: &Path, list: &str, change: impl FnOnce(&mut Value)) {
    let path = tree.join("data/projects").join(list);
    let mut value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leads_out_of_a_tree_or_is_not_there_is_passed_over_and_what_is_broken_is_told() {
    let elsewhere = TempDir::new().unwrap();
    fs::write(elsewhere.path().join("secret.png"), png(7)).unwrap();
    let outside = elsewhere.path().join("secret.png");
    let server = source(Layout::Classic, false).await;
    let tree = copy(&server);
    let names = ["s", "linked", "up", "absolute", "up-inside", "missing", "folder", "broken", "text", "of-page"];
    let previews = tree.path().join("data/projects/p/previews");
    let good = Shot.path_in(&server).await;
    std::os::unix::fs::symlink(&outside, previews.join("linked.png")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), previews.join("folder-elsewhere")).unwrap();
    fs::create_dir(previews.join("folder.png")).unwrap();
    fs::write(previews.join("broken.png"), &png(3)[..200]).unwrap();
    fs::write(previews.join("text.png"), "Sign in, please").unwrap();
    let up = format!("data/../..{}", outside.display());
    let of = |name: &str| match name {
        "s" => good.clone(),
        "up" => up.clone(),
        "absolute" => outside.display().to_string(),
        "up-inside" => format!("data/projects/../../{good}"),
        "of-page" => "static/img/placeholder-asset.png".to_owned(),
        name => format!("data/projects/p/previews/{name}.png"),
    };
    alter(tree.path(), "p/shots.json", |shots| {
        let shot = shots[0].clone();
        let all = names.iter().chain(&["through"]).map(|name| {
            let mut shot = shot.clone();
            shot["id"] = json!(name);
            shot["thumbnailUrl"] = json!(of(name));
            if *name == "through" {
                shot["thumbnailUrl"] = json!("data/projects/p/previews/folder-elsewhere/secret.png");
            }
            shot
        });
        *shots = all.collect();
    });
    fs::write(tree.path().join("data/projects/p/edit.mp4"), &movie(48, 24.0, "")[..700]).unwrap();
    alter(tree.path(), "p/edit.json", |edit| edit["sourceName"] = json!("data/projects/p/edit.mp4"));

    let (data, other) = (TempDir::new().unwrap(), server_of(Layout::Classic, false).await);
    let mut import = command(&["import"], tree.path());
    import.arg("--data-dir").arg(data.path());
    for said in [succeed(import).await, import_over_http(&other, tree.path()).await] {
        // The shot, the asset, the project and the person; two pictures and the movie are broken.
        assert!(said.contains("pictures and movies: 4 taken, 3 refused"), "{said}");
        let warnings: Vec<_> = said.lines().filter(|line| line.contains("warning: ")).collect();
        assert_eq!(warnings.len(), 3, "{said}");
        for word in ["cut off", "text", "the movie is cut off"] {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
    for name in names.iter().chain(&["through"]) {
        let shot = other.get(&format!("/api/projects/p/shots/{name}")).await.expect(200).json();
        assert_eq!(shot["thumbnail"].is_object(), *name == "s", "{shot}");
    }
    for place in [Asset, Project, User] {
        assert!(other.get(place.entity()).await.json()["thumbnail"].is_object());
    }
    assert_eq!(other.get(Edit.entity()).await.json()["movie"], Value::Null);
    assert_eq!(unfinished(&other.folder), 0);
    assert_eq!(unfinished(data.path()), 0);
    let secret = super::made::sha256(&png(7));
    assert!(!stored(&other).contains(&secret));
}

fn unfinished(data: &Path) -> usize {
    fs::read_dir(data.join("media/.unfinished")).unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_of_the_python_package_gives_its_pictures_and_its_movie_to_their_entities() {
    // As connectors write it: names as they like, the movie at its usual place, pictures of the page's own size or not.
    let server = source(Layout::Classic, false).await;
    let tree = copy(&server);
    let p: PathBuf = tree.path().join("data/projects/p");
    let film = movie(72, 24.0, "of the package");
    fs::remove_file(p.join("edit.mp4")).unwrap();
    fs::write(p.join("edit.mp4"), &film).unwrap();
    fs::create_dir(p.join("thumbs")).unwrap();
    fs::write(p.join("thumbs/s.jpg"), picture(ImageFormat::Jpeg, (150, 100), 4)).unwrap();
    alter(tree.path(), "p/edit.json", |edit| {
        edit["sourceName"] = json!("data/projects/p/edit.mp4");
        edit["totalFrames"] = json!(72);
    });
    alter(tree.path(), "p/shots.json", |shots| shots[0]["thumbnailUrl"] = json!("/data/projects/p/thumbs/s.jpg"));
    // The root of the site, its data, and what holds it as `public`.
    for below in ["", "data"] {
        let other = server_of(Layout::Classic, false).await;
        let said = import_over_http(&other, &tree.path().join(below)).await;
        assert!(said.contains("5 taken, 0 refused"), "{said}");
        other.rendered().await;
        let movie = other.get(Edit.entity()).await.json()["movie"].take();
        assert_eq!(movie["sha256"], super::made::sha256(&film));
        let edit = other.tree("projects/p/edit.json").await;
        assert_eq!((&edit["totalFrames"], &edit["sourceType"]), (&json!(72), &json!("video/mp4")));
        assert!(edit["sourceName"].as_str().unwrap().starts_with("data/projects/p/movies/edit-"), "{edit}");
        assert_eq!(fs::read(other.site().join(edit["sourceName"].as_str().unwrap())).unwrap(), film);
        let shots = other.tree("projects/p/shots.json").await;
        assert!(shots[0]["thumbnailUrl"].as_str().unwrap().starts_with("data/projects/p/previews/s-"), "{shots}");
        assert_eq!(other.get("/api/projects/p/problems").await.json().as_array().unwrap().len(), 0);
    }
}
