//! Forms with more around their file than belongs there.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, TestServer};

/// A PNG of one pixel, by its bytes.
fn picture() -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(1, 1).write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

async fn post(server: &TestServer, boundary: &str, body: Vec<u8>) -> Answer {
    let request = server.request(Method::POST, "/api/projects/p/thumbnail");
    let request = request.header("content-type", format!("multipart/form-data; boundary={boundary}"));
    server.send(request.body(body)).await
}

fn part(head: &str, inside: &[u8]) -> Vec<u8> {
    [format!("--x\r\n{head}\r\n\r\n").as_bytes(), inside, b"\r\n"].concat()
}

#[tokio::test]
async fn what_stands_around_a_file_has_an_end() {
    let server = TestServer::with_project().await;
    let file = part("content-disposition: form-data; name=\"file\"", &picture());
    let field = part("content-disposition: form-data; name=\"note\"", b"");
    let end = b"--x--\r\n".to_vec();
    let header = "x-more: y\r\n".repeat(1 << 20);
    for (what, beginning) in [
        ("a million parts", field.repeat(1_000_000)),
        ("headers without an end", part(&header, b"")),
        ("one header without an end", part(&"x".repeat(8 << 20), b"")),
        ("a field that is long", part("content-disposition: form-data; name=\"note\"", &vec![b'x'; 8 << 20])),
        (
            "a name that is long",
            part(&format!("content-disposition: form-data; name=\"{}\"", "x".repeat(8 << 20)), b""),
        ),
        ("something before the first part", vec![b'x'; 8 << 20]),
        ("line breaks before the first part", b"\r\n".repeat(4 << 20)),
        ("what is nearly a boundary", b"\r\n--".repeat(2 << 20)),
    ] {
        let answer = post(&server, "x", [beginning, file.clone(), end.clone()].concat()).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.text);
        answer.refused(400, "bad-request");
    }
    // As many as fit beside the file are read over.
    let answer =
        post(&server, "x", [field.repeat(10_000), file.clone(), field.repeat(10_000), end.clone()].concat()).await;
    answer.expect(201);
    let files = post(&server, "x", [file.clone(), file.clone(), end.clone()].concat()).await;
    files.refused(422, "invalid");
    assert_eq!(server.get("/api/projects/p").await.json()["thumbnail"]["width"], json!(1));
}

#[tokio::test]
async fn a_boundary_that_is_odd_is_refused_or_found() {
    let server = TestServer::with_project().await;
    for boundary in ["", "\"\"", "\"", "x; boundary=y", &"x".repeat(10_000)] {
        let answer = post(&server, boundary, part("content-disposition: form-data; name=\"file\"", b"")).await;
        assert!(answer.status.is_client_error(), "{boundary:?}: {}", answer.text);
    }
}
