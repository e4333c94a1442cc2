//! Any archive is unpacked as a page, or refused; nothing of it is anywhere but in its folder, and all that is there is a file.

#![no_main]

use std::{fs, path::Path};

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use watchtower_server::{layout::Layout, page};

fuzz_target!(|data: &[u8]| {
    let folder = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    let (wheel, frontend) = (folder.path().join("page.whl"), folder.path().join("frontend"));
    if let Err(error) = fs::write(&wheel, data) {
        panic!("{error}");
    }
    match page::install(&wheel, &frontend, Some(Layout::V1)) {
        Ok(page) => {
            assert!(page.root.starts_with(&frontend) && page.root.join("index.html").is_file());
            let bytes = below(&page.root);
            assert!(bytes <= 256 << 20, "{bytes} bytes");
            assert_eq!(entries(&frontend), 1);
        }
        Err(refused) => {
            let _ = refused.to_string();
            assert_eq!(entries(&frontend), 0, "{refused} left something");
        }
    }
    assert_eq!(entries(folder.path()), 1 + usize::from(frontend.exists()));
});

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// The bytes of the files below a folder, all of which are such.
fn below(folder: &Path) -> u64 {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else { panic!("{entry:?}") };
        assert!(kind.is_file() || kind.is_dir(), "{entry:?}");
        bytes += if kind.is_dir() { below(&entry.path()) } else { entry.metadata().map_or(0, |file| file.len()) };
    }
    bytes
}
