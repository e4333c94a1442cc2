//! Whatever parts are asked for, what comes are those bytes of the file.

use std::fs;

use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, RngSeed, TestCaseError, TestRunner},
};
use reqwest::Method;

use super::{
    answer::{Answer, send},
    bytes,
};
use crate::support::TestServer;

/// Lengths around what is read at once (64 KiB), and around nothing.
const LENGTHS: [usize; 7] = [0, 1, 2, 17, 1000, 65_536, 200_001];

/// One part as it is asked for.
#[derive(Debug, Clone)]
enum Asked {
    Span(usize, usize),
    From(usize),
    Last(usize),
}

impl Asked {
    fn text(&self) -> String {
        match self {
            Self::Span(first, last) => format!("{first}-{last}"),
            Self::From(first) => format!("{first}-"),
            Self::Last(count) => format!("-{count}"),
        }
    }

    /// Whether it asks for this byte of a file.
    fn has(&self, place: usize, length: usize) -> bool {
        match self {
            Self::Span(first, last) => (*first..=*last).contains(&place),
            Self::From(first) => place >= *first,
            Self::Last(count) => place + count >= length,
        }
    }

    fn begins_at_zero(&self) -> bool {
        matches!(self, Self::Span(0, _) | Self::From(0) | Self::Last(1..))
    }
}

fn asked(length: usize) -> impl Strategy<Value = Asked> {
    let place = move || prop_oneof![4 => 0..=length, 2 => 0..=length.min(40), 1 => length..=length + 70_000];
    prop_oneof![
        6 => (place(), prop_oneof![3 => 0..9_usize, 1 => place()]).prop_map(|(first, more)| Asked::Span(first, first + more)),
        1 => place().prop_map(Asked::From),
        2 => prop_oneof![3 => 0..9_usize, 1 => place()].prop_map(Asked::Last),
    ]
}

fn case() -> impl Strategy<Value = (usize, Vec<Asked>)> {
    let many = prop_oneof![4 => 1..6_usize, 1 => 6..40_usize];
    (select(&LENGTHS[..]), many).prop_flat_map(|(length, many)| (Just(length), vec(asked(length), many)))
}

/// What must come: which bytes of the file are asked for, how many pieces that is, and how many bytes with repetition.
struct Model {
    wanted: Vec<bool>,
    pieces: usize,
    bytes: usize,
}

impl Model {
    fn new(asked: &[Asked], length: usize) -> Self {
        let wanted: Vec<bool> = (0..length).map(|place| asked.iter().any(|asked| asked.has(place, length))).collect();
        let pieces = (0..length).filter(|place| wanted[*place] && (*place == 0 || !wanted[place - 1])).count();
        let bytes = asked.iter().map(|asked| (0..length).filter(|place| asked.has(*place, length)).count()).sum();
        Self { wanted, pieces, bytes }
    }
}

fn check(answer: &Answer, asked: &[Asked], file: &[u8]) -> Result<(), TestCaseError> {
    let model = Model::new(asked, file.len());
    let takes_all = file.is_empty() && asked.iter().any(Asked::begins_at_zero);
    if model.pieces == 0 && !takes_all {
        prop_assert_eq!(answer.status, 416);
        let range = format!("bytes */{}", file.len());
        prop_assert_eq!(answer.header("content-range"), Some(&*range));
        return Ok(());
    }
    prop_assert_eq!(answer.header("accept-ranges"), Some("bytes"));
    if takes_all || model.pieces > 16 || model.bytes > file.len() {
        prop_assert_eq!(answer.status, 200);
        prop_assert!(answer.body == file);
        return Ok(());
    }
    prop_assert_eq!(answer.status, 206);
    let slices = answer.slices();
    prop_assert_eq!(slices.len(), model.pieces);
    prop_assert_eq!(answer.parts().is_some(), model.pieces > 1);
    let mut came = vec![false; file.len()];
    for (range, length, bytes) in &slices {
        prop_assert_eq!(*length, file.len());
        prop_assert!(bytes[..] == file[range.clone()]);
        came[range.clone()].fill(true);
    }
    prop_assert!(came == model.wanted);
    // In the order in which they were asked for, those that were joined in the place of the first of them.
    let place = |range: &std::ops::Range<usize>| {
        asked.iter().position(|asked| range.clone().any(|place| asked.has(place, file.len())))
    };
    prop_assert!(slices.is_sorted_by_key(|(range, _, _)| place(range)));
    Ok(())
}

#[test]
fn parts_put_together_are_what_was_asked_for() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let server = runtime.block_on(TestServer::start());
    let folder = server.site().join("data/probe");
    fs::create_dir_all(&folder).unwrap();
    for length in LENGTHS {
        fs::write(folder.join(format!("{length}.mp4")), bytes(length)).unwrap();
    }
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        (config.cases, config.rng_seed) = (300, RngSeed::Fixed(20_260_101));
    }
    let property = |(length, asked): (usize, Vec<Asked>)| {
        let range: Vec<_> = asked.iter().map(Asked::text).collect();
        let path = format!("/data/probe/{length}.mp4");
        let request = server.request(Method::GET, &path).header("range", format!("bytes={}", range.join(", ")));
        check(&runtime.block_on(send(request)), &asked, &bytes(length))
    };
    if let Err(error) = TestRunner::new(config).run(&case(), property) {
        panic!("{error}");
    }
    runtime.block_on(async move { drop(server) });
}
