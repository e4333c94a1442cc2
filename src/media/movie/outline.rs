//! The boxes of an MP4 or `QuickTime` file itself: where its index and its media data are.

use std::io::{Read, Seek};

use super::{Container, Refused, boxes::TopBox, fast_start::names_items, source::Source};

/// The largest index, in MiB: some ten hours of frames with a large entry each, times the tracks.
pub(super) const LARGEST_INDEX: u64 = 64;

/// The largest box that is searched for places of items (`meta`), in MiB.
const LARGEST_META: u64 = 16;

/// What there is in a file.
#[derive(Debug)]
pub(super) struct Outline {
    /// MP4, or `QuickTime`, which old files are that say nothing of themselves.
    pub container: Container,
    /// Where the boxes end that must stay in front.
    pub front: u64,
    /// The index.
    pub moov: TopBox,
    /// Where the first media data begin.
    pub first_data: Option<u64>,
    /// Whether there are fragments.
    pub is_fragmented: bool,
    /// Whether something outside of the index says where in the file other things are.
    pub has_items: bool,
}

impl Outline {
    /// Goes through all boxes of a file; each must end within it.
    pub fn of(source: &mut Source<impl Read + Seek>) -> Result<Self, Refused> {
        let (mut container, mut front, mut moov) = (Container::QuickTime, 0, None);
        let (mut first_data, mut is_fragmented, mut has_items) = (None, false, false);
        let mut at = 0;
        while let Some(found) = TopBox::next(source, at)? {
            match &found.kind.0 {
                b"ftyp" if front == 0 && moov.is_none() && first_data.is_none() => {
                    let is_mp4 = source.peek(found.body, 4)? != b"qt  ";
                    container = if is_mp4 { Container::Mp4 } else { Container::QuickTime };
                    front = found.end;
                }
                b"moov" if moov.is_some() => return Err(Refused::damaged("it has a second index (moov)", found.at)),
                b"moov" => moov = Some(found),
                b"mdat" if found.end > found.body => first_data = first_data.or(Some(found.at)),
                b"moof" if moov.is_none() => {
                    return Err(Refused::damaged("a fragment (moof) comes before the index (moov)", found.at));
                }
                b"moof" => is_fragmented = true,
                b"meta" => has_items |= has_item_places(source, &found)?,
                _ => {}
            }
            at = found.end;
        }
        let moov = moov.ok_or(Refused::NoIndex)?;
        Ok(Self { container, front, moov, first_data, is_fragmented, has_items })
    }

    /// Whether the movie can be played while it arrives.
    pub fn is_fast_start(&self) -> bool {
        self.first_data.is_none_or(|data| self.moov.at < data)
    }

    /// What is inside the index.
    pub fn load_index(&self, source: &mut Source<impl Read + Seek>) -> Result<Vec<u8>, Refused> {
        self.moov.load(source, LARGEST_INDEX)
    }
}

/// Whether a `meta` box says where items are; a very large one might.
fn has_item_places(source: &mut Source<impl Read + Seek>, meta: &TopBox) -> Result<bool, Refused> {
    if meta.end - meta.body > LARGEST_META << 20 {
        return Ok(true);
    }
    let body = meta.load(source, LARGEST_META)?;
    Ok(names_items(meta.bytes(&body)))
}
