//! Bytes of a box in memory, read from front to back. Nothing here can read beyond them.

use super::{Refused, boxes::FourCc};

/// What is left of the bytes of a box.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
    /// Where in the file the rest begins.
    at: u64,
    within: FourCc,
}

impl<'a> Bytes<'a> {
    /// The bytes of a box, and where in the file they begin.
    pub fn new(rest: &'a [u8], at: u64, within: FourCc) -> Self {
        Self { rest, at, within }
    }

    /// Where in the file the rest begins.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The rest.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// How many bytes are left.
    pub fn len(&self) -> u64 {
        self.rest.len() as u64
    }

    /// Something is wrong here.
    pub fn damaged(&self, what: impl Into<String>) -> Refused {
        Refused::damaged(what, self.at)
    }

    fn too_short(&self) -> Refused {
        self.damaged(format!("the box {} ends in the middle of what it should hold", self.within))
    }

    /// The next bytes, as many as asked for.
    pub fn take(&mut self, count: usize) -> Result<Bytes<'a>, Refused> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| self.too_short())?;
        let taken = Bytes { rest: taken, ..*self };
        (self.rest, self.at) = (rest, self.at + count as u64);
        Ok(taken)
    }

    /// Leaves out some bytes.
    pub fn skip(&mut self, count: usize) -> Result<(), Refused> {
        self.take(count).map(|_| ())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        self.take(N)?.rest.first_chunk().copied().ok_or_else(|| self.too_short())
    }

    /// The next byte.
    pub fn u8(&mut self) -> Result<u8, Refused> {
        self.array().map(u8::from_be_bytes)
    }

    /// The next number, of two bytes.
    pub fn u16(&mut self) -> Result<u16, Refused> {
        self.array().map(u16::from_be_bytes)
    }

    /// The next number, of four bytes.
    pub fn u32(&mut self) -> Result<u32, Refused> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next number, of four bytes, which can be negative.
    pub fn i32(&mut self) -> Result<i32, Refused> {
        self.array().map(i32::from_be_bytes)
    }

    /// The next number, of eight bytes.
    pub fn u64(&mut self) -> Result<u64, Refused> {
        self.array().map(u64::from_be_bytes)
    }

    /// The next number, which has eight bytes in version 1 of a box, and else four.
    pub fn sized(&mut self, version: u8) -> Result<u64, Refused> {
        if version == 1 { self.u64() } else { self.u32().map(u64::from) }
    }

    /// The next four letters.
    pub fn four_cc(&mut self) -> Result<FourCc, Refused> {
        self.array().map(FourCc)
    }

    /// The version and the flags that a full box begins with.
    pub fn version_and_flags(&mut self) -> Result<(u8, u32), Refused> {
        let word = self.u32()?;
        let [version, ..] = word.to_be_bytes();
        Ok((version, word & 0x00FF_FFFF))
    }

    /// A table: how many entries it has, then the entries, of `N` bytes each.
    pub fn table<const N: usize>(&mut self) -> Result<&'a [[u8; N]], Refused> {
        let count = self.u32()?;
        let (entries, _) = self.rest.as_chunks();
        usize::try_from(count).ok().and_then(|count| entries.get(..count)).ok_or_else(|| {
            let room = entries.len();
            self.damaged(format!("the table {} should have {count} entries, and has room for {room}", self.within))
        })
    }
}

/// The two numbers of an entry of eight bytes.
pub(super) fn pair(entry: [u8; 8]) -> (u32, u32) {
    let number = |bytes: Option<&[u8; 4]>| bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes));
    (number(entry.first_chunk()), number(entry.last_chunk()))
}

#[cfg(test)]
mod tests {
    use super::{Bytes, FourCc};

    #[test]
    fn what_is_not_there_is_not_read() {
        let mut bytes = Bytes::new(&[0, 0, 0, 2, 1, 2, 3], 100, FourCc(*b"test"));
        assert_eq!(bytes.clone().table::<1>().unwrap(), [[1], [2]]);
        let error = bytes.clone().table::<2>().unwrap_err().to_string();
        assert!(error.contains("test should have 2 entries, and has room for 1"), "{error}");
        assert_eq!((bytes.u32().unwrap(), bytes.at(), bytes.len()), (2, 104, 3));
        let error = bytes.u32().unwrap_err().to_string();
        assert!(error.contains("test") && error.contains("104"), "{error}");
        assert_eq!(bytes.u16().unwrap(), 0x102, "what failed has read nothing");
    }
}
