//! A source of webhooks: its deliveries, and each of them whole.

use maud::{Markup, html};
use serde_json::Value;

use super::{
    Source, frame, icon,
    problems::source_page,
    sources::{self, STATUSES},
    words::{bytes, counted, moment, moment_or, number},
};
use crate::{model::time::Instant, store::Delivery};

/// The most of a body that is shown, in bytes; the API has it whole.
const SHOWN: usize = 64 << 10;

/// Some deliveries of a source, the latest first.
pub struct DeliveryList {
    /// The deliveries.
    pub deliveries: Vec<Delivery>,
    /// The only status that they are in, if they were chosen by that.
    pub status: Option<String>,
    /// The number before which the next ones are, if there are more.
    pub before: Option<i64>,
}

/// The page of a source.
#[must_use]
pub fn source(now: Instant, source: &Source, list: &DeliveryList) -> Markup {
    let failed = source.deliveries.get("failed").copied().unwrap_or_default();
    let content = html! {
        p .trail { a href="/admin" { "Overview" } }
        h1 { (source.name) }
        p .quiet {
            @if !source.mapping.is_empty() { "Mapped by " code { (source.mapping) } ". " }
            "Last delivery " (moment_or(now, source.last_received_at, "never")) ". Since the server started: "
            (number(source.since_start.received)) " received, " (number(source.since_start.duplicates)) " repeated, "
            (number(source.since_start.refused)) " refused."
        }
        (sources::faults(source))
        (filters(source, list.status.as_deref()))
        @if failed > 0 {
            form .action method="post" action=(format!("{}/replay", source_page(&source.name))) {
                button type="submit" { "Replay " (counted(failed, "failed delivery").replace("deliverys", "deliveries")) }
            }
        }
        (deliveries(now, source, list))
        (refusals(now, source))
    };
    frame::page((failed > 0).then(|| format!("{failed} failed")).as_deref(), &source.name, &content)
}

fn filters(source: &Source, chosen: Option<&str>) -> Markup {
    let address = source_page(&source.name);
    let all: i64 = source.deliveries.values().sum();
    html! {
        nav .filters aria-label="Deliveries by status" {
            a href=(address) aria-current=[chosen.is_none().then_some("page")] { "All " b { (number(all)) } }
            @for status in STATUSES {
                @let count = source.deliveries.get(status).copied().unwrap_or_default();
                a href=(format!("{address}?status={status}")) aria-current=[(chosen == Some(status)).then_some("page")] {
                    (icon::delivery(status)) (status) " " b { (number(count)) }
                }
            }
        }
    }
}

fn deliveries(now: Instant, source: &Source, list: &DeliveryList) -> Markup {
    let address = source_page(&source.name);
    html! {
        @if list.deliveries.is_empty() {
            p .panel.empty { "There are no such deliveries." }
        } @else {
            table .rows.panel.deliveries-list {
                thead { tr {
                    th scope="col" { "Delivery" } th scope="col" { "Status" } th scope="col" { "What came of it" } th scope="col" { "Received" }
                } }
                tbody {
                    @for delivery in &list.deliveries {
                        tr data-key=(delivery.id) {
                            th scope="row" { a href=(format!("{address}/{}", delivery.id)) { (delivery.id) } span .id { (delivery.delivery_id) } }
                            td { (icon::delivery(&delivery.status)) (delivery.status) }
                            td { (brief(delivery)) }
                            td .since { (moment(now, delivery.received_at)) }
                        }
                    }
                }
            }
        }
        @if let Some(before) = list.before {
            @let status = list.status.as_ref().map_or_else(String::new, |status| format!("&status={status}"));
            p { a rel="next" href=(format!("{address}?before={before}{status}")) { "Earlier ones" } }
        }
    }
}

/// What came of a delivery, as it is stored.
fn result(delivery: &Delivery) -> Value {
    delivery.result.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// What came of a delivery, in a few words.
fn brief(delivery: &Delivery) -> String {
    let result = result(delivery);
    if let Some(detail) = result["detail"].as_str() {
        let first = result["errors"][0]["detail"].as_str();
        return first.map_or_else(|| detail.to_owned(), |first| format!("{detail}: {first}"));
    }
    let counts = ["created", "updated", "deleted", "unchanged"].into_iter();
    let counts =
        counts.filter_map(|name| Some(format!("{} {name}", result[name].as_i64().filter(|count| *count > 0)?)));
    counts.collect::<Vec<_>>().join(", ")
}

fn refusals(now: Instant, source: &Source) -> Markup {
    html! {
        @if !source.refusals.is_empty() {
            section aria-labelledby="refusals" {
                h2 #refusals { "Refused of late" }
                ul .plain.panel {
                    @for refusal in &source.refusals {
                        li {
                            @match crate::model::time::parse_instant(&refusal.at) {
                                Some(at) => (moment(now, at)),
                                None => (refusal.at),
                            }
                            ": " (refusal.detail)
                        }
                    }
                }
            }
        }
    }
}

/// The page of a delivery.
#[must_use]
pub fn delivery(now: Instant, delivery: &Delivery) -> Markup {
    let address = source_page(&delivery.source);
    let title = format!("Delivery {}", delivery.id);
    let content = html! {
        p .trail { a href="/admin" { "Overview" } " / " a href=(address) { (delivery.source) } }
        h1 { (title) }
        p .sums { span .sum { (icon::delivery(&delivery.status)) (delivery.status) } span .sum { (brief(delivery)) } }
        dl .figures.panel {
            div { dt { "Sender’s id" } dd .text { (delivery.delivery_id) } }
            div { dt { "Received" } dd { (moment(now, delivery.received_at)) } }
            div { dt { "Tried" } dd { (counted(delivery.attempts, "time")) } }
            div { dt { "Last tried" } dd { (moment_or(now, delivery.settled_at, "never")) } }
            div { dt { "Size" } dd { (bytes(delivery.size.unsigned_abs())) } }
        }
        @if delivery.is_kept {
            form .action method="post" action=(format!("{address}/{}/replay", delivery.id)) {
                button type="submit" { "Replay" }
                span .quiet { "Applies it once more, by the mapping as it is now." }
            }
        } @else {
            p .quiet { "Its headers and body were kept long enough, and are gone." }
        }
        (block("What came of it", &pretty(&result(delivery).to_string())))
        @if let Some(headers) = &delivery.headers { (block("Headers, without secrets", &header_lines(headers))) }
        @if let Some(body) = &delivery.body { (block("Body", &pretty(body))) }
    };
    frame::page(None, &format!("{title} of {}", delivery.source), &content)
}

fn block(title: &str, text: &str) -> Markup {
    html! {
        h2 { (title) }
        pre .panel tabindex="0" role="group" aria-label=(title) dir="auto" { (text) }
    }
}

fn header_lines(headers: &str) -> String {
    let headers: Vec<(String, String)> = serde_json::from_str(headers).unwrap_or_default();
    headers.into_iter().fold(String::new(), |lines, (name, value)| lines + &name + ": " + &value + "\n")
}

/// JSON with a line for each member; what is no JSON as it is. What is long is cut.
fn pretty(text: &str) -> String {
    let value: Result<Value, _> = serde_json::from_str(text);
    let mut text = value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_else(|_| text.to_owned());
    if text.len() > SHOWN {
        text.truncate(text.floor_char_boundary(SHOWN));
        text.push_str("\n… (cut; the API has it whole)");
    }
    text
}
