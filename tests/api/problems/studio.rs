//! What is wrong with what brings the data here, and with what takes them from here.

use serde_json::{Value, json};
use watchtower_server::webhook::SourceSettings;

use super::Found;
use crate::{
    admin::{SECRET, deliver, with_webhook},
    support::{TestServer, until},
};

async fn studio(server: &TestServer) -> Vec<Found> {
    let problems = server.get("/api/problems").await.expect(200).json();
    problems["studio"].as_array().unwrap().iter().map(Found::of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_that_fail_wait_or_are_refused_are_problems_of_the_studio_until_that_is_mended() {
    let server = TestServer::start_with(with_webhook).await;
    assert_eq!(studio(&server).await, []);

    assert_eq!(deliver(&server, "another one", &json!({})).await, 401);
    let found = studio(&server).await;
    assert_eq!(found.iter().map(Found::named).collect::<Vec<_>>(), ["deliveries-refused webhooks/tracker tracker"]);
    assert_eq!((&*found[0].severity, &*found[0].since), ("warning", "2026-01-01T00:00:00.000Z"));

    server.pass(60);
    let put = |project: &str, kind: &str| json!({"changes": [{"op": "put", "kind": kind, "project": project, "id": "a", "value": {"name": "A"}}]});
    assert_eq!(deliver(&server, SECRET, &put("p", "shots")).await, 202);
    server.pass(60);
    assert_eq!(deliver(&server, SECRET, &put("p", "shoots")).await, 202);
    server.pass(60);
    let found = studio(&server).await;
    let named: Vec<_> = found.iter().map(|found| format!("{} {}", found.named(), found.since)).collect();
    let expected = [
        "deliveries-failed webhooks/tracker tracker 2026-01-01T00:02:00.000Z",
        "deliveries-waiting webhooks/tracker tracker 2026-01-01T00:01:00.000Z",
    ];
    assert_eq!(named, expected, "what was accepted since ends what was refused");
    assert!(found[0].detail.starts_with("1 delivery could not be applied"), "{}", found[0].detail);

    server.put("/api/projects/p", &json!({"name": "P"})).await.expect(201);
    server.post("/api/webhooks/tracker/deliveries/1/replay", &Value::Null).await.expect(200);
    assert_eq!(studio(&server).await.len(), 1, "what waited is applied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_does_not_work_is_a_problem_until_it_is_another() {
    let mapped = |filter: &str| {
        let mut options = String::from("name = \"tracker\"\nverify = \"none\"\nfilter = ");
        options += &toml::Value::from(filter).to_string();
        vec![toml::from_str::<SourceSettings>(&options).unwrap()]
    };
    let mut server = TestServer::start_with(|options| options.webhooks = mapped("nothing_of_the_kind")).await;
    let found = until("it is noticed", async || Some(studio(&server).await).filter(|found| !found.is_empty())).await;
    assert_eq!(found.iter().map(Found::named).collect::<Vec<_>>(), ["mapping-broken webhooks/tracker tracker"]);
    assert_eq!(found[0].severity, "error");
    assert!(found[0].detail.contains("nothing_of_the_kind"), "{}", found[0].detail);

    server.restart_with(|options| options.webhooks = mapped(".body")).await;
    until("it is mended", async || studio(&server).await.is_empty().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_that_cannot_be_written_is_a_problem_until_it_can() {
    let server = TestServer::with_project().await;
    server.rendered().await;
    // A folder stands where a file should be.
    let blocked = server.site().join("data/projects/q/project.json");
    std::fs::create_dir_all(blocked.join("in-the-way")).unwrap();
    server.put("/api/projects/q", &json!({"name": "Q"})).await.expect(201);
    assert_eq!(server.send(server.request(reqwest::Method::POST, "/api/render")).await.status, 500);
    let found = studio(&server).await;
    assert_eq!(found.iter().map(|found| &*found.problem).collect::<Vec<_>>(), ["publishing-failed"]);
    assert_eq!((&*found[0].kind, &*found[0].severity), ("publishing", "error"));
    assert!(found[0].detail.contains("project.json"), "{}", found[0].detail);
    std::fs::remove_dir_all(&blocked).unwrap();
    server.rendered().await;
    assert_eq!(studio(&server).await, []);
}
