//! Each migration, applied to a database with rows of the version before: all is still there, and served.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use reqwest::header::{AUTHORIZATION, HeaderMap};
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use watchtower_server::{server::DataFolder, store::MIGRATIONS, webhook::SourceSettings};

use crate::{crash::process::run, support::TestServer};

/// What the version of each schema writes beside what those before it did, by the number of the schema, from 1. The newest is
/// among them: the next migration is tried on it.
const ROWS: &[&str] = &[
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
    include_str!("migrations/5.sql"),
    include_str!("migrations/6.sql"),
    include_str!("migrations/7.sql"),
];

/// The token that the fifth version made.
const TOKEN: &str = "wts_JmMMToWJTYXDO2qmhBgGfEl2E6LAPLkgCjOqFqES14a3TMvsF";

/// What follows from the configuration and the data, and may go when they say something else.
const PASSING: [&str; 3] = ["publish_hook", "problem", "last_change"];

async fn open(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

/// A database as the version with this schema left it.
async fn written_by(schema: usize, path: &Path) {
    let mut connection = open(path).await;
    MIGRATIONS.run_to(i64::try_from(schema).unwrap(), &mut connection).await.unwrap();
    for rows in &ROWS[..schema] {
        sqlx::raw_sql(*rows).execute(&mut connection).await.unwrap();
    }
    sqlx::Connection::close(connection).await.unwrap();
}

/// The rows of all tables as text, by table, in these columns; of all columns if none are named.
async fn dump(
    path: &Path,
    columns: Option<&BTreeMap<String, String>>,
) -> (BTreeMap<String, String>, Vec<(String, String)>) {
    let mut connection = open(path).await;
    let all = "select name, (select group_concat(quote(name)) from pragma_table_info(schema.name))
        from sqlite_schema as schema where type = 'table' and name not like '\\_%' escape '\\' and name not like 'sqlite%'";
    let found: BTreeMap<String, String> =
        sqlx::query_as(all).fetch_all(&mut connection).await.unwrap().into_iter().collect();
    let columns = columns.unwrap_or(&found).clone();
    let mut rows = Vec::new();
    for (table, columns) in &columns {
        let quoted: Vec<String> =
            columns.split(',').map(|name| format!("quote({})", name.replace('\'', "\""))).collect();
        let sql = format!("select {} from \"{table}\"", quoted.join(" || ' ' || "));
        let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
        rows.extend(found.into_iter().map(|row| (table.clone(), row)));
    }
    (columns, rows)
}

/// What the oldest version wrote is served as it was then.
async fn check_first(server: &TestServer) {
    let project = server.get("/api/projects/old/snapshot").await.expect(200).json();
    assert_eq!((&project["name"], &project["fps"], &project["team"][0]), (&"Old".into(), &25.into(), &"ada".into()));
    let shots = project["shots"].as_array().unwrap();
    assert_eq!(shots.iter().map(|shot| shot["name"].as_str().unwrap()).collect::<Vec<_>>(), ["0010", "0021", "0030"]);
    assert_eq!(shots[0]["data"]["more"], "kept");
    assert_eq!(shots[0]["tasks"][0]["task_status_id"], "done");
    assert_eq!(project["casting"][0]["asset_ids"][0], "a1");
    assert_eq!(project["episodes"][0]["sequences"][0], "sq");
    let counts = server.get("/api/projects/old/task-counts?to=2025-12-31").await.expect(200).json();
    let statuses = counts[0]["task_statuses"].as_array().unwrap();
    assert_eq!(
        statuses.iter().map(|status| status["task_status_id"].as_str()).collect::<BTreeSet<_>>().len(),
        2,
        "{counts}"
    );
    assert_eq!(server.tree("projects/old/shots.json").await[0]["name"], "0010");
    // A late event does not bring back what was deleted after it, nor an older name.
    let late = r#"{"changes": [
        {"op": "put", "kind": "shots", "project": "old", "id": "gone", "value": {"name": "x"}, "at": "2025-12-28T00:00:00Z"},
        {"op": "merge", "kind": "shots", "project": "old", "id": "s2", "value": {"name": "0020"}, "at": "2025-12-28T00:00:00Z"}]}"#;
    server.post("/api/batch", &serde_json::from_str(late).unwrap()).await.expect(200);
    server.get("/api/projects/old/shots/gone").await.expect(404);
    assert_eq!(server.get("/api/projects/old/shots/s2").await.expect(200).json()["name"], "0021");
    // A repeated request is answered as it was then.
    let repeated = server.request(reqwest::Method::POST, "/api/projects/old/shots").header("idempotency-key", "once");
    let body = r#"[{"id":"s3","name":"0030"}]"#;
    let repeated = repeated.header("content-type", "application/json").body(body);
    assert_eq!(server.send(repeated).await.expect(200).json()["revision"], 5);
}

/// Deliveries are listed, and one that waited for its project is applied as soon as that is there.
async fn check_deliveries(server: &TestServer) {
    let path = "/api/webhooks/tracker/deliveries";
    let listed = server.get(path).await.expect(200).json();
    let statuses: Vec<_> = listed.as_array().unwrap().iter().map(|delivery| delivery["status"].clone()).collect();
    assert_eq!(statuses, ["applied", "waiting", "ignored"]);
    let whole = server.get(&format!("{path}/2")).await.expect(200).json();
    assert_eq!(whole["body"][0]["op"], "delete");
}

async fn check(schema: usize) {
    let temp = TempDir::new().unwrap();
    let folder = temp.path().join("data");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("watchtower.db");
    written_by(schema, &path).await;
    let (columns, before) = dump(&path, None).await;
    assert!(columns.contains_key("task_status_changes"), "{columns:?}");
    let mut server = TestServer::start_on(folder, None, |options| {
        let settings = "name = \"tracker\"\nverify = \"none\"\nmapping = \"changes\"";
        options.webhooks.push(toml::from_str::<SourceSettings>(settings).unwrap());
    })
    .await;
    let (_, after) = dump(&path, Some(&columns)).await;
    let after: BTreeSet<_> = after.into_iter().collect();
    let stays = |row: &&(String, String)| !PASSING.contains(&&*row.0);
    let lost: Vec<_> = before.iter().filter(stays).filter(|row| !after.contains(row)).collect();
    assert!(lost.is_empty(), "lost on the way from schema {schema}: {lost:#?}");
    if schema >= 5 {
        // It closed the server, and still opens it.
        server.get("/api/projects").await.refused(401, "unauthorized");
        let bearer = HeaderMap::from_iter([(AUTHORIZATION, format!("Bearer {TOKEN}").parse().unwrap())]);
        server.client = reqwest::Client::builder().no_proxy().default_headers(bearer).build().unwrap();
    }
    check_first(&server).await;
    if schema >= 3 {
        check_deliveries(&server).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn every_migration_keeps_what_the_versions_before_wrote() {
    let last = MIGRATIONS.iter().map(|migration| migration.version).max();
    assert_eq!(i64::try_from(ROWS.len()).ok(), last, "the rows of a new schema go to tests/api/migrations/");
    for schema in 1..=ROWS.len() {
        check(schema).await;
    }
}

#[tokio::test]
async fn a_command_does_not_alter_the_schema_that_a_running_server_works_with() {
    let temp = TempDir::new().unwrap();
    let folder = temp.path().join("data");
    let server = DataFolder::take(&folder).unwrap();
    written_by(ROWS.len() - 1, &server.database()).await;
    let before = std::fs::read(server.database()).unwrap();
    let list = ["token", "list"].map(str::to_owned);
    let (is_done, _, said) = run(&folder, &list).await;
    assert!(!is_done && said.contains("another watchtower-server uses the data folder"), "{said}");
    assert!(std::fs::read(server.database()).unwrap() == before);
    drop(server);
    let (is_done, _, said) = run(&folder, &list).await;
    assert!(is_done, "{said}");
}
