//! The server as a service: what it tells its manager, its configuration read again, its log.

mod logs;
mod manager;
mod reload;

use std::path::{Path, PathBuf};

use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::process::Command;

use crate::crash::process::{Process, command};

/// A folder with a configuration file, and room for the data.
pub struct Place {
    temp: TempDir,
}

impl Place {
    fn with(configuration: &str) -> Self {
        let place = Self { temp: TempDir::new().unwrap() };
        place.configure(configuration);
        place
    }

    fn configure(&self, configuration: &str) {
        std::fs::write(self.file(), configuration).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.path("watchtower.toml")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    /// What starts a server here.
    fn command(&self) -> Command {
        let mut command = command(&self.path("data"));
        command.arg("--config").arg(self.file());
        command
    }

    /// Another connection to its database.
    async fn database(&self) -> SqliteConnection {
        let file: &Path = &self.path("data/watchtower.db");
        SqliteConnectOptions::new().filename(file).connect().await.unwrap()
    }
}

/// A source of webhooks that everybody may send to.
fn open_source(name: &str) -> String {
    format!("[[webhook]]\nname = {name:?}\nverify = \"none\"\nmapping = \"changes\"\n")
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[tokio::test]
async fn the_server_has_a_heap_for_each_processor_unless_it_is_told_another_number() {
    let place = Place::with("");
    let heaps = async |command: Command| {
        let process = Process::of(command).await;
        let environment = std::fs::read_to_string(format!("/proc/{}/environ", process.id())).unwrap();
        process.terminate().await;
        let said = environment.split('\0').find_map(|variable| variable.strip_prefix("MALLOC_ARENA_MAX="));
        said.map(str::to_owned)
    };
    let mut command = place.command();
    command.env_remove("MALLOC_ARENA_MAX");
    let processors = std::thread::available_parallelism().unwrap().to_string();
    assert_eq!(heaps(command).await, Some(processors));
    let mut command = place.command();
    command.env("MALLOC_ARENA_MAX", "7");
    assert_eq!(heaps(command).await, Some("7".to_owned()));
}
