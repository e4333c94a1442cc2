//! The Watchtower page that is served at `/`.
//!
//! The page is GPL and not ours: it is taken from a folder or from a `watchtower-pipeline` wheel, and never embedded. What it
//! needs of us is the layout of its data tree, which is read from its build. This module blocks (files, and `pip` for
//! [`fetch`]) and knows nothing of HTTP: whoever serves [`Page::root`] does that.

mod archive;
mod build;
#[cfg(test)]
mod fake;
mod fetch;
mod listing;
mod pip;
mod staging;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use zip::result::ZipError;

use self::archive::Archive;
use self::staging::Staging;
use crate::layout::Layout;

pub use self::fetch::fetch;
pub use self::pip::Attempt;

/// The HTML of our own page, shown at `/` when no page is installed; it asks for `/landing.js`.
pub const LANDING_HTML: &str = include_str!("page/landing.html");

/// The script of [`LANDING_HTML`], apart from it because the content security policy forbids scripts inside a page; `TREE`
/// stands for the address of the tree's list of projects.
pub const LANDING_JS: &str = include_str!("page/landing.js");

/// Folders that may hold the page inside the folder that was given: those of the wheels, and that of a bundle.
const PAGE_FOLDERS: [&str; 3] = ["dist_watchtower", "dist_client_web", "watchtower"];

/// A Watchtower page on disk, ready to be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The folder that contains `index.html`.
    pub root: PathBuf,
    /// The layout of the tree that the page reads.
    pub layout: Layout,
    /// The release of `watchtower-pipeline` that it came with, where that is known.
    pub version: Option<String>,
}

/// Why there is no page to serve.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is at the path that was given.
    #[error("there is no file or folder {path}")]
    Missing {
        /// The path as it was given.
        path: PathBuf,
    },
    /// The file is something else than a wheel.
    #[error("{path} is not a wheel or another zip archive: give a `.whl` file, or the folder of an unpacked page")]
    NotAnArchive {
        /// The file.
        path: PathBuf,
        /// What is wrong with it as an archive.
        source: ZipError,
    },
    /// The folder or archive holds no `index.html` where a page has it.
    #[error(
        "{path} contains no Watchtower page: looked for `index.html`, at the top and in `dist_watchtower/`, \
         `dist_client_web/` and `watchtower/`"
    )]
    NoPage {
        /// The folder or archive.
        path: PathBuf,
    },
    /// The page's build does not tell which tree it reads.
    #[error(
        "cannot tell which data the page in {root} needs: its scripts ({scripts} read) ask for {asks}; \
         a checkout of its sources must be built first, and `--layout` tells it for a page that was changed"
    )]
    UnknownLayout {
        /// The folder with `index.html`.
        root: PathBuf,
        /// How many scripts were searched.
        scripts: usize,
        /// What was looked for, and whether none or all of it was there.
        asks: String,
    },
    /// An archive entry would be written outside of the page's folder, or is no plain file.
    #[error("{archive} is refused: its entry {entry:?} {fault}")]
    UnsafeEntry {
        /// The archive.
        archive: PathBuf,
        /// The entry's name as it stands in the archive.
        entry: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The archive is larger than any page, packed or unpacked.
    #[error("{archive} is refused: {fault}")]
    TooLarge {
        /// The archive.
        archive: PathBuf,
        /// Which limit it exceeds.
        fault: String,
    },
    /// An archive entry could not be unpacked: it is damaged, or the disk is full.
    #[error("cannot unpack {entry} of {archive}")]
    Unpack {
        /// The archive.
        archive: PathBuf,
        /// The entry's path within the page.
        entry: String,
        /// The fault of the entry or of the disk.
        source: io::Error,
    },
    /// A file or folder could not be read or written.
    #[error("cannot {action} {path}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The fault.
        source: io::Error,
    },
    /// No `pip` of this machine could download the page.
    #[error("{}", fetch::explain(wheel, requirement, attempts))]
    Download {
        /// The wheel's file name.
        wheel: String,
        /// What `pip` was asked for.
        requirement: String,
        /// What was run, and what came of it.
        attempts: Vec<Attempt>,
    },
}

impl Error {
    /// Returns what turns an I/O fault met while doing `action` with `path` into an [`Error`].
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    fn too_large(archive: &Path, fault: String) -> Self {
        Self::TooLarge { archive: archive.to_owned(), fault }
    }

    fn not_an_archive(path: &Path, error: ZipError) -> Self {
        match error {
            ZipError::Io(source) => Self::io("read", path)(source),
            source => Self::NotAnArchive { path: path.to_owned(), source },
        }
    }
}

/// Makes the page in `source` ready to be served, and finds out which layout it reads.
///
/// A folder is used in place: the one with `index.html`, an unpacked wheel, or a bundle. A wheel (or any zip archive of such a
/// folder) is unpacked into `frontend_dir`, in a folder named by the wheel's hash, unless it is there already. Pages of other
/// wheels are left: another process of ours may be serving one.
///
/// `layout` is what the operator says; `None` takes what the page's build says, and fails when that says nothing.
///
/// # Errors
/// Each [`Error`] but [`Error::Download`]; nothing is left in `frontend_dir` then.
pub fn install(source: &Path, frontend_dir: &Path, layout: Option<Layout>) -> Result<Page, Error> {
    match fs::metadata(source) {
        Ok(metadata) if metadata.is_dir() => open_folder(source, layout),
        Ok(_) => install_archive(source, frontend_dir, layout),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::Missing { path: source.to_owned() }),
        Err(error) => Err(Error::io("read", source)(error)),
    }
}

/// Opens the page in a folder, without writing anything.
fn open_folder(folder: &Path, layout: Option<Layout>) -> Result<Page, Error> {
    let root = find_root(folder)?;
    Ok(Page { layout: build::layout(&root, layout)?, version: build::version(&root), root })
}

/// Returns `folder`, or the folder in it, that contains `index.html`.
fn find_root(folder: &Path) -> Result<PathBuf, Error> {
    let inner = PAGE_FOLDERS.map(|name| folder.join(name));
    for root in std::iter::once(folder.to_owned()).chain(inner) {
        let index = root.join("index.html");
        match fs::metadata(&index) {
            Ok(metadata) if metadata.is_file() => return Ok(root),
            // "Not a directory" is a file with the name of a page's folder.
            Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(Error::io("read", &index)(error));
            }
            Ok(_) | Err(_) => {}
        }
    }
    Err(Error::NoPage { path: folder.to_owned() })
}

/// Unpacks the page of an archive beside its place and renames it, so that a page in its place is always whole.
fn install_archive(source: &Path, frontend_dir: &Path, layout: Option<Layout>) -> Result<Page, Error> {
    let mut archive = Archive::open(source)?;
    let root = frontend_dir.join(archive.digest());
    if !archive.is_unpacked_at(&root) {
        staging::remove(&root)?;
        let staging = Staging::new(frontend_dir, archive.digest())?;
        archive.unpack(staging.path())?;
        build::layout(staging.path(), layout)?;
        // The rename fails when another process was faster: its page is as good as ours.
        if let Err(error) = staging.publish(&root)
            && !archive.is_unpacked_at(&root)
        {
            return Err(error);
        }
        tracing::info!(page.root = %root.display(), page.source = %source.display(), "unpacked the Watchtower page");
    }
    Ok(Page { layout: build::layout(&root, layout)?, version: archive.version(), root })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder for sources and one for what is installed.
    fn folders() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (source, frontend) = (folder.path().join("source"), folder.path().join("frontend"));
        fs::create_dir(&source).unwrap();
        (folder, source, frontend)
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_folder_is_used_in_place() {
        let (_folder, source, frontend) = folders();
        fake::write(&source, &fake::V1);
        let page = install(&source, &frontend, None).unwrap();
        assert_eq!(page, Page { root: source, layout: Layout::V1, version: None });
        assert!(!frontend.exists());
    }

    #[test]
    fn an_unpacked_wheel_and_a_bundle_are_found_inside() {
        for name in PAGE_FOLDERS {
            let (_folder, source, frontend) = folders();
            fake::write(&source.join(name), &fake::CLASSIC);
            fake::write(&source, &[("watchtower_pipeline-0.1.7.dist-info/METADATA", fake::METADATA)]);
            let page = install(&source, &frontend, None).unwrap();
            assert_eq!((page.root, page.layout), (source.join(name), Layout::Classic));
            assert_eq!(page.version.as_deref(), Some("0.1.7"));
        }
    }

    #[test]
    fn a_wheel_is_unpacked_once() {
        let (_folder, source, frontend) = folders();
        let wheel = source.join("a.whl");
        fake::wheel(&wheel, &[]);
        let page = install(&wheel, &frontend, None).unwrap();
        assert_eq!((page.layout, page.version.as_deref()), (Layout::Classic, Some("0.1.7")));
        assert_eq!(fs::read_to_string(page.root.join("assets/index.1.css")).unwrap(), fake::CLASSIC[2].1);
        let modified = || fs::metadata(&page.root).unwrap().modified().unwrap();
        let before = modified();
        assert_eq!(install(&wheel, &frontend, None).unwrap(), page);
        assert_eq!(modified(), before);
        assert_eq!(names(&frontend).len(), 1);
        assert!(!page.root.join(".DS_Store").exists());
        assert!(!page.root.join("data").exists());
    }

    #[test]
    fn a_page_that_lost_a_file_is_unpacked_again() {
        let (_folder, source, frontend) = folders();
        let wheel = source.join("a.whl");
        fake::wheel(&wheel, &[]);
        let page = install(&wheel, &frontend, None).unwrap();
        fs::write(page.root.join("index.html"), "half").unwrap();
        fs::remove_file(page.root.join("assets/index.1.js")).unwrap();
        assert_eq!(install(&wheel, &frontend, None).unwrap(), page);
        assert_eq!(fs::read_to_string(page.root.join("index.html")).unwrap(), fake::CLASSIC[0].1);
    }

    #[test]
    fn another_wheel_gets_another_folder_and_the_old_one_stays() {
        let (_folder, source, frontend) = folders();
        let wheel = source.join("a.whl");
        fake::wheel(&wheel, &[]);
        let old = install(&wheel, &frontend, None).unwrap();
        fake::wheel(&wheel, &[("dist_watchtower/assets/new.js", "")]);
        let new = install(&wheel, &frontend, None).unwrap();
        assert_ne!(old.root, new.root);
        assert!(old.root.join("index.html").exists());
    }

    #[test]
    fn a_page_of_unknown_layout_leaves_nothing_behind() {
        let (_folder, source, frontend) = folders();
        let zip = source.join("a.zip");
        fake::archive(&zip, &[("site/index.html".to_owned(), "<h1>hello</h1>")]);
        assert!(matches!(install(&zip, &frontend, None), Err(Error::UnknownLayout { .. })));
        assert!(names(&frontend).is_empty());
        assert_eq!(install(&zip, &frontend, Some(Layout::V1)).unwrap().layout, Layout::V1);
    }

    #[test]
    fn a_damaged_wheel_leaves_nothing_behind() {
        let (_folder, source, frontend) = folders();
        let wheel = source.join("a.whl");
        fake::wheel(&wheel, &[]);
        let mut bytes = fs::read(&wheel).unwrap();
        // Within the packed content of the first entry.
        bytes["dist_watchtower/index.html".len() + 35] ^= 0xff;
        fs::write(&wheel, bytes).unwrap();
        let message = install(&wheel, &frontend, None).unwrap_err().to_string();
        assert!(message.contains("cannot unpack index.html of"), "{message}");
        assert!(names(&frontend).is_empty());
    }

    #[test]
    fn what_is_no_page_is_said_by_name() {
        let (_folder, source, frontend) = folders();
        let message = |path: &Path| install(path, &frontend, None).unwrap_err().to_string();
        assert!(message(&source.join("nothing.whl")).contains("no file or folder"));
        let text = source.join("text.whl");
        fs::write(&text, "hello").unwrap();
        assert!(message(&text).contains("text.whl is not a wheel"));
        let wheel = source.join("other.whl");
        fake::archive(&wheel, &[("other/__init__.py".to_owned(), "")]);
        assert!(message(&wheel).contains("other.whl contains no Watchtower page"));
        assert!(message(&source).contains("`dist_watchtower/`"));
    }
}
