//! Where a filter is no program, and why.

use jaq_core::{
    compile::Undefined,
    load::{self, lex},
};
use serde::{Deserialize, Serialize};

use super::language;

/// Characters of a filter that are shown of what is wrong.
const SHOWN: usize = 40;

/// A place in a filter where something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("line {line}, column {column}: {words}")]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The character in it, from 1.
    pub column: usize,
    /// What stands there, shortened; nothing at the end.
    pub text: String,
    /// What is wrong with it.
    pub words: String,
}

impl Fault {
    fn new(code: &str, part: &str, words: String) -> Self {
        let (line, column) = place(code, part);
        Self { line, column, text: shortened(part), words }
    }

    /// Something else is needed here.
    fn expected(code: &str, what: &str, found: &str) -> Self {
        let found_words = match shortened(found) {
            text if text.is_empty() => "the end".to_owned(),
            text => text,
        };
        Self::new(code, found, format!("expected {what}, found {found_words}"))
    }

    /// What jaq found when it loaded a filter.
    pub(super) fn loading(code: &str, error: load::Error<&str>) -> Vec<Self> {
        match error {
            load::Error::Io(parts) => parts.into_iter().map(|(path, _)| Self::module(code, path)).collect(),
            load::Error::Lex(errors) => errors.into_iter().map(|error| Self::lexical(code, &error)).collect(),
            load::Error::Parse(errors) => {
                errors.into_iter().map(|(expect, found)| Self::expected(code, expect.as_str(), found)).collect()
            }
        }
    }

    fn lexical(code: &str, (expect, found): &lex::Error<&str>) -> Self {
        match expect {
            // Where it is not closed is seldom where the mistake is.
            lex::Expect::Delim(open) => Self::new(code, open, format!("what {open} opens is not closed")),
            _ => Self::expected(code, expect.as_str(), found),
        }
    }

    /// Another file is asked for.
    pub(super) fn module(code: &str, path: &str) -> Self {
        Self::new(code, path, "import and include are not available in filters: a filter is one text".to_owned())
    }

    /// What jaq found when it compiled a filter.
    pub(super) fn compiling(code: &str, (name, undefined): (&str, Undefined)) -> Self {
        let words = match (language::kept_out(name), undefined) {
            (Some(reason), _) => format!("{name} is not available in filters: {reason}"),
            (None, Undefined::Filter(0)) => format!("there is no filter {name}"),
            (None, Undefined::Filter(1)) => format!("there is no filter {name} with 1 argument"),
            (None, Undefined::Filter(arguments)) => format!("there is no filter {name} with {arguments} arguments"),
            (None, other) => format!("there is no {} {name}", other.as_str()),
        };
        Self::new(code, name, words)
    }
}

/// The line and the column of a part of a text; those of its beginning if it is no part of it.
fn place(code: &str, part: &str) -> (usize, usize) {
    let start = (part.as_ptr().addr()).checked_sub(code.as_ptr().addr());
    let before = start.and_then(|start| code.get(..start)).unwrap_or_default();
    let (above, line) = before.rsplit_once('\n').map_or((None, before), |(above, line)| (Some(above), line));
    let lines = above.map_or(1, |above| above.matches('\n').count() + 2);
    (lines, line.chars().count() + 1)
}

/// The first word of something that may be the rest of the filter, and not too much of it.
fn shortened(part: &str) -> String {
    let line = part.lines().next().unwrap_or_default().trim_end();
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}
