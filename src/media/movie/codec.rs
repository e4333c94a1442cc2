//! Codecs: what people call them, and which browsers play them.

use serde::{Deserialize, Serialize};

use super::Container;

/// The codec of a track, as its container names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Codec {
    /// The four letters, or the codec id of Matroska.
    pub id: String,
    /// See [`super::Facts::profile`].
    pub profile: Option<u8>,
    /// Whether a key is needed.
    pub is_encrypted: bool,
    /// Whether it is one for single pictures, such as covers.
    pub is_still: bool,
}

/// Where a movie can be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Playable {
    /// In every current browser.
    Everywhere,
    /// In some browsers, or on some machines.
    SomeBrowsers,
    /// In no browser.
    Nowhere,
}

/// Codecs by the names that containers give them. `FourCc` and Matroska's ids never collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    H264,
    Hevc,
    Av1,
    Vp8,
    Vp9,
    Other(&'static str),
}

fn family(id: &str, profile: Option<u8>) -> Option<Family> {
    Some(match id {
        "avc1" | "avc2" | "avc3" | "avc4" | "V_MPEG4/ISO/AVC" => Family::H264,
        "hvc1" | "hev1" | "hvc2" | "hev2" | "dvh1" | "dvhe" | "V_MPEGH/ISO/HEVC" => Family::Hevc,
        "av01" | "V_AV1" => Family::Av1,
        "vp08" | "V_VP8" => Family::Vp8,
        "vp09" | "V_VP9" => Family::Vp9,
        other => Family::Other(production(other).or_else(|| distribution(other, profile))?),
    })
}

/// What productions work with, and no browser plays.
fn production(id: &str) -> Option<&'static str> {
    Some(match id {
        "apco" | "apcs" | "apcn" | "apch" | "V_PRORES" => "Apple ProRes 422",
        "ap4h" | "ap4x" => "Apple ProRes 4444",
        "aprn" | "aprh" => "Apple ProRes RAW",
        "AVdn" | "AVdh" => "Avid DNxHD or DNxHR",
        "CFHD" => "CineForm",
        "Hap1" | "Hap5" | "HapY" | "HapM" => "Hap",
        "FFV1" | "V_FFV1" => "FFV1",
        "hdv1" | "hdv2" | "hdv3" | "xdv1" | "xdv2" | "xdv3" | "xd54" | "xd55" | "xd59" | "xd5a" | "xd5b" => "MPEG-2",
        "mx3n" | "mx3p" | "mx4n" | "mx4p" | "mx5n" | "mx5p" => "MPEG-2 IMX",
        "rle" => "QuickTime Animation",
        "jpeg" | "mjpa" | "mjpb" | "mjpg" | "MJPG" | "V_MJPEG" => "Motion JPEG",
        "mjp2" => "JPEG 2000",
        "png" => "PNG",
        "v210" | "v410" | "2vuy" | "2Vuy" | "yuv2" | "raw" | "r210" | "b64a" | "V_UNCOMPRESSED" => "uncompressed video",
        "dvc" | "dvcp" | "dvpp" | "dv5n" | "dv5p" | "dvh5" | "dvh6" | "dvhp" | "dvhq" => "DV",
        "V_MS/VFW/FOURCC" => "a codec of Video for Windows",
        "V_QUICKTIME" => "a codec of QuickTime",
        _ => return None,
    })
}

/// What movies were distributed in before H.264, and what may come after.
fn distribution(id: &str, profile: Option<u8>) -> Option<&'static str> {
    // The object types of `mp4v` are those of ISO/IEC 14496-1, table 5.
    Some(match (id, profile) {
        ("mp4v", Some(0x60..=0x65)) | ("m2v1" | "mp2v" | "V_MPEG2", _) => "MPEG-2",
        ("mp4v", Some(0x6A)) | ("m1v1" | "mp1v" | "V_MPEG1", _) => "MPEG-1",
        ("mp4v", Some(0x6C)) => "Motion JPEG",
        ("mp4v", Some(0x6D)) => "PNG",
        ("mp4v" | "xvid" | "XVID" | "DIVX" | "V_MPEG4/ISO/SP" | "V_MPEG4/ISO/ASP" | "V_MPEG4/ISO/AP", _) => {
            "MPEG-4 Part 2"
        }
        ("s263" | "h263", _) => "H.263",
        ("SVQ1" | "SVQ3", _) => "Sorenson Video",
        ("cvid", _) => "Cinepak",
        ("V_THEORA", _) => "Theora",
        ("vvc1" | "vvi1", _) => "VVC",
        _ => return None,
    })
}

/// What people call a codec; its own name, if that is not known here.
pub(super) fn name(id: &str, profile: Option<u8>) -> &str {
    match family(id, profile) {
        Some(Family::H264) => h264_name(profile),
        Some(Family::Hevc) => "HEVC (H.265)",
        Some(Family::Av1) => "AV1",
        Some(Family::Vp8) => "VP8",
        Some(Family::Vp9) => "VP9",
        Some(Family::Other(name)) => name,
        None => id,
    }
}

/// Those profiles of H.264 that browsers tell apart (ITU-T H.264, annex A), by their `profile_idc`.
fn h264_name(profile: Option<u8>) -> &'static str {
    match profile {
        Some(110) => "H.264 with 10 bits",
        Some(122) => "H.264 with 4:2:2 colour",
        Some(44 | 244) => "H.264 with 4:4:4 colour",
        _ => "H.264",
    }
}

/// Where a codec in a container can be played, by what browsers say they play. 4:2:0 with 8 bits is what all decoders of
/// H.264 know; HEVC and AV1 want the machine's help; and of the containers only MP4 and `WebM` are promised.
pub(super) fn playable(container: Container, id: &str, profile: Option<u8>) -> Playable {
    let is_mp4 = matches!(container, Container::Mp4 | Container::QuickTime);
    match family(id, profile) {
        Some(Family::H264) if is_mp4 && !matches!(profile, Some(44 | 88 | 110 | 122 | 244)) => Playable::Everywhere,
        Some(Family::Vp8 | Family::Vp9) if container == Container::WebM => Playable::Everywhere,
        Some(Family::H264 | Family::Hevc | Family::Av1 | Family::Vp8 | Family::Vp9) => Playable::SomeBrowsers,
        Some(Family::Other(_)) | None => Playable::Nowhere,
    }
}

/// The profile in H.264's decoder configuration (`avcC`, ISO/IEC 14496-15 §5.3.3.1).
pub(super) fn h264_profile(avcc: &[u8]) -> Option<u8> {
    match avcc {
        [1, profile, ..] => Some(*profile),
        _ => None,
    }
}

/// A size whose pixels have a shape (width to height): its lesser side is drawn out. `None` if that is beyond all measure.
pub(super) fn drawn_out(size: (u32, u32), pixel: (u32, u32)) -> Option<(u32, u32)> {
    const MOST: u64 = 65_535;
    let stretched = |side: u32, by: u32, of: u32| {
        let side = (u64::from(side) * u64::from(by) + u64::from(of) / 2).checked_div(of.into())?;
        u32::try_from(side).ok().filter(|_| (1..=MOST).contains(&side))
    };
    let (width, height) = size;
    let (wide, high) = pixel;
    if wide >= high {
        Some((stretched(width, wide, high)?, height))
    } else {
        Some((width, stretched(height, high, wide)?))
    }
}

/// The nearest that a float can be.
#[expect(clippy::cast_precision_loss, reason = "counts of frames and of nanoseconds within a movie are below 2^53")]
pub(super) fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::{Playable, drawn_out, name, playable};
    use crate::media::movie::Container::{Matroska, Mp4, QuickTime, WebM};

    #[test]
    fn codecs_have_names_and_browsers_that_play_them() {
        let cases = [
            (Mp4, "avc1", Some(100), "H.264", Playable::Everywhere),
            (QuickTime, "avc1", Some(77), "H.264", Playable::Everywhere),
            (Mp4, "avc1", Some(244), "H.264 with 4:4:4 colour", Playable::SomeBrowsers),
            (Matroska, "V_MPEG4/ISO/AVC", Some(100), "H.264", Playable::SomeBrowsers),
            (Mp4, "hvc1", None, "HEVC (H.265)", Playable::SomeBrowsers),
            (Mp4, "av01", None, "AV1", Playable::SomeBrowsers),
            (WebM, "V_VP9", None, "VP9", Playable::Everywhere),
            (Matroska, "V_VP9", None, "VP9", Playable::SomeBrowsers),
            (QuickTime, "apch", None, "Apple ProRes 422", Playable::Nowhere),
            (QuickTime, "AVdn", None, "Avid DNxHD or DNxHR", Playable::Nowhere),
            (Mp4, "mp4v", Some(0x20), "MPEG-4 Part 2", Playable::Nowhere),
            (Mp4, "mp4v", Some(0x61), "MPEG-2", Playable::Nowhere),
            (Mp4, "zzzz", None, "zzzz", Playable::Nowhere),
        ];
        for (container, id, profile, called, plays) in cases {
            assert_eq!((name(id, profile), playable(container, id, profile)), (called, plays), "{id}");
        }
    }

    #[test]
    fn pixels_that_are_not_square_draw_the_lesser_side_out() {
        assert_eq!(drawn_out((720, 576), (64, 45)), Some((1024, 576)));
        assert_eq!(drawn_out((720, 480), (8, 9)), Some((720, 540)));
        assert_eq!(drawn_out((720, 480), (0, 0)), None);
        assert_eq!(drawn_out((720, 480), (u32::MAX, 1)), None);
    }
}
