//! Movies in MP4 and `QuickTime` files.

use std::io::{Read, Seek};

use super::{
    Facts, Refused, boxes::TopBox, edits::Shown, fragments::Fragments, outline::Outline, source::Source,
    tables::Tables, track::Track,
};

/// What the file says of its movie.
pub(super) fn read(source: &mut Source<impl Read + Seek>) -> Result<Facts, Refused> {
    let outline = Outline::of(source)?;
    let index = outline.load_index(source)?;
    let moov = outline.moov.bytes(&index);
    let track = Track::shown(moov)?;
    let extends = moov.child(*b"mvex")?;
    let may_lack_tables = extends.is_some() || outline.is_fragmented;
    let tables = Tables::of(track.samples, may_lack_tables)?;
    tables.check(source.length(), &(outline.moov.at..outline.moov.end))?;
    let mut shown = Shown::new(&track)?;
    let end = tables.each_run(|run| shown.add(run))?;
    if outline.is_fragmented {
        let mut fragments = Fragments::new(extends, track.id, end)?;
        each_fragment(source, |source, moof| fragments.add(source, moof, &mut shown))?;
    }
    let (frames, seconds) = shown.sum();
    if frames == 0 {
        return Err(Refused::NoFrames);
    }
    let is_fast_start = outline.is_fast_start();
    let Track { codec, width, height, .. } = track;
    let (container, profile) = (outline.container, codec.profile);
    Ok(Facts { container, codec: codec.id, profile, width, height, frames, seconds, is_fast_start })
}

/// Visits the fragments of a file in their order.
fn each_fragment<F: Read + Seek>(
    source: &mut Source<F>,
    mut visit: impl FnMut(&mut Source<F>, &TopBox) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let mut at = 0;
    while let Some(found) = TopBox::next(source, at)? {
        if found.kind.0 == *b"moof" {
            visit(source, &found)?;
        }
        at = found.end;
    }
    Ok(())
}
