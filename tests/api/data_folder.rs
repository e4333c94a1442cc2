//! The data folder: whom it is for, what of it is ours, and what is refused.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use crate::{
    crash::process::{Process, command, run},
    support::TestServer,
};

/// A data folder with a project in it, of a server that is not running.
async fn written(temp: &TempDir) -> std::path::PathBuf {
    let folder = temp.path().join("data");
    let mut server = TestServer::start_on(folder.clone(), None, |_| ()).await;
    server.put("/api/projects/p", &json!({"name": "P"})).await.expect(201);
    server.stop().await;
    folder
}

async fn execute(database: &Path, sql: &str) {
    let options = SqliteConnectOptions::new().filename(database).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
}

/// Every command that opens the database.
fn commands(temp: &TempDir) -> Vec<Vec<String>> {
    let tree = temp.path().join("tree");
    fs::create_dir_all(tree.join("data/projects")).unwrap();
    fs::write(tree.join("data/projects/context.json"), r#"{"projects": []}"#).unwrap();
    let [tree, out, backup] = [tree, temp.path().join("out"), temp.path().join("backup.db")];
    let commands: [&[&str]; 6] = [
        &["serve", "--listen", "127.0.0.1:0"],
        &["check"],
        &["render"],
        &["render", "--out", out.to_str().unwrap()],
        &["import", tree.to_str().unwrap()],
        &["backup", backup.to_str().unwrap()],
    ];
    commands.map(|command| command.iter().map(|word| (*word).to_owned()).collect()).into()
}

/// Every command refuses the database with all of these words, and leaves it as it is.
async fn refused(temp: &TempDir, folder: &Path, words: &[&str]) {
    let database = folder.join("watchtower.db");
    let before = fs::read(&database).unwrap();
    for command in commands(temp) {
        let (is_done, _, said) = run(folder, &command).await;
        assert!(!is_done, "{command:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{command:?} says nothing of {word:?}: {said}");
        }
        assert!(fs::read(&database).unwrap() == before, "{command:?} altered it");
        assert!(!temp.path().join("backup.db").exists());
    }
}

#[tokio::test]
async fn what_is_in_it_is_for_its_owner_alone() {
    let temp = TempDir::new().unwrap();
    let folder = temp.path().join("data");
    let process = Process::start(&folder).await;
    process.send(reqwest::Method::PUT, "/api/projects/p", &json!({"name": "P"})).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in ["watchtower.db", "watchtower.db-wal", "watchtower.db-shm"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    process.terminate().await;
    // Who lets others in does so on purpose.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(folder.join("watchtower.db"), fs::Permissions::from_mode(0o640)).unwrap();
    let mut process = Process::start(&folder).await;
    process.says("every user of this machine may look into the data folder").await;
    process.terminate().await;
    assert_eq!((mode(&folder), mode(&folder.join("watchtower.db"))), (0o755, 0o640));
    // The first command is as careful as the server.
    let folder = temp.path().join("other");
    let create = ["token", "create", "--name", "admin", "--rights", "admin"].map(str::to_owned);
    let (is_done, _, said) = run(&folder, &create).await;
    assert!(is_done, "{said}");
    assert_eq!((mode(&folder), mode(&folder.join("watchtower.db"))), (0o700, 0o600));
}

#[tokio::test]
async fn what_is_half_finished_goes_at_the_start_and_what_is_not_ours_stays() {
    let temp = TempDir::new().unwrap();
    let folder = written(&temp).await;
    let half = ["media/.unfinished/7", "tree/classic/.unfinished/7"];
    let foreign = ["notes.txt", "media/notes.txt", "media/ab/notes.txt", "tree/notes.txt", "tree/classic/robots.txt"];
    for name in half.iter().chain(&foreign) {
        fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
        fs::write(folder.join(name), "x").unwrap();
    }
    let mut server = TestServer::start_on(folder.clone(), None, |_| ()).await;
    // That also collects what nobody refers to.
    server.send(server.request(reqwest::Method::POST, "/api/render?force=true")).await.expect(200);
    server.stop().await;
    for name in half {
        assert!(!folder.join(name).exists(), "{name} is left");
    }
    for name in foreign {
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), "x", "{name}");
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_by_every_command_and_left_as_it_is() {
    let temp = TempDir::new().unwrap();
    let folder = written(&temp).await;
    let newer = "insert into _sqlx_migrations values (4711, 'to come', current_timestamp, 1, x'00', 1)";
    execute(&folder.join("watchtower.db"), newer).await;
    let words = ["newer watchtower-server", "4711", env!("CARGO_PKG_VERSION"), "docs/operations.md"];
    refused(&temp, &folder, &words).await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_by_every_command_and_left_as_it_is() {
    let temp = TempDir::new().unwrap();
    let folder = temp.path().join("data");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("watchtower.db"), "hello, I am no database. ".repeat(1000)).unwrap();
    refused(&temp, &folder, &["is damaged", "restore a backup", "docs/operations.md"]).await;
}

#[tokio::test]
async fn a_database_of_something_else_is_refused_by_every_command_and_left_as_it_is() {
    let temp = TempDir::new().unwrap();
    let folder = temp.path().join("data");
    fs::create_dir(&folder).unwrap();
    execute(&folder.join("watchtower.db"), "create table bookmarks (url text)").await;
    refused(&temp, &folder, &["none of watchtower-server"]).await;
}

#[tokio::test]
async fn a_damaged_database_is_not_served() {
    let temp = TempDir::new().unwrap();
    let folder = written(&temp).await;
    let database = folder.join("watchtower.db");
    let much = "with recursive number(n) as (select 1 union all select n + 1 from number where n < 200)
        insert into download select n, hex(randomblob(500)) from number";
    execute(&database, much).await;
    let mut bytes = fs::read(&database).unwrap();
    // Pages of a table that is not read at the start.
    let end = bytes.len() - 4096;
    bytes[end - 40 * 4096..end].fill(0xa5);
    fs::write(&database, bytes).unwrap();
    for words in [&["serve", "--listen", "127.0.0.1:0"][..], &["check"]] {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let (is_done, _, said) = run(&folder, &words).await;
        assert!(!is_done && said.contains("restore a backup"), "{words:?}: {said}");
    }
}

#[tokio::test]
async fn a_command_beside_a_server_leaves_an_older_schema_to_it() {
    let temp = TempDir::new().unwrap();
    let folder = written(&temp).await;
    let database = folder.join("watchtower.db");
    execute(
        &database,
        "delete from _sqlx_migrations where version > 1; drop table delivery; drop table download;
         drop table publish_hook; drop table token; drop table problem; drop table last_change; drop index idempotency_by_time",
    )
    .await;
    let out = temp.path().join("out").to_str().unwrap().to_owned();
    let (is_done, _, said) = run(&folder, &["render".to_owned(), "--out".to_owned(), out]).await;
    assert!(!is_done && said.contains("older watchtower-server"), "{said}");
    let (is_done, printed, said) = run(&folder, &["check".to_owned()]).await;
    assert!(is_done && printed.contains("of an older version"), "{printed}{said}");
    let (config, payload) = (temp.path().join("watchtower.toml"), temp.path().join("payload.json"));
    fs::write(&config, "[[webhook]]\nname = \"a\"\nverify = \"none\"\nmapping = \"changes\"\n").unwrap();
    fs::write(&payload, "[]").unwrap();
    let words = ["webhook", "test", "a", payload.to_str().unwrap(), "--config", config.to_str().unwrap()];
    let (is_done, _, said) = run(&folder, &words.map(str::to_owned)).await;
    assert!(!is_done && said.contains("older watchtower-server"), "{said}");
    // A backup is what one wants to have before the upgrade.
    let backup = temp.path().join("backup.db").to_str().unwrap().to_owned();
    let (is_done, _, said) = run(&folder, &["backup".to_owned(), backup]).await;
    assert!(is_done, "{said}");
    Process::of(command(&folder)).await.terminate().await;
    let (is_done, _, said) = run(&folder, &["check".to_owned()]).await;
    assert!(is_done, "{said}");
}
