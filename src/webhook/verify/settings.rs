//! What the configuration file says of how deliveries are verified: `verify` and `secrets` of a source.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, de::IgnoredAny};

/// A value of the file, which is never shown. One of the wrong type is kept as such, and refused when the settings are checked:
/// an error of the TOML reader would show the line that it is on, with the secrets that may be there.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Given<T> {
    /// What is wanted.
    Right(T),
    /// Something else.
    Wrong(IgnoredAny),
}

impl<T: Default> Default for Given<T> {
    fn default() -> Self {
        Self::Right(T::default())
    }
}

impl<T> fmt::Debug for Given<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(not shown)")
    }
}

/// How the deliveries of one source are verified. A table that has other keys too has `verify` and `secrets` as fields of its own,
/// of these types, and makes this of them: flattened, this would take all others for unknown ones.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Settings {
    /// The name of the source, for errors.
    pub name: String,
    /// By what they are verified. It has to be said, even if it is by nothing.
    pub verify: Option<Given<Way>>,
    /// What the sender and this server alone know; `${NAME}` in one stands for a variable of the environment. Any may match, so
    /// that one can be replaced by another while the sender still has the old one.
    pub secrets: Given<Vec<Given<String>>>,
    /// Keys that are none. They are refused with the rest, for a mistyped `secrets` holds secrets too.
    #[serde(flatten)]
    #[expect(clippy::zero_sized_map_values, reason = "what is under such a key is of no interest")]
    pub unknown: BTreeMap<String, IgnoredAny>,
}

/// `verify`: a name, or a table that says it in full.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Way {
    /// A known sender, `bearer` or `none`.
    Name(String),
    /// Everything by itself.
    Table(Box<Table>),
}

/// `verify` in full: a signature if `hmac` is there, else a header whose value is a secret.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Table {
    /// The hash that the signature is made with: `sha256` or `sha1`.
    pub hmac: Option<Given<String>>,
    /// The header that has the signature, or the secret.
    pub header: Option<Given<String>>,
    /// What is before it in its header; nothing if it is not named.
    pub prefix: Option<Given<String>>,
    /// How the signature is written: `hex`, also if it is not named, or `base64`.
    pub encoding: Option<Given<String>>,
    /// What is signed: text with `{body}`, `{id}` and `{timestamp}` in it; the body alone if it is not named.
    pub message: Option<Given<String>>,
    /// The header that has the time at which it was sent, in Unix seconds.
    pub timestamp_header: Option<Given<String>>,
    /// The header that has the id of the delivery.
    pub id_header: Option<Given<String>>,
    /// Seconds by which that time may differ from the present; 300 if it is not named.
    pub skew: Option<Given<u64>>,
    /// Keys that are none.
    #[serde(flatten)]
    #[expect(clippy::zero_sized_map_values, reason = "what is under such a key is of no interest")]
    pub unknown: BTreeMap<String, IgnoredAny>,
}
