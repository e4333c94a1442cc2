//! Whatever comes, it is verified by its own signature or refused.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::Hmac;
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, RngSeed},
};
use sha1::Sha1;
use sha2::Sha256;
use watchtower_server::webhook::verify::{Refused, Settings, Verifier};

use super::{
    FLOW_SECRET, FRAMEIO_SECRET, GITHUB_SECRET, STANDARD_SECRET, headers, hex, name, sign, variable, verifier,
};

/// As in the other property tests: the same cases at every run, unless others are asked for.
fn config(cases: u32) -> Config {
    let default = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_some() || std::env::var_os("PROPTEST_RNG_SEED").is_some() {
        return default;
    }
    Config { cases, rng_seed: RngSeed::Fixed(20_260_101), ..default }
}

/// Messages, and the keys that they need.
const MESSAGES: [(&str, &str); 7] = [
    ("{body}", ""),
    ("v0:{timestamp}:{body}", ", timestamp-header = 't'"),
    ("{timestamp}{body}", ", timestamp-header = 't'"),
    ("{body}{timestamp}", ", timestamp-header = 't'"),
    ("{id}.{timestamp}.{body}", ", timestamp-header = 't', id-header = 'i'"),
    ("{timestamp}{id}.{body}", ", timestamp-header = 't', id-header = 'i'"),
    ("{body}:.{id}{timestamp}", ", timestamp-header = 't', id-header = 'i'"),
];

/// A way of signing.
#[derive(Debug, Clone, Copy)]
struct Way {
    message: &'static str,
    keys: &'static str,
    is_sha1: bool,
    is_base64: bool,
}

fn way() -> impl Strategy<Value = Way> {
    let of = |((message, keys), is_sha1, is_base64)| Way { message, keys, is_sha1, is_base64 };
    (select(&MESSAGES), any::<bool>(), any::<bool>()).prop_map(of)
}

impl Way {
    fn table(self) -> String {
        let (hash, encoding) =
            (if self.is_sha1 { "sha1" } else { "sha256" }, if self.is_base64 { "base64" } else { "hex" });
        let Self { message, keys, .. } = self;
        format!(
            "{{ hmac = '{hash}', header = 's', prefix = 'p=', encoding = '{encoding}', message = '{message}'{keys} }}"
        )
    }

    fn signature(self, secret: &str, signed: &[u8]) -> String {
        let key = secret.as_bytes();
        let bytes = if self.is_sha1 { sign::<Hmac<Sha1>>(key, signed) } else { sign::<Hmac<Sha256>>(key, signed) };
        format!("p={}", if self.is_base64 { STANDARD.encode(bytes) } else { hex(&bytes) })
    }
}

fn filled(message: &str, id: &str, time: &str, body: &[u8]) -> Vec<u8> {
    let text = message.replace("{id}", id).replace("{timestamp}", time);
    let (before, after) = text.split_once("{body}").unwrap();
    [before.as_bytes(), body, after.as_bytes()].concat()
}

/// All that could stand in the places of a message if it were this text.
fn readings<'t>(message: &str, text: &'t str) -> Vec<BTreeMap<String, &'t str>> {
    let Some(first) = message.chars().next() else {
        return if text.is_empty() { vec![BTreeMap::new()] } else { vec![] };
    };
    if let Some((name, rest)) = message.strip_prefix('{').and_then(|inside| inside.split_once('}')) {
        let one = |end: usize| {
            readings(rest, &text[end..]).into_iter().map(move |mut reading| {
                reading.insert(name.to_owned(), &text[..end]);
                reading
            })
        };
        return (0..=text.len()).flat_map(one).collect();
    }
    text.strip_prefix(first).map_or_else(Vec::new, |text| readings(&message[first.len_utf8()..], text))
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..300), "[0-9.:{}\"a]{0,40}".prop_map(String::into_bytes)]
}

fn secret() -> impl Strategy<Value = String> {
    "[!-~][ -~]{14,70}[!-~]".prop_map(|text| text.replace(['$', '\\', '"'], "-"))
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn any_body_verifies_with_its_own_signature_and_with_no_other(
        way in way(), secret in secret(), other in secret(), body in body(), altered in body(), id in "[a-z0-9-]{1,40}",
        time in 1_000_000_000..2_000_000_000_i64,
    ) {
        prop_assume!(secret != other && body != altered);
        let signed = filled(way.message, &id, &time.to_string(), &body);
        let verifier = verifier(&way.table(), &[&other, &secret]);
        let verify = |secret: &str, id: &str, time: i64, body: &[u8]| {
            let signature = way.signature(secret, &signed);
            let all = [("s", signature.as_str()), ("t", &time.to_string()), ("i", id)];
            verifier.verify(&headers(&all), body, time)
        };
        let verified = verify(&secret, &id, time, &body).unwrap();
        prop_assert_eq!(verified.secret, Some(1));
        prop_assert_eq!(verified.delivery_id == id, way.keys.contains("id-header"));
        prop_assert_eq!(verify(&other, &id, time, &body).unwrap().secret, Some(0));
        let wrong = Err(Refused::Signature(name("s")));
        prop_assert_eq!(&verify(&secret, &id, time, &altered), &wrong);
        prop_assert_eq!(&verify("a third secret, unknown", &id, time, &body), &wrong);
        if way.message.contains("{timestamp}") {
            prop_assert_eq!(&verify(&secret, &id, time + 1, &body), &wrong);
        }
        if way.message.contains("{id}") {
            prop_assert_eq!(&verify(&secret, &format!("{id}x"), time, &body), &wrong);
        }
    }

    #[test]
    fn signed_bytes_are_one_delivery_and_no_other(
        way in way(), id in "[0-9a.:]{1,6}(1600000000)?[0-9a.:]{0,3}", body in "[0-9.:]{0,4}(1600000000)?[0-9.:]{0,6}",
        time in 1_600_000_000..1_600_000_200_i64,
    ) {
        let secret = "a secret of the studio";
        let signed = filled(way.message, &id, &time.to_string(), body.as_bytes());
        let signature = way.signature(secret, &signed);
        let verifier = verifier(&way.table(), &[secret]);
        let is_taken = |reading: &BTreeMap<String, &str>| {
            let piece = |name| reading.get(name).copied().unwrap_or_default();
            let all = [("s", signature.as_str()), ("t", piece("timestamp")), ("i", piece("id"))];
            let mut all = headers(&all);
            if piece("id").is_empty() {
                all.remove("i");
            }
            verifier.verify(&all, piece("body").as_bytes(), time).is_ok()
        };
        let text = String::from_utf8(signed).unwrap();
        let taken: BTreeSet<_> = readings(way.message, &text).into_iter().filter(is_taken).collect();
        prop_assert!(taken.len() <= 1, "{taken:?}");
        let is_plain = !id.contains('.') || !way.message.contains("{id}");
        prop_assert!(taken.len() == 1 || !is_plain, "{text}");
    }

    #[test]
    fn whatever_is_in_the_headers_is_refused_and_never_a_panic(
        values in vec(vec(prop_oneof![32..127_u8, 128..=255_u8, Just(b'='), Just(b',')], 0..80), 3),
        text in "(v1,|sha1=|sha256=|v0=|Bearer )[0-9a-zA-Z+/= ,]{0,90}", body in body(), now: i64, which in 0..6_usize,
    ) {
        let (verify, secret, names) = [
            ("'flow'", FLOW_SECRET, ["x-sg-signature", "x-sg-delivery-id", "x-sg-event-batch-id"]),
            ("'github'", GITHUB_SECRET, ["x-hub-signature-256", "x-github-delivery", "x-other"]),
            ("'frameio'", FRAMEIO_SECRET, ["x-frameio-signature", "x-frameio-request-timestamp", "x-other"]),
            ("'standard-webhooks'", STANDARD_SECRET, ["webhook-signature", "webhook-timestamp", "webhook-id"]),
            ("'bearer'", FLOW_SECRET, ["authorization", "x-other", "x-another"]),
            ("{ header = 'x' }", FLOW_SECRET, ["x", "x-other", "x-another"]),
        ][which];
        let verifier = verifier(verify, &[secret]);
        let header = |(one, value): (&'static str, &Vec<u8>)| (name(one), HeaderValue::from_bytes(value).unwrap());
        let mut all: HeaderMap = names.into_iter().zip(&values).map(header).collect();
        prop_assert!(verifier.verify(&all, &body, now).is_err());
        all.insert(names[0], text.parse().unwrap());
        let refused = verifier.verify(&all, &body, now).unwrap_err();
        prop_assert!(!refused.to_string().contains(secret));
        prop_assert!(verifier.redacted(&all).contains(&(names[0].to_owned(), "(secret)".to_owned())));
    }

    #[test]
    fn any_settings_are_taken_or_refused_and_never_a_panic(
        key in "(hmac|header|prefix|encoding|message|timestamp-header|id-header|skew|[a-z]{1,5})",
        secret in "[ -!#-&(-Z^-~]{0,40}",
        value in "('[ -&(-~]{0,30}'|-?[1-9][0-9]{0,17}|true|1\\.5|\\[\\]|\\{ a = 1 \\})",
    ) {
        let base = [("hmac", "'sha256'"), ("header", "'x'")].into_iter().filter(|(name, _)| *name != key);
        let pairs = base.chain([(key.as_str(), value.as_str())]).map(|(key, value)| format!("{key} = {value}"));
        let table = pairs.collect::<Vec<_>>().join(", ");
        let text = format!("verify = {{ {table} }}\nsecrets = ['{secret}']");
        let settings: Settings = toml::from_str(&text).unwrap();
        if let Err(invalid) = Verifier::with_variables(&settings, variable) {
            prop_assert!(invalid.key.starts_with("verify.") || invalid.key.starts_with("secrets"), "{invalid}");
        }
    }
}
