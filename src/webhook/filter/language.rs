//! The words that filters are made of: those of jaq, without what reaches out of a filter, and with a few of jq's.

use jaq_core::{
    data::JustLut,
    load::{self, parse::Def},
    native::Fun,
};
use jaq_json::Val;

/// What jaq is told of the data of a filter: JSON, and nothing besides.
pub type Data = JustLut<Val>;

/// What a filter may not use, and what to do instead.
const KEPT_OUT: [(&str, &str); 21] = [
    ("$ENV", ENVIRONMENT),
    ("env", ENVIRONMENT),
    ("input", INPUT),
    ("inputs", INPUT),
    ("input_filename", INPUT),
    ("input_line_number", INPUT),
    ("halt", HALT),
    ("halt_error", HALT),
    ("debug", OUTPUT),
    ("debug_empty", OUTPUT),
    ("stderr", OUTPUT),
    ("stderr_empty", OUTPUT),
    ("localtime", ZONE),
    ("strflocaltime", ZONE),
    ("repl", SERVER),
    ("builtins", SERVER),
    ("get_search_list", SERVER),
    ("modulemeta", SERVER),
    ("$__prog_args", SERVER),
    ("$__prog_name", SERVER),
    ("$__loc__", SERVER),
];

const ENVIRONMENT: &str = "the environment of the server has secrets in it";
const INPUT: &str = "there is no other input than the delivery, which is . itself";
const HALT: &str = "error(\"why\") refuses a delivery, and empty makes no change of it";
const OUTPUT: &str = "try the filter with a dry run, or with jq on the command line";
const ZONE: &str = "the time zone of the server says nothing of the tracker's; gmtime and strftime use UTC";
const SERVER: &str = "a filter knows its input and nothing else";

/// Why a filter may not use something that jaq or jq has; none if it may, or if there is no such thing.
pub fn kept_out(name: &str) -> Option<&'static str> {
    KEPT_OUT.iter().find(|(kept_out, _)| *kept_out == name).map(|(_, reason)| *reason)
}

/// What is defined in jq itself, the later by the earlier.
pub fn definitions() -> impl Iterator<Item = Def<&'static str>> {
    let ours = load::parse(include_str!("prelude.jq"), |parser| parser.defs());
    let ours = ours.expect("what is built in is tried by the tests, whole");
    let all = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).chain(ours);
    all.filter(|definition| kept_out(definition.name).is_none())
}

/// What is built in.
pub fn functions() -> impl Iterator<Item = Fun<Data>> {
    let all = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    all.filter(|(name, _, _)| kept_out(name).is_none())
}
