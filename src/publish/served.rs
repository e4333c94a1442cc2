//! What is served: a map from path to bytes and validators, replaced as a whole.

use std::{
    collections::HashMap,
    io::Write,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

use crate::{layout::TreeFile, model::represent::etag_of};

/// Bodies shorter than this many bytes are not worth compressing.
const WORTH_COMPRESSING: usize = 1024;

/// A body with its validator, and its compressed form once somebody asked for it.
#[derive(Debug)]
pub struct Body {
    identity: Bytes,
    etag: String,
    gzip: OnceLock<Bytes>,
}

impl Body {
    fn new(identity: Bytes) -> Self {
        let etag = etag_of(&identity);
        Self { identity, etag, gzip: OnceLock::new() }
    }

    /// The bytes as they are.
    #[must_use]
    pub fn identity(&self) -> &Bytes {
        &self.identity
    }

    /// Whether these are its bytes.
    pub(super) fn is(&self, bytes: &Bytes) -> bool {
        // Mostly they are the very same, and need not be looked at.
        self.identity.len() == bytes.len() && (self.identity.as_ptr() == bytes.as_ptr() || self.identity == bytes)
    }

    /// The strong entity tag of the bytes as they are, quoted.
    #[must_use]
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// The bytes compressed with gzip, if that is worth it; made when first asked for, which takes a while.
    pub fn gzip(&self) -> Option<&Bytes> {
        (self.identity.len() >= WORTH_COMPRESSING).then(|| self.gzip.get_or_init(|| compress(&self.identity)))
    }

    /// Whether the compressed form has been made, so that [`Body::gzip`] is quick.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        self.gzip.get().is_some() || self.identity.len() < WORTH_COMPRESSING
    }
}

fn compress(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::new(4));
    // Writing into memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default().into()
}

/// The JSON files of a site by path below its root. Other files are served from disk.
#[derive(Debug, Default)]
pub struct Served {
    bodies: HashMap<String, Arc<Body>>,
}

impl Served {
    /// The body at a path.
    #[must_use]
    pub fn body(&self, path: &str) -> Option<&Arc<Body>> {
        self.bodies.get(path)
    }

    /// The same with these files; bodies that did not change, or that another layout has as well, are shared.
    #[must_use]
    pub fn with(&self, files: &[TreeFile], other: Option<&Self>) -> Self {
        let mut bodies = self.bodies.clone();
        for file in files.iter().filter(|file| file.is_json()) {
            let equal = |served: &Self| served.body(&file.path).filter(|body| body.is(&file.body)).cloned();
            let body = equal(self).or_else(|| equal(other?));
            bodies.insert(file.path.clone(), body.unwrap_or_else(|| Arc::new(Body::new(file.body.clone()))));
        }
        Self { bodies }
    }

    /// The same without some paths, if there are any such.
    #[must_use]
    pub fn without(&self, is_old: impl Fn(&str) -> bool) -> Option<Self> {
        let any = self.bodies.keys().any(|path| is_old(path));
        any.then(|| {
            let kept = self.bodies.iter().filter(|(path, _)| !is_old(path));
            Self { bodies: kept.map(|(path, body)| (path.clone(), body.clone())).collect() }
        })
    }
}
