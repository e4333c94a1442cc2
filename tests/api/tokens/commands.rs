//! The command `token`, with and without a server beside it.

use std::{
    path::Path,
    process::{Output, Stdio},
};

use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use super::Holder;
use crate::support::TestServer;

/// Runs a command on a data folder.
pub async fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchtower-server"));
    command.args(args).arg("--data-dir").arg(folder).stdin(Stdio::null()).kill_on_drop(true);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WATCHTOWER_")) {
        command.env_remove(name);
    }
    command.output().await.unwrap()
}

/// What it printed, and what it said beside; it must have succeeded.
pub async fn succeed(folder: &Path, args: &[&str]) -> (String, String) {
    let output = run(folder, args).await;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (printed, said) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{args:?}: {said}");
    (printed, said)
}

/// What it said when it failed.
pub async fn fail(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args).await;
    assert_eq!(output.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
    assert!(!String::from_utf8(output.stdout).unwrap().contains("wts_"));
    String::from_utf8(output.stderr).unwrap()
}

/// Makes a token beside a running server.
pub async fn create<'a>(server: &'a TestServer, args: &[&str]) -> Holder<'a> {
    let (printed, _) = succeed(&server.folder, &[&["token", "create"], args].concat()).await;
    Holder { server, id: String::new(), token: printed.trim_end().to_owned() }
}

#[tokio::test]
async fn a_token_is_printed_alone_and_its_words_beside() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().join("new/data");
    let (printed, said) = succeed(&folder, &["token", "create", "--name", "admin", "--rights", "admin"]).await;
    assert!(printed.starts_with("wts_") && printed.len() == 54 && printed.ends_with('\n'), "{printed:?}");
    assert!(said.contains("admin has admin, until it is revoked."), "{said}");
    assert!(said.contains("from now on nothing is open"), "{said}");
    assert!(!said.contains(printed.trim_end()));
    let flow = ["token", "create", "--name", "Flow", "--rights", "write", "--project", "b", "--project", "a"];
    let (_, said) = succeed(&folder, &[&flow[..], &["--expires", "2999-01-31"]].concat()).await;
    assert!(said.contains("Flow has write of the projects a, b, until 2999-02-01T00:00:00Z."), "{said}");
    assert!(!said.contains("nothing is open"), "{said}");
    let hook = ["token", "create", "--name", "hook", "--rights", "write", "--source", "flow"];
    succeed(&folder, &hook).await;
    succeed(&folder, &["token", "revoke", "hook"]).await;
    let (listed, said) = succeed(&folder, &["token", "list"]).await;
    assert_eq!(said, "");
    let rows: Vec<&str> = listed.lines().collect();
    assert_eq!(rows.len(), 4, "{listed}");
    assert!(rows[0].starts_with("ID ") && rows[0].ends_with("VALID"));
    assert!(rows[1].contains("  admin  admin ") && rows[1].ends_with("  never      yes"), "{listed}");
    assert!(rows[2].contains("write of the projects a, b") && rows[2].ends_with("until 2999-02-01T00:00:00Z"));
    assert!(rows[3].contains("write of the webhook source flow") && rows[3].contains("  revoked 2"), "{listed}");
    assert!(!listed.contains("wts_"));
}

#[tokio::test]
async fn what_a_command_cannot_do_it_says_and_repeats_no_token() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    for args in [&["token", "list"][..], &["token", "revoke", "a"]] {
        assert!(fail(folder, args).await.contains("there is no database"));
    }
    let create = |more: &[&'static str]| [&["token", "create"], more].concat();
    let (token, _) = succeed(folder, &create(&["--name", "a", "--rights", "admin"])).await;
    let token = token.trim_end();
    for (args, why) in [
        (create(&["--name", "a", "--rights", "read"]), "there is a token of this name"),
        (create(&["--name", "", "--rights", "read"]), "1 to 64 characters"),
        (create(&["--name", "b", "--rights", "read", "--project", "p"]), "only write goes with"),
        (create(&["--name", "b", "--rights", "admin", "--source", "s"]), "only write goes with"),
        (create(&["--name", "b", "--rights", "write", "--project", "p", "--source", "s"]), "not both"),
        (create(&["--name", "b", "--rights", "read", "--expires", "soon"]), "90d"),
        (create(&["--name", "b", "--rights", "read", "--expires", "1999-12-31"]), "over already"),
        (vec!["token", "revoke", "b"], "there is no such token"),
        (vec!["token", "create", "--rights", "read", "--name", token], "this is a token, not a name"),
        (vec!["token", "revoke", &token[..52]], "there is no such token"),
    ] {
        let said = fail(folder, &args).await;
        assert!(said.contains(why), "{args:?}: {said}");
        assert!(!said.contains("wts_"), "{said}");
    }
    assert_eq!(succeed(folder, &["token", "list"]).await.0.lines().count(), 2);
}

#[tokio::test]
async fn commands_work_beside_a_running_server_and_count_at_once() {
    let server = TestServer::with_project().await;
    server.get("/api/users").await.expect(200);
    let admin = create(&server, &["--name", "admin", "--rights", "admin"]).await;
    server.get("/api/users").await.refused(401, "unauthorized");
    admin.get("/api/tokens").await.expect(200);
    // By name, by id, and by what it is, as somebody finds it where it has no place.
    let by_name = create(&server, &["--name", "by name", "--rights", "read"]).await;
    let by_id = create(&server, &["--name", "by id", "--rights", "write", "--project", "p"]).await;
    let itself = create(&server, &["--name", "itself", "--rights", "write"]).await;
    let id = admin.listed("by id").await["id"].as_str().unwrap().to_owned();
    for (holder, which) in [(&by_name, "by name"), (&by_id, &id), (&itself, &itself.token)] {
        holder.get("/api/projects/p").await.expect(200);
        let (printed, said) = succeed(&server.folder, &["token", "revoke", which]).await;
        assert!(printed.is_empty() && said.ends_with(" is not valid any more.\n") && !said.contains("wts_"), "{said}");
        holder.get("/api/projects/p").await.refused(401, "unauthorized");
    }
    // What the server makes, the command knows.
    let made = admin.make("made by the server", &json!({"rights": "read"})).await;
    succeed(&server.folder, &["token", "revoke", "made by the server"]).await;
    made.get("/api/users").await.refused(401, "unauthorized");
    let (listed, _) = succeed(&server.folder, &["token", "list"]).await;
    assert_eq!(listed.matches("  revoked 2").count(), 4, "{listed}");
}
