//! Giving pictures and movies to entities, from files and from memory, through the same door as uploads.

use std::{
    io::{self, Read},
    sync::Arc,
};

use futures_util::StreamExt;

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

/// Gives each entity its file, and answers how many got one. A file that is refused holds up no other: `refused` is told.
pub async fn attach(
    writer: &Writer,
    store: &Arc<MediaStore>,
    files: Vec<(Key, Opener)>,
    mut each: impl FnMut(&Key, Option<&Refused>),
) -> Result<u64, writer::Refused> {
    let taken = futures_util::stream::iter(files).map(|(key, open)| async {
        let taken = take(store, &key, open).await;
        (key, taken)
    });
    let mut batches = std::pin::pin!(taken.buffered(AT_ONCE).ready_chunks(BATCH));
    let mut revision = 0;
    while let Some(batch) = batches.next().await {
        let mut accepted: Vec<(Key, Accepted)> = Vec::new();
        for (key, taken) in batch {
            each(&key, taken.as_ref().err());
            accepted.extend(taken.ok().map(|taken| (key, taken)));
        }
        let changes = accepted.iter().map(|(key, taken)| {
            let op = Op::Attach(Box::new(taken.attachment.clone()), None);
            Change::One { key: key.clone(), op, at: None, pointer: String::new() }
        });
        let request = Request { changes: changes.collect(), actor: "import".to_owned(), ..Request::default() };
        revision = writer.write(request).await?.revision;
    }
    Ok(revision)
}

async fn take(store: &Arc<MediaStore>, key: &Key, open: Opener) -> Result<Accepted, Refused> {
    let unfinished = store.begin()?;
    let receive = move || {
        let mut unfinished = unfinished;
        io::copy(&mut open()?, &mut unfinished)?;
        unfinished.finish()
    };
    let received = tokio::task::spawn_blocking(receive).await.map_err(io::Error::other)??;
    accept(store, received, key.kind, None).await
}
