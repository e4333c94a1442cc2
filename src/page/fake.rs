//! Tiny pages and wheels that tests install, with the telling strings of the real ones and nothing else of them.

use std::fs;
use std::io::Write;
use std::path::Path;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::Error;
use super::archive::Archive;

/// A page that reads the classic tree.
pub(super) const CLASSIC: [(&str, &str); 3] = [
    ("index.html", "<script type=module src=/assets/index.1.js></script>"),
    ("assets/index.1.js", "f=(a,b)=>a?`${s}data/projects/context.json`:`${s}data/projects/${b}/edit.json`"),
    ("assets/index.1.css", ".projects-list{color:red}"),
];

/// A page that reads the tree of Watchtower 1.0.
pub(super) const V1: [(&str, &str); 3] = [
    ("index.html", "<script type=module src=/assets/index-1.js></script>"),
    ("assets/index-1.js", "c=`${n}data/projects-list/index.json`;d={key:0,class:\"projects-list\"}"),
    ("assets/project-1.js", "s=`${u}data/projects/${e}/edits.json`"),
];

/// The metadata of a wheel.
pub(super) const METADATA: &str = "Metadata-Version: 2.1\nName: watchtower-pipeline\nVersion: 0.1.7\n\nVersion: 9";

/// Writes files into `folder`, creating the folders they are in.
pub(super) fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, content) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// Returns files under the names that they have inside of `folder`.
pub(super) fn inside<'a>(folder: &str, files: &[(&str, &'a str)]) -> Vec<(String, &'a str)> {
    files.iter().map(|(name, content)| (format!("{folder}/{name}"), *content)).collect()
}

/// Writes a wheel with the classic page, its metadata and a Python module, and whatever is added.
pub(super) fn wheel(path: &Path, more: &[(&str, &str)]) {
    let mut files = inside("dist_watchtower", &CLASSIC);
    files.push(("dist_watchtower/.DS_Store".into(), "finder"));
    files.push(("dist_watchtower/data/projects/context.json".into(), "{}"));
    files.push(("watchtower_pipeline/__init__.py".into(), "import os"));
    files.push(("watchtower_pipeline-0.1.7.dist-info/METADATA".into(), METADATA));
    files.extend(more.iter().map(|(name, content)| ((*name).to_owned(), *content)));
    archive(path, &files);
}

/// Writes a zip archive.
pub(super) fn archive(path: &Path, files: &[(String, &str)]) {
    let mut zip = ZipWriter::new(fs::File::create(path).unwrap());
    for (name, content) in files {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
}

/// Returns where a name stands in an archive: before the content, and in the directory.
pub(super) fn places(archive: &[u8], name: &str) -> [usize; 2] {
    let windows = archive.windows(name.len()).enumerate();
    let places = windows.filter(|(_, window)| *window == name.as_bytes());
    places.map(|(place, _)| place).collect::<Vec<_>>().try_into().unwrap()
}

/// Opens the archive whose bytes `change` made of a wheel that has an entry `xx/evil` with the content `evil`.
pub(super) fn open_changed(change: impl FnOnce(&mut Vec<u8>)) -> Result<Archive, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.whl");
    wheel(&path, &[("xx/evil", "evil")]);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(&path, bytes).unwrap();
    Archive::open(&path)
}
