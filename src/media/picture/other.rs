//! What a file is that is not a picture which can be shown, to say so by its name.

use super::Refused;

const SAVE: &str = ": save it as PNG or JPEG";
const DEVELOP: &str = ": save it as PNG or JPEG, with its view transform";
const FRAME: &str = ": send a frame of it, for example by ffmpeg -i IN -frames:v 1 OUT.png";
const PAGE: &str = ": its address is perhaps that of a page about the picture, or asks for a login";
const ANSWER: &str = ": a server perhaps answered with an error in place of the picture";
const UNPACK: &str = ": send the pictures in it one by one";
const NOTHING: &str = "";

/// Where a file has which bytes, what it is then, and what to do. The first that fits counts.
const KNOWN: &[(usize, &[u8], &str, &str)] = &[
    (0, b"\x89PNG", "a PNG whose line ends were changed on its way", ": send it as binary data"),
    (0, b"%PDF", "a PDF document", SAVE),
    (0, b"%!PS", "a PostScript document", SAVE),
    (0, b"8BPS", "a Photoshop document (PSD)", SAVE),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR picture", DEVELOP),
    (0, b"#?RADIANCE", "a Radiance HDR picture", DEVELOP),
    (0, b"SDPX", "a DPX picture", DEVELOP),
    (0, b"XPDS", "a DPX picture", DEVELOP),
    (0, b"\x80\x2a\x5f\xd7", "a Cineon picture", DEVELOP),
    (0, b"II*\0", "a TIFF picture or a camera's raw one", SAVE),
    (0, b"MM\0*", "a TIFF picture or a camera's raw one", SAVE),
    (0, b"II+\0", "a TIFF picture", SAVE),
    (0, b"MM\0+", "a TIFF picture", SAVE),
    (0, b"BM", "a BMP picture", SAVE),
    (0, b"\0\0\x01\0", "an icon (ICO)", SAVE),
    (0, b"DDS ", "a DDS texture", SAVE),
    (0, b"gimp xcf", "a GIMP document", SAVE),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture", SAVE),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture", SAVE),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture", SAVE),
    (0, b"\xff\x0a", "a JPEG XL picture", SAVE),
    (4, b"ftypavif", "an AVIF picture", SAVE),
    (4, b"ftypavis", "an AVIF picture", SAVE),
    (4, b"ftyphei", "a HEIC picture", SAVE),
    (4, b"ftyphev", "a HEIC picture", SAVE),
    (4, b"ftypmif1", "a HEIC picture", SAVE),
    (4, b"ftypmsf1", "a HEIC picture", SAVE),
    (4, b"ftypcrx", "a camera's raw picture", SAVE),
    (4, b"ftypqt", "a QuickTime movie", FRAME),
    (4, b"ftyp", "an MP4 movie", FRAME),
    (4, b"moov", "a QuickTime movie", FRAME),
    (4, b"mdat", "a QuickTime movie", FRAME),
    (4, b"wide", "a QuickTime movie", FRAME),
    (0, b"\x1a\x45\xdf\xa3", "a WebM or Matroska movie", FRAME),
    (8, b"AVI ", "an AVI movie", FRAME),
    (8, b"WAVE", "a sound (WAV)", NOTHING),
    (0, b"\x06\x0e\x2b\x34", "an MXF movie", FRAME),
    (0, b"\0\0\x01\xba", "an MPEG movie", FRAME),
    (0, b"\0\0\x01\xb3", "an MPEG movie", FRAME),
    (0, b"FLV\x01", "an FLV movie", FRAME),
    (0, b"OggS", "an Ogg movie or sound", FRAME),
    (0, b"ID3", "a sound (MP3)", NOTHING),
    (0, b"BLENDER", "a Blender file", ": render a frame of it"),
    (0, b"\x28\xb5\x2f\xfd", "a file packed with Zstandard, such as a Blender file", NOTHING),
    (0, b"PK\x03\x04", "a ZIP archive or a document that is one, such as Krita's", UNPACK),
    (0, b"\x1f\x8b", "a file packed with gzip", UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (0, b"Rar!", "a RAR archive", UNPACK),
];

/// What is said of a file that begins with these bytes and is not a picture which can be shown.
pub(super) fn refusal(head: &[u8]) -> Refused {
    let is_at = |at: usize, bytes: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(bytes));
    let known = KNOWN.iter().find(|(at, bytes, ..)| is_at(*at, bytes));
    let (what, advice) = known.map_or_else(|| text(head), |(_, _, what, advice)| (*what, *advice));
    Refused::NotAPicture { what, advice }
}

/// What a file is that begins with no known bytes: some kind of text, or unknown.
fn text(head: &[u8]) -> (&'static str, &'static str) {
    let start = String::from_utf8_lossy(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)).trim_start().to_lowercase();
    let is_text = !start.contains(|letter: char| letter.is_control() && !letter.is_whitespace());
    if head.is_empty() {
        ("an empty file", NOTHING)
    } else if start.starts_with("<!doctype html") || start.contains("<html") {
        ("an HTML page", PAGE)
    } else if start.starts_with('<') && start.contains("<svg") {
        ("an SVG drawing", SAVE)
    } else if start.starts_with("<?xml") || is_text && start.starts_with('<') {
        ("an XML document", ANSWER)
    } else if is_text && start.starts_with(['{', '[']) {
        ("JSON", ANSWER)
    } else if is_text {
        ("text", ANSWER)
    } else {
        ("a file of an unknown kind", SAVE)
    }
}
