//! Gathers what the status page shows. Nothing is computed here that takes long: the lookout has done that.

use crate::{
    admin::{Media, Overview, Project, Server, Site, Source, Token},
    http::{AppState, problem::Problem, webhooks},
    machine,
    model::{Id, time::parse_instant},
};

/// So many files that could not be fetched are named.
const FAILURES: usize = 10;

/// Everything that the overview shows.
pub async fn overview(state: &AppState) -> Result<Overview, Problem> {
    let held = state.media.holding();
    let context = state.studio.context();
    let projects = context.projects().filter_map(|(id, _)| project(state, id).ok());
    Ok(Overview {
        now: (state.clock)(),
        server: server(state),
        problems: state.lookout.studio_problems(),
        projects: projects.collect(),
        sources: sources(state).await?,
        media: Media {
            files: held.files,
            bytes: held.bytes,
            fetches: state.fetches.tally(),
            failures: state.fetches.failures(FAILURES),
        },
        hooks: state.lookout.notices(),
        tokens: Some(tokens(state).await?),
    })
}

/// The tokens that are not revoked.
async fn tokens(state: &AppState) -> Result<Vec<Token>, Problem> {
    let all = state.access.tokens().await?;
    let shown = all.iter().filter(|token| token.revoked.is_none()).map(|token| Token {
        name: token.name.clone(),
        rights: token.rights.to_string(),
        last_used: token.last_used(),
        expires: token.expires,
    });
    Ok(shown.collect())
}

fn server(state: &AppState) -> Server {
    let progress = state.publisher.progress().borrow().clone();
    let site = |site: &std::sync::Arc<crate::http::Site>| Site {
        layout: site.target.layout().name(),
        page: site.page.as_ref().map(|page| page.version.clone().unwrap_or_else(|| "unknown".to_owned())),
        live: site.live,
    };
    Server {
        started: state.lookout.started(),
        revision: *state.writer.revision().borrow(),
        published: progress.revision,
        behind_since: state.lookout.behind_since(),
        failure: progress.failure.map(|(_, reason)| reason),
        last: progress.last,
        last_at: progress.at,
        disk: machine::disk(state.lookout.folder()),
        memory: machine::memory(),
        sites: state.sites.iter().map(site).collect(),
    }
}

/// How a project is, or 404.
pub fn project(state: &AppState, id: &Id) -> Result<Project, Problem> {
    let context = state.studio.context();
    let project = context.project(id).ok_or_else(|| Problem::NotFound(format!("there is no project {id}")))?;
    let glance = state.lookout.glance(id);
    let seen = state.publisher.progress().borrow().seen.clone();
    let published = seen.get(&Some(id.clone())).copied();
    let revision = state.studio.in_memory(Some(id)).map(|contents| contents.revision);
    Ok(Project {
        id: id.clone(),
        name: project.name.clone(),
        figures: glance.figures,
        problems: glance.problems,
        changed_at: glance.changed_at,
        is_published: published.is_some_and(|published| revision.is_none_or(|revision| revision <= published)),
    })
}

/// How the sources of webhooks are.
pub async fn sources(state: &AppState) -> Result<Vec<Source>, Problem> {
    let found = webhooks::sources(state).await?;
    let source = |source: webhooks::SourceStatus| Source {
        name: source.name,
        mapping: source.mapping,
        fault: source.fault,
        deliveries: source.deliveries,
        last_received_at: source.last_received_at.as_deref().and_then(parse_instant),
        since_start: source.since_start,
        refusals: source.refusals,
    };
    Ok(found.into_iter().map(source).collect())
}

/// How one of them is, or 404.
pub async fn source(state: &AppState, name: &str) -> Result<Source, Problem> {
    let found = sources(state).await?.into_iter().find(|source| source.name == name);
    found.ok_or_else(|| Problem::NotFound(format!("there is no source of webhooks {name:?}")))
}
