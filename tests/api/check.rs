//! `check`: what is wrong with configuration and data, beside a server or before the first start, and nothing is written.

use std::{collections::BTreeMap, fs, path::Path};

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::{
    media::made::png,
    support::{TestServer, files},
    tokens::commands::{fail, succeed},
};

/// Every file of a folder, but those of the database, in which the server notes things at any time.
fn kept(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut kept = files(folder);
    kept.retain(|name, _| !name.starts_with("watchtower.db"));
    kept
}

/// A configuration file in a folder of its own.
fn configured(toml: &str) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("watchtower.toml");
    fs::write(&file, toml).unwrap();
    let file = file.to_str().unwrap().to_owned();
    (folder, file)
}

#[tokio::test]
async fn a_running_server_is_looked_at_and_left_alone() {
    let server = TestServer::start().await;
    server.put("/api/projects/p?wait=published", &json!({"name": "Kestrel"})).await.expect(201);
    let before = kept(&server.folder);
    let (said, _) = succeed(&server.folder, &["check"]).await;
    for words in ["project p (Kestrel): revision 1,", "data: 1 projects, all readable", "tokens: none"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(kept(&server.folder) == before, "{:?}", kept(&server.folder).keys());
    server.put("/api/projects/p", &json!({"name": "Curlew"})).await.expect(200);
}

#[tokio::test]
async fn before_the_first_start_there_is_no_data_and_none_is_made() {
    let temp = TempDir::new().unwrap();
    let folder = temp.path().join("data");
    let (_place, config) = configured("[[webhook]]\nname = \"a\"\nverify = \"none\"\nmapping = \"changes\"\n");
    let (said, _) = succeed(&folder, &["check", "--config", &config]).await;
    assert!(said.contains("1 sources of webhooks") && said.contains("data: none yet"), "{said}");
    assert!(!folder.exists());
}

#[tokio::test]
async fn what_a_server_would_refuse_or_could_not_do_is_refused() {
    let folder = TempDir::new().unwrap();
    let source = |rest: &str| format!("[[webhook]]\nname = \"flow\"\nverify = \"none\"\n{rest}\n");
    for (toml, why) in [
        (source("mapping = \"nothing\""), "there is no mapping \"nothing\""),
        (source("filter = \"{op:\""), "source \"flow\": the filter does not compile: line 1"),
        (source("filter-file = \"absent.jq\""), "absent.jq"),
        (source("mapping = \"changes\"\nsecrets = [\"${WATCHTOWER_NO_SUCH_SECRET}\"]"), "secrets"),
        ("[[publish-hook]]\nurl = \"ftp://example.com\"\nsecrets = []".to_owned(), "publish-hook"),
    ] {
        let (_place, config) = configured(&toml);
        let said = fail(folder.path(), &["check", "--config", &config]).await;
        assert!(said.contains(why), "{toml}: {said}");
    }
}

#[tokio::test]
async fn a_picture_that_is_not_there_is_named() {
    let server = TestServer::start().await;
    server.put("/api/projects/p", &json!({"name": "P"})).await.expect(201);
    server.put("/api/projects/p/shots/s1", &json!({"name": "0010"})).await.expect(201);
    let path = "/api/projects/p/shots/s1/thumbnail?wait=published";
    server.send(server.request(Method::PUT, path).body(png(1))).await.expect(201);
    succeed(&server.folder, &["check"]).await;
    let media = server.folder.join("media");
    for name in files(&media).keys() {
        fs::remove_file(media.join(name)).unwrap();
    }
    let said = fail(&server.folder, &["check"]).await;
    assert!(said.contains("1 pictures and movies are missing"), "{said}");
    assert!(said.contains("thumbnail of the shot s1 of the project p"), "{said}");
}

#[tokio::test]
async fn tables_of_sites_that_are_passed_over_are_told_of() {
    let folder = TempDir::new().unwrap();
    let (_place, config) = configured("[[site]]\nlisten = \"127.0.0.1:1\"\n[[site]]\nlisten = \"127.0.0.1:2\"\n");
    let (said, log) = succeed(folder.path(), &["check", "--config", &config]).await;
    assert!(said.contains("127.0.0.1:1") && said.contains("127.0.0.1:2") && !log.contains("WARN"), "{said}{log}");
    let (said, log) = succeed(folder.path(), &["check", "--config", &config, "--listen", "127.0.0.1:3"]).await;
    assert!(said.contains("127.0.0.1:3") && !said.contains("127.0.0.1:1"), "{said}");
    assert!(log.contains("WARN") && log.contains("[[site]]"), "{log}");
}
