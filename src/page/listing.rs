//! Which entries of an archive are the page, and whether it can be unpacked without harm.
//!
//! Refused are names that would leave the folder, links, and archives that blow up. Only the directory is read here.

use std::path::Path;

use zip::read::ZipFileEntry;

use super::Error;
use super::archive::Zip;

/// Limits far above any page (the real ones have 12 files and 1 MB) and far below what hurts.
const MAX_ENTRIES: usize = 10_000;
const MAX_UNPACKED_BYTES: u64 = 256 << 20;

/// How many times its packed size an entry may have, once it is larger than [`RATIO_FREE_BYTES`]: minified code reaches 10.
const MAX_RATIO: u64 = 200;
const RATIO_FREE_BYTES: u64 = 1 << 20;

/// The bits of a file's mode that say what it is, and two of what they may say (POSIX `st_mode`).
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

/// A file of the page, as the archive's directory tells of it.
pub(super) struct PageFile {
    /// Which entry of the archive it is.
    pub(super) index: usize,
    /// Path within the page, with slashes.
    pub(super) name: String,
    /// Bytes when unpacked.
    pub(super) size: u64,
}

/// Checks every entry of an archive and lists the files of the page: those of the topmost folder with an `index.html`.
///
/// # Errors
/// [`Error::UnsafeEntry`], [`Error::TooLarge`], [`Error::NoPage`] or [`Error::NotAnArchive`], each naming `path`.
pub(super) fn page_files(path: &Path, zip: &Zip) -> Result<Vec<PageFile>, Error> {
    let mut files = Vec::new();
    let mut unpacked: u64 = 0;
    for index in 0..zip.len() {
        let entry = zip.by_index_data(index).map_err(|error| Error::not_an_archive(path, error))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if let Some(fault) = fault_of(&name, &entry) {
            return Err(Error::UnsafeEntry { archive: path.to_owned(), entry: name, fault });
        }
        unpacked = unpacked.saturating_add(entry.size());
        if let Some(fault) = excess_of(&name, &entry, zip.len(), unpacked) {
            return Err(Error::too_large(path, fault));
        }
        if entry.is_file() {
            files.push(PageFile { index, name, size: entry.size() });
        }
    }
    let folder = page_folder(&files).ok_or_else(|| Error::NoPage { path: path.to_owned() })?;
    Ok(files.into_iter().filter_map(|file| file.within(&folder)).collect())
}

/// Returns which limit an entry exceeds, or the whole archive up to it: `entries` in number, `unpacked` bytes.
fn excess_of(name: &str, entry: &ZipFileEntry<'_>, entries: usize, unpacked: u64) -> Option<String> {
    let most = entry.compressed_size().saturating_mul(MAX_RATIO).max(RATIO_FREE_BYTES);
    if entries > MAX_ENTRIES {
        Some(format!("it has {entries} entries, a page has at most {MAX_ENTRIES}"))
    } else if entry.size() > most {
        Some(format!("its entry {name:?} unpacks to more than {MAX_RATIO} times its size"))
    } else if unpacked > MAX_UNPACKED_BYTES {
        Some(format!("it unpacks to more than {MAX_UNPACKED_BYTES} bytes"))
    } else {
        None
    }
}

impl PageFile {
    /// The entry with its path within the page; `None` for what is outside of it or not wanted.
    fn within(self, folder: &str) -> Option<Self> {
        let name = self.name.strip_prefix(folder)?;
        // Leavings of the macOS Finder, and the tree of a bundle: `/data` is ours to serve.
        let unwanted =
            name.starts_with("data/") || name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
        (!unwanted).then(|| Self { name: name.to_owned(), ..self })
    }
}

/// Returns the topmost folder that contains `index.html`, with a slash at its end, or empty for the archive itself.
fn page_folder(entries: &[PageFile]) -> Option<String> {
    let folders = entries.iter().filter_map(|entry| entry.name.strip_suffix("index.html"));
    let folders = folders.filter(|folder| folder.is_empty() || folder.ends_with('/'));
    folders.min_by_key(|folder| (folder.matches('/').count(), *folder)).map(str::to_owned)
}

/// Returns why an entry is refused: its name could lead out of the folder, or it is no plain file.
fn fault_of(name: &str, entry: &ZipFileEntry<'_>) -> Option<&'static str> {
    let path = name.strip_suffix('/').unwrap_or(name);
    if name.starts_with('/') {
        Some("has an absolute name")
    } else if name.contains(|c: char| c == '\\' || c == ':' || c.is_control() || c == char::REPLACEMENT_CHARACTER) {
        Some("has a character in its name that is not allowed")
    } else if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        Some("has a name that leads elsewhere")
    } else if entry.is_symlink() {
        Some("is a link")
    } else if entry.unix_mode().is_some_and(|mode| ![0, REGULAR, FOLDER].contains(&(mode & KIND))) {
        Some("is neither a file nor a folder")
    } else if entry.encrypted() {
        Some("is encrypted")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::page::archive::Archive;
    use crate::page::fake;

    /// Replaces a name by one of the same length, in the entry and in the directory.
    fn rename(bytes: &mut [u8], from: &str, to: &str) {
        assert_eq!(from.len(), to.len());
        for place in fake::places(bytes, from) {
            bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in
            ["../evil", "x/../vl", "/x/evil", "xx\\evil", "c:/evil", "x//evil", "./xevil", "x\0/evil", "x/evil\n"]
        {
            let result = fake::open_changed(|bytes| rename(bytes, "xx/evil", name));
            assert!(matches!(result, Err(Error::UnsafeEntry { .. })), "{name:?}");
        }
        assert!(fake::open_changed(|bytes| rename(bytes, "xx/evil", "xx/good")).is_ok());
    }

    #[test]
    fn links_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        zip.start_file("index.html", SimpleFileOptions::default()).unwrap();
        zip.add_symlink("secrets", "/etc", SimpleFileOptions::default()).unwrap();
        zip.finish().unwrap();
        let message = Archive::open(&path).err().unwrap().to_string();
        assert!(message.contains("\"secrets\" is a link"), "{message}");
    }

    #[test]
    fn an_entry_that_blows_up_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.whl");
        fake::wheel(&path, &[("dist_watchtower/a.js", &" ".repeat(2 << 20))]);
        let message = Archive::open(&path).err().unwrap().to_string();
        assert!(message.contains("more than 200 times its size"), "{message}");
        // As large, and not suspicious: a single large entry that was not packed.
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        zip.start_file("index.html", options).unwrap();
        zip.write_all(&vec![b' '; 2 << 20]).unwrap();
        zip.finish().unwrap();
        assert!(Archive::open(&path).is_ok());
    }

    #[test]
    fn too_many_entries_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.zip");
        let mut files = vec![("index.html".to_owned(), "")];
        files.extend((0..MAX_ENTRIES).map(|number| (number.to_string(), "")));
        fake::archive(&path, &files);
        assert!(matches!(Archive::open(&path), Err(Error::TooLarge { .. })));
    }

    #[test]
    fn the_sum_of_all_entries_is_limited() {
        let declared = |bytes: &mut Vec<u8>| {
            // The directory has the packed size 26 bytes before the name, and then the unpacked size.
            let name = fake::places(bytes, "xx/evil")[1];
            bytes[name - 26..name - 22].copy_from_slice(&(60_u32 << 20).to_le_bytes());
            bytes[name - 22..name - 18].copy_from_slice(&(300_u32 << 20).to_le_bytes());
        };
        assert!(matches!(fake::open_changed(declared), Err(Error::TooLarge { .. })));
    }
}
