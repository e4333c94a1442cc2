//! What the configuration file says of webhooks: `[[webhook]]` for each source, and `[deliveries]`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, de::IgnoredAny};

use super::{
    filter::Limits,
    mapping::{PRESETS, preset},
    source::{Program, Source},
    verify::{self, Given, Verifier, Way},
};
use crate::model::Id;

/// The longest filter that is taken, in bytes.
const LONGEST_FILTER: usize = 1 << 20;

/// A source of deliveries.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct SourceSettings {
    /// Its name, as in its address.
    pub name: String,
    /// By what deliveries are verified.
    pub verify: Option<Given<Way>>,
    /// What the sender and this server alone know.
    pub secrets: Given<Vec<Given<String>>>,
    /// The name of a built-in mapping.
    pub mapping: Option<String>,
    /// A mapping as jq program.
    pub filter: Option<String>,
    /// A file with one; relative to the configuration file.
    pub filter_file: Option<PathBuf>,
    /// Seconds that the mapping may take for one delivery; 5 if it is not named.
    pub filter_seconds: Option<u32>,
    /// Mebibytes of memory that it may have; 256 if it is not named.
    pub filter_mib: Option<u32>,
    /// Keys that are none.
    #[serde(flatten)]
    #[expect(clippy::zero_sized_map_values, reason = "what is under such a key is of no interest")]
    pub unknown: BTreeMap<String, IgnoredAny>,
}

/// How long deliveries are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeliverySettings {
    /// Days after which they are forgotten.
    pub keep_days: u32,
    /// Mebibytes of headers and bodies that are kept; the oldest go first.
    pub keep_mib: u32,
    /// The largest body that is taken, in bytes.
    pub max_body: usize,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self { keep_days: 30, keep_mib: 512, max_body: 4 << 20 }
    }
}

/// What is wrong with the settings of a source.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// It cannot be verified by them.
    #[error(transparent)]
    Verify(#[from] verify::Invalid),
    /// Its name can be in no address.
    #[error("source {0:?}: a name has 1 to 128 characters from A-Z a-z 0-9 . _ ~ - and is neither \".\" nor \"..\"")]
    Name(String),
    /// There are two of that name.
    #[error("source {0:?} is there twice")]
    Twice(String),
    /// There is no mapping, or more than one.
    #[error("source {0:?}: one of mapping, filter and filter-file is needed, which make changes of what comes")]
    Mapping(String),
    /// There is no built-in mapping of that name.
    #[error("source {0:?}: there is no mapping {1:?}; there are {known}", known = PRESETS.map(|(name, _)| name).join(", "))]
    Unknown(String, String),
    /// The file of the filter cannot be read.
    #[error("source {0:?}: the filter {path} cannot be read: {2}", path = .1.display())]
    File(String, PathBuf, std::io::Error),
    /// Its limits are none that a mapping can have.
    #[error("source {0:?}: {1} is a number from {2} to {3}, and not {4}")]
    Limit(String, &'static str, u32, u32, u32),
    /// The filter is too long.
    #[error("source {0:?}: a filter has at most {LONGEST_FILTER} bytes")]
    Long(String),
}

impl SourceSettings {
    /// The source, with a filter file looked for in a folder; a filter that does not compile is none of the faults found here
    /// ([`super::faults`] finds it): its source receives all the same, and says so.
    pub fn source(&self, folder: &Path) -> Result<Source, Invalid> {
        let name = self.name.clone();
        if Id::parse(&name).is_err() {
            return Err(Invalid::Name(name));
        }
        let settings = verify::Settings {
            name: name.clone(),
            verify: self.verify.clone(),
            secrets: self.secrets.clone(),
            unknown: self.unknown.clone(),
        };
        let program = self.program(folder)?;
        Ok(Source::new(name, Verifier::new(&settings)?, program))
    }

    fn program(&self, folder: &Path) -> Result<Program, Invalid> {
        let name = || self.name.clone();
        let (kind, text) = match (&self.mapping, &self.filter, &self.filter_file) {
            (Some(mapping), None, None) => {
                let text = preset(mapping).ok_or_else(|| Invalid::Unknown(name(), mapping.clone()))?;
                (mapping.clone(), text.to_owned())
            }
            (None, Some(filter), None) => ("filter".to_owned(), filter.clone()),
            (None, None, Some(file)) => {
                let path = folder.join(file);
                let text = fs::read_to_string(&path).map_err(|error| Invalid::File(name(), path.clone(), error))?;
                (file.display().to_string(), text)
            }
            _ => return Err(Invalid::Mapping(name())),
        };
        if text.len() > LONGEST_FILTER {
            return Err(Invalid::Long(name()));
        }
        let usual = Limits::default();
        let limits = Limits {
            time: self.within("filter-seconds", self.filter_seconds, 1, 60)?.map_or(usual.time, Duration::from_secs),
            memory: self.within("filter-mib", self.filter_mib, 16, 4096)?.map_or(usual.memory, |mib| mib << 20),
            ..usual
        };
        Ok(Program { name: kind, text: text.into(), limits })
    }

    fn within(&self, key: &'static str, value: Option<u32>, least: u32, most: u32) -> Result<Option<u64>, Invalid> {
        match value {
            Some(value) if !(least..=most).contains(&value) => {
                Err(Invalid::Limit(self.name.clone(), key, least, most, value))
            }
            value => Ok(value.map(u64::from)),
        }
    }
}
