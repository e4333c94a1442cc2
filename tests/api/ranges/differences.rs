//! Where nginx answers otherwise on purpose: in what, and why ours is as it is.

/// In what the answers differ, and why.
pub struct Difference {
    pub fields: &'static [&'static str],
    pub reason: &'static str,
}

/// A part here, the whole there, or the other way round.
const SIZE: &[&str] = &["status", "content-range", "content-length", "accept-ranges", "body"];
/// The whole or a part here, a 416 there.
const REFUSED: &[&str] =
    &["status", "content-range", "content-length", "content-type", "accept-ranges", "last-modified", "etag", "body"];
/// The whole here, another error there.
const FAILED: &[&str] = &["status", "content-length", "content-type", "accept-ranges", "last-modified", "etag", "body"];

pub const SAME: &[Difference] = &[];

/// Every part.
pub const PART: &[Difference] = &[ACCEPTS];
const ACCEPTS: Difference = Difference {
    fields: &["accept-ranges"],
    reason: "a part says that there are parts; nginx says it with the whole file only",
};

pub const PROBLEM: &[Difference] = &[Difference {
    fields: &["content-length", "content-type", "body"],
    reason: "our errors are problems (RFC 9457), those of nginx are pages",
}];
pub const PROBLEM_HEAD: &[Difference] =
    &[Difference { fields: &["content-length", "content-type"], reason: PROBLEM[0].reason }];
pub const NOTHING: &[Difference] = &[Difference {
    fields: &["content-length", "content-type", "body"],
    reason: "our 416 says all in its header, that of nginx has a page",
}];
pub const FOLDER: &[Difference] = &[Difference {
    fields: &["status", "content-length", "content-type", "body"],
    reason: "a folder is no file: not there, and not redirected to, nor forbidden",
}];

const GET_ALONE: &str = "parts are defined for GET alone, and to be ignored with HEAD (RFC 9110 §14.2)";
pub const HEAD_PART: &[Difference] =
    &[Difference { fields: &["status", "content-range", "content-length", "accept-ranges"], reason: GET_ALONE }];
pub const HEAD_PARTS: &[Difference] =
    &[Difference { fields: &["status", "content-length", "content-type", "accept-ranges"], reason: GET_ALONE }];
pub const HEAD_NOTHING: &[Difference] = &[Difference {
    fields: &["status", "content-range", "content-length", "content-type", "accept-ranges", "last-modified", "etag"],
    reason: GET_ALONE,
}];

pub const MALFORMED: &[Difference] = &[Difference {
    fields: REFUSED,
    reason: "what is malformed is ignored; RFC 9110 §14.2 allows to refuse it as well",
}];
pub const LENIENT: &[Difference] =
    &[Difference { fields: SIZE, reason: "spaces within a range are malformed; nginx reads over them" }];
pub const TWO_LINES: &[Difference] =
    &[Difference { fields: SIZE, reason: "two headers are malformed; nginx takes the first" }];
pub const EMPTY_MEMBER: &[Difference] =
    &[Difference { fields: REFUSED, reason: "empty members of a list are to be read over (RFC 9110 §5.6.1.2)" }];
pub const HUGE: &[Difference] =
    &[Difference { fields: REFUSED, reason: "large numbers are not to fail by overflow (RFC 9110 §14.1.2)" }];

pub const MANY: &[Difference] = &[Difference {
    fields: &["status", "content-length", "content-type", "accept-ranges", "body"],
    reason: "more than 16 parts are the whole file (RFC 9110 §17.15); nginx has no such bound by itself",
}];
const MEET: &str = "parts that overlap or touch are joined (RFC 9110 §15.3.7.2); nginx gives each";
pub const JOINED: &[Difference] = &[ACCEPTS, Difference { fields: &["body"], reason: MEET }];
pub const JOINED_TO_ONE: &[Difference] =
    &[ACCEPTS, Difference { fields: &["content-range", "content-length", "content-type", "body"], reason: MEET }];

pub const OLD_DATE: &[Difference] = &[Difference {
    fields: SIZE,
    reason: "a date in If-Range is compared as it was given, not as a date: in doubt it is the whole file",
}];

const SEVERAL_LINES: &str = "lists may be spread over several lines (RFC 9110 §5.3); nginx refuses the request";
pub const LINES: &[Difference] = &[Difference { fields: FAILED, reason: SEVERAL_LINES }];
pub const LINES_KNOWN: &[Difference] = &[Difference {
    fields: &["status", "content-length", "content-type", "last-modified", "etag", "body"],
    reason: SEVERAL_LINES,
}];
pub const NO_DATE: &[Difference] =
    &[Difference { fields: FAILED, reason: "what is no date is to be ignored (RFC 9110 §13.1.4)" }];
pub const MATCH_FIRST: &[Difference] =
    &[Difference { fields: FAILED, reason: "If-Match overrides If-Unmodified-Since (RFC 9110 §13.2.2)" }];
pub const NONE_MATCH_FIRST: &[Difference] = &[Difference {
    fields: &["status", "content-length", "content-type", "accept-ranges", "body"],
    reason: "If-None-Match overrides If-Modified-Since (RFC 9110 §13.2.2)",
}];
