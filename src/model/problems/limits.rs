//! What is more than a page can take.

use super::{Finder, ProblemKind, Subject};
use crate::model::{Episode, Id, Kind};

/// How many sequences the classic page has colours for; from the next one on its timeline breaks (tried in a browser).
const CLASSIC_COLORS: usize = 21;

/// How many pictures of shots, or of assets, either page has room for: the layers that a texture of WebGL 2 has at least on
/// usual graphics cards. It makes one for every shot, with or without a picture; is there one more, none is drawn (tried in a
/// browser).
const LAYERS: usize = 2048;

impl Finder<'_> {
    pub(super) fn too_many_sequences(&mut self) {
        if !self.circumstances.is_classic {
            return;
        }
        let one_more = self.shown.sequences().nth(CLASSIC_COLORS);
        if let Some((id, sequence)) = one_more {
            let detail =
                "the classic page draws no more than 21 sequences: its timeline breaks from this one on".to_owned();
            self.add(ProblemKind::TooManySequences, (Kind::Sequence, id, &sequence.name), detail, "use the 1.0 page");
        }
    }

    pub(super) fn too_many_pictures(&mut self) {
        let assets = self.contents.assets().filter(|(_, asset)| !asset.canceled);
        let (count, pictured) = tally(assets.map(|(_, a)| a.thumbnail.get().is_some() || a.thumbnail_url.is_some()));
        self.pictures(self.project, "assets", count, pictured);
        let timelines = self.timelines.iter().map(|(episode, shots)| {
            let pictured = |shot: &crate::model::Shot| shot.thumbnail.get().is_some() || shot.thumbnail_url.is_some();
            (*episode, tally(shots.iter().map(|(_, shot, _)| pictured(shot))))
        });
        let timelines: Vec<(Option<&Id>, (usize, usize))> = timelines.collect();
        let has_episodes = !self.contents.list(Kind::Episode).is_empty();
        if self.circumstances.is_classic || !has_episodes {
            let sum = |a: (usize, usize), (_, b): &(_, (usize, usize))| (a.0 + b.0, a.1 + b.1);
            let (count, pictured) = timelines.iter().fold((0, 0), sum);
            return self.pictures(self.project, "shots", count, pictured);
        }
        // The 1.0 page shows one episode at a time.
        let contents = self.contents;
        for (id, episode) in contents.entities(Kind::Episode, Episode::of) {
            let found = timelines.iter().find(|(of, _)| *of == Some(id));
            let (count, pictured) = found.map_or((0, 0), |(_, counts)| *counts);
            self.pictures((Kind::Episode, id, &episode.name), "shots", count, pictured);
        }
    }

    fn pictures(&mut self, of: Subject<'_>, what: &str, count: usize, pictured: usize) {
        if count > LAYERS && pictured > 0 {
            let detail = format!(
                "it has {count} {what}, {pictured} of them with pictures: the page has room for {LAYERS}, and shows none"
            );
            let mend = format!("cancel {what} that are not needed, or divide the project");
            self.add(ProblemKind::TooManyPictures, of, detail, mend);
        }
    }
}

/// How many there are, and how many of them have a picture.
fn tally(pictured: impl Iterator<Item = bool>) -> (usize, usize) {
    pictured.fold((0, 0), |(count, pictured), has| (count + 1, pictured + usize::from(has)))
}
