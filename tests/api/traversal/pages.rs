//! The page: what its archive has in it is unpacked into its folder, and what is served is in that.

use std::{fs, io::Write, os::unix::fs::symlink, path::Path};

use tempfile::TempDir;
use watchtower_server::{
    layout::Layout,
    page::{self, Error},
};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{SECRET, hide};
use crate::support::{TestServer, files, page};

/// An archive of a page with one more entry, under a name and with a mode as they are.
fn wheel(path: &Path, name: &str, mode: u32) {
    let mut zip = ZipWriter::new(fs::File::create(path).unwrap());
    // Names are tidied when they are written, so that this one is put in later; as it is, in both places.
    let stand_in = "~".repeat(name.len());
    for (name, options) in [
        ("index.html", SimpleFileOptions::default()),
        (&*stand_in, SimpleFileOptions::default().unix_permissions(0o644)),
    ] {
        zip.start_file(name, options).unwrap();
        zip.write_all(SECRET.as_bytes()).unwrap();
    }
    let mut bytes = zip.finish().map(|_| fs::read(path).unwrap()).unwrap();
    let places: Vec<usize> = bytes
        .windows(stand_in.len())
        .enumerate()
        .filter(|(_, at)| *at == stand_in.as_bytes())
        .map(|(place, _)| place)
        .collect();
    assert_eq!(places.len(), 2, "{name}");
    for place in &places {
        bytes[*place..place + name.len()].copy_from_slice(name.as_bytes());
    }
    // In the directory, the mode is in the two bytes that end 6 before the name, and the system that says so at its beginning.
    let entry = places[1] - 46;
    bytes[entry + 5] = 3;
    bytes[entry + 40..entry + 42].copy_from_slice(&u16::try_from(mode).unwrap().to_le_bytes());
    fs::write(path, bytes).unwrap();
}

#[test]
fn entries_of_an_archive_that_lead_elsewhere_or_are_no_files_are_refused_and_leave_nothing() {
    let (regular, link, device, fifo, socket) = (0o100_644, 0o120_777, 0o020_666, 0o010_644, 0o140_755);
    let cases = [
        ("../evil", regular),
        ("../../../../../../../../tmp/watchtower-evil", regular),
        ("assets/../../evil", regular),
        ("assets/..", regular),
        ("/tmp/watchtower-evil", regular),
        ("//tmp/watchtower-evil", regular),
        ("C:/evil", regular),
        ("C:evil", regular),
        ("..\\evil", regular),
        ("\\\\host\\evil", regular),
        ("assets/./evil", regular),
        ("assets//evil", regular),
        ("assets/evil\0.js", regular),
        ("assets/\u{202e}\n", regular),
        ("assets/link.js", link),
        ("assets/device.js", device),
        ("assets/fifo.js", fifo),
        ("assets/socket.js", socket),
    ];
    for (name, mode) in cases {
        let temp = TempDir::new().unwrap();
        let (path, frontend) = (temp.path().join("page.whl"), temp.path().join("data/frontend"));
        wheel(&path, name, mode);
        let before = files(temp.path());
        let refused = page::install(&path, &frontend, Some(Layout::V1)).unwrap_err();
        assert!(matches!(refused, Error::UnsafeEntry { .. }), "{name:?}: {refused}");
        assert_eq!(files(temp.path()), before, "{name:?}");
        assert!(!Path::new("/tmp/watchtower-evil").exists());
    }
    // Names that only other systems have a meaning for are names.
    for name in ["con", "nul.js", "aux.", "assets/...", "~", "$HOME/a.js", "%2e%2e"] {
        let temp = TempDir::new().unwrap();
        let (path, frontend) = (temp.path().join("page.whl"), temp.path().join("frontend"));
        wheel(&path, name, regular);
        let page = page::install(&path, &frontend, Some(Layout::V1)).unwrap();
        let hidden = name.split('/').any(|part| part.starts_with('.'));
        assert_eq!(page.root.join(name).is_file(), !hidden, "{name}");
    }
}

#[test]
fn of_two_entries_of_one_name_one_is_taken() {
    let temp = TempDir::new().unwrap();
    let (path, frontend) = (temp.path().join("page.whl"), temp.path().join("frontend"));
    wheel(&path, "index.html", 0o100_644);
    let page = page::install(&path, &frontend, Some(Layout::V1)).unwrap();
    assert_eq!(files(&page.root).into_keys().collect::<Vec<_>>(), ["index.html"]);
}

#[tokio::test]
async fn links_in_the_folder_of_a_page_are_followed_as_long_as_they_stay_in_it() {
    let temp = TempDir::new().unwrap();
    let (root, other) = (temp.path().join("page"), temp.path().join("other"));
    for folder in [root.join("assets"), other.clone()] {
        fs::create_dir_all(folder).unwrap();
    }
    let secret = hide(&other);
    fs::write(root.join("index.html"), "<html>").unwrap();
    fs::write(root.join("assets/a.1.js"), "a").unwrap();
    symlink("a.1.js", root.join("assets/a.js")).unwrap();
    symlink(root.join("assets"), root.join("also")).unwrap();
    symlink(&secret, root.join("assets/secret.js")).unwrap();
    symlink("../other", root.join("other")).unwrap();
    symlink("/", root.join("all")).unwrap();
    symlink("around", root.join("around")).unwrap();
    symlink(&root, temp.path().join("link")).unwrap();
    // The folder itself may be a link.
    let server = TestServer::start_with(|options| {
        options.sites[0].page = Some(page(&temp.path().join("link"), Layout::Classic));
    })
    .await;
    for (path, body) in [("/", "<html>"), ("/assets/a.js", "a"), ("/also/a.js", "a"), ("/also/a.1.js", "a")] {
        assert_eq!(server.get(path).await.expect(200).text, body, "{path}");
    }
    let all = format!("/all{}", secret.display());
    for path in
        ["/assets/secret.js", "/other/secret.txt", "/other", "/other/", &all, "/all/etc/passwd", "/all", "/around"]
    {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
        let part = server.send(server.request(reqwest::Method::GET, path).header("range", "bytes=0-3")).await;
        assert_eq!(part.status, 404, "{path}: {}", part.text);
    }
}

#[tokio::test]
async fn an_index_that_is_a_link_out_is_not_served_either() {
    for live in [false, true] {
        let temp = TempDir::new().unwrap();
        let secret = hide(temp.path());
        let root = temp.path().join("page");
        fs::create_dir(&root).unwrap();
        symlink(&secret, root.join("index.html")).unwrap();
        let server = TestServer::start_with(|options| {
            (options.sites[0].page, options.sites[0].live) = (Some(page(&root, Layout::Classic)), live);
        })
        .await;
        for path in ["/", "/index.html"] {
            let answer = server.get(path).await.expect(404);
            assert!(!answer.text.contains(SECRET), "{path}");
        }
    }
}

#[test]
fn scripts_that_have_no_end_are_not_read_for_the_layout() {
    let temp = TempDir::new().unwrap();
    fs::write(temp.path().join("index.html"), "'projects-list/index.json'").unwrap();
    symlink("/dev/zero", temp.path().join("a.js")).unwrap();
    symlink(".", temp.path().join("again")).unwrap();
    let page = page::install(temp.path(), temp.path(), None).unwrap();
    assert_eq!(page.layout, Layout::V1);
}
