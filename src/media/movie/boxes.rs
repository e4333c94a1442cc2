//! Boxes (ISO/IEC 14496-12 §4.2; `QuickTime` calls them atoms): a size, four letters, and what is inside.

use std::{
    fmt,
    io::{Read, Seek},
};

use super::{Refused, bytes::Bytes, source::Source};

/// The four letters that name a box, a codec or a brand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FourCc(pub [u8; 4]);

impl FourCc {
    /// Whether all four are characters that names are made of.
    pub fn is_readable(self) -> bool {
        // Apple's own begin with ©, in the encoding of the Macintosh.
        self.0.iter().all(|byte| matches!(byte, b' '..=b'~' | 0xA9))
    }
}

impl fmt::Display for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match str::from_utf8(&self.0) {
            Ok(letters) if self.is_readable() => f.write_str(letters.trim_end()),
            _ => write!(f, "0x{:08x}", u32::from_be_bytes(self.0)),
        }
    }
}

/// How a box begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Its name.
    pub kind: FourCc,
    /// Bytes before what is inside: 8, or 16 with a size of 64 bits.
    pub length: u8,
    /// Bytes of the whole box; `None` if it reaches to the end of what it is in.
    pub size: Option<u64>,
}

impl Header {
    /// How the box begins that is at the beginning of these bytes; `None` if there are too few.
    pub fn parse(bytes: &[u8], at: u64) -> Result<Option<Self>, Refused> {
        let Some((size, rest)) = bytes.split_first_chunk() else { return Ok(None) };
        let Some((kind, rest)) = rest.split_first_chunk() else { return Ok(None) };
        let (kind, size) = (FourCc(*kind), u32::from_be_bytes(*size));
        let header = match (size, rest.first_chunk()) {
            (0, _) => Self { kind, length: 8, size: None },
            (1, None) => return Ok(None),
            (1, Some(size)) => Self { kind, length: 16, size: Some(u64::from_be_bytes(*size)) },
            (size, _) => Self { kind, length: 8, size: Some(size.into()) },
        };
        if header.size.is_some_and(|size| size < header.length.into()) {
            return Err(Refused::damaged(format!("the box {kind} has a size that is below that of a box"), at));
        }
        Ok(Some(header))
    }
}

/// A box of the file itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TopBox {
    /// Its name.
    pub kind: FourCc,
    /// Where it begins.
    pub at: u64,
    /// Where what is inside begins.
    pub body: u64,
    /// Where it ends.
    pub end: u64,
}

impl TopBox {
    /// The box that begins here; `None` at the end of the file.
    pub fn next(source: &mut Source<impl Read + Seek>, at: u64) -> Result<Option<Self>, Refused> {
        source.step()?;
        let length = source.length();
        let bytes = source.peek(at, 16)?;
        // Some programs pad files with zeros.
        if bytes.iter().take(8).all(|byte| *byte == 0) {
            return Ok(None);
        }
        let Some(Header { kind, length: head, size }) = Header::parse(bytes, at)? else {
            let needs = at + 8;
            return Err(Refused::CutOff { what: "the beginning of a box".to_owned(), at, needs, length });
        };
        if !kind.is_readable() {
            return Err(Refused::damaged(format!("a box should begin here, and {kind} is no name of one"), at));
        }
        let end = size.map_or(length, |size| at.saturating_add(size));
        if end > length {
            return Err(Refused::CutOff { what: described(kind), at, needs: end, length });
        }
        Ok(Some(Self { kind, at, body: (at + u64::from(head)).min(end), end }))
    }

    /// What is inside, of `most` MiB at most.
    pub fn load(&self, source: &mut Source<impl Read + Seek>, most: u64) -> Result<Vec<u8>, Refused> {
        source.load(self.body..self.end, &described(self.kind), most)
    }

    /// What is inside, once it is loaded.
    pub fn bytes<'a>(&self, body: &'a [u8]) -> Bytes<'a> {
        Bytes::new(body, self.body, self.kind)
    }
}

/// What a box is to people.
fn described(kind: FourCc) -> String {
    match &kind.0 {
        b"mdat" => "its media data (mdat)".to_owned(),
        b"moov" => "its index (moov)".to_owned(),
        b"moof" => "the index of a fragment (moof)".to_owned(),
        _ => format!("the box {kind}"),
    }
}

/// A box within another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Child<'a> {
    /// Its name.
    pub kind: FourCc,
    /// What is inside.
    pub body: Bytes<'a>,
}

/// The boxes within another, one after the other.
#[derive(Debug)]
pub(super) struct Children<'a>(Bytes<'a>);

impl<'a> Iterator for Children<'a> {
    type Item = Result<Child<'a>, Refused>;

    fn next(&mut self) -> Option<Self::Item> {
        // QuickTime ends some lists by four zero bytes, or by a box of nothing.
        if self.0.rest().iter().take(8).all(|byte| *byte == 0) {
            return None;
        }
        let child = self.child();
        if child.is_err() {
            self.0 = Bytes::new(&[], self.0.at(), FourCc([0; 4]));
        }
        Some(child)
    }
}

impl<'a> Children<'a> {
    /// What comes after the boxes that were given.
    pub fn rest(&self) -> &'a [u8] {
        self.0.rest()
    }

    fn child(&mut self) -> Result<Child<'a>, Refused> {
        let Some(Header { kind, length, size }) = Header::parse(self.0.rest(), self.0.at())? else {
            return Err(self.0.damaged("a box should begin here, and there is no room for it"));
        };
        let (size, room) = (size.unwrap_or(self.0.len()), self.0.len());
        let fitting = usize::try_from(size).ok().filter(|_| size <= room);
        let Some(fitting) = fitting else {
            let what = format!("the box {kind} has a size of {size} bytes, within a box that has {room} left");
            return Err(self.0.damaged(what));
        };
        let at = self.0.at() + u64::from(length);
        let body = self.0.take(fitting)?.rest().get(length.into()..).unwrap_or_default();
        Ok(Child { kind, body: Bytes::new(body, at, kind) })
    }
}

impl<'a> Bytes<'a> {
    /// The boxes that these bytes are.
    pub fn children(self) -> Children<'a> {
        Children(self)
    }

    /// What is inside the first box of this name, if there is one.
    pub fn child(self, kind: [u8; 4]) -> Result<Option<Bytes<'a>>, Refused> {
        for child in self.children() {
            let child = child?;
            if child.kind.0 == kind {
                return Ok(Some(child.body));
            }
        }
        Ok(None)
    }

    /// What is inside the first box of this name, which must be there.
    pub fn needed(self, kind: [u8; 4]) -> Result<Bytes<'a>, Refused> {
        self.child(kind)?.ok_or_else(|| self.damaged(format!("the box {} is missing", FourCc(kind))))
    }
}
