//! All tokens, at one moment.

use std::{collections::HashMap, sync::Arc};

use super::{Token, Unknown, caller::Who, secret::Hash, stamp::Mark};
use crate::{
    model::time::Instant,
    store::{self, StoredToken},
};

/// All tokens. There is no `Debug`, here and where it is held: hashes are for nobody to see.
#[derive(Default)]
pub(super) struct Known {
    /// How the stamp was before they were read.
    pub mark: Option<Mark>,
    /// In the order in which they were made.
    pub tokens: Vec<Arc<Token>>,
    pub by_hash: HashMap<Hash, Arc<Token>>,
}

impl Known {
    /// What the rows say; and what was known before of the use of the same tokens.
    pub fn new(mark: Option<Mark>, rows: Vec<StoredToken>, before: &Self) -> Result<Self, store::Error> {
        let mut known = Self { mark, ..Self::default() };
        for row in rows {
            let token = Arc::new(Token::read(row)?);
            if let Some(same) = before.by_hash.get(&token.hash) {
                token.used_like(same);
            }
            known.by_hash.insert(token.hash, token.clone());
            known.tokens.push(token);
        }
        Ok(known)
    }

    /// Whoever has the token with a hash, if it is valid.
    pub fn holder(&self, hash: &Hash, now: Instant) -> Who {
        match self.by_hash.get(hash) {
            None => Who::Nobody(Unknown::NoSuchToken),
            Some(token) if token.revoked.is_some() => Who::Nobody(Unknown::Revoked),
            Some(token) if token.is_expired(now) => Who::Nobody(Unknown::Expired(token.expires.unwrap_or_default())),
            Some(token) => Who::Holder(token.clone()),
        }
    }
}
