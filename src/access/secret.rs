//! The text of a token: `wts_`, 43 random letters and digits, and 6 more by which a mistyped one, or one that a scanner took
//! for a token, is told from a real one without asking the server.

use std::{borrow::Cow, fmt};

use sha2::{Digest, Sha256};

/// What every token begins with.
const PREFIX: &str = "wts_";
/// So many letters and digits have 256 bits.
const RANDOM: usize = 43;
/// So many have the 32 bits of the checksum.
const CHECK: usize = 6;

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// SHA-256 of a token, which is what is kept of it.
pub type Hash = [u8; 32];

/// A token as whoever has it knows it. It is shown once, when it is made.
pub struct Secret(String);

impl Secret {
    /// A new one; fails if the operating system has no random bytes to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut text = PREFIX.to_owned();
        let mut bytes = [0; 64];
        while text.len() < PREFIX.len() + RANDOM {
            getrandom::fill(&mut bytes)?;
            // Of the 64 values of six bits two are passed over, so that all letters are alike.
            let letters = bytes.iter().filter_map(|byte| LETTERS.get(usize::from(byte & 63)));
            let missing = PREFIX.len() + RANDOM - text.len();
            text.extend(letters.take(missing).map(|letter| char::from(*letter)));
        }
        let check = checksum(&text);
        text.push_str(&check);
        Ok(Self(text))
    }

    /// The token that a text is; `None` if it has not the form of one, or a character of it is wrong.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?;
        let fits = rest.len() == RANDOM + CHECK && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let (random, check) = text.split_at_checked(PREFIX.len() + RANDOM)?;
        (fits && checksum(random) == check).then(|| Self(text.to_owned()))
    }

    /// The text itself, for whoever asked for the token.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it. Nobody finds a token by its hash: it has as many random bits.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Sha256::digest(&self.0).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

/// CRC-32 (as in zip and PNG) of a text, in base 62, the highest digit first.
fn checksum(text: &str) -> String {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [b'0'; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = LETTERS.get((rest % 62) as usize).copied().unwrap_or_default();
        rest /= 62;
    }
    digits.map(char::from).iter().collect()
}

/// A text without what looks like a token, or a part of one, for a log.
#[must_use]
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    if !text.contains(PREFIX) {
        return Cow::Borrowed(text);
    }
    let mut pieces = text.split(PREFIX);
    let first = pieces.next().unwrap_or_default().to_owned();
    let hidden = pieces.fold(first, |shown, piece| {
        shown + PREFIX + "(secret)" + piece.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric())
    });
    Cow::Owned(hidden)
}

#[cfg(test)]
mod tests {
    use super::{LETTERS, Secret, without_tokens};

    #[test]
    fn a_token_with_one_character_wrong_is_none() {
        let secret = Secret::random().unwrap();
        let text = secret.reveal();
        assert_eq!(text.len(), 53);
        assert_eq!(Secret::parse(text).map(|same| same.hash()), Some(secret.hash()));
        for place in 0..text.len() {
            let mut wrong = text.to_owned().into_bytes();
            wrong[place] = if wrong[place] == b'x' { b'y' } else { b'x' };
            assert!(Secret::parse(&String::from_utf8(wrong).unwrap()).is_none(), "{place}");
            assert!(Secret::parse(&text[..place]).is_none() && Secret::parse(&text[place + 1..]).is_none());
        }
        for wrong in ["", "wts_", &format!("{text}0"), &format!(" {text}"), &text.replace(&text[10..12], "é")] {
            assert!(Secret::parse(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn the_checksum_is_the_one_that_the_documents_describe() {
        // CRC-32 of it is 2821648948: printf wts_000… | gzip -c | tail -c8 | od -t u4
        let text = "wts_0000000000000000000000000000000000000000000";
        assert_eq!(super::checksum(text), "34xLmu");
        assert!(Secret::parse(&format!("{text}34xLmu")).is_some());
    }

    #[test]
    fn all_letters_come_equally_often() {
        let mut counts = [0_u32; 256];
        let tokens = 4000;
        for _ in 0..tokens {
            let secret = Secret::random().unwrap();
            secret.reveal()[4..47].bytes().for_each(|letter| counts[usize::from(letter)] += 1);
        }
        // 43 × 4000 letters, each 1 in 62: 2774, with a standard deviation of 52. Seven of them do not happen.
        for letter in LETTERS {
            let count = counts[usize::from(*letter)];
            assert!((2410..3140).contains(&count), "{}: {count}", char::from(*letter));
        }
    }

    #[test]
    fn a_log_has_no_token_and_no_part_of_one() {
        let secret = Secret::random().unwrap();
        let text = secret.reveal();
        assert_eq!(without_tokens(&format!("/a/{text}/{}?", &text[..20])), "/a/wts_(secret)/wts_(secret)?");
        assert_eq!(without_tokens("/api/users"), "/api/users");
        assert_eq!(format!("{secret:?}"), "(secret)");
    }
}
