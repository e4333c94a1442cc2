//! Ids: the tracker's own, checked once, cheap to share.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize};

/// The longest id that is accepted, in characters.
pub const MAX_ID_LENGTH: usize = 128;

/// The id of an entity: 1–128 characters from `A-Z a-z 0-9 . _ ~ -`, neither `.` nor `..`.
///
/// The alphabet is what a URL path segment carries unencoded (RFC 3986 §2.3, "unreserved"): ids become folder names
/// and parts of URLs that the page does not encode.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Id(Arc<str>);

/// Why a text is not an [`Id`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id has 1 to 128 characters from A-Z a-z 0-9 . _ ~ - and is neither \".\" nor \"..\"")]
pub struct InvalidId;

impl Id {
    /// Checks a text; the error says which texts are ids.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
        let fits = (1..=MAX_ID_LENGTH).contains(&text.len()) && text.bytes().all(allowed);
        if fits && text != "." && text != ".." { Ok(Self(text.into())) } else { Err(InvalidId) }
    }

    /// A new random id (UUID version 4), for an entity that was sent without one.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string().into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Id {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Id;

    #[test]
    fn ids_that_would_break_a_path_or_a_url_are_refused() {
        let long = "x".repeat(129);
        for text in ["", ".", "..", "a/b", "a\\b", "a b", "a\0", "é", "a?b", "a#b", "%2e", &long] {
            assert!(Id::parse(text).is_err(), "{text:?}");
        }
        for text in ["a", "...", "A-Z_0.9~", "0a32d425-6723-4f2b-baf7-2a6d457fa669", &long[1..]] {
            assert!(Id::parse(text).is_ok(), "{text:?}");
        }
    }
}
