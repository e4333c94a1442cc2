//! The burn-down as a picture: how many tasks were in which status, day by day, one status on top of the other.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::words::number;
use crate::model::figures::{DAYS, Figures, InStatus};

/// The height of the picture in its own units; a day is one unit wide.
const HEIGHT: i64 = 400;

/// The share of tasks that are done, large.
pub fn share(figures: &Figures) -> Markup {
    html! {
        @if let Some(percent) = figures.done_percent() {
            p .share { b { (percent) "\u{202f}%" } " done" }
        }
    }
}

/// The burn-down, with the same in words for those who do not see it.
pub fn burndown(figures: &Figures) -> Markup {
    let most = (0..DAYS).map(|day| total(&figures.statuses, day)).max().unwrap_or_default();
    if most == 0 {
        return html! { p .chart.none { "No tasks in the last " (DAYS) " days" } };
    }
    let mut below = vec![0; DAYS];
    let mut layers = Vec::with_capacity(figures.statuses.len());
    for status in &figures.statuses {
        let above: Vec<i64> = below.iter().zip(&status.counts).map(|(below, count)| below + count).collect();
        layers.push((&status.color, &status.name, path(&below, &above, most)));
        below = above;
    }
    html! {
        figure .chart {
            svg viewBox=(format!("0 0 {DAYS} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label=(in_words(figures)) {
                @for (color, name, path) in layers {
                    path fill=(color) d=(path) { title { (name) } }
                }
            }
            figcaption aria-hidden="true" { span { (figures.first_day()) } span { "today" } }
        }
    }
}

fn total(statuses: &[InStatus], day: usize) -> i64 {
    statuses.iter().filter_map(|status| status.counts.get(day)).sum()
}

/// The outline of what lies between two lines of steps.
fn path(below: &[i64], above: &[i64], most: i64) -> String {
    let y = |count: i64| HEIGHT - HEIGHT * count / most;
    let mut path = String::new();
    let mut last = None;
    // Writing into memory does not fail.
    for (day, count) in above.iter().enumerate() {
        let y = y(*count);
        let _ = match last {
            None => write!(path, "M{day} {y}"),
            Some(last) if last != y => write!(path, "H{day}V{y}"),
            Some(_) => Ok(()),
        };
        last = Some(y);
    }
    let _ = write!(path, "H{DAYS}");
    last = None;
    for (day, count) in below.iter().enumerate().rev() {
        let y = y(*count);
        if last != Some(y) {
            if last.is_some() {
                let _ = write!(path, "H{}", day + 1);
            }
            let _ = write!(path, "V{y}");
        }
        last = Some(y);
    }
    path + "H0Z"
}

fn in_words(figures: &Figures) -> String {
    let first: i64 = total(&figures.statuses, 0);
    let now: Vec<String> =
        figures.statuses.iter().map(|status| format!("{} {}", number(status.now()), status.name)).collect();
    let done_then: i64 =
        figures.statuses.iter().filter(|status| status.is_done).filter_map(|status| status.counts.first()).sum();
    format!(
        "Tasks by status over the last {DAYS} days. On {}: {} tasks, {} of them done. Today: {} tasks, of which {}.",
        figures.first_day(),
        number(first),
        number(done_then),
        number(figures.tasks()),
        now.join(", "),
    )
}

/// What the colours mean, and how many tasks are in each status now.
pub fn legend(figures: &Figures) -> Markup {
    html! {
        ul .legend {
            @for status in figures.statuses.iter().filter(|status| status.now() > 0) {
                li {
                    svg .swatch viewBox="0 0 10 10" aria-hidden="true" focusable="false" {
                        rect x="0.5" y="0.5" width="9" height="9" rx="2" fill=(status.color) {}
                    }
                    bdi { (status.name) } " " b { (number(status.now())) }
                }
            }
        }
    }
}
