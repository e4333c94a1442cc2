//! A filter that is no program says where, and why.

use watchtower_server::webhook::filter::{Failure, Fault};

use super::{failure, filter, run};

/// The only thing that is wrong with a filter.
async fn fault(text: &str) -> Fault {
    let failure = filter(text).check().await.unwrap_err();
    let Failure::DoesNotCompile(mut faults) = failure else { panic!("{text}: {failure}") };
    assert_eq!(faults.len(), 1, "{text}: {faults:?}");
    faults.remove(0)
}

#[tokio::test]
async fn a_fault_is_told_with_its_place_and_the_words_of_jaq() {
    let table = [
        (".a | | .b", 1, 6, "|", "expected term, found |"),
        ("", 1, 1, "", "expected term, found the end"),
        (".a |\n\n  ", 3, 3, "", "expected term, found the end"),
        ("if . then 1", 1, 12, "", "expected else or end, found the end"),
        (".body & 1", 1, 7, "& 1", "expected token, found & 1"),
        (r#""\q""#, 1, 3, "q\"", "expected string escape sequence, found q\""),
        ("# Größe\n\"Länge\" | length(1; 2)", 2, 11, "length", "there is no filter length with 2 arguments"),
        (".body\n| nothing", 2, 3, "nothing", "there is no filter nothing"),
        ("map(.; 1)", 1, 1, "map", "there is no filter map with 2 arguments"),
        (". as $x |\n  $y", 2, 3, "$y", "there is no variable $y"),
        ("break $out", 1, 7, "$out", "there is no label $out"),
        ("m::f", 1, 1, "m", "there is no module m"),
    ];
    for (text, line, column, part, words) in table {
        let found = fault(text).await;
        assert_eq!((found.line, found.column), (line, column), "{text}");
        assert_eq!((found.text.as_str(), found.words.as_str()), (part, words), "{text}");
    }
}

#[tokio::test]
async fn what_is_not_closed_is_told_where_it_opens() {
    for (text, line, column, open) in
        [("(.a", 1, 1, "("), ("{id: .id,\n a: [1}", 2, 5, "["), (".a\n| \"abc", 2, 3, "\""), (".x[0", 1, 3, "[")]
    {
        let failure = filter(text).check().await.unwrap_err();
        let Failure::DoesNotCompile(faults) = failure else { panic!("{failure}") };
        assert_eq!((faults[0].line, faults[0].column), (line, column), "{text}");
        assert_eq!(faults[0].words, format!("what {open} opens is not closed"));
    }
}

#[tokio::test]
async fn several_faults_are_told_at_once_but_not_all() {
    let failure = filter("one, $two,\nthree(1)").check().await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "the filter does not compile: line 1, column 1: there is no filter one; line 1, column 6: there is no variable $two; \
         line 2, column 1: there is no filter three with 1 argument"
    );
    let many = "x, ".repeat(100) + "x";
    let Failure::DoesNotCompile(faults) = filter(&many).check().await.unwrap_err() else { panic!() };
    assert_eq!(faults.len(), 5);
}

#[tokio::test]
async fn a_long_part_is_shortened() {
    let found = fault(&format!("1 {}", "ä".repeat(1000))).await;
    assert_eq!(found.text, format!("{}…", "ä".repeat(40)));
}

#[tokio::test]
async fn running_says_the_same_as_checking_and_checking_runs_nothing() {
    let mut broken = filter("nothing");
    let checked = broken.check().await.unwrap_err();
    assert_eq!(run(&mut broken, "1").await.unwrap_err(), checked);
    assert_eq!(broken.process_id(), None);

    let mut failing = filter("error(\"never\")");
    failing.check().await.unwrap();
}

#[tokio::test]
async fn a_filter_that_is_nested_beyond_measure_stops_its_process_alone() {
    let text = "[".repeat(1_000_000);
    assert_eq!(failure(&text, "1").await, Failure::Stack);
}
