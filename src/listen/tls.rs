//! TLS by a certificate and a key on disk, which may be replaced while the server runs.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};

/// What is wrong with a certificate or its key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read as what it is to be.
    #[error("the {what} {}: {why}", path.display())]
    File {
        /// What it is to be.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it cannot.
        why: String,
    },
    /// The two do not go together, or cannot be used.
    #[error("the certificate {} with the key {}: {source}", certificate.display(), key.display())]
    Pair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why not.
        source: rustls::Error,
    },
}

/// The certificate of a site.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    config: ArcSwap<ServerConfig>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tls").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads a certificate, with those that it is issued by, and its key: both PEM.
    pub fn load(certificate: &Path, key: &Path) -> Result<Arc<Self>, Error> {
        let config = ArcSwap::new(read(certificate, key)?);
        Ok(Arc::new(Self { certificate: certificate.to_owned(), key: key.to_owned(), config }))
    }

    /// Reads both again, for the connections to come. If something is wrong with them, those of before stay.
    pub fn reload(&self) -> Result<(), Error> {
        self.config.store(read(&self.certificate, &self.key)?);
        Ok(())
    }

    /// What a new connection is shaken hands with.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }
}

/// Reads all certificates again, and says in the log what became of it; gives the same in words, none if there are none.
pub fn reload(certificates: &[Arc<Tls>]) -> Vec<String> {
    let (mut renewed, mut words) = (0, Vec::new());
    for tls in certificates {
        match tls.reload() {
            Ok(()) => {
                tracing::info!(certificate = %tls.certificate.display(), "the certificate was read again");
                renewed += 1;
            }
            Err(error) => {
                tracing::error!(%error, "the certificate stays the one of before");
                words.push(format!("a certificate stays the one of before: {error}"));
            }
        }
    }
    match renewed {
        0 => {}
        1 => words.push("1 certificate was read again".to_owned()),
        _ => words.push(format!("{renewed} certificates were read again")),
    }
    words
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, Error> {
    let pair = |source| Error::Pair { certificate: certificate.to_owned(), key: key.to_owned(), source };
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(pair)?.with_no_client_auth();
    let mut config = builder.with_single_cert(chain(certificate)?, private_key(key)?).map_err(pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let failed = |why: String| Error::File { what: "certificate", path: path.to_owned(), why };
    let read = |error: pem::Error| failed(in_words(&error));
    let all = CertificateDer::pem_file_iter(path).map_err(read)?.collect::<Result<Vec<_>, _>>().map_err(read)?;
    if all.is_empty() {
        return Err(failed("there is no certificate in it (-----BEGIN CERTIFICATE-----)".to_owned()));
    }
    Ok(all)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let failed = |why: String| Error::File { what: "key", path: path.to_owned(), why };
    PrivateKeyDer::from_pem_file(path).map_err(|error| {
        failed(match error {
            pem::Error::NoItemsFound => {
                "there is no key in it that could be used (-----BEGIN PRIVATE KEY-----); one that is encrypted cannot"
                    .to_owned()
            }
            error => in_words(&error),
        })
    })
}

/// The error without the text of the file, which may be a key.
fn in_words(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::Base64Decode(_) => "it is not PEM: what is between BEGIN and END is not base64".to_owned(),
        pem::Error::MissingSectionEnd { .. } => "it is not PEM: its END is missing".to_owned(),
        pem::Error::IllegalSectionStart { .. } => "it is not PEM: a line with BEGIN is wrong".to_owned(),
        _ => "it is not PEM".to_owned(),
    }
}
