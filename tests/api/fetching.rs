//! Pictures and movies that entities name by URL: copied, passed on, or left alone, as the configuration says.

mod answers;
mod changes;
mod configured;
mod crowds;
mod guard;
mod made;
mod passed_on;
pub mod process;
mod restarts;
mod tracker;
mod uploads;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use watchtower_server::fetch::host::HostSettings;

use crate::support::{DEADLINE, TestServer, until};
use tracker::Tracker;

/// The hosts of a configuration.
fn hosts(text: &str) -> Vec<HostSettings> {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct File {
        #[serde(default)]
        media_host: Vec<HostSettings>,
    }
    toml::from_str::<File>(text).unwrap().media_host
}

/// A server with this configuration, and a project `p` with nothing in it.
async fn server_with(text: &str) -> TestServer {
    let server = TestServer::start_with(|options| options.media_hosts = hosts(text)).await;
    server.put("/api/projects/p?wait=published", &json!({"name": "P"})).await.expect(201);
    server
}

/// A tracker, and a server that copies from it.
async fn copying(rest: &str) -> (Tracker, TestServer) {
    let tracker = Tracker::start().await;
    let server = server_with(&tracker.settings(rest)).await;
    (tracker, server)
}

fn shot(id: &str, url: &str) -> Value {
    json!({"id": id, "name": id, "data": {"frame_in": 0, "frame_out": 24}, "thumbnailUrl": url})
}

/// What a test asks of a server that fetches.
impl TestServer {
    /// Creates or replaces a shot whose picture is at a URL.
    async fn push(&self, id: &str, url: &str) {
        let answer = self.put(&format!("/api/projects/p/shots/{id}"), &shot(id, url)).await;
        assert!([StatusCode::OK, StatusCode::CREATED].contains(&answer.status), "{}", answer.text);
    }

    /// Where the tree has the picture of a shot; `None` where it says null, or has no such shot.
    async fn picture_of(&self, id: &str) -> Option<String> {
        let shots = self.tree("projects/p/shots.json").await;
        let shot = shots.as_array().unwrap().iter().find(|shot| shot["id"] == id)?;
        shot["thumbnailUrl"].as_str().map(str::to_owned)
    }

    /// Waits until the tree has a picture of a shot other than that; gives the path.
    async fn other_picture_of(&self, id: &str, old: Option<&str>) -> String {
        until(&format!("a picture of {id} other than {old:?}"), async || {
            self.picture_of(id).await.filter(|path| Some(&**path) != old)
        })
        .await
    }

    /// The bytes of a file of the tree.
    async fn file(&self, path: &str) -> Vec<u8> {
        let response = self.client.get(self.url(&format!("/{path}"))).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.bytes().await.unwrap().to_vec()
    }

    /// What is wrong with pictures and movies.
    async fn media_problems(&self) -> Vec<Value> {
        let found = self.get("/api/projects/p/problems").await.expect(200).json();
        let of_media = |problem: &&Value| problem["problem"].as_str().unwrap().contains("media");
        found.as_array().unwrap().iter().filter(of_media).cloned().collect()
    }

    /// Waits until something is wrong with a picture or a movie; gives what.
    async fn until_failed(&self, reason: &str) -> Value {
        until(&format!("a problem with {reason:?}"), async || {
            let found = self.media_problems().await;
            found.into_iter().find(|problem| problem["detail"].as_str().unwrap().contains(reason))
        })
        .await
    }

    /// How many files are copied, waiting, running, failed.
    async fn tally(&self) -> [u64; 4] {
        let status = self.get("/api/status").await.expect(200).json();
        ["copied", "waiting", "running", "failed"].map(|name| status["media"]["fetches"][name].as_u64().unwrap())
    }

    /// Waits until there are so many of each.
    async fn until_tally(&self, expected: [u64; 4]) {
        until(&format!("{expected:?} copied, waiting, running, failed"), async || {
            (self.tally().await == expected).then_some(())
        })
        .await;
    }

    /// What the server knows of files of other servers, as it is stored.
    async fn downloads(&self) -> Vec<(String, String)> {
        let options = SqliteConnectOptions::new().filename(self.folder.join("watchtower.db")).read_only(true);
        let mut connection = options.connect().await.unwrap();
        sqlx::query_as("select url, body from download order by url").fetch_all(&mut connection).await.unwrap()
    }

    /// Lets time pass, and has the server look at what is due, by a write. Gives its revision.
    async fn later(&self, seconds: i64) -> String {
        self.pass(seconds);
        let named = json!({"name": uuid::Uuid::new_v4().to_string()});
        self.put("/api/task-types/alarm", &named).await.header("watchtower-revision").to_owned()
    }

    /// Waits until the server has looked at what was due when this was called: a file that was new then has come.
    async fn idle(&self, tracker: &Tracker) {
        let name = uuid::Uuid::new_v4().simple().to_string();
        let path = format!("/{name}.png");
        tracker.has(&path, tracker::File::png(made::png([0, 0, 0])));
        self.push(&name, &tracker.url(&path)).await;
        self.other_picture_of(&name, None).await;
        self.delete(&format!("/api/projects/p/shots/{name}?wait=published")).await.expect(204);
    }
}
