//! The five addresses of pictures and movies, and where the trees name what is there.

use image::ImageFormat;
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};
use watchtower_server::{layout::Layout, publish::Mode};

use super::made::{movie, picture, png};
use crate::support::{Answer, TestServer};

/// An entity that has a picture or a movie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Shot,
    Asset,
    Project,
    User,
    Edit,
}

pub use Place::{Asset, Edit, Project, Shot, User};

/// All that there are.
pub const PLACES: [Place; 5] = [Shot, Asset, Project, User, Edit];

impl Place {
    /// The address of the entity.
    pub fn entity(self) -> &'static str {
        match self {
            Shot => "/api/projects/p/shots/s",
            Asset => "/api/projects/p/assets/a",
            Project => "/api/projects/p",
            User => "/api/users/u",
            Edit => "/api/projects/p/edits/edit",
        }
    }

    /// The name of its medium.
    pub fn medium(self) -> &'static str {
        if self == Edit { "movie" } else { "thumbnail" }
    }

    /// The address of its medium.
    pub fn address(self) -> String {
        format!("{}/{}", self.entity(), self.medium())
    }

    /// Two files for it, of different types if they are pictures, with the types and what else is known of the first.
    pub fn files(self) -> ([Vec<u8>; 2], [&'static str; 2], Value) {
        if self == Edit {
            let known =
                json!({"codec": "avc1", "width": 256, "height": 144, "frames": 48, "fps": 24.0, "seconds": 2.0});
            return ([movie(48, 24.0, "one"), movie(72, 24.0, "two")], ["video/mp4"; 2], known);
        }
        let files = [png(1), picture(ImageFormat::Jpeg, (320, 200), 2)];
        (files, ["image/png", "image/jpeg"], json!({"width": 480, "height": 270}))
    }

    /// Where its files are in a tree.
    pub fn folder(self) -> &'static str {
        match self {
            User => "data/users/previews",
            Edit => "data/projects/p/movies",
            _ => "data/projects/p/previews",
        }
    }

    /// The start of the names of its files.
    pub fn id(self) -> &'static str {
        self.entity().rsplit('/').next().unwrap()
    }

    /// The size in pixels that the page has for its picture.
    pub fn canvas(self) -> (u32, u32) {
        if self == User { (400, 400) } else { (150, 100) }
    }

    /// What a tree says of it, in each of the files that do.
    pub async fn shown(self, server: &TestServer, layout: Layout) -> Vec<Value> {
        let tree = async |path: &str| json_of(server, layout, &format!("/data/{path}")).await;
        let project = tree("projects/p/project.json").await;
        match (self, layout) {
            (Shot, _) => vec![tree("projects/p/shots.json").await[0].take()],
            (Asset, _) => vec![tree("projects/p/assets.json").await[0].take()],
            (Project, Layout::Classic) => vec![tree("projects/context.json").await["projects"][0].take(), project],
            (Project, Layout::V1) => vec![tree("projects-list/index.json").await["projects"][0].take(), project],
            (User, Layout::Classic) => vec![tree("projects/context.json").await["users"][0].take()],
            (User, Layout::V1) => vec![project["team"][0].clone()],
            (Edit, Layout::Classic) => vec![tree("projects/p/edit.json").await],
            (Edit, Layout::V1) => vec![tree("projects/p/edits.json").await[0].take()],
        }
    }

    /// The paths at which a tree says that its picture or movie is.
    pub async fn paths(self, server: &TestServer, layout: Layout) -> Vec<Value> {
        let name = if self == Edit { "sourceName" } else { "thumbnailUrl" };
        self.shown(server, layout).await.into_iter().map(|mut shown| shown[name].take()).collect()
    }

    /// The path that the tree of the server's first site has for it.
    pub async fn path_in(self, server: &TestServer) -> String {
        self.paths(server, server.layout).await[0].as_str().unwrap().to_owned()
    }

    /// The one path that all trees have for it.
    pub async fn path(self, server: &TestServer) -> String {
        let mut paths = self.paths(server, Layout::Classic).await;
        paths.extend(self.paths(server, Layout::V1).await);
        paths.dedup();
        assert_eq!(paths.len(), 1, "{paths:?}");
        paths[0].as_str().unwrap_or_else(|| panic!("no path of {self:?}")).to_owned()
    }
}

/// The layouts.
pub const LAYOUTS: [Layout; 2] = [Layout::Classic, Layout::V1];

/// The production: one of each.
pub fn production() -> Value {
    json!({
        "name": "P", "team": [{"id": "u", "name": "U"}],
        "shots": [{"id": "s", "name": "S", "data": {"frame_in": 0, "frame_out": 10}}],
        "assets": [{"id": "a", "name": "A"}],
        "edits": [{"id": "edit", "name": "E"}],
    })
}

/// A server of both layouts with the production, which renders on request only.
pub async fn filled() -> TestServer {
    filled_with(Mode::Manual).await
}

/// A server of both layouts with the production.
pub async fn filled_with(mode: Mode) -> TestServer {
    let server = TestServer::start_with(|options| {
        let classic = options.sites[0].clone();
        options.sites.push(watchtower_server::server::SiteOptions { layout: Layout::V1, ..classic });
        options.mode = mode;
    });
    let server = server.await;
    server.put("/api/projects/p/snapshot?wait=published", &production()).await.expect(200);
    server
}

/// Uploads a file as `curl -T` does.
pub async fn put(server: &TestServer, address: &str, file: &[u8]) -> Answer {
    server.send(server.request(Method::PUT, address).body(file.to_vec())).await
}

/// A form with these parts: the headers of each, and what is in it.
pub fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (head, inside) in parts {
        body.extend([format!("--the-end\r\n{head}\r\n\r\n").as_bytes(), inside, b"\r\n"].concat());
    }
    body.extend(b"--the-end--\r\n");
    body
}

/// The header of the part of a form that is a file.
pub const FILE: &str = "content-disposition: form-data; name=\"file\"; filename=\"of the tracker\"";

/// Uploads a form.
pub async fn post(server: &TestServer, address: &str, parts: &[(&str, &[u8])]) -> Answer {
    let request = server.request(Method::POST, address).header("content-type", "multipart/form-data; boundary=the-end");
    server.send(request.body(form(parts))).await
}

/// A file, as the site of a layout serves it.
pub async fn served(server: &TestServer, layout: Layout, path: &str) -> (u16, HeaderMap, Vec<u8>) {
    let url = format!("http://{}{path}", server.address_of(layout));
    let response = server.client.get(url).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.bytes().await.unwrap().to_vec())
}

async fn json_of(server: &TestServer, layout: Layout, path: &str) -> Value {
    let (status, _, bytes) = served(server, layout, path).await;
    assert_eq!(status, 200, "{path}");
    serde_json::from_slice(&bytes).unwrap()
}

/// Renders everything anew, and frees what nobody refers to.
pub async fn force(server: &TestServer) {
    server.post("/api/render?force=true", &json!({})).await.expect(200);
}

/// The hashes of the files that the store holds, in order.
pub fn stored(server: &TestServer) -> Vec<String> {
    let media = server.folder.join("media");
    crate::support::files(&media).into_keys().map(|path| path.rsplit('/').next().unwrap().to_owned()).collect()
}
