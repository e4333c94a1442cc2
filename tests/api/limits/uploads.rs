//! More uploads than there are places.

use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{answer, server_with};
use crate::{
    media::{
        made::png,
        place::{FILE, post, put},
    },
    support::TestServer,
};

const THUMBNAIL: &str = "/api/projects/p/thumbnail";

/// An upload that the server has begun with.
async fn begun(server: &TestServer, file: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let length = file.len();
    let head = format!(
        "PUT {THUMBNAIL} HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[tokio::test]
async fn more_uploads_than_there_are_places_are_told_to_come_again_at_once() {
    let server = server_with(|limits| limits.uploads = 2).await;
    let file = png(1);
    let (mut first, second) = (begun(&server, &file).await, begun(&server, &file).await);
    let refused = put(&server, THUMBNAIL, &file).await.refused(503, "unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    post(&server, THUMBNAIL, &[(FILE, &file)]).await.refused(503, "unavailable");
    // Nothing else is kept waiting.
    server.put("/api/users/ada", &serde_json::json!({"name": "Ada"})).await.expect(201);
    first.write_all(&file).await.unwrap();
    assert!(answer(&mut first).await.0.starts_with("HTTP/1.1 201 "));
    put(&server, THUMBNAIL, &file).await.expect(200);
    drop(second);
}
