//! Who may do what: tokens, kept in memory as the database has them.
//!
//! As long as no token was ever made, everyone may do everything. What is here knows no HTTP: how tokens are sent and what is
//! answered is in `http`.

mod caller;
mod known;
mod rights;
mod secret;
mod stamp;
mod token;
mod wish;

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use tokio::{
    sync::{Mutex, mpsc},
    task::{JoinError, JoinHandle},
};
use tracing::Instrument;

pub use caller::{Caller, Denied, Unknown};
pub use rights::{Need, Nonsense, Place, Reach, Rights, Spelled};
pub use secret::{Secret, without_tokens};
pub use stamp::Stamp;
pub use token::Token;
pub use wish::{InvalidExpiry, InvalidName, Name, Wish, parse_expiry};

use crate::{
    model::{Id, time::Instant},
    store::{self, Store, StoredToken},
};
use caller::Who;
use known::Known;

/// What can go wrong with tokens.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The stamp could not be looked at.
    #[error("the stamp of the tokens cannot be looked at: {0}")]
    Stamp(#[from] io::Error),
    /// There was nothing to make a token of.
    #[error("the operating system gives no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// What was to be kept could not be put into words.
    #[error("a token could not be encoded: {0}")]
    Encoding(#[from] serde_json::Error),
}

/// Why a token was not made.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// Another token has the name.
    #[error("there is a token of this name: revoke it first, or take another name")]
    Name,
    /// Nobody could make another one over HTTP.
    #[error("the first token has to have the right admin: it closes the server, and nobody could make another one")]
    First,
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// How open a server is to those who have no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Openness {
    /// Everyone may see what the page shows.
    pub is_reading_public: bool,
    /// As long as there are no tokens, everyone may do everything, whatever the address and the name that they ask for.
    pub is_anonymous: bool,
}

/// The tokens, for whoever is to be let in or not.
pub struct Access {
    store: Arc<Store>,
    stamp: Stamp,
    openness: Openness,
    known: ArcSwap<Known>,
    /// Held while tokens are read or changed, so that one does it.
    reading: Mutex<()>,
    /// Whether tokens were changed, and not read since: should reading fail, it is tried again before anyone is let in.
    is_stale: AtomicBool,
    uses: mpsc::UnboundedSender<(Id, Instant)>,
    failures: AtomicU64,
}

impl Access {
    /// Reads the tokens of a data folder. The task keeps when they are used; it ends when nothing needs it any more.
    pub async fn open(
        store: Arc<Store>,
        data_dir: &Path,
        openness: Openness,
    ) -> Result<(Arc<Self>, JoinHandle<()>), Error> {
        let (uses, used) = mpsc::unbounded_channel();
        let task = tokio::spawn(keep_uses(store.clone(), used));
        let access = Self {
            store,
            stamp: Stamp::of(data_dir),
            openness,
            known: ArcSwap::default(),
            reading: Mutex::default(),
            is_stale: AtomicBool::new(true),
            uses,
            failures: AtomicU64::new(0),
        };
        access.now().await?;
        Ok((Arc::new(access), task))
    }

    /// Reads the tokens. Who calls this holds `reading`.
    async fn read(&self) -> Result<Arc<Known>, Error> {
        // The stamp is looked at before: what changes meanwhile is seen the next time.
        let mark = self.stamp.mark()?;
        let known = Arc::new(Known::new(mark, self.store.tokens().await?, &self.known.load())?);
        self.known.store(known.clone());
        self.is_stale.store(false, Ordering::Release);
        Ok(known)
    }

    /// What is known, if it is still so.
    fn fresh(&self) -> Result<Option<Arc<Known>>, Error> {
        let is_stale = self.is_stale.load(Ordering::Acquire);
        let known = self.known.load_full();
        Ok((!is_stale && known.mark == self.stamp.mark()?).then_some(known))
    }

    /// The tokens as they are now, also if a command beside the server has changed them.
    async fn now(&self) -> Result<Arc<Known>, Error> {
        if let Some(known) = self.fresh()? {
            return Ok(known);
        }
        let _alone = self.reading.lock().await;
        match self.fresh()? {
            Some(known) => Ok(known),
            None => self.read().await,
        }
    }

    /// Who asks with this token (`Err`: what was sent is none). `is_strange`: under a name that may be somebody else's for
    /// this machine. If the tokens cannot be read, nobody is known.
    pub async fn caller(&self, sent: Option<Result<Secret, Unknown>>, is_strange: bool, now: Instant) -> Caller {
        let is_reading_public = self.openness.is_reading_public;
        let known = match self.now().await {
            Ok(known) => known,
            Err(error) => {
                tracing::error!(%error, "the tokens cannot be read, and nobody who needs one is let in");
                return Caller::unknown(is_reading_public);
            }
        };
        let who = match sent {
            _ if known.tokens.is_empty() && is_strange && !self.openness.is_anonymous => {
                Who::Nobody(Unknown::StrangeName)
            }
            _ if known.tokens.is_empty() => Who::Anyone,
            None => Who::Nobody(Unknown::NoToken),
            Some(Err(unknown)) => Who::Nobody(unknown),
            Some(Ok(secret)) => known.holder(&secret.hash(), now),
        };
        if let Who::Holder(token) = &who
            && token.is_used(now)
        {
            // Whether it is kept is of no consequence to whoever asks.
            let _ = self.uses.send((token.id.clone(), now));
        }
        let caller = Caller { who, is_reading_public };
        if caller.failure().is_some() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        caller
    }

    /// Who a caller is by now: the token may have been revoked, or the first one made, since they began to listen.
    pub async fn still(&self, caller: &Caller, now: Instant) -> Result<Caller, Error> {
        let known = self.now().await?;
        let who = match &caller.who {
            Who::Holder(token) => known.holder(&token.hash, now),
            Who::Anyone if !known.tokens.is_empty() => Who::Nobody(Unknown::NoToken),
            other => other.clone(),
        };
        Ok(Caller { who, ..caller.clone() })
    }

    /// Whether no token was ever made, so that everyone may do everything.
    pub async fn is_open(&self) -> Result<bool, Error> {
        Ok(self.now().await?.tokens.is_empty())
    }

    /// How open the server is to those who have no token.
    #[must_use]
    pub fn openness(&self) -> Openness {
        self.openness
    }

    /// How often a token was sent that is not valid.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// All tokens there ever were, the oldest first.
    pub async fn tokens(&self) -> Result<Vec<Arc<Token>>, Error> {
        Ok(self.now().await?.tokens.clone())
    }

    /// Makes a token, which is valid at once.
    pub async fn make(self: &Arc<Self>, wish: Wish, now: Instant) -> Result<(Secret, Arc<Token>), NotMade> {
        let access = self.clone();
        to_its_end(async move { access.make_alone(&wish, now).await }).await
    }

    /// Revokes a token, which is not valid any more when this returns; false if there is none with this id.
    pub async fn revoke(self: &Arc<Self>, id: Id, now: Instant) -> Result<bool, Error> {
        let access = self.clone();
        to_its_end(async move { access.revoke_alone(&id, now).await }).await
    }

    async fn make_alone(&self, wish: &Wish, now: Instant) -> Result<(Secret, Arc<Token>), NotMade> {
        let _alone = self.reading.lock().await;
        if self.read().await?.tokens.is_empty() && wish.rights != Rights::Admin {
            return Err(NotMade::First);
        }
        self.is_stale.store(true, Ordering::Release);
        let secret = make(&self.store, wish, now).await?;
        let known = self.read().await?;
        let token = known.by_hash.get(&secret.hash()).cloned().ok_or(NotMade::Name)?;
        Ok((secret, token))
    }

    async fn revoke_alone(&self, id: &Id, now: Instant) -> Result<bool, Error> {
        let _alone = self.reading.lock().await;
        self.is_stale.store(true, Ordering::Release);
        self.store.revoke_token(id, now).await?;
        Ok(self.read().await?.tokens.iter().any(|token| token.id == *id))
    }
}

/// Does all of something, also if whoever asked for it hangs up in the middle. The database would go on with a change of tokens
/// then, and they could be read anew before it is done: they would be known as they were, for as long as nothing else changes.
async fn to_its_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(work.in_current_span()).await.map_err(JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // It was cut off by the end of the runtime, which ends this as well.
        Err(Err(_)) => std::future::pending().await,
    }
}

/// Makes a token in the database. A server that runs beside is to be told by the [`Stamp`].
pub async fn make(store: &Store, wish: &Wish, now: Instant) -> Result<Secret, NotMade> {
    let secret = Secret::random().map_err(Error::from)?;
    let row = StoredToken {
        id: Id::random().to_string(),
        name: wish.name.as_str().to_owned(),
        hash: secret.hash().to_vec(),
        rights: serde_json::to_string(&wish.rights).map_err(Error::from)?,
        created: now,
        expires: wish.expires,
        revoked: None,
        last_used: None,
    };
    if store.add_token(&row).await.map_err(Error::from)? { Ok(secret) } else { Err(NotMade::Name) }
}

/// The tokens of a database, the oldest first.
pub async fn all(store: &Store) -> Result<Vec<Token>, store::Error> {
    store.tokens().await?.into_iter().map(Token::read).collect()
}

/// Writes down when tokens are used, off the way of those who use them.
async fn keep_uses(store: Arc<Store>, mut used: mpsc::UnboundedReceiver<(Id, Instant)>) {
    let mut uses = Vec::new();
    while used.recv_many(&mut uses, 256).await > 0 {
        if let Err(error) = store.use_tokens(&uses).await {
            tracing::warn!(%error, "when tokens were last used could not be kept");
        }
        uses.clear();
    }
}
