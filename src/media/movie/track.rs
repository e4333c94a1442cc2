//! The tracks of an MP4 or `QuickTime` movie (ISO/IEC 14496-12 §8.2 to §8.5): which one is shown, and how.

use super::{
    Refused,
    boxes::FourCc,
    bytes::Bytes,
    codec::{self, Codec},
};

/// The most tracks that a movie may have.
const MOST_TRACKS: usize = 1024;

/// The video track that is shown.
#[derive(Debug, Clone)]
pub(super) struct Track<'a> {
    /// Its number within the movie.
    pub id: u32,
    /// Its units of time in a second.
    pub timescale: u32,
    /// The units of time in a second of the movie, in which edits are measured.
    pub movie_timescale: u32,
    /// Width in pixels, as it is to be looked at.
    pub width: u32,
    /// Height in pixels, as it is to be looked at.
    pub height: u32,
    /// Its codec.
    pub codec: Codec,
    /// Whether its frames are in this file.
    is_here: bool,
    /// Its edit list, if it has one.
    pub edits: Option<Bytes<'a>>,
    /// Its sample table (`stbl`).
    pub samples: Bytes<'a>,
}

/// What orders tracks: whether it is more than a cover, whether it is enabled.
type Rank = (bool, bool);

impl<'a> Track<'a> {
    /// The first track that is enabled and no cover; if all are, the first that is least so.
    pub fn shown(moov: Bytes<'a>) -> Result<Self, Refused> {
        if moov.child(*b"cmov")?.is_some() {
            return Err(Refused::Unsupported("its index is compressed (cmov)"));
        }
        let mut best: Option<(Rank, Self)> = None;
        let mut tracks = 0;
        let movie = MovieHeader::of(moov.needed(*b"mvhd")?)?;
        for child in moov.children() {
            let child = child?;
            if child.kind.0 != *b"trak" {
                continue;
            }
            tracks += 1;
            if tracks > MOST_TRACKS {
                let what = "it has too many tracks".to_owned();
                return Err(Refused::TooLarge { what, most: MOST_TRACKS.to_string() });
            }
            if let Some(found) = Self::of(child.body, &movie)?
                && best.as_ref().is_none_or(|(rank, _)| found.0 > *rank)
            {
                best = Some(found);
            }
        }
        best.ok_or(Refused::NoVideo)?.1.checked(moov.at())
    }

    /// The track, if it can be shown.
    fn checked(self, at: u64) -> Result<Self, Refused> {
        if self.codec.is_encrypted {
            return Err(Refused::Encrypted);
        }
        if !self.is_here {
            return Err(Refused::Unsupported("its frames are in another file"));
        }
        if self.width == 0 || self.height == 0 {
            return Err(Refused::damaged("the video track has no width or no height", at));
        }
        Ok(self)
    }

    /// A track, if it is one of video.
    fn of(trak: Bytes<'a>, movie: &MovieHeader) -> Result<Option<(Rank, Self)>, Refused> {
        let mdia = trak.needed(*b"mdia")?;
        let mut hdlr = mdia.needed(*b"hdlr")?;
        hdlr.skip(8)?;
        if hdlr.four_cc()?.0 != *b"vide" {
            return Ok(None);
        }
        let header = TrackHeader::of(trak.needed(*b"tkhd")?)?;
        let minf = mdia.needed(*b"minf")?;
        let samples = minf.needed(*b"stbl")?;
        let description = Description::of(samples.needed(*b"stsd")?)?;
        let is_here = is_here(minf, description.reference)?;
        let (width, height) = description.shown(&header);
        let is_turned = header.is_turned != movie.is_turned;
        let (width, height) = if is_turned { (height, width) } else { (width, height) };
        let edits = trak.child(*b"edts")?.map(|edts| edts.child(*b"elst")).transpose()?.flatten();
        let timescale = media_timescale(mdia.needed(*b"mdhd")?)?;
        let rank = (!description.codec.is_still, header.is_enabled);
        let (id, movie_timescale, codec) = (header.id, movie.timescale, description.codec);
        Ok(Some((rank, Self { id, timescale, movie_timescale, width, height, codec, is_here, edits, samples })))
    }
}

/// The units of time in a second of a track (`mdhd`).
fn media_timescale(mut mdhd: Bytes) -> Result<u32, Refused> {
    let (version, _) = mdhd.version_and_flags()?;
    mdhd.skip(if version == 1 { 16 } else { 8 })?;
    timescale(&mut mdhd)
}

fn timescale(bytes: &mut Bytes) -> Result<u32, Refused> {
    let place = *bytes;
    match bytes.u32()? {
        0 => Err(place.damaged("the units of time in a second are zero")),
        timescale => Ok(timescale),
    }
}

/// Whether a matrix turns what is shown by a quarter. It is three rows of three, as §6.2.2 says; the second and the fourth
/// number are what of the width becomes height, and the other way round.
fn is_quarter_turn(matrix: &mut Bytes) -> Result<bool, Refused> {
    let mut numbers = [0; 9];
    for number in &mut numbers {
        *number = matrix.i32()?;
    }
    let [a, b, _, c, d, ..] = numbers.map(i32::unsigned_abs).map(u64::from);
    Ok(b + c > a + d)
}

/// What is read of the header of the movie (`mvhd`).
struct MovieHeader {
    timescale: u32,
    is_turned: bool,
}

impl MovieHeader {
    fn of(mut mvhd: Bytes) -> Result<Self, Refused> {
        let (version, _) = mvhd.version_and_flags()?;
        mvhd.skip(if version == 1 { 16 } else { 8 })?;
        let timescale = timescale(&mut mvhd)?;
        mvhd.skip(if version == 1 { 8 } else { 4 } + 16)?;
        Ok(Self { timescale, is_turned: is_quarter_turn(&mut mvhd)? })
    }
}

/// What is read of the header of a track (`tkhd`).
struct TrackHeader {
    id: u32,
    is_enabled: bool,
    is_turned: bool,
    width: u32,
    height: u32,
}

impl TrackHeader {
    fn of(mut tkhd: Bytes) -> Result<Self, Refused> {
        let (version, flags) = tkhd.version_and_flags()?;
        tkhd.skip(if version == 1 { 16 } else { 8 })?;
        let id = tkhd.u32()?;
        tkhd.skip(if version == 1 { 12 } else { 8 } + 16)?;
        let is_turned = is_quarter_turn(&mut tkhd)?;
        // Numbers of 16.16 bits, rounded.
        let mut size = || tkhd.u32().map(|size| (size >> 16) + (size >> 15 & 1));
        Ok(Self { id, is_enabled: flags & 1 == 1, is_turned, width: size()?, height: size()? })
    }
}

/// What is read of the first sample description (`stsd`).
struct Description {
    codec: Codec,
    /// Which data reference says in what file the frames are, from 1.
    reference: u16,
    width: u16,
    height: u16,
    /// The shape of a pixel, width to height, if it says.
    pixel: Option<(u32, u32)>,
}

impl Description {
    fn of(mut stsd: Bytes) -> Result<Self, Refused> {
        stsd.skip(8)?;
        let entry = stsd.children().next().transpose()?;
        let Some(entry) = entry else { return Err(stsd.damaged("the video track does not say its codec (stsd)")) };
        let mut body = entry.body;
        body.skip(6)?;
        let reference = body.u16()?;
        body.skip(16)?;
        let (width, height) = (body.u16()?, body.u16()?);
        // What comes after the size, up to the boxes, is of no use here.
        body.skip(50)?;
        let pixel = body.child(*b"pasp")?.map(pixel).transpose()?;
        Ok(Self { codec: Codec::of(entry.kind, body)?, reference, width, height, pixel })
    }

    /// The size that is looked at: of the coded picture, in the shape that its pixels or else the track have. As browsers
    /// do, the lesser side is drawn out.
    fn shown(&self, header: &TrackHeader) -> (u32, u32) {
        let coded = (u32::from(self.width), u32::from(self.height));
        let header = (header.width, header.height);
        match self.pixel {
            _ if coded.0 == 0 || coded.1 == 0 => header,
            Some(pixel) => codec::drawn_out(coded, pixel).unwrap_or(coded),
            None if header.0 > 0 && header.1 > 0 => header,
            None => coded,
        }
    }
}

fn pixel(mut pasp: Bytes) -> Result<(u32, u32), Refused> {
    Ok((pasp.u32()?, pasp.u32()?))
}

/// Whether a data reference of a track (from 1) means this file.
fn is_here(minf: Bytes, reference: u16) -> Result<bool, Refused> {
    let Some(dref) = minf.child(*b"dinf")?.map(|dinf| dinf.child(*b"dref")).transpose()?.flatten() else {
        return Ok(true);
    };
    let place = usize::from(reference).saturating_sub(1);
    references(dref)?.nth(place).unwrap_or(Ok(true))
}

/// Whether all data references (in a `dinf`) mean this file.
pub(super) fn are_self_contained(dinf: Bytes) -> Result<bool, Refused> {
    let Some(dref) = dinf.child(*b"dref")? else { return Ok(true) };
    references(dref)?.try_fold(true, |all, is_here| Ok(all && is_here?))
}

/// Which data references mean this file: those with the flag that says so, and those that name no other.
fn references(mut dref: Bytes) -> Result<impl Iterator<Item = Result<bool, Refused>>, Refused> {
    dref.skip(8)?;
    Ok(dref.children().map(|entry| {
        let mut body = entry?.body;
        let (_, flags) = body.version_and_flags()?;
        Ok(flags & 1 == 1 || body.len() == 0)
    }))
}

/// The name of the codec and what it says of itself, from a sample entry and the boxes in it.
impl Codec {
    fn of(kind: FourCc, boxes: Bytes) -> Result<Self, Refused> {
        let profile = match &kind.0 {
            b"avc1" | b"avc2" | b"avc3" | b"avc4" => {
                boxes.child(*b"avcC")?.and_then(|avcc| codec::h264_profile(avcc.rest()))
            }
            b"mp4v" => boxes.child(*b"esds")?.and_then(|esds| object_type(esds).ok()),
            _ => None,
        };
        let is_encrypted = matches!(&kind.0, b"encv" | b"drmi");
        let is_still = matches!(&kind.0, b"jpeg" | b"png " | b"gif " | b"tiff" | b"bmp ");
        Ok(Self { id: kind.to_string(), profile, is_encrypted, is_still })
    }
}

/// The object type of an elementary stream (`esds`; ISO/IEC 14496-1 §7.2.6.5 and §7.2.6.6).
fn object_type(mut esds: Bytes) -> Result<u8, Refused> {
    esds.skip(4)?;
    descriptor(&mut esds, 3)?;
    esds.skip(2)?;
    let flags = esds.u8()?;
    esds.skip(if flags & 0x80 == 0 { 0 } else { 2 })?;
    if flags & 0x40 != 0 {
        let length = esds.u8()?;
        esds.skip(length.into())?;
    }
    esds.skip(if flags & 0x20 == 0 { 0 } else { 2 })?;
    descriptor(&mut esds, 4)?;
    esds.u8()
}

/// Goes past the beginning of a descriptor: its tag, and its size in seven bits a byte.
fn descriptor(bytes: &mut Bytes, tag: u8) -> Result<(), Refused> {
    if bytes.u8()? != tag {
        return Err(bytes.damaged("a descriptor of another kind was expected (esds)"));
    }
    for _ in 0..4 {
        if bytes.u8()? & 0x80 == 0 {
            break;
        }
    }
    Ok(())
}
