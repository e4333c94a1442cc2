//! What jq has, filters have: also what jaq lacks.

use serde_json::{Value, json};

use super::made;

/// What each makes of the body, as jq 1.7 does.
#[tokio::test]
async fn what_people_know_of_jq_is_there() {
    let table: [(&str, Value, Value); 31] = [
        ("[.[] | IN(1, 2)]", json!([1, 3]), json!([true, false])),
        ("IN(.[]; 2, 3)", json!([1, 2]), json!(true)),
        ("IN(.[]; 4)", json!([1, 2]), json!(false)),
        ("INDEX(.id)", json!([{"id": 1}, {"id": "b"}]), json!({"1": {"id": 1}, "b": {"id": "b"}})),
        ("INDEX(.[]; .[0])", json!([["a", 1], ["a", 2]]), json!({"a": ["a", 2]})),
        ("JOIN({a: 1}; .)", json!(["a", "b"]), json!([["a", 1], ["b", null]])),
        ("[JOIN({a: 1}; .[]; .)]", json!(["a"]), json!([["a", 1]])),
        ("[JOIN({a: 1}; .[]; .; add(.[1]))]", json!(["a"]), json!([1])),
        ("from_entries", json!([{"name": "a", "value": 1}, {"k": "b", "v": false}]), json!({"a": 1, "b": false})),
        ("from_entries", json!([{"key": null, "value": null}, {"key": 1}]), json!({"null": null, "1": null})),
        ("with_entries(.value += 1)", json!({"a": 1}), json!({"a": 2})),
        ("map(ltrimstr(\"sg_\"))", json!(["sg_a", "b", "", null, 1]), json!(["a", "b", "", null, 1])),
        ("map(rtrimstr(\".é\"))", json!(["a.é", ".é", "é", null]), json!(["a", "", "é", null])),
        ("map(trimstr(\"/\"))", json!(["/a/", "/", "a"]), json!(["a", "", "a"])),
        ("ltrimstr(1)", json!("1"), json!("1")),
        ("join(\", \")", json!(["a", null, 1, true]), json!("a, , 1, true")),
        ("join(\"/\")", json!([]), json!("")),
        ("join(\"-\")", json!([null, null]), json!("-")),
        ("ascii", json!(65), json!("A")),
        ("@csv", json!(["a\"b", 1, null, true]), json!("\"a\"\"b\",1,,true")),
        ("@tsv", json!(["a\tb\\c\n", 1, null, ""]), json!("a\\tb\\\\c\\n\t1\t\t")),
        ("map(toarray)", json!([[1], 1, null]), json!([[1], [1], [null]])),
        ("[leaf_paths]", json!({"a": [1, {"b": 2}]}), json!([["a", 0], ["a", 1, "b"]])),
        ("date", json!(1_425_599_621), json!("2015-03-05T23:53:41Z")),
        ("dateadd(\"seconds\"; 10)", json!(10), json!(20)),
        ("datesub(\"seconds\"; 10)", json!(10), json!(0)),
        ("[group_by(.a)[] | length]", json!([{"a": 1}, {"a": 2}, {"a": 1}]), json!([2, 1])),
        ("[splits(\", *\")]", json!("a, b,c"), json!(["a", "b", "c"])),
        ("capture(\"(?<n>[0-9]+)\").n | tonumber", json!("shot 0010"), json!(10)),
        ("pick(.a.b)", json!({"a": {"b": 1, "c": 2}, "d": 3}), json!({"a": {"b": 1}})),
        ("fromdate | todate", json!("2015-03-05T23:51:47Z"), json!("2015-03-05T23:51:47Z")),
    ];
    for (text, body, expected) in table {
        let wrapped = format!("[.body | {text}]");
        assert_eq!(made(&wrapped, &body.to_string()).await, [expected], "{text} of {body}");
    }
}
