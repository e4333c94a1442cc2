//! What is kept of the use of tokens, and of who wrote what; and a database from before there were any.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{Holder, commands};
use crate::support::TestServer;

async fn database(folder: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(folder.join("watchtower.db")).connect().await.unwrap()
}

fn holder<'a>(server: &'a TestServer, token: &str) -> Holder<'a> {
    Holder { server, id: String::new(), token: token.to_owned() }
}

/// When the admin's token was last used, who asks with it.
async fn used(server: &TestServer, token: &str) -> Value {
    holder(server, token).listed("admin").await["last_used"].clone()
}

#[tokio::test]
async fn the_last_use_is_known_to_the_minute_also_after_a_restart() {
    let mut server = TestServer::start().await;
    let token = Holder::admin(&server).await.token;
    assert_eq!(used(&server, &token).await, "2026-01-01T00:00:00Z");
    server.pass(59);
    assert_eq!(used(&server, &token).await, "2026-01-01T00:00:00Z");
    server.pass(1);
    assert_eq!(used(&server, &token).await, "2026-01-01T00:01:00Z");
    // Another token that changes has all of them read anew.
    holder(&server, &token).make("other", &json!({"rights": "read"})).await;
    assert_eq!(used(&server, &token).await, "2026-01-01T00:01:00Z");
    server.stop().await;
    let kept: Vec<(String, Option<i64>)> = sqlx::query_as("select name, last_used from token order by name")
        .fetch_all(&mut database(&server.folder).await)
        .await
        .unwrap();
    let minute = (crate::support::NEW_YEAR / 1_000_000 + 60) * 1_000_000;
    assert_eq!(kept, [("admin".to_owned(), Some(minute)), ("other".to_owned(), None)]);
    let (listed, _) = commands::succeed(&server.folder, &["token", "list"]).await;
    assert!(listed.contains("  2026-01-01T00:01:00Z  yes"), "{listed}");
    server.open().await;
    server.pass(59);
    assert_eq!(used(&server, &token).await, "2026-01-01T00:01:00Z");
}

#[tokio::test]
async fn the_history_says_which_token_wrote() {
    let mut server = TestServer::with_project().await;
    let path = "/api/projects/p/tasks/t";
    let task = json!({"shot_id": "a", "task_type_id": "anim", "task_status_id": "todo"});
    server.put("/api/projects/p/shots/a", &json!({"name": "A"})).await.expect(201);
    server.put(path, &task).await.expect(201);
    {
        let admin = Holder::admin(&server).await;
        let flow = admin.make("Flow, at night", &json!({"rights": "write", "projects": ["p"]})).await;
        flow.send(Method::PATCH, path, &json!({"task_status_id": "wip"})).await.expect(200);
        admin.send(Method::PATCH, path, &json!({"task_status_id": "done"})).await.expect(200);
    }
    server.stop().await;
    let actors: Vec<String> = sqlx::query_scalar("select actor from task_status_changes order by id")
        .fetch_all(&mut database(&server.folder).await)
        .await
        .unwrap();
    assert_eq!(actors, ["api", "token:Flow, at night", "token:admin"]);
}

#[tokio::test]
async fn a_database_from_before_there_were_tokens_gets_them() {
    let mut server = TestServer::with_project().await;
    server.stop().await;
    {
        let mut old = database(&server.folder).await;
        for sql in ["drop table token", "delete from _sqlx_migrations where version = 5"] {
            sqlx::query(sql).execute(&mut old).await.unwrap();
        }
    }
    server.open().await;
    assert_eq!(server.get("/api/projects/p").await.expect(200).json()["name"], "P");
    let admin = Holder::admin(&server).await;
    assert_eq!(admin.get("/api/projects/p").await.expect(200).json()["name"], "P");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_lets_nobody_in() {
    let server = TestServer::start().await;
    let admin = Holder::admin(&server).await;
    let write = admin.make("write", &json!({"rights": "write"})).await;
    let mut damaged = database(&server.folder).await;
    let sql = r#"update token set rights = '{"rights": "write", "only": "p"}' where name = 'write'"#;
    sqlx::query(sql).execute(&mut damaged).await.unwrap();
    let args = ["token", "create", "--name", "another", "--rights", "read"];
    commands::succeed(&server.folder, &args).await;
    for holder in [&admin, &write] {
        holder.get("/api/users").await.refused(500, "internal");
    }
    admin.get("/healthz").await.expect(200);
    let mended = r#"update token set rights = '{"rights": "write"}' where name = 'write'"#;
    sqlx::query(mended).execute(&mut damaged).await.unwrap();
    write.get("/api/users").await.expect(200);
}
