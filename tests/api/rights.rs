//! Who may do what: every address with every token, compared with `tests/rights.txt`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::{support::TestServer, tokens::Holder, webhooks};

/// What is served that the description of the API does not have.
const BESIDE: [&str; 10] = [
    "GET /",
    "GET /index.html",
    "GET /data/projects/context.json",
    "GET /data/projects/{project}/shots.json",
    "GET /api/openapi.json",
    "GET /api/docs/",
    "GET /admin",
    "GET /admin/projects/{project}",
    "GET /admin/webhooks/{source}",
    "POST /admin/render",
];

/// A line of the matrix.
struct Row {
    method: Method,
    path: String,
    /// What is expected of each column.
    expected: BTreeMap<String, String>,
}

impl Row {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// The lines, and the names of the columns.
fn matrix() -> (Vec<Row>, Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rights.txt");
    let text = fs::read_to_string(path).unwrap();
    let words = |line: &str| -> Vec<String> { line.split_whitespace().map(str::to_owned).collect() };
    let head = text.lines().find(|line| line.starts_with('#') && line.ends_with(" public")).unwrap();
    let columns = words(head.trim_start_matches('#'));
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let rows = lines.map(|line| {
        let cells = words(line);
        assert_eq!(cells.len(), columns.len() + 2, "{line}");
        let expected: BTreeMap<_, _> = columns.iter().cloned().zip(cells[2..].iter().cloned()).collect();
        let is_class = |(column, cell): (&String, &String)| match column.as_str() {
            "public" => ["yes", "no"].contains(&cell.as_str()),
            _ => ["ok", "401", "403"].contains(&cell.as_str()),
        };
        assert!(expected.iter().all(is_class), "{line}");
        Row { method: cells[0].parse().unwrap(), path: cells[1].clone(), expected }
    });
    (rows.collect(), columns)
}

#[test]
fn the_matrix_has_each_address_of_the_api_once_and_no_other() {
    let document = serde_json::to_value(watchtower_server::http::document()).unwrap();
    let mut addresses: BTreeSet<String> = BESIDE.map(str::to_owned).into();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            addresses.insert(format!("{} {path}", method.to_uppercase()));
            // The description says what is needed, and with what it is refused.
            let is_open = operation["security"] == json!([]);
            // A delivery is let in by its source, and not by a token.
            let is_delivery = path == "/api/webhooks/{source}";
            assert_eq!(operation["responses"]["401"].is_null(), is_open && !is_delivery, "{method} {path}");
            let about = operation["description"].as_str().unwrap_or_default();
            assert_eq!(about.contains("Needs the right"), !is_open, "{method} {path}: {about}");
        }
    }
    let (rows, _) = matrix();
    let names: Vec<String> = rows.iter().map(Row::name).collect();
    let written: BTreeSet<String> = names.iter().cloned().collect();
    let (missing, gone): (Vec<_>, Vec<_>) =
        (addresses.difference(&written).collect(), written.difference(&addresses).collect());
    assert!(missing.is_empty(), "tests/rights.txt does not say who may: {missing:?}");
    assert!(gone.is_empty(), "tests/rights.txt has addresses that are not there: {gone:?}");
    assert_eq!(names.len(), written.len(), "tests/rights.txt has an address twice");
}

/// A server with one entity of each kind, all called `a`, in the project `p`; and whoever may do everything.
struct World {
    server: TestServer,
    admin: Option<String>,
    made: AtomicUsize,
}

/// The files of the entities that can have one.
const FILES: [(&str, &str); 5] = [
    ("/api/users/a/thumbnail", "fuzz/seeds/picture/exact.png"),
    ("/api/projects/p/thumbnail", "fuzz/seeds/picture/exact.png"),
    ("/api/projects/p/shots/a/thumbnail", "fuzz/seeds/picture/exact.png"),
    ("/api/projects/p/assets/a/thumbnail", "fuzz/seeds/picture/exact.png"),
    ("/api/projects/p/edits/a/movie", "fuzz/seeds/movie/h264.mp4"),
];

fn file(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

impl World {
    async fn new(is_reading_public: bool) -> Self {
        let source = "[[webhook]]\nname = \"flow\"\nverify = \"none\"\nmapping = \"changes\"\n";
        let server = TestServer::start_with(|options| {
            webhooks::with(source)(options);
            options.openness.is_reading_public = is_reading_public;
            options.limits.failures = 0;
        })
        .await;
        let world = Self { server, admin: None, made: AtomicUsize::new(0) };
        world.restore().await;
        world
    }

    /// A request as somebody.
    fn request(&self, method: Method, path: &str, token: Option<&str>) -> RequestBuilder {
        let request = self.server.request(method, path);
        token.into_iter().fold(request, RequestBuilder::bearer_auth)
    }

    /// The same as whoever may do everything; it must succeed.
    async fn do_it(&self, method: Method, path: &str, alter: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Value {
        let answer = self.server.send(alter(self.request(method, path, self.admin.as_deref()))).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        serde_json::from_str(&answer.text).unwrap_or_default()
    }

    /// Puts everything back to where it is in the beginning.
    async fn restore(&self) {
        let one = |more: Value| {
            let mut one = json!({"id": "a", "name": "A"});
            one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!([one])
        };
        let plain = one(json!({}));
        let lists = json!({"users": plain, "asset_types": plain, "task_types": plain, "task_statuses": plain});
        let task = json!([{"id": "a", "task_type_id": "a", "task_status_id": "a"}]);
        let snapshot = json!({
            "name": "P", "episodes": plain, "sequences": one(json!({"episode_id": "a"})), "assets": plain, "edits": plain,
            "shots": one(json!({"sequence_id": "a", "data": {"frame_in": 0, "frame_out": 24}, "tasks": task})),
            "casting": [{"shot_id": "a", "asset_ids": ["a"]}],
        });
        self.do_it(Method::PUT, "/api/context", |request| request.json(&lists)).await;
        self.do_it(Method::PUT, "/api/projects/p/snapshot", |request| request.json(&snapshot)).await;
        self.do_it(Method::POST, "/api/webhooks/flow", |request| request.json(&json!([]))).await;
        for (path, name) in FILES {
            let path = format!("{path}?wait=published");
            self.do_it(Method::PUT, &path, |request| request.body(file(name))).await;
        }
    }

    /// A request that somebody who may would succeed with: what is there is sent as it is.
    async fn sound(&self, row: &Row, token: Option<&str>) -> RequestBuilder {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let mut path = row.path.replace("{project}", "p").replace("{source}", "flow");
        if path == "/api/tokens/{id}" {
            let wish = json!({"name": format!("to be revoked {number}"), "rights": "read"});
            let made = self.do_it(Method::POST, "/api/tokens", |request| request.json(&wish)).await;
            path = path.replace("{id}", made["id"].as_str().unwrap());
        }
        let id = if path.contains("/deliveries/") { "1" } else { "a" };
        let path = path.replace("{id}", id);
        let request = self.request(row.method.clone(), &path, token);
        let of_file = FILES.iter().find(|(place, _)| *place == path).map(|(_, name)| file(name));
        match (row.method.as_str(), path.as_str()) {
            ("GET" | "DELETE", _) | ("POST", "/api/render" | "/api/projects/p/render" | "/admin/render") => request,
            ("PATCH", _) => request.json(&json!({})),
            ("POST", "/api/tokens") => request.json(&json!({"name": format!("n{number}"), "rights": "read"})),
            ("POST", "/api/webhooks/flow" | "/api/webhooks/flow/dry-run") => request.json(&json!({"changes": []})),
            ("POST", path) if path.ends_with("/replay") => request,
            ("POST", "/api/projects/p/task-counts") => request.json(&json!([])),
            ("POST", "/api/batch") => {
                let change = json!({"op": "merge", "kind": "shots", "project": "p", "id": "a", "value": {"name": "A"}});
                request.json(&json!({"changes": [change]}))
            }
            ("PUT", _) if of_file.is_some() => request.body(of_file.unwrap_or_default()),
            ("POST", _) if of_file.is_some() => form(request, &of_file.unwrap_or_default()),
            ("PUT", path) => request.json(&self.do_it(Method::GET, path, |request| request).await),
            ("POST", path) => request.json(&self.do_it(Method::GET, path, |request| request).await[0]),
            other => panic!("{other:?}"),
        }
    }

    /// Has somebody try an address; gives what came of it, as the matrix has it.
    async fn attempt(&self, row: &Row, token: Option<&str>) -> String {
        let response = self.sound(row, token).await.send().await.unwrap();
        let status = response.status();
        if status.is_success() {
            if row.method == Method::DELETE {
                self.restore().await;
            }
            return "ok".to_owned();
        }
        let kind = match status {
            StatusCode::UNAUTHORIZED => "unauthorized",
            StatusCode::FORBIDDEN => "forbidden",
            other => return format!("{other}: {}", response.text().await.unwrap()),
        };
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["type"], format!("urn:watchtower-server:problem:{kind}"), "{problem}");
        status.as_u16().to_string()
    }
}

fn form(request: RequestBuilder, file: &[u8]) -> RequestBuilder {
    let head = b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"file\"\r\n\r\n";
    let body = [&head[..], file, b"\r\n--x--\r\n"].concat();
    request.header("content-type", "multipart/form-data; boundary=x").body(body)
}

/// The tokens of the columns.
async fn holders(admin: &Holder<'_>) -> BTreeMap<&'static str, Option<String>> {
    let mut tokens = BTreeMap::from([("none", None), ("admin", Some(admin.token.clone()))]);
    for (column, rights) in [
        ("read", json!({"rights": "read"})),
        ("other", json!({"rights": "write", "projects": ["q"]})),
        ("own", json!({"rights": "write", "projects": ["o", "p"]})),
        ("all", json!({"rights": "write"})),
        ("source", json!({"rights": "write", "source": "flow"})),
        ("expired", json!({"rights": "admin", "expires": "1h"})),
        ("revoked", json!({"rights": "admin"})),
    ] {
        let holder = admin.make(column, &rights).await;
        if column == "revoked" {
            admin.revoke(&holder).await;
        }
        tokens.insert(column, Some(holder.token));
    }
    admin.server.pass(3600);
    tokens
}

async fn compare(is_reading_public: bool) {
    let (rows, columns) = matrix();
    let mut world = World::new(is_reading_public).await;
    let admin = Holder::admin(&world.server).await;
    let tokens = holders(&admin).await;
    world.admin = Some(admin.token.clone());
    let mut differences = Vec::new();
    for row in &rows {
        let is_public = is_reading_public && row.expected["public"] == "yes";
        for column in columns.iter().filter(|column| *column != "public") {
            let expected = if is_public { "ok" } else { &row.expected[column] };
            let found = world.attempt(row, tokens[column.as_str()].as_deref()).await;
            if found != expected {
                differences.push(format!("{} by {column}: {found}, and not {expected}", row.name()));
            }
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

#[tokio::test]
async fn every_address_lets_in_whom_the_matrix_says() {
    compare(false).await;
}

#[tokio::test]
async fn every_address_lets_in_whom_the_matrix_says_when_reading_is_public() {
    compare(true).await;
}

#[tokio::test]
async fn without_tokens_everyone_may_do_everything() {
    let world = World::new(false).await;
    let (rows, _) = matrix();
    for row in rows.iter().filter(|row| row.method == Method::GET || !row.path.starts_with("/api/tokens")) {
        assert_eq!(world.attempt(row, None).await, "ok", "{}", row.name());
        // Nor is a token looked at that is none.
        assert_eq!(world.attempt(row, Some("nonsense")).await, "ok", "{}", row.name());
    }
}
