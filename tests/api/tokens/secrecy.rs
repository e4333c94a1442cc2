//! No token in a log, in an error, in a file, whatever is asked of a server that logs all it can.

use std::{path::Path, process::Stdio};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
};
use watchtower_server::access::Secret;

use super::commands;
use crate::support::{client, files};

/// A server that says all it can.
struct Talkative {
    child: Child,
    address: String,
    client: reqwest::Client,
    said: tokio::task::JoinHandle<String>,
}

impl Talkative {
    async fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_watchtower-server"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--live", "--log", "trace", "--data-dir"]).arg(folder);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WATCHTOWER_")) {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        let mut log = child.stderr.take().unwrap();
        let mut line = String::new();
        let said = tokio::spawn(async move {
            let mut said = String::new();
            log.read_to_string(&mut said).await.unwrap();
            said
        });
        printed.read_line(&mut line).await.unwrap();
        let address = line.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        watchtower_server::fetch::client::use_ring();
        let client = client();
        Self { child, address, client, said }
    }

    /// Sends a request, and gives the answer's head and body as one text.
    async fn ask(&self, method: &Method, path: &str, authorization: Option<&str>, body: &Value) -> String {
        let mut request = self.client.request(method.clone(), format!("http://{}{path}", self.address));
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let head = format!("{} {:?}", response.status(), response.headers());
        if head.contains("event-stream") { head } else { head + "\n" + &response.text().await.unwrap() }
    }

    /// Stops it, and gives its log.
    async fn stop(mut self) -> String {
        drop(self.client);
        let id = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().await.unwrap().success());
        self.said.await.unwrap()
    }
}

/// The forms in which a token could come out, by what is secret in it.
fn forms(token: &str) -> Vec<String> {
    let hex = |secret: Secret| secret.hash().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let hash = Secret::parse(token).map(hex);
    let middle = token[4..token.len() - 6].to_owned();
    let encoded = [format!("ada:{token}"), format!(":{token}")].map(|pair| STANDARD.encode(pair));
    [middle].into_iter().chain(encoded).chain(hash).collect()
}

#[track_caller]
fn assert_hides(text: &str, tokens: &[String], what: &str) {
    for token in tokens {
        for form in forms(token) {
            if let Some(place) = text.find(&form) {
                let line = text[..place].rfind('\n').map_or(0, |start| start + 1);
                panic!("{what} has a token: {}", text[line..].lines().next().unwrap_or_default());
            }
        }
    }
}

/// Asks for everything that the description of the API has, in all ways that a token can be sent rightly and wrongly.
async fn ask_everything(server: &Talkative, tokens: &[String], answers: &mut String) {
    let document = serde_json::to_value(watchtower_server::http::document()).unwrap();
    let routes = document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let path = path.replace("{project}", "p").replace("{id}", "a").replace("{source}", "flow");
        let methods = item.as_object().unwrap().keys().map(|method| method.to_uppercase().parse::<Method>().unwrap());
        methods.map(|method| (method, path.clone())).collect::<Vec<_>>()
    });
    let site = ["/", "/data/projects/context.json", "/nothing", "/api/nothing", "/api/docs/"];
    let site = site.map(|path| (Method::GET, path.to_owned()));
    for (method, path) in routes.chain(site) {
        for token in tokens {
            let (bearer, basic) =
                (format!("Bearer {token}"), format!("Basic {}", STANDARD.encode(format!("ada:{token}"))));
            let body = if method == Method::GET { Value::Null } else { json!({"name": "A"}) };
            for authorization in [&bearer, &basic] {
                *answers += &server.ask(&method, &path, Some(authorization), &body).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_gets_into_a_log_an_error_or_a_file() {
    let temp = TempDir::new().unwrap();
    let folder = temp.path().join("data");
    let create = |name: &'static str, rights: &'static str| {
        let folder = folder.clone();
        async move {
            let args = ["token", "create", "--name", name, "--rights", rights, "--log", "trace"];
            let (printed, said) = commands::succeed(&folder, &args).await;
            let token = printed.trim_end().to_owned();
            assert_hides(&said, std::slice::from_ref(&token), "what token create says beside");
            token
        }
    };
    let admin = create("admin", "admin").await;
    let server = Talkative::start(&folder).await;
    let (read, revoked) = (create("read", "read").await, create("revoked", "admin").await);
    let unknown = Secret::random().unwrap().reveal().to_owned();
    let broken = admin[..50].to_owned() + "xyz";
    let said = commands::run(&folder, &["token", "revoke", &revoked, "--log", "trace"]).await.stderr;
    assert_hides(&String::from_utf8(said).unwrap(), std::slice::from_ref(&revoked), "what token revoke says");
    let bearer = format!("Bearer {admin}");
    let wish = json!({"name": "made", "rights": "write", "projects": ["p"]});
    let made = server.ask(&Method::POST, "/api/tokens", Some(&bearer), &wish).await;
    let made: Value = serde_json::from_str(made.split_once('\n').unwrap().1).unwrap();
    let made = made["token"].as_str().unwrap().to_owned();
    let tokens = [admin.clone(), read, revoked, unknown, broken, made];
    let mut answers = String::new();
    ask_everything(&server, &tokens, &mut answers).await;
    // Where it has no place at all.
    for token in &tokens {
        for path in [
            format!("/{token}"),
            format!("/data/{token}"),
            format!("/api/users/{token}"),
            format!("/api/users?token={token}"),
            format!("/api/users?limit={token}"),
            format!("/api/tokens/{token}"),
        ] {
            for method in [Method::GET, Method::PUT, Method::DELETE] {
                for authorization in [None, Some(&bearer)] {
                    // Who puts it into an address may get that back, as any address; the log has to do without.
                    server.ask(&method, &path, authorization.map(String::as_str), &Value::Null).await;
                }
            }
        }
        let wish = json!({"name": token, "rights": "read", "expires": token});
        answers += &server.ask(&Method::POST, "/api/tokens", Some(&bearer), &wish).await;
        for authorization in [token.clone(), format!("Bearer {token} {token}"), format!("Token {token}")] {
            answers += &server.ask(&Method::GET, "/api/users", Some(&authorization), &Value::Null).await;
        }
        let mut stream = tokio::net::TcpStream::connect(&server.address).await.unwrap();
        let request = format!("GET / HTTP/1.1\r\nAuthorization: Bearer {token}\r\nbroken {token}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.read_to_string(&mut answers).await.unwrap();
    }
    assert_hides(&answers, &tokens, "an answer");
    let log = server.stop().await;
    assert!(log.contains("wts_(secret)"), "the log is not so talkative as it is meant to be");
    assert!(log.contains("token=\"admin\"") && log.contains("/api/users"));
    assert_hides(&log, &tokens, "the log");
    for (name, bytes) in files(&folder) {
        // The hash is in the database, as bytes; nothing else is anywhere.
        assert_hides(&String::from_utf8_lossy(&bytes), &tokens, &name);
    }
}

#[test]
fn a_token_does_not_show_itself() {
    let secret = Secret::random().unwrap();
    assert_eq!(format!("{secret:?}"), "(secret)");
}
