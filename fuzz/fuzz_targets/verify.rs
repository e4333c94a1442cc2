//! No delivery makes a verifier panic; what is verified was signed, as it came; and no secret is shown.
//!
//! The first byte of an input is the verifier, the second says what is done to the delivery after it was signed, if it is. The
//! rest is the delivery: headers, one a line, an empty line, and the body. `SIGNED` in a header stands for its signature.

#![no_main]

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::{Corpus, fuzz_target};
use sha1::Sha1;
use sha2::Sha256;
use watchtower_server::webhook::verify::{Refused, Settings, Verified, Verifier};

const NOW: i64 = 1_767_225_600;
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A verifier, as the settings have it, and what it takes for signed.
struct Way {
    settings: &'static str,
    /// The headers whose values are signed, in their order, with what is between them; the body comes last.
    signed: &'static [&'static str],
    between: &'static str,
    before: &'static str,
}

const WAYS: [Way; 6] = [
    Way { settings: "verify = \"flow\"", signed: &[], between: "", before: "" },
    Way { settings: "verify = \"github\"", signed: &[], between: "", before: "" },
    Way { settings: "verify = \"frameio\"", signed: &["x-frameio-request-timestamp"], between: ":", before: "v0:" },
    Way {
        settings: "verify = \"standard-webhooks\"",
        signed: &["webhook-id", "webhook-timestamp"],
        between: ".",
        before: "",
    },
    Way {
        settings: "verify = { hmac = \"sha1\", header = \"x-sum\", message = \"{id}/{timestamp};{body}\", id-header = \"x-id\", timestamp-header = \"x-time\" }",
        signed: &["x-id", "x-time"],
        between: "/",
        before: "",
    },
    Way { settings: "verify = \"bearer\"", signed: &[], between: "", before: "" },
];

fuzz_target!(|data: &[u8]| -> Corpus {
    let [which, alteration, delivery @ ..] = data else { return Corpus::Reject };
    let index = usize::from(*which) % WAYS.len();
    let (way, is_bearer) = (&WAYS[index], index == 5);
    let (head, body) = split(delivery);
    let Ok(head) = std::str::from_utf8(head) else { return Corpus::Reject };
    let verifier = verifier(way);
    let signed = message(way, index, head, body);
    let signature = sign(index, &signed);
    let is_signed = head.contains("SIGNED") || is_bearer && head.contains(SECRET);
    let head = head.replace("SIGNED", &signature);
    let (headers, body) = (headers(&altered(head.as_bytes(), *alteration)), altered(body, alteration >> 4));

    let verified: Result<Verified, Refused> = verifier.verify(&headers, &body, NOW);
    if let Ok(verified) = verified {
        assert!(is_signed, "nobody signed this: {headers:?}");
        if !is_bearer {
            let delivered: String = headers.iter().map(|(name, value)| line(name, value)).collect();
            let now_signed = message(way, index, &delivered, &body);
            assert!(now_signed == signed, "{:?} was signed, not {now_signed:?}", String::from_utf8_lossy(&signed));
        }
        let _ = verifier.known_by(verified, &headers, &body);
    }
    let shown = format!("{:?}", verifier.redacted(&headers));
    assert!(!shown.contains(SECRET), "{shown}");
    Corpus::Keep
});

fn verifier(way: &Way) -> Verifier {
    let settings = format!("name = \"s\"\nsecrets = [\"{SECRET}\"]\n{}", way.settings);
    let settings: Settings = match toml::from_str(&settings) {
        Ok(settings) => settings,
        Err(error) => panic!("{error}"),
    };
    Verifier::new(&settings).unwrap_or_else(|invalid| panic!("{invalid}"))
}

fn split(delivery: &[u8]) -> (&[u8], &[u8]) {
    match delivery.windows(2).position(|two| two == b"\n\n") {
        Some(end) => (&delivery[..end], &delivery[end + 2..]),
        None => (delivery, b""),
    }
}

/// What is signed of a delivery, by the documents of its sender.
fn message(way: &Way, index: usize, head: &str, body: &[u8]) -> Vec<u8> {
    let value = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        let mut named = lines.filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.next().map_or("", |(_, value)| value).to_owned()
    };
    let old = way.signed.first().is_some_and(|id| index == 3 && value(id).is_empty());
    let names = way.signed.iter().map(|name| if old { name.replace("webhook", "svix") } else { (*name).to_owned() });
    let mut message = way.before.to_owned();
    for (number, name) in names.enumerate() {
        message += &value(&name);
        message += if index == 4 && number == 1 { ";" } else { way.between };
    }
    [message.as_bytes(), body].concat()
}

fn sign(index: usize, message: &[u8]) -> String {
    match index {
        0 => format!("sha1={}", hex(&mac::<Hmac<Sha1>>(SECRET.as_bytes(), message))),
        1 => format!("sha256={}", hex(&mac::<Hmac<Sha256>>(SECRET.as_bytes(), message))),
        2 => format!("v0={}", hex(&mac::<Hmac<Sha256>>(SECRET.as_bytes(), message))),
        3 => format!("v1,{}", base64(&mac::<Hmac<Sha256>>(&from_base64(SECRET), message))),
        4 => hex(&mac::<Hmac<Sha1>>(SECRET.as_bytes(), message)),
        _ => format!("Bearer {SECRET}"),
    }
}

fn mac<M: KeyInit + Mac>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let Ok(mac) = <M as KeyInit>::new_from_slice(key) else { panic!("a key of any length is one") };
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let digit = |three: u32, place: u32| char::from(DIGITS[(three >> (18 - 6 * place) & 63) as usize]);
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = (0..3).fold(0, |number, n| number << 8 | u32::from(three.get(n).copied().unwrap_or(0)));
        for place in 0..4 {
            text.push(if place as usize <= three.len() { digit(number, place) } else { '=' });
        }
    }
    text
}

fn from_base64(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .bytes()
        .filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte))
        .map(|digit| digit as u32)
        .collect();
    let four = |four: &[u32]| four.iter().fold(0, |number, digit| number << 6 | digit);
    digits.chunks_exact(4).flat_map(|digits| four(digits).to_be_bytes()[1..].to_vec()).collect()
}

/// Something done to what was signed: nothing, for most values.
fn altered(text: &[u8], how: u8) -> Vec<u8> {
    let mut text = text.to_vec();
    match how & 15 {
        1 => text.push(b' '),
        2 => drop(text.pop()),
        3 => text.reverse(),
        4 => text.insert(0, b'0'),
        5 if !text.is_empty() => text[0] ^= 1,
        6 => text = [&text[..], b"\n", &text[..]].concat(),
        7 => text.make_ascii_uppercase(),
        _ => {}
    }
    text
}

fn headers(head: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in head.split(|byte| *byte == b'\n') {
        let Some(colon) = line.windows(2).position(|two| two == b": ") else { continue };
        let (name, value) = (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(&line[colon + 2..]));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

fn line(name: &HeaderName, value: &HeaderValue) -> String {
    format!("{name}: {}\n", value.to_str().unwrap_or_default())
}
