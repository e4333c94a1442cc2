//! `/metrics`: in the format that it says it is in, with numbers that are right, and documents that ask for what there is.

#![expect(clippy::float_cmp, reason = "what is counted is a whole number")]

mod documents;
mod exposition;

use std::{fs, time::Duration};

use reqwest::{Method, header};
use serde_json::{Value, json};
use watchtower_server::{layout::Layout, publish::Mode, webhook::SourceSettings};

use crate::support::{Answer, TestServer, until};
use exposition::Exposition;

/// The media type that Prometheus asks for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the server says of itself now.
async fn metrics(server: &TestServer) -> Exposition {
    let request = server.request(Method::GET, "/metrics").header(header::ACCEPT, OPEN_METRICS);
    let answer = server.send(request).await.expect(200);
    assert_eq!(answer.header("content-type"), OPEN_METRICS);
    Exposition::parse(&answer.text)
}

/// A source of webhooks that takes changes of the batch form, of who knows the secret.
fn source(name: &str) -> SourceSettings {
    let verify = "verify = {header = \"x-secret\", id-header = \"x-delivery\"}\nsecrets = [\"hush-hush-hush-hush\"]";
    toml::from_str(&format!("name = {name:?}\n{verify}\nmapping = \"changes\"\n")).unwrap()
}

/// Sends a delivery under a name.
async fn deliver(server: &TestServer, id: &str, body: &Value) -> Answer {
    let request = server.request(Method::POST, "/api/webhooks/tracker").json(body);
    server.send(request.header("x-secret", "hush-hush-hush-hush").header("x-delivery", id)).await
}

/// A server with a project, a webhook source, and something that is wrong.
async fn busy_server() -> TestServer {
    let server = TestServer::start_with(|options| options.webhooks = vec![source("tracker")]).await;
    server.put("/api/projects/p", &json!({"name": "P"})).await.expect(201);
    let shots = json!([{"id": "s1", "name": "1", "data": {"frame_in": 1, "frame_out": 9}}, {"id": "s2", "name": "2"}]);
    server.put("/api/projects/p/shots", &shots).await.expect(200);
    server.rendered().await;
    // Stored, and then mapped by a worker at its own time.
    deliver(&server, "0", &json!({"changes": []})).await.expect(202);
    counted(&server, "no-range", Some(1.0)).await;
    server
}

/// Waits until so many problems of a kind are counted: they are looked for after a publish, and not at once.
async fn counted(server: &TestServer, kind: &'static str, count: Option<f64>) {
    let problem = [("project", "p"), ("problem", kind)];
    let is_so = async || metrics(server).await.value("watchtower_project_problems", &problem) == count;
    until("counted", async || is_so().await.then_some(())).await;
}

#[tokio::test]
async fn every_line_is_in_the_format_of_openmetrics() {
    let server = busy_server().await;
    let metrics = metrics(&server).await;
    let names = metrics.names();
    for name in ["watchtower_build_info", "watchtower_http_requests_total", "watchtower_disk_free_bytes"] {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
    for name in names {
        assert!(name.starts_with("watchtower_") || name.starts_with("process_"), "{name}");
    }
}

#[tokio::test]
async fn who_does_not_ask_for_openmetrics_gets_the_older_format_with_the_same_numbers() {
    let server = busy_server().await;
    let answer = server.get("/metrics").await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(answer.text.contains("\n# TYPE watchtower_renders_total counter\n"), "{}", answer.text);
    assert!(answer.text.contains("\nwatchtower_projects 1\n"), "{}", answer.text);
    assert!(!answer.text.contains("# EOF"));
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_address() {
    let server = busy_server().await;
    for id in ["a", "b", "c"] {
        server.get(&format!("/api/projects/p/shots/{id}")).await.expect(404);
        server.get(&format!("/data/projects/{id}/shots.json")).await.expect(404);
        server.get(&format!("/{id}")).await;
        server.get(&format!("/api/{id}")).await.expect(404);
    }
    let tree = server.get("/data/projects/p/shots.json").await.expect(200).text;
    let metrics = metrics(&server).await;
    let requests = |method: &str, route: &str, status: &str| {
        let labels = [("method", method), ("route", route), ("status", status)];
        metrics.value("watchtower_http_requests_total", &labels)
    };
    assert_eq!(requests("GET", "/api/projects/{project}/shots/{id}", "4xx"), Some(3.0));
    assert_eq!(requests("PUT", "/api/projects/{project}/shots", "2xx"), Some(1.0));
    assert_eq!(requests("GET", "tree", "4xx"), Some(3.0));
    assert_eq!(requests("GET", "tree", "2xx"), Some(1.0));
    assert_eq!(requests("GET", "nothing", "4xx"), Some(3.0));
    let sent = metrics.value("watchtower_http_response_body_bytes_total", &[("route", "tree")]).unwrap();
    assert!(sent >= f64::from(u32::try_from(tree.len()).unwrap()), "{sent} bytes are less than {}", tree.len());
    let times =
        metrics.value("watchtower_http_request_duration_seconds_count", &[("method", "GET"), ("route", "tree")]);
    assert_eq!(times, Some(4.0));
    for labels in metrics.labels("watchtower_http_requests_total") {
        let route = &labels["route"];
        let is_bounded = route.starts_with('/') || ["tree", "media", "page", "nothing"].contains(&route.as_str());
        assert!(is_bounded, "{route}");
    }
}

#[tokio::test]
async fn a_large_body_is_counted_as_it_is_sent_and_keeps_its_length() {
    let server = TestServer::with_project().await;
    server.rendered().await;
    let name = "data/users/previews/large.bin";
    let place = server.site().join(name);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, vec![7; 1 << 20]).unwrap();
    let answer = server.send(server.request(Method::HEAD, &format!("/{name}"))).await.expect(200);
    assert_eq!(answer.header("content-length"), "1048576");
    let media = [("route", "media")];
    let before = metrics(&server).await.value("watchtower_http_response_body_bytes_total", &media);
    assert_eq!(before, None, "an answer to HEAD has no body");
    let answer = server.get(&format!("/{name}")).await.expect(200);
    assert_eq!(answer.header("content-length"), "1048576");
    let sent = metrics(&server).await.value("watchtower_http_response_body_bytes_total", &media);
    assert_eq!(sent, Some(1_048_576.0));
}

#[tokio::test]
async fn writes_and_renders_are_counted_by_what_became_of_them() {
    let server = busy_server().await;
    let path = "/api/projects/p/shots/s1";
    let before = metrics(&server).await;
    server.patch(path, &json!({"name": "one"})).await.expect(200);
    server.patch(path, &json!({"name": "one"})).await.expect(200);
    server.patch("/api/projects/p/shots/none", &json!({"name": "x"})).await.expect(404);
    let tried = server.request(Method::PUT, "/api/projects/p/snapshot?dry_run=true").json(&json!({"name": "Q"}));
    server.send(tried).await.expect(200);
    server.rendered().await;
    let after = metrics(&server).await;
    let more =
        |name: &str, labels: &[(&str, &str)]| after.value(name, labels).unwrap() - before.value(name, labels).unwrap();
    for (outcome, count) in [("changed", 1.0), ("unchanged", 1.0), ("refused", 1.0), ("tried", 1.0), ("failed", 0.0)] {
        assert_eq!(more("watchtower_write_requests_total", &[("outcome", outcome)]), count, "{outcome}");
    }
    assert_eq!(more("watchtower_write_entities_total", &[("outcome", "updated")]), 1.0);
    assert_eq!(
        more("watchtower_write_commit_duration_seconds_count", &[]),
        1.0,
        "what changes nothing is not committed"
    );
    assert_eq!(more("watchtower_write_batch_requests_sum", &[]), 4.0);
    assert!(more("watchtower_renders_total", &[("result", "published")]) >= 1.0);
    assert!(more("watchtower_render_files_written_total", &[]) >= 1.0);
    assert_eq!(after.value("watchtower_revision", &[]), after.value("watchtower_published_revision", &[]));
    assert_eq!(after.value("watchtower_publish_lag_seconds", &[]), Some(0.0));
    assert_eq!(after.value("watchtower_publish_failing", &[]), Some(0.0));
}

#[tokio::test]
async fn what_cannot_be_seen_yet_grows_older_until_it_can() {
    let server = TestServer::start_with(|options| options.mode = Mode::Manual).await;
    server.put("/api/projects/p", &json!({"name": "P"})).await.expect(201);
    // The publisher learns of it when it is told; then only the clock moves the number.
    let mut lags = Vec::new();
    while lags.len() < 3 {
        let lag = metrics(&server).await.value("watchtower_publish_lag_seconds", &[]).unwrap();
        if lag > 0.0 {
            lags.push(lag);
        }
    }
    assert!(lags.is_sorted_by(|earlier, later| earlier < later), "{lags:?}");
    server.rendered().await;
    assert_eq!(metrics(&server).await.value("watchtower_publish_lag_seconds", &[]), Some(0.0));
}

#[tokio::test]
async fn a_publish_that_fails_is_seen_until_one_does_not() {
    let server = TestServer::with_project().await;
    server.rendered().await;
    let folder = server.site().join("data/projects");
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "in the way").unwrap();
    server.put("/api/projects/q", &json!({"name": "Q"})).await.expect(201);
    server.send(server.request(Method::POST, "/api/render")).await.expect(500);
    let failing = metrics(&server).await;
    assert_eq!(failing.value("watchtower_publish_failing", &[]), Some(1.0));
    assert!(failing.value("watchtower_renders_total", &[("result", "failed")]).unwrap() >= 1.0);
    assert!(failing.value("watchtower_publish_lag_seconds", &[]).unwrap() > 0.0);
    fs::remove_file(&folder).unwrap();
    server.rendered().await;
    let well = metrics(&server).await;
    assert_eq!(well.value("watchtower_publish_failing", &[]), Some(0.0));
    assert_eq!(well.value("watchtower_publish_lag_seconds", &[]), Some(0.0));
}

#[tokio::test]
async fn projects_and_their_problems_are_counted_as_the_api_lists_them() {
    let server = busy_server().await;
    let listed = server.get("/api/projects/p/problems").await.expect(200).json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    let problem = |kind: &'static str| [("project", "p"), ("problem", kind)];
    let metrics_now = metrics(&server).await;
    assert_eq!(metrics_now.value("watchtower_project_problems", &problem("no-range")), Some(1.0));
    assert_eq!(metrics_now.value("watchtower_projects", &[]), Some(1.0));
    let shots = [("project", "p"), ("kind", "shots")];
    assert_eq!(metrics_now.value("watchtower_project_entities", &shots), Some(2.0));
    server.delete("/api/projects/p/shots/s2").await.expect(204);
    // What was mended is counted no more.
    counted(&server, "no-range", None).await;
    let later = metrics(&server).await;
    assert_eq!(later.value("watchtower_project_entities", &shots), Some(1.0));
}

#[tokio::test]
async fn a_hundred_projects_have_numbers_of_their_own_and_no_more() {
    let server = TestServer::start().await;
    let projects: Vec<_> = (0..120).map(|number| json!({"id": format!("p{number}"), "name": "P"})).collect();
    server.post("/api/projects", &json!(projects)).await.expect(200);
    server.put("/api/projects/p119/shots", &json!([{"id": "s", "name": "s"}])).await.expect(200);
    server.rendered().await;
    let metrics = metrics(&server).await;
    assert_eq!(metrics.value("watchtower_projects", &[]), Some(120.0));
    assert_eq!(metrics.labels("watchtower_project_revision").len(), 100);
    let last = metrics.value("watchtower_project_revision", &[("project", "p119")]);
    assert!(last.is_some(), "those that were changed last have some");
}

#[tokio::test]
async fn deliveries_are_counted_by_source_and_by_how_they_came_out() {
    let server = busy_server().await;
    let change =
        json!({"changes": [{"op": "merge", "kind": "shots", "project": "p", "id": "s1", "value": {"name": "x"}}]});
    let wrong =
        json!({"changes": [{"op": "merge", "kind": "shots", "project": "p", "id": "s1", "value": {"data": 7}}]});
    for (id, body) in [("1", &change), ("1", &change), ("2", &wrong)] {
        deliver(&server, id, body).await.expect(202);
    }
    server.post("/api/webhooks/tracker", &change).await.refused(401, "unauthorized");
    let source = ("source", "tracker");
    // Both are mapped before long.
    let settled = until("settled", async || {
        let metrics = metrics(&server).await;
        let count = |status| metrics.value("watchtower_deliveries", &[source, ("status", status)]).unwrap();
        (count("applied") + count("failed") + count("ignored") == 3.0).then_some(metrics)
    });
    let settled = settled.await;
    let requests = |outcome| settled.value("watchtower_delivery_requests_total", &[source, ("outcome", outcome)]);
    assert_eq!(requests("stored"), Some(3.0));
    assert_eq!(requests("duplicate"), Some(1.0));
    assert_eq!(requests("refused"), Some(1.0));
    assert_eq!(settled.value("watchtower_deliveries", &[source, ("status", "failed")]), Some(1.0));
    assert_eq!(settled.value("watchtower_mapping_duration_seconds_count", &[source]), Some(3.0));
    assert_eq!(settled.value("watchtower_mapping_fault", &[source]), Some(0.0));
    assert_eq!(
        settled.value("watchtower_delivery_pending_age_seconds", &[source]),
        Some(0.0),
        "none is still to be applied"
    );
}

#[tokio::test]
async fn clients_that_follow_the_events_are_counted_as_long_as_they_do() {
    let server = TestServer::start().await;
    let listeners = async || metrics(&server).await.value("watchtower_event_listeners", &[]).unwrap();
    assert_eq!(listeners().await, 0.0);
    let first = server.request(Method::GET, "/api/events").send().await.unwrap();
    let second = server.request(Method::GET, "/api/events").send().await.unwrap();
    assert_eq!(listeners().await, 2.0);
    drop((first, second));
    until("none is left", async || (listeners().await == 0.0).then_some(())).await;
}

#[tokio::test]
async fn the_process_and_its_disk_are_told_of() {
    let server = TestServer::of_layout(Layout::V1).await;
    let metrics = metrics(&server).await;
    let value = |name: &str| metrics.value(name, &[]).unwrap_or_else(|| panic!("there is no {name}"));
    assert_eq!(value("process_start_time_seconds"), 1_767_225_600.0);
    assert!(value("process_cpu_seconds_total") > 0.0);
    assert!(value("process_resident_memory_bytes") > 1e6);
    assert!(value("process_open_fds") > 3.0 && value("process_open_fds") < value("process_max_fds"));
    assert!(value("watchtower_database_bytes") > 0.0);
    assert!(value("watchtower_disk_free_bytes") < value("watchtower_disk_size_bytes"));
}

#[tokio::test]
async fn other_parts_add_numbers_of_their_own() {
    let mut server = TestServer::start().await;
    server.stop().await;
    // A process that another test starts has the lock too, for the moment until it is its own program.
    let take = async || watchtower_server::server::DataFolder::take(&server.folder).ok();
    let data = until("its folder is free", take).await;
    let site = watchtower_server::server::SiteOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        layout: Layout::Classic,
        page: None,
        live: false,
        tls: None,
    };
    let options = watchtower_server::server::Options::usual(vec![site]);
    let clock = watchtower_server::writer::system_clock();
    let started = watchtower_server::server::Server::start(data, options, clock).await.unwrap();
    started.parts().metrics.also(|sheet| sheet.gauge("watchtower_others", None, "Open connections").is(7_u64));
    let address = started.addresses().unwrap()[0];
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(started.run(async { drop(stopped.await) }));
    let request = server.client.get(format!("http://{address}/metrics")).timeout(Duration::from_secs(20));
    let answer = server.send(request).await.expect(200);
    assert!(answer.text.contains("\nwatchtower_others 7\n"), "{}", answer.text);
    drop(stop);
    server.client = reqwest::Client::new();
    running.await.unwrap().unwrap();
}
