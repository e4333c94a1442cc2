//! What the build of a page tells about it: the layout it reads, and the release it came with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Error;
use crate::layout::Layout;

/// Data files that only one layout has, as (classic, v1): the list of projects, and the edit.
///
/// Minifiers rename what is around these strings and leave them as they are. The list decides, the edit is asked when a build
/// puts the list's address together from parts.
const TELLING: [(&str, &str); 2] =
    [("projects/context.json", "projects-list/index.json"), ("/edit.json", "/edits.json")];

/// How deep below a page's root its scripts can be.
const MAX_DEPTH: usize = 4;

/// How many scripts are read, of how many bytes each: far more than any build has, so that a wrong folder costs no minutes.
const MAX_SCRIPTS: usize = 1000;
const MAX_SCRIPT_BYTES: u64 = 32 << 20;

/// Finds the layout of the page in `root`; `told`, when given, wins over what the build says.
///
/// # Errors
/// [`Error::UnknownLayout`] when the build names the files of no layout, or of both; [`Error::Io`] for an unreadable script.
pub(super) fn layout(root: &Path, told: Option<Layout>) -> Result<Layout, Error> {
    match (find_layout(root), told) {
        (Ok(found), Some(told)) if found != told => {
            tracing::warn!(page.root = %root.display(), ?found, ?told, "the page asks for files of another layout than the one chosen");
            Ok(told)
        }
        (Err(Error::UnknownLayout { .. }), Some(told)) => Ok(told),
        (found, _) => found,
    }
}

/// Finds the layout by the data files that the page's scripts name.
fn find_layout(root: &Path) -> Result<Layout, Error> {
    let mut scripts = Vec::new();
    list_scripts(root, MAX_DEPTH, &mut scripts)?;
    let mut found = [(false, false); TELLING.len()];
    for script in &scripts {
        let bytes = fs::read(script).map_err(Error::io("read", script))?;
        let text = String::from_utf8_lossy(&bytes).replace("\\/", "/");
        for ((classic, v1), (has_classic, has_v1)) in TELLING.iter().zip(&mut found) {
            *has_classic |= text.contains(classic);
            *has_v1 |= text.contains(v1);
        }
    }
    match found.iter().find(|(classic, v1)| classic != v1) {
        Some((true, _)) => Ok(Layout::Classic),
        Some(_) => Ok(Layout::V1),
        None => Err(unknown(root, scripts.len(), found == [(true, true); TELLING.len()])),
    }
}

/// The error for a build that names the files of both layouts, or of none.
fn unknown(root: &Path, scripts: usize, both: bool) -> Error {
    let [(classic, v1), (classic_edit, v1_edit)] = TELLING;
    let (before, between) = if both { ("both", "and") } else { ("neither", "nor") };
    let asks = format!("{before} `{classic}` or `{classic_edit}` (classic) {between} `{v1}` or `{v1_edit}` (v1)");
    Error::UnknownLayout { root: root.to_owned(), scripts, asks }
}

/// Collects the files below `folder` that can contain code; not those of `data/`, which a bundle fills with the tree.
fn list_scripts(folder: &Path, depth: usize, scripts: &mut Vec<PathBuf>) -> Result<(), Error> {
    let entries = fs::read_dir(folder).map_err(Error::io("read", folder))?;
    let mut paths =
        entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>().map_err(Error::io("read", folder))?;
    paths.sort();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // Follows links: a page may be assembled of them. The depth ends a circle.
        let Ok(metadata) = fs::metadata(&path) else {
            continue;
        };
        if metadata.is_dir() {
            if depth > 0 && !name.starts_with('.') && !matches!(name, "data" | "node_modules") {
                list_scripts(&path, depth - 1, scripts)?;
            }
        } else if metadata.is_file()
            && is_script(&path)
            && metadata.len() <= MAX_SCRIPT_BYTES
            && scripts.len() < MAX_SCRIPTS
        {
            scripts.push(path);
        }
    }
    Ok(())
}

/// Whether a file can contain code of the page; HTML can, inline.
fn is_script(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["js", "mjs", "html"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Returns the release that the page in `root` came with, when an unpacked or installed wheel's metadata stands beside it.
pub(super) fn version(root: &Path) -> Option<String> {
    // Not `parent()`, which knows nothing above `dist_watchtower` given as such.
    let beside = fs::read_dir(root.join("..")).ok()?;
    let folders = beside.flatten().filter(|entry| entry.file_name().to_str().is_some_and(is_dist_info));
    folders.into_iter().find_map(|entry| version_in(&fs::read_to_string(entry.path().join("METADATA")).ok()?))
}

/// Whether a folder's name is that of a `watchtower-pipeline` wheel's metadata.
pub(super) fn is_dist_info(folder: &str) -> bool {
    folder.starts_with("watchtower_pipeline-") && folder.ends_with(".dist-info")
}

/// Returns the version that a wheel's `METADATA` states.
pub(super) fn version_in(metadata: &str) -> Option<String> {
    // The headers end at the first empty line; what follows is the package's readme.
    let mut headers = metadata.lines().take_while(|line| !line.is_empty());
    let version = headers.find_map(|line| line.strip_prefix("Version:"))?.trim();
    (!version.is_empty()).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fake;

    fn found(scripts: &[(&str, &str)]) -> Result<Layout, Error> {
        let root = tempfile::tempdir().unwrap();
        fake::write(root.path(), scripts);
        layout(root.path(), None)
    }

    #[test]
    fn the_project_list_tells_the_layout() {
        assert_eq!(found(&fake::CLASSIC).unwrap(), Layout::Classic);
        assert_eq!(found(&fake::V1).unwrap(), Layout::V1);
        let inline = "<script>u='\\/data\\/projects-list\\/index.json'</script>";
        assert_eq!(found(&[("index.html", inline)]).unwrap(), Layout::V1);
    }

    #[test]
    fn the_edit_tells_it_when_the_list_does_not() {
        assert_eq!(found(&[("assets/a.js", "`${b}data/projects/${p}/edits.json`")]).unwrap(), Layout::V1);
        assert_eq!(found(&[("a.mjs", "b+\"/edit.json\"")]).unwrap(), Layout::Classic);
        let both_lists = "'projects/context.json','projects-list/index.json','/edits.json'";
        assert_eq!(found(&[("a.js", both_lists)]).unwrap(), Layout::V1);
    }

    #[test]
    fn styles_and_data_tell_nothing() {
        let error = found(&[
            ("index.html", "<script src=/src/main.ts></script>"),
            ("assets/a.css", ".projects-list{} /* projects-list/index.json */"),
            ("data/projects/context.json", "{}"),
            ("data/a.js", "'projects/context.json'"),
        ]);
        let message = error.unwrap_err().to_string();
        assert!(message.contains("ask for neither `projects/context.json`"), "{message}");
        assert!(message.contains("`projects-list/index.json`"), "{message}");
        assert!(message.contains("1 read"), "{message}");
    }

    #[test]
    fn a_build_for_both_is_not_guessed() {
        let all = "'projects/context.json','projects-list/index.json','/edit.json','/edits.json'";
        let message = found(&[("a.js", all)]).unwrap_err().to_string();
        assert!(message.contains("ask for both"), "{message}");
    }

    #[test]
    fn what_the_operator_says_wins() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(layout(root.path(), Some(Layout::V1)).unwrap(), Layout::V1);
        fake::write(root.path(), &fake::CLASSIC);
        assert_eq!(layout(root.path(), Some(Layout::V1)).unwrap(), Layout::V1);
    }

    #[test]
    fn the_version_is_a_header_not_a_line_of_the_readme() {
        assert_eq!(version_in(fake::METADATA).as_deref(), Some("0.1.7"));
        assert_eq!(version_in("Metadata-Version: 2.1\nName: a\n\nVersion: 3"), None);
        assert_eq!(version_in("Version:\n"), None);
    }
}
