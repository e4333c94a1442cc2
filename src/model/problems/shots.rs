//! Shots, assets and sequences, each by itself.

use super::{Finder, ProblemKind, Subject};
use crate::model::{Episode, Kind, Shot, field, number};

impl Finder<'_> {
    pub(super) fn shots(&mut self) {
        let shown = self.shown.clone();
        for (id, shot) in shown.wanted_shots() {
            let of = (Kind::Shot, id, shot.name.as_str());
            self.named(of);
            if shot.range().is_none() {
                self.without_range(of, shot);
            }
            if let Some(sequence) = &shot.sequence_id {
                self.dangling(of, Kind::Sequence, sequence);
            }
            self.media_of(of);
        }
    }

    fn without_range(&mut self, of: Subject<'_>, shot: &Shot) {
        let frame = |key| shot.data.0.get(key).map_or_else(|| "nothing".to_owned(), field::named);
        let (first, last) = (frame("frame_in"), frame("frame_out"));
        let is_given = |key: &&str| shot.data.0.get(*key).and_then(number::of).is_some();
        let is_backwards = ["frame_in", "frame_out"].iter().all(is_given);
        let problem = if is_backwards { ProblemKind::BackwardsRange } else { ProblemKind::NoRange };
        let detail = format!("frame_in is {first}, frame_out {last}: it is not in the tree");
        self.add(problem, of, detail, "send data.frame_in and data.frame_out, the latter not smaller");
    }

    pub(super) fn assets(&mut self) {
        let contents = self.contents;
        for (id, asset) in contents.assets().filter(|(_, asset)| !asset.canceled) {
            let of = (Kind::Asset, id, asset.name.as_str());
            self.named(of);
            if let Some(asset_type) = &asset.asset_type_id {
                self.dangling(of, Kind::AssetType, asset_type);
            }
            self.media_of(of);
        }
    }

    pub(super) fn sequences(&mut self) {
        let (contents, shown) = (self.contents, self.shown.clone());
        for (id, sequence) in shown.sequences() {
            self.named((Kind::Sequence, id, &sequence.name));
        }
        for (id, episode) in contents.entities(Kind::Episode, Episode::of) {
            self.named((Kind::Episode, id, &episode.name));
        }
        self.too_many_sequences();
    }
}
