//! What a service manager is told, by the protocol of systemd.

use std::collections::VecDeque;

use reqwest::Method;
use serde_json::json;
use tokio::{net::UnixDatagram, process::Command, time::timeout};

use super::Place;
use crate::{crash::process::Process, support::DEADLINE};

/// A manager that listens.
pub struct Manager {
    socket: UnixDatagram,
    told: VecDeque<String>,
}

impl Manager {
    fn at(place: &Place) -> Self {
        Self { socket: UnixDatagram::bind(place.path("notify")).unwrap(), told: VecDeque::new() }
    }

    /// The next message, line by line.
    async fn next(&mut self) -> Vec<String> {
        let mut message = vec![0; 4096];
        let received = timeout(DEADLINE, self.socket.recv(&mut message));
        let length = received.await.expect("nothing is told").unwrap();
        let text = String::from_utf8(message[..length].to_vec()).unwrap();
        self.told.push_back(text.clone());
        text.lines().map(str::to_owned).collect()
    }

    /// The next message with a line that begins like this; what comes before must not have another.
    pub async fn hears(&mut self, wanted: &str, never: &str) -> Vec<String> {
        loop {
            let message = self.next().await;
            if message.iter().any(|line| line.starts_with(wanted)) {
                return message;
            }
            let is_never = message.iter().any(|line| !never.is_empty() && line.starts_with(never));
            assert!(!is_never, "{never} before {wanted}: {:?}", self.told);
        }
    }
}

pub async fn start(place: &Place, mut command: Command, watchdog: Option<&str>) -> (Process, Manager) {
    let mut manager = Manager::at(place);
    command.env("NOTIFY_SOCKET", place.path("notify")).env_remove("WATCHDOG_PID").env_remove("WATCHDOG_USEC");
    if let Some(micros) = watchdog {
        command.env("WATCHDOG_USEC", micros);
    }
    let process = Process::of(command).await;
    let first = manager.next().await;
    assert_eq!(first, ["READY=1", "STATUS=projects: 0, revision 0, all published"]);
    (process, manager)
}

#[tokio::test]
async fn a_manager_is_told_when_the_server_is_ready_reloads_and_stops() {
    let place = Place::with("");
    let (process, mut manager) = start(&place, place.command(), None).await;
    process.send(Method::PUT, "/api/projects/p?wait=published", &json!({"name": "P"})).await;
    manager.hears("STATUS=projects: 1, revision 1, all published", "READY=1").await;
    process.signal("HUP");
    let reloading = manager.hears("RELOADING=1", "READY=1").await;
    let now = reloading.iter().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).expect("it says when");
    assert!(now.parse::<u64>().unwrap() > 0);
    let ready = manager.hears("READY=1", "STOPPING=1").await;
    assert!(ready[1].starts_with("STATUS=the configuration was read again"), "{ready:?}");
    place.configure("listen = \"nowhere\"");
    process.signal("HUP");
    manager.hears("RELOADING=1", "STOPPING=1").await;
    let ready = manager.hears("READY=1", "STOPPING=1").await;
    assert!(ready[1].contains("not sound"), "{ready:?}");
    process.signal("TERM");
    manager.hears("STOPPING=1", "READY=1").await;
    process.ended_well().await;
}

#[tokio::test]
async fn a_watchdog_hears_nothing_while_the_database_does_not_answer() {
    let place = Place::with("");
    let (process, mut manager) = start(&place, place.command(), Some("200000")).await;
    for _ in 0..3 {
        manager.hears("WATCHDOG=1", "STOPPING=1").await;
    }
    let mut other = place.database().await;
    sqlx::raw_sql("begin immediate").execute(&mut other).await.unwrap();
    manager.hears("STATUS=the database does not answer", "STOPPING=1").await;
    sqlx::raw_sql("rollback").execute(&mut other).await.unwrap();
    manager.hears("STATUS=projects: 0", "WATCHDOG=1").await;
    manager.hears("WATCHDOG=1", "STOPPING=1").await;
    // Nothing is left of the questions that nobody waited for.
    process.send(Method::PUT, "/api/projects/p?wait=published", &json!({"name": "P"})).await;
    process.terminate().await;
}

#[tokio::test]
async fn a_publish_that_fails_is_told_and_does_not_make_the_server_unwell() {
    let place = Place::with("");
    let (process, mut manager) = start(&place, place.command(), Some("200000")).await;
    let folder = process.tree().join("data");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    let (status, _, _) = process.ask(Method::PUT, "/api/projects/p?wait=published", &json!({"name": "P"})).await;
    assert_eq!(status, 503);
    manager.hears("STATUS=publishing fails: ", "STOPPING=1").await;
    manager.hears("WATCHDOG=1", "STOPPING=1").await;
    process.terminate().await;
}
