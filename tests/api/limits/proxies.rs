//! Whose address is in the log: that of the client, and of a proxy only what is known of it.

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::crash::process::{Process, command};
use crate::support::client;

/// What the log says of a write that came by a proxy at 127.0.0.1.
async fn logged(arguments: &[&str]) -> String {
    let temp = TempDir::new().unwrap();
    let mut command = command(&temp.path().join("data"));
    command.args(arguments);
    let process = Process::of(command).await;
    let client = client();
    let request = client.request(Method::PUT, format!("{}/api/users/ada", process.url())).json(&json!({"name": "Ada"}));
    let request = request.header("x-forwarded-for", "1.1.1.1, 192.0.2.7");
    assert_eq!(request.send().await.unwrap().status(), 201);
    let log = process.stopped().await;
    log.into_iter().find(|line| line.contains("/api/users/ada")).unwrap()
}

#[tokio::test]
async fn the_client_is_in_the_log_and_a_proxy_is_believed_only_if_it_is_trusted() {
    for (arguments, client) in [
        (&[][..], "client=127.0.0.1 "),
        (&["--trusted-proxy", "10.0.0.0/8"], "client=127.0.0.1 "),
        (&["--trusted-proxy", "10.0.0.0/8,127.0.0.1"], "client=192.0.2.7 "),
        (&["--trusted-proxy", "127.0.0.0/8", "--trusted-proxy", "192.0.2.0/24"], "client=1.1.1.1 "),
    ] {
        let line = logged(arguments).await;
        assert!(line.contains(client), "{line}");
    }
}

#[tokio::test]
async fn what_is_no_address_is_refused_at_start() {
    for wrong in ["proxy.example", "10.0.0.0/33", ""] {
        let temp = TempDir::new().unwrap();
        let mut command = command(&temp.path().join("data"));
        let output = command.args(["--trusted-proxy", wrong]).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("--trusted-proxy"), "{said}");
    }
}
