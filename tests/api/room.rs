//! A disk that is nearly full: what is to stay free stays free, and things can still be deleted.

use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use watchtower_server::{server::Options, webhook::SourceSettings};

use crate::{media::made::png, support::TestServer};

/// A server with a shot that has a picture, which is started again as one that keeps this much of the disk free.
async fn keeping(min_free: impl FnOnce(u64) -> u64) -> TestServer {
    let webhooks = |options: &mut Options| {
        let settings = "name = \"tracker\"\nverify = \"none\"\nmapping = \"changes\"";
        options.webhooks.push(toml::from_str::<SourceSettings>(settings).unwrap());
        // So that it is the disk, and not the limit, that refuses.
        options.max_movie = u64::MAX;
    };
    let mut server = TestServer::start_with(webhooks).await;
    server.put("/api/projects/p", &json!({"name": "P"})).await.expect(201);
    for shot in ["s", "t"] {
        server.put(&format!("/api/projects/p/shots/{shot}"), &json!({"name": "S"})).await.expect(201);
    }
    server.put("/api/projects/p/edits/e", &json!({"name": "E"})).await.expect(201);
    upload(&server, 1).await.expect(201);
    let disk = server.get("/api/status").await.expect(200).json()["disk"].take();
    assert_eq!(disk["min_free"], 64 << 20);
    let min_free = min_free(disk["free"].as_u64().unwrap());
    server.restart_with(|options| options.min_free = min_free).await;
    server
}

async fn upload(server: &TestServer, shade: u8) -> crate::support::Answer {
    server.send(server.request(Method::PUT, "/api/projects/p/shots/s/thumbnail").body(png(shade))).await
}

#[tokio::test]
async fn files_leave_the_reserve_alone_and_entities_may_use_it() {
    let server = keeping(|free| free.saturating_mul(2)).await;
    let refused = upload(&server, 2).await.refused(507, "insufficient-storage").json();
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("MiB are free") && detail.contains("nothing was stored"), "{detail}");
    server.put("/api/projects/p/shots/u", &json!({"name": "U"})).await.expect(201);
    server.post("/api/webhooks/tracker", &json!([])).await.expect(202);
    server.get("/readyz").await.expect(200);
}

#[tokio::test]
async fn below_the_rest_of_the_reserve_only_what_takes_away_is_written() {
    let server = keeping(|free| free.saturating_mul(8)).await;
    upload(&server, 2).await.refused(507, "insufficient-storage");
    let shot = json!({"name": "U"});
    server.put("/api/projects/p/shots/u", &shot).await.refused(507, "insufficient-storage");
    server.patch("/api/projects/p/shots/s", &shot).await.refused(507, "insufficient-storage");
    server.post("/api/projects/p/shots", &json!([shot])).await.refused(507, "insufficient-storage");
    server.put("/api/projects/p/shots?dry_run=true", &json!([])).await.expect(200);
    server.post("/api/webhooks/tracker", &json!([])).await.refused(507, "insufficient-storage");
    let health = server.get("/readyz").await.expect(503).json();
    assert!(health["reason"].as_str().unwrap().contains("MiB are free"), "{health}");
    // Reading goes on, and so does what makes room.
    server.get("/api/projects/p/shots/s/thumbnail").await.expect(200);
    server.tree("projects/p/shots.json").await;
    server.delete("/api/projects/p/shots/s/thumbnail").await.expect(204);
    server.delete("/api/projects/p/shots/s").await.expect(204);
    let delete = json!({"changes": [{"op": "delete", "kind": "shots", "project": "p", "id": "t"}]});
    server.post("/api/batch", &delete).await.expect(200);
    server.delete("/api/projects/p").await.expect(204);
    assert_eq!(server.get("/api/projects").await.expect(200).json(), json!([]));
    server.rendered().await;
}

#[tokio::test]
async fn a_file_that_is_too_large_for_the_disk_is_refused_before_it_is_sent() {
    let server = keeping(|free| free / 2).await;
    upload(&server, 2).await.expect(200);
    let (address, length) = ("/api/projects/p/edits/e/movie", u64::MAX / 2);
    let head = format!(
        "PUT {address} HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 507");
}

#[tokio::test]
async fn nothing_is_kept_free_where_that_is_not_wanted() {
    let server = keeping(|_| 0).await;
    upload(&server, 2).await.expect(200);
    server.get("/readyz").await.expect(200);
}
