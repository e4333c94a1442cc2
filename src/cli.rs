//! The command line: one module per command, the only places where parts are wired together.

mod attach;
mod backup;
mod check;
mod demo;
mod filter;
mod healthcheck;
mod import;
mod probe;
mod render;
mod serve;
mod token;
mod webhook;

use std::{io::Write, path::PathBuf};

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// Keeps the data tree of the Blender Studio's Watchtower true, live.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What all commands take.
#[derive(Debug, Args)]
struct Common {
    /// Folder of the database, the tree and the media
    /// [default: ./watchtower-data; of demo: ./watchtower-demo]
    #[arg(long, env = "WATCHTOWER_DATA_DIR", global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// How much to log: error, warn, info, debug, trace, or a filter
    #[arg(long, env = "WATCHTOWER_LOG", default_value = "info", global = true, value_name = "FILTER")]
    log: String,
    /// How to log
    #[arg(long, env = "WATCHTOWER_LOG_FORMAT", default_value = "text", global = true)]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take what trackers push, and serve the tree and the page
    Serve(serve::Serve),
    /// Serve a fresh example production, to see Watchtower in the browser
    Demo(demo::Demo),
    /// Render the tree, into the data folder or a folder for another web server
    Render(render::Render),
    /// Take over an existing tree, as the Python package writes it
    Import(import::Import),
    /// Make, list and revoke tokens; also beside a running server, at once
    #[command(subcommand)]
    Token(token::Token),
    /// Say what pictures and movies are, and whether they would be taken
    Probe(probe::Probe),
    /// Check the configuration and the data, without starting
    Check(check::Check),
    /// Try what deliveries of webhooks would change; print the built-in mappings
    Webhook(webhook::Webhook),
    /// Copy the database, and the pictures and movies, of a running server as of a stopped one
    Backup(backup::Backup),
    /// Print the API's description (OpenAPI 3.1)
    Openapi,
    /// Ask a running server whether it is well; for containers
    Healthcheck(healthcheck::Healthcheck),
    /// Run a webhook's filter, for the server itself
    #[command(hide = true)]
    Filter(filter::Filter),
}

impl Common {
    /// The data folder that was named, or the usual one.
    fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(|| PathBuf::from("./watchtower-data"))
    }
}

impl Cli {
    /// Runs the command; the error says what it could not do, and why.
    pub fn run(self) -> anyhow::Result<()> {
        let Self { common, command } = self;
        // It starts in a hurry, stays small, and has nothing to log.
        if let Command::Filter(_) = &command {
            return filter::Filter::run();
        }
        if let Command::Serve(_) | Command::Demo(_) = &command {
            have_few_heaps();
        }
        start_log(&common)?;
        crate::fetch::client::use_ring();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            match command {
                Command::Serve(serve) => serve.run(&common).await,
                Command::Demo(demo) => demo.run(&common).await,
                Command::Render(render) => render.run(&common).await,
                Command::Import(import) => import.run(&common).await,
                Command::Token(token) => token.run(&common).await,
                Command::Probe(probe) => probe.run(),
                Command::Check(check) => check.run(&common).await,
                Command::Webhook(webhook) => webhook.run(&common).await,
                Command::Backup(backup) => backup.run(&common).await,
                Command::Openapi => say(&crate::http::document().to_pretty_json()?),
                Command::Healthcheck(healthcheck) => healthcheck.run().await,
                Command::Filter(_) => filter::Filter::run(),
            }
        })
    }
}

/// Begins anew, as the same process, with a heap for each processor: the C library of Linux makes eight, and what is freed in one
/// is of no use in the others, so that a server that is written to all day comes to twice the memory. It takes that number from
/// the environment alone. Where this cannot be done, there is more memory in use, and nothing else.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn have_few_heaps() {
    use std::{env, os::unix::process::CommandExt, process, thread};
    const HEAPS: &str = "MALLOC_ARENA_MAX";
    let mut words = env::args_os();
    let (Some(name), Ok(program), Ok(processors)) = (words.next(), env::current_exe(), thread::available_parallelism())
    else {
        return;
    };
    if env::var_os(HEAPS).is_none() {
        drop(process::Command::new(program).arg0(name).args(words).env(HEAPS, processors.to_string()).exec());
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn have_few_heaps() {}

/// Logs go to standard error: standard output is for what a command was asked for.
fn start_log(common: &Common) -> anyhow::Result<()> {
    let log = tracing_subscriber::fmt().with_env_filter(log_filter(&common.log)?).with_writer(std::io::stderr);
    match common.log_format {
        LogFormat::Text => {
            use std::io::IsTerminal;
            log.with_ansi(std::io::stderr().is_terminal()).init();
        }
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).init(),
    }
    Ok(())
}

/// What to log. A word alone must be a level: a misspelt one would be taken for a part of the program, of which all is logged,
/// and nothing of the others.
fn log_filter(text: &str) -> anyhow::Result<EnvFilter> {
    let allowed = "error, warn, info, debug, trace or off, and for parts of the program as in \
                   \"info,watchtower_server::publish=debug\"";
    for part in text.split(',') {
        let is_level = part.parse::<LevelFilter>().is_ok();
        anyhow::ensure!(is_level || part.contains(['=', '[', ']']), "--log takes {allowed}, not {part:?}");
    }
    EnvFilter::builder().parse(text).with_context(|| format!("--log takes {allowed}, not {text:?}"))
}

/// Prints a line to standard output.
fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// Listens from now on for being told to stop (Ctrl-C, or SIGTERM), and completes when that happens.
fn told_to_stop() -> impl Future<Output = ()> + Send + 'static {
    use tokio::signal::unix::{SignalKind, signal};
    let streams = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok());
    async move {
        let [mut interrupt, mut terminate] = streams;
        tokio::select! {
            () = received(&mut interrupt) => {}
            () = received(&mut terminate) => {}
        }
        tracing::info!("stopping: finishing what was accepted");
    }
}

/// Completes when a signal comes; never if it cannot be listened for.
async fn received(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
