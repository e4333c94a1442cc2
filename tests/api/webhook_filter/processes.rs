//! Many runs at once, and processes that go.

use std::process::Command;

use super::{Arc, Duration, Failed, Instant, Limits, Scene, json};

/// Starts a run that goes on by itself.
fn start(scene: &Scene, program: &str) -> tokio::task::JoinHandle<Result<Vec<serde_json::Value>, Failed>> {
    let (filters, program) = (scene.filters.clone(), Arc::from(program));
    tokio::spawn(async move { filters.run(&program, json!(1)).await })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runaway_does_not_hold_up_others() {
    let time = Duration::from_secs(2);
    let scene = Scene::with(Limits { time, ..Limits::default() });
    assert_eq!(Scene::one(scene.run(".", json!(0)).await), 0);
    let runaways: Vec<_> = (0..5).map(|_| start(&scene, "def f: f; f")).collect();
    let begin = Instant::now();
    for id in 0..200 {
        assert_eq!(Scene::one(scene.run(".id", json!({"id": id})).await), id);
    }
    let good = begin.elapsed();
    assert!(runaways.iter().any(|run| !run.is_finished()), "200 runs took {good:?}");
    for run in runaways {
        assert_eq!(run.await.unwrap(), Err(Failed::TooSlow(time)));
    }
    assert!(scene.there().len() <= 2, "{:?}", scene.there());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_and_bad_runs_at_the_same_time_each_get_what_is_theirs() {
    let scene = Scene::hasty();
    let programs =
        [". + 1", "def f: f; f", "\"x\" * 1000000000", "repeat(1)", ". +", "error(\"no\")", ". * 7", "[., f]", "1 + 1"];
    let runs: Vec<_> = (0..8).flat_map(|_| programs).map(|program| (program, start(&scene, program))).collect();
    for (program, run) in runs {
        let outcome = run.await.unwrap();
        let right = match program {
            ". + 1" | "1 + 1" => outcome == Ok(vec![json!(2)]),
            ". * 7" => outcome == Ok(vec![json!(7)]),
            "def f: f; f" => matches!(outcome, Err(Failed::TooSlow(_))),
            "repeat(1)" => outcome == Err(Failed::TooMuchOutput),
            "error(\"no\")" => outcome == Err(Failed::Raised("no".to_owned())),
            ". +" | "[., f]" => matches!(outcome, Err(Failed::Compile(_))),
            _ => outcome == Err(Failed::TooMuchMemory),
        };
        assert!(right, "{program}: {outcome:?}");
    }
    assert!(scene.there().len() <= 2, "{:?}", scene.there());
    assert!(scene.started().len() >= 24);
}

#[tokio::test]
async fn a_run_that_nobody_waits_for_any_more_is_stopped() {
    let scene = Scene::with(Limits { time: Duration::from_secs(600), ..Limits::default() });
    let run = start(&scene, "def f: f; f");
    while scene.started().is_empty() {
        tokio::task::yield_now().await;
    }
    run.abort();
    assert!(run.await.unwrap_err().is_cancelled());
    scene.until_there(0).await;
    assert_eq!(Scene::one(scene.run(".", json!(2)).await), 2);
}

#[tokio::test]
async fn a_process_that_was_ended_from_outside_is_replaced() {
    let scene = Scene::new();
    for signal in ["-KILL", "-TERM", "-INT"] {
        assert_eq!(Scene::one(scene.run(".", json!(1)).await), 1);
        let process = *scene.there().first().unwrap();
        assert!(Command::new("kill").arg(signal).arg(process.to_string()).status().unwrap().success());
        assert_eq!(Scene::one(scene.run(".", json!(2)).await), 2);
        scene.until_there(1).await;
    }
    assert_eq!(scene.started().len(), 4);
}

#[tokio::test]
async fn processes_go_with_their_filters() {
    let Scene { filters, folder } = Scene::new();
    let scene = Scene { filters, folder };
    assert_eq!(Scene::one(scene.run(".", json!(1)).await), 1);
    assert_eq!(scene.there().len(), 1);
    let Scene { filters, folder } = scene;
    drop(filters);
    let nobody = Arc::new(super::Filters::new("/nowhere".into(), Limits::default()));
    Scene { filters: nobody, folder }.until_there(0).await;
}
