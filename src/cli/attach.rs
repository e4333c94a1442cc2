//! Giving pictures and movies to entities, from files and from memory, through the same door as uploads.

use std::{
    io::{self, Read},
    sync::Arc,
};

use tokio::task::JoinSet;

use crate::{
    media::{
        intake::{Accepted, Refused, accept},
        store::MediaStore,
    },
    model::{
        change::{Change, Op},
        scope::Key,
    },
    writer::{self, Request, Writer},
};

/// So many files are looked into at the same time.
const AT_ONCE: usize = 4;
/// So many are given to their entities at a time.
const BATCH: usize = 64;

/// Something that is read once, to the end.
pub type Source = Box<dyn Read + Send>;

/// Where a file is that is to be opened when its turn comes.
pub type Opener = Box<dyn FnOnce() -> io::Result<Source> + Send>;

/// Gives each entity its file, and answers the revision of the last. A file that is refused holds up no other: `refused` is told.
pub async fn attach(
    writer: &Writer,
    store: &Arc<MediaStore>,
    files: Vec<(Key, Opener)>,
    mut each: impl FnMut(&Key, Option<&Refused>),
) -> Result<u64, writer::Refused> {
    let mut files = files.into_iter();
    let mut running = JoinSet::new();
    let (mut revision, mut batch) = (0, Vec::new());
    loop {
        while running.len() < AT_ONCE
            && let Some((key, open)) = files.next()
        {
            running.spawn(take(store.clone(), key, open));
        }
        let done = running.join_next().await;
        let is_last = done.is_none();
        if let Some(Ok((key, taken))) = done {
            each(&key, taken.as_ref().err());
            batch.extend(taken.ok().map(|taken| (key, taken)));
        }
        if batch.len() >= BATCH || is_last && !batch.is_empty() {
            revision = give(writer, std::mem::take(&mut batch)).await?;
        }
        if is_last {
            return Ok(revision);
        }
    }
}

async fn give(writer: &Writer, accepted: Vec<(Key, Accepted)>) -> Result<u64, writer::Refused> {
    let mut request = Request { actor: "import".to_owned(), ..Request::default() };
    for (key, Accepted { attachment, pins }) in accepted {
        let op = Op::Attach(Box::new(attachment), None);
        request.changes.push(Change::One { key, op, at: None, pointer: String::new() });
        request.pins.extend(pins);
    }
    Ok(writer.write(request).await?.revision)
}

async fn take(store: Arc<MediaStore>, key: Key, open: Opener) -> (Key, Result<Accepted, Refused>) {
    let received = async {
        let mut unfinished = store.begin()?;
        let receive = move || {
            io::copy(&mut open()?, &mut unfinished)?;
            unfinished.finish()
        };
        tokio::task::spawn_blocking(receive).await.map_err(io::Error::other)?
    };
    let taken = match received.await {
        Ok(received) => accept(&store, received, key.kind, None).await,
        Err(error) => Err(error.into()),
    };
    (key, taken)
}
