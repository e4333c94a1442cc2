//! Nobody has the server ask where it may not: neither by a URL, nor by a redirect of a tracker that may be asked.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    made::png,
    server_with, shot,
    tracker::{Counts, File, Reply, Tracker},
    until,
};
use crate::support::TestServer;

/// A listener on this machine that must not be found, at one port of both families of addresses, if there are two.
struct Hidden {
    port: u16,
    trackers: Vec<Tracker>,
}

impl Hidden {
    async fn start() -> Self {
        let first = Tracker::start().await;
        let port = first.port;
        let mut trackers = vec![first];
        if let Ok(listener) = TcpListener::bind(("::1", port)).await {
            trackers.push(Tracker::on(listener));
        }
        let hidden = Self { port, trackers };
        for tracker in &hidden.trackers {
            tracker.has("/a.png", File::png(png([1, 1, 1])));
        }
        hidden
    }

    fn found(&self) -> Vec<Counts> {
        self.trackers.iter().map(Tracker::counts).filter(|counts| counts.connections > 0).collect()
    }
}

/// What is said where a host is closed that could be opened, and where none ever is.
const CLOSED: &str = "say private = true in its [[media-host]]";
const NEVER: &str = "nothing is ever asked there";

/// Hosts as a URL may have them, as the configuration then calls them, and what is said of them.
const HOSTS: [(&str, &str, &str); 39] = [
    ("127.0.0.1", "127.0.0.1", CLOSED),
    ("127.0.0.1.", "127.0.0.1", CLOSED),
    ("127.1", "127.0.0.1", CLOSED),
    ("127.0.1", "127.0.0.1", CLOSED),
    ("127.255.255.254", "127.255.255.254", CLOSED),
    ("2130706433", "127.0.0.1", CLOSED),
    ("0x7f000001", "127.0.0.1", CLOSED),
    ("0x7F.0.0.1", "127.0.0.1", CLOSED),
    ("017700000001", "127.0.0.1", CLOSED),
    ("0177.0.0.01", "127.0.0.1", CLOSED),
    ("0177.0x0.0.1", "127.0.0.1", CLOSED),
    ("%31%32%37.0.0.1", "127.0.0.1", CLOSED),
    ("１２７.０.０.１", "127.0.0.1", CLOSED),
    ("127。0。0。1", "127.0.0.1", CLOSED),
    ("localhost", "localhost", CLOSED),
    ("0.0.0.0", "0.0.0.0", NEVER),
    ("0", "0.0.0.0", NEVER),
    ("0x0", "0.0.0.0", NEVER),
    ("10.1.2.3", "10.1.2.3", CLOSED),
    ("172.16.0.1", "172.16.0.1", CLOSED),
    ("192.168.1.1", "192.168.1.1", CLOSED),
    ("100.64.0.1", "100.64.0.1", CLOSED),
    ("169.254.1.1", "169.254.1.1", CLOSED),
    ("169.254.169.254", "169.254.169.254", NEVER),
    ("2852039166", "169.254.169.254", NEVER),
    ("0xa9fea9fe", "169.254.169.254", NEVER),
    ("0251.0376.0251.0376", "169.254.169.254", NEVER),
    ("100.100.100.200", "100.100.100.200", NEVER),
    ("224.0.0.1", "224.0.0.1", NEVER),
    ("255.255.255.255", "255.255.255.255", NEVER),
    ("[::1]", "[::1]", CLOSED),
    ("[0:0:0:0:0:0:0:1]", "[::1]", CLOSED),
    ("[::]", "[::]", NEVER),
    ("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", CLOSED),
    ("[::ffff:a9fe:a9fe]", "[::ffff:a9fe:a9fe]", NEVER),
    ("[64:ff9b::7f00:1]", "[64:ff9b::7f00:1]", CLOSED),
    ("[2002:7f00:1::]", "[2002:7f00:1::]", CLOSED),
    ("[fe80::1]", "[fe80::1]", CLOSED),
    ("[fd00:ec2::254]", "[fd00:ec2::254]", NEVER),
];

/// The names in the configuration of those of whom this is said.
fn names(of: &[&str]) -> BTreeSet<&'static str> {
    HOSTS.iter().filter(|(_, _, why)| of.contains(why)).map(|(_, name, _)| *name).collect()
}

/// The configuration that names them all, with a port, none as private.
fn settings(port: u16, rest: &str) -> String {
    let table = |name| format!("[[media-host]]\nhost = \"{name}:{port}\"\n{rest}\n");
    names(&[CLOSED, NEVER]).into_iter().map(table).collect()
}

/// What is said of each shot, when something is said of all of them.
async fn said(server: &TestServer, count: usize) -> Vec<Value> {
    until(&format!("{count} problems"), async || {
        Some(server.media_problems().await).filter(|found| found.len() == count)
    })
    .await
}

fn assert_says(problem: &Value, why: &str, of: &str) {
    let detail = problem["detail"].as_str().unwrap();
    assert!(problem["problem"] == "media-not-fetched" && detail.contains(why), "{of}: {detail}");
}

#[tokio::test]
async fn no_form_of_an_address_leads_to_where_nothing_may_be_asked() {
    let hidden = Hidden::start().await;
    let server = server_with(&settings(hidden.port, "")).await;
    let shots = HOSTS.iter().enumerate().map(|(n, (form, ..))| {
        let scheme = if n % 5 == 4 { "https" } else { "http" };
        shot(&n.to_string(), &format!("{scheme}://{form}:{}/a.png", hidden.port))
    });
    server.put("/api/projects/p/shots", &shots.collect()).await.expect(200);
    let problems = said(&server, HOSTS.len()).await;
    for ((form, _, why), problem) in HOSTS.iter().zip(&problems) {
        assert_says(problem, why, form);
    }
    server.until_tally([0, 0, 0, problems_of_files(&hidden)]).await;
    // Nor when they are tried again, nor after a restart.
    server.later(601).await;
    server.rendered().await;
    assert!(hidden.found().is_empty(), "{:?}", hidden.found());
}

/// How many files they are: forms of one host are one.
fn problems_of_files(hidden: &Hidden) -> u64 {
    let urls = HOSTS.iter().enumerate().map(|(n, (form, ..))| {
        let scheme = if n % 5 == 4 { "https" } else { "http" };
        reqwest::Url::parse(&format!("{scheme}://{form}:{}/a.png", hidden.port)).unwrap()
    });
    urls.collect::<BTreeSet<_>>().len() as u64
}

#[tokio::test]
async fn a_private_host_is_never_where_clouds_hand_out_secrets() {
    let hidden = Hidden::start().await;
    let names = names(&[NEVER]);
    let table = |name| format!("[[media-host]]\nhost = \"{name}:{}\"\nprivate = true\n", hidden.port);
    let server = server_with(&names.iter().map(table).collect::<String>()).await;
    let shots =
        names.iter().enumerate().map(|(n, name)| shot(&n.to_string(), &format!("http://{name}:{}/a.png", hidden.port)));
    server.put("/api/projects/p/shots", &shots.collect()).await.expect(200);
    for (name, problem) in names.iter().zip(said(&server, names.len()).await) {
        assert_says(&problem, NEVER, name);
    }
    assert!(hidden.found().is_empty(), "{:?}", hidden.found());
}

#[tokio::test]
async fn a_name_and_a_password_in_a_url_lead_nowhere() {
    let (tracker, hidden) = (Tracker::start().await, Hidden::start().await);
    let server = server_with(&(tracker.settings("") + &settings(hidden.port, ""))).await;
    let (host, port) = (tracker.host(), hidden.port);
    let credentials = "has a user name or password in it: these belong in the headers of its [[media-host]]";
    let cases = [
        (format!("http://{host}@127.0.0.1:{port}/a.png"), credentials),
        (format!("http://{host}:hush@127.0.0.1:{port}/a.png"), credentials),
        (format!("http://me:hush@{host}/a.png"), credentials),
        (format!("http://:hush@{host}/a.png"), credentials),
        (format!("http://me%40x:hush@127.0.0.1:{port}/a.png"), credentials),
        // Whatever a reader may take for the host, this is a path of the tracker, which does not have it.
        (format!("http://{host}\\@127.0.0.1:{port}/a.png"), "404 Not Found"),
        (format!("http://{host}/@127.0.0.1:{port}/a.png"), "404 Not Found"),
        (format!("http://{host}?@127.0.0.1:{port}/a.png"), "404 Not Found"),
        (format!("http://{host}#@127.0.0.1:{port}/a.png"), "404 Not Found"),
        (format!("http:///127.0.0.1:{port}/a.png"), CLOSED),
        (format!("http://\t127.0.0.1:{port}/a.png"), CLOSED),
        (format!("ftp://{host}/a.png"), "is no address of http or https"),
        ("file:///etc/passwd".to_owned(), "is no address of http or https"),
        (format!("gopher://127.0.0.1:{port}/a.png"), "is no address of http or https"),
        (format!("s3://127.0.0.1:{port}/a.png"), "is no address of http or https"),
        ("http://[::1/a.png".to_owned(), "it is not a URL"),
    ];
    let shots = cases.iter().enumerate().map(|(n, (url, _))| shot(&n.to_string(), url));
    let answer = server.put("/api/projects/p/shots", &shots.collect()).await.expect(200).json();
    for ((url, why), problem) in cases.iter().zip(said(&server, cases.len()).await) {
        assert_says(&problem, why, url);
        assert!(!problem.to_string().contains("hush"), "{problem}");
    }
    let warnings = answer["warnings"].to_string();
    assert!(warnings.contains("has a user name or password in it") && !warnings.contains("hush"), "{warnings}");
    assert!(warnings.contains("file:///etc/passwd is no address of http or https"), "{warnings}");
    assert!(!warnings.contains("[[media-host]] host"), "no advice that is of no use: {warnings}");
    assert!(hidden.found().is_empty(), "{:?}", hidden.found());
}

#[tokio::test]
async fn no_redirect_leads_to_where_nothing_may_be_asked() {
    let (tracker, hidden) = (Tracker::start().await, Hidden::start().await);
    let server = server_with(&(tracker.settings("") + &settings(hidden.port, ""))).await;
    let port = hidden.port;
    let mut targets: Vec<(String, &str)> =
        HOSTS.iter().map(|(form, _, why)| (format!("http://{form}:{port}/a.png"), *why)).collect();
    targets.extend([
        (format!("//127.0.0.1:{port}/a.png"), CLOSED),
        (format!("http:\\\\127.0.0.1:{port}\\a.png"), CLOSED),
        (format!("http://{}@127.0.0.1:{port}/a.png", tracker.host()), "a user name or password"),
        ("file:///etc/passwd".to_owned(), "no address of http or https"),
        (format!("http://elsewhere.test:{port}/a.png"), "a host that the configuration does not name"),
    ]);
    for (n, (target, _)) in targets.iter().enumerate() {
        // As it is, and by a way round.
        tracker.set(&format!("/{n}"), Reply::redirect(&format!("/to/{n}")));
        tracker.set(&format!("/to/{n}"), Reply::redirect(target));
    }
    let shots = (0..targets.len()).map(|n| shot(&n.to_string(), &tracker.url(&format!("/{n}"))));
    server.put("/api/projects/p/shots", &shots.collect()).await.expect(200);
    for ((target, why), problem) in targets.iter().zip(said(&server, targets.len()).await) {
        // A name is looked up when it is asked: that is as far as it goes.
        assert_says(&problem, why, target);
    }
    assert!(hidden.found().is_empty(), "{:?}", hidden.found());
}

#[tokio::test]
async fn what_is_passed_on_is_guarded_as_well() {
    let (tracker, hidden) = (Tracker::start().await, Hidden::start().await);
    let proxy = "mode = \"proxy\"";
    let server = server_with(&(tracker.settings(proxy) + &settings(hidden.port, proxy))).await;
    tracker.set("/to", Reply::redirect(&format!("http://127.0.0.1:{}/a.png", hidden.port)));
    let urls = HOSTS.iter().map(|(form, _, why)| (format!("http://{form}:{}/a.png", hidden.port), *why));
    for (url, why) in urls.chain([(tracker.url("/to"), CLOSED)]) {
        server.put("/api/projects/p/shots/a?wait=published", &shot("a", &url)).await;
        let path = server.picture_of("a").await.unwrap();
        let answer = server.get(&format!("/{path}")).await.refused(502, "bad-gateway");
        assert!(answer.text.contains(why), "{url}: {}", answer.text);
    }
    assert!(hidden.found().is_empty(), "{:?}", hidden.found());
}

#[tokio::test]
async fn what_may_not_be_asked_takes_no_time() {
    let server = server_with("[[media-host]]\nhost = \"10.255.255.1\"\n").await;
    let edit = json!({"id": "cut", "sourceName": "http://10.255.255.1/cut.mp4"});
    server.put("/api/projects/p/edits/cut", &edit).await.expect(201);
    // Nobody answers at this address, so that a question would take as long as the host's timeout.
    let said = tokio::time::timeout(Duration::from_secs(10), server.until_failed(CLOSED)).await;
    assert_eq!(said.unwrap()["kind"], "edits");
}
