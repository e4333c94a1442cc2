//! The dashboard and the alerts ask for what the server says, and for nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;

use super::{Exposition, busy_server, metrics};

/// What Prometheus itself says of what it asks.
const OF_PROMETHEUS: [&str; 1] = ["up"];
/// Labels that Prometheus gives to everything.
const GIVEN: [&str; 3] = ["instance", "job", "le"];

fn document(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(path)).unwrap()
}

fn dashboard() -> Value {
    serde_json::from_str(&document("grafana/watchtower.json")).unwrap()
}

/// All panels that ask for something.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    panels.filter(|panel| panel["type"] != "row").collect()
}

/// The metrics of an expression with the labels by which they are chosen: `name{label="…"}`.
fn metrics_of(expression: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut rest = expression;
    while let Some(start) = rest.find(is_name) {
        let word = &rest[start..];
        let (name, after) = word.split_at(word.find(|character| !is_name(character)).unwrap_or(word.len()));
        rest = after;
        let ours = ["watchtower_", "process_"].iter().any(|prefix| name.starts_with(prefix));
        if !ours && !OF_PROMETHEUS.contains(&name) {
            continue;
        }
        let chosen = after.strip_prefix('{').and_then(|after| after.split_once('}')).map_or("", |(chosen, _)| chosen);
        let labels = chosen.split(',').filter_map(|one| Some(one.split_once(['=', '!'])?.0.trim()));
        found.entry(name).or_default().extend(labels);
    }
    found
}

/// Every metric of an expression must be one of the server's, with labels that it has.
fn check(expression: &str, known: &Exposition) {
    let asked = metrics_of(expression);
    assert!(!asked.is_empty(), "nothing is asked for: {expression}");
    for (name, labels) in asked.into_iter().filter(|(name, _)| !OF_PROMETHEUS.contains(name)) {
        let there = known.labels(name);
        assert!(!there.is_empty(), "there is no {name}, which is asked for: {expression}");
        for label in labels.into_iter().filter(|label| !GIVEN.contains(label)) {
            assert!(there.iter().any(|labels| labels.contains_key(label)), "{name} has no {label}: {expression}");
        }
    }
}

#[test]
fn the_metrics_of_an_expression_are_found() {
    let expression =
        "sum by (outcome) (rate(watchtower_a_total{x=\"y\", z!~\"1\"}[5m])) / up{job=\"w\"} + not_watchtower_b";
    let found = metrics_of(expression);
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), ["up", "watchtower_a_total"]);
    assert_eq!(found["watchtower_a_total"], BTreeSet::from(["x", "z"]));
}

#[tokio::test]
async fn the_dashboard_asks_for_what_there_is() {
    let (server, dashboard) = (busy_server().await, dashboard());
    let known = metrics(&server).await;
    for panel in panels(&dashboard) {
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{}", panel["title"]);
        for target in targets {
            check(target["expr"].as_str().unwrap(), &known);
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        }
    }
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        if let Some(query) = variable["query"]["query"].as_str() {
            check(query, &known);
        }
    }
}

#[tokio::test]
async fn the_dashboard_shows_every_metric() {
    let (server, dashboard) = (busy_server().await, dashboard());
    let targets = panels(&dashboard).into_iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let shown: String = targets.map(|target| target["expr"].as_str().unwrap().to_owned() + "\n").collect();
    let alerts = document("prometheus-alerts.yml");
    for name in metrics(&server).await.names() {
        let family = ["_total", "_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        let family = family.unwrap_or(name);
        assert!(shown.contains(family) || alerts.contains(family), "{name} is nowhere to be seen");
    }
}

#[test]
fn the_dashboard_is_sound() {
    let dashboard = dashboard();
    let all = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = all.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), all.len(), "an id is there twice");
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    assert_eq!((&variables[0]["name"], &variables[0]["type"]), (&"datasource".into(), &"datasource".into()));
    let mut taken = BTreeSet::new();
    for panel in all {
        assert!(panel["title"].as_str().is_some_and(|title| !title.is_empty()), "{panel}");
        let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(x < 24 && taken.insert((x, y)), "{} is in the way at {x}, {y}", panel["title"]);
            }
        }
    }
    for panel in panels(&dashboard) {
        assert!(["stat", "timeseries"].contains(&panel["type"].as_str().unwrap()), "{panel}");
        assert!(panel["description"].as_str().is_some_and(|text| text.ends_with('.')), "{}", panel["title"]);
    }
}

#[tokio::test]
async fn the_alerts_ask_for_what_there_is_and_say_what_it_means() {
    let server = busy_server().await;
    let (known, document) = (metrics(&server).await, document("prometheus-alerts.yml"));
    let operations = self::document("operations.md");
    let mut names = BTreeSet::new();
    for alert in document.split("- alert: ").skip(1) {
        let (name, rest) = alert.split_once('\n').unwrap();
        assert!(names.insert(name), "{name} is there twice");
        let (_, rest) = rest.split_once("expr: ").unwrap();
        // The expression goes on until the next key of the rule.
        let key = |line: &&str| !["for: ", "labels: "].iter().any(|key| line.trim_start().starts_with(key));
        let expression: String = rest.lines().take_while(key).map(|line| line.trim().to_owned() + " ").collect();
        check(expression.trim_start_matches(">- "), &known);
        for needed in ["severity: ", "summary: ", "description: "] {
            assert!(rest.contains(needed), "{name} has no {needed}");
        }
        assert!(operations.contains(&format!("`{name}`")), "docs/operations.md does not say what to do about {name}");
    }
    assert!(names.len() > 10, "{names:?}");
}
