//! What nobody is told, and what may be stored.

use axum::http::HeaderValue;
use watchtower_server::webhook::verify::{Settings, Verifier, fingerprint};

use super::{
    FLOW_BODY, FLOW_SECRET, FLOW_SHA1, FLOW_SHA256, FRAMEIO_BODY, FRAMEIO_ID, headers, hex, variable, verifier,
};

#[test]
fn no_secret_gets_into_what_is_printed() {
    let secret = "0123456789-very-secret";
    for text in [
        format!("verify = \"flow\"\nsecrets = [\"{secret}\"]"),
        format!("verify = \"flow\"\nsecrets = \"{secret}\""),
        format!("verify = \"flow\"\nsecrets = [\"{secret}\", 5]"),
        format!("verify = \"flow\"\nsecrets = [\"${{{secret}\"]"),
        format!("verify = \"flow\"\nsecrets = [\"${{{secret}}}\"]"),
        format!("verify = \"flow\"\nsecrets = [\"{secret}\\n\"]"),
        format!("verify = \"flow\"\nsecrets = {{ a = \"{secret}\" }}"),
        format!("verify = \"flow\"\nsecret = \"{secret}\""),
        format!("verify = \"flow\"\nsecrest = [\"{secret}\"]"),
        format!("verify = \"{secret}\""),
        format!("verify = [\"{secret}\"]"),
        format!("verify = {{ header = \"x\", secret = \"{secret}\" }}"),
        format!("verify = {{ header = \"{secret} {secret}\" }}"),
        format!("verify = {{ hmac = \"{secret}\", header = \"x\" }}"),
        format!("verify = {{ hmac = \"sha256\", header = \"x\", message = \"{{{secret}}}\" }}"),
        format!("verify = \"standard-webhooks\"\nsecrets = [\"{secret}!\"]"),
        format!("verify = \"bearer\"\nsecrets = [\"{secret}ü\"]"),
    ] {
        let settings: Settings = toml::from_str(&text).unwrap();
        let shown = match Verifier::with_variables(&settings, variable) {
            Ok(verifier) => format!("{settings:?} {verifier:?}"),
            Err(invalid) => format!("{settings:?} {invalid:?} {invalid}"),
        };
        assert!(!shown.contains("very-secret"), "{text}\n{shown}");
    }
}

#[test]
fn refusals_do_not_say_what_would_be_right() {
    let verifier = verifier("\"flow\"", &["${FLOW_SECRET}", "a second one, not in use"]);
    let wrong = format!("sha1={}", hex(&[0; 20]));
    for (signature, body) in [(wrong.as_str(), FLOW_BODY), ("sha1=00", FLOW_BODY), ("nonsense", b"")] {
        let refused = verifier.verify(&headers(&[("x-sg-signature", signature)]), body, 0).unwrap_err();
        let shown = format!("{refused} {refused:?}");
        for hidden in [FLOW_SECRET, "second", FLOW_SHA1, FLOW_SHA256, signature] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}

#[test]
fn headers_are_stored_without_what_is_secret() {
    let ftrack = verifier(r#"{ header = "X-Studio" }"#, &[FLOW_SECRET]);
    let mut all = headers(&[
        ("Content-Type", "application/json"),
        ("X-Studio", "whatever it is"),
        ("Authorization", "Bearer abc"),
        ("Proxy-Authorization", "Basic abc"),
        ("Cookie", "a=b"),
        ("X-Hub-Signature", "sha1=00"),
        ("X-SG-Signature", "sha1=00"),
        ("webhook-signature", "v1,AAAA"),
        ("ftrack-secret", "abc"),
        ("X-Api-Key", "abc"),
        ("X-Gitlab-Token", "abc"),
        ("X-Mistyped", "it is k3y-0f-the-5tudio! here"),
        ("X-K3Y-0f-the-5tudio!", "in the place of its value"),
        ("x-sg-delivery-id", "dea7a71d"),
        ("x-twice", "one"),
        ("x-twice", "two"),
        ("x-foreign", "ü\u{80}"),
    ]);
    let mut marked = HeaderValue::from_static("abc");
    marked.set_sensitive(true);
    all.insert("x-marked", marked);
    let redacted = ftrack.redacted(&all);
    assert_eq!(redacted.len(), all.len());
    assert!(!format!("{redacted:?}").contains(FLOW_SECRET), "{redacted:?}");
    let shown: Vec<(&str, &str)> = redacted
        .iter()
        .filter(|(_, value)| value != "(secret)")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let expected = [
        ("content-type", "application/json"),
        ("x-sg-delivery-id", "dea7a71d"),
        ("x-twice", "one"),
        ("x-twice", "two"),
        ("x-foreign", "\\xc3\\xbc\\xc2\\x80"),
    ];
    assert_eq!(shown, expected);
    let open = verifier("\"none\"", &[]).redacted(&all);
    assert!(open.contains(&("x-studio".to_owned(), "whatever it is".to_owned())));
    assert!(open.contains(&("authorization".to_owned(), "(secret)".to_owned())));
}

#[test]
fn a_repeated_body_has_the_same_fingerprint_and_another_time_another() {
    assert_eq!(fingerprint(FRAMEIO_BODY.as_bytes(), Some("1604004499")), FRAMEIO_ID);
    assert_eq!(fingerprint(b"", None), fingerprint(b"", None));
    assert_ne!(fingerprint(b"{}", None), fingerprint(b"{ }", None));
    assert_ne!(fingerprint(b"{}", Some("1")), fingerprint(b"{}", Some("2")));
    assert_ne!(fingerprint(b"{}", Some("1")), fingerprint(b"{}", None));
    assert_eq!(fingerprint(b"x", None).len(), "sha256:".len() + 64);
}
