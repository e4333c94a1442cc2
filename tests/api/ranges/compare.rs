//! The same requests to this server and to nginx, on the same files.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use reqwest::{Client, Method, redirect::Policy};

use super::{
    answer::{Answer, send},
    bytes,
    nginx::Nginx,
    table::{Row, TABLE},
};
use crate::support::TestServer;

/// Friday, 2 January 2026, 03:04:05.678 GMT, in milliseconds since 1970: when the files were changed.
const CHANGED: u64 = 1_767_323_045_678;

fn lay_out(folder: &Path) {
    fs::create_dir_all(folder.join("folder")).unwrap();
    let files = [
        ("big.mp4", 5 << 20),
        ("one.png", 1),
        ("empty.json", 0),
        ("notes.unknown", 100),
        ("clip.webm", 300),
        ("still.jpg", 300),
        ("still.webp", 300),
        ("still.gif", 300),
        ("data.json", 300),
    ];
    for (name, length) in files {
        let path = folder.join(name);
        fs::write(&path, bytes(length)).unwrap();
        let changed = SystemTime::UNIX_EPOCH + Duration::from_millis(CHANGED);
        fs::File::options().write(true).open(path).unwrap().set_modified(changed).unwrap();
    }
}

/// What is compared, by name.
fn compared(answer: &Answer) -> Vec<(&'static str, String)> {
    let header = |name| answer.header(name).unwrap_or("-").to_owned();
    let parts = answer.parts();
    // The body was found to be as long as this says; the boundaries are not of one length.
    let length = if parts.is_some() { "checked".to_owned() } else { header("content-length") };
    let media_type = header("content-type").split("; boundary=").next().unwrap().to_owned();
    vec![
        ("status", answer.status.to_string()),
        ("content-range", header("content-range")),
        ("content-length", length),
        ("content-type", media_type),
        ("accept-ranges", header("accept-ranges")),
        ("last-modified", header("last-modified")),
        ("etag", if header("etag") == "-" { "none" } else { "there" }.to_owned()),
        ("body", parts.map_or_else(|| summary(&answer.body), |parts| format!("{parts:?}"))),
    ]
}

/// Short bodies as they are, long ones by their hash.
fn summary(body: &[u8]) -> String {
    if body.len() < 200 {
        return format!("{body:?}");
    }
    format!("{} bytes, {:x}", body.len(), twox_hash::XxHash3_128::oneshot(body))
}

/// Sends one row; what stands for validators is replaced by those of the server that is asked.
async fn ask(client: &Client, url: impl Fn(&str) -> String, row: &Row) -> Answer {
    let (method, file) = row.0.split_once(' ').unwrap();
    let url = url(&format!("/data/probe/{file}"));
    let present = send(client.head(&url)).await;
    let etag = present.header("etag").unwrap_or_default();
    let mut request = client.request(Method::from_bytes(method.as_bytes()).unwrap(), &url);
    for line in row.1 {
        let (name, value) = line.split_once(": ").unwrap();
        let value = value.replace("{etag}", etag);
        let value = value.replace("{modified}", "Fri, 02 Jan 2026 03:04:05 GMT");
        let value = value.replace("{before}", "Fri, 02 Jan 2026 03:04:04 GMT");
        request = request.header(name, value.replace("{after}", "Fri, 02 Jan 2026 03:04:06 GMT"));
    }
    send(request).await
}

/// What is wrong with the answers to a row, in words.
fn judge(row: &Row, ours: &Answer, theirs: &Answer) -> Option<String> {
    let differing = compared(ours).into_iter().zip(compared(theirs)).filter(|(ours, theirs)| ours != theirs);
    let differing: Vec<_> = differing.collect();
    let found: BTreeSet<_> = differing.iter().map(|((field, _), _)| *field).collect();
    let listed: BTreeSet<_> = row.3.iter().flat_map(|difference| difference.fields.iter().copied()).collect();
    if found == listed && ours.status == row.2 {
        return None;
    }
    let reasons: Vec<_> = row.3.iter().map(|difference| difference.reason).collect();
    let head = format!("{} {:?}: {}, not {}; listed: {listed:?} {reasons:?}", row.0, row.1, ours.status, row.2);
    let differing =
        differing.iter().map(|((field, ours), (_, theirs))| format!("    {field}: {ours}; nginx: {theirs}"));
    Some(std::iter::once(head).chain(differing).collect::<Vec<_>>().join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_served_as_nginx_serves_them_but_for_what_is_listed() {
    let server = TestServer::with_project().await;
    server.rendered().await;
    lay_out(&server.site().join("data/probe"));
    let Some(nginx) = Nginx::start(&server.site()) else { return };
    // Each request on a connection of its own: nginx closes some after their answer, without a word of it.
    let client = Client::builder().no_proxy().redirect(Policy::none()).pool_max_idle_per_host(0).build().unwrap();
    let mut wrong = Vec::new();
    for row in TABLE {
        let ours = ask(&client, |path| server.url(path), row).await;
        let theirs = ask(&client, |path| nginx.url(path), row).await;
        wrong.extend(judge(row, &ours, &theirs));
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), TABLE.len(), wrong.join("\n"));
}
