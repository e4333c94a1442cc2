//! From a delivery to changes: by a built-in mapping or a filter, which are jq programs alike.

use std::path::Path;

use serde_json::Value;

use super::{
    filter::{self, Failure, Runner},
    source::Program,
};
use crate::model::{
    fault::{At, Fault},
    wire::Reader,
};

/// The built-in mappings, by name.
pub const PRESETS: [(&str, &str); 5] = [
    ("flow", include_str!("presets/flow.jq")),
    ("ftrack", include_str!("presets/ftrack.jq")),
    ("kitsu", include_str!("presets/kitsu.jq")),
    ("ayon", include_str!("presets/ayon.jq")),
    ("changes", include_str!("presets/changes.jq")),
];

/// The program of a built-in mapping.
#[must_use]
pub fn preset(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(preset, _)| *preset == name).map(|(_, text)| *text)
}

/// A mapping that can be applied to one delivery after another.
#[derive(Debug)]
pub struct Mapping {
    runner: Runner,
}

/// What a mapping made of a delivery.
#[derive(Debug)]
pub struct Mapped {
    /// The changes as it gave them.
    pub values: Vec<Value>,
    /// The same, read, with what was odd about them.
    pub reader: Reader,
}

/// Why nothing could be made of a delivery.
#[derive(Debug, thiserror::Error)]
pub enum Unmapped {
    /// The mapping failed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// What it gave are not proper changes. The pointers are of `/changes/<number>`, counted from 0.
    #[error("the mapping gave changes that are wrong")]
    Wrong(Vec<Value>, Vec<Fault>),
}

impl Mapping {
    /// A mapping by a program, run by another process of this program.
    #[must_use]
    pub fn new(program: &Program, executable: &Path) -> Self {
        Self { runner: Runner::new(&program.text, executable.to_owned(), program.limits) }
    }

    /// Whether the program can be run at all.
    pub async fn check(&mut self) -> Result<(), Failure> {
        self.runner.check().await
    }

    /// What a delivery comes down to. `headers` is `[[name, value], …]` as JSON, `body` is JSON.
    pub async fn map(&mut self, headers: &str, body: &str) -> Result<Mapped, Unmapped> {
        let headers: Vec<(String, String)> = serde_json::from_str(headers).unwrap_or_default();
        let values = self.runner.run(&filter::input(&headers, body.as_bytes())?).await?;
        let mut reader = Reader::default();
        for (index, value) in values.iter().enumerate() {
            reader.change(value.clone(), At::Root.key("changes").index(index));
        }
        if reader.findings.is_sound() {
            return Ok(Mapped { values, reader });
        }
        Err(Unmapped::Wrong(values, reader.findings.into_result().err().unwrap_or_default()))
    }
}
