//! Tokens, as they are stored.

use serde_json::json;

use super::{Error, Store};
use crate::model::{Id, time::Instant};

const ALL: &str =
    "select id, name, hash, rights, created, expires, revoked, last_used from token order by created, name, id";
const ADD: &str = "
    insert into token (id, name, hash, rights, created, expires) values (?, ?, ?, ?, ?, ?)
    on conflict do nothing";
const REVOKE: &str = "update token set revoked = ? where id = ? and revoked is null";
const USED: &str = "
    update token set last_used = used.at from (select value ->> 0 as id, value ->> 1 as at from json_each(?)) as used
    where token.id = used.id";

/// Every statement of this module, for the test that prepares them.
#[cfg(test)]
pub(super) const STATEMENTS: [&str; 4] = [ALL, ADD, REVOKE, USED];

/// A row of the table of tokens. It has no `Debug`: hashes are for nobody to see.
#[derive(Clone, sqlx::FromRow)]
pub struct StoredToken {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// SHA-256 of its text.
    pub hash: Vec<u8>,
    /// What it may do, as JSON.
    pub rights: String,
    /// When it was made.
    pub created: Instant,
    /// When it ends to be valid, if it does.
    pub expires: Option<Instant>,
    /// When it was revoked, if it was.
    pub revoked: Option<Instant>,
    /// When it was last used, to the minute.
    pub last_used: Option<Instant>,
}

impl Store {
    /// All tokens there ever were, the oldest first.
    pub async fn tokens(&self) -> Result<Vec<StoredToken>, Error> {
        Ok(sqlx::query_as(ALL).fetch_all(&self.readers).await?)
    }

    /// Keeps a new token; false if there is one of that name which is not revoked.
    pub async fn add_token(&self, token: &StoredToken) -> Result<bool, Error> {
        let added = sqlx::query(ADD)
            .bind(&token.id)
            .bind(&token.name)
            .bind(&token.hash)
            .bind(&token.rights)
            .bind(token.created)
            .bind(token.expires);
        Ok(self.alter(added).await? == 1)
    }

    /// Notes that a token is not valid any more; false if it is unknown, or was revoked before.
    pub async fn revoke_token(&self, id: &Id, now: Instant) -> Result<bool, Error> {
        Ok(self.alter(sqlx::query(REVOKE).bind(now).bind(id.as_str())).await? == 1)
    }

    /// Notes when tokens were last used.
    pub async fn use_tokens(&self, uses: &[(Id, Instant)]) -> Result<(), Error> {
        let uses = json!(uses).to_string();
        self.alter(sqlx::query(USED).bind(uses)).await.map(drop)
    }
}
