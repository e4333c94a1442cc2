//! Deliveries that come twice, in another order, to a server that is killed: the tree is that of the events applied once, in
//! their order.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::watch,
    time::timeout,
};
use watchtower_server::layout::Layout;

use super::{
    OPEN,
    history::{History, context, shuffled},
    with,
};
use crate::support::{DEADLINE, TestServer, client, files, until};

/// The tree of a site, but for what depends on when it was told.
fn tree(site: &Path) -> BTreeMap<String, Value> {
    let json =
        files(site).into_iter().filter(|(name, _)| name.ends_with(".json") && !name.ends_with("task_counts.json"));
    json.map(|(name, bytes)| (name, serde_json::from_slice(&bytes).unwrap())).collect()
}

/// The trees that a history comes down to, in both layouts: pushed whole, without any event.
async fn expected(history: &History) -> [BTreeMap<String, Value>; 2] {
    let server = TestServer::of_both_layouts().await;
    server.put("/api/context", &context()).await.expect(200);
    server.put("/api/projects/p/snapshot?wait=published", &history.snapshot()).await.expect(200);
    [Layout::Classic, Layout::V1].map(|layout| tree(&server.site_of(layout)))
}

fn compare(found: &BTreeMap<String, Value>, expected: &BTreeMap<String, Value>, seed: u64) {
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, wanted) in expected {
        let (Some(have), Some(wanted)) = (found[name].as_array(), wanted.as_array()) else {
            assert_eq!(&found[name], wanted, "{name}, seed {seed}");
            continue;
        };
        let ids = |list: &[Value]| -> Vec<Value> { list.iter().map(|one| one["id"].clone()).collect() };
        assert_eq!(ids(have), ids(wanted), "{name}, seed {seed}");
        for (have, wanted) in have.iter().zip(wanted) {
            assert_eq!(have, wanted, "{name}, seed {seed}");
        }
    }
}

#[tokio::test]
async fn events_in_any_order_come_to_the_same_tree() {
    for seed in 0..12 {
        let mut history = History::new(seed);
        let deliveries = history.deliveries(250);
        let expected = expected(&history).await;
        let server = TestServer::start_with(|options| {
            with(OPEN)(options);
            let v1 = options.sites[0].clone();
            options.sites.push(watchtower_server::server::SiteOptions { layout: Layout::V1, ..v1 });
        })
        .await;
        server.put("/api/context", &context()).await.expect(200);
        server.put("/api/projects/p", &json!({"name": "P"})).await.expect(201);
        let mut last = 0;
        // The whole history is one window: anything may come first.
        for (_, body) in shuffled(&deliveries, 250, seed) {
            last = server.tell(&serde_json::from_str(body).unwrap()).await;
        }
        assert_eq!(server.settled("open", last).await["status"], "applied");
        server.rendered().await;
        for (layout, expected) in [Layout::Classic, Layout::V1].iter().zip(&expected) {
            compare(&tree(&server.site_of(*layout)), expected, seed);
        }
        let failed = server.get("/api/webhooks/open/deliveries?status=failed").await.json();
        assert_eq!(failed, json!([]));
    }
}

const SECRET: &str = "a secret of the tests";
const CONFIG: &str = "[[webhook]]\nname = \"studio\"\nmapping = \"changes\"\nsecrets = [\"a secret of the tests\"]\n\
    verify = { hmac = \"sha256\", header = \"x-signature\", id-header = \"x-id\", message = \"{id}.{body}\" }\n";
/// How many deliveries there are.
const DELIVERIES: usize = 10_000;
/// From how many connections they come.
const SENDERS: usize = 16;
/// After how many answers the server is killed.
const KILLS: [usize; 3] = [2_500, 6_000, 9_500];

/// A server as a process, always at the same address.
async fn start(folder: &Path, address: SocketAddr) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchtower-server"));
    command.args(["serve", "--log", "error", "--listen", &address.to_string(), "--data-dir"]).arg(folder.join("data"));
    command.arg("--config").arg(folder.join("watchtower.toml")).kill_on_drop(true);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let line = BufReader::new(child.stdout.take().unwrap()).lines().next_line().await.unwrap();
    assert!(line.expect("it does not start").contains("listens"));
    child
}

async fn send(client: &reqwest::Client, address: SocketAddr, number: usize, body: &str) -> bool {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(SECRET.as_bytes()).unwrap();
    let signature = mac.chain_update(format!("{number}.{body}")).finalize().into_bytes();
    let signature = signature.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
    let request = client.post(format!("http://{address}/api/webhooks/studio")).body(body.to_owned());
    let request = request.header("x-id", number).header("x-signature", signature);
    let answer = request.header("content-type", "application/json").send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_deliveries_survive_three_kills() {
    let temp = TempDir::new().unwrap();
    std::fs::write(temp.path().join("watchtower.toml"), CONFIG).unwrap();
    // Nobody else takes the port of a listener that was closed a moment ago.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut history = History::new(7);
    let deliveries = Arc::new(history.deliveries(DELIVERIES));
    let mut server = start(temp.path(), address).await;
    watchtower_server::fetch::client::use_ring();
    let client = client();
    let put = async |path: &str, body: &Value| {
        let answer = client.put(format!("http://{address}{path}")).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    };
    put("/api/context", &context()).await;
    put("/api/projects/p", &json!({"name": "P"})).await;
    let order: Vec<(usize, String)> =
        shuffled(&deliveries, 50, 7).into_iter().map(|(number, body)| (number, body.clone())).collect();
    let (order, next) = (Arc::new(order), Arc::new(AtomicUsize::new(0)));
    let (answered, mut count) = watch::channel(0_usize);
    let answered = Arc::new(answered);
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..SENDERS {
        let (order, next, answered) = (order.clone(), next.clone(), answered.clone());
        let client = client.clone();
        senders.spawn(async move {
            while let Some((number, body)) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                // The sender retries what got no answer, or none that is good.
                let taken = async {
                    while !send(&client, address, *number, body).await {
                        tokio::task::yield_now().await;
                    }
                };
                timeout(DEADLINE, taken).await.expect("it is never taken");
                answered.send_modify(|count| *count += 1);
            }
        });
    }
    for kill in KILLS {
        count.wait_for(|count| *count >= kill).await.unwrap();
        server.kill().await.unwrap();
        server = start(temp.path(), address).await;
    }
    senders.join_all().await;
    let status = until("all are settled", async || {
        let answer = client.get(format!("http://{address}/api/webhooks")).send().await.unwrap();
        let sources: Value = answer.json().await.unwrap();
        sources[0]["deliveries"].get("received").is_none().then_some(sources)
    });
    let status = status.await;
    assert_eq!(status[0]["deliveries"], json!({"applied": DELIVERIES}), "each is applied once");
    let answer = client.post(format!("http://{address}/api/render")).send().await.unwrap();
    assert!(answer.status().is_success());
    let [expected, _] = expected(&history).await;
    compare(&tree(&temp.path().join("data/tree/classic")), &expected, 7);
    let served = client.get(format!("http://{address}/data/projects/p/shots.json")).send().await.unwrap();
    assert_eq!(served.json::<Value>().await.unwrap(), expected["data/projects/p/shots.json"]);
}
