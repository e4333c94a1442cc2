//! Movies that are cut off, damaged, or none at all.

use std::fs;

use tempfile::TempDir;
use watchtower_server::media::movie::Refused;

use super::{
    by_hand::{TABLES, boxed, change, find, numbers, patch, with_edits},
    fast_start, ffmpeg, has_tools, make, read,
};

/// Says what is wrong with these bytes; they must be refused.
fn refused(what: &str, bytes: &[u8]) -> Refused {
    match read(bytes) {
        Ok(facts) => panic!("{what} is read: {facts:?}"),
        Err(refused) => refused,
    }
}

/// Whether a refusal is of a kind.
macro_rules! kind {
    ($kind:pat) => {
        |refused: &Refused| matches!(refused, $kind)
    };
}

type Kind = fn(&Refused) -> bool;

#[track_caller]
fn assert_refused(what: &str, bytes: &[u8], kind: Kind, message: &str) {
    let refused = refused(what, bytes);
    assert!(kind(&refused), "{what}: {refused:?}");
    assert!(refused.to_string().contains(message), "{what}: {refused}");
}

#[test]
fn what_is_no_movie_is_told_what_it_looks_like() {
    let random: Vec<u8> =
        (0..4096_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect();
    let cases: [(&[u8], &str); 12] = [
        (b"", "an empty file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG picture"),
        (b"\xFF\xD8\xFF\xE0\0\x10JFIF", "a JPEG picture"),
        (b"\n<!DOCTYPE html><html><head>", "an HTML page"),
        (b"{\"detail\": \"not found\"}", "a JSON document"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Git LFS"),
        (b"RIFF\0\0\0\0AVI LIST", "an AVI movie"),
        (b"\x06\x0E\x2B\x34\x02\x05\x01\x01\x0D\x01\x02\x01", "an MXF movie"),
        (b"\0\0\0\x1Cftypavif\0\0\0\0avifmif1", "an AVIF picture"),
        (b"\0\0\0\x18moof\0\0\0\x10mfhd\0\0\0\0\0\0\0\x01", "without its beginning"),
        (b"hello", "a text"),
        (&random, "something unknown"),
    ];
    for (bytes, looks_like) in cases {
        assert_refused(looks_like, bytes, kind!(Refused::NotAMovie { .. }), looks_like);
        let refused = fast_start(bytes).unwrap_err();
        assert!(matches!(refused, Refused::NotAMovie { .. }), "{looks_like}: {refused:?}");
    }
}

#[test]
fn a_movie_that_is_cut_off_anywhere_is_refused() {
    if !has_tools() {
        return;
    }
    let folder = TempDir::new().unwrap();
    make(folder.path(), &["source.mp4", "source-fast.mp4", "source.webm", "source-sound.mp4"]);
    make(folder.path(), &["clusters.mkv", "live.webm", "base-moof.mp4"]);
    for name in ["source.mp4", "source-fast.mp4", "source.webm", "clusters.mkv"] {
        let bytes = fs::read(folder.path().join(name)).unwrap();
        for length in 0..bytes.len() {
            refused(&format!("{name} of {length} bytes"), &bytes[..length]);
        }
    }
    // Where the whole does not say its length, it can end wherever one of its parts does.
    for (name, parts) in [("live.webm", 40), ("base-moof.mp4", 12)] {
        let bytes = fs::read(folder.path().join(name)).unwrap();
        let whole = (0..bytes.len()).filter(|length| read(&bytes[..*length]).is_ok()).count();
        assert!(whole <= parts, "{name}: {whole}");
    }
}

#[test]
fn a_movie_that_is_cut_off_says_what_is_missing() {
    if !has_tools() {
        return;
    }
    let folder = TempDir::new().unwrap();
    make(folder.path(), &["source.mp4", "source-fast.mp4", "source.webm"]);
    make(folder.path(), &["live.webm", "empty_moov.mp4"]);
    let [late, fast, webm, live, fragments] =
        ["source.mp4", "source-fast.mp4", "source.webm", "live.webm", "empty_moov.mp4"]
            .map(|name| fs::read(folder.path().join(name)).unwrap());
    let middle = |bytes: &[u8], kind: &str| {
        let (start, end) = find(bytes, kind);
        bytes[..usize::midpoint(start, end)].to_vec()
    };
    let cut = kind!(Refused::CutOff { .. });
    assert_refused("media data", &middle(&late, "mdat"), cut, "its media data (mdat)");
    assert_refused("media data", &middle(&fast, "mdat"), cut, &format!("ends at byte {}", middle(&fast, "mdat").len()));
    assert_refused("index", &middle(&late, "moov"), cut, "its index (moov)");
    assert_refused("no index", &late[..find(&late, "moov").0], kind!(Refused::NoIndex), "no index (moov)");
    assert_refused("no media data", &fast[..find(&fast, "mdat").0], cut, "chunk 1 of its media data");
    assert_refused("fragment", &middle(&fragments, "moof"), cut, "the index of a fragment (moof)");
    assert_refused("no fragments", &fragments[..find(&fragments, "moof").0], kind!(Refused::NoFrames), "no frames");
    assert_refused("webm", &webm[..webm.len() - 1], cut, "its segment");
    assert_refused("live", &live[..live.len() / 2], cut, "a cluster");
    let shifted = patch(&late, &format!("{TABLES}/stco"), 8, &numbers(&[u32::try_from(late.len()).unwrap() - 10]));
    assert_refused("chunk", &shifted, cut, "chunk 1 of its media data");
    // The last chunk ends within the media data, and the file behind it is gone.
    let unmeasured =
        [&fast[..find(&fast, "mdat").0], &[0; 4], &fast[find(&fast, "mdat").0 + 4..fast.len() - 1]].concat();
    assert_refused("end of media data", &unmeasured, cut, "of its media data");
}

#[test]
fn a_movie_that_contradicts_itself_says_where() {
    if !has_tools() {
        return;
    }
    let folder = TempDir::new().unwrap();
    make(folder.path(), &["source.mp4", "source.webm"]);
    let movie = fs::read(folder.path().join("source.mp4")).unwrap();
    let table = |kind: &str, at: usize, new: &[u32]| patch(&movie, &format!("{TABLES}/{kind}"), at, &numbers(new));
    let damaged = kind!(Refused::Damaged { .. });
    let cases: [(&str, Vec<u8>, &str); 14] = [
        ("stts", table("stts", 8, &[48]), "the table of times (stts) has 48"),
        ("stts", table("stts", 4, &[1000]), "the table stts should have 1000 entries, and has room for 1"),
        ("ctts", table("ctts", 8, &[900]), "the table of shifts (ctts)"),
        ("stsz", table("stsz", 8, &[u32::MAX]), "4294967295 entries"),
        ("stsz", table("stsz", 8, &[48]), "48 frames"),
        ("stsc", table("stsc", 8, &[2]), "not in order (stsc)"),
        ("stsc", table("stsc", 12, &[1]), "frames"),
        ("stsc", table("stsc", 12, &[0]), "chunk 1 has no frames"),
        ("stco", table("stco", 4, &[0]), "its chunks have 0 frames"),
        ("mdhd", patch(&movie, "moov/trak/mdia/mdhd", 12, &[0; 4]), "units of time in a second are zero"),
        ("stbl", change(&movie, &format!("{TABLES}/stsz"), &|_| Vec::new()), "the boxes stsz and stz2 are missing"),
        ("trak", patch(&movie, "moov", 108, &numbers(&[1 << 20])), "a size of 1048576 bytes, within a box that has"),
        ("elst", with_edits(&movie, 0, &[(100, -5, 1 << 16)]), "an edit begins 5 units before"),
        ("second", [&movie[..], &boxed("moov", &[])].concat(), "a second index"),
    ];
    for (what, bytes, message) in cases {
        assert_refused(what, &bytes, damaged, message);
    }
    let webm = fs::read(folder.path().join("source.webm")).unwrap();
    let cluster = webm.windows(4).position(|id| id == [0x1F, 0x43, 0xB6, 0x75]).unwrap();
    let mut wrong = webm.clone();
    wrong[cluster] = 0;
    assert_refused("cluster", &wrong, damaged, &format!("no element does with 0x00 (at byte {cluster})"));
}

#[test]
fn a_movie_that_has_nothing_to_show_says_so() {
    if !has_tools() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let make = |name: &str, args: &str| {
        ffmpeg(folder.path(), &format!("{args} {name}"));
        fs::read(folder.path().join(name)).unwrap()
    };
    let key = "0123456789abcdef0123456789abcdef";
    let encrypted =
        format!("video:25:0.2 x264 -encryption_scheme cenc-aes-ctr -encryption_key {key} -encryption_kid {key}");
    let (sound, webm) = (make("sound.mp4", "sound:0.2 -c:a aac"), make("sound.webm", "sound:0.2 -c:a libopus"));
    let movie = make("movie.mp4", "video:25:0.2 x264");
    assert_refused("sound", &sound, kind!(Refused::NoVideo), "no video track");
    assert_refused("sound", &webm, kind!(Refused::NoVideo), "no video track");
    assert_refused("key", &make("encrypted.mp4", &encrypted), kind!(Refused::Encrypted), "encrypted");
    let waiting = with_edits(&movie, 0, &[(100, -1, 1 << 16)]);
    let elsewhere = change(&movie, "moov/trak/mdia/minf/dinf", &|_| {
        let url = boxed("url ", &[&[0; 4][..], b"file:///elsewhere.mov\0"].concat());
        boxed("dinf", &boxed("dref", &[numbers(&[0, 1]), url].concat()))
    });
    assert_refused("edits", &waiting, kind!(Refused::NoFrames), "no frames");
    assert_refused("reference", &elsewhere, kind!(Refused::Unsupported(_)), "in another file");
}

#[test]
fn an_index_with_places_that_are_not_known_stays_where_it_is() {
    if !has_tools() {
        return;
    }
    let folder = TempDir::new().unwrap();
    make(folder.path(), &["source.mp4"]);
    let movie = fs::read(folder.path().join("source.mp4")).unwrap();
    let saio = boxed("saio", &numbers(&[0, 1, 40]));
    let items = boxed("meta", &[numbers(&[0]), boxed("iloc", &numbers(&[0; 4]))].concat());
    let with = |way: &str, more: &[u8]| {
        let kind = way.rsplit('/').next().unwrap();
        change(&movie, way, &|inside| boxed(kind, &[inside, more].concat()))
    };
    let (start, _) = find(&movie, "moov");
    let itself = patch(&movie, &format!("{TABLES}/stco"), 8, &numbers(&[u32::try_from(start).unwrap() + 8]));
    let cases = [
        ("saio", with(TABLES, &saio)),
        ("iloc", with("moov/trak", &items)),
        ("iloc", with("moov", &items)),
        ("iloc", [&movie[..], &items].concat()),
        ("itself", itself),
    ];
    for (what, bytes) in cases {
        let refused = fast_start(&bytes).unwrap_err();
        assert!(matches!(refused, Refused::Immovable(_)), "{what}: {refused:?}");
        assert!(refused.to_string().contains(what), "{what}: {refused}");
    }
}

#[test]
fn no_byte_that_is_wrong_brings_the_reader_down() {
    if !has_tools() {
        return;
    }
    let folder = TempDir::new().unwrap();
    make(folder.path(), &["source.mp4", "source.webm", "source-sound.mp4"]);
    make(folder.path(), &["base-moof.mp4", "live.webm"]);
    for name in ["source.mp4", "base-moof.mp4", "source.webm", "live.webm"] {
        let bytes = fs::read(folder.path().join(name)).unwrap();
        for at in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] ^= [0xFF, 0x01, 0x80][at % 3];
            // What it is taken for does not matter here, and that it ends does.
            if let Ok(facts) = read(&wrong) {
                assert!(facts.frames > 0 && facts.width > 0 && facts.fps().is_finite(), "{name} {at}: {facts:?}");
            }
            let _ = fast_start(&wrong);
        }
    }
}
