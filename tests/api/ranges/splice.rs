//! Parts are always parts of one file, however often it is replaced.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::mpsc::{self, TryRecvError},
    time::{Duration, SystemTime},
};

use reqwest::Method;

use super::answer::{Answer, send};
use crate::support::TestServer;

const MOVIE: &str = "/data/probe/edit.mp4";
const LENGTH: usize = 300_000;

/// Puts a movie that is nothing but one byte in place, changed this many microseconds after a whole second.
fn replace(folder: &Path, byte: u8, micros: u64, length: usize) {
    let (unfinished, path) = (folder.join("unfinished"), folder.join("edit.mp4"));
    fs::create_dir_all(folder).unwrap();
    fs::write(&unfinished, vec![byte; length]).unwrap();
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045) + Duration::from_micros(micros);
    fs::File::options().write(true).open(&unfinished).unwrap().set_modified(changed).unwrap();
    fs::rename(unfinished, path).unwrap();
}

async fn get(server: &TestServer, range: &str, condition: Option<&str>) -> Answer {
    let request = server.request(Method::GET, MOVIE).header("range", range);
    let condition = condition.map(|validator| ("if-range", validator));
    send(condition.into_iter().fold(request, |request, (name, value)| request.header(name, value))).await
}

#[tokio::test]
async fn a_part_of_a_file_that_was_replaced_is_the_whole_new_file() {
    let server = TestServer::start().await;
    let folder = server.site().join("data/probe");
    // Once of another size, and once of the same size within the same second.
    for (micros, length) in [(5_000_000, LENGTH + 1), (2, LENGTH)] {
        replace(&folder, b'a', 1, LENGTH);
        let first = get(&server, "bytes=0-99", None).await;
        assert_eq!((first.status, &first.body[..]), (206, &[b'a'; 100][..]));
        let etag = first.header("etag").unwrap().to_owned();
        assert_eq!(get(&server, "bytes=100-199", Some(&etag)).await.status, 206);
        replace(&folder, b'b', micros, length);
        for range in
            ["bytes=100-199", "bytes=100-", "bytes=-5", "bytes=100-199,300-399", "bytes=0-,5-", "bytes=900000-"]
        {
            let rest = get(&server, range, Some(&etag)).await;
            assert_eq!((rest.status, rest.header("content-range")), (200, None), "{range}");
            assert!(rest.body == vec![b'b'; length], "{range}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_never_mixes_two_files_while_they_replace_each_other() {
    let server = TestServer::start().await;
    let folder = server.site().join("data/probe");
    replace(&folder, 0, 0, LENGTH);
    // It goes on until the other end is gone, also by a panic.
    let (going_on, gone) = mpsc::channel::<()>();
    let replacing = tokio::task::spawn_blocking(move || {
        for count in 1_u64.. {
            replace(&folder, u8::try_from(count % 251).unwrap(), count, LENGTH);
            if gone.try_recv() == Err(TryRecvError::Disconnected) {
                break;
            }
        }
    });
    let mut bytes_of: HashMap<String, u8> = HashMap::new();
    let (mut etag, mut parts, mut wholes, mut n) = (None::<String>, 0, 0, 0);
    while parts < 200 || wholes < 20 {
        n += 1;
        assert!(n < 50_000, "{parts} parts, {wholes} whole files");
        let range = ["bytes=5-9", "bytes=0-9,100-299999", "bytes=0-0,70000-140000,-9", "bytes=-5"][n % 4];
        let condition = etag.filter(|_| n % 3 != 0);
        let answer = get(&server, range, condition.as_deref()).await;
        let byte = answer.body_of_one_file();
        let tag = answer.header("etag").unwrap().to_owned();
        assert_eq!(*bytes_of.entry(tag.clone()).or_insert(byte), byte, "{range}");
        if answer.status == 206 {
            parts += 1;
            assert!(condition.is_none_or(|meant| meant == tag), "a part of another file than was meant");
        } else {
            wholes += 1;
        }
        etag = Some(tag);
    }
    drop(going_on);
    replacing.await.unwrap();
}

impl Answer {
    /// The byte that all of it consists of.
    fn body_of_one_file(&self) -> u8 {
        let slices = match self.status {
            200 => vec![(0..LENGTH, LENGTH, self.body.clone())],
            _ => self.slices(),
        };
        let byte = slices[0].2[0];
        for (range, length, bytes) in slices {
            assert_eq!((range.len(), length), (bytes.len(), LENGTH));
            assert!(bytes.iter().all(|other| *other == byte), "bytes of two files");
        }
        byte
    }
}

#[tokio::test]
async fn an_answer_that_is_under_way_goes_on_with_the_file_that_it_began_with() {
    const LONG: usize = 20 << 20;
    let server = TestServer::start().await;
    let folder = server.site().join("data/probe");
    replace(&folder, b'a', 1, LONG);
    let request = server.request(Method::GET, MOVIE).header("range", "bytes=0-4999999,5000001-14999999,15000001-");
    let mut response = request.send().await.unwrap();
    let mut body = response.chunk().await.unwrap().unwrap().to_vec();
    replace(&folder, b'b', 2, LONG);
    while let Some(chunk) = response.chunk().await.unwrap() {
        body.extend(chunk);
    }
    let answer = Answer { status: response.status().as_u16(), headers: response.headers().clone(), body };
    let slices = answer.slices();
    assert_eq!(slices.len(), 3);
    assert!(slices.iter().all(|(_, _, bytes)| bytes.iter().all(|byte| *byte == b'a')));
}
