//! Filters: jq programs that make changes of what trackers send.
//!
//! A filter is written by people, and fed by strangers. jaq, which runs it, knows no bounds of time, memory or stack, so each
//! filter has a process of its own: the same program once more, with the command `filter`. It has no environment, can open no
//! file, and is killed when it takes too long. What goes wrong in there ends that process at worst, and the next run has
//! a new one.
//!
//! Nothing here knows of deliveries, or of what a change is: JSON goes in, and JSON comes out.

mod changes;
mod child;
mod excerpt;
mod failure;
mod fault;
mod input;
mod language;
mod limits;
mod process;
mod program;
mod protocol;

use std::path::{Path, PathBuf};

use serde_json::Value;

pub use self::{
    child::answer_all,
    failure::Failure,
    fault::Fault,
    input::input,
    limits::Limits,
    program::Program,
    protocol::{Answer, DEEPEST},
};
use self::{process::Process, protocol::Job};

/// One filter, and the process that runs it while there is one.
///
/// It is compiled when it is first needed, and again in a new process after one that had to be stopped.
#[derive(Debug)]
pub struct Runner {
    job: Job,
    executable: PathBuf,
    process: Option<Process>,
    /// Why it does not compile: the text stays the same, so this does too.
    broken: Option<Failure>,
}

impl Runner {
    /// A filter with this text. Nothing is started yet. The executable is this server's, see [`executable`].
    #[must_use]
    pub fn new(text: &str, executable: PathBuf, limits: Limits) -> Self {
        Self { job: Job { text: text.to_owned(), limits }, executable, process: None, broken: None }
    }

    /// Whether the filter compiles; the error says where it does not, and why.
    pub async fn check(&mut self) -> Result<(), Failure> {
        self.process = Some(self.ready().await?);
        Ok(())
    }

    /// What the filter makes of an input, which is JSON as [`input`] puts it together: its outputs in their order, where
    /// an array stands for its elements, and null for nothing.
    ///
    /// The error says what is wrong with the filter, or with what came. No run depends on one before it, whatever became of
    /// that; a run that is dropped halfway is none.
    pub async fn run(&mut self, input: &str) -> Result<Vec<Value>, Failure> {
        match self.attempt(input).await {
            // Someone else may have ended the process, even while it waited, which says nothing of this input.
            Err(Failure::Ended(_)) => self.attempt(input).await,
            attempted => attempted,
        }
    }

    async fn attempt(&mut self, input: &str) -> Result<Vec<Value>, Failure> {
        // Where the caller stops waiting, the process goes with what it was asked: its answer would be the next one's.
        let mut process = self.ready().await?;
        let answer = process.ask(input.as_bytes(), &self.job.limits).await?;
        // What is free in a heap does not always go back. Another process is there in milliseconds, and may not be needed soon.
        self.process = (!process.is_large()).then_some(process);
        match answer {
            Answer::Changes(changes) => Ok(changes),
            Answer::Failed(failure) => Err(failure),
            Answer::Ready => Err(Failure::Ended("it answers something else than it is asked".to_owned())),
        }
    }

    /// The id of the process that runs the filter, while there is one.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().and_then(Process::id)
    }

    /// A process that waits for an input: the one that is there, or a new one.
    async fn ready(&mut self) -> Result<Process, Failure> {
        if let Some(failure) = &self.broken {
            return Err(failure.clone());
        }
        if let Some(mut process) = self.process.take()
            && process.is_alive()
        {
            return Ok(process);
        }
        let started = Process::start(&self.executable, &self.job).await;
        if let Err(failure @ Failure::DoesNotCompile(_)) = &started {
            self.broken = Some(failure.clone());
        }
        started
    }
}

/// The file of the program that is running. On Linux it stays this one when another is put in its place, which might speak
/// to its filters in another way. The error says that the system does not tell.
pub fn executable() -> std::io::Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() { Ok(running.to_owned()) } else { std::env::current_exe() }
}
