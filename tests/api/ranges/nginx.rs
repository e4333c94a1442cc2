//! A real nginx on a folder, to compare with.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::outside::tool;

/// An nginx that runs until this goes away.
pub struct Nginx {
    port: u16,
    child: Child,
    _folder: TempDir,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // One process (`master_process off`), so nothing is left behind. Is it gone by itself, the test says so.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Nginx {
    /// Serves a folder; `None` if there is no nginx here.
    pub fn start(root: &Path) -> Option<Self> {
        let program = tool("WATCHTOWER_TEST_NGINX")?;
        let mut said = String::new();
        // Another program may take the port in the moment between its being found free and its being taken.
        for _ in 0..5 {
            match Self::try_start(&program, root) {
                Ok(nginx) => return Some(nginx),
                Err(error) => said = error,
            }
        }
        panic!("nginx does not start: {said}");
    }

    fn try_start(program: &Path, root: &Path) -> Result<Self, String> {
        let folder = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = folder.path().join("nginx.conf");
        fs::write(&config, configuration(folder.path(), root, port)).unwrap();
        let mut command = Command::new(program);
        command.arg("-p").arg(folder.path()).arg("-c").arg(&config).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let nginx = Self { port, child, _folder: folder };
        let mut said = Vec::new();
        for line in lines.by_ref() {
            let line = line.unwrap();
            // It names its version once it listens.
            if line.contains("[notice]") && line.contains("nginx/") {
                // What it says later must go somewhere, or it would wait for ever.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(nginx);
            }
            said.push(line);
        }
        Err(said.join("\n"))
    }

    /// The full address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

fn configuration(folder: &Path, root: &Path, port: u16) -> String {
    let (folder, root) = (folder.display(), root.display());
    format!(
        "daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log stderr notice;
        events {{ worker_connections 128; }}
        http {{
            access_log off;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
            uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
            types {{
                video/mp4 mp4; video/webm webm; image/png png; image/jpeg jpg; image/webp webp; image/gif gif;
                application/json json;
            }}
            default_type application/octet-stream;
            # As RFC 9110 §13.1.3 has it; by itself nginx takes the very date only.
            if_modified_since before;
            server {{ listen 127.0.0.1:{port}; root {root}; }}
        }}"
    )
}
