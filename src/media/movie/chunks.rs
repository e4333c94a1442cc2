//! Where the samples of a track are, and how large (ISO/IEC 14496-12 §8.7), read in place.

use super::{
    Refused,
    bytes::{Bytes, pair},
    tables::after_version,
};

/// How many samples each chunk has (`stsc`), asked for in order.
pub(super) struct Spread<'a> {
    entries: &'a [[u8; 12]],
    at: u64,
    samples: u32,
}

impl<'a> Spread<'a> {
    pub fn new(entries: &'a [[u8; 12]], at: u64) -> Result<Self, Refused> {
        let firsts = || entries.iter().map(|entry| first_and_samples(entry).0);
        if firsts().next().is_some_and(|first| first != 1) || !firsts().is_sorted_by(|one, next| one < next) {
            return Err(Refused::damaged("the chunks are not in order (stsc)", at));
        }
        Ok(Self { entries, at, samples: 0 })
    }

    /// How many samples a chunk has, from 0. Chunks are asked for one after the other.
    pub fn samples_of(&mut self, chunk: usize) -> Result<u32, Refused> {
        if let Some((entry, rest)) = self.entries.split_first() {
            let (first, samples) = first_and_samples(entry);
            if u64::from(first) == chunk as u64 + 1 {
                (self.entries, self.samples) = (rest, samples);
            }
        }
        match self.samples {
            0 => Err(Refused::damaged(format!("chunk {} has no frames (stsc)", chunk + 1), self.at)),
            samples => Ok(samples),
        }
    }
}

/// From which chunk on an entry of `stsc` holds, and how many samples each has.
fn first_and_samples(entry: &[u8; 12]) -> (u32, u32) {
    entry.first_chunk().copied().map_or((0, 0), pair)
}

/// Where the chunks are: in 32 bits (`stco`) or 64 (`co64`).
pub(super) enum Chunks<'a> {
    Narrow(&'a [[u8; 4]]),
    Wide(&'a [[u8; 8]]),
}

impl<'a> Chunks<'a> {
    pub fn of(stbl: Bytes<'a>, may_lack: bool) -> Result<Self, Refused> {
        if let Some(mut wide) = after_version(stbl.child(*b"co64")?)? {
            return Ok(Self::Wide(wide.table()?));
        }
        match after_version(stbl.child(*b"stco")?)? {
            Some(mut narrow) => Ok(Self::Narrow(narrow.table()?)),
            None if may_lack => Ok(Self::Narrow(&[])),
            None => Err(stbl.damaged("the boxes stco and co64 are missing")),
        }
    }

    pub fn count(&self) -> usize {
        match self {
            Self::Narrow(offsets) => offsets.len(),
            Self::Wide(offsets) => offsets.len(),
        }
    }

    pub fn offset(&self, chunk: usize) -> u64 {
        match self {
            Self::Narrow(offsets) => offsets.get(chunk).map_or(0, |offset| u32::from_be_bytes(*offset).into()),
            Self::Wide(offsets) => offsets.get(chunk).map_or(0, |offset| u64::from_be_bytes(*offset)),
        }
    }
}

/// How large the samples are (`stsz`, `stz2`).
pub(super) struct Sizes<'a> {
    /// How many there are.
    pub count: u32,
    /// The size of all, if it is the same.
    same: u32,
    /// Else one after the other, in as many bits each.
    table: &'a [u8],
    bits: u8,
}

impl<'a> Sizes<'a> {
    pub fn of(stbl: Bytes<'a>, may_lack: bool) -> Result<Self, Refused> {
        if let Some(mut stsz) = after_version(stbl.child(*b"stsz")?)? {
            let same = stsz.u32()?;
            let bits = if same == 0 { 32 } else { 0 };
            return Self::with(stsz, same, bits);
        }
        if let Some(mut stz2) = after_version(stbl.child(*b"stz2")?)? {
            let [.., bits] = stz2.u32()?.to_be_bytes();
            return match bits {
                4 | 8 | 16 => Self::with(stz2, 0, bits),
                _ => Err(stz2.damaged(format!("sizes of {bits} bits each (stz2)"))),
            };
        }
        if may_lack {
            Ok(Self { count: 0, same: 0, table: &[], bits: 0 })
        } else {
            Err(stbl.damaged("the boxes stsz and stz2 are missing"))
        }
    }

    fn with(mut bytes: Bytes<'a>, same: u32, bits: u8) -> Result<Self, Refused> {
        let count = bytes.u32()?;
        let needs = (u64::from(count) * u64::from(bits)).div_ceil(8);
        if needs > bytes.len() {
            let what =
                format!("the table of sizes should have {count} entries, and there are {} bytes for them", bytes.len());
            return Err(bytes.damaged(what));
        }
        Ok(Self { count, same, table: bytes.rest(), bits })
    }

    /// The size of a sample, from 0.
    fn get(&self, sample: u32) -> Option<u32> {
        let sample = usize::try_from(sample).ok()?;
        match self.bits {
            4 => {
                let both = self.table.get(sample / 2)?;
                Some(u32::from(if sample % 2 == 0 { both >> 4 } else { both & 0xF }))
            }
            8 => self.table.get(sample).copied().map(u32::from),
            16 => self.table.as_chunks().0.get(sample).map(|size| u16::from_be_bytes(*size).into()),
            32 => self.table.as_chunks().0.get(sample).map(|size| u32::from_be_bytes(*size)),
            _ => Some(self.same),
        }
    }

    /// The size of several samples together; `None` if there are not as many.
    pub fn sum(&self, first: u32, count: u32) -> Option<u64> {
        let end = first.checked_add(count).filter(|end| *end <= self.count)?;
        match self.bits {
            0 => Some(u64::from(self.same) * u64::from(count)),
            _ => (first..end).map(|sample| self.get(sample).map(u64::from)).sum(),
        }
    }

    /// How many samples that have bytes, or have none, follow one another.
    pub fn runs(&self) -> impl Iterator<Item = (u32, bool)> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let first = next;
            if first >= self.count {
                return None;
            }
            let has_bytes = self.has_bytes(first);
            next = match self.bits {
                0 => self.count,
                _ => (first..self.count).find(|sample| self.has_bytes(*sample) != has_bytes).unwrap_or(self.count),
            };
            Some((next - first, has_bytes))
        })
    }

    fn has_bytes(&self, sample: u32) -> bool {
        self.get(sample).is_some_and(|size| size > 0)
    }
}
