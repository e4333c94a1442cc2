//! The file of a movie: looked at in small pieces, loaded only where its own length bears it out.

use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Range,
};

use super::Refused;

/// How much is read at once to look at something, in bytes.
const WINDOW: usize = 4096;

/// How much is copied at once, in bytes.
const PIECE: usize = 256 * 1024;

/// The most boxes or elements of a file that are looked at: three days of fragments of one frame each, or of `WebM`.
const MOST_STEPS: u32 = 1 << 24;

/// The file of a movie.
pub(super) struct Source<'f, F> {
    file: &'f mut F,
    length: u64,
    window: Vec<u8>,
    start: u64,
    steps: u32,
}

impl<'f, F: Read + Seek> Source<'f, F> {
    /// A file, wherever it stands.
    pub fn new(file: &'f mut F) -> Result<Self, Refused> {
        let length = file.seek(SeekFrom::End(0)).map_err(Refused::Read)?;
        Ok(Self { file, length, window: Vec::new(), start: 0, steps: 0 })
    }

    /// The length of the file in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// One box or element more is looked at; fails if that is beyond all measure.
    pub fn step(&mut self) -> Result<(), Refused> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err(Refused::TooLarge {
                what: "the number of its parts".to_owned(),
                most: "16 million".to_owned(),
            });
        }
        Ok(())
    }

    /// Up to `most` bytes from a place on; fewer only at the end of the file, or if it is more than a few.
    pub fn peek(&mut self, at: u64, most: usize) -> Result<&[u8], Refused> {
        let there = usize::try_from(self.length.saturating_sub(at)).unwrap_or(usize::MAX);
        let most = most.min(there).min(WINDOW);
        if self.held(at, most).is_none() {
            self.fill(at)?;
        }
        Ok(self.held(at, most).unwrap_or(&self.window))
    }

    fn held(&self, at: u64, most: usize) -> Option<&[u8]> {
        let from = usize::try_from(at.checked_sub(self.start)?).ok()?;
        self.window.get(from..from.checked_add(most)?)
    }

    fn fill(&mut self, at: u64) -> Result<(), Refused> {
        self.file.seek(SeekFrom::Start(at)).map_err(Refused::Read)?;
        self.window.clear();
        self.start = at;
        self.file.take(WINDOW as u64).read_to_end(&mut self.window).map_err(Refused::Read)?;
        Ok(())
    }

    /// All bytes of a piece, which is known to lie within the file, of `most` MiB at most.
    pub fn load(&mut self, piece: Range<u64>, what: &str, most: u64) -> Result<Vec<u8>, Refused> {
        let size = piece.end.saturating_sub(piece.start);
        if size > most * 1024 * 1024 {
            return Err(Refused::TooLarge { what: format!("{what} has {size} bytes"), most: format!("{most} MiB") });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        self.file.seek(SeekFrom::Start(piece.start)).map_err(Refused::Read)?;
        self.file.take(size).read_to_end(&mut bytes).map_err(Refused::Read)?;
        if bytes.len() as u64 == size { Ok(bytes) } else { Err(ended()) }
    }

    /// Copies a piece of the file.
    pub fn copy(&mut self, piece: Range<u64>, out: &mut impl Write) -> Result<(), Refused> {
        self.file.seek(SeekFrom::Start(piece.start)).map_err(Refused::Read)?;
        let mut left = piece.end.saturating_sub(piece.start);
        let mut bytes = Vec::with_capacity(PIECE);
        while left > 0 {
            bytes.clear();
            self.file.take(left.min(PIECE as u64)).read_to_end(&mut bytes).map_err(Refused::Read)?;
            if bytes.is_empty() {
                return Err(ended());
            }
            out.write_all(&bytes).map_err(Refused::Write)?;
            left -= bytes.len() as u64;
        }
        Ok(())
    }
}

/// The file became shorter while it was read.
fn ended() -> Refused {
    Refused::Read(io::ErrorKind::UnexpectedEof.into())
}
