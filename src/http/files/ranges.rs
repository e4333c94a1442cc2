//! Which parts of a file are asked for, and which of them are given (RFC 9110 §14.1 and §14.2).

use std::{fmt, ops::Range};

/// More parts than this, after those that meet were joined, are not worth their bookkeeping: the whole file is given.
/// RFC 9110 §17.15 advises a bound; a player asks for one part, a reader of documents for a handful.
const MOST_PARTS: usize = 16;

/// One part of a file as it is asked for, the length of the file being unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// From a byte, counted from 0, to another, which is included; `u64::MAX` is the end.
    Span(u64, u64),
    /// As many bytes from the end.
    Last(u64),
}

impl fmt::Display for Asked {
    /// As the value of a `Range` header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Span(first, u64::MAX) => write!(f, "bytes={first}-"),
            Self::Span(first, last) => write!(f, "bytes={first}-{last}"),
            Self::Last(count) => write!(f, "bytes=-{count}"),
        }
    }
}

/// What is given of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Given {
    /// All of it, as if no part had been asked for.
    Whole,
    /// Nothing: every part that is asked for is beyond its end.
    Nothing,
    /// These parts, which do not meet; in the order in which they were asked for.
    Parts(Vec<Range<u64>>),
}

/// Reads the value of a `Range` header. `None` if it is to be ignored: it is malformed, or not of bytes.
pub fn parse(value: &str) -> Option<Vec<Asked>> {
    let (unit, set) = value.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    // Empty members are to be read over (RFC 9110 §5.6.1.2).
    let members = set.split(',').map(|member| member.trim_matches([' ', '\t'])).filter(|member| !member.is_empty());
    let asked: Vec<_> = members.map(parse_one).collect::<Option<_>>()?;
    (!asked.is_empty()).then_some(asked)
}

fn parse_one(text: &str) -> Option<Asked> {
    match text.split_once('-')? {
        ("", length) => Some(Asked::Last(number(length)?)),
        (first, "") => Some(Asked::Span(number(first)?, u64::MAX)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Asked::Span(first, last))
        }
    }
}

/// Any number of digits: what fits nowhere is more than any file has.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

impl Asked {
    /// What a file of this many bytes has of it: nothing, if the range is empty.
    fn within(self, length: u64) -> Range<u64> {
        match self {
            Self::Span(first, last) => first..last.saturating_add(1).min(length),
            Self::Last(count) => length - count.min(length)..length,
        }
    }

    /// Whether it begins where an empty file begins and ends.
    fn takes_an_empty_file(self) -> bool {
        match self {
            Self::Span(first, _) => first == 0,
            Self::Last(count) => count > 0,
        }
    }
}

/// What is given of a file of this many bytes.
pub fn choose(asked: &[Asked], length: u64) -> Given {
    // `Content-Range` has no words for a part of an empty file, so all of it is given, as other servers do.
    if length == 0 && asked.iter().any(|asked| asked.takes_an_empty_file()) {
        return Given::Whole;
    }
    let parts: Vec<_> = asked.iter().map(|asked| asked.within(length)).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Given::Nothing;
    }
    let bytes = parts.iter().fold(0_u64, |bytes, part| bytes.saturating_add(part.end - part.start));
    let parts = joined(parts);
    if bytes > length || parts.len() > MOST_PARTS { Given::Whole } else { Given::Parts(parts) }
}

/// The same without overlaps: those that overlap or touch are one, in the place of the first of them.
fn joined(parts: Vec<Range<u64>>) -> Vec<Range<u64>> {
    let mut sorted: Vec<_> = parts.into_iter().enumerate().collect();
    sorted.sort_by_key(|(_, part)| part.start);
    let mut joined: Vec<(usize, Range<u64>)> = Vec::new();
    for (place, part) in sorted {
        match joined.last_mut() {
            Some((first, before)) if part.start <= before.end => {
                *first = place.min(*first);
                before.end = part.end.max(before.end);
            }
            _ => joined.push((place, part)),
        }
    }
    joined.sort_by_key(|(place, _)| *place);
    joined.into_iter().map(|(_, part)| part).collect()
}

#[cfg(test)]
mod tests {
    use super::{Asked, Given, choose, parse};

    #[test]
    fn what_is_malformed_or_not_of_bytes_is_ignored() {
        for value in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes= , ",
            "bytes=-",
            "bytes=a-b",
            "bytes=0-a",
            "bytes=5-4",
            "bytes=+1-2",
            "bytes=0--1",
            "bytes=1-2-3",
            "bytes=0 - 4",
            "bytes=0-1;2-3",
            "bytes=0-1,x",
            "lines=0-4",
            "bytes =0-4",
            "bytes:0-4",
            "bytes=0x1-2",
            "bytes=0-1,5-4",
            "0-4",
        ] {
            assert_eq!(parse(value), None, "{value}");
        }
    }

    #[test]
    fn parts_are_read_as_they_are_written_in_practice() {
        assert_eq!(parse("bytes=0-"), Some(vec![Asked::Span(0, u64::MAX)]));
        assert_eq!(parse("BYTES=007-0009"), Some(vec![Asked::Span(7, 9)]));
        assert_eq!(parse("bytes= 1-2 ,,\t-3,"), Some(vec![Asked::Span(1, 2), Asked::Last(3)]));
        let huge = "99999999999999999999999999";
        assert_eq!(
            parse(&format!("bytes=5-{huge}, -{huge}")),
            Some(vec![Asked::Span(5, u64::MAX), Asked::Last(u64::MAX)])
        );
        assert_eq!(choose(&parse(&format!("bytes={huge}-")).unwrap(), u64::MAX), Given::Nothing);
    }

    #[test]
    fn parts_that_meet_are_one_and_the_order_stays() {
        let given = |value: &str, length| choose(&parse(value).unwrap(), length);
        let one = |part| Given::Parts(Vec::from([part]));
        assert_eq!(given("bytes=90-94,0-4,5-9,92-96,200-", 100), Given::Parts(vec![90..97, 0..10]));
        assert_eq!(given("bytes=0-99", 100), one(0..100));
        assert_eq!(given("bytes=-1000", 100), one(0..100));
        assert_eq!(given("bytes=0-,0-0", 100), Given::Whole);
        assert_eq!(given("bytes=100-,-0", 100), Given::Nothing);
    }

    #[test]
    fn many_parts_are_the_whole_file_unless_they_meet() {
        let every = |step: u64, count: u64| (0..count).map(|n| Asked::Span(n * step, n * step)).collect::<Vec<_>>();
        assert!(matches!(choose(&every(2, 16), 1000), Given::Parts(parts) if parts.len() == 16));
        assert_eq!(choose(&every(2, 17), 1000), Given::Whole);
        assert!(matches!(choose(&every(1, 1000), 1000), Given::Parts(parts) if parts[0] == (0..1000)));
        assert_eq!(choose(&vec![Asked::Last(u64::MAX); 1000], u64::MAX - 1), Given::Whole);
    }

    #[test]
    fn an_empty_file_is_given_whole_from_its_beginning() {
        for (value, given) in
            [("0-", Given::Whole), ("-5", Given::Whole), ("1-", Given::Nothing), ("-0", Given::Nothing)]
        {
            assert_eq!(choose(&parse(&format!("bytes={value}")).unwrap(), 0), given, "{value}");
        }
    }
}
