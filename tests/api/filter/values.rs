//! What goes in, and what comes out of it.

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngSeed, TestRunner},
};
use serde_json::{Value, json};
use watchtower_server::webhook::filter::{Answer, DEEPEST, Failure, input};

use super::{failure, filter, made, run};

#[tokio::test]
async fn headers_and_body_go_in() {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = [header("X-Kind", "a"), header("x-twice", "1"), header("X-Twice", "2"), header("empty", "")];
    let input = input(&headers, b" [1] ").unwrap();
    let made = filter("{headers, body}, (.headers | keys)").run(&input).await.unwrap();
    assert_eq!(made[0], json!({"headers": {"x-kind": "a", "x-twice": "1, 2", "empty": ""}, "body": [1]}));
    assert_eq!(made[1..], [json!("empty"), json!("x-kind"), json!("x-twice")]);
}

#[test]
fn a_body_that_is_no_json_does_not_go_in() {
    let table: [(&[u8], &str); 7] = [
        (b"", "EOF"),
        (b"{", "EOF"),
        (b"1, \"headers\": {}", "trailing characters at line 1 column 2"),
        (b"NaN", "expected value at line 1 column 1"),
        (b"{\n \"a\": 01}", "invalid number at line 2 column 8"),
        (b"[1] # more", "trailing characters"),
        (b"\"\xff\"", "invalid utf-8"),
    ];
    for (body, words) in table {
        let failure = input(&[], body).unwrap_err();
        let said = failure.to_string();
        assert!(said.starts_with("what came is no JSON: ") && said.contains(words), "{said}");
    }
}

#[tokio::test]
async fn half_a_character_is_no_json() {
    let failure = failure(".", r#""\ud800""#).await;
    assert!(matches!(failure, Failure::Input(_)), "{failure}");
}

#[tokio::test]
async fn outputs_are_put_in_one_row() {
    let all = "1, null, [2, null, [3]], [], {a: [null]}, \"x\", false, empty";
    let expected = [json!(1), json!(2), json!([3]), json!({"a": [null]}), json!("x"), json!(false)];
    assert_eq!(made(all, "1").await, expected);
    assert_eq!(made("empty", "1").await, Vec::<Value>::new());
}

#[tokio::test]
async fn integers_stay_exact() {
    for integer in ["9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808"] {
        let made = made(".body, (.body | tostring), .body + 0", integer).await;
        assert_eq!(serde_json::to_string(&made).unwrap(), format!("[{integer},\"{integer}\",{integer}]"));
    }
    let largest = u64::MAX.to_string();
    assert_eq!(made(".body, {id: .body}", &largest).await, [json!(u64::MAX), json!({"id": u64::MAX})]);
    assert_eq!(
        made("\"Shot/\\(.body)\"", "123456789012345678901234567890").await,
        [json!("Shot/123456789012345678901234567890")]
    );
}

#[tokio::test]
async fn an_integer_that_would_not_stay_exact_is_no_output() {
    for text in [".body", "{a: [.body]}", "18446744073709551615 + 1", "-9223372036854775808 - 1"] {
        let words = failure(text, "18446744073709551616").await.to_string();
        assert!(words.contains("too long to stay exact") && words.contains("tostring"), "{words}");
    }
}

#[tokio::test]
async fn decimals_stay_as_they_are() {
    for (came, went) in [("1.0", "1.0"), ("23.976", "23.976"), ("1e2", "100.0"), ("-0.5E-3", "-0.0005")] {
        assert_eq!(serde_json::to_string(&made(".body", came).await).unwrap(), format!("[{went}]"));
    }
    assert_eq!(made("\"\\(.body)\"", "0.10000000000000000000001").await, [json!("0.10000000000000000000001")]);
    assert_eq!(made("\"+1.5\", \"01.50\" | fromjson", "1").await, [json!(1.5), json!(1.5)]);
}

#[tokio::test]
async fn what_json_does_not_have_is_no_output() {
    let table = [
        ("nan", "NaN"),
        ("[1 / 0]", "Infinity"),
        ("{a: -infinite}", "-Infinity"),
        ("\"1e999\" | fromjson", "1e999, which is too large"),
        ("{(1): 2}", "an object with the key 1"),
        ("{([1]): 2}", "an object with the key [1]"),
        ("\"a\" | tobytes", "bytes"),
    ];
    for (text, words) in table {
        let said = failure(text, "1").await.to_string();
        assert!(said.starts_with("the filter made something that JSON does not have: "), "{said}");
        assert!(said.contains(words), "{text}: {said}");
    }
}

#[tokio::test]
async fn texts_stay_as_they_are() {
    for text in ["é", "日本語", "😀", "e\u{301}", "\0\u{1}\n\t\"\\/", "\u{7f}\u{2028}\u{feff}", ""] {
        let body = serde_json::to_string(&json!({text: text})).unwrap();
        assert_eq!(made(".body", &body).await, [json!({text: text})]);
    }
    assert_eq!(made(".body", r#""\ud83d\ude00\u0041""#).await, [json!("😀A")]);
    assert_eq!(made("\"gIA=\" | @base64d", "1").await, [json!("\u{fffd}\u{fffd}")]);
}

#[tokio::test]
async fn keys_stay_in_their_order_and_the_last_of_two_counts() {
    let made = made(".body", r#"{"z":1,"a":2,"m":3,"a":4}"#).await;
    assert_eq!(serde_json::to_string(&made).unwrap(), r#"[{"z":1,"a":4,"m":3}]"#);
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![Just(String::new()), ".{0,20}", "\\PC{0,20}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("a number", |number| number.is_finite().then(|| Value::from(number))),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 200, 8, move |inner| {
        let object =
            vec((text.clone(), inner.clone()), 0..8).prop_map(|members| Value::Object(members.into_iter().collect()));
        prop_oneof![vec(inner, 0..8).prop_map(Value::from), object]
    })
}

/// The same cases at every run, unless others are asked for.
fn config() -> Config {
    let default = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_some() || std::env::var_os("PROPTEST_RNG_SEED").is_some() {
        return default;
    }
    Config { cases: 300, rng_seed: RngSeed::Fixed(20_260_101), ..default }
}

#[test]
fn any_json_comes_back_the_same() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // One process for all of them, and more of it than one answer.
    let filter = std::cell::RefCell::new(filter("[.body]"));
    let checked = TestRunner::new(config()).run(&any_json(), |value| {
        let made = runtime.block_on(run(&mut filter.borrow_mut(), &value.to_string()));
        let expected = if value.is_null() { vec![] } else { vec![value] };
        prop_assert_eq!(made, Ok(expected));
        Ok(())
    });
    checked.unwrap();
}

#[test]
fn an_answer_that_is_none_is_no_answer() {
    for content in ["", "{}", "\"Ready\" 1", "{\"Changes\":{}}", "{\"Changes\":[1}", "{\"Failed\":\"Nothing\"}"] {
        assert!(Answer::read(content.as_bytes()).is_err(), "{content}");
    }
    let deepest = "[".repeat(DEEPEST) + &"]".repeat(DEEPEST);
    assert!(Answer::read(format!("{{\"Changes\":[{deepest}]}}").as_bytes()).is_ok());
}
