//! Downloading from trackers: what is asked, what is refused, and what is said of it. The servers are raw sockets on loopback,
//! so that they can answer as no proper server does.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    env, fs,
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener as StdListener},
    path::PathBuf,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use futures_util::{StreamExt, future::BoxFuture};
use reqwest::{Url, dns::Resolve};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::Command,
    time::timeout,
};
use watchtower_server::fetch::{
    client::{Body, Client, Failure, Fetched, Response, Validators, back_off, identity, shown},
    guard::{Guarded, Lookup, Reach, Refused, System, is_public, reach},
    host::{Fault, HostSettings, Hosts, Invalid, Mode},
};

use Reach::{Never, Private, Public};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

// --- the configuration -----------------------------------------------------------------------------------------------

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    media_host: Vec<HostSettings>,
}

fn settings(text: &str) -> Vec<HostSettings> {
    toml::from_str::<File>(text).unwrap().media_host
}

fn variable(name: &str) -> Option<String> {
    match name {
        "KITSU_TOKEN" => Some("k1tsu".to_owned()),
        "BROKEN" => Some("two\nlines".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn hosts(text: &str) -> Result<Hosts, Invalid> {
    Hosts::with_variables(&settings(text), variable)
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[test]
fn a_media_host_is_read_with_all_its_keys_or_few() {
    let text = r#"
        [[media-host]]
        host = "Kitsu.Example.COM."
        mode = "proxy"
        headers = { Authorization = "Bearer ${KITSU_TOKEN}!", X-Studio = "a" }
        private = true
        refresh = 0
        max-bytes = 1000
        timeout = 0.25
        connections = 2
        [[media-host]]
        host = "files.example.com:8443"
    "#;
    let hosts = hosts(text).unwrap();
    let full = hosts.of(&url("https://kitsu.example.com/a.png")).unwrap();
    assert_eq!((full.name.as_str(), full.mode, full.private), ("kitsu.example.com", Mode::Proxy, true));
    assert_eq!((full.refresh, full.max_bytes, full.timeout), (None, 1000, Duration::from_millis(250)));
    assert_eq!(full.connections.available_permits(), 2);
    assert_eq!(full.headers["authorization"], "Bearer k1tsu!");
    let bare = hosts.of(&url("https://files.example.com:8443/")).unwrap();
    assert_eq!((bare.name.as_str(), bare.mode, bare.private), ("files.example.com:8443", Mode::Copy, false));
    assert_eq!((bare.refresh, bare.max_bytes), (Some(Duration::from_mins(10)), 17_179_869_184));
    assert_eq!((bare.timeout, bare.connections.available_permits()), (Duration::from_mins(1), 4));
    assert_eq!(hosts.iter().count(), 2);
    assert!(Hosts::default().is_empty());
}

#[test]
fn a_host_is_found_whatever_the_form_of_its_name() {
    let text = r#"
        media-host = [{ host = "a.test" }, { host = "a.test:81" }, { host = "[FD00:0::1]:8080" }, { host = "0x7f.1" },
                      { host = "bücher.test" }, { host = "a.test:443", private = true }]
    "#;
    let hosts = hosts(text).unwrap();
    let found = |text: &str| hosts.of(&url(text)).map(|host| host.name.as_str());
    for (text, name) in [
        ("http://a.test/x", Some("a.test")),
        ("https://A.Test./x", Some("a.test:443")),
        ("http://a.test:81", Some("a.test:81")),
        ("https://a.test:81", Some("a.test:81")),
        ("http://a.test:443", Some("a.test:443")),
        ("https://a.test:80", None),
        ("http://a.test:82", None),
        ("http://b.a.test", None),
        ("http://[fd00::0001]:8080/", Some("[fd00::1]:8080")),
        ("http://[fd00::1]/", None),
        ("http://2130706433/", Some("127.0.0.1")),
        ("https://xn--bcher-kva.test/", Some("xn--bcher-kva.test")),
        ("http://user@a.test/", None),
        ("http://:password@a.test/", None),
        ("ftp://a.test/", None),
        ("file:///etc/passwd", None),
    ] {
        assert_eq!(found(text), name, "{text}");
    }
}

#[test]
fn a_wrong_media_host_is_refused_by_host_and_key() {
    let wrong = |host: &str, rest: &str| hosts(&format!("[[media-host]]\nhost = {host:?}\n{rest}")).unwrap_err();
    for host in [
        "https://a.test",
        "a.test/x",
        "a b",
        "*.a.test",
        "a..b",
        "a.test:0",
        "a.test:65536",
        "a.test:+80",
        "a.test:",
        "::1",
        "[::1",
        "[fe80::1%25eth0]",
        "a.test?x",
        "a%41",
        ".",
        "300.1.1.1",
        "a\tb",
    ] {
        assert_eq!(wrong(host, "").fault, Fault::NoHost, "{host}");
    }
    assert_eq!(wrong("", "").fault, Fault::Empty);
    let credentials = wrong("me:pass@a.test", "");
    assert_eq!((credentials.fault, credentials.host.as_str()), (Fault::Credentials, "a.test"));
    for (key, rest) in [
        ("refresh", "refresh = 31536001"),
        ("max-bytes", "max-bytes = 0"),
        ("timeout", "timeout = 0"),
        ("timeout", "timeout = nan"),
        ("timeout", "timeout = inf"),
        ("connections", "connections = 0"),
        ("connections", "connections = 100000"),
        ("header", "header = { Authorization = \"hush\" }"),
        ("headers", "headers = \"hush\""),
        ("headers.Authorization", "headers = { Authorization = 7 }"),
        ("headers.Authorization", "headers = { Authorization = \"${MISSING} hush\" }"),
        ("headers.Authorization", "headers = { Authorization = \"${EMPTY} hush\" }"),
        ("headers.Authorization", "headers = { Authorization = \"${BROKEN} hush\" }"),
        ("headers.Authorization", "headers = { Authorization = \"${hush\" }"),
        ("headers.Authorization", "headers = { Authorization = \"${hush hush}\" }"),
        ("headers.Authorization", "headers = { Authorization = \"hush\\n\" }"),
        ("headers.not a name", "headers = { \"not a name\" = \"hush\" }"),
        ("headers.Host", "headers = { Host = \"hush\" }"),
        ("headers.x-a", "headers = { X-A = \"hush\", x-a = \"hush\" }"),
    ] {
        let invalid = wrong("a.test", rest);
        assert_eq!((invalid.host.as_str(), invalid.key.as_str()), ("a.test", key), "{rest}: {invalid}");
        assert!(!format!("{invalid} {invalid:?}").contains("hush"), "{invalid}");
    }
    assert_eq!(wrong("a.test", "[[media-host]]\nhost = \"A.test.\"").fault, Fault::Twice);
    assert!(wrong("a.test", "headers = { A = \"${MISSING}\" }").to_string().contains("no variable MISSING"));
    for refused in ["mode = \"steal\"", "refresh = -1", "private = \"yes\"", "max-bytes = 1.5"] {
        assert!(toml::from_str::<File>(&format!("[[media-host]]\nhost = \"a\"\n{refused}")).is_err(), "{refused}");
    }
    assert!(toml::from_str::<File>("[[media-host]]\nmode = \"copy\"").is_err(), "a host is needed");
}

#[test]
fn what_is_in_a_header_is_never_shown() {
    let text = "[[media-host]]\nhost = \"a.test\"\nheaders = { Authorization = \"Bearer ${KITSU_TOKEN} hush\" }";
    let hosts = hosts(text).unwrap();
    let client = Client::new(Arc::new(hosts), &names([])).unwrap();
    let shown = format!("{:?} {client:?}", settings(text));
    assert!(shown.contains("a.test") && !shown.contains("hush") && !shown.contains("k1tsu"), "{shown}");
}

// --- the guard -------------------------------------------------------------------------------------------------------

/// Addresses, and who is there. Those beside a network's ends are there with those within.
const ADDRESSES: [(&str, Reach); 105] = [
    ("0.0.0.0", Never),
    ("0.1.2.3", Never),
    ("1.0.0.0", Public),
    ("1.1.1.1", Public),
    ("8.8.8.8", Public),
    ("9.255.255.255", Public),
    ("10.0.0.0", Private),
    ("10.255.255.255", Private),
    ("11.0.0.0", Public),
    ("100.63.255.255", Public),
    ("100.64.0.0", Private),
    ("100.127.255.255", Private),
    ("100.128.0.0", Public),
    ("100.100.100.200", Never),
    ("126.255.255.255", Public),
    ("127.0.0.1", Private),
    ("127.255.255.254", Private),
    ("128.0.0.0", Public),
    ("168.63.129.16", Never),
    ("169.253.255.255", Public),
    ("169.254.0.1", Private),
    ("169.254.169.253", Private),
    ("169.254.169.254", Never),
    ("169.254.170.2", Never),
    ("169.255.0.0", Public),
    ("172.15.255.255", Public),
    ("172.16.0.0", Private),
    ("172.31.255.255", Private),
    ("172.32.0.0", Public),
    ("191.255.255.255", Public),
    ("192.0.0.1", Never),
    ("192.0.0.192", Never),
    ("192.0.1.0", Public),
    ("192.0.2.1", Never),
    ("192.88.99.1", Never),
    ("192.167.255.255", Public),
    ("192.168.0.1", Private),
    ("192.168.255.255", Private),
    ("192.169.0.0", Public),
    ("198.17.255.255", Public),
    ("198.18.0.0", Never),
    ("198.19.255.255", Never),
    ("198.20.0.0", Public),
    ("198.51.100.7", Never),
    ("203.0.113.7", Never),
    ("223.255.255.255", Public),
    ("224.0.0.1", Never),
    ("239.255.255.250", Never),
    ("240.0.0.1", Never),
    ("255.255.255.254", Never),
    ("255.255.255.255", Never),
    ("::", Never),
    ("::1", Private),
    ("::2", Never),
    ("::8.8.8.8", Never),
    ("::127.0.0.1", Never),
    ("::ffff:8.8.8.8", Public),
    ("::ffff:127.0.0.1", Private),
    ("::ffff:10.0.0.1", Private),
    ("::ffff:0.0.0.0", Never),
    ("::ffff:169.254.169.254", Never),
    ("::ffff:0:127.0.0.1", Never),
    ("64:ff9b::8.8.8.8", Public),
    ("64:ff9b::10.0.0.1", Private),
    ("64:ff9b::169.254.169.254", Never),
    ("64:ff9b::1:0:0", Never),
    ("64:ff9b:1::8.8.8.8", Never),
    ("64:ff9b:1::10.0.0.1", Never),
    ("100::1", Never),
    ("100:0:0:1::1", Never),
    ("1fff::1", Never),
    ("2000::1", Public),
    // Teredo: the server 65.54.227.120, and inverted the client 192.0.2.45, 127.0.0.1, 8.8.8.8.
    ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Never),
    ("2001:0:4136:e378:8000:63bf:80ff:fffe", Private),
    ("2001:0:4136:e378:8000:63bf:f7f7:f7f7", Public),
    ("2001:0:a00:1:8000:63bf:f7f7:f7f7", Private),
    ("2001:1::1", Never),
    ("2001:2::1", Never),
    ("2001:10::1", Never),
    ("2001:20::1", Never),
    ("2001:1ff:ffff::1", Never),
    ("2001:200::1", Public),
    ("2001:db8::1", Never),
    ("2001:db8:ffff::1", Never),
    ("2001:db9::1", Public),
    ("2001:4860:4860::8888", Public),
    ("2002:808:808::1", Public),
    ("2002:7f00:1::1", Private),
    ("2002:a00:1::1", Private),
    ("2002:a9fe:a9fe::1", Never),
    ("2002::1", Never),
    ("2606:4700:4700::1111", Public),
    ("3fff::1", Never),
    ("3fff:fff:ffff::1", Never),
    ("3fff:1000::1", Public),
    ("4000::1", Never),
    ("5f00::1", Never),
    ("fc00::1", Private),
    ("fd00:ec2::253", Private),
    ("fd00:ec2::254", Never),
    ("fd20:ce::254", Never),
    ("fe80::1", Private),
    ("fec0::1", Private),
    ("ff02::1", Never),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Never),
];

#[test]
fn only_addresses_of_the_internet_are_public() {
    for (text, expected) in ADDRESSES {
        let address: IpAddr = text.parse().unwrap();
        assert_eq!((reach(address), is_public(address)), (expected, expected == Public), "{text}");
    }
}

/// Hosts as they are written in a URL, and the address that is behind.
const FORMS: [(&str, &str); 25] = [
    ("127.0.0.1", "127.0.0.1"),
    ("127.0.0.1.", "127.0.0.1"),
    ("127.1", "127.0.0.1"),
    ("127.0.1", "127.0.0.1"),
    ("2130706433", "127.0.0.1"),
    ("0x7f000001", "127.0.0.1"),
    ("0x7F.0.0.1", "127.0.0.1"),
    ("0x7f.1", "127.0.0.1"),
    ("017700000001", "127.0.0.1"),
    ("0177.0.0.01", "127.0.0.1"),
    ("0177.0x0.0.1", "127.0.0.1"),
    ("%31%32%37.0.0.1", "127.0.0.1"),
    ("１２７.０.０.１", "127.0.0.1"),
    ("127。0。0。1", "127.0.0.1"),
    ("①②⑦.0.0.1", "127.0.0.1"),
    ("0", "0.0.0.0"),
    ("0x0", "0.0.0.0"),
    ("2852039166", "169.254.169.254"),
    ("0xa9fea9fe", "169.254.169.254"),
    ("0251.0376.0251.0376", "169.254.169.254"),
    ("169.254.43518", "169.254.169.254"),
    ("[::1]", "[::1]"),
    ("[0:0:0:0:0:0:0:1]", "[::1]"),
    ("[::FFFF:127.0.0.1]", "[::ffff:7f00:1]"),
    ("[fd00:ec2:0::254]", "[fd00:ec2::254]"),
];

#[tokio::test]
async fn an_address_in_a_url_is_refused_in_whatever_form() {
    for (form, address) in FORMS {
        let client = client(&format!("[[media-host]]\nhost = {address:?}"), &names([]));
        let failure = client.get(&url(&format!("http://{form}:80/x")), &Validators::default(), None).await.unwrap_err();
        assert!(matches!(failure, Failure::Refused { .. }) && failure.is_final(), "{form}: {failure}");
    }
    let private = client("[[media-host]]\nhost = \"169.254.169.254\"\nprivate = true", &names([]));
    let failure = get(&private, "http://169.254.169.254/latest/meta-data/").await.unwrap_err();
    assert!(failure.to_string().ends_with("169.254.169.254: nothing is ever asked there"), "{failure}");
}

/// Answers of a name server: for each name what it says at each turn, the last for ever.
struct Names {
    answers: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    asked: AtomicUsize,
}

impl Lookup for Names {
    fn addresses(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let turns = answers.get_mut(&name);
        let now = turns.and_then(|turns| if turns.len() > 1 { turns.pop_front() } else { turns.front().cloned() });
        Box::pin(async move { now.ok_or_else(|| io::Error::other("no such name")) })
    }
}

fn server_of_names<const N: usize>(answers: [(&str, &[&[&str]]); N]) -> Arc<Names> {
    let addresses = |turn: &&[&str]| turn.iter().map(|address| address.parse().unwrap()).collect();
    let answers = answers.map(|(name, turns)| (name.to_owned(), turns.iter().map(addresses).collect()));
    Arc::new(Names { answers: Mutex::new(HashMap::from(answers)), asked: AtomicUsize::new(0) })
}

fn names<const N: usize>(answers: [(&str, &[&[&str]]); N]) -> Arc<dyn Lookup> {
    server_of_names(answers)
}

/// Two names at this machine.
fn here() -> Arc<dyn Lookup> {
    names([("tracker.test", &[&["127.0.0.1"]]), ("other.test", &[&["127.0.0.1"]])])
}

fn client(text: &str, lookup: &Arc<dyn Lookup>) -> Client {
    Client::new(Arc::new(hosts(text).unwrap()), lookup).unwrap()
}

async fn get(client: &Client, text: &str) -> Result<Fetched, Failure> {
    client.get(&url(text), &Validators::default(), None).await
}

/// The answer, which is a file.
async fn file(client: &Client, text: &str) -> Response {
    match get(client, text).await {
        Ok(Fetched::Response(response)) => response,
        other => panic!("{text}: {other:?}"),
    }
}

async fn all(mut body: Body) -> Result<Vec<u8>, Failure> {
    let mut whole = Vec::new();
    while let Some(piece) = body.next().await {
        whole.extend_from_slice(&piece?);
        assert!(whole.len() < 10_000_000, "there is no end");
    }
    assert!(body.next().await.is_none(), "a body ends once");
    Ok(whole)
}

#[tokio::test]
async fn a_name_at_a_private_address_is_refused_unless_the_host_is_private() {
    for (address, private, fine) in [
        ("127.0.0.1", false, false),
        ("192.168.1.5", false, false),
        ("::1", false, false),
        ("::ffff:10.1.1.1", false, false),
        ("169.254.169.254", true, false),
        ("0.0.0.0", true, false),
        ("127.0.0.1", true, true),
    ] {
        let tracker = Tracker::start().await;
        let host = format!("tracker.test:{}", tracker.port);
        let client = client(
            &format!("[[media-host]]\nhost = {host:?}\nprivate = {private}"),
            &names([("tracker.test", &[&[address]])]),
        );
        let result = get(&client, &format!("http://{host}/file")).await;
        assert_eq!(result.is_ok(), fine, "{address} {result:?}");
        if let Err(failure) = result {
            assert!(matches!(failure, Failure::Refused { .. }) && failure.is_final(), "{failure}");
            assert_eq!(failure.to_string().contains("private = true"), !private, "{failure}");
            assert_eq!(tracker.heads(), Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn of_several_addresses_only_the_allowed_are_tried() {
    let lookup = names([("a.test", &[&["127.0.0.1", "1.1.1.1", "10.0.0.1", "::1", "2606:4700::1"]])]);
    let addresses = async |private| {
        let found = Guarded::new(lookup.clone(), private).resolve("a.test".parse().unwrap()).await.unwrap();
        found.map(|address| address.ip().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(addresses(false).await, ["1.1.1.1", "2606:4700::1"]);
    assert_eq!(addresses(true).await, ["127.0.0.1", "1.1.1.1", "10.0.0.1", "::1", "2606:4700::1"]);
}

#[tokio::test]
async fn names_of_this_machine_itself_are_guarded() {
    let resolve = async |private| Guarded::new(Arc::new(System), private).resolve("localhost".parse().unwrap()).await;
    assert!(resolve(false).await.is_err_and(|error| error.is::<Refused>()));
    let found: Vec<SocketAddr> = resolve(true).await.unwrap().collect();
    assert!(!found.is_empty() && found.iter().all(|address| address.ip().is_loopback()), "{found:?}");
}

#[tokio::test]
async fn a_name_that_moves_to_this_machine_is_refused_from_then_on() {
    // 2d00::/8 belongs to nobody, so nobody is asked.
    let moving = || names([("tracker.test", &[&["2d00::1"], &["127.0.0.1"]])]);
    let guarded = Guarded::new(moving(), false);
    let first = guarded.resolve("tracker.test".parse().unwrap()).await.unwrap();
    assert_eq!(first.collect::<Vec<_>>(), ["[2d00::1]:0".parse::<SocketAddr>().unwrap()]);
    assert!(guarded.resolve("tracker.test".parse().unwrap()).await.is_err());

    let tracker = Tracker::start().await;
    let address = format!("http://tracker.test:{}/file", tracker.port);
    let client = client(&tracker.settings("tracker.test", "timeout = 0.1"), &moving());
    let failure = get(&client, &address).await.unwrap_err();
    assert!(matches!(failure, Failure::Connect { .. } | Failure::Silent { .. }) && !failure.is_final(), "{failure}");
    let failure = get(&client, &address).await.unwrap_err();
    assert_eq!(
        failure,
        Failure::Refused { host: format!("tracker.test:{}", tracker.port), addresses: vec![LOOPBACK], private: true }
    );
    assert_eq!(tracker.heads(), Vec::<String>::new());
}

#[tokio::test]
async fn what_was_checked_is_what_is_connected_to() {
    let tracker = Tracker::start().await;
    let moving = server_of_names([("tracker.test", &[&["127.0.0.1"], &["2d00::1"]])]);
    let lookup: Arc<dyn Lookup> = moving.clone();
    let client = client(&tracker.settings("tracker.test", "private = true"), &lookup);
    let response = file(&client, &format!("http://tracker.test:{}/file", tracker.port)).await;
    assert_eq!(all(response.body).await.unwrap(), b"hello");
    assert_eq!(moving.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_name_that_cannot_be_resolved_may_be_tried_again() {
    let client = client(
        "[[media-host]]\nhost = \"gone.test\"\n[[media-host]]\nhost = \"empty.test\"",
        &names([("empty.test", &[&[]])]),
    );
    for (name, reason) in [("gone.test", "no such name"), ("empty.test", "it has no address")] {
        let failure = get(&client, &format!("https://{name}/x")).await.unwrap_err();
        assert_eq!(failure, Failure::Name { host: name.to_owned(), reason: reason.to_owned() });
        assert!(!failure.is_final());
    }
}

// --- answers ---------------------------------------------------------------------------------------------------------

/// A server that answers by the path, and keeps what it was asked.
struct Tracker {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Tracker {
    async fn start() -> Self {
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let tracker = Self { port: listener.local_addr().unwrap().port(), heads: Arc::default() };
        let heads = tracker.heads.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, heads.clone()));
            }
        });
        tracker
    }

    fn settings(&self, name: &str, rest: &str) -> String {
        format!("[[media-host]]\nhost = \"{name}:{}\"\n{rest}\n", self.port)
    }

    fn url(&self, path: &str) -> String {
        format!("http://tracker.test:{}{path}", self.port)
    }

    /// The requests so far, without the bodies that they do not have.
    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// A client that knows it as `tracker.test`.
    fn client(&self, rest: &str) -> Client {
        client(&self.settings("tracker.test", &format!("private = true\n{rest}")), &here())
    }
}

/// Answers one request after the other. What the client does in the meantime does not matter.
async fn answer(mut stream: TcpStream, heads: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while let Ok(byte) = stream.read_u8().await {
        head.push(byte);
        if head.ends_with(b"\r\n\r\n") {
            let text = String::from_utf8(std::mem::take(&mut head)).unwrap();
            heads.lock().unwrap().push(text.clone());
            if !reply(&mut stream, &text).await.unwrap_or(false) {
                return;
            }
        }
    }
}

/// Answers one request; says whether another may follow.
async fn reply(stream: &mut TcpStream, head: &str) -> io::Result<bool> {
    let path = head.split(' ').nth(1).unwrap();
    if let Some(location) = path.strip_prefix("/to/") {
        stream
            .write_all(format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n").as_bytes())
            .await?;
        return Ok(true);
    }
    let path = path.split('?').next().unwrap();
    let known = head.contains("if-none-match: \"v1\"\r\n") || head.contains("if-modified-since: Tue, 03 Jun 2025");
    let text = match path {
        "/file" if known => "304 Not Modified\r\nETag: \"v1\"\r\n\r\n",
        "/file" if head.contains("range: bytes=1-2\r\n") => {
            "206 Partial Content\r\nContent-Range: bytes 1-2/5\r\nContent-Length: 2\r\n\r\nel"
        }
        "/file" => {
            "200 OK\r\nContent-Type: image/png\r\nETag: \"v1\"\r\nLast-Modified: Tue, 03 Jun 2025 10:00:00 GMT\r\n\
             Accept-Ranges: bytes\r\nSet-Cookie: id=1\r\nContent-Length: 5\r\n\r\nhello"
        }
        "/secret" if head.contains("authorization: Bearer k1tsu\r\n") => "200 OK\r\nContent-Length: 2\r\n\r\nok",
        "/secret" => "401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        "/chunks" => "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        "/part" => "206 Partial Content\r\nContent-Range: bytes 0-1/5\r\nContent-Length: 2\r\n\r\nhe",
        "/unchanged" => "304 Not Modified\r\n\r\n",
        "/packed" => "200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        "/huge" => "200 OK\r\nContent-Length: 99999999999999\r\n\r\n",
        "/nowhere" => "302 Found\r\nContent-Length: 0\r\n\r\n",
        "/broken-target" => "302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n",
        "/busy" => "429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
        "/busy-until-march" => {
            "503 Service Unavailable\r\nDate: Sun, 29 Feb 2032 23:59:50 GMT\r\nRetry-After: Mon, 01 Mar 2032 00:01:00 GMT\r\n\
             Content-Length: 0\r\n\r\n"
        }
        "/busy-until-january" => {
            "503 Service Unavailable\r\nDate: Thu, 31 Dec 2026 23:59:50 GMT\r\nRetry-After: Fri, 01 Jan 2027 00:00:00 GMT\r\n\
             Content-Length: 0\r\n\r\n"
        }
        "/busy-since" => {
            "503 Service Unavailable\r\nDate: Fri, 01 Jan 2027 00:00:00 GMT\r\nRetry-After: Thu, 31 Dec 2026 23:59:59 GMT\r\n\
             Content-Length: 0\r\n\r\n"
        }
        "/busy-for-days" => {
            "503 Service Unavailable\r\nRetry-After: 99999999999999999999999\r\nContent-Length: 0\r\n\r\n"
        }
        "/busy-somehow" => {
            "503 Service Unavailable\r\nRetry-After: Sun, 99 Foo 2032 00:01:00\r\nContent-Length: 0\r\n\r\n"
        }
        _ => return badly(stream, path).await,
    };
    stream.write_all(format!("HTTP/1.1 {text}").as_bytes()).await?;
    Ok(true)
}

/// Answers that end with the connection.
async fn badly(stream: &mut TcpStream, path: &str) -> io::Result<bool> {
    let text = match path.trim_start_matches('/') {
        "half" => "200 OK\r\nContent-Length: 100\r\n\r\nten bytes.",
        "half-chunks" => "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n5\r\nlo",
        "until-the-end" => "200 OK\r\n\r\nhello",
        "endless" => "200 OK\r\n\r\n",
        "stalled" => "200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "gibberish" => "abc",
        "silent" | "closed" => "",
        status if status.parse::<u16>().is_ok() => {
            let html = "<!doctype html><title>no</title>";
            let head = format!(
                "HTTP/1.1 {status} No\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{html}",
                html.len()
            );
            stream.write_all(head.as_bytes()).await?;
            return Ok(true);
        }
        _ => panic!("{path}"),
    };
    if !text.is_empty() {
        stream.write_all(format!("HTTP/1.1 {text}").as_bytes()).await?;
    }
    match path {
        "/endless" => while stream.write_all(&[0; 4096]).await.is_ok() {},
        // Until the client gives up.
        "/silent" | "/stalled" => drop(stream.read_u8().await),
        _ => {}
    }
    Ok(false)
}

#[tokio::test]
async fn a_file_comes_with_what_tells_its_version() {
    let tracker = Tracker::start().await;
    let client = tracker.client("");
    let response = file(&client, &tracker.url("/file")).await;
    assert_eq!((response.status, response.length), (200, Some(5)));
    assert_eq!(response.content_type.as_deref(), Some("image/png"));
    assert_eq!((response.accept_ranges.as_deref(), response.content_range), (Some("bytes"), None));
    assert_eq!(all(response.body).await.unwrap(), b"hello");
    let by_etag = Validators { etag: response.validators.etag.clone(), ..Validators::default() };
    let by_date = Validators { last_modified: response.validators.last_modified, ..Validators::default() };
    for validators in [by_etag, by_date] {
        let again = client.get(&url(&tracker.url("/file")), &validators, None).await.unwrap();
        assert!(matches!(again, Fetched::NotModified));
    }
    for (path, content) in [("/chunks", "hello"), ("/until-the-end", "hello")] {
        let response = file(&client, &tracker.url(path)).await;
        assert_eq!(response.length, None);
        assert_eq!(all(response.body).await.unwrap(), content.as_bytes(), "{path}");
    }
}

#[tokio::test]
async fn a_request_says_who_asks_and_little_else() {
    let tracker = Tracker::start().await;
    let client = tracker.client("");
    for _ in 0..2 {
        let address = tracker.url(&format!("/to/{}", tracker.url("/file#fragment")));
        all(file(&client, &address).await.body).await.unwrap();
    }
    let heads = tracker.heads();
    assert_eq!(heads.len(), 4);
    let port = tracker.port;
    for head in heads {
        let mut lines: Vec<&str> = head.trim_end().lines().collect();
        assert!(
            ["GET /file HTTP/1.1", &format!("GET /to/http://tracker.test:{port}/file HTTP/1.1")]
                .contains(&lines.remove(0))
        );
        lines.sort_unstable();
        let agent = format!("user-agent: watchtower-server/{}", env!("CARGO_PKG_VERSION"));
        assert_eq!(lines, ["accept-encoding: identity", "accept: */*", &format!("host: tracker.test:{port}"), &agent]);
    }
}

#[tokio::test]
async fn a_part_comes_if_it_was_asked_for() {
    let tracker = Tracker::start().await;
    let client = tracker.client("");
    let part = client.get(&url(&tracker.url("/file")), &Validators::default(), Some("bytes=1-2")).await.unwrap();
    let Fetched::Response(part) = part else { panic!("{part:?}") };
    assert_eq!((part.status, part.content_range.as_deref()), (206, Some("bytes 1-2/5")));
    assert_eq!(all(part.body).await.unwrap(), b"el");
    let odd = client.get(&url(&tracker.url("/file")), &Validators::default(), Some("bytes=1-\r\nX: y")).await.unwrap();
    assert!(matches!(odd, Fetched::Response(Response { status: 200, .. })));
    for path in ["/part", "/unchanged"] {
        let failure = get(&client, &tracker.url(path)).await.unwrap_err();
        assert!(matches!(failure, Failure::Status { .. }), "{path}: what was not asked for is no file: {failure}");
    }
}

#[tokio::test]
async fn an_answer_without_the_file_says_whether_to_try_again() {
    let tracker = Tracker::start().await;
    let client = tracker.client("");
    for (status, is_final) in [
        (204, true),
        (300, true),
        (400, true),
        (401, true),
        (403, true),
        (404, true),
        (408, false),
        (410, true),
        (416, true),
        (425, false),
        (429, false),
        (500, false),
        (502, false),
        (503, false),
        (504, false),
    ] {
        let failure = get(&client, &tracker.url(&format!("/{status}"))).await.unwrap_err();
        let Failure::Status { status: got, .. } = &failure else { panic!("{status}: {failure:?}") };
        assert_eq!((got.as_u16(), failure.is_final(), failure.retry_after()), (status, is_final, None), "{failure}");
    }
    for (path, seconds) in [
        ("/busy", Some(7)),
        ("/busy-until-march", Some(70)),
        ("/busy-until-january", Some(10)),
        ("/busy-since", Some(0)),
        ("/busy-for-days", Some(3600)),
        ("/busy-somehow", None),
    ] {
        let failure = get(&client, &tracker.url(path)).await.unwrap_err();
        assert_eq!(failure.retry_after(), seconds.map(Duration::from_secs), "{path}");
        assert!(!failure.is_final(), "{path}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_whole_is_a_failure() {
    let tracker = Tracker::start().await;
    let (patient, hasty) = (tracker.client("max-bytes = 1000000"), tracker.client("timeout = 0.5"));
    let (half, chunks, stalled, endless) =
        (tracker.url("/half"), tracker.url("/half-chunks"), tracker.url("/stalled"), tracker.url("/endless"));
    let waited = Duration::from_millis(500);
    for (client, address, failure, is_final) in [
        (&patient, &half, Failure::Half { url: half.clone(), taken: 10, length: Some(100) }, false),
        (&hasty, &stalled, Failure::Stalled { url: stalled.clone(), taken: 5, waited }, false),
        (&patient, &endless, Failure::TooLarge { url: endless.clone(), max_bytes: 1_000_000 }, true),
    ] {
        let failed = all(file(client, address).await.body).await.unwrap_err();
        assert_eq!((&failed, failed.is_final()), (&failure, is_final));
    }
    let failed = all(file(&patient, &chunks).await.body).await.unwrap_err();
    assert!(matches!(failed, Failure::Half { length: None, .. }), "{failed}");
    for (path, is_final) in
        [("/silent", false), ("/closed", false), ("/gibberish", false), ("/huge", true), ("/packed", true)]
    {
        let client = if path == "/silent" { &hasty } else { &patient };
        let failed = get(client, &tracker.url(path)).await.unwrap_err();
        let expected = match path {
            "/silent" => matches!(failed, Failure::Silent { .. }),
            "/huge" => matches!(failed, Failure::TooLarge { .. }),
            "/packed" => matches!(failed, Failure::Encoded { .. }),
            _ => matches!(failed, Failure::Unreadable { .. }),
        };
        assert!(expected && failed.is_final() == is_final, "{path}: {failed:?}");
    }
}

#[tokio::test]
async fn a_host_that_does_not_listen_may_be_tried_again() {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let host = format!("127.0.0.1:{port}");
    let client = client(&format!("[[media-host]]\nhost = {host:?}\nprivate = true"), &here());
    let failure = get(&client, &format!("http://{host}/x")).await.unwrap_err();
    assert!(matches!(&failure, Failure::Connect { reason, .. } if reason.contains("refused")), "{failure:?}");
    assert!(!failure.is_final());
}

#[tokio::test]
async fn a_host_gets_no_more_requests_at_once_than_it_may() {
    let tracker = Tracker::start().await;
    let client = tracker.client("connections = 1");
    let first = file(&client, &tracker.url("/file")).await;
    let mut second = pin!(get(&client, "http://tracker.test/none"));
    assert!(matches!((&mut second).await, Err(Failure::Unconfigured(_))), "another host does not wait");
    let address = tracker.url("/file");
    let mut second = pin!(get(&client, &address));
    assert!(timeout(Duration::from_millis(50), &mut second).await.is_err());
    drop(first);
    assert!(second.await.is_ok());
    assert_eq!(tracker.heads().len(), 2);
}

// --- redirects -------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_redirect_leads_only_where_the_configuration_does() {
    let tracker = Tracker::start().await;
    let other = Tracker::start().await;
    let text = tracker
        .settings("tracker.test", "private = true\nheaders = { Authorization = \"Bearer ${KITSU_TOKEN}\" }")
        + &other.settings("open.test", "")
        + "[[media-host]]\nhost = \"169.254.169.254\"\nprivate = true";
    let lookup = names([("tracker.test", &[&["127.0.0.1"]]), ("open.test", &[&["127.0.0.1"]])]);
    let client = client(&text, &lookup);
    let port = other.port;
    for (target, why) in [
        (format!("http://127.0.0.1:{port}/file"), "a host that the configuration does not name"),
        (format!("http://localhost:{port}/file"), "a host that the configuration does not name"),
        (format!("//other.test:{port}/file"), "a host that the configuration does not name"),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), "nothing is ever asked there"),
        ("http://2852039166/latest/meta-data/".to_owned(), "nothing is ever asked there"),
        (format!("http://me:hush@tracker.test:{}/file", tracker.port), "a user name or password"),
        ("file:///etc/passwd".to_owned(), "no address of http or https"),
        ("ftp://tracker.test/file".to_owned(), "no address of http or https"),
        ("gopher://tracker.test/file".to_owned(), "no address of http or https"),
    ] {
        let failure = get(&client, &tracker.url(&format!("/to/{target}"))).await.unwrap_err();
        assert!(matches!(failure, Failure::Redirect { .. }) && failure.is_final(), "{target}: {failure:?}");
        assert!(failure.to_string().contains(why), "{target}: {failure}");
    }
    let failure = get(&client, &tracker.url(&format!("/to/http://open.test:{port}/file"))).await.unwrap_err();
    assert!(matches!(failure, Failure::Refused { .. }), "a name is resolved, and its address refused: {failure:?}");
    for path in ["/nowhere", "/broken-target"] {
        let failure = get(&client, &tracker.url(path)).await.unwrap_err();
        assert!(matches!(failure, Failure::NoTarget(_)) && failure.is_final(), "{path}: {failure:?}");
    }
    assert_eq!(other.heads(), Vec::<String>::new());
}

#[tokio::test]
async fn redirects_are_followed_five_times() {
    let tracker = Tracker::start().await;
    let client = tracker.client("");
    let times = |times: usize| tracker.url(&format!("{}/file", "/to/".repeat(times)));
    assert_eq!(all(file(&client, &times(5)).await.body).await.unwrap(), b"hello");
    let failure = get(&client, &times(6)).await.unwrap_err();
    assert!(matches!(failure, Failure::TooManyRedirects(_)) && failure.is_final(), "{failure:?}");
    assert_eq!(tracker.heads().len(), 6 + 6);
}

#[tokio::test]
async fn headers_of_a_host_stay_with_it() {
    let tracker = Tracker::start().await;
    let other = Tracker::start().await;
    let text = tracker
        .settings("tracker.test", "private = true\nheaders = { Authorization = \"Bearer ${KITSU_TOKEN}\" }")
        + &other.settings("other.test", "private = true\nheaders = { X-Other = \"other\" }");
    let client = client(&text, &here());
    let response = file(&client, &tracker.url("/to//secret")).await;
    assert_eq!(all(response.body).await.unwrap(), b"ok", "a redirect to the same host takes its headers along");
    let heads = tracker.heads();
    assert_eq!(heads.len(), 2);
    for head in heads {
        assert!(head.contains("authorization: Bearer k1tsu\r\n") && !head.contains("x-other"), "{head}");
    }
    // Nobody else has a host asked with what only this server has for it, be it by way of a third.
    let there = format!("http://other.test:{}/to/{}", other.port, tracker.url("/secret"));
    let failure = get(&client, &tracker.url(&format!("/to/{there}"))).await.unwrap_err();
    assert!(failure.is_final() && failure.to_string().contains("401"), "{failure}");
    assert!(!tracker.heads()[3].contains("authorization"), "{:?}", tracker.heads());
    let heads = other.heads();
    assert_eq!(heads.len(), 1);
    for secret in ["x-other", "k1tsu", "authorization", "referer"] {
        assert!(!heads[0].contains(secret), "{heads:?}");
    }
    let failure = get(&client, &format!("http://other.test:{}/secret", other.port)).await.unwrap_err();
    assert!(failure.is_final() && failure.to_string().contains("401"), "{failure}");
}

// --- what needs a process of its own ---------------------------------------------------------------------------------

/// Runs a test of this file by itself, with variables of the environment.
async fn run_alone(test: &str, variables: &BTreeMap<&str, String>) {
    let (_, module) = module_path!().split_once("::").unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    let output = command.args(["--exact", &format!("{module}::{test}")]).envs(variables).output().await.unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
}

#[tokio::test]
async fn no_proxy_of_the_environment_is_used() {
    let proxy = Tracker::start().await;
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let names = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let variables = names.into_iter().map(|name| (name, address.clone())).collect();
    run_alone("a_file_comes_with_what_tells_its_version", &variables).await;
    assert_eq!(proxy.heads(), Vec::<String>::new());
}

#[tokio::test]
async fn a_machine_that_trusts_no_certificate_still_fetches_without_encryption() {
    let nowhere = env!("CARGO_TARGET_TMPDIR").to_owned() + "/no-such-folder";
    let variables = BTreeMap::from([("SSL_CERT_FILE", nowhere.clone()), ("SSL_CERT_DIR", nowhere)]);
    run_alone("a_file_comes_with_what_tells_its_version", &variables).await;
}

/// A certificate of `tracker.test` that nobody but itself vouches for, until 2120. Its key is for nothing but these tests.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBZjCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAx0cmFja2Vy
LnRlc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBcxFTATBgNV
BAMMDHRyYWNrZXIudGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABObzH28W
zvY+CPoMjH3SkJL/wIbylFmNeXNOxdalTK2MgAQnuvqSJWXhaIhoaCHF1dhWH/kO
fzHTPQ1QT0cuaRKjSDBGMBcGA1UdEQQQMA6CDHRyYWNrZXIudGVzdDAMBgNVHRMB
Af8EAjAAMB0GA1UdDgQWBBRqNqdp8HrNsHrXAMZs3V65bSbvgDAKBggqhkjOPQQD
AgNHADBEAiAkknygJeiw4Sgy5UQ0QQfKjdkKhRexEUfQ7h+z4j+nIwIgOy99YXIm
TwQjix1uYh2fWkYzRM1/Qup4I8qLtmO+3sw=
-----END CERTIFICATE-----
";
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgURzqFgdA5hS67jJ/
KbKuZtIX7ID7xhjr4jh/asgQwDahRANCAATm8x9vFs72Pgj6DIx90pCS/8CG8pRZ
jXlzTsXWpUytjIAEJ7r6kiVl4WiIaGghxdXYVh/5Dn8x0z0NUE9HLmkS
-----END PRIVATE KEY-----
";

/// Serves over TLS, each connection one answer; says how many requests came through.
fn serve_encrypted() -> (u16, Arc<AtomicUsize>) {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![certificate], key).unwrap());
    let listener = StdListener::bind((LOOPBACK, 0)).unwrap();
    let (port, requests) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let count = requests.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let mut head = [0; 4096];
            let Ok(length) = stream.read(&mut head) else { continue };
            count.fetch_add(1, Ordering::SeqCst);
            let down = head[..length].starts_with(b"GET /down ");
            let status = if down { "302 Found\r\nLocation: http://tracker.test/file?token=hush" } else { "200 OK" };
            let answer = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
            stream.write_all(answer.as_bytes()).unwrap();
            stream.conn.send_close_notify();
            stream.flush().unwrap();
        }
    });
    (port, requests)
}

const TRUSTED: &str = "WATCHTOWER_TEST_TRUSTED";

#[tokio::test]
async fn a_certificate_is_trusted_if_the_machine_trusts_it() {
    let (port, requests) = serve_encrypted();
    let text = format!(
        "[[media-host]]\nhost = \"tracker.test:{port}\"\nprivate = true\n[[media-host]]\nhost = \"tracker.test\""
    );
    let client = client(&text, &here());
    let address = format!("https://tracker.test:{port}");
    if env::var_os(TRUSTED).is_some() {
        assert_eq!(all(file(&client, &format!("{address}/file")).await.body).await.unwrap(), b"ok");
        let failure = get(&client, &format!("{address}/down")).await.unwrap_err();
        let why = Box::new(Failure::Downgrade("http://tracker.test/file?token=…".to_owned()));
        assert_eq!(failure, Failure::Redirect { from: format!("{address}/down"), why });
        return;
    }
    let failure = get(&client, &format!("{address}/file")).await.unwrap_err();
    assert!(matches!(failure, Failure::Certificate { .. }) && failure.is_final(), "{failure:?}");
    assert_eq!(requests.load(Ordering::SeqCst), 0);

    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fetch-client-{port}.pem"));
    fs::write(&path, CERTIFICATE).unwrap();
    let variables = BTreeMap::from([("SSL_CERT_FILE", path.display().to_string()), (TRUSTED, "1".to_owned())]);
    run_alone("a_certificate_is_trusted_if_the_machine_trusts_it", &variables).await;
    fs::remove_file(&path).unwrap();
}

// --- URLs and times --------------------------------------------------------------------------------------------------

#[test]
fn what_is_secret_in_a_url_is_not_shown() {
    for (text, expected) in [
        ("https://a.test/x.png?v=3", "https://a.test/x.png?v=3"),
        ("https://me:hush@a.test/x#hush", "https://a.test/x"),
        ("https://a.test/x?", "https://a.test/x"),
        (
            "https://a.test/x?X-Amz-Date=1&X-Amz-Signature=hush&X-Amz-Credential=hush&X-Amz-Security-Token=hush&n=2",
            "https://a.test/x?X-Amz-Date=1&X-Amz-Signature=…&X-Amz-Credential=…&X-Amz-Security-Token=…&n=2",
        ),
        ("https://a.test/x?sv=1&sig=hush", "https://a.test/x?sv=1&sig=…"),
        ("https://a.test/x?Signature=hush&Policy=hush", "https://a.test/x?Signature=…&Policy=…"),
        ("https://a.test/x?to%6ben=hush", "https://a.test/x?to%6ben=…"),
        ("https://a.test/x?apiKey=hush&username=u&design=1", "https://a.test/x?apiKey=…&username=u&design=1"),
        ("https://a.test/x?a=1;token=hush", "https://a.test/x?a=…"),
        ("https://a.test/x?u=http%3A%2F%2Fb%2F%3Fsig%3Dhush", "https://a.test/x?u=…"),
        ("https://a.test/x?hushhushhushhushhushhushhushhushhushhushhush", "https://a.test/x?…"),
        ("https://a.test/x?q=hushhushhushhushhushhushhushhushhushhushhush", "https://a.test/x?q=…"),
    ] {
        assert_eq!(shown(&url(text)), expected, "{text}");
    }
}

#[tokio::test]
async fn no_failure_shows_what_is_secret_in_a_url() {
    let tracker = Tracker::start().await;
    let client = tracker.client("timeout = 0.5\nmax-bytes = 100");
    let mut failures = Vec::new();
    for path in ["/404", "/500", "/closed", "/silent", "/huge", "/packed", "/nowhere", "/gibberish"] {
        failures.push(get(&client, &tracker.url(&format!("{path}?sig=hush#hush"))).await.unwrap_err());
    }
    for path in ["/half", "/stalled", "/endless"] {
        let response = file(&client, &tracker.url(&format!("{path}?token=hush"))).await;
        failures.push(all(response.body).await.unwrap_err());
    }
    for text in ["http://none.test/?token=hush", "http://u:hush@tracker.test/", "ftp://tracker.test/?key=hush"] {
        failures.push(get(&client, text).await.unwrap_err());
    }
    for failure in failures {
        let said = format!("{failure} {failure:?}");
        assert!(!said.contains("hush"), "{said}");
    }
}

#[test]
fn a_file_whose_url_was_signed_anew_is_the_same_file() {
    for (first, second) in [
        (
            "https://b.s3.amazonaws.com/x.mov?versionId=3&X-Amz-Algorithm=A&X-Amz-Credential=C&X-Amz-Date=1&X-Amz-Expires=9&X-Amz-SignedHeaders=host&X-Amz-Signature=1",
            "https://b.s3.amazonaws.com/x.mov?versionId=3&X-Amz-Algorithm=A&X-Amz-Credential=D&X-Amz-Date=2&X-Amz-Expires=9&X-Amz-SignedHeaders=host&X-Amz-Signature=2&x-amz-security-token=t",
        ),
        (
            "https://a.test/x?AWSAccessKeyId=a&Expires=1&Signature=b",
            "https://a.test/x?AWSAccessKeyId=c&Expires=2&Signature=d#f",
        ),
        ("https://a.test/x?X-Goog-Date=1&X-Goog-Signature=2", "https://a.test/x"),
        ("https://a.test/x?Policy=1&Signature=2&Key-Pair-Id=3", "https://a.test/x?Policy=4&Signature=5&Key-Pair-Id=6"),
        (
            "https://s.blob.core.windows.net/c/x?sv=1&st=2&se=3&sr=b&sp=r&skoid=4&sig=5&snapshot=6",
            "https://s.blob.core.windows.net/c/x?snapshot=6",
        ),
        ("https://A.test:443/x", "https://a.test/x?#"),
    ] {
        assert_eq!(identity(&url(first)), identity(&url(second)));
    }
    for (first, second) in [
        ("https://a.test/x?sv=1&se=2", "https://a.test/x?sv=1&se=3"),
        ("https://a.test/x?id=1&Expires=2", "https://a.test/x?id=2&Expires=2"),
        ("https://a.test/x", "https://a.test/X"),
        ("https://a.test/x", "http://a.test/x"),
        ("https://a.test/x?versionId=1", "https://a.test/x?versionId=2"),
        ("https://a.test/x?a=%26b", "https://a.test/x?a&b"),
    ] {
        assert_ne!(identity(&url(first)), identity(&url(second)));
    }
    assert_eq!(identity(&url("https://a.test/x?b=1&Expires=2&a=%20")), "https://a.test/x?b=1&a=%20");
}

#[test]
fn attempts_back_off_to_ten_minutes() {
    let seconds = [0, 1, 2, 3, 8, 9, 10, 62, 63, 64, u32::MAX].map(|attempts| back_off(attempts).as_secs());
    assert_eq!(seconds, [2, 2, 4, 8, 256, 512, 600, 600, 600, 600, 600]);
}
