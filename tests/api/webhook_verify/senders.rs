//! What known senders sign, and what a table can say of others.

use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::Hmac;
use sha1::Sha1;
use sha2::Sha256;
use watchtower_server::webhook::verify::{Refused, Verified, fingerprint};

use super::{
    FLOW_BODY, FLOW_SECRET, FLOW_SHA1, FLOW_SHA256, FRAMEIO_BODY, FRAMEIO_ID, FRAMEIO_SECRET, FRAMEIO_TIME,
    GITHUB_SECRET, STANDARD_BODY, STANDARD_SECRET, STANDARD_SIGNATURE, STANDARD_TIME, flow, frameio, headers, hex,
    name, sha256, sign, standard, standard_verifier, verifier,
};

#[test]
fn the_published_example_of_standard_webhooks_is_right() {
    let expected =
        Verified { delivery_id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(), secret: Some(0), is_id_signed: true };
    let verified = standard_verifier().verify(&standard(STANDARD_SIGNATURE), STANDARD_BODY, STANDARD_TIME);
    assert_eq!(verified.unwrap(), expected);
    let bare = verifier("\"standard-webhooks\"", &[&STANDARD_SECRET["whsec_".len()..]]);
    assert_eq!(bare.verify(&standard(STANDARD_SIGNATURE), STANDARD_BODY, STANDARD_TIME).unwrap(), expected);
}

#[test]
fn one_of_several_standard_signatures_is_enough_and_other_versions_are_passed_over() {
    let other = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let ed25519 = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
    let verify = |text: &str| standard_verifier().verify(&standard(text), STANDARD_BODY, STANDARD_TIME);
    for right in [
        format!("{other} {STANDARD_SIGNATURE}"),
        format!("{STANDARD_SIGNATURE} {other}"),
        format!("{ed25519} {STANDARD_SIGNATURE} v2,what/ever"),
    ] {
        assert!(verify(&right).is_ok(), "{right}");
    }
    assert_eq!(verify(other), Err(Refused::Signature(name("webhook-signature"))));
    for wrong in [
        ed25519.to_owned(),
        "v2,x".to_owned(),
        String::new(),
        " ".to_owned(),
        "v1".to_owned(),
        STANDARD_SIGNATURE.replace("v1", "V1"),
        STANDARD_SIGNATURE.replace("v1,", "v1"),
        STANDARD_SIGNATURE.replace('=', ""),
        STANDARD_SIGNATURE.replace('+', "-").replace('/', "_"),
        STANDARD_SIGNATURE.replace("OE=", "OF="),
        format!("{STANDARD_SIGNATURE} v1,nonsense"),
        format!("{STANDARD_SIGNATURE}\t{other}"),
    ] {
        assert!(matches!(verify(&wrong), Err(Refused::Form { .. })), "{wrong}");
    }
}

#[test]
fn the_older_names_of_svix_are_understood_all_together() {
    let svix = |id, signature| {
        headers(&[
            (id, "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("svix-timestamp", "1614265330"),
            (signature, STANDARD_SIGNATURE),
        ])
    };
    let verify = |headers: &HeaderMap| standard_verifier().verify(headers, STANDARD_BODY, STANDARD_TIME);
    assert!(verify(&svix("svix-id", "svix-signature")).is_ok());
    assert_eq!(verify(&svix("webhook-id", "svix-signature")), Err(Refused::Missing(name("svix-id"))));
    assert_eq!(verify(&svix("svix-id", "webhook-signature")), Err(Refused::Missing(name("webhook-timestamp"))));
    let mut both = svix("svix-id", "svix-signature");
    both.extend(standard(STANDARD_SIGNATURE));
    assert!(verify(&both).is_ok());
    both.insert("svix-signature", HeaderValue::from_static("v1,"));
    assert!(verify(&both).is_ok(), "the newer names go before");
    assert_eq!(verify(&HeaderMap::new()), Err(Refused::Missing(name("webhook-signature"))));
}

#[test]
fn what_ends_an_id_cannot_be_in_it() {
    // The same bytes are signed for the id `a` with the body `1614265330.x` as for the id `a.1614265330` with the body `x`.
    let (key, message) = (STANDARD.decode(&STANDARD_SECRET[6..]).unwrap(), b"a.1614265330.1614265330.x");
    let signature = format!("v1,{}", STANDARD.encode(sign::<Hmac<Sha256>>(&key, message)));
    let delivery =
        |id| headers(&[("webhook-id", id), ("webhook-timestamp", "1614265330"), ("webhook-signature", &signature)]);
    let verify = |id, body: &[u8]| standard_verifier().verify(&delivery(id), body, STANDARD_TIME);
    assert!(verify("a", b"1614265330.x").is_ok());
    let refused = Refused::IdSeparator { header: name("webhook-id"), separator: '.' };
    assert_eq!(verify("a.1614265330", b"x"), Err(refused));
    let after =
        verifier("{ hmac = 'sha256', header = 's', message = '{body}:.{id}', id-header = 'i' }", &[FLOW_SECRET]);
    let verify = |id: &str| {
        let signature = sha256(FLOW_SECRET, format!("x:.{id}").as_bytes());
        after.verify(&headers(&[("s", &signature), ("i", id)]), b"x", 0)
    };
    assert!(verify("a:b").is_ok());
    assert_eq!(verify("a.b"), Err(Refused::IdSeparator { header: name("i"), separator: '.' }));
}

#[test]
fn the_published_example_of_github_is_right_and_its_older_header_is_not_asked() {
    let verifier = verifier("\"github\"", &[GITHUB_SECRET]);
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let delivery =
        headers(&[("X-Hub-Signature-256", signature), ("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")]);
    let verified = verifier.verify(&delivery, b"Hello, World!", 0).unwrap();
    let delivery_id = "72d3162e-cc78-11e3-81ab-4c9367dc0958".to_owned();
    assert_eq!(verified, Verified { delivery_id, secret: Some(0), is_id_signed: false });
    let sha1 = format!("sha1={}", hex(&sign::<Hmac<Sha1>>(GITHUB_SECRET.as_bytes(), b"Hello, World!")));
    let refused = verifier.verify(&headers(&[("X-Hub-Signature", &sha1)]), b"Hello, World!", 0);
    assert_eq!(refused, Err(Refused::Missing(name("x-hub-signature-256"))));
    let refused = verifier.verify(&headers(&[("X-Hub-Signature-256", &sha1)]), b"Hello, World!", 0).unwrap_err();
    assert_eq!(refused.to_string(), "the header x-hub-signature-256 is to be sha256= and 64 hexadecimal digits");
}

#[test]
fn flow_signs_with_the_hash_that_it_names() {
    let verify = |signature: &str| flow().verify(&headers(&[("X-SG-SIGNATURE", signature)]), FLOW_BODY, 0);
    assert!(verify(&format!("sha1={FLOW_SHA1}")).is_ok());
    assert!(verify(&format!("sha256={FLOW_SHA256}")).is_ok());
    assert!(verify(&format!("sha1={}", FLOW_SHA1.to_uppercase())).is_ok());
    for wrong in [
        FLOW_SHA1.to_owned(),
        format!("sha1={FLOW_SHA256}"),
        format!("sha256={FLOW_SHA1}"),
        format!("SHA1={FLOW_SHA1}"),
        format!("sha512={FLOW_SHA256}"),
        format!("sha1={}", &FLOW_SHA1[..39]),
        format!("sha1={FLOW_SHA1}0"),
        format!("sha1={}", &FLOW_SHA1[..38]),
        format!("sha1={}0", &FLOW_SHA1[..39].replace('3', "g")),
        format!("sha1= {FLOW_SHA1}"),
        format!("sha1={FLOW_SHA1}, sha1={FLOW_SHA1}"),
        "sha1=".to_owned(),
        String::new(),
    ] {
        let refused = verify(&wrong).unwrap_err();
        let expected = "the header x-sg-signature is to be sha1= and 40 hexadecimal digits, or sha256= and 64";
        assert_eq!(refused.to_string(), expected, "{wrong}");
    }
}

#[test]
fn a_delivery_of_flow_has_its_own_id_and_a_batch_that_of_its_events_and_body() {
    let signature = format!("sha1={FLOW_SHA1}");
    let id = |all: &[(&'static str, &str)]| {
        let mut delivery = headers(all);
        delivery.insert("x-sg-signature", signature.parse().unwrap());
        let verified = flow().verify(&delivery, FLOW_BODY, 0).unwrap();
        (verified.delivery_id, verified.is_id_signed)
    };
    let (own, batch) = (("x-sg-delivery-id", "dea7a71d-4896"), ("x-sg-event-batch-id", "4959"));
    assert_eq!(id(&[own, batch]), ("dea7a71d-4896".to_owned(), false));
    assert_eq!(id(&[batch]), ("4959/a202bc0fe0d37b2f70748e7eae29bccc".to_owned(), false));
    assert_eq!(id(&[]), (fingerprint(FLOW_BODY, None), true));
}

/// What the preset says, in full.
const FRAMEIO_TABLE: &str = "{ hmac = 'sha256', header = 'X-Frameio-Signature', prefix = 'v0=', encoding = 'hex', \
    message = 'v0:{timestamp}:{body}', timestamp-header = 'X-Frameio-Request-Timestamp', skew = 300 }";

#[test]
fn frameio_signs_the_time_too_by_its_name_or_by_a_table() {
    for verify in ["'frameio'", FRAMEIO_TABLE] {
        let verifier = verifier(verify, &[FRAMEIO_SECRET]);
        let verify = |time, body: &str| verifier.verify(&frameio(time), body.as_bytes(), FRAMEIO_TIME);
        let verified = verify("1604004499", FRAMEIO_BODY).unwrap();
        assert_eq!(verified, Verified { delivery_id: FRAMEIO_ID.to_owned(), secret: Some(0), is_id_signed: true });
        assert_eq!(verify("1604004498", FRAMEIO_BODY), Err(Refused::Signature(name("x-frameio-signature"))));
        let in_latin_1: Vec<u8> = FRAMEIO_BODY.chars().map(|one| u8::try_from(u32::from(one)).unwrap()).collect();
        assert!(verifier.verify(&frameio("1604004499"), &in_latin_1, FRAMEIO_TIME).is_err(), "raw bytes are signed");
    }
}

#[test]
fn a_table_can_say_what_any_other_sender_signs() {
    let table = "{ hmac = 'sha1', header = 'X-Signature', encoding = 'base64', message = '{id}|{body}|{timestamp}', \
                 timestamp-header = 'X-Time', id-header = 'X-Delivery', skew = 10 }";
    let verifier = verifier(table, &[FLOW_SECRET]);
    let delivery =
        headers(&[("x-signature", "Yf7W9d9YQstI6fssq3PHXeGCJg4="), ("x-time", "1604004499"), ("x-delivery", "d-7")]);
    let verified = verifier.verify(&delivery, FLOW_BODY, FRAMEIO_TIME + 10).unwrap();
    assert_eq!(verified, Verified { delivery_id: "d-7".to_owned(), secret: Some(0), is_id_signed: true });
    let refused = verifier.verify(&delivery, FLOW_BODY, FRAMEIO_TIME + 11).unwrap_err();
    assert_eq!(refused.to_string(), "the time in the header x-time is 11 seconds in the past, where 10 are allowed");
    let mut without = delivery.clone();
    without.remove("x-delivery");
    assert_eq!(verifier.verify(&without, FLOW_BODY, FRAMEIO_TIME), Err(Refused::Missing(name("x-delivery"))));
    let hex = headers(&[("x-signature", FLOW_SHA1)]);
    let refused = verifier.verify(&hex, FLOW_BODY, FRAMEIO_TIME).unwrap_err();
    assert_eq!(refused.to_string(), "the header x-signature is to be the base64 of 20 bytes");
}

#[test]
fn a_secret_can_be_in_a_header() {
    let ftrack = verifier(r#"{ header = "ftrack-secret", id-header = "X-Id" }"#, &["a-secret-of-ftrack", FLOW_SECRET]);
    let verify = |value: &str| ftrack.verify(&headers(&[("Ftrack-Secret", value), ("x-id", "7")]), b"{}", 0);
    assert_eq!(verify(FLOW_SECRET), Ok(Verified { delivery_id: "7".to_owned(), secret: Some(1), is_id_signed: false }));
    for wrong in ["", "a-secret-of-ftrac", "a-secret-of-ftrack ", "A-secret-of-ftrack", "(secret)"] {
        assert_eq!(verify(wrong), Err(Refused::Secret(name("ftrack-secret"))), "{wrong}");
    }
    let refused = ftrack.verify(&HeaderMap::new(), b"{}", 0).unwrap_err();
    assert_eq!(refused.to_string(), "the header ftrack-secret is missing");
    let token = verifier(r#"{ header = "Authorization", prefix = "Token " }"#, &[FLOW_SECRET]);
    let verify = |value: &str| token.verify(&headers(&[("Authorization", value)]), b"{}", 0);
    assert_eq!(verify(&format!("Token {FLOW_SECRET}")).unwrap().delivery_id, fingerprint(b"{}", None));
    assert!(matches!(verify(FLOW_SECRET), Err(Refused::Form { .. })));
}

#[test]
fn a_bearer_token_is_understood_as_clients_write_it() {
    let verifier = verifier("\"bearer\"", &[FLOW_SECRET]);
    let verify = |value: &str| verifier.verify(&headers(&[("Authorization", value)]), b"{}", 0);
    for right in ["Bearer k3y-0f-the-5tudio!", "bearer k3y-0f-the-5tudio!", "BEARER  k3y-0f-the-5tudio!"] {
        assert_eq!(verify(right).unwrap().secret, Some(0));
    }
    for wrong in [FLOW_SECRET, "Bearer", "Bearerk3y-0f-the-5tudio!", "Basic azN5", ""] {
        let refused = verify(wrong).unwrap_err();
        assert_eq!(refused.to_string(), "the header authorization is to be \"Bearer \" and the secret");
    }
    assert_eq!(verify("Bearer "), Err(Refused::Secret(name("authorization"))));
    assert_eq!(verify("Bearer k3y-0f-the-5tudio"), Err(Refused::Secret(name("authorization"))));
}

#[test]
fn everybody_may_send_where_the_settings_say_so() {
    let verifier = verifier("\"none\"", &[]);
    assert!(verifier.is_open() && !flow().is_open());
    let verified = verifier.verify(&HeaderMap::new(), b"", 0).unwrap();
    let delivery_id = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned();
    assert_eq!(verified, Verified { delivery_id, secret: None, is_id_signed: false });
}
