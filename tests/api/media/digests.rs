//! Whoever says what digest a file has (RFC 9530) gets it taken only if it arrives so.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Method, RequestBuilder};
use sha2::{Digest, Sha256, Sha512};

use super::{
    made::png,
    place::{FILE, Shot, filled, form, stored},
};
use crate::support::TestServer;

fn sha256(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)))
}

fn sha512(bytes: &[u8]) -> String {
    format!("sha-512=:{}:", STANDARD.encode(Sha512::digest(bytes)))
}

fn put(server: &TestServer, file: &[u8], digests: &[(&'static str, &str)]) -> RequestBuilder {
    let request = server.request(Method::PUT, &Shot.address()).body(file.to_vec());
    digests.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

/// A form whose file has this header.
fn post(server: &TestServer, file: &[u8], header: &str) -> RequestBuilder {
    let request = server.request(Method::POST, &Shot.address());
    let request = request.header("content-type", "multipart/form-data; boundary=the-end");
    request.body(form(&[(&format!("{FILE}\r\n{header}"), file)]))
}

#[tokio::test]
async fn a_file_with_the_digest_that_was_said_is_taken() {
    let server = filled().await;
    let file = png(1);
    let (short, long) = (sha256(&file), sha512(&file));
    let both = format!("{short}, {long}");
    let unknown = format!("md5=:{}:,  {short}", STANDARD.encode([1; 16]));
    server.send(put(&server, &file, &[("repr-digest", &short)])).await.expect(201);
    for digests in [
        &[("content-digest", &*short)][..],
        &[("repr-digest", &long)],
        &[("content-digest", &both)],
        &[("content-digest", &short), ("repr-digest", &long)],
        &[("content-digest", &short), ("content-digest", &long)],
        &[("content-digest", &unknown)],
    ] {
        server.send(put(&server, &file, digests)).await.expect(200);
    }
    for digest in [&short, &long, &both] {
        server.send(post(&server, &file, &format!("Content-Digest: {digest}"))).await.expect(200);
    }
}

#[tokio::test]
async fn a_file_with_another_digest_is_refused_and_leaves_nothing() {
    let server = filled().await;
    let (file, other) = (png(1), png(2));
    let revision = server.revision().await;
    let (short, long) = (sha256(&other), sha512(&other));
    for digests in [
        &[("content-digest", &*short)][..],
        &[("repr-digest", &short)],
        &[("content-digest", &long)],
        &[("content-digest", &sha256(&file)), ("repr-digest", &long)],
        &[("content-digest", "sha-256=::")],
    ] {
        let answer = server.send(put(&server, &file, digests)).await.refused(422, "invalid");
        // What arrived can be compared with what was sent.
        assert!(answer.text.contains(&sha256(&file)), "{}", answer.text);
    }
    server.send(post(&server, &file, &format!("repr-digest: {short}"))).await.refused(422, "invalid");
    for wrong in ["sha-256", "sha-256=", "sha-256=:", "sha-256=abc", "sha-256=:!!!:", "=", "", "sha-256=:QQ:, x", "é"]
    {
        server.send(put(&server, &file, &[("content-digest", wrong)])).await.refused(400, "bad-request");
    }
    server.send(post(&server, &file, "content-digest: sha-512=abc")).await.refused(400, "bad-request");
    let of_form = server.request(Method::POST, &Shot.address()).header("content-digest", sha256(&file));
    let of_form = of_form.header("content-type", "multipart/form-data; boundary=the-end");
    server.send(of_form.body(form(&[(FILE, &file)]))).await.refused(400, "bad-request");
    assert_eq!((server.revision().await, stored(&server).len()), (revision, 0));
    assert_eq!(std::fs::read_dir(server.folder.join("media/.unfinished")).unwrap().count(), 0);
}
