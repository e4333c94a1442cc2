//! What filters give, and what is said where they do not compile.

use super::{Arc, Duration, Failed, Filters, Limits, Scene, Value, check, json};

/// How a tracker's batch of status changes becomes operations.
const STATUS_CHANGES: &str = r#"
    def ev: if .data.deliveries then .data.deliveries[] else .data end;
    .body
    | ev
    | select(.meta.type == "attribute_change" and .entity.type == "Task" and .attribute_name == "sg_status_list")
    | {
        op: "merge", type: "tasks", ext: "Task/\(.entity.id)", seq: .event_log_entry_id, at: .created_at,
        patch: {task_status: {ext: "Status/\(.meta.new_value)"}}
      }
"#;

fn delivery(id: i64, attribute: &str) -> Value {
    json!({
        "id": format!("119.110.{id}"), "event_log_entry_id": 479_004 + id, "event_type": "Shotgun_Task_Change",
        "operation": "update", "entity": {"type": "Task", "id": 1246 + id}, "project": {"type": "Project", "id": 127},
        "attribute_name": attribute,
        "meta": {"type": "attribute_change", "attribute_name": attribute, "old_value": "ip", "new_value": "fin"},
        "created_at": "2026-11-23 10:00:00.1",
    })
}

fn operation(id: i64) -> Value {
    json!({
        "op": "merge", "type": "tasks", "ext": format!("Task/{}", 1246 + id), "seq": 479_004 + id,
        "at": "2026-11-23 10:00:00.1", "patch": {"task_status": {"ext": "Status/fin"}},
    })
}

#[tokio::test]
async fn a_batch_of_events_becomes_operations() {
    let scene = Scene::new();
    let deliveries: Vec<_> =
        (0..50).map(|id| delivery(id, if id == 7 { "due_date" } else { "sg_status_list" })).collect();
    let batch = json!({"timestamp": "2026-11-23T10:00:01Z", "data": {"deliveries": deliveries}});
    let operations = scene.run(STATUS_CHANGES, json!({"headers": {}, "body": batch})).await.unwrap();
    assert_eq!(operations, (0..50).filter(|id| *id != 7).map(operation).collect::<Vec<_>>());

    let single = json!({"headers": {}, "body": {"data": delivery(3, "sg_status_list")}});
    assert_eq!(Scene::one(scene.run(STATUS_CHANGES, single).await), operation(3));
}

#[tokio::test]
async fn numbers_and_order_stay_as_json_can_have_them() {
    let scene = Scene::new();
    for (program, outputs) in [
        ("nan, infinite, -infinite", "[null,null,null]"),
        ("[nan, {a: infinite}]", r#"[[null,{"a":null}]]"#),
        ("{z: 1, a: 2, m: {y: 1, b: 2}}", r#"[{"z":1,"a":2,"m":{"y":1,"b":2}}]"#),
        ("{c: 1, b: 2, a: 3} | del(.c) | .d = 4", r#"[{"b":2,"a":3,"d":4}]"#),
        ("18446744073709551615, -9223372036854775808", "[18446744073709551615,-9223372036854775808]"),
        ("18446744073709551616, -1e300", "[1.8446744073709552e19,-1e300]"),
        ("1e1000, \"1e1000\" | tonumber", "[null,null]"),
        ("6 / 2, 24.0, 1e3, 0.1 + 0.2, -0.0", "[3,24,1000,0.30000000000000004,0]"),
        ("[255, 97] | tobytes, tostring", r#"["\ufffda","[255,97]"]"#),
        (r#""\u0000\u001fé🎬\"\\/""#, r#"["\u0000\u001fé🎬\"\\/"]"#),
    ] {
        let given = scene.run(program, Value::Null).await.unwrap();
        assert_eq!(serde_json::to_string(&given).unwrap(), outputs, "{program}");
    }
    let input = json!({"z": [1, 2.5, u64::MAX, i64::MIN], "a": {"ü": "\u{1}🎬", "": null}});
    assert_eq!(Scene::one(scene.run(".", input.clone()).await).to_string(), input.to_string());
}

/// Programs with what they give for `null`: what jaq lacks against jq 1.7, or does otherwise.
const AS_IN_JQ: [(&str, &str); 62] = [
    ("2 | IN(1, 2), IN(3)", "true,false"),
    ("IN((1, 2); 2), IN(empty; 2)", "true,false"),
    (
        r#"[{id: 1, a: 2}, {id: "x"}] | INDEX(.id), INDEX(.[0]; .a)"#,
        r#"{"1":{"id":1,"a":2},"x":{"id":"x"}},{"2":{"id":1,"a":2}}"#,
    ),
    (r#"[1, 2] | JOIN({"1": "a"}; tostring)"#, r#"[[1,"a"],[2,null]]"#),
    (r#"[1, 2] | JOIN({"1": "a"}; .[]; tostring)"#, r#"[1,"a"],[2,null]"#),
    (r#"["1"] | JOIN({"1": "a"}; .[]; .; add)"#, r#""1a""#),
    (
        "{a: [1, {b: 2}], c: [], d: {}} | [tostream]",
        r#"[[["a",0],1],[["a",1,"b"],2],[["a",1,"b"]],[["a",1]],[["c"],[]],[["d"],{}],[["d"]]]"#,
    ),
    ("{a: [1, {b: 2}], c: [], d: {}}, 3, [] | fromstream(tostream)", r#"{"a":[1,{"b":2}],"c":[],"d":{}},3,[]"#),
    ("[1 | truncate_stream([[0], 1], [[1, 0], 2], [[1, 0]], [[1]])]", "[[[0],2],[[0]]]"),
    ("fromstream(1 | truncate_stream([[0], 1], [[1, 0], 2], [[1, 0]], [[1]]))", "[2]"),
    ("[{a: [1, {b: 2}]} | leaf_paths]", r#"[["a",0],["a",1,"b"]]"#),
    ("[[1] | recurse_down]", "[[1],1]"),
    (r#"[1, "a\"b", null, true, 1.5] | @csv"#, r#""1,\"a\"\"b\",,true,1.5""#),
    (r#"["a\tb\\c\nd\r", null, 1, false] | @tsv"#, r#""a\\tb\\\\c\\nd\\r\t\t1\tfalse""#),
    (r#"@csv "x,\(["a"])""#, r#""x,\"a\"""#),
    (r#"["a"] | format("csv", "tsv", "json", "text")"#, r#""\"a\"","a","[\"a\"]","[\"a\"]""#),
    (r#""<&" | format("html", "uri", "sh", "base64")"#, r#""&lt;&amp;","%3C%26","'<&'","PCY=""#),
    (r#"setpath(["a", "b"]; 1)"#, r#"{"a":{"b":1}}"#),
    (r#"{a: [0]} | setpath(["a", 2]; 1)"#, r#"{"a":[0,null,1]}"#),
    (r#"setpath([0, "a"]; 1), setpath([]; 2)"#, r#"[{"a":1}],2"#),
    ("[1, 2] | setpath([-1]; 9)", "[1,9]"),
    ("[1, 2, 3] | setpath([{start: 1, end: 2}]; [7, 8])", "[1,7,8,3]"),
    ("{a: 1, b: {c: 2, d: 3}, e: 4} | pick(.b.c, .a, .x)", r#"{"b":{"c":2},"a":1,"x":null}"#),
    ("[1, 2, 3, 4] | pick(.[2])", "[null,null,3]"),
    (r#"{a: {b: 1}, x: {y: 2}, z: 1} | delpaths([["a"], ["x", "y"], ["n", "m"]])"#, r#"{"x":{},"z":1}"#),
    (r#"["foo", "bar", "baz"] | del(.[1, 2])"#, r#"["foo"]"#),
    ("[1, 2, 3] | del(.[-1], .[9]), del(.[1:])", "[1,2],[1]"),
    ("{a: 1, b: 2, c: 3} | del(.a, .n, .n.m)", r#"{"b":2,"c":3}"#),
    ("[{a: 1}, {b: 1}] | del(.[] | select(.a))", r#"[{"b":1}]"#),
    ("{a: null, b: [1, null]} | del(.. | select(. == null))", r#"{"b":[1]}"#),
    (
        "[{name: \"a\", value: 1}, {k: \"b\", v: false}, {key: null, value: 3}, {key: 1}] | from_entries",
        r#"{"a":1,"b":false,"null":3,"1":null}"#,
    ),
    ("{a: 1, b: 2} | with_entries(select(.value > 1) | .key |= \"x\" + .)", r#"{"xb":2}"#),
    ("1, [2], null | toarray", "[1],[2],[null]"),
    (r#"["a", null, 1.5, true] | join(", ")"#, r#""a, , 1.5, true""#),
    (r#"[[], ["a"]] | .[] | join("-")"#, r#""","a""#),
    (r#"try ([[1]] | join("-")) catch ."#, r#""cannot join [1]""#),
    (r#""abc" | ltrimstr("a"), rtrimstr("c"), trimstr("x"), ltrimstr(1)"#, r#""bc","ab","abc","abc""#),
    (r#"ltrimstr("a"), rtrimstr("a")"#, "null,null"),
    ("65 | ascii", r#""A""#),
    (r#""[1, 2]", "3" | fromjson"#, "[1,2],3"),
    (r#"try ("1 2" | fromjson) catch ."#, r#""cannot parse \"1 2\" as one JSON value""#),
    (r#"[("0x10", "5x", "", "x", "7", 8) | tonumber?]"#, "[7,8]"),
    (r#"[("true", "1", false) | toboolean?]"#, "[true,false]"),
    (r#""banana" | test("AN"; "i"), test("AN"; null), test(["AN", "i"]), test(["AN"])"#, "true,false,true,false"),
    (r#"[["a", "g"], ["a"] | . as $re | "banana" | [match($re).offset]]"#, "[[1,3,5],[1]]"),
    (
        r#""test 12" | capture("(?<word>[a-z]+) (?<number>\\d+)"), capture(["(?<w>T)", "i"])"#,
        r#"{"word":"test","number":"12"},{"w":"t"}"#,
    ),
    (r#""abAB" | [scan("a")], [scan(["a", "i"])], [scan("(a)(b)"; "i")]"#, r#"["a"],["a","A"],[["a","b"],["A","B"]]"#),
    (
        r#""a1b22" | sub("(?<d>\\d)"; "<\(.d)>"), sub("\\d"; ""; null), gsub("\\d+"; ""), [splits("\\d+"; null)]"#,
        r#""a<1>b22","ab22","ab",["a","b",""]"#,
    ),
    (r#""a, b,c" | split(", *"; null), [splits(", *")], ascii_upcase"#, r#"["a","b","c"],["a","b","c"],"A, B,C""#),
    (
        "1425599507 | todate, date, (gmtime | todate, mktime), strftime(\"%A\")",
        r#""2015-03-05T23:51:47Z","2015-03-05T23:51:47Z","2015-03-05T23:51:47Z",1425599507,"Thursday""#,
    ),
    (
        r#""2015-03-05T23:51:47Z" | fromdate, fromdateiso8601, (strptime("%Y-%m-%dT%H:%M:%SZ") | todate)"#,
        r#"1425599507,1425599507,"2015-03-05T23:51:47Z""#,
    ),
    (r#"10 | dateadd("seconds"; 5), datesub("seconds"; 5)"#, "15,5"),
    (r#""aGk", "aGk=", "" | @base64d"#, r#""hi","hi","""#),
    ("have_literal_numbers, have_decnum", "true,false"),
    ("now | type, (localtime | length)", r#""number",8"#),
    ("1 | debug, stderr, debug(\"a\", \"b\")", "1,1,1"),
    (
        r#"{a: {b: [1, 2]}} | getpath(["a", "b", 1]), [paths], (to_entries | length)"#,
        r#"2,[["a"],["a","b"],["a","b",0],["a","b",1]],1"#,
    ),
    (
        "[3, [1, 2]] | walk(if type == \"array\" then sort else . end), flatten, (.. |= .)",
        "[3,[1,2]],[3,1,2],[3,[1,2]]",
    ),
    ("reduce range(5) as $i ({}; .[\"k\\($i % 2)\"] += [$i])", r#"{"k0":[0,2,4],"k1":[1,3]}"#),
    ("label $out | foreach (1, 2, 3) as $i (0; . + $i; if . > 2 then ., break $out else . end)", "1,3"),
    ("[limit(3; repeat(1))], first(range(9)), [.[]?], (try error({a: 1}) catch .a)", "[1,1,1],0,[],1"),
    (
        ". as [$a, {b: $c}] | {$a, $c, \"d\": \"x\" * 2, (\"e\", \"f\"): 1}",
        r#"{"a":null,"c":null,"d":"xx","e":1},{"a":null,"c":null,"d":"xx","f":1}"#,
    ),
];

#[tokio::test]
async fn what_jq_has_is_there() {
    let scene = Scene::new();
    for (program, outputs) in AS_IN_JQ {
        let given = scene.run(program, Value::Null).await.unwrap_or_else(|error| panic!("{program}: {error}"));
        let given: Vec<_> = given.iter().map(Value::to_string).collect();
        assert_eq!(given.join(","), outputs, "{program}");
    }
}

#[tokio::test]
async fn an_error_says_what_it_was_applied_to() {
    let scene = Scene::new();
    for (program, input, message) in [
        (".name | ascii_upcase", json!({}), "cannot use null as string"),
        (".a.b", json!({"a": "x"}), r#"cannot index "x" with "b""#),
        (".a + 1", json!({"a": "x"}), r#"cannot calculate "x" + 1"#),
        (r#"error("no project in \(.id)")"#, json!({"id": 7}), "no project in 7"),
        ("error", json!({"code": 3}), r#"{"code":3}"#),
        ("1, 2, error(\"late\")", json!(null), "late"),
        ("{(1): 2}", json!(null), "an object has a key that is not a text: 1"),
    ] {
        assert_eq!(scene.run(program, input).await, Err(Failed::Raised(message.to_owned())), "{program}");
    }
    for program in [".data.deliveries[]", ".a.b = 1"] {
        let failed = scene.run(program, json!({})).await.unwrap_err().to_string();
        assert!(failed.contains("cannot use null as iterable") && failed.contains("`.a[]?`"), "{failed}");
    }
    let long = json!({"text": "x".repeat(100_000)});
    let failed = scene.run(".text.b", long).await.unwrap_err().to_string();
    assert!(failed.len() < 600 && failed.contains("xx … xx") && failed.ends_with("with \"b\""), "{failed}");
}

/// Programs, with the line and the column of what is wrong with them, and what is said of it.
const FAULTY: [(&str, usize, usize, &str); 31] = [
    ("", 1, 1, "expected a filter such as `.name`, found the end"),
    (".a |", 1, 5, "expected a filter such as `.name`, found the end"),
    (".a |\n\n# later\n", 3, 8, "expected a filter such as `.name`, found the end"),
    (".a | | .b", 1, 6, "expected a filter such as `.name`, found `|`"),
    (".a |\r\n  map(\r\n    .b", 2, 6, "`(` is not closed before the end"),
    ("map([.e)", 1, 5, "`[` is not closed before `)`"),
    ("[.a)]", 1, 1, "`[` is not closed before `)]`"),
    ("{a: \"x}", 1, 5, "`\"` is not closed before the end"),
    (".é", 1, 2, "nothing begins with `é`"),
    (".a)", 1, 3, "`)` closes nothing"),
    ("{a: 'x'}", 1, 5, "texts are quoted with \", not with '"),
    ("if . then 1 else 2", 1, 19, "expected `end`, found the end"),
    ("{a; b}", 1, 3, "expected comma or right brace, found `;`"),
    ("\"\\q\"", 1, 3, "expected string escape sequence, found `q\"`"),
    ("\"\\ud83d\\ude00\"", 1, 4, "`\\u` takes four hexadecimal digits; above U+FFFF, write the character"),
    ("\t.a | nope", 1, 7, "there is no filter `nope` without arguments"),
    ("def f(g): g; f", 1, 14, "there is no filter `f` without arguments"),
    ("map(.a; .b)", 1, 1, "`map` takes 1 argument, not 2"),
    ("test", 1, 1, "`test` takes 1 or 2 arguments, not 0"),
    ("reduce . as $x (1)", 1, 1, "`reduce` takes 2 arguments, not 1"),
    ("\"é\" | $x", 1, 7, "there is no variable `$x`"),
    ("break $x", 1, 7, "there is no label `$x`"),
    ("a::b", 1, 1, "there is no module `a`"),
    ("@nope", 1, 1, "there is no filter `@nope` without arguments"),
    ("import \"a\" as a; .", 1, 9, "a filter cannot load modules"),
    ("include \"a\"; .", 1, 10, "a filter cannot load modules"),
    ("import \"/etc/passwd\" as $a; $a", 1, 9, "a filter cannot load modules"),
    (".a | env.HOME", 1, 6, "there is no `env` here: a filter does not see the environment of the server"),
    ("$ENV.HOME", 1, 1, "there is no `$ENV` here: a filter does not see the environment of the server"),
    ("[inputs]", 1, 2, "there is no `inputs` here: a filter has one input, which is `.`"),
    (
        "halt_error(1)",
        1,
        1,
        "there is no `halt_error` here: a filter does not end the server: `empty` gives nothing, `error(\"…\")` refuses",
    ),
];

#[tokio::test]
async fn what_does_not_compile_is_said_with_its_place() {
    let scene = Scene::new();
    for (program, line, column, message) in FAULTY {
        let fault = check(program).unwrap_err();
        assert_eq!((fault.line, fault.column), (line, column), "{program:?}: {fault}");
        assert_eq!(fault.message.lines().next(), Some(message), "{program:?}");
        assert_eq!(fault.message.lines().last(), Some(&*format!("  {}^", " ".repeat(column - 1))), "{program:?}");
        let failed = scene.run(program, Value::Null).await;
        assert_eq!(failed, Err(Failed::Compile(fault.clone())));
        assert_eq!(scene.filters.check(&Arc::from(program)).await, Err(Failed::Compile(fault)));
    }
    assert_eq!(scene.filters.check(&Arc::from(".a[0] | error")).await, Ok(()));
    assert_eq!(scene.started().len(), 1);
}

#[test]
fn a_fault_far_to_the_right_is_shown_in_its_surroundings() {
    let fault = check(&format!("\"{}\" | nope | \"{}\"", "x".repeat(300), "y".repeat(300))).unwrap_err();
    let lines: Vec<_> = fault.message.lines().collect();
    assert_eq!(fault.column, 306);
    let &[_, shown, mark] = &lines[..] else { panic!("{lines:?}") };
    assert!(shown.len() < 110, "{shown}");
    assert!(shown[mark.len() - 1..].starts_with("nope"), "{fault}");
}

#[test]
fn the_longest_programs_are_checked_whatever_is_in_them() {
    let long = 32 * 1024;
    assert!(check(&" ".repeat(long + 1)).unwrap_err().message.contains("longer"));
    for (open, middle, close) in
        [("-", "1", ""), ("(", ".", ")"), ("[", "", "]"), ("(", "", ""), ("{a:", "1", "}"), (".|", ".", "")]
    {
        let count = (long - 1) / (open.len() + close.len());
        let _ = check(&format!("{}{middle}{}", open.repeat(count), close.repeat(count)));
    }
}

#[tokio::test]
async fn a_large_input_is_taken() {
    let scene = Scene::with(Limits { time: Duration::from_secs(60), ..Limits::default() });
    let versions: Vec<_> =
        (0..50_000).map(|id| json!({"id": id, "code": "x".repeat(180), "entity": {"type": "Shot"}})).collect();
    let input = json!({"headers": {}, "body": versions});
    assert!(input.to_string().len() > 10 * 1024 * 1024);
    assert_eq!(Scene::one(scene.run(".body | length, empty", input.clone()).await), 50_000);
    let outputs = scene.run(".body[] | select(.id % 10 == 0)", input).await.unwrap();
    assert_eq!(outputs.len(), 5_000);
}

#[tokio::test]
async fn a_thousand_runs_share_a_process() {
    let scene = Scene::new();
    for id in 0..1000 {
        assert_eq!(Scene::one(scene.run(".body.id + 1", json!({"body": {"id": id}})).await), id + 1);
    }
    assert_eq!(scene.started().len(), 1);
}

#[tokio::test]
async fn more_programs_than_are_kept_compiled_work() {
    let scene = Scene::new();
    for round in 0..2 {
        for number in 0..40 {
            assert_eq!(Scene::one(scene.run(&format!(". + {number}"), json!(round)).await), round + number);
        }
    }
}

#[test]
fn limits_are_said() {
    let said = [Failed::TooSlow(Duration::from_secs(2)), Failed::TooMuchMemory, Failed::TooMuchOutput, Failed::TooDeep];
    let said = said.map(|failed| failed.to_string());
    assert!(said.iter().all(|text| text.ends_with("and was stopped")), "{said:?}");
    assert!(said[0].contains("2s"));
    let _: fn(&Filters) = |filters| drop(format!("{filters:?}"));
}
