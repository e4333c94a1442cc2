//! What is wrong with the settings of a source, without any of their values.

use crate::variables::Unfilled;

use super::{message::LONGEST as LONGEST_MESSAGE, secret, table};

/// Settings by which nothing can be verified.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("source {name:?}: {key}: {fault}")]
pub struct Invalid {
    /// The source.
    pub name: String,
    /// The key, and which one if it is one of several.
    pub key: String,
    /// What is wrong with its value.
    pub fault: Fault,
}

/// What is wrong with a value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Fault {
    /// The key is none.
    #[error("there is no such key")]
    Unknown,
    /// It is not said how deliveries are verified.
    #[error(
        "it is missing: write {names}, or a table; \"none\" lets everybody send who reaches this server",
        names = table::NAMES
    )]
    Undecided,
    /// The name is none.
    #[error("it is to be {names}, or a table", names = table::NAMES)]
    NoWay,
    /// It is needed, and not there.
    #[error("it is missing")]
    Missing,
    /// It is no text.
    #[error("it is to be a text in quotes")]
    NoText,
    /// It is no list of texts.
    #[error("it is to be a list of texts in quotes: [\"${{FLOW_SECRET}}\"]")]
    NoList,
    /// A number is none, or too small or too large.
    #[error("it is to be a number of seconds between {0} and {1}")]
    Range(u64, u64),
    /// It is no hash.
    #[error("it is to be \"sha256\" or \"sha1\"")]
    Algorithm,
    /// It is no encoding.
    #[error("it is to be \"hex\" or \"base64\"")]
    Encoding,
    /// It is of use for signatures alone.
    #[error("without hmac there is no signature, so this says nothing")]
    OnlySigned,
    /// A header's name is none.
    #[error("it is no name of a header")]
    HeaderName,
    /// A header has two meanings.
    #[error("it is the same header as {0}")]
    SameHeader(&'static str),
    /// The id would be a secret.
    #[error("what is in this header is secret, and an id is stored and shown")]
    SecretHeader,
    /// The prefix can be in no header.
    #[error(
        "it is to be at most {} visible characters of ASCII and spaces, the first of them no space",
        table::LONGEST_PREFIX
    )]
    Prefix,
    /// The message is too long.
    #[error("it is longer than {LONGEST_MESSAGE} characters")]
    LongMessage,
    /// There are braces with something else in them.
    #[error("braces are for {{body}}, {{id}} and {{timestamp}} alone, each once")]
    Placeholder,
    /// The body is not signed.
    #[error("it has no {{body}} in it, so that anybody could alter the body")]
    NoBody,
    /// Where the id ends could not be told.
    #[error(
        "between {{id}} and {{body}} some text is needed right beside {{id}}, else nobody can tell where the id ends"
    )]
    BesideId,
    /// What is signed has something in it that is not there.
    #[error("it has {placeholder} in it, which needs {key}")]
    Needs {
        /// What is in the message.
        placeholder: &'static str,
        /// The key that is missing.
        key: &'static str,
    },
    /// The time is not signed.
    #[error("the message has no {{timestamp}} in it, so that anybody could alter the time")]
    UnsignedTime,
    /// There is no time that could be compared.
    #[error("without timestamp-header there is no time, so this says nothing")]
    NoTime,
    /// There are no secrets.
    #[error("there is none: write [\"${{FLOW_SECRET}}\"], with the variable in the environment of the server")]
    NoSecrets,
    /// There are more secrets than anyone has.
    #[error("there are more than {}", secret::MOST)]
    ManySecrets,
    /// Nothing is compared with them.
    #[error("verify is \"none\", which compares nothing with a secret: leave out one of the two")]
    UnusedSecrets,
    /// A variable in it cannot be replaced.
    #[error(transparent)]
    Variable(#[from] Unfilled),
    /// The secret is empty.
    #[error("it is empty")]
    Empty,
    /// The secret can be guessed.
    #[error(
        "it is shorter than {} bytes, so that it could be guessed: take a longer one, at the sender too",
        secret::SHORTEST
    )]
    Short,
    /// The secret has something at its ends that was not meant.
    #[error("it begins or ends with a space or a line break")]
    Blank,
    /// The secret can be in no header.
    #[error("it has characters that a header cannot have")]
    HeaderValue,
    /// The secret is not in the form of Standard Webhooks.
    #[error("it is to be whsec_ and base64 after it, as the sender shows it")]
    NoBase64,
    /// The secret is not for signatures that are known here.
    #[error(
        "it is a key for signatures of version v1a (ed25519), which are not verified here: the sender has to sign with one \
         that begins with whsec_"
    )]
    Asymmetric,
}
