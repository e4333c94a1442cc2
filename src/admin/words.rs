//! Numbers and times, in words.

use maud::{Markup, html};

use crate::model::time::{Instant, day_of, day_text, rfc3339};

/// From two weeks on, in microseconds, the day says more than how long ago it was.
const A_WHILE: i64 = 14 * 86_400_000_000;

/// A whole number in groups of three: `12,345`.
pub fn number(number: impl Into<i128>) -> String {
    let number: i128 = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        grouped.push('\u{2212}');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of things, with their name: `1 shot`, `12 shots`.
pub fn counted(count: impl Into<i128>, one: &str) -> String {
    let count = count.into();
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {one}{plural}", number(count))
}

/// Bytes in the unit that fits: `512 B`, `1.5 MiB`.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64;
    let mut unit = "B";
    for next in UNITS {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = next;
    }
    if size < 10.0 { format!("{size:.1} {unit}") } else { format!("{size:.0} {unit}") }
}

/// How long it takes, from microseconds: `12 s`, `3 min`, `5 h`, `2 days`.
pub fn duration(microseconds: i64) -> String {
    let seconds = microseconds.max(0) / 1_000_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", number(seconds / 86_400)),
    }
}

/// How long ago something was; the day, where that is long.
fn ago(now: Instant, at: Instant) -> String {
    let passed = now - at;
    if passed < 10_000_000 {
        "just now".to_owned()
    } else if passed < A_WHILE {
        format!("{} ago", duration(passed))
    } else {
        format!("on {}", day_text(day_of(at)).unwrap_or_default())
    }
}

/// A moment: how long ago, and exactly for machines and for who points at it.
pub fn moment(now: Instant, at: Instant) -> Markup {
    let exact = rfc3339(at);
    html! { time datetime=(exact) title=(exact) { (ago(now, at)) } }
}

/// How long something has been so: `for 12 min`, or since which day.
pub fn lasting(now: Instant, since: Instant) -> Markup {
    let (exact, lasts) = (rfc3339(since), now - since);
    let words = match lasts {
        ..10_000_000 => "new".to_owned(),
        10_000_000..A_WHILE => format!("for {}", duration(lasts)),
        _ => format!("since {}", day_text(day_of(since)).unwrap_or_default()),
    };
    html! { time datetime=(exact) title=(exact) { (words) } }
}

/// A moment that is still to come.
pub fn ahead(now: Instant, at: Instant) -> Markup {
    let exact = rfc3339(at);
    html! { time datetime=(exact) title=(exact) { "in " (duration(at - now)) } }
}

/// A moment that may not have been.
pub fn moment_or(now: Instant, at: Option<Instant>, never: &str) -> Markup {
    at.map_or_else(|| html! { (never) }, |at| moment(now, at))
}

/// A name as people typed it, in whatever direction it is written; the id where there is none.
pub fn named(id: &str, name: &str) -> Markup {
    html! { bdi { (if name.is_empty() { id } else { name }) } }
}

#[cfg(test)]
mod tests {
    use super::{ago, bytes, duration, number};

    #[test]
    fn numbers_are_read_at_a_glance() {
        for (given, shown) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "\u{2212}1,000")]
        {
            assert_eq!(number(given), shown);
        }
        for (given, shown) in
            [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (20 << 20, "20 MiB"), (5 << 40, "5.0 TiB")]
        {
            assert_eq!(bytes(given), shown);
        }
        for (given, shown) in [(59, "59 s"), (60, "1 min"), (7200, "2 h"), (100_000, "27 h"), (172_800, "2 days")] {
            assert_eq!(duration(given * 1_000_000), shown);
        }
        assert_eq!(ago(5_000_000, 0), "just now");
        assert_eq!(ago(86_400_000_000 * 30, 0), "on 1970-01-01");
    }
}
