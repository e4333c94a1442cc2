//! One file that is asked for, and given to whoever wants it.

use std::{sync::Arc, time::Duration};

use reqwest::{StatusCode, Url};

use super::{Surroundings, due::micros, wants::Owner};
use crate::{
    fetch::{
        Fetches,
        client::{self, Fetched, Validators, back_off},
        guard::identity,
        host::Host,
        named,
    },
    media::{
        intake::{self, Accepted, accept, accept_kept, canvas_of},
        receive::{self, Wanted, receive},
    },
    model::{
        Kind,
        change::{Change, Op},
        media::Sha256,
        time::Instant,
    },
    store::Download,
    writer::{self, Request},
};

/// What failed for good is asked for again after this, in microseconds: ten minutes, or the host's `refresh` if that is less.
const FAILED_STAYS: Instant = 600 * 1_000_000;

/// Why a file was not copied.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// It was not to be had.
    #[error(transparent)]
    Client(#[from] client::Failure),
    /// It is not what is wanted, or broke off.
    #[error(transparent)]
    Content(#[from] receive::Error),
    /// Its entities could not get it.
    #[error("it could not be stored: {0}")]
    Writer(#[from] writer::Refused),
    /// Its URL is none, or nobody wants it.
    #[error("its URL cannot be read")]
    Url,
}

impl From<intake::Refused> for Failure {
    fn from(refused: intake::Refused) -> Self {
        Self::Content(refused.into())
    }
}

impl Failure {
    /// When it is asked for again: soon, with patience, if that may help; else later.
    fn next(&self, now: Instant, attempts: u32, refresh: Option<Duration>) -> Instant {
        let is_final = match self {
            Self::Client(failure) => failure.is_final(),
            Self::Content(error) => !matches!(error, receive::Error::Broken(_) | receive::Error::Store(_)),
            Self::Writer(_) => false,
            Self::Url => true,
        };
        let asked_for = if let Self::Client(failure) = self { failure.retry_after() } else { None };
        let later = refresh.map_or(FAILED_STAYS, micros).min(FAILED_STAYS);
        let pause = if is_final { later } else { micros(back_off(attempts)) };
        now.saturating_add(pause.max(asked_for.map_or(0, micros)))
    }

    /// Whether another signature of the URL may open what this one does not.
    fn is_denial(&self) -> bool {
        let denials = [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
        matches!(self, Self::Client(client::Failure::Status { status, .. }) if denials.contains(status))
    }
}

/// What came of asking for a file.
pub(super) struct Asked {
    pub name: String,
    pub download: Download,
    /// The URL, if it is that which did not open the file.
    pub denied: Option<String>,
}

/// One file that is being asked for.
pub(super) struct Job {
    pub fetches: Arc<Fetches>,
    pub surroundings: Surroundings,
    pub name: String,
    pub host: Arc<Host>,
    pub identity: String,
    /// The URL that is asked: owners may have it with several signatures.
    pub url: String,
    /// Who wants it: all as a movie, or all as a picture.
    pub owners: Vec<Owner>,
    /// Whether its host is to be asked, rather than what is here given to one more entity.
    pub is_due: bool,
}

impl Job {
    /// Does it; `known` is how the file was when it was last asked for.
    pub async fn run(self, known: Download) -> Asked {
        let now = (self.surroundings.clock)();
        let mut denied = None;
        let download = match self.copy(&known).await {
            Ok(Some(fresh)) => {
                let refresh = self.host.refresh;
                let next = refresh.map_or(Instant::MAX, |refresh| now.saturating_add(micros(refresh)));
                Download { next, attempts: 0, failure: None, ..fresh }
            }
            // What only had to be given to one more entity is not put off by that.
            Ok(None) => known,
            Err(failure) => {
                let attempts = known.attempts.saturating_add(1);
                let (reason, next) = (failure.to_string(), failure.next(now, attempts, self.host.refresh));
                tracing::warn!(url = named(&self.url), reason, attempts, "a file could not be copied");
                denied = failure.is_denial().then_some(self.url);
                Download { next, attempts, failure: Some(reason), ..known }
            }
        };
        Asked { name: self.name, download, denied }
    }

    /// Brings the file here, if it is not, and gives it to its entities; `None` if its host was not asked.
    async fn copy(&self, known: &Download) -> Result<Option<Download>, Failure> {
        if let Some(hash) = known.sha256.filter(|_| !self.is_due) {
            let lacking: Vec<&Owner> = self.owners.iter().filter(|owner| owner.has != known.sha256).collect();
            if self.give_kept(hash, &lacking).await? {
                return Ok(None);
            }
        }
        let url = Url::parse(&self.url).map_err(|_| Failure::Url)?;
        // Who has it all is told when nothing is new; who lacks it needs it whole.
        let is_here = known.sha256.is_some() && self.owners.iter().all(|owner| owner.has == known.sha256);
        let held = Validators { etag: known.etag.clone(), last_modified: known.last_modified.clone() };
        let validators = if is_here { held } else { Validators::default() };
        let response = match self.fetches.client.get(&url, &validators, None).await? {
            Fetched::NotModified => return Ok(Some(known.clone())),
            Fetched::Response(response) => response,
        };
        let Validators { etag, last_modified } = response.validators.clone();
        let hash = self.take(response.body, known.sha256.filter(|_| is_here)).await?;
        Ok(Some(Download { etag, last_modified, sha256: Some(hash), ..Download::default() }))
    }

    /// Receives the file, and gives it to its entities unless it is what they all have.
    async fn take(&self, body: client::Body, held: Option<Sha256>) -> Result<Sha256, Failure> {
        let kind = self.owners.first().ok_or(Failure::Url)?.key.kind;
        let (pictures, movies) = self.surroundings.limits;
        let limit = if canvas_of(kind).is_some() { pictures } else { movies };
        let (received, _) = receive(&self.surroundings.media, body, Wanted { kind, limit, sha512: false }).await?;
        let hash = received.hash();
        if held != Some(hash) {
            let accepted = accept(&self.surroundings.media, received, kind, Some(self.identity.clone())).await?;
            let (alike, others): (Vec<&Owner>, Vec<&Owner>) =
                self.owners.iter().partition(|owner| canvas_of(owner.key.kind) == canvas_of(kind));
            self.give_kept(hash, &others).await?;
            self.give(accepted, &alike).await?;
        }
        Ok(hash)
    }

    /// Gives a picture that is here already to entities; whether that could be done.
    async fn give_kept(&self, hash: Sha256, owners: &[&Owner]) -> Result<bool, Failure> {
        let mut is_here = true;
        let (people, others): (Vec<&Owner>, Vec<&Owner>) =
            owners.iter().partition(|owner| owner.key.kind == Kind::User);
        for alike in [people, others] {
            let Some(kind) = alike.first().map(|owner| owner.key.kind) else { continue };
            let source = Some(self.identity.clone());
            match accept_kept(&self.surroundings.media, hash, kind, source).await? {
                Some(accepted) => self.give(accepted, &alike).await?,
                None => is_here = false,
            }
        }
        Ok(is_here)
    }

    async fn give(&self, accepted: Accepted, owners: &[&Owner]) -> Result<(), Failure> {
        let changes = owners.iter().filter_map(|owner| {
            let op = Op::Attach(Box::new(accepted.attachment.clone()), Some(self.present_url(owner)?));
            Some(Change::One { key: owner.key.clone(), op, at: None, pointer: String::new() })
        });
        let (changes, pins) = (changes.collect(), accepted.pins);
        let request = Request { changes, pins, actor: "fetch".to_owned(), ..Request::default() };
        self.surroundings.writer.write(request).await?;
        Ok(())
    }

    /// The URL by which an entity names the file by now, if it still does. It may have been signed anew since it was asked:
    /// who pushes more often than a movie takes to come is to get it nevertheless.
    fn present_url(&self, owner: &Owner) -> Option<String> {
        let scope = self.surroundings.studio.in_memory(owner.key.project.as_ref())?;
        let url = scope.list(owner.key.kind).get(&owner.key.id)?.entity.media_url()?;
        let is_same = identity(&Url::parse(url).ok()?) == self.identity;
        is_same.then(|| url.to_owned())
    }
}
