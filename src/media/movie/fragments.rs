//! Fragments (ISO/IEC 14496-12 §8.8): pieces of a movie, each with an index of its own.

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
};

use super::{Refused, boxes::TopBox, bytes::Bytes, edits::Shown, source::Source, tables::Run};

/// The largest index of a fragment, in MiB.
const LARGEST_FRAGMENT: u64 = 16;

/// The most tracks that may have samples in fragments.
const MOST_TRACKS: usize = 1024;

/// What holds for samples that do not say it themselves.
#[derive(Debug, Clone, Copy, Default)]
struct Defaults {
    duration: u32,
    size: u32,
}

/// The fragments of a movie so far.
#[derive(Debug)]
pub(super) struct Fragments {
    /// The track that is shown.
    track: u32,
    defaults: BTreeMap<u32, Defaults>,
    /// When the next frame is due to be decoded, in units of the track.
    time: i128,
}

impl Fragments {
    /// A movie of which the sample table shows a track up to a time; `extends` is its `mvex`.
    pub fn new(extends: Option<Bytes>, track: u32, time: i128) -> Result<Self, Refused> {
        let mut defaults = BTreeMap::new();
        for child in extends.into_iter().flat_map(Bytes::children) {
            let child = child?;
            if child.kind.0 == *b"trex" {
                let (track, found) = trex(child.body)?;
                defaults.insert(track, found);
            }
            if defaults.len() > MOST_TRACKS {
                let what = "it has too many tracks in fragments (trex)".to_owned();
                return Err(Refused::TooLarge { what, most: MOST_TRACKS.to_string() });
            }
        }
        Ok(Self { track, defaults, time })
    }

    /// The next fragment.
    pub fn add(
        &mut self,
        source: &mut Source<impl Read + Seek>,
        moof: &TopBox,
        shown: &mut Shown,
    ) -> Result<(), Refused> {
        let body = moof.load(source, LARGEST_FRAGMENT)?;
        let mut end = moof.at;
        for child in moof.bytes(&body).children() {
            let child = child?;
            if child.kind.0 == *b"traf" {
                let header = Header::of(child.body.needed(*b"tfhd")?)?;
                // Where nothing is said, the data of a track follow those of the one before.
                let base = header.base.unwrap_or(if header.is_from_moof { moof.at } else { end });
                let piece = Piece { base, data: base, length: source.length() };
                end = self.add_track(child.body, &header, piece, shown)?;
            }
        }
        Ok(())
    }

    /// The part of one track in a fragment; gives where its data end.
    fn add_track(&mut self, traf: Bytes, header: &Header, mut piece: Piece, shown: &mut Shown) -> Result<u64, Refused> {
        let is_shown = header.track == self.track;
        if let Some(mut tfdt) = traf.child(*b"tfdt")?.filter(|_| is_shown) {
            let (version, _) = tfdt.version_and_flags()?;
            self.time = tfdt.sized(version)?.into();
        }
        let defaults = self.defaults.get(&header.track).copied().unwrap_or_default();
        let defaults = header.over(defaults);
        for child in traf.children() {
            let child = child?;
            if child.kind.0 == *b"trun" {
                piece.run(child.body, defaults, |sample| {
                    if is_shown {
                        self.add_samples(sample, shown);
                    }
                })?;
            }
        }
        Ok(piece.data)
    }

    fn add_samples(&mut self, samples: Samples, shown: &mut Shown) {
        let Samples { count, duration, size, shift } = samples;
        if size > 0 {
            shown.add_fragment(Run { time: self.time + i128::from(shift), step: duration, count: count.into() });
        }
        self.time += i128::from(duration) * i128::from(count);
    }
}

/// What holds for a track in all fragments (`trex`).
fn trex(mut trex: Bytes) -> Result<(u32, Defaults), Refused> {
    trex.skip(4)?;
    let track = trex.u32()?;
    trex.skip(4)?;
    Ok((track, Defaults { duration: trex.u32()?, size: trex.u32()? }))
}

/// What holds for a track in one fragment (`tfhd`).
#[derive(Debug)]
struct Header {
    track: u32,
    base: Option<u64>,
    is_from_moof: bool,
    duration: Option<u32>,
    size: Option<u32>,
}

impl Header {
    fn of(mut tfhd: Bytes) -> Result<Self, Refused> {
        let (_, flags) = tfhd.version_and_flags()?;
        let track = tfhd.u32()?;
        let has = |flag: u32| flags & flag != 0;
        let base = has(0x01).then(|| tfhd.u64()).transpose()?;
        tfhd.skip(if has(0x02) { 4 } else { 0 })?;
        let duration = has(0x08).then(|| tfhd.u32()).transpose()?;
        let size = has(0x10).then(|| tfhd.u32()).transpose()?;
        Ok(Self { track, base, is_from_moof: has(0x02_0000), duration, size })
    }

    fn over(&self, defaults: Defaults) -> Defaults {
        Defaults { duration: self.duration.unwrap_or(defaults.duration), size: self.size.unwrap_or(defaults.size) }
    }
}

/// Samples that are alike.
#[derive(Debug, Clone, Copy)]
struct Samples {
    count: u32,
    duration: u32,
    size: u32,
    shift: i32,
}

/// Where the data of a track are in a fragment.
#[derive(Debug)]
struct Piece {
    /// From where on they are counted.
    base: u64,
    /// Where the next are.
    data: u64,
    /// The length of the file.
    length: u64,
}

impl Piece {
    /// Reads a run of samples (`trun`), which must be within the file.
    fn run(&mut self, mut trun: Bytes, defaults: Defaults, mut each: impl FnMut(Samples)) -> Result<(), Refused> {
        let (_, flags) = trun.version_and_flags()?;
        let has = |flag: u32| flags & flag != 0;
        let count = trun.u32()?;
        if has(0x01) {
            let place = trun;
            let offset = trun.i32()?.into();
            self.data = self
                .base
                .checked_add_signed(offset)
                .ok_or_else(|| place.damaged("the data of a fragment would begin before the file"))?;
        }
        trun.skip(if has(0x04) { 4 } else { 0 })?;
        if !has(0xF00) {
            let all = Samples { count, duration: defaults.duration, size: defaults.size, shift: 0 };
            each(all);
            return self.advance(u64::from(all.size) * u64::from(count));
        }
        for _ in 0..count {
            let sample = sample(&mut trun, flags, defaults)?;
            each(sample);
            self.advance(sample.size.into())?;
        }
        Ok(())
    }

    fn advance(&mut self, bytes: u64) -> Result<(), Refused> {
        let (at, needs, length) = (self.data, self.data.saturating_add(bytes), self.length);
        if needs > length {
            return Err(Refused::CutOff { what: "the data of a fragment".to_owned(), at, needs, length });
        }
        self.data = needs;
        Ok(())
    }
}

/// One sample of a run, of which the flags say what it says of itself.
fn sample(trun: &mut Bytes, flags: u32, defaults: Defaults) -> Result<Samples, Refused> {
    let mut number = |flag: u32, default: u32| if flags & flag == 0 { Ok(default) } else { trun.u32() };
    let duration = number(0x100, defaults.duration)?;
    let size = number(0x200, defaults.size)?;
    number(0x400, 0)?;
    // Some write negative shifts in version 0 as well.
    let shift = number(0x800, 0)?.cast_signed();
    Ok(Samples { count: 1, duration, size, shift })
}
