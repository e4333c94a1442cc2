//! Trees that are rendered into a folder in which somebody put links.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output},
};

use serde_json::json;
use tempfile::TempDir;
use watchtower_server::media::blank;

use super::{SECRET, hide};
use crate::support::{TestServer, files};

/// A data folder with a project.
async fn data() -> TestServer {
    let mut server = TestServer::start().await;
    let snapshot = json!({"name": "P", "shots": [{"id": "s", "name": "S", "data": {"frame_in": 0, "frame_out": 9}}]});
    server.put("/api/projects/p/snapshot?wait=published", &snapshot).await.expect(200);
    server.stop().await;
    server
}

async fn render(server: &TestServer, out: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchtower-server"));
    command.arg("render").arg("--out").arg(out).arg("--data-dir").arg(&server.folder);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WATCHTOWER_")) {
        command.env_remove(name);
    }
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

#[tokio::test]
async fn nothing_is_written_through_a_folder_that_is_a_link() {
    let server = data().await;
    for folder in ["data", "data/projects", "data/projects/p"] {
        let temp = TempDir::new().unwrap();
        let (out, other) = (temp.path().join("out"), temp.path().join("other"));
        fs::create_dir_all(out.join(folder).parent().unwrap()).unwrap();
        fs::create_dir_all(other.join("projects/p")).unwrap();
        hide(&other);
        symlink(&other, out.join(folder)).unwrap();
        let before = files(&other);
        let done = render(&server, &out).await;
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(!done.status.success() && said.contains("is a link") && said.contains(folder), "{said}");
        assert_eq!(files(&other), before, "{folder}");
    }
}

#[tokio::test]
async fn links_in_the_place_of_files_are_replaced_and_what_they_led_to_stays() {
    let server = data().await;
    let temp = TempDir::new().unwrap();
    let (out, secret) = (temp.path().join("out"), hide(temp.path()));
    fs::create_dir_all(out.join("data/projects/p")).unwrap();
    let names = ["data/projects/context.json", "data/projects/p/shots.json", "data/projects/p/edit.mp4", ".unfinished"];
    for name in &names[..3] {
        symlink(&secret, out.join(name)).unwrap();
    }
    let kept = temp.path().join("kept");
    fs::create_dir(&kept).unwrap();
    hide(&kept);
    symlink(&kept, out.join(names[3])).unwrap();
    symlink("/dev/zero", out.join("data/projects/p/assets.json")).unwrap();
    symlink("sequences.json", out.join("data/projects/p/sequences.json")).unwrap();
    // The folder itself may be a link: whoever names it means where it leads.
    symlink(&out, temp.path().join("link")).unwrap();
    let done = render(&server, &temp.path().join("link")).await;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    assert_eq!(fs::read_to_string(&secret).unwrap(), SECRET);
    assert_eq!(fs::read_to_string(kept.join("secret.txt")).unwrap(), SECRET);
    for name in ["context.json", "p/shots.json", "p/assets.json", "p/sequences.json"] {
        let path = out.join("data/projects").join(name);
        assert!(!path.is_symlink() && path.is_file(), "{name}");
    }
    let movie = out.join("data/projects/p/edit.mp4");
    assert!(!movie.is_symlink() && blank::is_blank(&fs::read(movie).unwrap()));
}
