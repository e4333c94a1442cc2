//! The tracks of a `WebM` or Matroska movie (RFC 9559 §5.1.4): which one is shown, and how.

use super::{
    Refused,
    boxes::FourCc,
    codec::{self, Codec, float},
    ebml,
};

const TRACK_ENTRY: u32 = 0xAE;
const TRACK_NUMBER: u32 = 0xD7;
const TRACK_TYPE: u32 = 0x83;
const FLAG_ENABLED: u32 = 0xB9;
const CODEC_ID: u32 = 0x86;
const CODEC_PRIVATE: u32 = 0x63A2;
const DEFAULT_DURATION: u32 = 0x23_E383;
const CONTENT_ENCODINGS: u32 = 0x6D80;
const CONTENT_ENCODING: u32 = 0x6240;
const CONTENT_ENCRYPTION: u32 = 0x5035;
const VIDEO: u32 = 0xE0;
const PIXEL_WIDTH: u32 = 0xB0;
const PIXEL_HEIGHT: u32 = 0xBA;
const PIXEL_CROP_BOTTOM: u32 = 0x54AA;
const PIXEL_CROP_TOP: u32 = 0x54BB;
const PIXEL_CROP_LEFT: u32 = 0x54CC;
const PIXEL_CROP_RIGHT: u32 = 0x54DD;
const DISPLAY_WIDTH: u32 = 0x54B0;
const DISPLAY_HEIGHT: u32 = 0x54BA;
const DISPLAY_UNIT: u32 = 0x54B2;
const PROJECTION: u32 = 0x7670;
const PROJECTION_POSE_ROLL: u32 = 0x7675;

/// The video track that is shown.
#[derive(Debug)]
pub(super) struct Video {
    /// Its number, which blocks say.
    pub number: u64,
    /// Its codec.
    pub codec: Codec,
    /// Width in pixels, as it is to be looked at.
    pub width: u32,
    /// Height in pixels, as it is to be looked at.
    pub height: u32,
    /// Whether the bytes of a frame are there as the codec made them.
    pub is_plain: bool,
    /// How long a frame is shown, in nanoseconds, if the track says.
    frame_nanoseconds: Option<u64>,
}

impl Video {
    /// The first video track that is enabled; if none is, the first. Covers are no tracks here, but attachments.
    pub fn shown(tracks: &[u8], at: u64) -> Result<Self, Refused> {
        let mut best: Option<Entry> = None;
        for child in ebml::children(tracks, at) {
            let (id, bytes) = child?;
            if id != TRACK_ENTRY {
                continue;
            }
            let entry = Entry::of(bytes, at)?;
            if entry.is_video && best.as_ref().is_none_or(|best| entry.is_enabled && !best.is_enabled) {
                best = Some(entry);
            }
        }
        best.ok_or(Refused::NoVideo)?.video(at)
    }

    /// How long a frame is shown, in seconds, if the track says.
    pub fn frame_seconds(&self) -> Option<f64> {
        self.frame_nanoseconds.filter(|nanoseconds| *nanoseconds > 0).map(|nanoseconds| float(nanoseconds) / 1e9)
    }

    /// Whether a frame is shown that begins with this byte. Of VP8 some are not, and only help to decode others: the fifth
    /// bit says so (RFC 6386 §9.1).
    pub fn shows(&self, first: Option<u8>) -> bool {
        self.codec.id != "V_VP8" || !self.is_plain || first.is_none_or(|byte| byte & 0x10 != 0)
    }
}

/// A track, as it is said.
#[derive(Debug)]
struct Entry<'a> {
    number: u64,
    is_video: bool,
    is_enabled: bool,
    codec: &'a [u8],
    private: &'a [u8],
    frame_nanoseconds: Option<u64>,
    encodings: &'a [u8],
    size: Size,
}

impl<'a> Entry<'a> {
    fn of(bytes: &'a [u8], at: u64) -> Result<Self, Refused> {
        let nothing: &[u8] = &[];
        let mut entry = Self {
            number: 0,
            is_video: false,
            is_enabled: true,
            codec: nothing,
            private: nothing,
            frame_nanoseconds: None,
            encodings: nothing,
            size: Size::default(),
        };
        for child in ebml::children(bytes, at) {
            let (id, bytes) = child?;
            match id {
                TRACK_NUMBER => entry.number = ebml::unsigned(bytes),
                TRACK_TYPE => entry.is_video = ebml::unsigned(bytes) == 1,
                FLAG_ENABLED => entry.is_enabled = ebml::unsigned(bytes) != 0,
                CODEC_ID => entry.codec = bytes,
                CODEC_PRIVATE => entry.private = bytes,
                DEFAULT_DURATION => entry.frame_nanoseconds = Some(ebml::unsigned(bytes)),
                CONTENT_ENCODINGS => entry.encodings = bytes,
                VIDEO => entry.size = Size::of(bytes, at)?,
                _ => {}
            }
        }
        Ok(entry)
    }

    /// The id of the codec. Those of Video for Windows and of `QuickTime` only say so, and hold the four letters elsewhere.
    fn codec_id(&self) -> Option<String> {
        let id = str::from_utf8(self.codec).ok()?.trim_end_matches('\0');
        let letters = match id {
            "V_MS/VFW/FOURCC" => self.private.get(16..20),
            "V_QUICKTIME" => self.private.get(4..8),
            _ => None,
        };
        let letters = letters.and_then(|letters| letters.first_chunk()).map(|letters| FourCc(*letters).to_string());
        letters.or_else(|| (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic())).then(|| id.to_owned()))
    }

    fn video(self, at: u64) -> Result<Video, Refused> {
        if is_encrypted(self.encodings, at)? {
            return Err(Refused::Encrypted);
        }
        let id =
            self.codec_id().ok_or_else(|| Refused::damaged("the video track does not say its codec (CodecID)", at))?;
        let (width, height) =
            self.size.shown().ok_or_else(|| Refused::damaged("the video track has no width or no height", at))?;
        let profile = if id == "V_MPEG4/ISO/AVC" { codec::h264_profile(self.private) } else { None };
        let codec = Codec { id, profile, is_encrypted: false, is_still: false };
        let (is_plain, frame_nanoseconds) = (self.encodings.is_empty(), self.frame_nanoseconds);
        Ok(Video { number: self.number, codec, width, height, is_plain, frame_nanoseconds })
    }
}

fn is_encrypted(encodings: &[u8], at: u64) -> Result<bool, Refused> {
    for encoding in ebml::children(encodings, at) {
        let (id, inside) = encoding?;
        if id == CONTENT_ENCODING {
            for child in ebml::children(inside, at) {
                if child?.0 == CONTENT_ENCRYPTION {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// What is said of the size of a track.
#[derive(Debug, Default)]
struct Size {
    /// Width and height of the coded picture.
    pixels: (u64, u64),
    /// What of them is cut off.
    cropped: (u64, u64),
    /// Width and height on the screen.
    display: (u64, u64),
    /// Whether those are pixels (0), or else only say the shape.
    unit: u64,
    /// By how many degrees the picture is turned.
    roll: f64,
}

impl Size {
    fn of(video: &[u8], at: u64) -> Result<Self, Refused> {
        let mut size = Self::default();
        for child in ebml::children(video, at) {
            let (id, bytes) = child?;
            let number = ebml::unsigned(bytes);
            match id {
                PIXEL_WIDTH => size.pixels.0 = number,
                PIXEL_HEIGHT => size.pixels.1 = number,
                PIXEL_CROP_LEFT | PIXEL_CROP_RIGHT => size.cropped.0 = size.cropped.0.saturating_add(number),
                PIXEL_CROP_TOP | PIXEL_CROP_BOTTOM => size.cropped.1 = size.cropped.1.saturating_add(number),
                DISPLAY_WIDTH => size.display.0 = number,
                DISPLAY_HEIGHT => size.display.1 = number,
                DISPLAY_UNIT => size.unit = number,
                PROJECTION => size.roll = roll(bytes, at)?.unwrap_or(0.0),
                _ => {}
            }
        }
        Ok(size)
    }

    /// The size that is looked at; `None` if there is none.
    fn shown(&self) -> Option<(u32, u32)> {
        let side =
            |pixels: u64, cropped: u64| u32::try_from(pixels.checked_sub(cropped)?).ok().filter(|side| *side > 0);
        let coded = (side(self.pixels.0, self.cropped.0)?, side(self.pixels.1, self.cropped.1)?);
        let (width, height) = self.displayed(coded).unwrap_or(coded);
        let is_turned = (45.0..135.0).contains(&self.roll.abs().rem_euclid(180.0));
        Some(if is_turned { (height, width) } else { (width, height) })
    }

    fn displayed(&self, coded: (u32, u32)) -> Option<(u32, u32)> {
        let display = (u32::try_from(self.display.0).ok()?, u32::try_from(self.display.1).ok()?);
        if display.0 == 0 || display.1 == 0 {
            return None;
        }
        if self.unit == 0 {
            return Some(display);
        }
        // The shape of a pixel is that of the screen, over that of the picture.
        let pixel = (display.0.checked_mul(coded.1)?, display.1.checked_mul(coded.0)?);
        codec::drawn_out(coded, pixel)
    }
}

fn roll(projection: &[u8], at: u64) -> Result<Option<f64>, Refused> {
    for child in ebml::children(projection, at) {
        if let (PROJECTION_POSE_ROLL, bytes) = child? {
            return Ok(ebml::float(bytes).filter(|roll| roll.is_finite()));
        }
    }
    Ok(None)
}
