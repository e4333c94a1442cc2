//! The same movie with its index in front. Everything else stays as it is, and in its order; the places of chunks, which the
//! index names (`stco`, `co64`; ISO/IEC 14496-12 §8.7.5), move along.

use std::{
    io::{Read, Seek, Write},
    ops::Range,
};

use super::{
    Refused,
    boxes::{Child, FourCc},
    bytes::Bytes,
    outline::Outline,
    source::Source,
    track::are_self_contained,
};

/// The boxes on the way to the places of chunks, each within the one before.
const WAY: [&[u8; 4]; 5] = [b"moov", b"trak", b"mdia", b"minf", b"stbl"];

/// Writes a movie with its index in front; as it is, if the index is there already, or comes in pieces.
pub(super) fn write(source: &mut Source<impl Read + Seek>, out: &mut impl Write) -> Result<(), Refused> {
    let outline = Outline::of(source)?;
    let index = outline.load_index(source)?;
    let moov = outline.moov.bytes(&index);
    let length = source.length();
    if outline.is_fast_start() || outline.is_fragmented || moov.child(*b"mvex")?.is_some() {
        return source.copy(0..length, out);
    }
    if outline.has_items {
        return Err(Refused::Immovable("it names the places of items (iloc)"));
    }
    let (front, moved) = (outline.front, outline.moov.at..outline.moov.end);
    let index = rewritten(moov, front, &moved, length)?;
    source.copy(0..front, out)?;
    out.write_all(&index).map_err(Refused::Write)?;
    source.copy(front..moved.start, out)?;
    source.copy(moved.end..length, out)
}

/// The index (`moov`) of a file of `length` bytes, which goes from where it was (`moved`) to the place `front`.
pub(super) fn rewritten(moov: Bytes, front: u64, moved: &Range<u64>, length: u64) -> Result<Vec<u8>, Refused> {
    let index = |rewriter: &Rewriter| {
        let places = if rewriter.is_wide { 2 } else { 1 };
        let mut out = Vec::with_capacity(moov.rest().len() * places + 8);
        rewriter.add(&mut out, Child { kind: FourCc(*WAY[0]), body: moov }, 0).map(|()| out)
    };
    // Places beyond 4 GiB are larger themselves, and so is the index.
    let is_wide = |index: u64| length - (moved.end - moved.start) + index > u32::MAX.into();
    let narrow = index(&Rewriter { moves: None, is_wide: false })?.len() as u64;
    let is_wide = is_wide(narrow);
    let size = if is_wide { index(&Rewriter { moves: None, is_wide })?.len() as u64 } else { narrow };
    index(&Rewriter { moves: Some(Moves { front, moved: moved.clone(), size }), is_wide })
}

/// How places in the file change.
struct Moves {
    /// Where the index goes.
    front: u64,
    /// Where it was.
    moved: Range<u64>,
    /// The bytes it has then.
    size: u64,
}

impl Moves {
    fn place(&self, place: u64) -> Result<u64, Refused> {
        if place < self.front {
            return Err(Refused::Immovable("it names the beginning of the file as media data"));
        }
        if self.moved.contains(&place) {
            return Err(Refused::Immovable("it names itself as media data"));
        }
        let before = if place < self.moved.start { 0 } else { self.moved.end - self.moved.start };
        place.checked_add(self.size).map(|place| place - before).ok_or(OUTSIDE)
    }
}

/// A place that no file has.
const OUTSIDE: Refused = Refused::Immovable("it names a place far outside of the file");

/// Writes an index anew.
struct Rewriter {
    /// How places change; `None` if only the size of the index is asked for.
    moves: Option<Moves>,
    /// Whether places have 64 bits.
    is_wide: bool,
}

impl Rewriter {
    /// Adds a box which is at `depth` of the [`WAY`].
    fn add(&self, out: &mut Vec<u8>, child: Child, depth: usize) -> Result<(), Refused> {
        let Child { kind, body } = child;
        if WAY.get(depth).is_some_and(|container| **container == kind.0) {
            return with_header(out, kind, |out| self.add_children(out, body, depth + 1));
        }
        match &kind.0 {
            b"saio" => Err(Refused::Immovable("it names the places of other data (saio)")),
            b"meta" | b"udta" if names_items(body) => Err(Refused::Immovable("it names the places of items (iloc)")),
            b"dinf" if !are_self_contained(body)? => Err(Refused::Immovable("some of its media are in other files")),
            b"stco" if depth == WAY.len() => self.add_places::<4>(out, body),
            b"co64" if depth == WAY.len() => self.add_places::<8>(out, body),
            _ => with_header(out, kind, |out| {
                out.extend_from_slice(body.rest());
                Ok(())
            }),
        }
    }

    fn add_children(&self, out: &mut Vec<u8>, body: Bytes, depth: usize) -> Result<(), Refused> {
        let mut children = body.children();
        for child in children.by_ref() {
            self.add(out, child?, depth)?;
        }
        // The zeros that QuickTime ends a list with.
        out.extend_from_slice(children.rest());
        Ok(())
    }

    /// Adds a table of places, which have `N` bytes each.
    fn add_places<const N: usize>(&self, out: &mut Vec<u8>, mut body: Bytes) -> Result<(), Refused> {
        let start = body.rest().first_chunk::<8>().copied().unwrap_or_default();
        body.version_and_flags()?;
        let places = body.table::<N>()?;
        let is_wide = self.is_wide || N == 8;
        with_header(out, FourCc(if is_wide { *b"co64" } else { *b"stco" }), |out| {
            out.extend_from_slice(&start);
            for place in places {
                let place = place.iter().fold(0, |place, byte| place << 8 | u64::from(*byte));
                let place = self.moves.as_ref().map_or(Ok(place), |moves| moves.place(place))?;
                if is_wide {
                    out.extend_from_slice(&place.to_be_bytes());
                } else {
                    out.extend_from_slice(&u32::try_from(place).map_err(|_| OUTSIDE)?.to_be_bytes());
                }
            }
            Ok(())
        })
    }
}

/// Adds a box, of which the size is known once what is inside has been added.
fn with_header(
    out: &mut Vec<u8>,
    kind: FourCc,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&kind.0);
    body(out)?;
    let size = u32::try_from(out.len() - start).map_err(|_| Refused::Immovable("it is too large"))?;
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&size.to_be_bytes());
    }
    Ok(())
}

/// Whether a box says where items are (`iloc`). A movie seldom has items, so that it is enough to look for the letters.
pub(super) fn names_items(body: Bytes) -> bool {
    body.rest().windows(4).any(|letters| letters == b"iloc")
}
