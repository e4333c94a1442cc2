//! The prefix codes of a lossless WebP (RFC 9649 §3): how much memory the decoder takes for them.
//!
//! A picture may name 65,536 groups of five codes. The decoder makes a table for each, so that 4 MB of nothing else would
//! take 1.3 GB. So they are read here first, up to where the pixels begin, and no table is made.

use std::io::{BufRead, Bytes, Read, Take};

use super::super::{
    Format, Refused,
    header::{MAX_MEMORY, check_memory},
};

/// Bytes that the decoder takes for the codes of a picture of a size, which begin where the file is.
pub(super) fn memory(file: &mut impl BufRead, length: u64, (width, height): (u32, u32)) -> Result<u64, Refused> {
    let mut bits = Bits { bytes: file.take(length).bytes(), buffer: 0, count: 0 };
    let width = bits.skip_transforms(width, height)?;
    let cache = bits.cache()?;
    let mut groups = 1;
    if bits.read(1)? == 1 {
        groups += bits.skip_blocks(width, height)?;
    }
    let mut memory = 0;
    for _ in 0..groups {
        memory += bits.group(cache)?.iter().map(Code::memory).sum::<u64>();
        if memory > MAX_MEMORY {
            break;
        }
    }
    check_memory(Format::WebP, memory)?;
    Ok(memory)
}

fn damaged(why: &str) -> Refused {
    Refused::damaged(Format::WebP, why)
}

/// Bits from the lowest of each byte on.
struct Bits<R> {
    bytes: Bytes<Take<R>>,
    buffer: u32,
    count: u32,
}

impl<R: Read> Bits<R> {
    /// The next bits, 18 at most.
    fn read(&mut self, count: u32) -> Result<u32, Refused> {
        while self.count < count {
            let byte = self.bytes.next().ok_or(Refused::CutOff { format: Format::WebP })??;
            self.buffer |= u32::from(byte) << self.count;
            self.count += 8;
        }
        let read = self.buffer & ((1 << count) - 1);
        self.buffer >>= count;
        self.count -= count;
        Ok(read)
    }

    /// Goes behind what is to be done to the pixels once they are decoded; the width that they are decoded with.
    fn skip_transforms(&mut self, mut width: u32, height: u32) -> Result<u32, Refused> {
        let mut seen = [false; 4];
        while self.read(1)? == 1 {
            let kind = self.read(2)?;
            if std::mem::replace(&mut seen[kind as usize], true) {
                return Err(damaged("one transform twice"));
            }
            match kind {
                0 | 1 => drop(self.skip_blocks(width, height)?),
                2 => {}
                _ => {
                    let colors = self.read(8)? + 1;
                    self.skip_pixels(colors.into())?;
                    width = width.div_ceil(pixels_in_one(colors));
                }
            }
        }
        Ok(width)
    }

    /// Goes behind a small picture that has a pixel for each block of the large one; the highest number in it.
    fn skip_blocks(&mut self, width: u32, height: u32) -> Result<u32, Refused> {
        let side = 1 << (self.read(3)? + 2);
        self.skip_pixels(u64::from(width.div_ceil(side)) * u64::from(height.div_ceil(side)))
    }

    /// Goes behind the pixels of a small picture; the highest number that red and green make. What is repeated, or comes
    /// from the cache, was there before.
    fn skip_pixels(&mut self, mut left: u64) -> Result<u32, Refused> {
        let cache = self.cache()?;
        let [green, red, blue, alpha, distance] = self.group(cache)?;
        let mut highest = 0;
        while left > 0 {
            let symbol = self.symbol(&green)?;
            let mut count = 1;
            if symbol < 256 {
                highest = highest.max(self.symbol(&red)? << 8 | symbol);
                self.symbol(&blue)?;
                self.symbol(&alpha)?;
            } else if symbol < 256 + 24 {
                count = self.length(symbol - 256)?;
                let distance = self.symbol(&distance)?;
                self.length(distance)?;
            }
            left = left.checked_sub(count).ok_or_else(|| damaged("more pixels than it has room for"))?;
        }
        Ok(highest)
    }

    /// How many colours the cache has.
    fn cache(&mut self) -> Result<u32, Refused> {
        match self.read(1)? {
            0 => Ok(0),
            _ => match self.read(4)? {
                bits @ 1..=11 => Ok(1 << bits),
                _ => Err(damaged("a cache of no possible size")),
            },
        }
    }

    /// A length or a distance, by its symbol and the bits behind it (RFC 9649 §3.6.2.2).
    fn length(&mut self, symbol: u32) -> Result<u64, Refused> {
        match symbol {
            0..4 => Ok(u64::from(symbol) + 1),
            4..40 => {
                let more = (symbol - 2) >> 1;
                Ok(u64::from((2 + (symbol & 1)) << more) + u64::from(self.read(more)?) + 1)
            }
            _ => Err(damaged("a distance that there is not")),
        }
    }

    /// A group of codes: for green, lengths and the cache; for red, blue, and alpha; for distances.
    fn group(&mut self, cache: u32) -> Result<[Code; 5], Refused> {
        Ok([self.code(280 + cache)?, self.code(256)?, self.code(256)?, self.code(256)?, self.code(40)?])
    }

    fn code(&mut self, symbols: u32) -> Result<Code, Refused> {
        if self.read(1)? == 1 {
            let has_two = self.read(1)? == 1;
            let bits = if self.read(1)? == 1 { 8 } else { 1 };
            let mut found = vec![self.read(bits)?];
            if has_two {
                found.push(self.read(8)?);
            }
            return Ok(Code::simple(found));
        }
        let lengths = self.lengths_of_lengths()?;
        let lengths = self.lengths(&Code::new(&lengths)?, symbols)?;
        Code::new(&lengths)
    }

    /// The lengths of the codes which the lengths of a code are written in.
    fn lengths_of_lengths(&mut self) -> Result<[u8; 19], Refused> {
        const ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        let mut lengths = [0; 19];
        let count = self.read(4)? + 4;
        for (_, symbol) in (0..count).zip(ORDER) {
            lengths[symbol] = self.read(3)?.to_le_bytes()[0];
        }
        Ok(lengths)
    }

    /// The lengths of the codes of so many symbols.
    fn lengths(&mut self, code: &Code, symbols: u32) -> Result<Vec<u8>, Refused> {
        let mut left = u32::MAX;
        if self.read(1)? == 1 {
            let bits = 2 + 2 * self.read(3)?;
            left = 2 + self.read(bits)?;
        }
        let (symbols, mut lengths, mut last) = (symbols as usize, Vec::new(), 8);
        while lengths.len() < symbols && left > 0 {
            left -= 1;
            let length = self.symbol(code)?;
            let (count, length) = match length {
                0..16 => (1, length.to_le_bytes()[0]),
                16 => (3 + self.read(2)?, last),
                17 => (3 + self.read(3)?, 0),
                _ => (11 + self.read(7)?, 0),
            };
            if length != 0 {
                last = length;
            }
            lengths.resize(lengths.len() + count as usize, length);
        }
        if lengths.len() > symbols { Err(damaged("a code for more symbols than there are")) } else { Ok(lengths) }
    }

    fn symbol(&mut self, code: &Code) -> Result<u32, Refused> {
        if let [symbol] = code.symbols[..] {
            return Ok(symbol);
        }
        // Codes of one length follow each other as numbers; those of the next length begin behind them.
        let (mut read, mut first, mut before) = (0, 0, 0);
        for count in &code.counts[1..] {
            read = read << 1 | self.read(1)?;
            first <<= 1;
            if read - first < *count {
                let at = (before + read - first) as usize;
                return code.symbols.get(at).copied().ok_or_else(|| damaged("a code that there is not"));
            }
            first += count;
            before += count;
        }
        Err(damaged("a code that there is not"))
    }
}

/// How many pixels of so few colours are put into one.
fn pixels_in_one(colors: u32) -> u32 {
    match colors {
        0..=2 => 8,
        3..=4 => 4,
        5..=16 => 2,
        _ => 1,
    }
}

/// A canonical prefix code.
#[derive(Debug)]
struct Code {
    /// How many symbols there are for each length.
    counts: [u32; 16],
    /// The symbols, by length and then by number.
    symbols: Vec<u32>,
}

impl Code {
    /// Of one symbol, or of two with a bit each.
    fn simple(symbols: Vec<u32>) -> Self {
        let mut counts = [0; 16];
        counts[1] = 2;
        Self { counts, symbols }
    }

    /// Of the lengths of all symbols' codes.
    fn new(lengths: &[u8]) -> Result<Self, Refused> {
        let length_of = |symbol: u32| lengths.get(symbol as usize).map_or(0, |length| usize::from(*length));
        let mut symbols: Vec<u32> =
            (0..).zip(lengths).filter(|(_, length)| **length > 0).map(|(symbol, _)| symbol).collect();
        symbols.sort_by_key(|symbol| length_of(*symbol));
        let mut counts = [0; 16];
        for symbol in &symbols {
            counts[length_of(*symbol)] += 1;
        }
        let used: u64 = (0..).zip(counts).map(|(length, count)| u64::from(count) << 15 >> length).sum();
        if symbols.len() != 1 && used != 1 << 15 {
            return Err(damaged("a code with gaps"));
        }
        Ok(Self { counts, symbols })
    }

    /// Bytes that the decoder takes: for itself; for a table of four bytes that is indexed by ten bits at most; and for
    /// the symbols whose codes are longer, two nodes of 16 bytes.
    fn memory(&self) -> u64 {
        let longest = self.counts.iter().rposition(|count| *count > 0).unwrap_or(0);
        let beyond: u32 = self.counts[11..].iter().sum();
        let table = if self.symbols.len() == 1 { 0 } else { 4 << longest.min(10) };
        64 + table + 32 * u64::from(beyond)
    }
}
