//! TLS by a certificate on disk.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use rcgen::generate_simple_self_signed;
use reqwest::{Certificate, tls::Version};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::TlsConnector;
use watchtower_server::listen::tls::{Tls, reload};

use super::{GET, rest, sent};
use crate::{
    crash::process::{Process, command},
    support::TestServer,
};

/// The files of a certificate and its key.
pub struct Files {
    folder: TempDir,
}

impl Files {
    pub fn new() -> Self {
        let files = Self { folder: TempDir::new().unwrap() };
        files.renew();
        files
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    pub fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// Puts others in their place.
    pub fn renew(&self) {
        let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(self.certificate(), made.cert.pem()).unwrap();
        fs::write(self.key(), made.signing_key.serialize_pem()).unwrap();
    }

    fn tls(&self) -> Arc<Tls> {
        Tls::load(&self.certificate(), &self.key()).unwrap()
    }

    /// A client that trusts this certificate alone, and speaks this version.
    pub fn client(&self, version: Version) -> reqwest::Client {
        watchtower_server::fetch::client::use_ring();
        let certificate = Certificate::from_pem(&fs::read(self.certificate()).unwrap()).unwrap();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([certificate]);
        client.tls_version_min(version).tls_version_max(version).build().unwrap()
    }
}

async fn server(files: &Files, head: Duration) -> (TestServer, Arc<Tls>) {
    let tls = files.tls();
    let of_site = tls.clone();
    let server = TestServer::start_with(|options| {
        options.sites[0].tls = Some(of_site);
        options.limits.head = head;
    });
    (server.await, tls)
}

fn url(server: &TestServer) -> String {
    format!("https://localhost:{}/healthz", server.address.port())
}

const USUAL: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_site_with_a_certificate_is_served_by_tls_and_says_that_it_always_is() {
    let files = Files::new();
    let (server, _) = server(&files, USUAL).await;
    for version in [Version::TLS_1_2, Version::TLS_1_3] {
        let answer = files.client(version).get(url(&server)).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_11));
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=604800");
    }
    let plain = TestServer::start().await;
    assert_eq!(plain.get("/healthz").await.expect(200).header("strict-transport-security"), "");
}

#[tokio::test]
async fn it_speaks_http_1_1_and_closes_in_order() {
    let files = Files::new();
    let (server, _) = server(&files, USUAL).await;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(files.certificate()).unwrap()).unwrap();
    watchtower_server::fetch::client::use_ring();
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    // Without a word of farewell this would be an error.
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_handshake_that_does_not_come_to_its_end_is_cut() {
    let files = Files::new();
    let (server, _) = server(&files, Duration::from_millis(300)).await;
    for begun in ["", "\u{16}\u{3}\u{1}", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}"] {
        let mut stream = sent(&server, begun).await;
        assert_eq!(rest(&mut stream).await, "", "after {begun:?}");
    }
    assert_eq!(files.client(Version::TLS_1_3).get(url(&server)).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn who_speaks_plain_http_is_told() {
    let files = Files::new();
    let (server, _) = server(&files, USUAL).await;
    let answer = rest(&mut sent(&server, GET).await).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 ") && body.contains("https://"), "{answer}");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{answer}");
}

#[tokio::test]
async fn a_renewed_certificate_is_read_again_and_a_broken_one_is_not_taken() {
    let files = Files::new();
    let (server, tls) = server(&files, USUAL).await;
    let old = files.client(Version::TLS_1_3);
    assert_eq!(old.get(url(&server)).send().await.unwrap().status(), 200);
    files.renew();
    let new = files.client(Version::TLS_1_3);
    assert!(new.get(url(&server)).send().await.is_err());
    tls.reload().unwrap();
    assert_eq!(new.get(url(&server)).send().await.unwrap().status(), 200);
    // A connection of before goes on.
    assert_eq!(old.get(url(&server)).send().await.unwrap().status(), 200);
    let again = files.client(Version::TLS_1_2);
    fs::write(files.certificate(), "").unwrap();
    tls.reload().unwrap_err();
    let words = reload(&[tls]);
    assert!(words.len() == 1 && words[0].contains("certificate.pem"), "{words:?}");
    assert_eq!(again.get(url(&server)).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn what_is_wrong_with_the_files_is_said_at_start() {
    let (files, others) = (Files::new(), Files::new());
    let (certificate, key) = (files.certificate(), files.key());
    let written = |name: &str, text: &str| {
        let path = files.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let text = fs::read_to_string(&key).unwrap();
    let sealed = written("sealed.pem", &text.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"));
    let torn = written("torn.pem", &text[..text.len() / 2]);
    let spoilt = written("spoilt.pem", &text.replacen("\nM", "\n!", 1));
    let absent = files.folder.path().join("absent.pem");
    for (certificate, key, words) in [
        (Some(&absent), Some(&key), &["certificate", "absent.pem", "No such file"][..]),
        (Some(&certificate), Some(&absent), &["key", "absent.pem", "No such file"]),
        (Some(&key), Some(&key), &["certificate", "key.pem", "no certificate in it"]),
        (Some(&certificate), Some(&certificate), &["key", "certificate.pem", "no key in it"]),
        (Some(&certificate), Some(&sealed), &["sealed.pem", "encrypted"]),
        (Some(&certificate), Some(&torn), &["torn.pem", "END is missing"]),
        (Some(&certificate), Some(&spoilt), &["spoilt.pem", "base64"]),
        (Some(&certificate), Some(&others.key()), &["certificate.pem", "key.pem", "keys may not be consistent"]),
        (Some(&certificate), None, &["tls-key", "one is missing"]),
        (None, Some(&key), &["tls-cert", "one is missing"]),
    ] {
        let temp = TempDir::new().unwrap();
        let mut command = command(&temp.path().join("data"));
        for (option, file) in [("--tls-cert", certificate), ("--tls-key", key)] {
            if let Some(file) = file {
                command.arg(option).arg(file);
            }
        }
        let output = command.output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{words:?}");
        assert!(words.iter().all(|word| said.contains(word)), "{words:?} in {said}");
        let secret = text.lines().nth(1).unwrap();
        assert!(!said.contains(&secret[..16]), "{said}");
    }
}

#[tokio::test]
async fn the_command_serves_by_tls_and_asks_itself_by_it() {
    let (files, temp) = (Files::new(), TempDir::new().unwrap());
    let mut command = command(&temp.path().join("data"));
    command.arg("--tls-cert").arg(files.certificate()).arg("--tls-key").arg(files.key());
    let process = Process::of(command).await;
    let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_watchtower-server"));
    check.arg("healthcheck").arg("--listen").arg(process.address.to_string());
    assert!(!check.output().unwrap().status.success(), "it is not asked by http");
    assert!(check.arg("--tls-cert").arg(files.certificate()).output().unwrap().status.success());
    process.terminate().await;
}
