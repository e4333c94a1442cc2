//! One process after another: what happens in one run, or to its process, leaves the next run alone.

use std::{process::Stdio, time::Duration};

use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    time::timeout,
};
use watchtower_server::webhook::filter::{Failure, Limits, Runner, executable};

use super::{DEADLINE, filter, limited, run};
use crate::support::until;

async fn signal(name: &str, process: u32) {
    let sent = Command::new("kill").args(["-s", name, &process.to_string()]).status().await.unwrap();
    assert!(sent.success());
}

#[tokio::test]
async fn a_filter_that_fails_on_every_second_input_makes_changes_of_the_others_in_one_process() {
    let mut filter = filter("if .body % 2 == 0 then .body else error(\"odd: \\(.body)\") end");
    filter.check().await.unwrap();
    let process = filter.process_id();
    for number in 0..20 {
        let expected =
            if number % 2 == 0 { Ok(vec![json!(number)]) } else { Err(Failure::GaveUp(format!("odd: {number}"))) };
        assert_eq!(run(&mut filter, &number.to_string()).await, expected);
    }
    assert_eq!(filter.process_id(), process);
}

#[tokio::test]
async fn changes_before_a_failure_are_none() {
    let mut filter = filter("1, 2, error(\"no\")");
    assert_eq!(run(&mut filter, "1").await, Err(Failure::GaveUp("no".to_owned())));
}

#[tokio::test]
async fn a_process_starts_when_it_is_needed_and_is_replaced_when_it_had_to_be_stopped() {
    let limits = Limits { time: Duration::from_millis(500), ..Limits::default() };
    let mut filter = limited("if .body == 0 then def f: f; f else .body end", limits);
    assert_eq!(filter.process_id(), None);
    run(&mut filter, "1").await.unwrap();
    let first = filter.process_id().unwrap();
    assert_eq!(run(&mut filter, "0").await, Err(Failure::Time(limits.time)));
    assert_eq!(filter.process_id(), None);
    run(&mut filter, "1").await.unwrap();
    assert_ne!(filter.process_id(), Some(first));
}

#[tokio::test]
async fn a_process_that_was_ended_while_it_waited_is_replaced() {
    let mut filter = filter(".body");
    for name in ["KILL", "TERM"] {
        run(&mut filter, "1").await.unwrap();
        let process = filter.process_id().unwrap();
        signal(name, process).await;
        assert_eq!(run(&mut filter, "2").await, Ok(vec![json!(2)]));
        ended(process).await;
        assert_ne!(filter.process_id(), Some(process));
    }
}

/// Completes when a process is gone, or nothing but its status is left of it.
async fn ended(process: u32) {
    let is_gone = async || {
        let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        (state.is_empty() || state.contains(") Z ")).then_some(())
    };
    until("it ends", is_gone).await;
}

#[tokio::test]
async fn what_is_ended_while_it_works_is_run_once_more() {
    let limits = Limits { time: Duration::from_millis(500), ..Limits::default() };
    let mut filter = limited("if .body == 0 then def f: f; f else .body end", limits);
    filter.check().await.unwrap();
    let process = filter.process_id().unwrap();
    let (made, ()) = tokio::join!(run(&mut filter, "0"), signal("KILL", process));
    assert_eq!(made, Err(Failure::Time(limits.time)));
    assert_eq!(run(&mut filter, "1").await, Ok(vec![json!(1)]));
}

#[tokio::test]
async fn a_run_that_nobody_waits_for_answers_nobody_else() {
    let mut filter = filter("if .body == \"slow\" then [range(3000000)] | length else .body end");
    filter.check().await.unwrap();
    let process = filter.process_id().unwrap();
    {
        let mut run = Box::pin(run(&mut filter, "\"slow\""));
        // Far enough for the input to be sent.
        assert!((&mut run).now_or_never().is_none());
    }
    assert_eq!(run(&mut filter, "1").await, Ok(vec![json!(1)]));
    ended(process).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_process_that_has_grown_does_not_wait_for_more() {
    let mut filter = filter("[.body | map(tojson) | length]");
    assert_eq!(run(&mut filter, "[1, 2]").await, Ok(vec![json!(2)]));
    assert!(filter.process_id().is_some());
    let body = format!("[{}1]", "[],".repeat(400_000));
    assert_eq!(run(&mut filter, &body).await, Ok(vec![json!(400_001)]));
    assert_eq!(filter.process_id(), None);
    assert_eq!(run(&mut filter, "[1, 2]").await, Ok(vec![json!(2)]));
}

#[tokio::test]
async fn the_process_goes_with_its_runner() {
    let mut filter = filter(".body");
    filter.check().await.unwrap();
    let process = filter.process_id().unwrap();
    drop(filter);
    ended(process).await;
}

#[tokio::test]
async fn a_process_ends_with_the_server_even_while_it_works() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_watchtower-server"))
        .arg("filter")
        .kill_on_drop(true)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let job = json!({"text": "def f: f; f", "limits": Limits::default()}).to_string();
    for content in [job.as_bytes(), b"{}"] {
        stdin.write_u64_le(content.len() as u64).await.unwrap();
        stdin.write_all(content).await.unwrap();
    }
    let mut answer = vec![0; usize::try_from(stdout.read_u64_le().await.unwrap()).unwrap()];
    stdout.read_exact(&mut answer).await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap(), "Ready");
    // As when a server is killed: nobody is left at the other end.
    drop(stdin);
    let status = timeout(DEADLINE, child.wait()).await.expect("it goes on").unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn without_its_executable_nothing_starts_and_it_may_be_tried_again() {
    for nothing in ["/nowhere/watchtower-server", "/dev/null"] {
        let mut filter = Runner::new(".", nothing.into(), Limits::default());
        let failure = filter.check().await.unwrap_err();
        assert!(matches!(&failure, Failure::NotStarted(words) if words.starts_with(nothing)), "{failure}");
        assert!(failure.is_passing());
    }
    // Something that is no server.
    let mut other = Runner::new(".", "/bin/true".into(), Limits::default());
    let failure = timeout(DEADLINE, other.check()).await.unwrap().unwrap_err();
    assert_eq!(failure, Failure::NotStarted("exit status: 0".to_owned()));
}

#[test]
fn the_executable_is_the_one_that_runs() {
    let present = std::fs::canonicalize(executable().unwrap()).unwrap();
    assert_eq!(present, std::fs::canonicalize(std::env::current_exe().unwrap()).unwrap());
}

#[tokio::test]
async fn the_command_says_that_it_is_not_for_people() {
    let help = Command::new(env!("CARGO_BIN_EXE_watchtower-server")).arg("--help").output().await.unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains("filter, for the server"));
}
