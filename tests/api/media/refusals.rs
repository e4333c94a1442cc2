//! What is refused leaves nothing behind, and whoever sent it hears why.

use std::collections::BTreeMap;

use image::ImageFormat;
use reqwest::{Method, RequestBuilder};
use watchtower_server::publish::Mode;

use super::{
    made::{index_last, movie, picture, png},
    place::{Asset, Edit, FILE, PLACES, Project, Shot, User, filled, form, production, put},
};
use crate::support::{Answer, TestServer, files};

/// A server, with what it holds.
struct Untouched {
    server: TestServer,
    before: (u64, BTreeMap<String, Vec<u8>>),
}

async fn held(server: &TestServer) -> (u64, BTreeMap<String, Vec<u8>>) {
    let mut found = files(&server.folder.join("media"));
    found.extend(files(&server.folder.join("tree")).into_iter().map(|(path, bytes)| (format!("tree/{path}"), bytes)));
    (server.revision().await, found)
}

impl Untouched {
    async fn of(server: TestServer) -> Self {
        let before = held(&server).await;
        Self { server, before }
    }

    fn put(&self, address: &str, file: &[u8]) -> RequestBuilder {
        self.server.request(Method::PUT, address).body(file.to_vec())
    }

    fn form(&self, body: Vec<u8>) -> RequestBuilder {
        let request = self.server.request(Method::POST, &Shot.address());
        request.header("content-type", "multipart/form-data; boundary=the-end").body(body)
    }

    /// The request is refused, in these words, and nothing is other than before.
    async fn refuses(&self, request: RequestBuilder, (status, kind): (u16, &str), words: &[&str]) -> Answer {
        let answer = self.server.send(request).await.refused(status, kind);
        for word in words {
            assert!(answer.text.contains(word), "{word:?} is not in {}", answer.text);
        }
        let (revision, found) = held(&self.server).await;
        assert_eq!((revision, found.keys().collect::<Vec<_>>()), (self.before.0, self.before.1.keys().collect()));
        assert!(found == self.before.1, "files are other than before");
        answer
    }
}

/// A server whose pictures have 100 KB at most, and its movies 200 KB. There is a picture already.
async fn small() -> Untouched {
    let server = TestServer::start_with(|options| {
        (options.max_picture, options.max_movie, options.mode) = (100_000, 200_000, Mode::Manual);
    });
    let server = server.await;
    server.put("/api/projects/p/snapshot", &production()).await.expect(200);
    put(&server, &Shot.address(), &picture(ImageFormat::Jpeg, (40, 40), 1)).await.expect(201);
    server.rendered().await;
    Untouched::of(server).await
}

const INVALID: (u16, &str) = (422, "invalid");
const BAD: (u16, &str) = (400, "bad-request");
const UNSUPPORTED: (u16, &str) = (415, "unsupported-media-type");

#[tokio::test]
async fn what_is_no_picture_or_movie_is_refused_by_its_name() {
    let untouched = small().await;
    let text = b"frame,name\n".repeat(100);
    let (picture, film) = (picture(ImageFormat::Jpeg, (64, 64), 9), movie(24, 24.0, "film"));
    let html = [&b"<!DOCTYPE html><html><body>Sign in"[..], &[b' '; 600]].concat();
    let svg = b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec();
    for (address, file, words) in [
        (Shot.address(), &html, "an HTML page"),
        (Shot.address(), &html[..60].to_vec(), "an HTML page"),
        (Asset.address(), &svg, "an SVG drawing"),
        (Project.address(), &text, "text"),
        (Project.address(), &b"{}".to_vec(), "JSON"),
        (User.address(), &film, "an MP4 movie"),
        (User.address(), &b"\x76\x2f\x31\x01\x02".to_vec(), "an OpenEXR picture"),
        (User.address(), &vec![7; 5000], "a file of an unknown kind"),
        (Edit.address(), &picture, "a JPEG picture"),
        (Edit.address(), &html, "an HTML page"),
        (Edit.address(), &svg, "an XML document"),
        (Edit.address(), &text, "a text"),
        (Edit.address(), &b"RIFF____AVI LIST".to_vec(), "an AVI movie"),
        (Edit.address(), &vec![7; 5000], "something unknown"),
    ] {
        untouched.refuses(untouched.put(&address, file), INVALID, &[words]).await;
    }
    for place in PLACES {
        untouched.refuses(untouched.put(&place.address(), b""), INVALID, &["the file is empty"]).await;
    }
}

#[tokio::test]
async fn what_is_cut_off_is_refused() {
    let untouched = small().await;
    let pictures = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif];
    for whole in pictures.map(|format| picture(format, (90, 90), 5)) {
        for length in [20, whole.len() / 2, whole.len() - whole.len() / 10] {
            untouched.refuses(untouched.put(&Shot.address(), &whole[..length]), INVALID, &[]).await;
        }
    }
    let films = [movie(2000, 24.0, "early"), index_last(&movie(2000, 24.0, "late"), &[])];
    for whole in films {
        for length in [12, 40, whole.len() / 2, whole.len() - 1] {
            untouched.refuses(untouched.put(&Edit.address(), &whole[..length]), INVALID, &["the movie"]).await;
        }
    }
}

/// A PNG that says that it has this size.
fn png_of_size(width: u32, height: u32) -> Vec<u8> {
    let mut png = png(1);
    png[16..24].copy_from_slice(&[width.to_be_bytes(), height.to_be_bytes()].concat());
    let mut sum = flate2::Crc::new();
    sum.update(&png[12..29]);
    png[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    png
}

/// A movie in which a number of four bytes, this far behind the name of a box, is another.
fn movie_with(name: &str, after: usize, number: u32) -> Vec<u8> {
    let mut film = movie(48, 24.0, "");
    let place = film.windows(4).position(|found| found == name.as_bytes()).unwrap() + 4 + after;
    film[place..place + 4].copy_from_slice(&number.to_be_bytes());
    film
}

#[tokio::test]
async fn what_would_take_more_memory_than_there_is_is_refused_by_what_it_says() {
    let server = filled().await;
    let untouched = Untouched::of(server).await;
    for (width, height) in [(60_000, 60_000), (40_000, 10), (8_000, 8_000), (u32::MAX, u32::MAX), (0, 10)] {
        untouched.refuses(untouched.put(&Shot.address(), &png_of_size(width, height)), INVALID, &[]).await;
    }
    let mut gif = picture(ImageFormat::Gif, (20, 20), 1);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    let mut jpeg = picture(ImageFormat::Jpeg, (20, 20), 1);
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    for file in [gif, jpeg] {
        untouched.refuses(untouched.put(&Asset.address(), &file), INVALID, &["65535 x 65535 pixels"]).await;
    }
    for film in [
        movie_with("stsz", 8, u32::MAX),
        movie_with("stts", 4, u32::MAX),
        movie_with("stts", 8, u32::MAX),
        movie_with("stsc", 4, u32::MAX),
        movie_with("stco", 4, u32::MAX),
    ] {
        untouched.refuses(untouched.put(&Edit.address(), &film), INVALID, &["the movie"]).await;
    }
}

#[tokio::test]
async fn what_cannot_be_heeded_is_refused() {
    let untouched = small().await;
    let (file, shot) = (picture(ImageFormat::Png, (30, 30), 7), Shot.address());
    let with = |name: &'static str, value: &str| untouched.put(&shot, &file).header(name, value);
    for (request, status, words) in [
        (with("content-range", "bytes 0-9/20"), BAD, "Content-Range"),
        (with("content-range", "nonsense"), BAD, "Content-Range"),
        (with("content-encoding", "gzip"), UNSUPPORTED, "gzip"),
        (with("content-type", "multipart/form-data; boundary=x"), UNSUPPORTED, "goes to the same address by POST"),
        (with("if-match", "\"x\""), BAD, "If-Match"),
        (with("if-none-match", "*"), BAD, "If-None-Match"),
        (with("origin", "http://elsewhere.example"), (403, "forbidden"), "another site"),
        (untouched.put(&(shot.clone() + "?frame=3"), &file), BAD, "frame"),
        (untouched.put(&(shot.clone() + "?dry_run=true"), &file), BAD, "dry_run"),
        (untouched.put(&(shot.clone() + "?wait=maybe"), &file), BAD, "wait"),
        (untouched.server.request(Method::POST, &shot).body(file.clone()), UNSUPPORTED, "by PUT"),
        (untouched.server.request(Method::PATCH, &shot).body(file.clone()), (405, "method-not-allowed"), ""),
    ] {
        untouched.refuses(request, status, &[words]).await;
    }
    for address in
        ["/api/projects/p/shots/x/thumbnail", "/api/projects/x/shots/s/thumbnail", "/api/projects/x/thumbnail"]
    {
        untouched.refuses(untouched.put(address, &file), (404, "not-found"), &["there is no"]).await;
    }
    for address in
        ["/api/projects/p/edits/edit/thumbnail", "/api/projects/p/shots/s/movie", "/api/task-types/t/thumbnail"]
    {
        untouched.refuses(untouched.put(address, &file), (404, "not-found"), &[]).await;
    }
    untouched.refuses(untouched.put("/api/projects/p/shots/a%2Fb/thumbnail", &file), INVALID, &["is not an id"]).await;
}

#[tokio::test]
async fn a_form_is_refused_unless_it_has_one_whole_file() {
    let untouched = small().await;
    let (file, other) = (picture(ImageFormat::Png, (30, 30), 7), "content-disposition: form-data; name=\"comment\"");
    let whole = form(&[(FILE, &file)]);
    let without = |end: usize| whole[..whole.len() - end].to_vec();
    let junk = vec![b'x'; 5 << 20];
    for (body, status, words) in [
        (form(&[]), INVALID, "the form has no file"),
        (form(&[(other, b"hello")]), INVALID, "the form has no file"),
        (form(&[(FILE, &file), (FILE, &file)]), INVALID, "more than one file"),
        (form(&[(FILE, &file), (other, b"x"), (FILE, b"text")]), INVALID, "more than one file"),
        (form(&[(FILE, b"")]), INVALID, "the file is empty"),
        (form(&[(FILE, b"<html>")]), INVALID, "an HTML page"),
        (form(&[(FILE, &vec![b'x'; 200_000])]), INVALID, "text"),
        // The end is missing: of the last boundary, of all of it, of the file.
        (without(5), BAD, ""),
        (without(13), BAD, ""),
        (without(300), BAD, ""),
        (b"no boundary at all".to_vec(), BAD, ""),
        (Vec::new(), BAD, ""),
        // What comes between files is not kept in memory without an end.
        (junk.clone(), BAD, "4 MiB"),
        ([&b"--the-end\r\nx-junk: "[..], &junk].concat(), BAD, "4 MiB"),
        (form(&[(other, &junk), (FILE, &file)]), BAD, "4 MiB"),
        (form(&[(FILE, &file), (other, &junk)]), BAD, "4 MiB"),
    ] {
        let length = body.len();
        // Of known length it is refused by that, if it is too long.
        if length < 1 << 20 {
            untouched.refuses(untouched.form(body.clone()), status, &[words]).await;
        } else {
            untouched.refuses(untouched.form(body.clone()), (413, "too-large"), &[]).await;
        }
        let pieces = body.chunks(1000).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>();
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        let request = untouched.form(Vec::new()).body(body);
        untouched.refuses(request, status, &[words]).await;
    }
}
