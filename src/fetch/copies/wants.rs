//! What entities want copied. It follows from them alone, so nothing is queued that could be lost.

use std::{collections::HashMap, sync::Arc};

use reqwest::Url;

use crate::{
    fetch::{
        Fetches,
        guard::identity,
        host::{Host, Mode},
    },
    media::store::MediaStore,
    model::{
        Id, Kind,
        media::{Files, Sha256, is_remote},
        scope::{Key, Scope},
    },
};

/// An entity that wants a file.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub key: Key,
    /// The URL as the entity has it.
    pub url: String,
    /// What the entity has from there already, if its files are here.
    pub has: Option<Sha256>,
}

/// A file that is wanted.
#[derive(Debug)]
pub(super) struct Wanted {
    pub host: Arc<Host>,
    /// What names the file, however its URL is signed.
    pub identity: String,
    /// Who wants it: at least one.
    pub owners: Vec<Owner>,
}

/// What one scope wants, by [`name_of`].
pub(super) type Wants = HashMap<String, Wanted>;

/// The name under which a file is known. One that is wanted as a movie and as a picture is two: it can be one of them at
/// most, and what is wrong with the other is not to be asked for without end.
pub(in crate::fetch) fn name_of(identity: &str, kind: Kind) -> String {
    // An identity has no fragment.
    if kind == Kind::Edit { format!("{identity}#movie") } else { identity.to_owned() }
}

/// The files that a scope wants copied.
pub(super) fn wants_of(fetches: &Fetches, store: &MediaStore, project: Option<&Id>, scope: &Scope) -> Wants {
    let mut wants = Wants::new();
    for kind in Kind::WITH_MEDIA {
        for (id, record) in scope.list(*kind).iter() {
            let media = record.entity.media();
            // What was uploaded goes before what is named.
            if media.is_some_and(|files| files.source.is_none()) {
                continue;
            }
            let Some(url) = record.entity.media_url().filter(|url| is_remote(url)) else { continue };
            let Some((host, identity)) = copied(fetches, url) else { continue };
            let is_from_there = |files: &Files<'_>| files.source == Some(&*identity);
            let is_here = |_: &Files<'_>| record.entity.needed_files().all(|hash| store.has(hash));
            let has = media.filter(is_from_there).filter(is_here).map(|files| files.sent);
            let owner = Owner { key: Key::new(project, *kind, id), url: url.to_owned(), has };
            let name = name_of(&identity, *kind);
            let wanted = wants.entry(name).or_insert_with(|| Wanted { host, identity, owners: Vec::new() });
            wanted.owners.push(owner);
        }
    }
    wants
}

/// The host and the identity of a file, if it is to be copied.
fn copied(fetches: &Fetches, url: &str) -> Option<(Arc<Host>, String)> {
    let url = Url::parse(url).ok()?;
    let host = fetches.hosts.of(&url).filter(|host| host.mode == Mode::Copy)?;
    Some((host.clone(), identity(&url)))
}
