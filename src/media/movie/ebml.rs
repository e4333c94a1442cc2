//! EBML (RFC 8794), which Matroska and `WebM` are written in: elements, each with a number, a size, and what is inside.

use std::io::{Read, Seek};

use super::{Refused, source::Source};

/// How an element begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Its number, with the marker of its length, as documents write it.
    pub id: u32,
    /// Bytes before what is inside.
    pub length: u8,
    /// Bytes of what is inside; `None` if that is not known, as while a live movie is written.
    pub size: Option<u64>,
}

impl Header {
    /// How the element begins that is at the beginning of these bytes; `None` if there are too few.
    pub fn parse(bytes: &[u8], at: u64) -> Result<Option<Self>, Refused> {
        let Some((id, id_length)) = number(bytes, 4, at)? else { return Ok(None) };
        let Some((size, size_length)) = number(bytes.get(id_length.into()..).unwrap_or_default(), 8, at)? else {
            return Ok(None);
        };
        let length = id_length + size_length;
        let id = u32::try_from(id).unwrap_or(u32::MAX);
        // The marker is a part of an id; of a size, it is not. All other bits set: not known.
        let marker = 1 << (7 * size_length);
        let size = (size != 2 * marker - 1).then_some(size & (marker - 1));
        Ok(Some(Self { id, length, size }))
    }
}

/// A number of variable length (§4), with its marker, and how many bytes it has; `None` if there are too few.
fn number(bytes: &[u8], longest: u8, at: u64) -> Result<Option<(u64, u8)>, Refused> {
    let Some(first) = bytes.first() else { return Ok(None) };
    let length = u8::try_from(first.leading_zeros() + 1).unwrap_or(u8::MAX);
    if length > longest {
        return Err(Refused::damaged(
            format!("an element should begin here, and no element does with 0x{first:02x}"),
            at,
        ));
    }
    let bytes = bytes.get(..length.into());
    Ok(bytes.map(|bytes| (unsigned(bytes), length)))
}

/// A number in several bytes, as tracks have them in blocks, without its marker, and how many bytes it has.
pub(super) fn unmarked(bytes: &[u8], at: u64) -> Result<Option<(u64, u8)>, Refused> {
    Ok(number(bytes, 8, at)?.map(|(number, length)| (number & ((1 << (7 * length)) - 1), length)))
}

/// An unsigned number (§7.2); of more than eight bytes, the last eight.
pub(super) fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A float (§7.3); `None` if it has no length that floats have.
pub(super) fn float(bytes: &[u8]) -> Option<f64> {
    match bytes.len() {
        4 => bytes.first_chunk().map(|bytes| f32::from_be_bytes(*bytes).into()),
        8 => bytes.first_chunk().map(|bytes| f64::from_be_bytes(*bytes)),
        _ => None,
    }
}

/// An element of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    /// Its number.
    pub id: u32,
    /// Where it begins.
    pub at: u64,
    /// Where what is inside begins.
    pub body: u64,
    /// Where it ends; `None` if that is not known.
    pub end: Option<u64>,
}

impl Element {
    /// The element that begins here, within one that ends at `within`; `None` at the end of that, or of the file.
    pub fn next(source: &mut Source<impl Read + Seek>, at: u64, within: Option<u64>) -> Result<Option<Self>, Refused> {
        source.step()?;
        let length = source.length();
        let until = within.unwrap_or(length);
        if at >= until {
            return Ok(None);
        }
        let Some(header) = Header::parse(source.peek(at, 12)?, at)? else {
            let what = "the beginning of an element".to_owned();
            return Err(Refused::CutOff { what, at, needs: length + 1, length });
        };
        let body = at + u64::from(header.length);
        let end = header.size.map(|size| body.saturating_add(size));
        let needs = end.unwrap_or(body);
        if needs > length {
            return Err(Refused::CutOff { what: described(header.id), at, needs, length });
        }
        if needs > until {
            let what = format!("{} reaches beyond the end of what it is in", described(header.id));
            return Err(Refused::damaged(what, at));
        }
        Ok(Some(Self { id: header.id, at, body, end }))
    }

    /// Where it ends, which must be known.
    pub fn known_end(&self) -> Result<u64, Refused> {
        self.end.ok_or_else(|| Refused::damaged(format!("{} does not say its size", described(self.id)), self.at))
    }

    /// What is inside, of `most` MiB at most.
    pub fn load(&self, source: &mut Source<impl Read + Seek>, most: u64) -> Result<Vec<u8>, Refused> {
        source.load(self.body..self.known_end()?, &described(self.id), most)
    }
}

/// What an element is to people.
fn described(id: u32) -> String {
    match id {
        super::matroska::SEGMENT => "its segment".to_owned(),
        super::matroska::CLUSTER => "a cluster".to_owned(),
        super::matroska::SIMPLE_BLOCK | super::matroska::BLOCK_GROUP => "a block".to_owned(),
        super::matroska::TRACKS => "its list of tracks".to_owned(),
        _ => format!("the element 0x{id:X}"),
    }
}

/// The elements within one that is in memory: their numbers, and what is inside.
pub(super) fn children(bytes: &[u8], at: u64) -> impl Iterator<Item = Result<(u32, &[u8]), Refused>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let child = child(&mut rest, at);
        if child.is_err() {
            rest = &[];
        }
        Some(child)
    })
}

fn child<'a>(rest: &mut &'a [u8], at: u64) -> Result<(u32, &'a [u8]), Refused> {
    let too_short = || Refused::damaged("an element reaches beyond the end of what it is in", at);
    let header = Header::parse(rest, at)?.ok_or_else(too_short)?;
    let body = rest.get(header.length.into()..).ok_or_else(too_short)?;
    let size = header.size.and_then(|size| usize::try_from(size).ok()).ok_or_else(too_short)?;
    let (inside, after) = body.split_at_checked(size).ok_or_else(too_short)?;
    *rest = after;
    Ok((header.id, inside))
}
