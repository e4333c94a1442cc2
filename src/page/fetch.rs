//! Downloading the wheel with the page, by the `pip` of this machine.
//!
//! `pip` and not a client of ours: it knows the studio's mirror, proxy and certificates. It downloads only, nothing of the
//! package is run, and the wheel must have the pinned hash.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Error;
use super::archive::Archive;
use super::pip::{self, Attempt};
use super::staging::Staging;
use crate::layout::Layout;

/// Ways to call `pip`, in order; `uv` brings one where none is installed.
const PIPS: [&[&str]; 4] = [&["python3", "-m", "pip"], &["pip3"], &["pip"], &["uv", "tool", "run", "pip"]];

/// How long all calls together may take.
const TIME_LIMIT: Duration = Duration::from_mins(2);

/// A release of `watchtower-pipeline` that contains a page.
struct Release {
    version: &'static str,
    /// Of the wheel, in hexadecimal.
    sha256: &'static str,
}

impl Release {
    /// Returns the release whose page reads `layout`: the newest of each line that the data contract was tried with.
    const fn of(layout: Layout) -> Self {
        match layout {
            Layout::Classic => {
                Self { version: "0.1.7", sha256: "07151eb6c86cbd60d82d10a3916588739b33aede87e29f35c7c01e8e931139b0" }
            }
            Layout::V1 => {
                Self { version: "1.0.0b3", sha256: "83838d94799d1d6603ec55a9ecbcf7562267b12e6530706bd69e9c55b2dacd1f" }
            }
        }
    }

    fn requirement(&self) -> String {
        format!("watchtower-pipeline=={}", self.version)
    }

    fn wheel(&self) -> String {
        format!("watchtower_pipeline-{}-py3-none-any.whl", self.version)
    }
}

/// Returns the wheel with the page for `layout` in `download_dir`, downloading it with `pip` unless it is there and whole.
///
/// Ends after 120 seconds at most.
///
/// # Errors
/// [`Error::Download`], which tells what was tried and what to do by hand; [`Error::Io`] when `download_dir` cannot be written.
pub fn fetch(layout: Layout, download_dir: &Path) -> Result<PathBuf, Error> {
    fetch_with(&PIPS, TIME_LIMIT, &Release::of(layout), download_dir)
}

/// [`fetch`], with the programs to try and the time they get.
fn fetch_with(pips: &[&[&str]], limit: Duration, release: &Release, download_dir: &Path) -> Result<PathBuf, Error> {
    let wheel = download_dir.join(release.wheel());
    if is_whole(&wheel) {
        return Ok(wheel);
    }
    let staging = Staging::new(download_dir, "download")?;
    let requirements = staging.path().join(pip::REQUIREMENTS);
    let content = format!("{} --hash=sha256:{}\n", release.requirement(), release.sha256);
    fs::write(&requirements, content).map_err(Error::io("write", &requirements))?;
    tracing::info!(requirement = release.requirement(), "downloading the Watchtower page with pip");

    let downloaded = staging.path().join(release.wheel());
    let deadline = Instant::now() + limit;
    let mut attempts = Vec::new();
    for call in pips {
        let outcome = match pip::run(call, staging.path(), deadline) {
            Ok(()) if is_whole(&downloaded) => {
                fs::rename(&downloaded, &wheel).map_err(Error::io("write", &wheel))?;
                return Ok(wheel);
            }
            Ok(()) => format!("ended well, but there is no usable {}", release.wheel()),
            Err(outcome) => outcome,
        };
        attempts.push(Attempt { command: call.join(" "), outcome });
    }
    Err(Error::Download { wheel: release.wheel(), requirement: release.requirement(), attempts })
}

/// Whether a wheel is there with all of a page in it.
fn is_whole(wheel: &Path) -> bool {
    let checked = Archive::open(wheel).and_then(|mut archive| archive.verify());
    if let Err(error) = &checked
        && wheel.exists()
    {
        tracing::warn!(%error, "the downloaded page is not usable");
    }
    checked.is_ok()
}

/// Says that the page could not be downloaded, what was tried, and what to do instead.
pub(super) fn explain(wheel: &str, requirement: &str, attempts: &[Attempt]) -> String {
    let mut text = "the Watchtower page could not be downloaded; tried\n".to_owned();
    for Attempt { command, outcome } in attempts {
        let _ = writeln!(text, "  {command}: {}", outcome.replace('\n', "\n      "));
    }
    let _ = write!(
        text,
        "on a machine with internet access and Python, run\n  \
           pip download --no-deps {requirement}\n\
         then copy {wheel} here and start with\n  \
           watchtower-server serve --frontend {wheel}"
    );
    text
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::page::{LANDING_HTML, fake};

    const RELEASE: Release = Release::of(Layout::Classic);

    /// Runs `fetch_with` where each `pip` is a shell script that finds a wheel at `$WHEEL`; returns what is in the folder after.
    fn fetch_by(scripts: &[&str], limit: Duration) -> (Result<PathBuf, Error>, Vec<String>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("made.whl");
        fake::wheel(&made, &[]);
        let header = format!("WHEEL='{}'; NAME='{}'\n", made.display(), RELEASE.wheel());
        let scripts: Vec<_> = scripts.iter().map(|script| format!("{header}{script}")).collect();
        let calls: Vec<_> = scripts.iter().map(|script| ["sh", "-c", script, "pip"]).collect();
        let calls: Vec<_> = calls.iter().map(|call| &call[..]).collect();
        let downloads = folder.path().join("downloads");
        let result = fetch_with(&calls, limit, &RELEASE, &downloads);
        let entries = fs::read_dir(&downloads).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        (result, names, folder)
    }

    const LIMIT: Duration = Duration::from_secs(20);

    #[test]
    fn the_first_pip_that_works_is_enough() {
        let asks = "grep -q watchtower-pipeline==0.1.7.*--hash=sha256:07151 requirements.txt && test $1 = download";
        let (result, names, folder) = fetch_by(&["exit 1", &format!("{asks} && cp $WHEEL $NAME"), "exit 1"], LIMIT);
        assert_eq!(result.unwrap(), folder.path().join("downloads").join(RELEASE.wheel()));
        assert_eq!(names, [RELEASE.wheel()]);
    }

    #[test]
    fn a_wheel_that_is_there_is_not_downloaded() {
        let folder = tempfile::tempdir().unwrap();
        let wheel = folder.path().join(RELEASE.wheel());
        fake::wheel(&wheel, &[]);
        assert_eq!(fetch_with(&[], LIMIT, &RELEASE, folder.path()).unwrap(), wheel);
        fs::write(&wheel, "half").unwrap();
        assert!(fetch_with(&[], LIMIT, &RELEASE, folder.path()).is_err());
    }

    #[test]
    fn the_error_says_what_was_tried_and_what_to_do() {
        let scripts =
            ["echo one; echo two >&2; printf 'a\\nb\\nc\\n\\033[31mred\\n'; exit 3", "true", "echo half > $NAME"];
        let (result, names, _folder) = fetch_by(&scripts, LIMIT);
        let message = result.unwrap_err().to_string();
        for part in [
            "exit status: 3\n      a\n      b\n      c\n      [31mred\n",
            "ended well, but there is no usable watchtower_pipeline-0.1.7-py3-none-any.whl",
            "\n  pip download --no-deps watchtower-pipeline==0.1.7\n",
            "\n  watchtower-server serve --frontend watchtower_pipeline-0.1.7-py3-none-any.whl",
        ] {
            assert!(message.contains(part), "{part:?} is not in:\n{message}");
        }
        assert!(names.is_empty());
    }

    #[test]
    fn a_pip_that_hangs_is_stopped() {
        let started = Instant::now();
        let (result, names, _folder) =
            fetch_by(&["sleep 9 & echo waiting; wait", "exit 0"], Duration::from_millis(300));
        let message = result.unwrap_err().to_string();
        assert!(message.contains("did not end in time and was stopped\n      waiting\n"), "{message}");
        assert!(message.contains("not tried"), "{message}");
        assert!(started.elapsed() < Duration::from_secs(6));
        assert!(names.is_empty());
    }

    #[test]
    fn a_pip_that_is_not_there_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let error = fetch_with(&[&["no-such-pip-here"]], LIMIT, &RELEASE, folder.path()).unwrap_err();
        assert!(error.to_string().contains("  no-such-pip-here: not installed\n"), "{error}");
    }

    #[test]
    fn the_landing_page_names_the_same_release() {
        assert!(LANDING_HTML.contains(&format!("pip download --no-deps {}", RELEASE.requirement())));
        assert!(LANDING_HTML.contains(&format!("serve --frontend {}", RELEASE.wheel())));
    }
}
