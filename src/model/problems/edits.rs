//! Edits: their movies, and whether the shots end with them.

use super::{Finder, ProblemKind, Subject, frames};
use crate::model::{Edit, Id, Kind, media::Movie, number};

impl Finder<'_> {
    pub(super) fn edits(&mut self) {
        let contents = self.contents;
        for (id, edit) in contents.entities(Kind::Edit, Edit::of).filter(|(_, edit)| !edit.canceled) {
            let of = (Kind::Edit, id, edit.name.as_str());
            if let Some(episode) = &edit.episode_id {
                self.dangling(of, Kind::Episode, episode);
            }
            self.media_of(of);
            let last = self.last_frame(edit.episode_id.as_ref());
            if let Some(movie) = edit.movie.get() {
                self.movie(of, edit, movie, last);
            }
            if let Some(last) = last.filter(|last| edit.total_frames > 0 && beyond(*last, edit.total_frames)) {
                let (last, total) = (frames(last), edit.total_frames);
                let detail = format!("the last shot ends at frame {last}, the edit at {total}");
                let mend = "send the edit's totalFrames, or the shots' ranges, anew";
                self.add(ProblemKind::ShotsBeyondTheEdit, of, detail, mend);
            }
        }
    }

    /// The frame behind the last shot that is shown, of an episode or of all.
    fn last_frame(&self, episode: Option<&Id>) -> Option<f64> {
        let timelines = self.timelines.iter().filter(|(own, _)| episode.is_none() || *own == episode);
        timelines.flat_map(|(_, shots)| shots).map(|(.., range)| range.end).max_by(f64::total_cmp)
    }

    fn movie(&mut self, of: Subject<'_>, edit: &Edit, movie: &Movie, last: Option<f64>) {
        let fps = self.fps;
        if !movie.runs_at(fps) {
            let rate = (movie.fps * 1000.0).round() / 1000.0;
            let detail = format!("the movie runs at {rate} frames per second, the project at {fps}");
            let mend = "send the movie at the project's rate, or correct the project's fps";
            self.add(ProblemKind::MovieRate, of, detail, mend);
        }
        let length = movie.frames_at(fps);
        let end = length.saturating_add(edit.frame_offset.max(0));
        if edit.total_frames > 0 && ![length, end].contains(&edit.total_frames) {
            let detail = format!("totalFrames is {}, the movie has {length} frames", edit.total_frames);
            self.add(ProblemKind::MovieLength, of, detail, "leave totalFrames out, and it is the movie's");
        }
        if let Some(last) = last.filter(|last| beyond(*last, end)) {
            let detail = format!("the last shot ends at frame {}, the movie at {end}", frames(last));
            let mend = "upload the whole movie, or correct the shots' ranges";
            self.add(ProblemKind::ShotsBeyondTheMovie, of, detail, mend);
        }
        if !movie.plays_everywhere {
            let detail = format!("the movie is {} in {}, which not every browser plays", movie.codec, movie.r#type);
            self.add(ProblemKind::MovieCodec, of, detail, "send it as H.264");
        }
    }
}

fn beyond(last: f64, end: i64) -> bool {
    number::whole(last.ceil()).is_some_and(|last| last > end)
}
