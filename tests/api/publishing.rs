//! From a write to what is served and on disk: when, what, and how it is answered for.

use std::{fs, io::Read};

use reqwest::Method;
use serde_json::{Value, json};
use watchtower_server::{layout::Layout, publish::Mode};

use crate::support::{Answer, TestServer, files, until};

fn shot(id: &str) -> Value {
    json!({"id": id, "name": id, "data": {"frame_in": 0, "frame_out": 24}})
}

/// The names of the shots that are served, which must be those that are on disk.
async fn shown(server: &TestServer) -> Vec<String> {
    let served = server.get("/data/projects/p/shots.json").await.expect(200);
    let on_disk = fs::read_to_string(server.site().join("data/projects/p/shots.json")).unwrap();
    assert_eq!(served.text, on_disk);
    let names = served.json();
    names.as_array().unwrap().iter().map(|shot| shot["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_write_that_waits_is_answered_when_the_tree_shows_it() {
    for mode in [Mode::Auto, Mode::Manual] {
        let server = TestServer::start_with(|options| options.mode = mode).await;
        server
            .put("/api/projects/p/snapshot?wait=published", &json!({"name": "P", "shots": [shot("a")]}))
            .await
            .expect(200);
        assert_eq!(shown(&server).await, ["a"]);
        server.put("/api/projects/p/shots/b?wait=published", &shot("b")).await.expect(201);
        assert_eq!(shown(&server).await, ["a", "b"]);
        server.post("/api/projects/p/shots?wait=published", &shot("c")).await.expect(201);
        assert_eq!(shown(&server).await, ["a", "b", "c"]);
        server.patch("/api/projects/p/shots/a?wait=published", &json!({"name": "A"})).await.expect(200);
        assert_eq!(shown(&server).await, ["A", "b", "c"]);
        server.put("/api/projects/p/shots?wait=published", &json!([shot("c"), shot("a")])).await.expect(200);
        assert_eq!(shown(&server).await, ["c", "a"]);
        let change = json!({"op": "merge", "kind": "shots", "project": "p", "id": "c", "value": {"name": "C"}});
        server.post("/api/batch?wait=published", &json!({"changes": [change]})).await.expect(200);
        assert_eq!(shown(&server).await, ["C", "a"]);
        server.delete("/api/projects/p/shots/a?wait=published").await.expect(204);
        assert_eq!(shown(&server).await, ["C"]);
        server.put("/api/users/ada?wait=published", &json!({"name": "Ada"})).await.expect(201);
        assert_eq!(server.tree("projects/context.json").await["users"][0]["full_name"], "Ada");
    }
}

#[tokio::test]
async fn many_writers_who_wait_each_see_their_own_write() {
    let server = TestServer::with_project().await;
    let write = async |n: usize| {
        let id = format!("s{n:02}");
        server.put(&format!("/api/projects/p/shots/{id}?wait=published"), &shot(&id)).await.expect(201);
        let shots = server.tree("projects/p/shots.json").await;
        assert!(shots.as_array().unwrap().iter().any(|shot| shot["id"] == id.as_str()), "{id}");
    };
    let writes: Vec<_> = (0..30).map(write).collect();
    futures_util::future::join_all(writes).await;
    assert_eq!(shown(&server).await.len(), 30);
}

#[tokio::test]
async fn a_render_says_what_it_did() {
    let server = TestServer::start_with(|options| options.mode = Mode::Manual).await;
    server.put("/api/projects/p/snapshot", &json!({"name": "P", "shots": [shot("a")]})).await.expect(200);
    let first = server.rendered().await;
    let keys: Vec<_> = first.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["revision", "files_written", "files_unchanged", "bytes", "milliseconds"]);
    assert_eq!(first["revision"], server.revision().await);
    assert!(first["bytes"].as_u64().unwrap() > 100 && first["milliseconds"].as_f64().unwrap() > 0.0, "{first}");
    let again = server.rendered().await;
    assert_eq!((&again["files_written"], &again["bytes"]), (&json!(0), &json!(0)));
    // One entity: its file, and nothing else.
    server.patch("/api/projects/p/shots/a", &json!({"name": "A"})).await.expect(200);
    let one = server.rendered().await;
    assert_eq!(one["files_written"], 1, "{one}");
    assert_eq!(one["bytes"], fs::metadata(server.site().join("data/projects/p/shots.json")).unwrap().len());
    let forced = server.post("/api/render?force=true", &json!({})).await.expect(200).json();
    assert_eq!(
        (&forced["files_written"], &forced["files_unchanged"]),
        (&json!(files(&server.site()).len()), &json!(0))
    );
}

#[tokio::test]
async fn one_change_after_the_other_comes_to_the_same_bytes_as_all_from_the_beginning() {
    let server = TestServer::of_both_layouts().await;
    let context = json!({
        "users": [{"id": "ada", "name": "Ada"}],
        "task_types": [{"id": "anim", "name": "Animation", "for_shots": true}],
        "task_statuses": [{"id": "wip", "name": "In Progress"}, {"id": "done", "name": "Done"}]
    });
    server.put("/api/context", &context).await.expect(200);
    let of = |kind: &str, id: &str| -> Value {
        let task = |name: &str| json!({"id": format!("{id}.{name}"), "task_type_id": "anim", "task_status_id": "wip"});
        json!({"id": id, "name": format!("{kind} \"{id}\" é"), "data": {"frame_in": 0, "frame_out": 24}, "tasks": [task("a"), task("b")]})
    };
    let list = |kind: &str| (0..7).map(|number| of(kind, &format!("{kind}{number}"))).collect::<Vec<_>>();
    let project = json!({"name": "P", "task_types": ["anim"], "task_statuses": ["wip", "done"], "shots": list("s"), "assets": list("t")});
    server.put("/api/projects/p/snapshot?wait=published", &project).await.expect(200);
    let p = "/api/projects/p";
    let steps = [
        (Method::PATCH, format!("{p}/tasks/s0.a"), json!({"task_status_id": "done"})),
        (Method::PATCH, format!("{p}/tasks/s6.b"), json!({"task_status_id": "a-longer-one"})),
        (Method::PATCH, format!("{p}/tasks/t3.a"), json!({"assignees": ["ada"]})),
        (
            Method::PUT,
            format!("{p}/tasks/new"),
            json!({"shot_id": "s3", "task_type_id": "anim", "task_status_id": "wip"}),
        ),
        (Method::PATCH, format!("{p}/tasks/new"), json!({"shot_id": "s4"})),
        (Method::PATCH, format!("{p}/tasks/new"), json!({"asset_id": "t6", "shot_id": null})),
        (Method::PATCH, format!("{p}/tasks/new"), json!({"task_status_id": null})),
        (Method::DELETE, format!("{p}/tasks/new"), Value::Null),
        (Method::PATCH, format!("{p}/tasks/s1.a"), json!({"task_status_id": "done"})),
        (Method::PATCH, format!("{p}/shots/s1"), json!({"canceled": true})),
        (Method::PATCH, format!("{p}/tasks/s1.a"), json!({"task_status_id": "wip"})),
        (Method::PATCH, format!("{p}/tasks/s2.a"), json!({"task_status_id": "done"})),
        (Method::PATCH, format!("{p}/shots/s1"), json!({"canceled": false})),
        (Method::PATCH, p.to_owned(), json!({"fps": 30})),
        (Method::PATCH, format!("{p}/tasks/s5.a"), json!({"task_status_id": "done"})),
        (Method::PATCH, "/api/users/ada".to_owned(), json!({"name": "Ada Byron"})),
        (Method::PATCH, format!("{p}/tasks/t0.b"), json!({"task_status_id": "done"})),
    ];
    let trees = || [Layout::Classic, Layout::V1].map(|layout| files(&server.site_of(layout)));
    for (method, path, body) in steps {
        let request = server.request(method.clone(), &format!("{path}?wait=published"));
        let answer = server.send(if body.is_null() { request } else { request.json(&body) }).await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.text);
        let by_change = trees();
        server.post("/api/render?force=true", &Value::Null).await.expect(200);
        assert!(by_change == trees(), "{method} {path} {body}");
    }
    // And many at once, without anything rendered from the beginning in between.
    for number in 0..7 {
        for (of, status) in [("s", "done"), ("t", "done"), ("s", "wip")] {
            let path = format!("{p}/tasks/{of}{number}.a?wait=published");
            server.patch(&path, &json!({"task_status_id": status, "assignees": ["ada"]})).await.expect(200);
        }
    }
    let by_change = trees();
    server.post("/api/render?force=true", &Value::Null).await.expect(200);
    assert!(by_change == trees());
}

#[tokio::test]
async fn writing_what_is_already_there_renders_nothing() {
    let server = TestServer::with_project().await;
    server.put("/api/projects/p/shots?wait=published", &json!([shot("a"), shot("b")])).await.expect(200);
    let path = server.site().join("data/projects/p/shots.json");
    let (written, revision) = (fs::metadata(&path).unwrap().modified().unwrap(), server.revision().await);
    server.put("/api/projects/p/shots?wait=published", &json!([shot("a"), shot("b")])).await.expect(200);
    server.put("/api/projects/p/shots/b?wait=published", &shot("b")).await.expect(200);
    assert_eq!(server.rendered().await["files_written"], 0);
    assert_eq!(server.revision().await, revision);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
}

#[tokio::test]
async fn with_manual_rendering_the_tree_changes_on_request_only() {
    let server = TestServer::start_with(|options| options.mode = Mode::Manual).await;
    for project in ["p", "q"] {
        let snapshot = json!({"name": project, "shots": [shot("a")]});
        server.put(&format!("/api/projects/{project}/snapshot"), &snapshot).await.expect(200);
    }
    let status = async || server.get("/api/status").await.expect(200).json();
    assert_eq!(server.tree("projects/context.json").await["projects"], json!([]));
    assert_eq!((&status().await["behind"], &status().await["published_revision"]), (&json!(2), &json!(0)));
    // One project, with the list that names it.
    let report = server.post("/api/projects/p/render", &json!({})).await.expect(200).json();
    assert!(report["files_written"].as_u64().unwrap() > 0, "{report}");
    assert_eq!(shown(&server).await, ["a"]);
    server.get("/data/projects/q/shots.json").await.expect(404);
    assert_eq!(status().await["behind"], 2);
    server.rendered().await;
    server.get("/data/projects/q/shots.json").await.expect(200);
    assert_eq!(status().await["behind"], 0);
    server.put("/api/projects/p/shots/b", &shot("b")).await.expect(201);
    assert_eq!(shown(&server).await, ["a"]);
}

#[tokio::test]
async fn what_is_behind_at_the_start_is_rendered_before_the_server_answers() {
    let mut server = TestServer::start_with(|options| options.mode = Mode::Manual).await;
    server.put("/api/projects/p/snapshot", &json!({"name": "P", "shots": [shot("a")]})).await.expect(200);
    server.restart().await;
    assert_eq!(shown(&server).await, ["a"]);
    assert_eq!(server.get("/api/status").await.json()["behind"], 0);
}

#[tokio::test]
async fn the_status_tells_how_far_things_are() {
    let server = TestServer::with_project().await;
    server.rendered().await;
    let mut status = server.get("/api/status").await.expect(200).json();
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        status["last_render"].as_object_mut().unwrap().shift_remove("milliseconds").map(|time| time.is_number()),
        Some(true)
    );
    for (field, value) in [
        ("revision", json!(1)),
        ("published_revision", json!(1)),
        ("behind", json!(0)),
        ("failure", Value::Null),
        ("projects", json!(1)),
        ("sites", json!([{"layout": "classic", "page": null, "live": false}])),
    ] {
        assert_eq!(status[field], value, "{field}");
    }
    assert_eq!(server.get("/healthz").await.expect(200).json(), json!({"status": "ok"}));
    assert_eq!(server.get("/readyz").await.expect(200).json(), json!({"status": "ok"}));
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_reported_and_written_as_soon_as_it_can_be() {
    let server = TestServer::start_with(|options| options.mode = Mode::Manual).await;
    server
        .put("/api/projects/p/snapshot?wait=published", &json!({"name": "P", "shots": [shot("a")]}))
        .await
        .expect(200);
    let path = server.site().join("data/projects/p/shots.json");
    fs::remove_file(&path).unwrap();
    fs::create_dir_all(path.join("in the way")).unwrap();
    let late = server.put("/api/projects/p/shots/b?wait=published", &shot("b")).await;
    assert_eq!(late.header("retry-after"), "1");
    late.refused(503, "unavailable");
    server.get("/api/projects/p/shots/b").await.expect(200);
    server.post("/api/render", &json!({})).await.refused(500, "internal");
    assert_eq!(server.get("/readyz").await.expect(503).json()["status"], "failing");
    assert!(server.get("/api/status").await.json()["failure"].as_str().unwrap().contains("shots.json"));
    fs::remove_dir_all(&path).unwrap();
    server.rendered().await;
    assert_eq!(shown(&server).await, ["a", "b"]);
    server.get("/readyz").await.expect(200);
}

#[tokio::test]
async fn deleting_a_project_removes_its_folder() {
    let mut server = TestServer::with_project().await;
    server
        .put("/api/projects/q/snapshot?wait=published", &json!({"name": "Q", "shots": [shot("a")]}))
        .await
        .expect(200);
    assert!(server.site().join("data/projects/p").is_dir());
    server.delete("/api/projects/p?wait=published").await.expect(204);
    for _ in 0..2 {
        assert!(!server.site().join("data/projects/p").exists());
        for file in ["project.json", "shots.json", "edit.json", "edit.mp4"] {
            server.get(&format!("/data/projects/p/{file}")).await.refused(404, "not-found");
            server.get(&format!("/data/projects/q/{file}")).await.expect(200);
        }
        let listed = server.tree("projects/context.json").await["projects"].clone();
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &json!("q")));
        server.get("/api/projects/p/shots").await.refused(404, "not-found");
        server.restart().await;
    }
    // And nothing of it is left when it comes again.
    server.put("/api/projects/p?wait=published", &json!({"name": "P"})).await.expect(201);
    assert_eq!(shown(&server).await, [""; 0]);
}

#[tokio::test]
async fn files_that_belong_to_no_project_are_taken_away_at_the_start() {
    let mut server = TestServer::with_project().await;
    server.rendered().await;
    server.stop().await;
    let (gone, stray) = (server.site().join("data/projects/gone"), server.site().join("data/projects/p/stray.json"));
    fs::create_dir_all(&gone).unwrap();
    fs::write(gone.join("shots.json"), "[]").unwrap();
    fs::write(&stray, "[]").unwrap();
    server.open().await;
    assert!(!gone.exists() && !stray.exists());
    server.get("/data/projects/gone/shots.json").await.expect(404);
}

async fn head(server: &TestServer, path: &str) -> Answer {
    server.send(server.request(Method::HEAD, path)).await
}

#[tokio::test]
async fn files_of_the_tree_are_served_with_validators_and_without_a_body_to_head() {
    let server = TestServer::with_project().await;
    server.put("/api/projects/p/shots?wait=published", &json!([shot("a")])).await.expect(200);
    for path in [
        "/data/projects/p/shots.json",
        "/data/projects/context.json",
        "/data/projects/p/edit.mp4",
        "/",
        "/static/img/placeholder-user.png",
        "/api/users",
        "/api/projects/p",
    ] {
        let full = server.client.get(server.url(path)).send().await.unwrap();
        let headers = full.headers().clone();
        let length = full.bytes().await.unwrap().len();
        assert!(length > 0, "{path}");
        let bare = head(&server, path).await.expect(200);
        assert_eq!(bare.text, "");
        for name in ["content-type", "etag", "last-modified", "cache-control"] {
            assert_eq!(bare.headers.get(name), headers.get(name), "{path} {name}");
        }
        assert_eq!(bare.header("content-length"), length.to_string(), "{path}");
        if let Some(etag) = headers.get("etag") {
            let known = server.request(Method::GET, path).header("if-none-match", etag);
            assert_eq!(server.send(known).await.expect(304).text, "");
        }
    }
    let json = server.get("/data/projects/p/shots.json").await;
    assert_eq!((json.header("content-type"), json.header("cache-control")), ("application/json", "no-cache"));
    assert_eq!(server.get("/data/projects/p/edit.mp4").await.header("content-type"), "video/mp4");
}

#[tokio::test]
async fn files_of_the_tree_are_compressed_for_who_takes_that() {
    let server = TestServer::with_project().await;
    let shots: Value = (0..200).map(|n| shot(&format!("s{n}"))).collect();
    server.put("/api/projects/p/shots?wait=published", &shots).await.expect(200);
    let path = "/data/projects/p/shots.json";
    let plain = server.get(path).await.expect(200);
    assert_eq!(plain.header("vary"), "accept-encoding");
    for accepted in ["gzip", "br, gzip;q=0.5", "*"] {
        let request = server.request(Method::GET, path).header("accept-encoding", accepted);
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip");
        let etag = response.headers()["etag"].clone();
        assert_ne!(etag, plain.header("etag"));
        let bytes = response.bytes().await.unwrap();
        assert!(bytes.len() * 3 < plain.text.len());
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
        assert_eq!(text, plain.text);
        let known = server.request(Method::GET, path).header("accept-encoding", accepted).header("if-none-match", etag);
        server.send(known).await.expect(304);
    }
    for accepted in ["identity", "br", "gzip;q=0", ""] {
        let request = server.request(Method::GET, path).header("accept-encoding", accepted);
        assert_eq!(server.send(request).await.expect(200).text, plain.text, "{accepted}");
    }
}

#[tokio::test]
async fn parts_of_a_movie_are_served_unless_it_was_replaced() {
    let server = TestServer::with_project().await;
    server.put("/api/projects/p/shots?wait=published", &json!([shot("a")])).await.expect(200);
    let path = "/data/projects/p/edit.mp4";
    let part = async |validator: &str| {
        let request = server.request(Method::GET, path).header("range", "bytes=4-7").header("if-range", validator);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.bytes().await.unwrap().len())
    };
    let whole = head(&server, path).await;
    let length: usize = whole.header("content-length").parse().unwrap();
    let modified = whole.header("last-modified");
    assert_eq!(part(modified).await, (206, 4));
    assert_eq!(part("\"another\"").await, (200, length));
    assert_eq!(part("Thu, 01 Jan 1970 00:00:00 GMT").await, (200, length));
    let request = server.request(Method::GET, path).header("range", "bytes=4-7");
    assert_eq!(server.send(request).await.expect(206).text, "ftyp");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_a_problem_and_never_the_page() {
    let server = TestServer::with_project().await;
    server.rendered().await;
    for path in [
        "/data/projects/p/nothing.json",
        "/data/projects/q/shots.json",
        "/data/nothing",
        "/data/",
        "/data",
        "/data/projects",
        "/data/projects/p/",
        "/nothing.html",
        "/static/img/nothing.png",
    ] {
        server.get(path).await.refused(404, "not-found");
        assert_eq!(head(&server, path).await.expect(404).text, "");
    }
    assert_eq!(server.layout, Layout::Classic);
}

#[tokio::test]
async fn a_folder_for_another_web_server_loses_nothing_and_names_only_what_was_rendered() {
    let server = TestServer::start().await;
    for id in ["p", "q"] {
        server.put(&format!("/api/projects/{id}?wait=published"), &json!({"name": id})).await.expect(201);
    }
    let out = tempfile::TempDir::new().unwrap();
    let put = |path: &str, bytes: &[u8]| {
        let path = out.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let movie = vec![7; 100_000];
    put("data/projects/other/shots.json", b"[]");
    put("data/projects/p/previews/a.png", b"picture");
    put("data/projects/p/edit.mp4", &movie);
    let mut render = std::process::Command::new(env!("CARGO_BIN_EXE_watchtower-server"));
    render.args(["render", "--project", "p", "--data-dir"]).arg(&server.folder).arg("--out").arg(out.path());
    let rendered = tokio::task::spawn_blocking(move || render.output().unwrap()).await.unwrap();
    assert!(rendered.status.success(), "{}", String::from_utf8_lossy(&rendered.stderr));
    let files = crate::support::files(out.path());
    assert_eq!(files["data/projects/other/shots.json"], b"[]");
    assert_eq!(files["data/projects/p/previews/a.png"], b"picture");
    assert!(files["data/projects/p/edit.mp4"] == movie, "a real movie is not replaced by a blank one");
    let context: serde_json::Value = serde_json::from_slice(&files["data/projects/context.json"]).unwrap();
    assert_eq!(context["projects"].as_array().unwrap().len(), 1);
    assert!(files.contains_key("data/projects/p/shots.json") && !files.contains_key("data/projects/q/shots.json"));
}

#[tokio::test]
async fn one_project_that_cannot_be_written_does_not_hold_up_the_others() {
    let server = TestServer::start().await;
    server.put("/api/projects/p?wait=published", &json!({"name": "P"})).await.expect(201);
    let obstacle = server.site().join("data/projects/p/shots.json");
    std::fs::remove_file(&obstacle).unwrap();
    std::fs::create_dir(&obstacle).unwrap();
    std::fs::write(obstacle.join("in the way"), "").unwrap();
    let shot = json!({"id": "s", "name": "S", "data": {"frame_in": 0, "frame_out": 5}});
    server.post("/api/projects/p/shots?wait=published", &shot).await.expect(503);
    server.put("/api/projects/q?wait=published", &json!({"name": "Q"})).await.expect(503);
    server.get("/data/projects/q/shots.json").await.expect(200);
    assert!(server.site().join("data/projects/q/project.json").is_file());
    server.get("/readyz").await.expect(503);
    std::fs::remove_dir_all(&obstacle).unwrap();
    server.rendered().await;
    server.get("/readyz").await.expect(200);
    assert!(obstacle.is_file());
}

#[tokio::test]
async fn a_time_from_a_clock_that_is_far_ahead_or_was_never_set_does_no_lasting_harm() {
    let server = TestServer::of_both_layouts().await;
    let task = json!({"id": "t", "task_type_id": "anim", "task_status_id": "todo"});
    let shot = json!({"id": "s", "name": "S", "tasks": [task], "data": {"frame_in": 0, "frame_out": 5}});
    server.put("/api/projects/p/snapshot", &json!({"name": "P", "shots": [shot]})).await.expect(200);
    let at = |at: &str, status: &str| json!({"changes": [{"op": "merge", "kind": "tasks", "project": "p", "id": "t", "at": at, "value": {"task_status_id": status}}]});
    server.post("/api/batch", &at("9999-12-30T00:00:00Z", "wip")).await.expect(200);
    let points = server.get("/api/projects/p/task-counts").await.json()[0]["task_statuses"][0]["data"].clone();
    assert_eq!(points.as_array().unwrap().len(), 1, "today, and not eight thousand years");
    server.post("/api/batch", &at("0001-01-01T00:00:00Z", "done")).await.expect(422);
    server.pass(2 * 86_400);
    server.post("/api/batch", &at("2026-01-03T00:00:00Z", "done")).await.expect(200);
    assert_eq!(server.get("/api/projects/p/tasks/t").await.json()["task_status_id"], "done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_that_is_deleted_while_another_is_published_is_there_as_long_as_the_list_names_it() {
    let server = TestServer::start().await;
    let shots = |count: usize| (0..count).map(|n| shot(&n.to_string())).collect::<Vec<_>>();
    server.put("/api/projects/a/snapshot", &json!({"name": "A", "shots": shots(4000)})).await.expect(200);
    for round in 0..20 {
        server.put("/api/projects/z?wait=published", &json!({"name": "Z"})).await.expect(201);
        // That is served before it is written, and while it is, the other goes.
        let shown = async || head(&server, "/data/projects/a/shots.json").await.header("etag").to_owned();
        let before = shown().await;
        server.patch("/api/projects/a/shots/0", &json!({"name": format!("round {round}")})).await.expect(200);
        until("it is shown", async || (shown().await != before).then_some(())).await;
        server.delete("/api/projects/z").await.expect(204);
        let is_listed = async || server.tree("projects/context.json").await["projects"][1]["id"] == "z";
        let mut is_gone = false;
        while !is_gone {
            let is_there = server.get("/data/projects/z/shots.json").await.status.is_success();
            is_gone = !is_listed().await;
            assert!(is_there || is_gone, "round {round}: it is listed, and its files are gone");
        }
    }
}

/// The command that renders into a folder.
fn render_out(server: &TestServer, out: &std::path::Path) -> std::process::Command {
    let mut render = std::process::Command::new(env!("CARGO_BIN_EXE_watchtower-server"));
    render.args(["render", "--data-dir"]).arg(&server.folder).arg("--out").arg(out);
    render
}

async fn done(mut command: std::process::Command) -> (bool, String) {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test]
async fn two_renders_into_one_folder_do_not_get_into_each_others_way() {
    let server = TestServer::start().await;
    for id in 0..8 {
        let shots = (0..60 + 7 * id).map(|n| shot(&n.to_string())).collect::<Vec<_>>();
        let project = json!({"name": format!("{id}"), "shots": shots});
        server.put(&format!("/api/projects/p{id}/snapshot"), &project).await.expect(200);
    }
    let temp = tempfile::TempDir::new().unwrap();
    let wanted = temp.path().join("wanted");
    let (is_done, said) = done(render_out(&server, &wanted)).await;
    assert!(is_done, "{said}");
    let wanted = files(&wanted);
    assert!(wanted.keys().all(|path| !path.starts_with('.')), "{:?}", wanted.keys());
    // One that is at work.
    let out = temp.path().join("out");
    fs::create_dir(&out).unwrap();
    let lock = fs::File::create(out.join(".lock")).unwrap();
    lock.try_lock().unwrap();
    let (is_done, said) = done(render_out(&server, &out)).await;
    assert!(!is_done && said.contains("another render") && said.contains(out.to_str().unwrap()), "{said}");
    assert_eq!(files(&out).len(), 1, "nothing was touched");
    // One that was killed left it behind, and it is nobody's.
    drop(lock);
    for round in 0..6 {
        let both = tokio::join!(done(render_out(&server, &out)), done(render_out(&server, &out)));
        for (is_done, said) in [&both.0, &both.1] {
            assert!(*is_done || said.contains("another render"), "round {round}: {said}");
        }
        assert!(both.0.0 || both.1.0, "round {round}");
        assert!(files(&out) == wanted, "round {round}");
        fs::remove_dir_all(out.join("data")).unwrap();
    }
}

#[tokio::test]
async fn nothing_is_rendered_for_others_into_the_data_folder() {
    let server = TestServer::with_project().await;
    server.rendered().await;
    let temp = tempfile::TempDir::new().unwrap();
    let link = temp.path().join("link");
    std::os::unix::fs::symlink(&server.folder, &link).unwrap();
    let before = files(&server.folder.join("tree"));
    for out in [
        server.folder.clone(),
        server.site(),
        server.folder.join("site/of/mine"),
        link.join("tree/classic"),
        server.folder.join("tree/../tree"),
    ] {
        let (is_done, said) = done(render_out(&server, &out)).await;
        assert!(!is_done && said.contains("data folder"), "{}: {said}", out.display());
    }
    assert!(files(&server.folder.join("tree")) == before && !server.folder.join("site").exists());
    assert!(server.site().join(".unfinished").is_dir());
}
