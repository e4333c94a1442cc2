//! What is refused, and with which words.

use axum::http::{HeaderMap, HeaderValue};
use watchtower_server::webhook::verify::Refused;

use super::{
    FLOW_BODY, FLOW_SECRET, FLOW_SHA1, FLOW_SHA256, FRAMEIO_BODY, FRAMEIO_SECRET, FRAMEIO_TIME, GITHUB_SECRET,
    STANDARD_BODY, STANDARD_SIGNATURE, STANDARD_TIME, flow, frameio, headers, name, sha256, standard,
    standard_verifier, verifier,
};

#[test]
fn every_altered_byte_of_a_body_is_noticed() {
    let delivery = headers(&[("x-sg-signature", &format!("sha1={FLOW_SHA1}"))]);
    let verifier = flow();
    for (at, by) in (0..FLOW_BODY.len()).flat_map(|at| [(at, 1), (at, 0x20), (at, 0x80), (at, 0xff)]) {
        let mut body = FLOW_BODY.to_vec();
        body[at] ^= by;
        assert_eq!(verifier.verify(&delivery, &body, 0), Err(Refused::Signature(name("x-sg-signature"))), "byte {at}");
    }
    for body in [&FLOW_BODY[1..], &FLOW_BODY[..FLOW_BODY.len() - 1], &[FLOW_BODY, b"\n"].concat(), b""] {
        assert!(verifier.verify(&delivery, body, 0).is_err());
    }
}

#[test]
fn every_altered_digit_of_a_signature_is_noticed_and_a_cut_one_is_none() {
    let verifier = flow();
    for at in 0..FLOW_SHA256.len() {
        let mut digits = FLOW_SHA256.as_bytes().to_vec();
        digits[at] = if digits[at] == b'0' { b'1' } else { b'0' };
        let altered = headers(&[("x-sg-signature", &format!("sha256={}", String::from_utf8(digits).unwrap()))]);
        assert_eq!(verifier.verify(&altered, FLOW_BODY, 0), Err(Refused::Signature(name("x-sg-signature"))));
        let cut = headers(&[("x-sg-signature", &format!("sha256={}", &FLOW_SHA256[..at]))]);
        assert!(matches!(verifier.verify(&cut, FLOW_BODY, 0), Err(Refused::Form { .. })));
    }
}

#[test]
fn a_time_is_allowed_to_differ_by_just_the_skew() {
    let frameio_verifier = verifier("\"frameio\"", &[FRAMEIO_SECRET]);
    let at = |now| frameio_verifier.verify(&frameio("1604004499"), FRAMEIO_BODY.as_bytes(), now);
    for now in [-300, -1, 0, 1, 300] {
        assert!(at(FRAMEIO_TIME + now).is_ok(), "{now}");
    }
    let header = || name("x-frameio-request-timestamp");
    assert_eq!(at(FRAMEIO_TIME + 301), Err(Refused::Old { header: header(), by: 301, skew: 300 }));
    assert_eq!(at(FRAMEIO_TIME - 301), Err(Refused::Early { header: header(), by: 301, skew: 300 }));
    assert!(matches!(at(i64::MAX), Err(Refused::Old { .. })));
    assert!(matches!(at(i64::MIN), Err(Refused::Early { .. })));
    let standard = |now| standard_verifier().verify(&standard(STANDARD_SIGNATURE), STANDARD_BODY, STANDARD_TIME + now);
    assert!(standard(300).is_ok() && standard(-300).is_ok() && standard(301).is_err());
    let words = standard(-301).unwrap_err().to_string();
    let expected = "the time in the header webhook-timestamp is 301 seconds in the future, where 300 are allowed: \
                    one of the two clocks is wrong";
    assert_eq!(words, expected);
}

#[test]
fn a_time_is_digits() {
    let verifier = verifier("\"frameio\"", &[FRAMEIO_SECRET]);
    for wrong in [
        "",
        " ",
        "now",
        "+1604004499",
        "-1604004499",
        "01604004499",
        "00",
        "1604004499.0",
        "1604004499 ",
        "1,604,004,499",
        "0x5f9b2c93",
        "2020-10-29T20:48:19Z",
        "9223372036854775808",
        "99999999999999999999999999",
    ] {
        let refused = verifier.verify(&frameio(wrong), FRAMEIO_BODY.as_bytes(), FRAMEIO_TIME);
        assert_eq!(refused, Err(Refused::Time(name("x-frameio-request-timestamp"))), "{wrong:?}");
    }
    let in_milliseconds = verifier.verify(&frameio("1604004499000"), FRAMEIO_BODY.as_bytes(), FRAMEIO_TIME);
    assert!(matches!(in_milliseconds, Err(Refused::Early { .. })));
}

#[test]
fn a_header_that_is_missing_or_there_twice_or_no_text_is_named() {
    let verifier = standard_verifier();
    let verify = |headers: &HeaderMap| verifier.verify(headers, STANDARD_BODY, STANDARD_TIME);
    let right = standard(STANDARD_SIGNATURE);
    for header in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut without = right.clone();
        let value = without.remove(header).unwrap();
        assert_eq!(verify(&without), Err(Refused::Missing(name(header))));
        for second in [value.clone(), HeaderValue::from_static(""), HeaderValue::from_static("x")] {
            let mut twice = right.clone();
            twice.append(header, second);
            assert_eq!(verify(&twice), Err(Refused::Twice(name(header))));
        }
        for foreign in [&b"v1,\xff\xfe"[..], "v1,ü".as_bytes(), b"\x80"] {
            let mut foreign_one = right.clone();
            foreign_one.insert(header, HeaderValue::from_bytes(foreign).unwrap());
            assert_eq!(verify(&foreign_one), Err(Refused::NoText(name(header))));
        }
    }
    let bearer = self::verifier("\"bearer\"", &[FLOW_SECRET]);
    let token = "Bearer k3y-0f-the-5tudio!";
    let twice = bearer.verify(&headers(&[("authorization", token), ("authorization", token)]), b"", 0);
    assert_eq!(twice, Err(Refused::Twice(name("authorization"))));
}

#[test]
fn an_id_that_cannot_be_stored_is_refused() {
    let github = verifier("\"github\"", &[GITHUB_SECRET]);
    let signature = format!("sha256={}", sha256(GITHUB_SECRET, b"{}"));
    let verify =
        |id: &str| github.verify(&headers(&[("x-hub-signature-256", &signature), ("x-github-delivery", id)]), b"{}", 0);
    assert_eq!(verify(&"i".repeat(255)).unwrap().delivery_id.len(), 255);
    for wrong in ["", " ", "two words", "a\tb", &"i".repeat(256)] {
        assert_eq!(verify(wrong), Err(Refused::Id(name("x-github-delivery"))), "{wrong:?}");
    }
    assert_eq!(verify("ü"), Err(Refused::NoText(name("x-github-delivery"))));
}

#[test]
fn another_secret_does_not_fit_wherever_it_stands() {
    let delivery = headers(&[("x-sg-signature", &format!("sha1={FLOW_SHA1}"))]);
    let (old, new) = ("the secret of last year", "the secret of next year");
    let secret = |secrets: &[&str]| verifier("\"flow\"", secrets).verify(&delivery, FLOW_BODY, 0).map(|is| is.secret);
    assert_eq!(secret(&[FLOW_SECRET, new]), Ok(Some(0)));
    assert_eq!(secret(&[new, FLOW_SECRET]), Ok(Some(1)));
    assert_eq!(secret(&[old, new, FLOW_SECRET]), Ok(Some(2)));
    assert_eq!(secret(&[FLOW_SECRET, FLOW_SECRET]), Ok(Some(0)), "while the new one is not there yet");
    for wrong in [[new, old], [&FLOW_SECRET.to_uppercase(), &FLOW_SECRET[1..]]] {
        assert_eq!(secret(&wrong), Err(Refused::Signature(name("x-sg-signature"))));
    }
}

#[test]
fn a_body_may_be_empty_or_large_and_a_secret_long() {
    let empty = headers(&[("x-sg-signature", "sha1=fbbd93688debc69ab33aeae4a2ac76558252b39f")]);
    assert!(flow().verify(&empty, b"", 0).is_ok());
    assert!(flow().verify(&empty, b" ", 0).is_err());
    let large: Vec<u8> = (0..1_usize << 20).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect();
    let signature = "sha256=ce1d2ef3218b6aa5908348e8b46e161b8d74e227f6d58c04fe796822c47dec27";
    let github = verifier("\"github\"", &[GITHUB_SECRET]);
    assert!(github.verify(&headers(&[("x-hub-signature-256", signature)]), &large, 0).is_ok());
    let signature = "sha256=8d7aeb0fcb2a1d10f86100d22eb4e69cf7748787809c170c15cb49214a82f95c";
    let long = verifier("\"github\"", &[&"k".repeat(200)]);
    assert!(long.verify(&headers(&[("x-hub-signature-256", signature)]), b"Hello, World!", 0).is_ok());
    let empty = headers(&[
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,/n9JD+QvCBymh/dplZctdnJL3Jc/7vU4siQ5cz50QYY="),
    ]);
    assert!(standard_verifier().verify(&empty, b"", STANDARD_TIME).is_ok());
}
