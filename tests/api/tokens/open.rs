//! A server without tokens: open to everyone who reaches it, which is to be this machine alone.

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use watchtower_server::{
    access::Openness,
    server::{self, DataFolder, Options, Server, SiteOptions},
    writer::system_clock,
};

use super::{Holder, commands};
use crate::support::TestServer;

const STRANGE: [&str; 5] =
    ["watchtower.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example:80", "wiki"];
const OWN: [&str; 6] = ["127.0.0.1", "127.0.0.1:1", "[::1]:8080", "localhost", "Localhost:8080", "10.0.0.7:8080"];

/// Asks a server under a name; gives the status of a read, and of a write.
async fn ask(server: &TestServer, name: &str, token: Option<&str>) -> (u16, u16) {
    let mut statuses = Vec::new();
    for (method, body) in [(Method::GET, None), (Method::PUT, Some(json!([])))] {
        let mut request = server.request(method, "/api/users").header("host", name);
        // As the browser sends it with a page of that name.
        request = request.header("origin", format!("http://{name}")).header("sec-fetch-site", "same-origin");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let request = body.iter().fold(request, reqwest::RequestBuilder::json);
        statuses.push(server.send(request).await.status.as_u16());
    }
    (statuses[0], statuses[1])
}

#[tokio::test]
async fn pages_that_have_their_own_name_lead_here_are_refused() {
    let server = TestServer::start().await;
    for name in OWN {
        assert_eq!(ask(&server, name, None).await, (200, 200), "{name}");
    }
    for name in STRANGE {
        assert_eq!(ask(&server, name, None).await, (403, 403), "{name}");
        for path in ["/", "/data/projects/context.json", "/api/tokens"] {
            let request = server.request(Method::GET, path).header("host", name);
            let answer = server.send(request).await.refused(403, "forbidden");
            assert!(answer.json()["detail"].as_str().unwrap().contains("--allow-anonymous"));
        }
        // What is open anyway is open under each name: who watches over a server may have one for it.
        server.send(server.request(Method::GET, "/healthz").header("host", name)).await.expect(200);
    }
    // A program need not name the server at all.
    let request = "GET /api/users HTTP/1.0\r\n\r\n";
    assert!(raw(&server, request).await.starts_with("HTTP/1.0 200"));
    // With tokens the name is of no account: a page of another name has none.
    let admin = Holder::admin(&server).await;
    for name in STRANGE {
        assert_eq!(ask(&server, name, Some(&admin.token)).await, (200, 200));
        assert_eq!(ask(&server, name, None).await, (401, 401));
    }
}

async fn raw(server: &TestServer, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn behind_a_proxy_that_asks_who_people_are_each_name_will_do() {
    let server = TestServer::start_with(|options| options.openness.is_anonymous = true).await;
    for name in OWN.into_iter().chain(STRANGE) {
        assert_eq!(ask(&server, name, None).await, (200, 200), "{name}");
    }
    // The password of the proxy is none of ours.
    let request = server.request(Method::GET, "/api/users").basic_auth("ada", Some("of the proxy"));
    server.send(request).await.expect(200);
    let admin = Holder::admin(&server).await;
    assert_eq!(ask(&server, "wiki", None).await, (401, 401), "tokens close it all the same");
    admin.get("/api/users").await.expect(200);
}

#[tokio::test]
async fn without_tokens_it_listens_where_only_this_machine_reaches_it() {
    let own = ["127.0.0.1:80", "127.5.0.1:80", "[::1]:80"].map(|address| address.parse().unwrap());
    server::refuse_open(own, Openness::default()).unwrap();
    for reached in ["0.0.0.0:80", "[::]:80", "192.168.1.5:80", "[fe80::1]:80", "[::ffff:127.0.0.1]:80"] {
        let addresses = [own[0], reached.parse().unwrap()];
        let refused = server::refuse_open(addresses, Openness::default()).unwrap_err().to_string();
        assert!(refused.contains(reached) && refused.contains("token create"), "{refused}");
        server::refuse_open(addresses, Openness { is_anonymous: true, ..Openness::default() }).unwrap();
    }
    let folder = TempDir::new().unwrap();
    let listen = "0.0.0.0:0".parse().unwrap();
    let layout = watchtower_server::layout::Layout::Classic;
    let options = Options::usual(vec![SiteOptions { listen, layout, page: None, live: false, tls: None }]);
    let start = Server::start(DataFolder::take(folder.path()).unwrap(), options, system_clock());
    assert!(matches!(start.await, Err(server::Error::Open(address)) if address == listen));
    // The same as a command, which says what to do; and after that was done.
    let check = ["check", "--listen", "0.0.0.0:8080"];
    let serve = ["serve", "--listen", "0.0.0.0:8080"];
    for command in [check, serve] {
        assert!(commands::fail(folder.path(), &command).await.contains("token create --name admin --rights admin"));
    }
    let anonymous = commands::succeed(folder.path(), &[&check[..], &["--allow-anonymous"]].concat()).await;
    assert!(anonymous.0.contains("tokens: none"), "{}", anonymous.0);
    commands::succeed(folder.path(), &["token", "create", "--name", "a", "--rights", "admin"]).await;
    assert!(commands::succeed(folder.path(), &check).await.0.contains("tokens: 1 that are valid"));
}
