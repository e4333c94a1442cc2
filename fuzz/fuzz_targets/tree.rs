//! Any files are a tree of either layout, or refused; what is read of one is written, and nothing is taken from beside it.
//!
//! An input is a number of files, each a line with its path and then its content, with a line `---` between them. A path that
//! begins with `@` is a link, and its content where that leads.

#![no_main]

use std::{fs, os::unix::fs::symlink, path::Path};

use libfuzzer_sys::{Corpus, fuzz_target};
use tempfile::TempDir;
use watchtower_server::{
    import,
    model::{Kind, fault::At, wire::Reader},
    writer::{Rehearsal, Request},
};

/// What is beside the tree, as `beside.json`; it could be any of its files.
const BESIDE: &str = r#"{"id": "of-beside", "projects": [{"id": "of-beside", "name": "of-beside"}]}"#;
/// More files find nothing that fewer do not.
const MOST: usize = 12;

fuzz_target!(|data: &[u8]| -> Corpus {
    let text = String::from_utf8_lossy(data);
    let folder = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    let site = folder.path().join("site");
    if let Err(error) = fs::write(folder.path().join("beside.json"), BESIDE) {
        panic!("{error}");
    }
    for file in text.split("\n---\n").take(MOST) {
        let (path, content) = file.split_once('\n').unwrap_or((file, ""));
        if lay(&site, path, content).is_none() {
            return Corpus::Reject;
        }
    }
    if let Ok(tree) = import::read(&site) {
        let data = site.canonicalize().unwrap_or_default();
        for (key, path) in &tree.media {
            assert!(path.canonicalize().is_ok_and(|path| path.starts_with(&data)), "{key:?}: {}", path.display());
        }
        assert!(!format!("{:?} {:?}", tree.context, tree.projects).contains("of-beside") || text.contains("of-beside"));
        take(tree);
    }
    Corpus::Keep
});

/// Lays a file of the input below a folder, wherever in it that is.
fn lay(site: &Path, path: &str, content: &str) -> Option<()> {
    let (is_link, path) = path.strip_prefix('@').map_or((false, path), |path| (true, path));
    if path.len() > 100 || path.starts_with('/') || path.contains('\0') || path.split('/').any(|part| part == "..") {
        return None;
    }
    let path = site.join(path);
    fs::create_dir_all(path.parent()?).ok()?;
    let inside = path.parent()?.canonicalize().ok()?.starts_with(site.canonicalize().ok()?);
    if !inside {
        return None;
    }
    if is_link {
        symlink(content, path).ok()
    } else if path.is_symlink() {
        None
    } else {
        fs::write(path, content).ok()
    }
}

/// Has a tree written, as `import` does.
fn take(tree: import::Import) {
    let mut studio = Rehearsal::default();
    let mut write = |read: &dyn Fn(&mut Reader)| {
        let mut reader = Reader::default();
        read(&mut reader);
        if reader.findings.is_sound() {
            let _ = studio.write(Request::of(reader), 0);
        }
    };
    if let Some(context) = &tree.context {
        write(&|reader| reader.context(context.clone(), At::Root));
    }
    for (id, project) in &tree.projects {
        write(&|reader| drop(reader.put(None, Kind::Project, Some(id), project.clone(), At::Root)));
    }
}
