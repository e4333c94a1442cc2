//! Moments and days, in UTC.

/// When something happened: microseconds since 1970-01-01T00:00:00Z.
pub type Instant = i64;

/// Reads a point in time: RFC 3339, with a blank for the `T` and without an offset (UTC then) as well.
#[must_use]
pub fn parse_instant(text: &str) -> Option<Instant> {
    let text = text.trim();
    let timestamp: Result<jiff::Timestamp, _> = text.parse();
    let utc = || jiff::tz::TimeZone::UTC.to_timestamp(text.parse().ok()?).ok();
    timestamp.ok().or_else(utc).map(jiff::Timestamp::as_microsecond)
}

/// Writes a point in time, to the millisecond: `2026-11-23T10:00:00.000Z`.
#[must_use]
pub fn rfc3339(at: Instant) -> String {
    jiff::Timestamp::from_microsecond(at).map_or_else(|_| at.to_string(), |at| format!("{at:.3}"))
}

/// Writes a point in time to the second: `2026-01-31T12:00:00Z`; empty beyond the year 9999.
#[must_use]
pub fn instant_text(at: Instant) -> String {
    let timestamp = jiff::Timestamp::from_second(at.div_euclid(1_000_000));
    timestamp.map_or_else(|_| String::new(), |timestamp| timestamp.to_string())
}

/// A day, counted from 1970-01-01 (UTC).
pub type Day = i64;

const MICROSECONDS: i64 = 86_400_000_000;

/// The day in which an instant lies.
#[must_use]
pub fn day_of(at: Instant) -> Day {
    at.div_euclid(MICROSECONDS)
}

/// Reads a day: `2026-01-31`.
#[must_use]
pub fn parse_day(text: &str) -> Option<Day> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let midnight = jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(day_of(midnight.as_microsecond()))
}

/// Writes a day: `2026-01-31`; `None` beyond the year 9999.
#[must_use]
pub fn day_text(day: Day) -> Option<String> {
    let timestamp = jiff::Timestamp::from_microsecond(day.checked_mul(MICROSECONDS)?).ok()?;
    Some(jiff::tz::TimeZone::UTC.to_datetime(timestamp).date().to_string())
}

/// The timestamp of a day's point: its last second. The page takes the local midnight before a timestamp for the day, and
/// shows that in UTC: east of Greenwich, midnight itself would be shown a day early (contract of the page, §2).
#[must_use]
pub fn timestamp(day: Day) -> String {
    day_text(day).map_or_else(String::new, |day| day + "T23:59:59Z")
}

#[cfg(test)]
mod tests {
    use super::parse_instant;

    #[test]
    fn times_are_read_as_trackers_write_them() {
        let noon = parse_instant("2026-11-23T12:00:00Z");
        assert!(noon.is_some());
        for same in
            ["2026-11-23 12:00:00", "2026-11-23T13:00:00+01:00", "2026-11-23T12:00:00.000000", "2026-11-23 12:00:00Z"]
        {
            assert_eq!(parse_instant(same), noon, "{same}");
        }
        for nonsense in ["", "yesterday", "2026-13-01T00:00:00Z", "12:00"] {
            assert_eq!(parse_instant(nonsense), None, "{nonsense}");
        }
    }
}
