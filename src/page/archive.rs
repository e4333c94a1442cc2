//! Reading the page out of a wheel, or of another zip archive.
//!
//! An archive comes from wherever the operator took it, so nothing in it is believed: its directory is checked before anything
//! is written (`listing`), and what comes out of an entry must be as long as the directory says.

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use twox_hash::XxHash3_128;
use zip::ZipArchive;

use super::listing::{self, PageFile};
use super::{Error, build};

/// How large an archive may be: the wheels have 0.4 MB.
const MAX_ARCHIVE_BYTES: u64 = 64 << 20;

/// How much of a wheel's metadata is read for its version, in bytes.
const MAX_METADATA_BYTES: u64 = 64 << 10;

/// An archive that contains a page, in memory: what was hashed and checked is what is unpacked.
pub(super) struct Archive {
    path: PathBuf,
    zip: Zip,
    digest: String,
    files: Vec<PageFile>,
}

/// The directory of an archive, and its bytes.
pub(super) type Zip = ZipArchive<Cursor<Vec<u8>>>;

impl Archive {
    /// Opens an archive, checks all of its directory, and finds the page: the topmost folder with an `index.html`.
    ///
    /// # Errors
    /// [`Error::NotAnArchive`], [`Error::UnsafeEntry`], [`Error::TooLarge`], [`Error::NoPage`], or [`Error::Io`] naming the
    /// archive.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let bytes = read(path)?;
        let digest = format!("{:032x}", XxHash3_128::oneshot(&bytes));
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| Error::not_an_archive(path, error))?;
        let files = listing::page_files(path, &zip)?;
        Ok(Self { path: path.to_owned(), zip, digest, files })
    }

    /// The hash of the archive's bytes, in hexadecimal.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether `folder` has all files of the page, each of the right size.
    pub(super) fn is_unpacked_at(&self, folder: &Path) -> bool {
        self.files.iter().all(|file| {
            fs::metadata(folder.join(&file.name))
                .is_ok_and(|metadata| metadata.is_file() && metadata.len() == file.size)
        })
    }

    /// Writes the page's files into an empty folder, down to the disk.
    ///
    /// # Errors
    /// [`Error::Unpack`] for a damaged entry or a full disk, [`Error::Io`] for a file that cannot be created.
    pub(super) fn unpack(&mut self, folder: &Path) -> Result<(), Error> {
        self.for_each_file(
            |name| {
                let path = folder.join(name);
                let parent = path.parent().unwrap_or(folder);
                fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
                // The folder was empty: a file that exists is another entry, on a disk that takes both names for the same.
                File::create_new(&path).map_err(Error::io("create", &path))
            },
            File::sync_all,
        )
    }

    /// Reads all of the page's files, to know whether they are whole.
    ///
    /// # Errors
    /// [`Error::Unpack`] for a damaged entry.
    pub(super) fn verify(&mut self) -> Result<(), Error> {
        self.for_each_file(|_| Ok(io::sink()), |_| Ok(()))
    }

    /// Copies each file of the page to what `create` makes for its name, and `finish`es it.
    fn for_each_file<W: Write>(
        &mut self,
        mut create: impl FnMut(&str) -> Result<W, Error>,
        finish: impl Fn(&W) -> io::Result<()>,
    ) -> Result<(), Error> {
        for file in &self.files {
            let failed = |source| Error::Unpack { archive: self.path.clone(), entry: file.name.clone(), source };
            let entry = self.zip.by_index(file.index).map_err(|error| failed(error.into()))?;
            let mut target = create(&file.name)?;
            // One byte more than it should have is enough to know that the directory lied.
            let copied = io::copy(&mut entry.take(file.size + 1), &mut target).map_err(failed)?;
            if copied != file.size {
                return Err(failed(io::Error::new(io::ErrorKind::InvalidData, "its size is not the one stated")));
            }
            finish(&target).map_err(failed)?;
        }
        Ok(())
    }

    /// The version that the wheel's metadata states; an archive that is no wheel has none.
    pub(super) fn version(&mut self) -> Option<String> {
        let mut names = (0..self.zip.len()).filter_map(|index| Some((index, self.zip.name_for_index(index)?.ok()?)));
        let (index, _) = names.find(|(_, name)| {
            name.split_once('/').is_some_and(|(folder, file)| file == "METADATA" && build::is_dist_info(folder))
        })?;
        let mut metadata = Vec::new();
        self.zip.by_index(index).ok()?.take(MAX_METADATA_BYTES).read_to_end(&mut metadata).ok()?;
        build::version_in(&String::from_utf8_lossy(&metadata))
    }
}

/// Reads a file that is not larger than any archive of a page.
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(Error::io("read", path))?;
    file.take(MAX_ARCHIVE_BYTES + 1).read_to_end(&mut bytes).map_err(Error::io("read", path))?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size <= MAX_ARCHIVE_BYTES) {
        return Ok(bytes);
    }
    Err(Error::too_large(path, format!("it has more than {MAX_ARCHIVE_BYTES} bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fake;

    #[test]
    fn damage_is_found() {
        let size = |bytes: &mut Vec<u8>| {
            let name = fake::places(bytes, "dist_watchtower/index.html")[1];
            bytes[name - 22] += 1;
        };
        assert!(fake::open_changed(size).unwrap().verify().is_err());
        let content = |bytes: &mut Vec<u8>| {
            let name = fake::places(bytes, "dist_watchtower/index.html")[0];
            bytes[name + "dist_watchtower/index.html".len() + 5] ^= 0xff;
        };
        assert!(fake::open_changed(content).unwrap().verify().is_err());
        assert!(fake::open_changed(|_| ()).unwrap().verify().is_ok());
    }

    #[test]
    fn the_topmost_page_is_taken_without_what_does_not_belong_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.whl");
        fake::wheel(&path, &[("z/deep/index.html", ""), ("zindex.html", ""), ("dist_watchtower/__MACOSX/x", "")]);
        let mut archive = Archive::open(&path).unwrap();
        let mut names: Vec<_> = archive.files.iter().map(|file| file.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["assets/index.1.css", "assets/index.1.js", "index.html"]);
        assert_eq!(archive.version().as_deref(), Some("0.1.7"));
    }
}
