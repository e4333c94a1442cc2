//! What is wrong with the data, and with what brings it here and takes it from here.

use std::collections::BTreeMap;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Address, AppState, Params,
    api::{Api, Endpoint, Method, array_of, schema, text},
    operations::json,
    problem::Problem,
    read::{need_project, unless_known},
};
use crate::{
    access::Need,
    lookout::{Error, Seen},
    model::{
        problems::{ProblemKind, Severity},
        time::rfc3339,
    },
};

/// Adds the lists of problems.
#[must_use]
pub fn add_to(api: Api) -> Api {
    api.add(
        Method::Get,
        "/api/projects/{project}/problems",
        of_project,
        Endpoint::new(
            "getProblems",
            "operations",
            Need::Inspect,
            "Lists what keeps things from the page, or is probably wrong.",
        )
        .query("problem", "Only problems of this kind; several are divided by commas.", text())
        .answers("200", "The problems, and how to mend them", array_of(schema("DataProblem")))
        .refuses(&["404", "422"]),
    )
    .add(
        Method::Get,
        "/api/problems",
        of_all,
        Endpoint::new(
            "getAllProblems",
            "operations",
            Need::Inspect,
            "Says how many problems each project has, and lists those of the studio.",
        )
        .about("Those of the studio are of publishing, of webhooks and of publish hooks.")
        .answers("200", "The problems of the studio, and counts by project and kind", schema("Problems"))
        .refuses(&[]),
    )
}

/// One thing that is wrong, since when, and how to mend it.
#[derive(Serialize, ToSchema)]
pub struct DataProblem {
    /// What kind of problem it is; stable.
    #[schema(value_type = String)]
    problem: ProblemKind,
    /// `error`: a page breaks, or nothing new comes to it; `warning`: something is not shown, or not as it is; `hint`: something is
    /// probably not as it is meant.
    severity: Severity,
    /// The kind of what it is a problem of: of an entity, as in URLs; `webhooks`, `publishing` or `publish-hooks`.
    kind: &'static str,
    /// The id of that: of an entity, or the name of a source; empty where there is only one.
    id: String,
    /// Its name, where it has one.
    name: String,
    /// What else it is about: what is referred to, the other one of two shots.
    #[schema(inline, required)]
    other: Option<Other>,
    /// What is wrong, in plain words.
    detail: String,
    /// How to mend it.
    mend: String,
    /// When it was seen first (RFC 3339).
    since: String,
}

/// What else a problem is about.
#[derive(Serialize, ToSchema)]
struct Other {
    /// The kind of the entity, as in URLs.
    kind: &'static str,
    /// The id of the entity.
    id: String,
}

impl From<Seen> for DataProblem {
    fn from(Seen { problem, since }: Seen) -> Self {
        Self {
            problem: problem.problem,
            severity: problem.problem.severity(),
            kind: problem.kind,
            id: problem.id,
            name: problem.name,
            other: problem.other.map(|(kind, id)| Other { kind, id }),
            detail: problem.detail,
            mend: problem.mend.into_owned(),
            since: rfc3339(since),
        }
    }
}

/// How many problems there are, and where.
#[derive(Serialize, ToSchema)]
pub struct Problems {
    /// How many there are of each severity, in all projects and in the studio.
    #[schema(inline)]
    counts: SeverityCounts,
    /// The problems of the studio.
    studio: Vec<DataProblem>,
    /// The projects that have any, in their order.
    #[schema(inline)]
    projects: Vec<ProjectProblems>,
}

/// How many problems there are of each severity.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub struct SeverityCounts {
    /// A page breaks, or nothing new comes to it.
    pub error: u64,
    /// Something is not shown, or not as it is.
    pub warning: u64,
    /// Something is probably not as it is meant.
    pub hint: u64,
}

impl SeverityCounts {
    /// Those of the whole server, as they were found last.
    #[must_use]
    pub fn of(state: &AppState) -> Self {
        let [error, warning, hint] = Severity::ALL.map(|severity| state.lookout.count(severity));
        Self { error, warning, hint }
    }
}

/// The problems of a project, counted.
#[derive(Serialize, ToSchema)]
struct ProjectProblems {
    /// The id of the project.
    project: String,
    /// Its name.
    name: String,
    /// How many there are.
    count: u64,
    /// The worst severity among them.
    worst: Severity,
    /// How many there are of each kind.
    by_problem: BTreeMap<&'static str, u64>,
    /// When the oldest of them was seen first (RFC 3339).
    since: String,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        tracing::error!(%error, "what is wrong could not be found");
        Self::Internal
    }
}

async fn of_project(
    State(state): State<AppState>,
    address: Address,
    mut params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = params.take("problem").map(|names| kinds(&names)).transpose()?;
    params.none_left()?;
    let project = address.need_project()?;
    let contents = need_project(&state, project).await?;
    let found = state.lookout.problems_of(project, contents).await?;
    let is_wanted = |seen: &Seen| wanted.as_ref().is_none_or(|kinds| kinds.contains(&seen.problem.problem));
    let found: Vec<DataProblem> = found.into_iter().filter(is_wanted).map(DataProblem::from).collect();
    Ok(unless_known(&headers, json(StatusCode::OK, &found)))
}

fn kinds(names: &str) -> Result<Vec<ProblemKind>, Problem> {
    let kind = |name: &str| {
        let known = || ProblemKind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
        ProblemKind::named(name)
            .ok_or_else(|| Problem::BadRequest(format!("there is no kind of problem {name:?}; there are {}", known())))
    };
    names.split(',').map(kind).collect()
}

async fn of_all(State(state): State<AppState>, params: Params) -> Result<Response, Problem> {
    params.none_left()?;
    state.lookout.look_around(true).await?;
    let context = state.studio.context();
    let projects = context.projects().filter_map(|(id, project)| {
        let tallies = state.lookout.glance(id).problems;
        let worst = tallies.keys().map(|kind| kind.severity()).max()?;
        Some(ProjectProblems {
            project: id.to_string(),
            name: project.name.clone(),
            count: tallies.values().map(|tally| tally.count).sum(),
            worst,
            since: tallies.values().map(|tally| tally.since).min().map(rfc3339).unwrap_or_default(),
            by_problem: tallies.iter().map(|(kind, tally)| (kind.name(), tally.count)).collect(),
        })
    });
    let projects = projects.collect();
    let studio = state.lookout.studio_problems().into_iter().map(DataProblem::from).collect();
    Ok(json(StatusCode::OK, &Problems { counts: SeverityCounts::of(&state), studio, projects }))
}
