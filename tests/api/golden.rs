//! The three datasets, through every way in, against the trees that the Python package itself wrote for them.

use std::{path::Path, process::Command};

use serde_json::{Value, json};
use watchtower_server::{layout::Layout, model::Kind};

use crate::support::{TestServer, dataset, files, reference};

pub const DATASETS: [&str; 3] = ["short-film", "tv-show", "edge-cases"];
const CONTEXT: [&str; 4] = ["users", "asset_types", "task_types", "task_statuses"];
const LISTS: [&str; 6] = ["episodes", "sequences", "shots", "assets", "casting", "edits"];

/// Fails with the differences if the tree of a server is not equal, by meaning, to the reference's.
pub fn assert_equals_reference(site: &Path, dataset: &str, layout: Layout, way: &str) {
    let compare = Command::new("python3")
        .arg(reference("compare_trees.py"))
        .arg(reference(dataset).join(layout.name()))
        .arg(site.join("data"))
        .arg("--ignore-timestamps")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&compare.stdout);
    assert!(
        compare.status.success(),
        "{dataset} by {way}, {}:\n{said}{}",
        layout.name(),
        String::from_utf8_lossy(&compare.stderr)
    );
}

fn context_of(dataset: &Value) -> Value {
    CONTEXT.iter().map(|list| ((*list).to_owned(), dataset[*list].clone())).collect::<serde_json::Map<_, _>>().into()
}

fn projects_of(dataset: &Value) -> Vec<Value> {
    dataset["projects"].as_array().unwrap().clone()
}

fn id(entity: &Value) -> &str {
    entity["id"].as_str().unwrap()
}

/// A project without its lists.
fn alone(project: &Value) -> Value {
    let mut project = project.clone();
    project.as_object_mut().unwrap().retain(|key, _| !LISTS.contains(&key.as_str()));
    project
}

async fn by_snapshot(server: &TestServer, data: &Value) {
    server.put("/api/context", &context_of(data)).await.expect(200);
    for project in projects_of(data) {
        server.put(&format!("/api/projects/{}/snapshot", id(&project)), &project).await.expect(200);
    }
}

async fn by_lists(server: &TestServer, data: &Value) {
    let projects = projects_of(data);
    server.put("/api/projects", &projects.iter().map(alone).collect()).await.expect(200);
    for project in &projects {
        for list in LISTS {
            server.put(&format!("/api/projects/{}/{list}", id(project)), &project[list]).await.expect(200);
        }
    }
    for list in CONTEXT {
        server.put(&format!("/api/{}", list.replace('_', "-")), &data[list]).await.expect(200);
    }
}

/// Entity by entity, in an order that a generator shuffles; only what owns comes before what it owns. Lists have an
/// order of their own, so each kind's entities keep theirs.
async fn one_by_one(server: &TestServer, data: &Value, seed: u64) {
    let projects = projects_of(data);
    for project in &projects {
        server.post("/api/projects", &alone(project)).await.expect(201);
    }
    let mut queues: Vec<(String, Vec<Value>)> = Vec::new();
    for project in &projects {
        let path = format!("/api/projects/{}", id(project));
        for list in LISTS {
            let mut entities = project[list].as_array().unwrap().clone();
            if list == "shots" || list == "assets" {
                let owner = if list == "shots" { "shot_id" } else { "asset_id" };
                for entity in &mut entities {
                    // Tasks come right after what they are work on, and before the types that they refer to.
                    let tasks = entity.as_object_mut().unwrap().shift_remove("tasks").unwrap();
                    let mut group = vec![(format!("{path}/{list}"), entity.clone())];
                    for mut task in tasks.as_array().unwrap().clone() {
                        task[owner] = entity["id"].clone();
                        group.push((format!("{path}/tasks"), task));
                    }
                    *entity = json!(group);
                }
            } else {
                for entity in &mut entities {
                    *entity = json!([(format!("{path}/{list}"), entity.clone())]);
                }
            }
            queues.push((list.to_owned(), entities));
        }
    }
    for list in CONTEXT {
        let path = format!("/api/{}", list.replace('_', "-"));
        let entities = data[list].as_array().unwrap().iter().map(|entity| json!([(path.clone(), entity)])).collect();
        queues.push((list.to_owned(), entities));
    }
    let mut state = seed;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    while !queues.is_empty() {
        let index = random(queues.len());
        if queues[index].1.is_empty() {
            queues.swap_remove(index);
            continue;
        }
        let group: Vec<(String, Value)> = serde_json::from_value(queues[index].1.remove(0)).unwrap();
        for (path, entity) in group {
            let answer = server.post(&path, &entity).await;
            assert!(answer.status.is_success(), "{path} {entity}: {}", answer.text);
        }
    }
}

async fn by_batch(server: &TestServer, data: &Value) {
    let mut lines = Vec::new();
    let mut put = |kind: &str, project: Option<&str>, value: &Value| {
        let mut change = json!({"op": "put", "kind": kind, "value": value});
        if let Some(project) = project {
            change["project"] = project.into();
        }
        lines.push(change.to_string());
    };
    for project in projects_of(data) {
        for list in LISTS {
            for entity in project[list].as_array().unwrap() {
                put(list, Some(id(&project)), entity);
            }
        }
        put("project", None, &alone(&project));
    }
    for list in CONTEXT {
        for entity in data[list].as_array().unwrap() {
            put(&list.replace('_', "-"), None, entity);
        }
    }
    let request = server.request(reqwest::Method::POST, "/api/batch").header("content-type", "application/x-ndjson");
    server.send(request.body(lines.join("\n"))).await.expect(200);
}

async fn by_import(server: &TestServer, tree: &Path) {
    let url = server.url("");
    let tree = tree.to_owned();
    let import = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_watchtower-server"))
            .arg("import")
            .arg(tree)
            .args(["--url", &url])
            .output()
            .unwrap()
    });
    let output = import.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_snapshot_gives_the_reference_tree() {
    for name in DATASETS {
        let server = TestServer::start().await;
        by_snapshot(&server, &dataset(name)).await;
        server.rendered().await;
        assert_equals_reference(&server.site(), name, server.layout, "snapshot");
    }
}

#[tokio::test]
async fn lists_give_the_reference_tree() {
    for name in DATASETS {
        let server = TestServer::start().await;
        by_lists(&server, &dataset(name)).await;
        server.rendered().await;
        assert_equals_reference(&server.site(), name, server.layout, "lists");
    }
}

#[tokio::test]
async fn entities_one_by_one_in_any_order_give_the_reference_tree() {
    for name in DATASETS {
        for seed in 1..=3 {
            let server = TestServer::start().await;
            one_by_one(&server, &dataset(name), seed).await;
            server.rendered().await;
            assert_equals_reference(&server.site(), name, server.layout, &format!("single POSTs, shuffled by {seed}"));
        }
    }
}

#[tokio::test]
async fn one_batch_gives_the_reference_tree() {
    for name in DATASETS {
        let server = TestServer::start().await;
        by_batch(&server, &dataset(name)).await;
        server.rendered().await;
        assert_equals_reference(&server.site(), name, server.layout, "batch");
    }
}

#[tokio::test]
async fn an_import_of_the_reference_tree_gives_it_back() {
    for name in DATASETS {
        let server = TestServer::start().await;
        by_import(&server, &reference(name).join("classic")).await;
        server.rendered().await;
        assert_equals_reference(&server.site(), name, server.layout, "import");
    }
}

#[tokio::test]
async fn an_import_of_our_own_tree_gives_it_back_to_the_byte() {
    for name in DATASETS {
        let (first, second) = (TestServer::start().await, TestServer::start().await);
        by_snapshot(&first, &dataset(name)).await;
        first.rendered().await;
        by_import(&second, &first.site()).await;
        second.rendered().await;
        let (ours, theirs) = (files(&first.site()), files(&second.site()));
        assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
        for (path, bytes) in ours {
            assert!(bytes == theirs[&path], "{name}: {path} differs");
        }
    }
}

#[tokio::test]
async fn the_files_of_the_tree_are_accepted_as_they_are() {
    let (first, second) = (TestServer::start().await, TestServer::start().await);
    by_snapshot(&first, &dataset("short-film")).await;
    let project = projects_of(&dataset("short-film")).remove(0);
    let project = id(&project);
    // As `curl -T FILE URL` does: no content type.
    let upload = async |path: &str, file: &str| {
        let body = first.get(&format!("/data/{file}")).await.expect(200).text;
        let answer = second.send(second.request(reqwest::Method::PUT, path).body(body)).await.expect(200);
        assert_eq!(answer.json()["warnings"], json!([]), "{file}");
    };
    first.rendered().await;
    upload("/api/context", "projects/context.json").await;
    for (list, file) in [
        ("shots", "shots"),
        ("assets", "assets"),
        ("sequences", "sequences"),
        ("casting", "casting"),
        ("edits", "edit"),
    ] {
        upload(&format!("/api/projects/{project}/{list}"), &format!("projects/{project}/{file}.json")).await;
    }
    let body = first.get(&format!("/data/projects/{project}/project.json")).await.text;
    second.send(second.request(reqwest::Method::PUT, &format!("/api/projects/{project}")).body(body)).await.expect(200);
    second.rendered().await;
    assert!(files(&first.site()) == files(&second.site()));
}

#[tokio::test]
async fn rendering_again_changes_nothing_and_forcing_writes_the_same_bytes() {
    let server = TestServer::start().await;
    by_snapshot(&server, &dataset("tv-show")).await;
    server.rendered().await;
    let before = files(&server.site());
    let again = server.rendered().await;
    assert_eq!(again["files_written"], 0);
    let forced = server.send(server.request(reqwest::Method::POST, "/api/render?force=true")).await.expect(200).json();
    assert_eq!(forced["files_unchanged"], 0, "{forced}");
    assert_eq!(forced["files_written"], before.len());
    assert!(files(&server.site()) == before);
    assert!(forced["bytes"].as_u64().unwrap() > 10_000 && forced["milliseconds"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn the_snapshot_that_the_api_gives_is_one_that_it_takes() {
    let (first, second) = (TestServer::start().await, TestServer::start().await);
    let data = dataset("tv-show");
    by_snapshot(&first, &data).await;
    second.put("/api/context", &first.get("/api/context").await.expect(200).json()).await.expect(200);
    for project in projects_of(&data) {
        let path = format!("/api/projects/{}/snapshot", id(&project));
        let snapshot = first.get(&path).await.expect(200).json();
        second.put(&path, &snapshot).await.expect(200);
        assert_eq!(second.get(&path).await.expect(200).json(), snapshot);
        // What is already there changes nothing.
        let again = second.put(&path, &snapshot).await.expect(200).json();
        assert_eq!(
            (&again["created"], &again["updated"], &again["deleted"]),
            (&json!(0), &json!(0), &json!(0)),
            "{again}"
        );
    }
    assert_eq!(Kind::OF_PROJECT.len(), 7);
}

#[tokio::test]
async fn both_layouts_come_from_one_server_in_one_run_whatever_the_order_of_writes() {
    for name in DATASETS {
        let data = dataset(name);
        for way in 0..4 {
            let server = TestServer::of_both_layouts().await;
            match way {
                0 => by_snapshot(&server, &data).await,
                1 => by_lists(&server, &data).await,
                2 => one_by_one(&server, &data, 7).await,
                _ => by_batch(&server, &data).await,
            }
            server.rendered().await;
            for layout in [Layout::Classic, Layout::V1] {
                assert_equals_reference(&server.site_of(layout), name, layout, &format!("way {way}"));
            }
        }
    }
}

#[tokio::test]
async fn an_import_of_a_1_0_tree_gives_it_back() {
    for name in DATASETS {
        let (first, second) = (TestServer::of_layout(Layout::V1).await, TestServer::of_layout(Layout::V1).await);
        by_import(&first, &reference(name).join("v1")).await;
        first.rendered().await;
        assert_equals_reference(&first.site(), name, Layout::V1, "import");
        by_import(&second, &first.site()).await;
        second.rendered().await;
        let (ours, theirs) = (files(&first.site()), files(&second.site()));
        assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
        for (path, bytes) in ours {
            assert!(bytes == theirs[&path], "{name}: {path} differs");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_both_layouts_have_in_common_is_on_disk_once() {
    use std::os::unix::fs::MetadataExt;
    let server = TestServer::of_both_layouts().await;
    by_snapshot(&server, &dataset("tv-show")).await;
    server.rendered().await;
    let project = "data/projects/82e7ddc9-5f0b-4a7f-9d02-b20055d1ce91";
    for list in ["shots", "assets", "sequences", "casting"] {
        let path = format!("{project}/{list}.json");
        let inode = |layout| std::fs::metadata(server.site_of(layout).join(&path)).unwrap().ino();
        assert_eq!(inode(Layout::Classic), inode(Layout::V1), "{list}");
    }
}
