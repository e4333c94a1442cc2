//! Which settings can be used, and what is said of the others.

use watchtower_server::{
    variables::Unfilled,
    webhook::verify::{Fault, Invalid, Settings, Verifier},
};

use super::{FLOW_SECRET, variable};

fn checked(text: &str) -> Result<Verifier, Invalid> {
    let settings: Settings = toml::from_str(&format!("name = 'here'\n{text}")).unwrap();
    Verifier::with_variables(&settings, variable)
}

/// The key and the fault of settings that cannot be used.
fn fault(text: &str) -> (String, Fault) {
    let Err(Invalid { name, key, fault }) = checked(text) else { panic!("this was taken: {text}") };
    assert_eq!(name, "here");
    (key, fault)
}

fn words(text: &str) -> String {
    checked(text).unwrap_err().to_string()
}

/// Of a table.
fn table(table: &str) -> String {
    format!("verify = {{ {table} }}\nsecrets = ['${{FLOW_SECRET}}']")
}

#[test]
fn secrets_come_from_the_environment_in_whole_or_in_part() {
    let verifier = |secrets: &str| checked(&format!("verify = 'flow'\nsecrets = {secrets}"));
    for right in ["['${FLOW_SECRET}']", "['k3y-${HALF}-5tudio!']", "['0123456789abcdef']", "['üüüüüüüü']"] {
        assert!(verifier(right).is_ok(), "{right}");
    }
    let real: Settings = toml::from_str("verify = 'flow'\nsecrets = ['a long enough ${PATH}']").unwrap();
    assert!(Verifier::new(&real).is_ok());
}

#[test]
fn secrets_that_protect_nothing_are_refused() {
    let unset = |name: &str| Fault::Variable(Unfilled::Unset(name.to_owned()));
    for (secrets, key, expected) in [
        ("", "secrets", Fault::NoSecrets),
        ("secrets = []", "secrets", Fault::NoSecrets),
        ("secrets = '${FLOW_SECRET}'", "secrets", Fault::NoList),
        ("secrets = { a = '${FLOW_SECRET}' }", "secrets", Fault::NoList),
        ("secrets = [5]", "secrets, number 1", Fault::NoText),
        ("secrets = ['']", "secrets, number 1", Fault::Empty),
        ("secrets = ['0123456789abcde']", "secrets, number 1", Fault::Short),
        ("secrets = ['${HALF}']", "secrets, number 1", Fault::Short),
        ("secrets = ['${BROKEN}']", "secrets, number 1", Fault::Blank),
        ("secrets = [' ${FLOW_SECRET}']", "secrets, number 1", Fault::Blank),
        ("secrets = ['${NOT_THERE}']", "secrets, number 1", unset("NOT_THERE")),
        ("secrets = ['${FLOW_SECRET}', '${EMPTY}']", "secrets, number 2", unset("EMPTY")),
        ("secrets = ['${a b}0123456789abcdef']", "secrets, number 1", Fault::Variable(Unfilled::NoVariable)),
        ("secrets = ['${}0123456789abcdef']", "secrets, number 1", Fault::Variable(Unfilled::NoVariable)),
        ("secrets = ['0123456789abcdef${']", "secrets, number 1", Fault::Variable(Unfilled::NoVariable)),
    ] {
        assert_eq!(fault(&format!("verify = 'flow'\n{secrets}")), (key.to_owned(), expected), "{secrets}");
    }
    let many = |many| format!("verify = 'flow'\nsecrets = [{}]", "'${FLOW_SECRET}', ".repeat(many));
    assert!(checked(&many(16)).is_ok());
    assert_eq!(fault(&many(17)), ("secrets".to_owned(), Fault::ManySecrets));
    let none = "verify = 'none'\nsecrets = ['${FLOW_SECRET}']";
    assert_eq!(fault(none), ("secrets".to_owned(), Fault::UnusedSecrets));
}

#[test]
fn secrets_of_standard_webhooks_are_base64() {
    let with = |secret: &str| format!("verify = 'standard-webhooks'\nsecrets = ['{secret}']");
    for right in ["whsec_MDEyMzQ1Njc4OWFiY2RlZg==", "whsec_MDEyMzQ1Njc4OWFiY2RlZg", "MDEyMzQ1Njc4OWFiY2RlZg=="] {
        assert!(checked(&with(right)).is_ok(), "{right}");
    }
    for (secret, expected) in [
        ("whsec_MDEyMzQ1Njc4OWFiY2Rl", Fault::Short),
        ("MDEyMzQ1Njc4OWFiY2Rl", Fault::Short),
        ("whsec_", Fault::Short),
        (FLOW_SECRET, Fault::NoBase64),
        ("whsec_MDEyMzQ1Njc4OWFiY2RlZ", Fault::NoBase64),
        ("whsec_MDEyMzQ1Njc4OWFiY2RlZg==!", Fault::NoBase64),
        ("whpk_MDEyMzQ1Njc4OWFiY2RlZg==", Fault::Asymmetric),
        ("whsk_MDEyMzQ1Njc4OWFiY2RlZg==", Fault::Asymmetric),
    ] {
        assert_eq!(fault(&with(secret)), ("secrets, number 1".to_owned(), expected), "{secret}");
    }
}

#[test]
fn secrets_that_come_in_a_header_have_to_fit_in_one() {
    for verify in ["'bearer'", "{ header = 'x-key' }"] {
        for secret in ["a-secret-of-the-stüdio", "a secret of two\\nlines"] {
            let text = format!("verify = {verify}\nsecrets = [\"{secret}\"]");
            assert_eq!(fault(&text), ("secrets, number 1".to_owned(), Fault::HeaderValue), "{text}");
        }
    }
    assert!(checked("verify = 'flow'\nsecrets = ['a-secret-of-the-stüdio']").is_ok(), "this one is in no header");
}

#[test]
fn how_deliveries_are_verified_has_to_be_said_in_words_that_are_known() {
    for text in ["", "secrets = ['${FLOW_SECRET}']"] {
        assert_eq!(fault(text), ("verify".to_owned(), Fault::Undecided));
    }
    for wrong in ["'Flow'", "''", "'shotgrid'", "5", "true", "[]"] {
        assert_eq!(fault(&format!("verify = {wrong}")), ("verify".to_owned(), Fault::NoWay), "{wrong}");
    }
    assert_eq!(fault("verify = 'none'\nsecret = 'x'"), ("secret".to_owned(), Fault::Unknown));
    assert_eq!(fault("verify = { \"two\\nlines\" = 1 }"), ("verify.two\\nlines".to_owned(), Fault::Unknown));
    assert_eq!(fault("\"two\\nlines\" = 1"), ("two\\nlines".to_owned(), Fault::Unknown));
}

#[test]
fn contradictions_in_a_table_are_refused_with_their_key() {
    for (text, key, expected) in [
        ("", "header", Fault::Missing),
        ("hmac = 'sha256'", "header", Fault::Missing),
        ("hmac = 'md5', header = 'x'", "hmac", Fault::Algorithm),
        ("hmac = 256, header = 'x'", "hmac", Fault::NoText),
        ("header = 5", "header", Fault::NoText),
        ("header = 'two words'", "header", Fault::HeaderName),
        ("header = ''", "header", Fault::HeaderName),
        ("header = 'x', heder = 'y'", "heder", Fault::Unknown),
        ("header = 'x', encoding = 'hex'", "encoding", Fault::OnlySigned),
        ("header = 'x', message = '{body}'", "message", Fault::OnlySigned),
        ("header = 'x', timestamp-header = 't'", "timestamp-header", Fault::OnlySigned),
        ("header = 'x', skew = 5", "skew", Fault::OnlySigned),
        ("header = 'x', id-header = 'X'", "id-header", Fault::SameHeader("header")),
        ("header = 'x', id-header = 'Cookie'", "id-header", Fault::SecretHeader),
        ("header = 'x', prefix = 'ü'", "prefix", Fault::Prefix),
        ("header = 'x', prefix = ' Token'", "prefix", Fault::Prefix),
        ("hmac = 'sha1', header = 'x', encoding = 'base32'", "encoding", Fault::Encoding),
        ("hmac = 'sha1', header = 'x', skew = 5", "skew", Fault::NoTime),
        ("hmac = 'sha1', header = 'x', timestamp-header = 't'", "timestamp-header", Fault::UnsignedTime),
    ] {
        assert_eq!(fault(&table(text)), (format!("verify.{key}"), expected), "{text}");
    }
    let long = |many| table(&format!("header = 'x', prefix = '{}'", "p".repeat(many)));
    assert!(checked(&long(64)).is_ok());
    assert_eq!(fault(&long(65)), ("verify.prefix".to_owned(), Fault::Prefix));
}

#[test]
fn times_are_compared_within_bounds() {
    let with = |rest: &str| {
        table(&format!("hmac = 'sha256', header = 'x', message = '{{timestamp}}{{body}}', timestamp-header = {rest}"))
    };
    assert!(checked(&with("'t', skew = 1")).is_ok() && checked(&with("'t', skew = 86400")).is_ok());
    for wrong in ["0", "86401", "-1", "1.5", "'5'", "99999999999999999999"] {
        let Ok(settings) = toml::from_str::<Settings>(&with(&format!("'t', skew = {wrong}"))) else { continue };
        let invalid = Verifier::with_variables(&settings, variable).unwrap_err();
        assert_eq!((invalid.key.as_str(), invalid.fault), ("verify.skew", Fault::Range(1, 86400)), "{wrong}");
    }
    let same = |other| ("verify.timestamp-header".to_owned(), Fault::SameHeader(other));
    assert_eq!(fault(&with("'x'")), same("header"));
    assert_eq!(fault(&with("'t', id-header = 'T'")), same("id-header"));
}

/// Of a table with this message and everything that it may need.
fn with_message(message: &str) -> String {
    table(&format!("hmac = 'sha256', header = 'x', timestamp-header = 't', id-header = 'i', message = '{message}'"))
}

#[test]
fn a_message_has_the_body_in_it_and_its_pieces_can_be_told_apart() {
    for right in [
        "{timestamp}{body}",
        "{id}.{timestamp}.{body}",
        "{timestamp}{id}:{body}",
        "{body}|{timestamp}|{id}",
        "ü{body}{timestamp}",
    ] {
        assert!(checked(&with_message(right)).is_ok(), "{right}");
    }
    for (wrong, expected) in [
        ("", Fault::NoBody),
        ("{timestamp}", Fault::NoBody),
        ("body", Fault::NoBody),
        ("{body", Fault::Placeholder),
        ("body}", Fault::Placeholder),
        ("{}{body}", Fault::Placeholder),
        ("{Body}", Fault::Placeholder),
        ("{{body}}", Fault::Placeholder),
        ("{body}{body}{timestamp}", Fault::Placeholder),
        ("{id}{body}{timestamp}", Fault::BesideId),
        ("{id}{timestamp}.{body}", Fault::BesideId),
        ("{body}{id}.{timestamp}", Fault::BesideId),
    ] {
        assert_eq!(fault(&with_message(wrong)), ("verify.message".to_owned(), expected), "{wrong}");
    }
    let long = |many| with_message(&format!("{}{{body}}{{timestamp}}", "ü".repeat(many)));
    assert!(checked(&long(239)).is_ok());
    assert_eq!(fault(&long(240)), ("verify.message".to_owned(), Fault::LongMessage));
    for (placeholder, key) in [("{timestamp}", "timestamp-header"), ("{id}", "id-header")] {
        let text = table(&format!("hmac = 'sha256', header = 'x', message = '{placeholder}.{{body}}'"));
        assert_eq!(fault(&text), ("verify.message".to_owned(), Fault::Needs { placeholder, key }));
    }
}

#[test]
fn faults_say_which_source_and_key_and_what_to_do() {
    for (text, expected) in [
        (
            "secrets = ['${FLOW_SECRET}']",
            "verify: it is missing: write \"flow\", \"github\", \"frameio\", \"standard-webhooks\", \"bearer\" or \"none\", \
             or a table; \"none\" lets everybody send who reaches this server",
        ),
        (
            "verify = 'flow'\nsecrets = ['short']",
            "secrets, number 1: it is shorter than 16 bytes, so that it could be guessed: take a longer one, at the \
             sender too",
        ),
        (
            "verify = 'flow'\nsecrets = ['${NOT_THERE}']",
            "secrets, number 1: the environment has no variable NOT_THERE, or an empty one",
        ),
        (
            "verify = { hmac = 'sha256', header = 'x', message = '{id}.{body}' }",
            "verify.message: it has {id} in it, which needs id-header",
        ),
        (
            "verify = { hmac = 'sha256', header = 'x', message = '{x}' }",
            "verify.message: braces are for {body}, {id} and {timestamp} alone, each once",
        ),
        (
            "verify = 'flow'\nsecrets = ['${a']",
            "secrets, number 1: its value has a ${ without the name of a variable and a } after it",
        ),
        (
            "verify = 'flow'",
            "secrets: there is none: write [\"${FLOW_SECRET}\"], with the variable in the environment of the server",
        ),
    ] {
        assert_eq!(words(text), format!("source \"here\": {expected}"));
    }
}
