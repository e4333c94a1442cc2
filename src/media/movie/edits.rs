//! What of a track is shown (ISO/IEC 14496-12 §8.6.6): the frames that begin within an edit, each edit for itself. That is
//! how `FFmpeg` counts, and what is built on it.

use super::{Refused, bytes::Bytes, codec::float, tables::Run, track::Track};

/// The most entries that an edit list may have.
const MOST_EDITS: usize = 4096;

/// How often a run of frames may be compared with an edit.
const MOST_WORK: usize = 1 << 26;

/// Later than any time: times are sums of fewer than 2⁴⁰ numbers of 64 bits.
const FOREVER: i128 = 1 << 110;

/// What is shown of the frames that are added.
#[derive(Debug)]
pub(super) struct Shown {
    edits: Vec<Edit>,
    /// What comes in fragments is shown whole: edits are written when the movie begins, and say only when that is.
    fragments: Edit,
    timescale: u32,
    work: usize,
}

impl Shown {
    /// What is shown of a track, as its edit list says; all of it if there is none.
    pub fn new(track: &Track) -> Result<Self, Refused> {
        let edits = track.edits.map(|elst| edits(elst, track)).transpose()?.flatten();
        let edits = edits.unwrap_or_else(|| vec![Edit::WHOLE]);
        Ok(Self { edits, fragments: Edit::WHOLE, timescale: track.timescale, work: 0 })
    }

    /// Frames of the sample table.
    pub fn add(&mut self, run: Run) -> Result<(), Refused> {
        self.work += self.edits.len();
        if self.work > MOST_WORK {
            let what = "its edit list and its frames are too many to compare".to_owned();
            return Err(Refused::TooLarge { what, most: format!("{MOST_WORK} comparisons") });
        }
        self.edits.iter_mut().for_each(|edit| edit.add(&run));
        Ok(())
    }

    /// Frames of a fragment.
    pub fn add_fragment(&mut self, run: Run) {
        self.fragments.add(&run);
    }

    /// How many frames are shown, and for how many seconds.
    pub fn sum(&self) -> (u64, f64) {
        let mut all = (0_u64, 0.0);
        for (frames, time) in self.edits.iter().chain([&self.fragments]).map(Edit::sum) {
            all = (all.0.saturating_add(frames), all.1 + time);
        }
        (all.0, all.1 / f64::from(self.timescale))
    }
}

/// The edits that show something; `None` if the list has no entry at all.
fn edits(mut elst: Bytes, track: &Track) -> Result<Option<Vec<Edit>>, Refused> {
    let (version, _) = elst.version_and_flags()?;
    let place = elst;
    let count = if version == 1 { elst.table::<20>()?.len() } else { elst.table::<12>()?.len() };
    if count > MOST_EDITS {
        let what = format!("its edit list has {count} entries");
        return Err(Refused::TooLarge { what, most: MOST_EDITS.to_string() });
    }
    let mut entries = place;
    entries.skip(4)?;
    let edits = (0..count).map(|_| Edit::read(&mut entries, version, track));
    let edits = edits.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    Ok((count > 0).then_some(edits))
}

/// A piece of the media that is shown, and what of it was found so far; times in units of the track.
#[derive(Debug)]
struct Edit {
    from: i128,
    to: i128,
    /// How fast, in 65 536ths. Zero: one frame is held.
    rate: u32,
    /// How long it is shown.
    lasts: i128,
    /// How long a unit of the movie is, in which edits are measured.
    unit: i128,
    frames: u64,
    first: i128,
    end: i128,
}

impl Edit {
    /// Everything.
    const WHOLE: Self = Self::new(-FOREVER, FOREVER);

    const fn new(from: i128, to: i128) -> Self {
        Self { from, to, rate: 1 << 16, lasts: FOREVER, unit: 0, frames: 0, first: FOREVER, end: -FOREVER }
    }

    /// An entry of an edit list; `None` if it shows nothing, and only lets time pass.
    fn read(entry: &mut Bytes, version: u8, track: &Track) -> Result<Option<Self>, Refused> {
        let place = *entry;
        let lasts = i128::from(entry.sized(version)?);
        let time = if version == 1 { entry.u64()?.cast_signed() } else { entry.i32()?.into() };
        let rate = entry.u32()?;
        match time {
            -1 => return Ok(None),
            ..0 => return Err(place.damaged(format!("an edit begins {} units before its media", time.unsigned_abs()))),
            _ if rate >= 1 << 31 => return Err(Refused::Unsupported("it is edited to run backwards")),
            _ => {}
        }
        let (timescale, movie) = (i128::from(track.timescale), i128::from(track.movie_timescale));
        // Zero is all the rest: what a program writes that does not know yet how long it will be.
        let lasts = if lasts == 0 { FOREVER } else { (lasts * timescale + movie / 2) / movie };
        let (from, spans) =
            (i128::from(time), if lasts == FOREVER { FOREVER } else { (lasts * i128::from(rate)) >> 16 });
        // The frame that is held is the last that begins no later.
        let edit = if rate == 0 { Self::new(-FOREVER, from + 1) } else { Self::new(from, from + spans) };
        Ok(Some(Self { rate, lasts, unit: (timescale + movie - 1) / movie, ..edit }))
    }

    fn add(&mut self, run: &Run) {
        let (skipped, until) = (run.before(self.from), run.before(self.to));
        if until > skipped {
            let frames = u64::try_from(until - skipped).unwrap_or(u64::MAX);
            self.frames = self.frames.saturating_add(frames);
            let step = i128::from(run.step);
            self.first = self.first.min(run.time + skipped * step);
            self.end = self.end.max(run.time + until * step);
        }
    }

    /// How many frames are shown, and for how many units of the track.
    fn sum(&self) -> (u64, f64) {
        if self.frames == 0 {
            return (0, 0.0);
        }
        if self.rate == 0 {
            return (1, if self.lasts == FOREVER { 0.0 } else { units(self.lasts) });
        }
        // Frames are measured more finely than edits: what is cut off by less than a unit is not meant to be.
        let end = if self.end - self.to > self.unit { self.to } else { self.end };
        (self.frames, units(end - self.first) * 65_536.0 / f64::from(self.rate))
    }
}

fn units(time: i128) -> f64 {
    float(u64::try_from(time).unwrap_or(if time < 0 { 0 } else { u64::MAX }))
}

impl Run {
    /// How many of its frames begin before a time.
    fn before(&self, time: i128) -> i128 {
        let (count, step) = (i128::from(self.count), i128::from(self.step));
        // Dividing such numbers is slow, and most runs are within, or outside.
        if time <= self.time {
            0
        } else if time > self.time + step * (count - 1) {
            count
        } else {
            (time - self.time + step - 1) / step
        }
    }
}
