//! What the server holds and has to do: revisions, projects and their problems, media, deliveries.

use std::{sync::Arc, time::Duration};

use prometheus_client::registry::Unit;

use super::{PROJECTS, sheet::Sheet};
use crate::{
    fetch::Tally as Fetched,
    http::{AppState, webhooks::STATUSES},
    model::{Id, Kind, scope::Scope},
    store,
    webhook::{Counts, Sources},
};

/// So many sources of webhooks have numbers of their own.
const SOURCES: usize = 100;

/// How far writing and publishing have come.
pub fn revisions(state: &AppState, sheet: &mut Sheet) {
    let revision = *state.writer.revision().borrow();
    let progress = state.publisher.progress().borrow().clone();
    sheet.gauge("watchtower_revision", None, "The revision of the last change").is(revision);
    let published = sheet.gauge("watchtower_published_revision", None, "Everything up to this revision can be seen");
    published.is(progress.revision);
    let is_behind = revision > progress.revision;
    let lag = if is_behind { state.publisher.tally().lag().as_secs_f64() } else { 0.0 };
    let age =
        sheet.gauge("watchtower_publish_lag", Some(Unit::Seconds), "Age of the oldest change that cannot be seen yet");
    age.is(lag);
    let failing = sheet.gauge("watchtower_publish_failing", None, "1 if the last publish failed, until one does not");
    failing.is(progress.failure.is_some());
    let queue = sheet.gauge("watchtower_write_queue_requests", None, "Requests that wait for the writer");
    queue.is(state.writer.waiting());
    let listeners = sheet.gauge("watchtower_event_listeners", None, "Clients that follow the events");
    listeners.is(state.metrics.requests.listeners());
}

/// Pictures and movies, and files of other servers.
pub fn media(state: &AppState, sheet: &mut Sheet) {
    let held = state.media.holding();
    sheet.gauge("watchtower_media_files", None, "Files of the media store").is(held.files);
    sheet.gauge("watchtower_media", Some(Unit::Bytes), "Size of the media store's files").is(held.bytes);
    let Fetched { copied, waiting, running, failed } = state.fetches.tally();
    let fetches = sheet.gauge("watchtower_fetches", None, "Files of other servers, by how far they have come");
    for (name, count) in [("copied", copied), ("waiting", waiting), ("running", running), ("failed", failed)] {
        fetches.with(&[("state", name)], count);
    }
}

/// The projects: how large they are, and what is wrong with them. What is not in memory is not loaded for this.
pub fn projects(state: &AppState, sheet: &mut Sheet) {
    let context = state.studio.context();
    sheet.gauge("watchtower_projects", None, "Projects").is(context.list(Kind::Project).len());
    let loaded = context.projects().filter_map(|(id, _)| Some((id, state.studio.in_memory(Some(id))?)));
    let mut loaded: Vec<(&Id, Arc<Scope>)> = loaded.collect();
    loaded.sort_by_key(|(_, contents)| std::cmp::Reverse(contents.revision));
    loaded.truncate(PROJECTS);
    let revisions = sheet.gauge("watchtower_project_revision", None, "The revision of a project's last change");
    for (id, contents) in &loaded {
        revisions.with(&[("project", id.as_str())], contents.revision);
    }
    let entities = sheet.gauge("watchtower_project_entities", None, "Shots, assets and tasks of a project");
    for (id, contents) in &loaded {
        for kind in [Kind::Shot, Kind::Asset, Kind::Task] {
            let labels = [("project", id.as_str()), ("kind", kind.plural())];
            entities.with(&labels, contents.list(kind).len());
        }
    }
    let found =
        sheet.gauge("watchtower_project_problems", None, "Problems of a project, by kind, as they were seen last");
    for (id, _) in &loaded {
        for (kind, tally) in state.lookout.glance(id).problems {
            found.with(&[("project", id.as_str()), ("problem", kind.name())], tally.count);
        }
    }
}

/// The deliveries of webhooks.
pub async fn deliveries(state: &AppState, sheet: &mut Sheet) -> Result<(), store::Error> {
    let sources = state.webhooks.sources();
    requests(&sources, sheet);
    let tally = state.store.tally().await?;
    let of = |source: &str, status: &str| tally.iter().find(|one| one.source == source && one.status == status);
    let kept = sheet.gauge("watchtower_deliveries", None, "Deliveries that are kept, by how they came out");
    for source in sources.iter().take(SOURCES) {
        // Also what there is none of: what is watched for a first one must have been 0 before.
        for status in STATUSES {
            let count = of(source.name(), status).map_or(0, |one| one.count.unsigned_abs());
            kept.with(&[("source", source.name()), ("status", status)], count);
        }
    }
    // Of sources that the configuration does not have any more, there may be any number.
    for one in tally.iter().filter(|one| sources.get(&one.source).is_none()).take(SOURCES) {
        kept.with(&[("source", &one.source), ("status", &one.status)], one.count.unsigned_abs());
    }
    let help = "Age of the oldest delivery of a source that is still to be applied";
    let pending = sheet.gauge("watchtower_delivery_pending_age", Some(Unit::Seconds), help);
    for source in sources.iter().take(SOURCES) {
        let age = of(source.name(), "received")
            .map_or(0, |oldest| (state.clock)().saturating_sub(oldest.first_received_at).max(0));
        pending.with(&[("source", source.name())], Duration::from_micros(age.unsigned_abs()).as_secs_f64());
    }
    Ok(())
}

/// What came in by webhooks since the server started, and how long mapping it took.
fn requests(sources: &Sources, sheet: &mut Sheet) {
    let help = "Deliveries that came: stored, had come before (duplicate), or refused";
    let requests = sheet.counter("watchtower_delivery_requests", None, help);
    for source in sources.iter().take(SOURCES) {
        let Counts { received, duplicates, refused } = source.lane().counts();
        for (outcome, count) in [("stored", received), ("duplicate", duplicates), ("refused", refused)] {
            requests.with(&[("source", source.name()), ("outcome", outcome)], count);
        }
    }
    let faults = sheet.gauge("watchtower_mapping_fault", None, "1 if the mapping of a source does not work at all");
    for source in sources.iter().take(SOURCES) {
        faults.with(&[("source", source.name())], source.lane().fault().is_some());
    }
    let mappings = sheet.durations("watchtower_mapping_duration", "Time of mapping a delivery to changes");
    for source in sources.iter().take(SOURCES) {
        mappings.with(&[("source", source.name())], source.lane().mapping.clone());
    }
}
