//! Readers of the tree, who look at it all the time, whatever becomes of the server: on the disk, as another web server would,
//! and over HTTP while there is one.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
};

use reqwest::StatusCode;
use serde_json::Value;
use tokio::sync::watch;

use crate::support::client;

/// The files that are there from the beginning to the end.
const FILES: [&str; 6] = [
    "data/projects/context.json",
    "data/projects/shared/project.json",
    "data/projects/shared/shots.json",
    "data/projects/own-0/assets.json",
    "data/projects/pictures/shots.json",
    "data/projects/hooked/shots.json",
];

/// Readers at work.
pub struct Readers {
    is_over: Arc<AtomicBool>,
    url: watch::Sender<Option<String>>,
    on_disk: JoinHandle<u64>,
    over_http: tokio::task::JoinHandle<u64>,
}

impl Readers {
    /// Begins to read a tree that is rendered already.
    pub fn start(tree: &Path) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (url, told) = watch::channel(None);
        let (tree, over) = (tree.to_owned(), is_over.clone());
        let on_disk = std::thread::spawn(move || {
            let mut read = 0;
            while !over.load(Ordering::Relaxed) {
                read += FILES.iter().map(|file| read_file(&tree, file)).sum::<u64>();
            }
            read
        });
        let over_http = tokio::spawn(read_served(told, is_over.clone()));
        Self { is_over, url, on_disk, over_http }
    }

    /// The server is there, at an address, or is not.
    pub fn tell(&self, url: Option<String>) {
        self.url.send_replace(url);
    }

    /// Whether nobody has seen anything that is not whole so far.
    pub fn are_well(&self) -> bool {
        !self.on_disk.is_finished() && !self.over_http.is_finished()
    }

    /// Ends; how many files were read on the disk, and over HTTP.
    pub async fn finish(self) -> (u64, u64) {
        self.is_over.store(true, Ordering::Relaxed);
        self.url.send_replace(None);
        drop(self.url);
        (self.on_disk.join().unwrap(), self.over_http.await.unwrap())
    }
}

/// Reads a file, and the pictures that it names; how many that were.
fn read_file(tree: &Path, file: &str) -> u64 {
    let read = |path: PathBuf| fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let bytes = read(tree.join(file));
    let pictures = pictures(&parsed(file, &bytes));
    for picture in &pictures {
        check_picture(picture, &read(tree.join(picture)));
    }
    1 + pictures.len() as u64
}

/// The same of what is served.
async fn read_served(mut told: watch::Receiver<Option<String>>, is_over: Arc<AtomicBool>) -> u64 {
    let client = client();
    let count = AtomicU64::new(0);
    // A server that is killed meanwhile leaves no answer, or one that is cut off and known to be.
    let get = async |url: &str, file: &str| {
        let response = client.get(format!("{url}/{file}")).send().await.ok()?;
        assert_eq!(response.status(), StatusCode::OK, "{file}");
        let bytes = response.bytes().await.ok()?;
        count.fetch_add(1, Ordering::Relaxed);
        Some(bytes)
    };
    while !is_over.load(Ordering::Relaxed) {
        let url = match told.wait_for(Option::is_some).await {
            Ok(url) => url.clone().unwrap_or_default(),
            Err(_) => break,
        };
        for file in FILES {
            let Some(bytes) = get(&url, file).await else { continue };
            for picture in pictures(&parsed(file, &bytes)) {
                if let Some(bytes) = get(&url, &picture).await {
                    check_picture(&picture, &bytes);
                }
            }
        }
    }
    count.into_inner()
}

fn parsed(file: &str, bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|error| panic!("{file}: {error}: {:?}", String::from_utf8_lossy(bytes)))
}

fn pictures(list: &Value) -> Vec<String> {
    let entities = list.as_array().map(Vec::as_slice).unwrap_or_default();
    entities.iter().filter_map(|entity| entity["thumbnailUrl"].as_str()).map(str::to_owned).collect()
}

/// A PNG is whole if its last part is there.
fn check_picture(path: &str, bytes: &[u8]) {
    let is_whole = bytes.starts_with(b"\x89PNG") && bytes.ends_with(b"IEND\xae\x42\x60\x82");
    assert!(is_whole, "{path} is half a picture, of {} bytes", bytes.len());
}
