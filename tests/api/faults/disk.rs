//! A disk that fails as it is told: `tests/faults/shim.c`, preloaded into the server.

use std::{
    cell::Cell,
    fmt::Write,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process,
    sync::OnceLock,
    time::UNIX_EPOCH,
};

use tempfile::TempDir;
use tokio::process::Command;

use crate::crash::process::command;

/// The disk of one server.
pub struct Disk {
    temp: TempDir,
    /// The data folder of the server.
    pub folder: PathBuf,
    told: Cell<u32>,
}

/// The library, built once for all tests.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let build = || {
        let temp = TempDir::new().unwrap();
        let library = temp.path().join("shim.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/shim.c");
        let mut cc = process::Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&library).arg(source);
        let built = cc.output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        (temp, library)
    };
    &LIBRARY.get_or_init(build).1
}

impl Disk {
    /// A disk that is well, with a data folder that is not there yet.
    pub fn new() -> Self {
        let temp = TempDir::new().unwrap();
        let root = temp.path().canonicalize().unwrap();
        fs::create_dir(root.join("after-power-cut")).unwrap();
        fs::write(root.join("log"), "").unwrap();
        let disk = Self { temp, folder: root.join("data"), told: Cell::new(0) };
        disk.mend();
        disk
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.with_file_name(name)
    }

    /// The command that starts a server on this disk.
    pub fn command(&self) -> Command {
        let mut command = command(&self.folder);
        command.arg("--config").arg(self.config());
        command.env("LD_PRELOAD", library()).env("FAULTS_BELOW", &self.folder);
        command.env("FAULTS_CONTROL", self.beside("control")).env("FAULTS_LOG", self.beside("log"));
        command
    }

    /// The same, which notes what a power cut would leave.
    pub fn command_with_power(&self) -> Command {
        let mut command = self.command();
        command.env("FAULTS_DISK", self.beside("after-power-cut"));
        command
    }

    /// A configuration with a source of webhooks that everybody may send to.
    pub fn config(&self) -> PathBuf {
        let path = self.beside("watchtower.toml");
        fs::write(&path, "[[webhook]]\nname = \"tracker\"\nverify = \"none\"\nmapping = \"changes\"\n").unwrap();
        path
    }

    /// It fails from now on, as the head of `shim.c` says.
    pub fn fail(&self, faults: &str) {
        // Another text each time, so that what is told twice begins anew.
        self.told.set(self.told.get() + 1);
        let (path, new) = (self.beside("control"), self.beside("control.new"));
        fs::write(&new, format!("{faults}\n({})\n", self.told.get())).unwrap();
        fs::rename(new, path).unwrap();
    }

    /// It is well from now on.
    pub fn mend(&self) {
        self.fail("");
    }

    /// How many lines of the log begin and end so: what was done to which file, and how that went.
    pub fn noted(&self, begin: &str, end: &str) -> usize {
        let log = fs::read_to_string(self.beside("log")).unwrap();
        log.lines().filter(|line| line.starts_with(begin) && line.ends_with(end)).count()
    }

    /// The data folder as it were if the power had failed now. The server must be gone.
    pub fn after_power_cut(self) -> Self {
        let other = Self::new();
        self.restore(&key_of(&self.folder), &other.folder);
        other.note(&other.folder);
        drop(self.temp);
        other
    }

    /// All that is in a folder is there after a power cut.
    fn note(&self, folder: &Path) {
        let (disk, mut names) = (self.beside("after-power-cut"), String::new());
        for entry in fs::read_dir(folder).unwrap() {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
            let (key, name) = (key_of(&path), name.into_string().unwrap());
            if path.is_dir() {
                self.note(&path);
                writeln!(names, "folder {key} {name}").unwrap();
            } else {
                fs::copy(&path, disk.join(format!("{key}.bytes"))).unwrap();
                writeln!(names, "file {key} {name}").unwrap();
            }
        }
        fs::write(disk.join(format!("{}.names", key_of(folder))), names).unwrap();
    }

    fn restore(&self, key: &str, to: &Path) {
        fs::create_dir(to).unwrap();
        let disk = self.beside("after-power-cut");
        // The names of a folder that was never synced are lost.
        let names = fs::read_to_string(disk.join(format!("{key}.names"))).unwrap_or_default();
        for line in names.lines() {
            let [kind, key, name] = line.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
            let to = to.join(name);
            if kind == "folder" {
                self.restore(key, &to);
            } else {
                // So are the bytes of such a file.
                fs::write(to, fs::read(disk.join(format!("{key}.bytes"))).unwrap_or_default()).unwrap();
            }
        }
    }
}

/// What the shim calls a file or folder.
fn key_of(path: &Path) -> String {
    let about = fs::metadata(path).unwrap();
    let made = about.created().map_or(0, |made| made.duration_since(UNIX_EPOCH).unwrap().as_nanos());
    format!("{}-{made}", about.ino())
}
