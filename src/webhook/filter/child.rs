//! In the process of a filter.

use std::{
    fs,
    io::{self, IsTerminal},
    panic::{self, AssertUnwindSafe},
    process,
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

use anyhow::Context;
use rustix::{
    param::page_size,
    process::{Resource, Rlimit, setrlimit},
};

use super::{
    Failure, Limits, Program,
    protocol::{self, Answer, Job},
};

/// The stack of a filter, in bytes: some ten thousand calls within calls.
const STACK: usize = 32 << 20;

/// Files that are open: the three that it was started with.
const FILES: u64 = 3;

/// Takes a filter from standard input, and answers what comes after it until that ends, which it also does if the server is
/// killed. The error says that it was not started by a server, or cannot be kept within its limits.
pub fn answer_all() -> anyhow::Result<()> {
    let mut inputs = io::stdin().lock();
    anyhow::ensure!(!inputs.is_terminal(), "this is for the server alone: it runs a webhook's filter");
    let Some(job) = protocol::read(&mut inputs)? else { return Ok(()) };
    let job: Job = serde_json::from_slice(&job)?;
    restrict(&job.limits).context("the filter cannot be kept within its limits")?;
    let (hand_over, handed_over) = sync_channel(1);
    // A thread has a stack of a known size, and leaves this one free to see when nobody waits for an answer any more.
    thread::Builder::new().name("filter".to_owned()).stack_size(STACK).spawn(move || work(&job, &handed_over))?;
    while let Some(input) = protocol::read(&mut inputs)? {
        hand_over.send(input)?;
    }
    Ok(())
}

/// Answers until there is nothing more, and then ends the process: what went wrong in here must not leave the server waiting.
fn work(job: &Job, inputs: &Receiver<Vec<u8>>) {
    let answered = panic::catch_unwind(AssertUnwindSafe(|| answer(job, inputs)));
    process::exit(i32::from(!matches!(answered, Ok(Ok(())))));
}

fn answer(job: &Job, inputs: &Receiver<Vec<u8>>) -> anyhow::Result<()> {
    let program = match Program::compile(&job.text) {
        Ok(program) => program,
        Err(failure) => return say(Err(failure)),
    };
    protocol::write(&mut io::stdout(), &Answer::Ready.to_json()?)?;
    while let Ok(input) = inputs.recv() {
        say(program.run(input, &job.limits))?;
    }
    Ok(())
}

fn say(made: Result<Vec<u8>, Failure>) -> anyhow::Result<()> {
    let content = match made {
        Ok(changes) => Answer::of_changes(&changes),
        Err(failure) => Answer::Failed(failure).to_json()?,
    };
    Ok(protocol::write(&mut io::stdout(), &content)?)
}

/// Lets the system keep this process within its limits, for good.
fn restrict(limits: &Limits) -> io::Result<()> {
    // It is its address space that the system counts.
    if let Some(present) = address_space() {
        let stack = u64::try_from(STACK).unwrap_or(u64::MAX);
        limit(Resource::As, present.saturating_add(stack).saturating_add(limits.memory))?;
    }
    // It reads and writes what is open already, leaves no dump of what it was sent, and cannot let a file grow.
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Nofile, FILES)
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

/// The address space of this process in bytes, where the system tells it.
fn address_space() -> Option<u64> {
    let sizes = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = sizes.split(' ').next()?.parse().ok()?;
    pages.checked_mul(u64::try_from(page_size()).ok()?)
}
