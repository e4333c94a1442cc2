//! One publish: what was encoded is put in place, served, and written. It blocks.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Error, Target,
    links::{Links, Places},
};
use crate::{
    layout::{Files, Rendered, TreeFile, project_folder},
    media,
    model::{Id, time::Instant as Moment},
    tree::{Tally, Tree},
};

/// One publish, of a project or of the lists.
pub(super) struct Job {
    pub targets: Vec<Target>,
    pub links: Vec<Links>,
    pub project: Option<Id>,
    pub failed: bool,
    pub force: bool,
    pub store: Arc<media::store::MediaStore>,
    pub now: Moment,
}

impl Job {
    /// Does all of it; gives back what is known of the pictures and movies, which a failure forgets.
    pub fn run(
        mut self,
        encode: impl FnOnce() -> serde_json::Result<Files>,
    ) -> (Vec<Links>, Result<(Tally, Files), Error>) {
        let published = encode().map_err(Error::from).and_then(|mut files| {
            let tally = self.publish(&mut files.rendered)?;
            Ok((tally, files))
        });
        if published.is_err() {
            // Some of it may be in place, some not.
            self.links.fill_with(Links::default);
        }
        (self.links, published)
    }

    fn publish(&mut self, rendered: &mut [Rendered]) -> Result<Tally, Error> {
        let mut tally = Tally::default();
        // The page asks for pictures and movies as soon as it is told of them.
        for ((target, links), rendered) in self.targets.iter().zip(&mut self.links).zip(&*rendered) {
            let places = Places { store: &self.store, tree: &target.tree, is_kept: target.is_kept(), now: self.now };
            tally += links.place(places, self.project.as_ref(), &rendered.links, self.force)?;
        }
        let known: Vec<_> = self.targets.iter().map(Target::served).collect();
        for ((target, known), rendered) in self.targets.iter().zip(&known).zip(&mut *rendered) {
            let first = self.targets.first().map(Target::served);
            let served = known.with(&rendered.files, first.as_deref());
            for file in &mut rendered.files {
                if let Some(body) = served.body(&file.path) {
                    file.body = body.identity().clone();
                }
            }
            target.served.store(Arc::new(served));
        }
        for (index, ((target, known), rendered)) in self.targets.iter().zip(&known).zip(&*rendered).enumerate() {
            let first = self.targets.first().map(|first| &*first.tree);
            for file in &rendered.files {
                // What was served was written; unless that failed.
                let before = known.body(&file.path).filter(|_| !self.failed);
                let is_known = !self.force && before.is_some_and(|before| before.is(&file.body));
                if is_known || !target.is_kept() && is_movie_of_others(file, &target.tree) {
                    tally.unchanged += 1;
                } else {
                    // There is no need to read what is other than before.
                    tally += target.tree.write(file, self.force || before.is_some(), first)?;
                }
            }
            if let Some(project) = self.project.as_ref().filter(|_| target.is_kept()) {
                let folder = project_folder(project);
                let files = rendered.files.iter().map(|file| &file.path);
                let links = rendered.links.iter().map(|link| &link.path);
                let below = files.chain(links).filter_map(|path| path.strip_prefix(&folder)?.strip_prefix('/'));
                let names: BTreeSet<&str> = below.filter(|name| !name.contains('/')).collect();
                let links = &self.links[index];
                target.tree.retain(&folder, |name| names.contains(name) || links.has_folder(project, name))?;
            }
        }
        Ok(tally)
    }
}

/// Whether a blank movie would take the place of a real one, which is always larger.
fn is_movie_of_others(file: &TreeFile, tree: &Tree) -> bool {
    !file.is_json() && tree.length(&file.path).is_some_and(|length| length > media::blank::LARGEST)
}
