//! Backups of a server that is being written to, and what a server makes of them.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    crash::process::{Process, run},
    media::made::{picture, sha256},
    support::files,
};

/// How many backups are made while it is written.
const BACKUPS: usize = 3;

/// Runs `backup`, which must go well; gives what it said.
async fn backup(folder: &Path, words: &[&str]) -> String {
    let words: Vec<String> = ["backup"].iter().chain(words).map(|word| (*word).to_owned()).collect();
    let (is_done, said, failed) = run(folder, &words).await;
    assert!(is_done, "{failed}");
    said
}

fn png(turn: u32) -> Vec<u8> {
    picture(ImageFormat::Png, (20 + turn / 200, 10), u8::try_from(turn % 200).unwrap())
}

/// A project with a shot, and another with an asset, which always have the same name.
async fn prepared(folder: &Path) -> Process {
    let process = Process::start(folder).await;
    let projects = ["p", "q"].map(|id| json!({"id": id, "name": id}));
    process.send(Method::PUT, "/api/projects", &json!(projects)).await;
    let shot = json!({"id": "s", "name": "0", "data": {"frame_in": 0, "frame_out": 10}});
    process.send(Method::POST, "/api/projects/p/shots", &shot).await;
    process.send(Method::POST, "/api/projects/q/assets", &json!({"id": "a", "name": "0"})).await;
    process
}

/// Alters both, or the picture of the shot; gives the revision.
async fn alter(process: &Process, turn: u32) -> u64 {
    if turn % 3 == 0 {
        return process.upload("/api/projects/p/shots/s/thumbnail", png(turn)).await;
    }
    let put = |project: &str, kind: &str, id: &str| json!({"op": "merge", "kind": kind, "project": project, "id": id, "value": {"name": turn.to_string()}});
    let changes = json!({"changes": [put("p", "shots", "s"), put("q", "assets", "a")]});
    process.send(Method::POST, "/api/batch", &changes).await["revision"].as_u64().unwrap()
}

/// A data folder made of a backup, as docs/operations.md says.
fn restored(temp: &TempDir, database: &Path, media: &Path) -> PathBuf {
    let folder = temp.path().join("restored");
    fs::create_dir(&folder).unwrap();
    fs::copy(database, folder.join("watchtower.db")).unwrap();
    let mut copy = std::process::Command::new("cp");
    assert!(copy.arg("-R").arg(media).arg(folder.join("media")).status().unwrap().success());
    folder
}

/// What is served is what was there at one revision: name of both, and the number of the picture.
async fn check(folder: &Path, states: &BTreeMap<u64, (u32, u32)>, revision: u64) {
    let process = Process::start(folder).await;
    let status = process.get("/api/status").await;
    assert_eq!(status["revision"], revision);
    let (name, shown) = states.range(..=revision).next_back().unwrap().1;
    let (shot, asset) = (process.get("/api/projects/p/shots/s").await, process.get("/api/projects/q/assets/a").await);
    assert_eq!((&shot["name"], &asset["name"]), (&json!(name.to_string()), &json!(name.to_string())));
    if *shown > 0 {
        let original = process.file("/api/projects/p/shots/s/thumbnail").await.unwrap();
        assert!(original == png(*shown), "another picture is restored");
        let tree = process.get("/data/projects/p/shots.json").await;
        let path = tree[0]["thumbnailUrl"].as_str().unwrap().to_owned();
        assert_eq!(sha256(&process.file(&format!("/{path}")).await.unwrap()), shot["thumbnail"]["shown"]);
    }
    process.get("/readyz").await;
    // It goes on from there.
    assert!(alter(&process, 1000).await > revision);
    process.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_what_was_there_at_one_revision_and_can_be_served() {
    let temp = TempDir::new().unwrap();
    let folder = temp.path().join("data");
    let process = prepared(&folder).await;
    let (file, media) = (temp.path().join("backup.db"), temp.path().join("backup-media"));
    let words = [file.to_str().unwrap(), "--force", "--media", media.to_str().unwrap()];
    // Name and picture by revision, once they were answered.
    let (mut states, mut state, mut turn) = (BTreeMap::from([(0, (0, 0))]), (0, 0), 0);
    for number in 0..BACKUPS {
        let (from, told) = (folder.clone(), words.map(str::to_owned));
        let backing_up = tokio::spawn(async move { backup(&from, &told.each_ref().map(String::as_str)).await });
        while !backing_up.is_finished() {
            turn += 1;
            let revision = alter(&process, turn).await;
            state = if turn % 3 == 0 { (state.0, turn) } else { (turn, state.1) };
            states.insert(revision, state);
        }
        let said = backing_up.await.unwrap();
        let revision =
            said.split_once("revision ").and_then(|(_, rest)| rest.split(',').next()).unwrap().parse().unwrap();
        assert!(states.contains_key(&revision) || revision <= 4, "{said}");
        let again = TempDir::new().unwrap();
        check(&restored(&again, &file, &media), &states, revision).await;
        eprintln!("backup {number} after {turn} writes: {said}");
    }
    process.terminate().await;
}

#[tokio::test]
async fn a_backup_replaces_nothing_unless_it_is_told_to_and_leaves_nothing_beside_it() {
    let temp = TempDir::new().unwrap();
    let folder = temp.path().join("data");
    let process = prepared(&folder).await;
    let place = temp.path().join("backups");
    fs::create_dir(&place).unwrap();
    let file = place.join("one.db");
    let words = ["backup".to_owned(), file.to_str().unwrap().to_owned()];
    backup(&folder, &[&words[1]]).await;
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    let first = fs::read(&file).unwrap();
    alter(&process, 1).await;
    let (is_done, _, failed) = run(&folder, &words).await;
    assert!(!is_done && failed.contains("--force"), "{failed}");
    assert!(fs::read(&file).unwrap() == first);
    // What was left by one that was killed is in nobody's way.
    fs::write(place.join(".one.db.unfinished"), "half a database").unwrap();
    backup(&folder, &[&words[1], "--force"]).await;
    assert!(fs::read(&file).unwrap() != first);
    assert_eq!(files(&place).keys().collect::<Vec<_>>(), ["one.db"]);
    process.terminate().await;
    // Without a server, too, and without a database not.
    backup(&folder, &[&words[1], "--force"]).await;
    let (is_done, _, failed) =
        run(&temp.path().join("nowhere"), &[words[0].clone(), words[1].clone(), "--force".to_owned()]).await;
    assert!(!is_done && failed.contains("there is no database"), "{failed}");
}

#[tokio::test]
async fn pictures_that_a_backup_has_already_are_left_alone_as_is_what_else_is_there() {
    let temp = TempDir::new().unwrap();
    let folder = temp.path().join("data");
    let process = prepared(&folder).await;
    let (file, media) = (temp.path().join("backup.db"), temp.path().join("media"));
    let words = [file.to_str().unwrap(), "--force", "--media", media.to_str().unwrap()];
    process.upload("/api/projects/p/shots/s/thumbnail", png(3)).await;
    let said = backup(&folder, &words).await;
    assert!(said.contains("2 files copied, 0 were there"), "{said}");
    fs::write(media.join("notes.txt"), "x").unwrap();
    let before = files(&media);
    for (path, bytes) in before.iter().filter(|(path, _)| path.contains('/')) {
        assert_eq!(&sha256(bytes), path.split_once('/').unwrap().1);
        // What is the same by its name is not written again.
        fs::set_permissions(media.join(path), fs::Permissions::from_mode(0o400)).unwrap();
    }
    process.upload("/api/projects/p/shots/s/thumbnail", png(6)).await;
    let said = backup(&folder, &words).await;
    assert!(said.contains("2 files copied, 0 were there"), "{said}");
    let said = backup(&folder, &words).await;
    assert!(said.contains("0 files copied, 2 were there"), "{said}");
    let after = files(&media);
    assert_eq!(after.len(), before.len() + 2);
    assert!(before.iter().all(|(path, bytes)| after.get(path) == Some(bytes)));
    // A file that is missing where it should be is named.
    let shown: Value = process.get("/api/projects/p/shots/s").await;
    let hash = shown["thumbnail"]["sha256"].as_str().unwrap();
    fs::remove_file(folder.join("media").join(&hash[..2]).join(hash)).unwrap();
    let other = temp.path().join("other");
    let said = backup(&folder, &[words[0], "--force", "--media", other.to_str().unwrap()]).await;
    assert!(said.contains(hash) && said.contains("missing"), "{said}");
    process.terminate().await;
}

#[tokio::test]
async fn what_an_earlier_backup_left_or_another_one_does_harms_no_picture() {
    let temp = TempDir::new().unwrap();
    let folder = temp.path().join("data");
    let process = prepared(&folder).await;
    process.upload("/api/projects/p/shots/s/thumbnail", png(3)).await;
    process.terminate().await;
    let before = files(&folder.join("media"));
    // It was killed when a file had its second name, and not yet its place.
    let media = temp.path().join("media");
    let scratch = media.join(".unfinished");
    fs::create_dir_all(&scratch).unwrap();
    for path in before.keys() {
        let hash = path.rsplit('/').next().unwrap();
        fs::hard_link(folder.join("media").join(path), scratch.join(hash)).unwrap();
    }
    let words = [temp.path().join("one.db"), media.clone()].map(|path| path.to_str().unwrap().to_owned());
    let words = ["backup", &words[0], "--force", "--media", &words[1]].map(str::to_owned);
    // While another one works there, nothing is begun.
    let other = fs::File::create(media.join(".lock")).unwrap();
    other.lock().unwrap();
    let (is_done, _, said) = run(&folder, &words).await;
    assert!(!is_done && said.contains("another backup is being written to"), "{said}");
    assert!(scratch.exists() && files(&folder.join("media")) == before);
    drop(other);
    let (is_done, _, said) = run(&folder, &words).await;
    assert!(is_done, "{said}");
    assert!(!scratch.exists() && files(&folder.join("media")) == before, "an original was written to");
    let mut copied = files(&media);
    copied.remove(".lock");
    assert!(copied == before);
}
