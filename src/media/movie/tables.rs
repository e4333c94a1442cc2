//! The sample table (`stbl`; ISO/IEC 14496-12 §8.6 and §8.7), read in place: when each sample is shown, how large it is, and
//! where it is. A sample of a video track is a frame. What the tables say of one another, and of the file, must agree.

use std::ops::Range;

use super::{
    Refused,
    bytes::{Bytes, pair},
    chunks::{Chunks, Sizes, Spread},
};

/// Samples that follow one another at equal distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// When the first is shown, in units of the track.
    pub time: i128,
    /// How long each is shown.
    pub step: u32,
    /// How many.
    pub count: u64,
}

/// The tables of a track.
pub(super) struct Tables<'a> {
    deltas: &'a [[u8; 8]],
    shifts: Option<&'a [[u8; 8]]>,
    sizes: Sizes<'a>,
    /// How many samples the chunks have, from which chunk on.
    spread: &'a [[u8; 12]],
    chunks: Chunks<'a>,
    at: u64,
}

impl<'a> Tables<'a> {
    /// The tables of a track. A movie in fragments may leave them out (`may_lack`).
    pub fn of(stbl: Bytes<'a>, may_lack: bool) -> Result<Self, Refused> {
        let full = |kind: [u8; 4]| {
            let table = if may_lack { stbl.child(kind)? } else { Some(stbl.needed(kind)?) };
            after_version(table)
        };
        let shifts = after_version(stbl.child(*b"ctts")?)?;
        Ok(Self {
            deltas: full(*b"stts")?.map_or(Ok(&[][..]), |mut table| table.table())?,
            shifts: shifts.map(|mut table| table.table()).transpose()?,
            sizes: Sizes::of(stbl, may_lack)?,
            spread: full(*b"stsc")?.map_or(Ok(&[][..]), |mut table| table.table())?,
            chunks: Chunks::of(stbl, may_lack)?,
            at: stbl.at(),
        })
    }

    /// Checks that the tables agree, and that all samples are within a file of `length` bytes, and beside its `index`.
    pub fn check(&self, length: u64, index: &Range<u64>) -> Result<(), Refused> {
        let samples = u64::from(self.sizes.count);
        let counted = |table: &[[u8; 8]]| table.iter().map(|entry| u64::from(pair(*entry).0)).sum::<u64>();
        let agree = |name: &str, count: u64| {
            let what = format!("the table of sizes (stsz) has {samples} frames, and {name} has {count}");
            if count == samples { Ok(()) } else { Err(Refused::damaged(what, self.at)) }
        };
        agree("the table of times (stts)", counted(self.deltas))?;
        if let Some(shifts) = self.shifts {
            agree("the table of shifts (ctts)", counted(shifts))?;
        }
        self.check_chunks(length, index)
    }

    /// Checks that the chunks hold all samples, and where they begin and end.
    fn check_chunks(&self, length: u64, index: &Range<u64>) -> Result<(), Refused> {
        let mut spread = Spread::new(self.spread, self.at)?;
        let mut sample = 0;
        for chunk in 0..self.chunks.count() {
            let count = spread.samples_of(chunk)?;
            let bytes = self.sizes.sum(sample, count).ok_or_else(|| {
                let what = format!("its chunks have more frames than the {} in the table of sizes", self.sizes.count);
                Refused::damaged(what, self.at)
            })?;
            sample += count;
            let at = self.chunks.offset(chunk);
            let needs = at.saturating_add(bytes);
            if needs > length {
                let what = format!("chunk {} of its media data", chunk + 1);
                return Err(Refused::CutOff { what, at, needs, length });
            }
            if at < index.end && needs > index.start {
                let what = format!("chunk {} of its media data is within its index", chunk + 1);
                return Err(Refused::damaged(what, at));
            }
        }
        if sample == self.sizes.count {
            return Ok(());
        }
        let what = format!("its chunks have {sample} frames, and the table of sizes has {}", self.sizes.count);
        Err(Refused::damaged(what, self.at))
    }

    /// Gives the samples that have bytes, in the order of the file, run by run; and how long all of them take together, in
    /// units of the track. One without bytes is no frame of its own: the one before stays.
    pub fn each_run(&self, mut each: impl FnMut(Run) -> Result<(), Refused>) -> Result<i128, Refused> {
        let mut deltas = Repeated::new(self.deltas.iter().copied().map(pair));
        let mut shifts = Repeated::new(self.shifts.into_iter().flatten().copied().map(pair).chain([(u32::MAX, 0)]));
        let mut sizes = Repeated::new(self.sizes.runs());
        let mut time = 0;
        loop {
            let count = deltas.left().min(shifts.left()).min(sizes.left());
            if count == 0 {
                return Ok(time);
            }
            // A negative duration is what broken programs write; others take it as the shortest.
            let step = i32::try_from(deltas.value).map_or(1, i32::unsigned_abs);
            if sizes.value {
                // Some write negative shifts in version 0 as well.
                let shift = i128::from(shifts.value.cast_signed());
                each(Run { time: time + shift, step, count: count.into() })?;
            }
            time += i128::from(step) * i128::from(count);
            deltas.take(count);
            shifts.take(count);
            sizes.take(count);
        }
    }
}

/// What follows the version and the flags of a table.
pub(super) fn after_version(table: Option<Bytes>) -> Result<Option<Bytes>, Refused> {
    table.map(|mut table| table.version_and_flags().map(|_| table)).transpose()
}

/// Values that are each said once for many samples.
struct Repeated<V, I> {
    entries: I,
    left: u32,
    value: V,
}

impl<V: Copy + Default, I: Iterator<Item = (u32, V)>> Repeated<V, I> {
    fn new(entries: I) -> Self {
        Self { entries, left: 0, value: V::default() }
    }

    /// For how many samples more the present value holds; zero at the end.
    fn left(&mut self) -> u32 {
        while self.left == 0 {
            let Some((count, value)) = self.entries.next() else { break };
            (self.left, self.value) = (count, value);
        }
        self.left
    }

    fn take(&mut self, count: u32) {
        self.left = self.left.saturating_sub(count);
    }
}
