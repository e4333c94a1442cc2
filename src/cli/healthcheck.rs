//! `healthcheck`.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use anyhow::Context;
use clap::Args;

use crate::config::LISTEN;

/// Arguments of `healthcheck`.
#[derive(Debug, Args)]
pub struct Healthcheck {
    /// Address that the server listens on; of several, the first is asked
    #[arg(long, env = "WATCHTOWER_LISTEN", default_value = LISTEN, value_name = "ADDRESS", value_delimiter = ',')]
    listen: Vec<SocketAddr>,
    /// Its certificate, if it serves by TLS
    #[arg(long, env = "WATCHTOWER_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
}

impl Healthcheck {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        // A server that listens on all addresses is asked on loopback.
        let listen = self.listen.first().copied().context("no address to ask")?;
        let host = match listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        let address = SocketAddr::new(host, listen.port());
        let scheme = if self.tls_cert.is_some() { "https" } else { "http" };
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            // It is made out to a name, and asked here by an address. Nothing secret is said.
            .tls_danger_accept_invalid_certs(true)
            .timeout(std::time::Duration::from_secs(5))
            .build()?;
        let response = client.get(format!("{scheme}://{address}/readyz")).send().await?;
        let status = response.status();
        anyhow::ensure!(
            status.is_success(),
            "the server on {address} is not ready: {status} {}",
            response.text().await?
        );
        Ok(())
    }
}
