//! Headers as they may be stored and shown.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::{scheme::Scheme, secret::Key};

/// What stands for a value that is not shown.
const SECRET: &str = "(secret)";

/// Parts of the names of headers that have something to hide. Deliveries of another source come here too, by a wrong address.
const TELLING: [&str; 12] = [
    "api-key",
    "apikey",
    "auth",
    "cookie",
    "credential",
    "hmac",
    "jwt",
    "passw",
    "secret",
    "session",
    "signature",
    "token",
];

/// All headers in their order, without what is secret.
pub fn redacted(headers: &HeaderMap, scheme: &Scheme, keys: &[Key]) -> Vec<(String, String)> {
    let own = scheme.secret_headers();
    let is_secret = |name: &HeaderName, value: &HeaderValue| {
        own.contains(&name)
            || is_telling(name)
            || value.is_sensitive()
            || keys.iter().any(|key| is_in(&key.written, value.as_bytes()))
    };
    // Names come in lower case, whatever was sent.
    let names: Vec<String> = keys.iter().map(|key| key.written.to_ascii_lowercase()).collect();
    let is_secret_name = |name: &HeaderName| names.iter().any(|key| is_in(key, name.as_str().as_bytes()));
    let one = |(name, value): (&HeaderName, &HeaderValue)| {
        if is_secret_name(name) {
            return (SECRET.to_owned(), SECRET.to_owned());
        }
        let value = if is_secret(name, value) { SECRET.to_owned() } else { text(value) };
        (name.as_str().to_owned(), value)
    };
    headers.iter().map(one).collect()
}

/// Whether the name of a header says that its value is secret.
pub fn is_telling(name: &HeaderName) -> bool {
    TELLING.iter().any(|part| name.as_str().contains(part))
}

/// Whether a sender put the secret here, where nobody looks for it.
fn is_in(secret: &str, text: &[u8]) -> bool {
    text.windows(secret.len().max(1)).any(|bytes| bytes == secret.as_bytes())
}

fn text(value: &HeaderValue) -> String {
    value.to_str().map_or_else(|_| value.as_bytes().escape_ascii().to_string(), str::to_owned)
}
