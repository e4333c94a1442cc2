//! The configuration: what it shows, what it refuses, and that the advice that is given is true.

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    made,
    process::{Process, check},
    shot,
    tracker::{File, Reply, Tracker},
    until,
};

async fn push(server: &Process, shot: &Value) -> String {
    server.send(Method::PUT, "/api/projects/p", &json!({"name": "P"})).await;
    let answer = server.send(Method::PUT, "/api/projects/p/shots/a?wait=published", shot).await;
    answer.headers().get("watchtower-warnings").map_or("", |warnings| warnings.to_str().unwrap()).to_owned()
}

/// Waits for the picture of a shot; gives the path.
async fn picture(server: &Process) -> String {
    until("a picture", async || {
        let shots = server.get("/data/projects/p/shots.json").await;
        shots[0]["thumbnailUrl"].as_str().map(str::to_owned)
    })
    .await
}

async fn problems(server: &Process) -> Vec<Value> {
    server.get("/api/projects/p/problems").await.as_array().unwrap().clone()
}

#[tokio::test]
async fn no_header_of_a_host_is_ever_shown() {
    let (folder, tracker) = (TempDir::new().unwrap(), Tracker::start().await);
    let picture_of_it = Reply::File(File::png(made::png([1, 2, 3])));
    tracker.set("/a.png", Reply::Closed("Bearer hush-right".to_owned(), Box::new(picture_of_it)));
    let shot = shot("a", &tracker.url("/a.png?token=hush-query"));
    for (token, works) in [("hush-wrong", false), ("hush-right", true)] {
        let headers = format!("headers = {{ Authorization = \"Bearer {token}\" }}");
        let server = Process::start(folder.path(), &tracker.settings(&headers)).await;
        let warnings = push(&server, &shot).await;
        let mut shown = warnings;
        if works {
            picture(&server).await;
        } else {
            let found = until("a problem", async || problems(&server).await.pop()).await;
            shown += &found["detail"].to_string();
            assert!(shown.contains("401 Unauthorized: access is denied; check the headers"), "{shown}");
        }
        shown += &server.get("/api/status").await.to_string();
        shown += &server.terminate().await;
        assert_eq!(shown.contains("a file could not be copied"), !works, "{shown}");
        assert!(!shown.contains("hush-right") && !shown.contains("hush-wrong"), "{shown}");
        assert!(!shown.contains("hush-query"), "{shown}");
    }
}

#[tokio::test]
async fn nothing_is_asked_of_a_host_that_is_not_configured_and_the_advice_that_is_given_is_true() {
    let (folder, tracker) = (TempDir::new().unwrap(), Tracker::start().await);
    tracker.has("/a.png", File::png(made::png([250, 0, 0])));
    let url = tracker.url("/a.png?x=1");
    let server = Process::start(folder.path(), "").await;
    let header = push(&server, &shot("a", &url)).await;
    let [warning]: [Value; 1] = serde_json::from_str(&header).unwrap();
    let detail = warning["detail"].as_str().unwrap();
    assert_eq!(warning["pointer"], "/thumbnailUrl");
    assert!(detail.contains(&format!("nothing is fetched from {}", tracker.host())), "{detail}");

    // The same of many at once, where one host is one warning, and of a patch.
    let shots: Value = (0..3).map(|n| shot(&n.to_string(), &tracker.url(&format!("/{n}.png")))).collect();
    let answer = server.send(Method::PUT, "/api/projects/p/shots", &shots).await.json::<Value>().await.unwrap();
    let expected = json!([{"pointer": "/0/thumbnailUrl", "detail": detail, "count": 3}]);
    assert_eq!(answer["warnings"], expected);
    let patch = json!({"thumbnailUrl": url});
    let answer = server.send(Method::PATCH, "/api/projects/p/shots/0?wait=published", &patch).await;
    assert_eq!(answer.headers()["watchtower-warnings"], header);
    let edit = json!({"sourceName": tracker.url("/cut.mp4")});
    let answer = server.send(Method::PUT, "/api/projects/p/edits/cut", &edit).await;
    assert!(answer.headers()["watchtower-warnings"].to_str().unwrap().contains("/sourceName"));
    server.send(Method::DELETE, "/api/projects/p/edits/cut", &Value::Null).await;
    // The rest is none of this: no warning of what is here, or of the page.
    let other = json!({"name": "0", "thumbnailUrl": "previews/x.png"});
    let answer = server.send(Method::PUT, "/api/projects/p/shots/1", &other).await;
    assert!(!answer.headers()["watchtower-warnings"].to_str().unwrap().contains("media-host"));

    let shots = json!([shot("a", &url)]);
    server.send(Method::PUT, "/api/projects/p/shots?wait=published", &shots).await;
    assert_eq!(server.get("/data/projects/p/shots.json").await[0]["thumbnailUrl"], url);
    let [problem]: [Value; 1] = problems(&server).await.try_into().unwrap();
    assert_eq!(problem["problem"], "remote-media");
    let lines = lines_of(detail);
    assert_eq!(lines_of(problem["mend"].as_str().unwrap()), lines);
    server.terminate().await;
    assert_eq!(tracker.counts().connections, 0);

    // With these lines, the next advice is to say that it is private; with that, it comes.
    let server = Process::start(folder.path(), &lines).await;
    let found = until("a problem", async || problems(&server).await.pop()).await;
    let detail = found["detail"].as_str().unwrap();
    assert!(detail.contains("say private = true in its [[media-host]]"), "{detail}");
    server.terminate().await;
    assert_eq!(tracker.counts().connections, 0);
    let server = Process::start(folder.path(), &(lines + "\nprivate = true\n")).await;
    let path = picture(&server).await;
    let bytes = server.send(Method::GET, &format!("/{path}"), &Value::Null).await.bytes().await.unwrap();
    assert_eq!(made::look_at(&bytes), ((150, 100), [250, 0, 0]));
    assert_eq!(push(&server, &shot("a", &url)).await, "");
    assert_eq!((problems(&server).await.len(), tracker.asked("/a.png").len()), (0, 1));
    server.terminate().await;
}

/// The lines of a configuration that some words name, each on its own.
fn lines_of(words: &str) -> String {
    let begin = words.find("[[media-host]]").unwrap();
    let end = begin + words[begin..].find("\"copy\"").unwrap() + "\"copy\"".len();
    words[begin..end].replace("[[media-host]] ", "[[media-host]]\n").replace(" mode =", "\nmode =")
}

#[tokio::test]
async fn a_wrong_host_is_refused_at_the_start_by_its_name_and_key_and_without_its_secrets() {
    let folder = TempDir::new().unwrap();
    let sound = "[[media-host]]\nhost = \"a.test\"\nheaders = { Authorization = \"hush\" }\n";
    let output = check(folder.path(), sound).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let cases = [
        ("host = \"https://a.test/x\"", "[[media-host]] \"https://a.test/x\": host: it is no host"),
        ("host = \"\"", "host: it is empty"),
        ("host = \"me:hush@a.test\"", "[[media-host]] \"a.test\": host: it holds a user name or password"),
        ("mode = \"copy\"", "missing field `host`"),
        ("host = \"a.test\"\n[[media-host]]\nhost = \"A.test.\"", "host: it is there twice"),
        ("host = \"a.test\"\nmode = \"steal\"", "line 3: "),
        ("host = \"a.test\"\nprivate = \"yes\"", "line 3: "),
        ("host = \"a.test\"\nrefresh = 99999999999", "[[media-host]] \"a.test\": refresh: it is to be between"),
        ("host = \"a.test\"\nrefresh = -1", "line 3: "),
        ("host = \"a.test\"\nmax-bytes = 0", "[[media-host]] \"a.test\": max-bytes: it is to be between"),
        ("host = \"a.test\"\ntimeout = 0", "[[media-host]] \"a.test\": timeout: it is to be between"),
        ("host = \"a.test\"\nconnections = 0", "[[media-host]] \"a.test\": connections: it is to be between"),
        (
            "host = \"a.test\"\nheader = { Authorization = \"hush\" }",
            "[[media-host]] \"a.test\": header: there is no such key",
        ),
        ("host = \"a.test\"\nheaders = \"hush\"", "[[media-host]] \"a.test\": headers: it is to be a table"),
        (
            "host = \"a.test\"\nheaders = { Authorization = [\"hush\"] }",
            "headers.Authorization: its value is to be a text",
        ),
        (
            "host = \"a.test\"\nheaders = { Authorization = \"hush\\n\" }",
            "headers.Authorization: its value has characters",
        ),
        ("host = \"a.test\"\nheaders = { Host = \"hush\" }", "headers.Host: this header is set by the server itself"),
        ("host = \"a.test\"\nheaders = { \"a b\" = \"hush\" }", "headers.a b: it is no name of a header"),
        (
            "host = \"a.test\"\nheaders = { Authorization = \"hush ${WATCHTOWER_NONE}\" }",
            "headers.Authorization: the environment has no variable WATCHTOWER_NONE",
        ),
        (
            "host = \"a.test\"\nheaders = { Authorization = \"${hush hush\" }",
            "headers.Authorization: its value has a ${",
        ),
        // A fault of the language is named by its line, which is not shown: it may be that of a secret.
        ("host = \"a.test\"\nheaders = { Authorization = \"hush }", "line 3: "),
        ("host = \"a.test\"\nheaders = { Authorization: \"hush\" }", "line 3: "),
        ("host = \"a.test\"\nheaders = { A = \"hush\", A = \"hush\" }", "line 3: "),
    ];
    for (text, reason) in cases {
        let config = format!("[[media-host]]\n{text}\n");
        let output = check(folder.path(), &config).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(reason), "{text}: {said}");
        assert!(!said.contains("hush") && output.stdout.is_empty(), "{text}: {said}");
    }
}
