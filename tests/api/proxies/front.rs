//! A real proxy in front of a server, with the configuration of docs/proxies.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::outside::tool;

/// A proxy program.
pub struct Kind {
    /// The variable with its path.
    variable: &'static str,
    /// What it says when it listens.
    ready: &'static str,
    /// The configuration of the documents, for these addresses, and what the test needs around it.
    configuration: fn(&str, Places) -> String,
    arguments: &'static [&'static str],
    /// The signal by which it ends at once, and takes its workers along.
    end: &'static str,
}

/// What a configuration is made for.
pub struct Places<'a> {
    folder: &'a Path,
    front: SocketAddr,
    server: SocketAddr,
}

pub static NGINX: Kind = Kind {
    variable: "WATCHTOWER_TEST_NGINX",
    ready: "start worker process",
    configuration: nginx,
    arguments: &["-c"],
    end: "TERM",
};

pub static CADDY: Kind = Kind {
    variable: "WATCHTOWER_TEST_CADDY",
    ready: "serving initial configuration",
    configuration: caddy,
    arguments: &["run", "--adapter", "caddyfile", "--config"],
    // It has no workers, and at any other signal it would wait for the end of streams, as long as the document lets it.
    end: "KILL",
};

impl Kind {
    fn document(&self) -> String {
        let name = if self.variable == NGINX.variable { "nginx.conf" } else { "Caddyfile" };
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/proxies").join(name)).unwrap()
    }
}

/// A proxy that runs until this goes away.
pub struct Front {
    pub address: SocketAddr,
    child: Child,
    end: &'static str,
    _folder: TempDir,
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-s", self.end, &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

impl Front {
    /// Starts a proxy in front of a server; `None` if the program is not here.
    pub async fn start(kind: &'static Kind, server: SocketAddr) -> Option<Self> {
        let program = tool(kind.variable)?;
        let start = move || {
            let mut said = String::new();
            // Another program may take the port in the moment between its being found free and its being taken.
            for _ in 0..5 {
                match Self::try_start(kind, &program, server) {
                    Ok(front) => return front,
                    Err(error) => said = error,
                }
            }
            panic!("the proxy does not start: {said}");
        };
        Some(tokio::task::spawn_blocking(start).await.unwrap())
    }

    fn try_start(kind: &Kind, program: &Path, server: SocketAddr) -> Result<Self, String> {
        let folder = TempDir::new().unwrap();
        let front = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let file = folder.path().join("configuration");
        let places = Places { folder: folder.path(), front, server };
        fs::write(&file, (kind.configuration)(&kind.document(), places)).unwrap();
        let mut command = Command::new(program);
        command.args(kind.arguments).arg(&file).env("HOME", folder.path()).env("XDG_DATA_HOME", folder.path());
        command.env("XDG_CONFIG_HOME", folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let proxy = Self { address: front, child, end: kind.end, _folder: folder };
        let mut said = Vec::new();
        for line in lines.by_ref() {
            let line = line.unwrap();
            if line.contains(kind.ready) {
                // What it says later must go somewhere, or it would wait for ever.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(proxy);
            }
            said.push(line);
        }
        Err(said.join("\n"))
    }

    /// The full address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// The text with one thing in it replaced, which must be there.
fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the document has no {from:?}");
    text.replace(from, to)
}

/// Without TLS, on other ports, and with every file in the test's folder.
fn nginx(document: &str, Places { folder, front, server }: Places) -> String {
    let folder = folder.display();
    let inner = with(document, "listen 443 ssl http2;", &format!("listen {front};"));
    let inner = with(&inner, "server 127.0.0.1:8080;", &format!("server {server};"));
    let inner: Vec<&str> = inner.lines().filter(|line| !line.trim_start().starts_with("ssl_")).collect();
    let inner = inner.join("\n");
    format!(
        "daemon off; worker_processes 1; pid {folder}/pid; error_log stderr notice;
        events {{ worker_connections 128; }}
        http {{
            access_log off;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
            uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
            {inner}
        }}"
    )
}

/// Without certificates, on other ports.
fn caddy(document: &str, Places { front, server, .. }: Places) -> String {
    let inner = with(document, "watchtower.example.com {", &format!("http://{front} {{\n\tbind 127.0.0.1"));
    let inner = with(&inner, "reverse_proxy 127.0.0.1:8080 {", &format!("reverse_proxy {server} {{"));
    with(&inner, "\tgrace_period 10s", "\tgrace_period 10s\n\tadmin off\n\tauto_https off")
}
