//! The process of a filter, as the server sees it.

use std::{
    fs, io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::param::page_size;
use tokio::{
    io::AsyncReadExt,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::{
    Failure, Limits,
    protocol::{self, Answer, Job},
};

/// How long a process may take until it has compiled its filter: long, since the machine may be busy.
const STARTING: Duration = Duration::from_secs(30);

/// How long what an ended process said last may take to come.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Bytes of what an ended process said last.
const MOST_WORDS: u64 = 4096;

/// Bytes of memory with which a process is too large to wait for what may not come for hours.
const LARGE: u64 = 32 << 20;

/// Bytes of an answer beside its changes.
const FRAMING: usize = 64 << 10;

/// A process that runs a filter. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    stderr: ChildStderr,
}

impl Process {
    /// Starts a process, which compiles the filter; the error says why there is none.
    pub async fn start(executable: &Path, job: &Job) -> Result<Self, Failure> {
        let unable = |error: io::Error| Failure::NotStarted(format!("{}: {error}", executable.display()));
        let told = serde_json::to_vec(job).map_err(|error| unable(error.into()))?;
        let mut process = Self::spawn(executable).map_err(unable)?;
        match process.answer(&told, &job.limits, STARTING).await {
            Ok(Some(Answer::Ready)) => Ok(process),
            Ok(Some(Answer::Changes(_))) => Err(Failure::NotStarted("it answers before it is asked".to_owned())),
            Ok(None) => Err(Failure::NotStarted(format!("it was not ready within {} s", STARTING.as_secs()))),
            Err(Failure::Ended(words)) => Err(Failure::NotStarted(words)),
            Ok(Some(Answer::Failed(failure))) | Err(failure) => Err(failure),
        }
    }

    fn spawn(executable: &Path) -> io::Result<Self> {
        let mut command = Command::new(executable);
        command.arg0("watchtower-server").arg("filter").kill_on_drop(true);
        // It gets nothing of the environment. What it does get keeps it small (glibc): one heap, and what is free goes back.
        command.env_clear().env("MALLOC_ARENA_MAX", "1").env("MALLOC_TRIM_THRESHOLD_", "131072");
        // Ctrl-C is for the server, which finishes what it has begun.
        command.process_group(0).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else { return Err(io::ErrorKind::BrokenPipe.into()) };
        Ok(Self { child, stdin, stdout, stderr })
    }

    /// What it makes of an input. After an error that is no answer it is gone.
    pub async fn ask(&mut self, input: &[u8], limits: &Limits) -> Result<Answer, Failure> {
        self.answer(input, limits, limits.time).await?.ok_or(Failure::Time(limits.time))
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Whether it has more memory than one that waits should have; no where the system does not tell.
    pub fn is_large(&self) -> bool {
        let resident = || {
            let sizes = fs::read_to_string(format!("/proc/{}/statm", self.id()?)).ok()?;
            let pages: u64 = sizes.split(' ').nth(1)?.parse().ok()?;
            pages.checked_mul(u64::try_from(page_size()).ok()?)
        };
        resident().is_some_and(|bytes| bytes > LARGE)
    }

    /// Its id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Its answer to what it is told; none if it takes too long, for which it is killed.
    async fn answer(&mut self, told: &[u8], limits: &Limits, within: Duration) -> Result<Option<Answer>, Failure> {
        let most = limits.bytes.saturating_add(FRAMING);
        let exchange = async {
            protocol::send(&mut self.stdin, told).await?;
            protocol::receive(&mut self.stdout, most).await
        };
        match timeout(within, exchange).await {
            Ok(Ok(content)) => Answer::read(&content).map(Some).map_err(|error| Failure::Ended(error.to_string())),
            Ok(Err(_)) => Err(self.end(limits).await),
            Err(_) => {
                // Gone before anyone is told, so that the next one does not have to share the machine with it.
                let _ = self.child.kill().await;
                Ok(None)
            }
        }
    }

    /// Why it does not answer.
    async fn end(&mut self, limits: &Limits) -> Failure {
        let mut words = Vec::new();
        let mut stderr = (&mut self.stderr).take(MOST_WORDS);
        let _ = timeout(LAST_WORDS, stderr.read_to_end(&mut words)).await;
        let status = timeout(LAST_WORDS, self.child.wait()).await;
        // One that still runs answers at too great a length, or not at all: there is no use in it.
        let _ = self.child.start_kill();
        verdict(&String::from_utf8_lossy(&words), status.ok().and_then(Result::ok), limits)
    }
}

/// What the last words of a process mean: Rust's own, since nobody else is there to say why it ended.
fn verdict(words: &str, status: Option<ExitStatus>, limits: &Limits) -> Failure {
    if words.contains("memory allocation of") || words.contains("capacity overflow") {
        return Failure::Memory(limits.memory);
    }
    if words.contains("has overflowed its stack") {
        return Failure::Stack;
    }
    let status = status.map_or_else(|| "it does not answer".to_owned(), |status| status.to_string());
    // After a panic, Rust says how to be told more.
    match words.lines().rfind(|line| !line.trim().is_empty() && !line.starts_with("note:")) {
        Some(line) => Failure::Ended(format!("{status}: {}", line.trim())),
        None => Failure::Ended(status),
    }
}
