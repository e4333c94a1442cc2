//! The burn-down of a project: its task counts, day by day, and the past that a tracker knows of.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    Address, AppState, Params,
    api::{Api, Endpoint, Method, array_of, one_of, schema, text},
    body,
    collections::{WRITE_REFUSALS, writes},
    problem::Problem,
    read::{need_project, off_thread, unless_known},
    write::{REVISION, WriteOptions, bulk_answer, project_exists, read_body, submit},
};
use crate::{
    access::Need,
    model::{
        Kind,
        burndown::{Span, task_counts},
        fault::At,
        represent::etag_of,
        time::{Day, day_of, parse_day},
        wire::Reader,
    },
};

const PATH: &str = "/api/projects/{project}/task-counts";

/// Adds the burn-down.
#[must_use]
pub fn add_to(api: Api) -> Api {
    let day = "A day, such as 2026-01-31 (UTC).";
    let example = json!([{"task_type_id": "anim", "episode_id": null, "task_statuses": [
        {"task_status_id": "done", "data": [{"timestamp": "2026-01-31T00:00:00Z", "count": 12}]}]}]);
    api.add(
        Method::Get,
        PATH,
        get,
        Endpoint::new("getTaskCounts", "burn-down", Need::Read, "Gets how many tasks were in which status, day by day.")
            .about("In the form of `task_counts.json`: per task type and episode. A point is the last state of its day (UTC). Where that would be more than 250,000 points, those are left that are the last of their week, of four weeks, or of a year.")
            .query("from", &format!("The first day. {day}"), text())
            .query("to", &format!("The last day. {day}"), text())
            .query("every", "Only the last point of each week (Monday to Sunday), or of each day.", one_of(&["day", "week"]))
            .query("of", "Tasks of shots, as the page shows them, or of assets.", one_of(&["shots", "assets"]))
            .answers("200", "The counts", array_of(schema("TaskCounts")))
            .answers_empty("304", "Nothing changed since the `If-None-Match` that was sent")
            .refuses(&["404", "422"]),
    )
    .add(
        Method::Post,
        PATH,
        post,
        writes(Endpoint::new("postTaskCounts", "burn-down", Need::Write, "Tells how many tasks were in which status in the past."))
            .about("Points count for days before the history of the project begins here; from then on that is the truth. Points of other days stay.")
            .header("Idempotency-Key", "Repeating the request with the same key within a day repeats the answer, not the write.")
            .takes("application/json", "The counts, as in `task_counts.json`", array_of(schema("TaskCounts")), Some(example))
            .answers("200", "What was done", schema("BulkAnswer"))
            .refuses(&WRITE_REFUSALS),
    )
}

async fn get(
    State(state): State<AppState>,
    address: Address,
    mut params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let project = address.need_project()?;
    let (from, to) = (take_day(&mut params, "from")?, take_day(&mut params, "to")?);
    let of = match params.take("of").as_deref() {
        None | Some("shots") => Kind::Shot,
        Some("assets") => Kind::Asset,
        Some(other) => return Err(Problem::BadRequest(format!("of is shots or assets, not {other:?}"))),
    };
    let is_weekly = match params.take("every").as_deref() {
        None | Some("day") => false,
        Some("week") => true,
        Some(other) => return Err(Problem::BadRequest(format!("every is day or week, not {other:?}"))),
    };
    let contents = need_project(&state, project).await?;
    let (today, revision) = (day_of((state.clock)()), contents.revision);
    let span = Span { from: from.unwrap_or(Day::MIN), to: to.unwrap_or(Day::MAX), is_weekly };
    let written = off_thread(move || serde_json::to_string(&task_counts(&contents, of, today, span))).await?;
    let body = written.map_err(|_| Problem::Internal)?;
    let out = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::ETAG, etag_of(body.as_bytes())),
        (REVISION.clone(), revision.to_string()),
    ];
    Ok(unless_known(&headers, (StatusCode::OK, out, body).into_response()))
}

fn take_day(params: &mut Params, name: &str) -> Result<Option<Day>, Problem> {
    let Some(text) = params.take(name) else { return Ok(None) };
    let day = parse_day(&text);
    day.map(Some).ok_or_else(|| Problem::BadRequest(format!("{name} is a day such as 2026-01-31, not {text:?}")))
}

async fn post(
    State(state): State<AppState>,
    address: Address,
    options: WriteOptions,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (bytes, format) = read_body(&state, &headers, body, false).await?;
    let project = address.need_project()?.clone();
    let interpret = move |reader: &mut Reader, value| reader.task_counts(&project, &value, At::Root);
    let reader = body::read(bytes.clone(), format, interpret).await?;
    bulk_answer(&submit(&state, reader, project_exists(&address), &options, &bytes).await?)
}
