//! Pictures and movies that are not there.

use super::{Finder, ProblemKind, Subject};
use crate::model::{
    Entity, Kind,
    media::{Fetching, host_of, is_remote, lines_for},
};

impl Finder<'_> {
    pub(super) fn media_of(&mut self, of: Subject<'_>) {
        let contents = self.contents;
        if let Some(record) = contents.list(of.0).get(of.1) {
            self.media(of, &record.entity);
        }
    }

    /// What is wrong with the picture or movie of an entity.
    pub(super) fn media(&mut self, of: Subject<'_>, entity: &Entity) {
        self.lost(of, entity);
        let Some(url) = entity.media_url() else { return };
        if !is_remote(url) {
            self.local(of, entity, url);
        } else if entity.media().is_none_or(|files| files.source.is_some()) {
            // An upload goes before a URL.
            self.remote(of, url);
        }
    }

    /// What was uploaded or fetched, and is not here any more.
    fn lost(&mut self, of: Subject<'_>, entity: &Entity) {
        let Some(files) = entity.media().filter(|files| !(self.circumstances.is_kept)(files.shown)) else { return };
        let mend = if files.source.is_none() {
            "upload it again, or restore the pictures and movies from a backup"
        } else {
            "it is fetched anew by itself if its URL is still copied; else upload it"
        };
        let detail = format!("the file of its {} is not there any more", of.0.medium());
        self.add(ProblemKind::MissingMedia, of, detail, mend);
    }

    fn local(&mut self, of: Subject<'_>, entity: &Entity, url: &str) {
        // What is not below data/ belongs to the page.
        let is_missing = entity.media().is_none() && url.trim_start_matches('/').starts_with("data/");
        // A movie at its conventional place is blank until it is uploaded, and that is no fault.
        if is_missing && of.0 != Kind::Edit {
            let detail = format!("the tree has no {url}: the page shows nothing there");
            let mend = format!("upload the file to the {} of the {}", of.0.medium(), of.0.singular());
            self.add(ProblemKind::MissingMedia, of, detail, mend);
        }
    }

    fn remote(&mut self, of: Subject<'_>, url: &str) {
        let host = host_of(url);
        match (self.circumstances.fetching)(url) {
            Fetching::Fine => {}
            Fetching::Unconfigured => {
                let detail = format!("the page cannot show {url}, and nothing is fetched from {host}");
                let mend = format!("upload the file, or add to the configuration:\n{}", lines_for(host));
                self.add(ProblemKind::RemoteMedia, of, detail, mend);
            }
            Fetching::Kept => {
                let detail = format!("the page cannot show {url}: the configuration leaves {host} alone");
                let mend = "set mode = \"copy\" for this host, or upload the file";
                self.add(ProblemKind::RemoteMedia, of, detail, mend);
            }
            Fetching::Failed(reason) => {
                let detail = format!("its {} could not be fetched: {reason}", of.0.medium());
                self.add(ProblemKind::MediaNotFetched, of, detail, "mend that; it is tried again by itself");
            }
        }
    }
}
