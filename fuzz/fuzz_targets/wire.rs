//! Whatever is sent as JSON is refused with places that are in it, or written; and what is in memory then can be stored, shown,
//! and rendered by both layouts.
//!
//! An input is a number of requests with a line `---` between them. The first character of each says what it is.

#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use watchtower_server::{
    http::body::{self, Format},
    layout::{Layout, Look},
    model::{
        Entity, Id, Kind,
        change::{Change, Op},
        fault::At,
        media::Fetching,
        problems::{Circumstances, problems},
        represent::represent,
        scope::{Key, Studio},
        wire::Reader,
    },
    writer::{Rehearsal, Request},
};

/// 2026-01-01T00:00:00Z, in microseconds since 1970.
const NOW: i64 = 1_767_225_600_000_000;
/// More requests find nothing that fewer do not.
const MOST: usize = 6;

fuzz_target!(|data: &[u8]| {
    let mut studio = Rehearsal::default();
    let text = String::from_utf8_lossy(data);
    for request in text.split("\n---\n").take(MOST) {
        let Some((way, body)) = request.split_at_checked(1) else { continue };
        let (Some(reader), is_event) = (read(way, body), way == "e") else { continue };
        if !reader.findings.is_sound() {
            if !is_lines(way) {
                check_faults(body, reader);
            }
            continue;
        }
        check_stored(&reader.changes);
        let outcome = studio.write(Request { partial: is_event, ..Request::of(reader) }, NOW);
        if let Err(refused) = outcome {
            let _ = refused.to_string();
        }
    }
    show(&studio);
});

/// Whether a request is changes, one a line: as a batch (`l`), or as the events that webhooks make (`e`).
fn is_lines(way: &str) -> bool {
    way == "l" || way == "e"
}

/// What a request is read as. Other letters than those that are named stand for a list, or an entity, of some kind.
fn read(way: &str, body: &str) -> Option<Reader> {
    let project = Id::parse("p").ok()?;
    if is_lines(way) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
        let lines = bytes::Bytes::copy_from_slice(body.as_bytes());
        return runtime.block_on(body::read(lines, Format::Lines, |_, _| ())).ok();
    }
    let value: Value = serde_json::from_str(body).ok()?;
    let mut reader = Reader::default();
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| *kind != Kind::PastCounts).collect();
    match way {
        "S" => drop(reader.put(None, Kind::Project, Some(&project), value, At::Root)),
        "C" => reader.context(value, At::Root),
        "B" => reader.batch(value, At::Root),
        "T" => reader.task_counts(&project, &value, At::Root),
        digit => {
            let number = usize::from(*digit.as_bytes().first()?);
            let kind = kinds[number % kinds.len()];
            if kind == Kind::Membership {
                return None;
            }
            let of = (!kind.is_studio_wide()).then_some(&project);
            match number / kinds.len() % 3 {
                0 => reader.whole(of, kind, value, At::Root),
                1 => drop(reader.each(of, kind, value, At::Root)),
                _ => reader.merge(of, kind, &Id::parse("a").ok()?, value, At::Root),
            }
        }
    }
    Some(reader)
}

/// Every fault is in a place of the body, or beside one.
fn check_faults(body: &str, reader: Reader) {
    let Err(faults) = reader.findings.into_result() else { return };
    let Ok(body) = serde_json::from_str::<Value>(body) else { return };
    for fault in faults {
        let owner = fault.pointer.rsplit_once('/').map_or("", |(owner, _)| owner);
        let is_there = body.pointer(&fault.pointer).is_some() || body.pointer(owner).is_some();
        assert!(is_there, "{} is not in {body}: {}", fault.pointer, fault.detail);
    }
}

/// What is stored is read again as it was.
fn check_stored(changes: &[Change]) {
    for change in changes {
        let Change::One { op: Op::Put(entity), .. } = change else { continue };
        let stored = entity.to_stored().unwrap_or_else(|error| panic!("{entity:?} cannot be stored: {error}"));
        let again = Entity::from_stored(entity.kind(), &stored);
        assert_eq!(again.ok().as_ref(), Some(&**entity), "{stored}");
    }
}

/// Everything that is in memory has its words, in the API and in both trees.
fn show(studio: &Rehearsal) {
    let (context, look) = (studio.scope(None), Look::usual(20_454));
    let mut contents = Vec::new();
    for (id, _) in context.projects() {
        let scope = studio.scope(Some(id));
        let view = Studio { context: &context, project: Some((id, &scope)) };
        for kind in Kind::OF_PROJECT {
            let mut positions = HashSet::new();
            for (entity, record) in scope.list(*kind).iter() {
                assert!(positions.insert(record.position), "two {} share a place", kind.plural());
                let _ = represent(&view, &Key::new(Some(id), *kind, entity), record).to_string();
            }
        }
        for is_classic in [false, true] {
            let circumstances = Circumstances { fetching: &|_| Fetching::Unconfigured, is_kept: &|_| true, is_classic };
            let _ = problems(&context, id, &scope, circumstances);
        }
        for layout in [Layout::Classic, Layout::V1] {
            let rendered = layout.project_files(&context, id, &scope, &look);
            check_files(rendered.map(|rendered| rendered.files));
        }
        contents.push((id.clone(), scope));
    }
    for layout in [Layout::Classic, Layout::V1] {
        check_files(layout.list_files(&context, &contents, &look).map(|rendered| rendered.files));
    }
}

fn check_files(files: serde_json::Result<Vec<watchtower_server::layout::TreeFile>>) {
    let files = files.unwrap_or_else(|error| panic!("it cannot be rendered: {error}"));
    for file in files.iter().filter(|file| file.is_json()) {
        assert!(!file.path.contains("..") && file.path.starts_with("data/"), "{}", file.path);
        let read = serde_json::from_slice::<Value>(&file.body);
        assert!(read.is_ok(), "{}: {read:?}", file.path);
    }
}
