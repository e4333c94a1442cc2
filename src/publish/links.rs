//! The pictures and movies of a tree: put in place before the page is told of them, and kept for a while after it is told
//! of others, for whoever is still looking at them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use crate::{
    layout::{
        Link, Linked, TreeFile,
        media::{DRAWN, MOVIES, PREVIEWS, USERS},
        project_folder,
    },
    media::{drawn, store::MediaStore},
    model::{Id, time::Instant},
    tree::{self, Tally, Tree},
};

/// How long a picture or a movie stays after the page is told of another one, in microseconds: an hour.
const STAYS: Instant = 3600 * 1_000_000;

/// The folders, in that of a project, that hold nothing but pictures and movies.
const FOLDERS: [&str; 3] = [PREVIEWS, DRAWN, MOVIES];

/// What one tree has of pictures and movies; by project, or (`None`) those of people.
#[derive(Debug, Default)]
pub(super) struct Links {
    placed: HashMap<Option<Id>, Vec<Link>>,
    /// What of that is not there, since the media store lost its file.
    missing: HashMap<Option<Id>, Vec<Link>>,
    /// What the page is not told of any more, and since when.
    retired: HashMap<Option<Id>, BTreeMap<String, Instant>>,
}

/// Where pictures and movies come from, and go to.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    pub store: &'a Arc<MediaStore>,
    pub tree: &'a Tree,
    /// Whether the tree is ours: files are shared with the store, and what is in the way goes.
    pub is_kept: bool,
    pub now: Instant,
}

impl Links {
    /// Puts what a project has into its places; what it had before stays for a while. With `force`, everything anew.
    pub fn place(
        &mut self,
        places: Places<'_>,
        project: Option<&Id>,
        links: &[Link],
        force: bool,
    ) -> Result<Tally, tree::Error> {
        let owner = project.cloned();
        let before = self.placed.remove(&owner);
        let is_first = before.is_none();
        let before = before.unwrap_or_default();
        let missed = self.missing.remove(&owner).unwrap_or_default();
        let is_same = !is_first && !force && before == links && !missed.iter().any(|link| is_there(places.store, link));
        let mut tally = Tally::default();
        if is_same {
            tally.unchanged += links.len() as u64;
            self.miss(owner.clone(), missed);
        } else {
            let known: HashSet<(&str, &Linked)> =
                if force { HashSet::new() } else { before.iter().map(pair).collect() };
            let mut missing = Vec::new();
            for link in links {
                let was_missed = missed.contains(link);
                if known.contains(&pair(link)) && !was_missed {
                    tally.unchanged += 1;
                } else if is_there(places.store, link) {
                    tally += put(places, link, force)?;
                } else {
                    // One file that somebody removed is not to keep the rest from the page.
                    if !was_missed {
                        let path = &link.path;
                        tracing::error!(path, "a file of the media store is not there: upload it again");
                    }
                    missing.push(link.clone());
                }
            }
            self.miss(owner.clone(), missing);
        }
        if places.is_kept && !is_same {
            let wanted: HashSet<&str> = links.iter().map(|link| &*link.path).collect();
            let retired = self.retired.entry(owner.clone()).or_default();
            retired.retain(|path, _| !wanted.contains(&**path));
            let folders = folders_of(project);
            let gone = before.iter().map(|link| &link.path).filter(|path| !wanted.contains(&***path));
            // At the conventional place of a movie there is another by then, or a blank one.
            let gone = gone.filter(|path| folders.iter().any(|folder| is_in(folder, path)));
            retired.extend(gone.map(|path| (path.clone(), places.now)));
            if is_first {
                // What an earlier run left is looked at by somebody, maybe: it retires now.
                for path in found(places.tree, project)?.into_iter().filter(|path| !wanted.contains(&**path)) {
                    retired.entry(path).or_insert(places.now);
                }
            }
        }
        self.placed.insert(owner, if is_same { before } else { links.to_vec() });
        Ok(tally)
    }

    fn miss(&mut self, owner: Option<Id>, links: Vec<Link>) {
        if !links.is_empty() {
            self.missing.insert(owner, links);
        }
    }

    /// Whether the media store has a file again that could not be put into its place.
    pub fn is_back(&self, project: Option<&Id>, store: &MediaStore) -> bool {
        // Hardly ever is anything missing.
        !self.missing.is_empty()
            && self.missing.get(&project.cloned()).into_iter().flatten().any(|link| is_there(store, link))
    }

    /// Whether a project has these in place, and no others.
    pub fn has(&self, project: Option<&Id>, links: &[Link]) -> bool {
        self.placed.get(&project.cloned()).is_some_and(|placed| placed == links)
    }

    /// Removes what retired long enough ago.
    pub fn expire(&mut self, tree: &Tree, now: Instant) -> Result<(), tree::Error> {
        for retired in self.retired.values_mut() {
            for since in retired.values_mut() {
                // The clock was ahead, and was set right since.
                *since = now.min(*since);
            }
            let expired = retired.extract_if(.., |_, since| now >= since.saturating_add(STAYS));
            for (path, _) in expired {
                tree.remove(&path)?;
            }
        }
        Ok(())
    }

    /// Whether a folder of a project is to stay.
    pub fn has_folder(&self, project: &Id, name: &str) -> bool {
        let owner = Some(project.clone());
        let folder = format!("{}/{name}/", project_folder(project));
        let placed = self.placed.get(&owner).into_iter().flatten().map(|link| &link.path);
        let retired = self.retired.get(&owner).into_iter().flatten().map(|(path, _)| path);
        FOLDERS.contains(&name) && placed.chain(retired).any(|path| path.starts_with(&folder))
    }

    /// Forgets the projects that are no more.
    pub fn forget(&mut self, is_there: impl Fn(&Id) -> bool) {
        let is_there = |owner: &Option<Id>| owner.as_ref().is_none_or(&is_there);
        self.placed.retain(|owner, _| is_there(owner));
        self.missing.retain(|owner, _| is_there(owner));
        self.retired.retain(|owner, _| is_there(owner));
    }
}

fn pair(link: &Link) -> (&str, &Linked) {
    (&link.path, &link.of)
}

/// Whether there is something to be put into the place.
fn is_there(store: &MediaStore, link: &Link) -> bool {
    match link.of {
        Linked::Media(hash) => store.has(hash),
        Linked::Drawn(..) => true,
    }
}

fn put(places: Places<'_>, link: &Link, force: bool) -> Result<Tally, tree::Error> {
    match &link.of {
        Linked::Media(hash) => places.tree.link(&link.path, &places.store.path(*hash), places.is_kept, force),
        Linked::Drawn(name, color) => {
            if !force && places.tree.length(&link.path).is_some() {
                return Ok(Tally { unchanged: 1, ..Tally::default() });
            }
            let file = TreeFile { path: link.path.clone(), body: drawn::placeholder(name, *color).into() };
            places.tree.write(&file, force, None)
        }
    }
}

/// The folders that hold nothing but the pictures and movies of a project, or (`None`) of people.
fn folders_of(project: Option<&Id>) -> [String; 3] {
    let folder = project.map_or_else(|| USERS.to_owned(), project_folder);
    FOLDERS.map(|name| format!("{folder}/{name}"))
}

fn is_in(folder: &str, path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(parent, _)| parent == folder)
}

/// What the folders of pictures and movies hold.
fn found(tree: &Tree, project: Option<&Id>) -> Result<Vec<String>, tree::Error> {
    let mut paths = Vec::new();
    for folder in folders_of(project) {
        paths.extend(tree.names(&folder)?.into_iter().map(|name| format!("{folder}/{name}")));
    }
    Ok(paths)
}
