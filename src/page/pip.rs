//! Running a `pip` with a time limit, and what to tell of it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What follows the call: only a wheel (a source package would run its code), no questions, and no waiting for long.
///
/// Paths are relative to the temporary folder, which `pip` runs in: there it finds no Python modules of strangers.
const ARGUMENTS: [&str; 16] = [
    "download",
    "--no-deps",
    "--only-binary",
    ":all:",
    "--require-hashes",
    "--disable-pip-version-check",
    "--no-input",
    "--progress-bar",
    "off",
    "--timeout",
    "10",
    "--retries",
    "1",
    "--dest=.",
    "--requirement",
    REQUIREMENTS,
];

/// File that tells `pip` what to download, with its hash.
pub(super) const REQUIREMENTS: &str = "requirements.txt";

/// How often a running call is looked at.
const POLL: Duration = Duration::from_millis(50);

/// How much of what a call said is kept: lines, and bytes of the log that they are taken from.
const TAIL_LINES: usize = 4;
const TAIL_BYTES: u64 = 2048;

/// One way to download the page that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The program with the arguments that make it `pip`.
    pub command: String,
    /// What came of it: the system's error, or how it ended and its last lines.
    pub outcome: String,
}

/// Runs one `pip` in `folder`; the error says what came of it, in words for the operator.
pub(super) fn run(pip: &[&str], folder: &Path, deadline: Instant) -> Result<(), String> {
    let Some((program, first)) = pip.split_first() else {
        return Ok(());
    };
    if Instant::now() >= deadline {
        return Err("not tried, the time was over".to_owned());
    }
    // A file and not a pipe: a child of a killed child would keep a pipe open, and whoever reads it waiting.
    let log = folder.join("pip.log");
    let output = File::create(&log).and_then(|file| Ok((file.try_clone()?, file)));
    let (output, errors) = output.map_err(|error| format!("its log cannot be written: {error}"))?;
    let spawned = Command::new(program)
        .args(first)
        .args(ARGUMENTS)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .spawn();
    let mut child = spawned.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "not installed".to_owned(),
        _ => format!("cannot be run: {error}"),
    })?;
    let end = wait(&mut child, deadline).map_err(|error| format!("cannot be waited for: {error}"))?;
    match end {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("{status}{}", tail(&log))),
        None => Err(format!("did not end in time and was stopped{}", tail(&log))),
    }
}

/// Waits until the child ends, and kills it at the deadline (`None`).
fn wait(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

/// Returns the last lines of a log, each on a line of its own; nothing if it cannot be read.
fn tail(log: &Path) -> String {
    let mut bytes = Vec::new();
    let read = File::open(log).and_then(|mut file| {
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        file.take(TAIL_BYTES).read_to_end(&mut bytes)
    });
    if read.is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].iter().fold(String::new(), |mut tail, line| {
        tail.push('\n');
        // No escape sequences of a program that thinks it writes to a terminal.
        tail.extend(line.chars().filter(|c| !c.is_control()));
        tail
    })
}
