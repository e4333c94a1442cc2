//! What a filter cannot reach.

use serde_json::json;
use watchtower_server::webhook::filter::Failure;

use super::{failure, filter, made, run};

#[tokio::test]
async fn what_reaches_out_of_a_filter_is_not_available() {
    let table = [
        ("env", "env", "the environment of the server has secrets in it"),
        ("env.PATH", "env", "the environment of the server has secrets in it"),
        ("$ENV.PATH", "$ENV", "the environment of the server has secrets in it"),
        (".x // $ENV", "$ENV", "the environment of the server has secrets in it"),
        ("input", "input", "there is no other input"),
        ("[inputs]", "inputs", "there is no other input"),
        ("input_filename", "input_filename", "there is no other input"),
        ("input_line_number", "input_line_number", "there is no other input"),
        ("halt", "halt", "error(\"why\") refuses a delivery"),
        ("halt(1)", "halt", "error(\"why\") refuses a delivery"),
        ("halt_error", "halt_error", "error(\"why\") refuses a delivery"),
        ("halt_error(1)", "halt_error", "error(\"why\") refuses a delivery"),
        ("debug", "debug", "dry run"),
        ("debug(.a)", "debug", "dry run"),
        ("debug_empty", "debug_empty", "dry run"),
        ("stderr", "stderr", "dry run"),
        ("stderr_empty", "stderr_empty", "dry run"),
        ("localtime", "localtime", "gmtime"),
        ("strflocaltime(\"%H\")", "strflocaltime", "gmtime"),
        ("repl", "repl", "knows its input"),
        ("$__prog_args", "$__prog_args", "knows its input"),
        ("$__loc__", "$__loc__", "knows its input"),
        ("get_search_list", "get_search_list", "knows its input"),
    ];
    for (text, name, reason) in table {
        let words = failure(text, "1").await.to_string();
        let expected = format!("the filter does not compile: line 1, column {}: ", text.find(name).unwrap() + 1);
        assert!(words.starts_with(&format!("{expected}{name} is not available in filters: ")), "{text}: {words}");
        assert!(words.contains(reason), "{text}: {words}");
    }
}

#[tokio::test]
async fn there_are_no_other_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("m.jq"), "def leak: 1;").unwrap();
    std::fs::write(folder.path().join("m.json"), "1").unwrap();
    let path = folder.path().join("m");
    let path = path.to_str().unwrap();
    for text in [
        format!("import \"{path}\" as m; m::leak"),
        format!("include \"{path}\"; leak"),
        format!("import \"{path}\" as $m; $m"),
        "import \"m\" as m {search: \"/\"}; .".to_owned(),
    ] {
        let words = failure(&text, "1").await.to_string();
        assert!(words.contains("import and include are not available in filters"), "{text}: {words}");
        assert!(words.contains("line 1, column "), "{words}");
    }
}

#[tokio::test]
async fn names_that_are_kept_out_are_free() {
    assert_eq!(made("def env: .body; def input: 2; [env, input]", "1").await, [json!(1), json!(2)]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_process_has_no_environment_and_opens_no_file() {
    let mut filter = filter(".body");
    run(&mut filter, "1").await.unwrap();
    let process = filter.process_id().unwrap();
    let environment = std::fs::read_to_string(format!("/proc/{process}/environ")).unwrap();
    assert!(environment.split_terminator('\0').all(|variable| variable.starts_with("MALLOC_")), "{environment}");
    assert_eq!(std::fs::read_link(format!("/proc/{process}/cwd")).unwrap().to_str(), Some("/"));
    // The filter is written by people who may not be the only ones to see a list of processes.
    let command = std::fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap();
    assert_eq!(command, "watchtower-server\0filter\0");
    let limits = std::fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{limits}"));
        line[name.len()..].split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!([limit("Max open files"), limit("Max file size"), limit("Max core file size")], ["3", "0", "0"]);
    let address_space: u64 = limit("Max address space").parse().unwrap();
    assert!((288 << 20..1 << 30).contains(&address_space), "{address_space}");
}

#[tokio::test]
async fn a_filter_is_told_what_stops_it_by_itself() {
    assert_eq!(failure("error(\"not for us\")", "1").await, Failure::GaveUp("not for us".to_owned()));
    assert_eq!(failure("error({code: 1})", "1").await, Failure::GaveUp("{\"code\":1}".to_owned()));
    assert_eq!(failure(".body | .a", "1").await.to_string(), "the filter failed: cannot index 1 with \"a\"");
    assert_eq!(made("try error(\"x\") catch .", "1").await, [json!("x")]);
}
