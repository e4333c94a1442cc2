//! The timeline: shots lie end to end on it, so overlaps and gaps are worth a look.
//!
//! What goes wrong usually goes wrong with all shots alike: their ranges are those of the scene files, or have handles, or
//! `frame_out` is the last frame where the first after it is meant. Then one problem says so; else the first few are listed.

use std::collections::HashMap;

use super::{Finder, ProblemKind, Subject, called, frames};
use crate::model::{Episode, Id, Kind, shown::Drawn};

/// So many are listed one by one, for each timeline and kind.
const LISTED: usize = 10;
/// From so many alike on, it is one fault of all.
const ALIKE: usize = 3;
/// Less than this many frames is rounding.
const HALF: f64 = 0.5;

/// Two shots that do not lie end to end, and by how many frames.
struct Meeting<'a> {
    before: Drawn<'a>,
    after: Drawn<'a>,
    frames: f64,
}

impl<'a> Finder<'a> {
    pub(super) fn timelines(&mut self) {
        for (episode, mut shots) in self.timelines.clone() {
            let of = self.owner(episode);
            if let Some((start, count)) = common_start(&shots) {
                self.at_one_place(of, start, (count, shots.len()));
                continue;
            }
            shots.sort_by(|(_, _, a), (_, _, b)| a.start.total_cmp(&b.start).then(a.end.total_cmp(&b.end)));
            let (overlaps, gaps) = meetings(&shots);
            self.overlaps(of, &overlaps);
            self.gaps(of, &gaps);
        }
    }

    /// Whose timeline it is: the episode's, or the project's.
    fn owner(&self, episode: Option<&'a Id>) -> Subject<'a> {
        let contents = self.contents;
        let Some(id) = episode else { return self.project };
        let record = contents.list(Kind::Episode).get(id);
        let name = record.and_then(|record| Episode::of(&record.entity)).map_or("", |episode| &episode.name);
        (Kind::Episode, id, name)
    }

    fn at_one_place(&mut self, of: Subject<'_>, start: f64, (count, all): (usize, usize)) {
        let start = frames(start);
        let detail = format!(
            "{count} of {all} shots begin at frame {start}: those seem to be frames of their scene files, not of the timeline"
        );
        let mend = "send frame_in and frame_out as frames of the edit, in which one shot follows the other";
        self.add(ProblemKind::Overlap, of, detail, mend);
    }

    fn overlaps(&mut self, of: Subject<'_>, overlaps: &[Meeting<'_>]) {
        if let Some(first) = alike(overlaps) {
            let (count, by, names) = (overlaps.len(), frames(first.frames), first.names());
            let detail =
                format!("{count} times shots overlap by {by} frames, first {names}: handles seem to be part of them");
            return self.add(ProblemKind::Overlap, of, detail, "send the ranges without handles");
        }
        let mend = "correct their ranges: frame_out is the first frame after a shot, and handles are not part of it";
        for meeting in overlaps.iter().take(LISTED) {
            let Meeting { before: (_, _, range), after: (.., after), frames: by } = meeting;
            let (before, start, end) = (meeting.before_name(), frames(after.start), frames(range.end));
            let by = counted(*by);
            let detail = format!("it begins at frame {start}, and {before} ends only at {end}: they overlap by {by}");
            self.meeting(ProblemKind::Overlap, meeting, detail, mend);
        }
        self.and_more(ProblemKind::Overlap, of, overlaps, "more shots overlap", mend);
    }

    fn gaps(&mut self, of: Subject<'_>, gaps: &[Meeting<'_>]) {
        if let Some(first) = alike(gaps).filter(|first| (first.frames - 1.0).abs() < HALF) {
            let (count, names) = (gaps.len(), first.names());
            let detail = format!(
                "{count} times a frame is missing between two shots, first {names}: frame_out seems to be the last frame"
            );
            let mend = "send as frame_out the first frame after the shot, which is one more";
            return self.add(ProblemKind::Gap, of, detail, mend);
        }
        let mend = "correct their ranges: frame_out is the first frame after a shot; a gap that is meant does no harm";
        for meeting in gaps.iter().take(LISTED) {
            let Meeting { before: (_, _, range), after: (.., after), frames: by } = meeting;
            let (before, start, end) = (meeting.before_name(), frames(after.start), frames(range.end));
            let by = counted(*by);
            let detail =
                format!("{before} ends at frame {end}, and it begins only at {start}: there is no shot for {by}");
            self.meeting(ProblemKind::Gap, meeting, detail, mend);
        }
        self.and_more(ProblemKind::Gap, of, gaps, "more gaps are between shots", mend);
    }

    fn meeting(&mut self, problem: ProblemKind, meeting: &Meeting<'_>, detail: String, mend: &'static str) {
        let (id, shot, _) = meeting.after;
        self.add_about(problem, (Kind::Shot, id, &shot.name), Some((Kind::Shot, meeting.before.0)), detail, mend);
    }

    fn and_more(&mut self, problem: ProblemKind, of: Subject<'_>, all: &[Meeting<'_>], what: &str, mend: &'static str) {
        if let Some(next) = all.get(LISTED) {
            let detail = format!("{} {what}, next {}", all.len() - LISTED, next.names());
            self.add(problem, of, detail, mend);
        }
    }
}

impl Meeting<'_> {
    fn before_name(&self) -> &str {
        called(self.before.0, &self.before.1.name)
    }

    fn names(&self) -> String {
        format!("{} and {}", self.before_name(), called(self.after.0, &self.after.1.name))
    }
}

fn counted(number: f64) -> String {
    let unit = if frames(number) == "1" { "frame" } else { "frames" };
    format!("{} {unit}", frames(number))
}

/// Where most of the shots begin, if they do so at one frame; and how many.
fn common_start(shots: &[Drawn<'_>]) -> Option<(f64, usize)> {
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for (.., range) in shots {
        *counts.entry(range.start.to_bits()).or_default() += 1;
    }
    let (start, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (count >= ALIKE && count * 2 > shots.len()).then_some((f64::from_bits(start), count))
}

/// The overlaps and the gaps of shots in the order of time. A shot meets the one before it that goes on longest.
fn meetings<'a>(shots: &[Drawn<'a>]) -> (Vec<Meeting<'a>>, Vec<Meeting<'a>>) {
    let (mut overlaps, mut gaps) = (Vec::new(), Vec::new());
    let mut rest = shots.iter().copied();
    let Some(mut before) = rest.next() else { return (overlaps, gaps) };
    for after in rest {
        let gap = after.2.start - before.2.end;
        let overlap = before.2.end.min(after.2.end) - after.2.start;
        if gap >= HALF {
            gaps.push(Meeting { before, after, frames: gap });
        } else if overlap >= HALF {
            overlaps.push(Meeting { before, after, frames: overlap });
        }
        if after.2.end > before.2.end {
            before = after;
        }
    }
    (overlaps, gaps)
}

/// The first of several that are all by the same number of frames.
fn alike<'a, 'b>(meetings: &'a [Meeting<'b>]) -> Option<&'a Meeting<'b>> {
    let first = meetings.first()?;
    let same = meetings.iter().all(|meeting| (meeting.frames - first.frames).abs() < HALF);
    (meetings.len() >= ALIKE && same).then_some(first)
}
