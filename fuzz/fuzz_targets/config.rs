//! Any text is a configuration, or refused with the line; and what is taken has settings that can be used.

#![no_main]

use std::{cell::OnceCell, fs, path::Path};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::{Corpus, fuzz_target};
use tempfile::TempDir;
use watchtower_server::{config::Settings, fetch::host::Hosts};

thread_local! {
    static FOLDER: OnceCell<TempDir> = const { OnceCell::new() };
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else { return Corpus::Reject };
    // It would be read, whatever file it names.
    if text.contains("filter-file") {
        return Corpus::Reject;
    }
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| TempDir::new().unwrap_or_else(|error| panic!("{error}")));
        try_out(folder.path(), text);
    });
    Corpus::Keep
});

fn try_out(folder: &Path, text: &str) {
    let path = folder.join("watchtower.toml");
    if let Err(error) = fs::write(&path, text) {
        panic!("{error}");
    }
    let settings = match Settings::default().or_from(Some(&path)) {
        Ok(settings) => settings,
        Err(refused) => return assert!(format!("{refused:#}").contains("watchtower.toml"), "{refused:#}"),
    };
    let _ = settings.sites();
    let _ = settings.options(Vec::new());
    let _ = Hosts::with_variables(&settings.media_host, |name| Some(name.to_owned()));
    for source in &settings.webhook {
        match source.source(folder) {
            Ok(source) => {
                let mut headers = HeaderMap::new();
                headers.insert(HeaderName::from_static("x-signature"), HeaderValue::from_static("sha256=00"));
                let verified = source.verifier().verify(&headers, b"{}", 0);
                assert!(verified.is_err() || source.verifier().is_open(), "{verified:?}");
                let _ = source.verifier().redacted(&headers);
            }
            Err(refused) => assert!(refused.to_string().contains("source"), "{refused}"),
        }
    }
}
