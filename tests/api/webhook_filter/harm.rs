//! Filters that run away.

use super::{Duration, Failed, Instant, Limits, Scene, json};

#[tokio::test]
async fn a_filter_that_loops_for_ever_is_stopped() {
    let scene = Scene::hasty();
    for program in [
        "def f: f; f",
        "last(repeat(1))",
        "[limit(1e18; repeat(1))]",
        "repeat(1) | empty",
        "[range(infinite)]",
        "until(false; . + 1)",
        "try error(\"a\") catch until(false; .)",
        "first(range(infinite) | select(. < 0))",
    ] {
        let begin = Instant::now();
        let failed = scene.run(program, json!(1)).await.unwrap_err();
        assert!(matches!(failed, Failed::TooSlow(_) | Failed::TooMuchMemory), "{program}: {failed}");
        assert!(begin.elapsed() < Duration::from_secs(20));
        assert_eq!(Scene::one(scene.run(".", json!(2)).await), 2);
    }
    assert!(scene.started().len() >= 8);
    scene.until_there(1).await;
}

#[tokio::test]
async fn a_filter_that_fills_the_memory_is_stopped() {
    let scene = Scene::with(Limits { time: Duration::from_secs(60), ..Limits::default() });
    for program in [
        "\"x\" * 1000000000",
        "\"x\" * 1000000000000000000",
        "reduce range(40) as $i (\"x\"; . + .) | length",
        "reduce range(40) as $i ([1]; . + .) | length",
        "[limit(100000000; repeat(\"x\" * 100))] | length",
        "[range(100000000)] | length",
    ] {
        assert_eq!(scene.run(program, json!(1)).await, Err(Failed::TooMuchMemory), "{program}");
        assert_eq!(Scene::one(scene.run(".", json!(2)).await), 2);
    }
    scene.until_there(1).await;
}

#[tokio::test]
async fn a_filter_without_end_to_its_outputs_is_stopped() {
    let scene = Scene::with(Limits { time: Duration::from_secs(60), ..Limits::default() });
    for program in [
        "repeat(1)",
        "range(10001)",
        "\"x\" * 20000000",
        "repeat(\"x\" * 100000)",
        "[range(600000)]",
        "[range(300000) | {}] , [range(300000) | []]",
        "[\"\\u0001\" * 6000000]",
    ] {
        assert_eq!(scene.run(program, json!(1)).await, Err(Failed::TooMuchOutput), "{program}");
        assert_eq!(scene.run("range(10000)", json!(1)).await.unwrap().len(), 10_000);
    }
    scene.until_there(1).await;
}

#[tokio::test]
async fn a_filter_that_goes_too_deep_is_stopped() {
    let scene = Scene::with(Limits { time: Duration::from_secs(60), ..Limits::default() });
    for program in [
        "def f: if . == 0 then 0 else (. - 1 | f) + 1 end; 1e7 | f",
        "def f: [., f]; f",
        "def f: f | f; f",
        "def f: 1 + f; f",
        "reduce range(121) as $i (1; [.])",
        "reduce range(121) as $i (1; {a: .})",
        "reduce range(1000000) as $i (1; [.])",
        "reduce range(1000000) as $i (1; [.]) | tojson",
        "(\"[\" * 1000000) | fromjson",
        "[recurse([.])]",
    ] {
        let failed = scene.run(program, json!(1)).await.unwrap_err();
        assert!(matches!(failed, Failed::TooDeep | Failed::TooMuchMemory), "{program}: {failed}");
        assert_eq!(Scene::one(scene.run(".", json!(2)).await), 2);
    }
    assert_eq!(Scene::one(scene.run("reduce range(120) as $i (1; [.]) | flatten | .[0]", json!(1)).await), 1);
    assert!(scene.run("reduce range(120) as $i (1; [.])", json!(1)).await.is_ok());
    scene.until_there(1).await;
}

#[tokio::test]
async fn an_expression_made_to_explode_does_no_harm() {
    let scene = Scene::hasty();
    for program in [
        "(\"a\" * 100000) | test(\"^(a+)+$b\")",
        "(\"a\" * 3000) | [match(\"(a*)*(a*)*b\"; \"g\")] | length",
        "\"a\" | test(\"((a{1000}){1000}){1000}\")",
        "(\"x\" * 100000) | [scan(\"(x+x+)+y{500}\")]",
        "(\"ab\" * 50000) | gsub(\"(?<x>a|b|ab)*?(?<y>b)\"; .x + .y) | length",
    ] {
        let outcome = scene.run(program, json!(1)).await;
        let harmless = matches!(outcome, Ok(_) | Err(Failed::TooSlow(_) | Failed::Raised(_) | Failed::TooMuchMemory));
        assert!(harmless, "{program}: {outcome:?}");
        assert_eq!(Scene::one(scene.run(".", json!(2)).await), 2);
    }
}

#[tokio::test]
async fn the_process_knows_nothing_and_can_do_nothing() {
    let scene = Scene::new();
    assert_eq!(Scene::one(scene.run(".", json!(1)).await), 1);
    let process = scene.started()[0];
    let of = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).unwrap();
    assert_eq!(std::fs::read_to_string(scene.folder.path().join("environment")).unwrap(), "");
    assert_eq!(of("oom_score_adj").trim(), "1000");
    let limits = of("limits");
    let limit = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(limit("Max core file size"), "0");
    assert_eq!(limit("Max file size"), "0");
    assert_eq!(limit("Max open files"), "16");
    assert!(limit("Max cpu time").parse::<u64>().unwrap() <= 6);
    assert!(limit("Max address space").parse::<u64>().unwrap() < 2 * 1024 * 1024 * 1024);
    assert_eq!(std::fs::read_link(format!("/proc/{process}/cwd")).unwrap().to_str(), Some("/"));
}

#[tokio::test]
async fn a_process_that_computes_too_long_ends_even_if_nobody_stops_it() {
    // The server's limit is in real time, so that of the system is seen only by what does not wait for the server.
    let limits = serde_json::to_vec(&Limits { time: Duration::from_millis(1), ..Limits::default() }).unwrap();
    let mut child = super::command(&[&limits, b"def f: f; f", b"1"]);
    let _stays_open = child.stdin.take();
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(24), "{status}");
}
