//! The headline: whether what changed can be seen, in one sentence, and the button that renders.

use maud::{Markup, html};

use super::{
    Overview, Server, icon,
    words::{bytes, counted, moment, moment_or, number},
};
use crate::model::problems::Severity;

/// What is behind for less than this many microseconds is on its way.
const ON_ITS_WAY: i64 = 5_000_000;

/// How publishing is.
enum State<'a> {
    Fails(&'a str),
    Behind,
    Published,
}

impl Server {
    /// How many changes are to be published, if that takes longer than it should.
    fn behind(&self, now: i64) -> Option<u64> {
        let behind = self.revision.saturating_sub(self.published);
        let is_late = self.behind_since.is_some_and(|since| now - since >= ON_ITS_WAY);
        (behind > 0 && is_late).then_some(behind)
    }

    fn state(&self, now: i64) -> State<'_> {
        match &self.failure {
            Some(reason) => State::Fails(reason),
            None if self.behind(now).is_some() => State::Behind,
            None => State::Published,
        }
    }
}

impl Overview {
    /// How many problems there are of some severities, in the projects and elsewhere.
    fn count(&self, wanted: impl Fn(Severity) -> bool) -> u64 {
        let of_projects = self.projects.iter().flat_map(|project| &project.problems);
        let of_projects = of_projects.filter(|(kind, _)| wanted(kind.severity())).map(|(_, tally)| tally.count);
        let own = self.problems.iter().filter(|seen| wanted(seen.problem.problem.severity()));
        of_projects.sum::<u64>() + own.map(|_| 1).sum::<u64>()
    }
}

/// What is to be seen in the title of the page, be it on another tab.
pub fn alert(state: &Overview) -> Option<String> {
    let problems = state.count(|severity| severity != Severity::Hint);
    match state.server.state(state.now) {
        State::Fails(_) => Some("Publishing fails".to_owned()),
        State::Behind => Some("Behind".to_owned()),
        State::Published => (problems > 0).then(|| counted(problems, "problem")),
    }
}

/// The headline.
pub fn headline(state: &Overview) -> Markup {
    let (now, server) = (state.now, &state.server);
    html! {
        section .headline aria-labelledby="state" {
            div {
                h1 #state { (sentence(now, server)) }
                p .quiet { (more(now, server)) }
                p .sums { (sums(state)) }
            }
            form method="post" action="/admin/render" data-render="/api/render" {
                button type="submit" { "Render now" }
                output data-keep aria-live="polite" {}
            }
        }
    }
}

fn sentence(now: i64, server: &Server) -> Markup {
    html! {
        @match server.state(now) {
            State::Fails(_) => { (icon::severity(Severity::Error)) "Publishing fails" }
            State::Behind => {
                (icon::severity(Severity::Warning))
                "Behind by " (counted(server.behind(now).unwrap_or_default(), "change"))
            }
            State::Published => { (icon::well()) "Everything is published" }
        }
    }
}

fn more(now: i64, server: &Server) -> Markup {
    let last = html! { "Last published " (moment_or(now, server.last_at, "never")) };
    html! {
        @match server.state(now) {
            State::Fails(reason) => { (reason) ". " (last) "; it is tried again by itself." }
            State::Behind => {
                @if let Some(since) = server.behind_since { "The oldest of them came " (moment(now, since)) ". " }
                (last) ". A server that renders on request waits for the button."
            }
            State::Published => {
                (last) ", in " (format!("{:.0}", server.last.milliseconds.max(1.0))) " ms: "
                (counted(server.last.files_written, "file")) " written, " (bytes(server.last.bytes)) "."
            }
        }
    }
}

fn sums(state: &Overview) -> Markup {
    let counts = Severity::ALL.map(|severity| (severity, state.count(|own| own == severity)));
    html! {
        @if counts.iter().all(|(_, count)| *count == 0) {
            span .sum { (icon::well()) "No problems" }
        }
        @for (severity, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            span .sum { (icon::severity(severity)) b { (number(count)) } " " (severity.name()) @if count != 1 { "s" } }
        }
    }
}
