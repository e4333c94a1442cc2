//! Tokens that change while requests run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use super::{Holder, commands};
use crate::support::{TestServer, until};

/// How many ask at a time.
const CLIENTS: usize = 6;

/// Lets clients ask all the time while `revoke` revokes their token. Whoever asks after that is not let in, and none that
/// asked before is turned away.
async fn revoked_meanwhile(server: &TestServer, token: String, revoke: impl AsyncFnOnce()) {
    let (is_revoked, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        let (is_revoked, asked, token) = (is_revoked.clone(), asked.clone(), token.clone());
        let (client, url) = (server.client.clone(), server.url(&format!("/api/users/{number}")));
        clients.spawn(async move {
            loop {
                let was_revoked = is_revoked.load(Ordering::SeqCst);
                let write = client.put(&url).bearer_auth(&token).json(&json!({"name": "Ada"}));
                let status = write.send().await.unwrap().status().as_u16();
                asked.fetch_add(1, Ordering::SeqCst);
                match status {
                    401 => return was_revoked,
                    _ => assert!(!was_revoked && [200, 201].contains(&status), "{status}"),
                }
            }
        });
    }
    until("they have asked", async || (asked.load(Ordering::SeqCst) >= 100).then_some(())).await;
    revoke().await;
    is_revoked.store(true, Ordering::SeqCst);
    assert_eq!(clients.join_all().await.len(), CLIENTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_after_a_token_was_revoked_is_not_let_in() {
    let server = TestServer::start().await;
    let admin = Holder::admin(&server).await;
    let write = admin.make("over http", &json!({"rights": "write"})).await;
    revoked_meanwhile(&server, write.token.clone(), async || admin.revoke(&write).await).await;
    let write = admin.make("by command", &json!({"rights": "write"})).await;
    let by_command = async || drop(commands::succeed(&server.folder, &["token", "revoke", "by command"]).await);
    revoked_meanwhile(&server, write.token.clone(), by_command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_made_at_once_are_all_valid_at_once() {
    let server = Arc::new(TestServer::start().await);
    let token = Holder::admin(&server).await.token;
    let mut makers = tokio::task::JoinSet::new();
    for number in 0..20 {
        let (server, token) = (server.clone(), token.clone());
        makers.spawn(async move {
            let admin = Holder { server: &server, id: String::new(), token };
            let made = admin.make(&format!("n{number}"), &json!({"rights": "read"})).await;
            made.get("/api/users").await.expect(200);
            // Of two with one name only one is made.
            let wish = json!({"name": "the same", "rights": "read"});
            admin.post("/api/tokens", &wish).await.status.as_u16()
        });
    }
    let mut statuses = makers.join_all().await;
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1], statuses.len()), (201, 422, 20));
}

/// The next bytes of a stream that are no comment; `None` at its end.
async fn next(stream: &mut reqwest::Response) -> Option<String> {
    loop {
        let text = String::from_utf8(stream.chunk().await.unwrap()?.to_vec()).unwrap();
        if !text.starts_with(':') {
            return Some(text);
        }
    }
}

async fn listen(server: &TestServer, token: Option<&str>) -> reqwest::Response {
    let request = server.request(Method::GET, "/api/events");
    let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    response
}

#[tokio::test]
async fn a_stream_of_events_ends_with_the_token_that_it_began_with() {
    let server = TestServer::with_project().await;
    server.put("/api/projects/q", &json!({"name": "Q"})).await.expect(201);
    server.rendered().await;
    let mut of_nobody = listen(&server, None).await;
    let admin = Holder::admin(&server).await;
    let revoked = admin.make("revoked", &json!({"rights": "read"})).await;
    let expired = admin.make("expired", &json!({"rights": "read", "expires": "1h"})).await;
    let of_p = admin.make("of p", &json!({"rights": "write", "projects": ["p"]})).await;
    let source = admin.make("source", &json!({"rights": "write", "source": "flow"})).await;
    source.get("/api/events").await.refused(403, "forbidden");
    let mut streams = [listen(&server, Some(&revoked.token)).await, listen(&server, Some(&expired.token)).await];
    let mut of_p = listen(&server, Some(&of_p.token)).await;
    let shot = json!({"name": "A"});
    admin.put("/api/projects/q/shots/a?wait=published", &shot).await.expect(201);
    for stream in &mut streams {
        assert!(next(stream).await.unwrap().contains("\"project\":\"q\""));
    }
    // Who listened when there were no tokens has none now.
    assert_eq!(next(&mut of_nobody).await, None);
    server.pass(3600);
    admin.revoke(&revoked).await;
    admin.put("/api/projects/p/shots/a?wait=published", &shot).await.expect(201);
    for stream in &mut streams {
        assert_eq!(next(stream).await, None);
    }
    // Of the other project nothing is told.
    assert!(next(&mut of_p).await.unwrap().contains("\"project\":\"p\""));
    let _: Value = admin.get("/api/users").await.expect(200).json();
}

#[tokio::test]
async fn a_stream_on_which_nothing_is_told_ends_with_its_token_too() {
    let server = TestServer::start_with(|options| options.limits.heartbeat = Duration::from_millis(50)).await;
    let admin = Holder::admin(&server).await;
    let revoked = admin.make("revoked", &json!({"rights": "read"})).await;
    let expired = admin.make("expired", &json!({"rights": "read", "expires": "1h"})).await;
    let mut streams = [listen(&server, Some(&revoked.token)).await, listen(&server, Some(&expired.token)).await];
    let mut of_admin = listen(&server, Some(&admin.token)).await;
    server.pass(3600);
    admin.revoke(&revoked).await;
    for stream in &mut streams {
        assert_eq!(next(stream).await, None);
    }
    admin.put("/api/users/ada?wait=published", &json!({"name": "Ada"})).await.expect(201);
    assert!(next(&mut of_admin).await.unwrap().contains("published"), "whose token is valid listens on");
}

/// How long it is looked whether something does not happen.
const WHILE: Duration = Duration::from_millis(500);

/// Has somebody ask for a change of tokens and hang up in the middle of it, while the database is kept from writing; then it
/// may go on. Meanwhile a token is used all the time.
async fn hung_up(admin: &Holder<'_>, used: &Holder<'_>, method: &str, path: &str, body: &str) {
    let server = admin.server;
    let file = server.folder.join("watchtower.db");
    let mut other = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    sqlx::raw_sql("begin immediate").execute(&mut other).await.unwrap();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        server.address,
        admin.token,
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    // Nobody is let in while tokens change, so that is when it is in the middle.
    until("tokens change", async || timeout(WHILE, used.get("/api/users")).await.is_err().then_some(())).await;
    drop(stream);
    // Whoever asks now is not to be let in by what was known before.
    let early = timeout(WHILE, used.get("/api/users")).await;
    sqlx::raw_sql("rollback").execute(&mut other).await.unwrap();
    assert!(early.is_err(), "{early:?}");
}

#[tokio::test]
async fn who_hangs_up_while_a_token_is_revoked_leaves_it_revoked() {
    let server = TestServer::start().await;
    let admin = Holder::admin(&server).await;
    let read = admin.make("read", &json!({"rights": "read"})).await;
    hung_up(&admin, &read, "DELETE", &format!("/api/tokens/{}", read.id), "").await;
    read.get("/api/users").await.refused(401, "unauthorized");
    assert!(admin.listed("read").await["revoked"].is_string());
}

#[tokio::test]
async fn who_hangs_up_while_a_token_is_made_leaves_it_made() {
    let server = TestServer::start().await;
    let admin = Holder::admin(&server).await;
    let body = r#"{"name": "read", "rights": "read"}"#;
    hung_up(&admin, &admin, "POST", "/api/tokens", body).await;
    assert_eq!(admin.listed("read").await["name"], "read");
    let again = admin.post("/api/tokens", &serde_json::from_str(body).unwrap()).await;
    assert_eq!(again.refused(422, "invalid").pointers(), ["/name"]);
}
