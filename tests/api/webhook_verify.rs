//! Verifying deliveries: what known senders sign, what is refused and with which words, and what nobody is told.
//!
//! The signatures that are written out here are published, or were made with Python's `hmac`.

mod properties;
mod refusals;
mod secrecy;
mod senders;
mod settings;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use watchtower_server::webhook::verify::{Settings, Verifier};

const FLOW_SECRET: &str = "k3y-0f-the-5tudio!";
const GITHUB_SECRET: &str = "It's a Secret to Everybody";
const FRAMEIO_SECRET: &str = "frameio-signing-secret";
const STANDARD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What stands in an environment.
fn variable(name: &str) -> Option<String> {
    match name {
        "FLOW_SECRET" => Some(FLOW_SECRET.to_owned()),
        "HALF" => Some("0f-the".to_owned()),
        "EMPTY" => Some(String::new()),
        "BROKEN" => Some("a secret of two\nlines and more\n".to_owned()),
        _ => None,
    }
}

/// By this `verify`, with these secrets.
fn verifier(verify: &str, secrets: &[&str]) -> Verifier {
    let text = format!("verify = {verify}\nsecrets = {secrets:?}");
    let settings: Settings = toml::from_str(&text).unwrap();
    Verifier::with_variables(&settings, variable).unwrap()
}

fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
    let one = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    let mut map = HeaderMap::new();
    for (name, value) in all.iter().map(one) {
        map.append(name, value);
    }
    map
}

fn name(text: &'static str) -> HeaderName {
    HeaderName::from_static(text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

fn sign<M: KeyInit + Mac>(key: &[u8], message: &[u8]) -> Vec<u8> {
    <M as KeyInit>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes().to_vec()
}

fn sha256(key: &str, message: &[u8]) -> String {
    hex(&sign::<Hmac<Sha256>>(key.as_bytes(), message))
}

const STANDARD_BODY: &[u8] = br#"{"test": 2432232314}"#;
const STANDARD_TIME: i64 = 1_614_265_330;
const STANDARD_SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn standard(signature: &str) -> HeaderMap {
    headers(&[
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", signature),
    ])
}

fn standard_verifier() -> Verifier {
    verifier("\"standard-webhooks\"", &[STANDARD_SECRET])
}

const FLOW_BODY: &[u8] = concat!(
    r#"{"data":{"id":"119.110.0","event_log_entry_id":479004,"event_type":"Shotgun_Shot_Change","operation":"update","#,
    r#""entity":{"type":"Shot","id":1246},"project":{"type":"Project","id":127},"attribute_name":"sg_status_list","#,
    r#""meta":{"type":"attribute_change","old_value":"ip","new_value":"fin"},"#,
    r#""delivery_id":"3a5de4ee-8f05-4eac-b537-611e845352fc"},"timestamp":"2026-11-23T10:00:01Z"}"#,
)
.as_bytes();
const FLOW_SHA1: &str = "e30033854b5a2649637d8f50399011124e700dd2";
const FLOW_SHA256: &str = "d1492719b25fb124bb67f7c2bd90f428d6c1fd0390bf8a78367d11d90f5eb2c9";

fn flow() -> Verifier {
    verifier("\"flow\"", &["${FLOW_SECRET}"])
}

const FRAMEIO_BODY: &str = concat!(
    r#"{"type":"file.ready","resource":{"id":"d3075547-4e64-45f0-ad12-d075660eddd2","type":"file"},"#,
    r#""project":{"id":"7e46e495-4444-4555-8649-bee4d391a997"},"name":"Shöt é"}"#,
);
const FRAMEIO_SIGNATURE: &str = "v0=7484d6a7b937cc9668d2413e6685cda246434a0fe5494939a9c2ac4506edc802";
const FRAMEIO_TIME: i64 = 1_604_004_499;
const FRAMEIO_ID: &str = "sha256:57b4a8be25056d2f5ebd9e85445a9ae8258c5a8719e98be318bccab872eb8d77";

fn frameio(time: &str) -> HeaderMap {
    headers(&[("X-Frameio-Request-Timestamp", time), ("X-Frameio-Signature", FRAMEIO_SIGNATURE)])
}
