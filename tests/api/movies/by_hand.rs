//! Movies that are changed box by box, to what ffmpeg does not write and others do.

/// The boxes of a file, or of a box: their names, where they begin, and where they end.
pub fn top_boxes(bytes: &[u8]) -> Vec<([u8; 4], usize, usize)> {
    let mut boxes = Vec::new();
    let mut at = 0;
    while at + 8 <= bytes.len() {
        let size = usize::try_from(number(&bytes[at..at + 4])).unwrap();
        boxes.push((bytes[at + 4..at + 8].try_into().unwrap(), at, at + size));
        at += size;
    }
    boxes
}

/// Where the first box of this name begins and ends.
pub fn find(bytes: &[u8], kind: &str) -> (usize, usize) {
    let boxes = top_boxes(bytes);
    let (_, start, end) = boxes.iter().find(|(found, ..)| found == kind.as_bytes()).unwrap();
    (*start, *end)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A box.
pub fn boxed(kind: &str, inside: &[u8]) -> Vec<u8> {
    let size = u32::try_from(inside.len() + 8).unwrap();
    [&size.to_be_bytes(), kind.as_bytes(), inside].concat()
}

/// Numbers of four bytes.
pub fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// A file with the first box on a way (`moov/trak/…`) replaced by what is made of what is inside it. The boxes around it
/// are made to fit. Places that the index names do not change, so the index should come last.
pub fn change(bytes: &[u8], way: &str, make: &dyn Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let (first, rest) = way.split_once('/').map_or((way, None), |(first, rest)| (first, Some(rest)));
    let (start, end) = find(bytes, first);
    let inside = &bytes[start + 8..end];
    let new = rest.map_or_else(|| make(inside), |rest| boxed(first, &change(inside, rest, make)));
    [&bytes[..start], &new, &bytes[end..]].concat()
}

/// A file with some bytes of the first box on a way replaced, from a place inside of the box on.
pub fn patch(bytes: &[u8], way: &str, at: usize, new: &[u8]) -> Vec<u8> {
    let kind = way.rsplit('/').next().unwrap();
    change(bytes, way, &|inside| boxed(kind, &[&inside[..at], new, &inside[at + new.len()..]].concat()))
}

/// The way to the tables of the first track.
pub const TABLES: &str = "moov/trak/mdia/minf/stbl";

fn table(bytes: &[u8], kind: &str, make: &dyn Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    change(bytes, &format!("{TABLES}/{kind}"), make)
}

/// A movie with an edit list of this version: how long, from where, and how fast each piece is shown.
pub fn with_edits(bytes: &[u8], version: u32, edits: &[(u32, i32, u32)]) -> Vec<u8> {
    let count = u32::try_from(edits.len()).unwrap();
    let entries = edits.iter().flat_map(|(lasts, from, rate)| {
        let sign = if *from < 0 { u32::MAX } else { 0 };
        let from = from.cast_unsigned();
        if version == 1 { numbers(&[0, *lasts, sign, from, *rate]) } else { numbers(&[*lasts, from, *rate]) }
    });
    let inside = [numbers(&[version << 24, count]), entries.collect()].concat();
    change(bytes, "moov/trak/edts", &|_| boxed("edts", &boxed("elst", &inside)))
}

/// Makes another movie of two: of one with its index at the end, and one with its index in front.
pub type Vary = fn(&[u8], &[u8]) -> Vec<u8>;

/// At its own speed.
const ONE: u32 = 1 << 16;

/// What there is; the source has 49 frames of 512 units each, and the first is shown at 1024 units.
pub const VARIATIONS: &[(&str, Vary)] = &[
    ("media-to-the-end.mp4", |_, fast| {
        let (start, _) = find(fast, "mdat");
        [&fast[..start], &[0; 4], &fast[start + 4..]].concat()
    }),
    ("large-media.mp4", |movie, _| {
        // What is free before it has room for the rest of a size of 64 bits.
        let ((start, body), (_, end)) = (find(movie, "free"), find(movie, "mdat"));
        let size = (end - start) as u64;
        let header = [&numbers(&[1]), &b"mdat"[..], &size.to_be_bytes()].concat();
        [&movie[..start], &header, &movie[body + 8..]].concat()
    }),
    ("index-to-the-end.mp4", |movie, _| {
        let (start, end) = find(movie, "moov");
        assert_eq!(end, movie.len());
        [&movie[..start], &[0; 4], &movie[start + 4..]].concat()
    }),
    ("large-index.mp4", |movie, _| {
        let (start, end) = find(movie, "moov");
        let header = [&numbers(&[1]), &b"moov"[..], &((end - start + 8) as u64).to_be_bytes()].concat();
        [&movie[..start], &header, &movie[start + 8..]].concat()
    }),
    ("old.mov", |movie, _| {
        let (start, _) = find(movie, "ftyp");
        [&movie[..start + 4], b"wide", &movie[start + 8..]].concat()
    }),
    ("ended-by-zeros.mov", |movie, _| {
        let movie = change(movie, "moov", &|inside| boxed("moov", &[inside, &boxed("udta", &[0; 4])].concat()));
        change(&movie, TABLES, &|inside| boxed("stbl", &[inside, &[0; 4]].concat()))
    }),
    ("padded.mp4", |movie, _| [movie, &[0; 100]].concat()),
    ("places-of-64-bits.mp4", |movie, _| {
        table(movie, "stco", &|inside| {
            let places = inside[8..].chunks(4).flat_map(|place| number(place).to_be_bytes());
            boxed("co64", &[inside[..8].to_vec(), places.collect()].concat())
        })
    }),
    ("sizes-of-16-bits.mp4", |movie, _| {
        table(movie, "stsz", &|inside| {
            let sizes = inside[12..].chunks(4).flat_map(|size| u16::try_from(number(size)).unwrap().to_be_bytes());
            boxed("stz2", &[numbers(&[0, 16]), inside[8..12].to_vec(), sizes.collect()].concat())
        })
    }),
    ("edit-without-end.mp4", |movie, _| with_edits(movie, 0, &[(5000, 1024, ONE)])),
    ("long-edit.mp4", |movie, _| with_edits(movie, 1, &[(1000, 1024, ONE)])),
    ("edits-twice.mp4", |movie, _| with_edits(movie, 0, &[(400, 1024, ONE), (400, 1024, ONE)])),
    ("edits-backwards.mp4", |movie, _| with_edits(movie, 1, &[(600, 9216, ONE), (400, 1024, ONE)])),
    ("edits-after-a-wait.mp4", |movie, _| with_edits(movie, 0, &[(500, -1, ONE), (1000, 5120, ONE)])),
    ("turned.mp4", |movie, _| patch(movie, "moov/trak/tkhd", 40, &numbers(&[0, ONE, 0, ONE.wrapping_neg(), 0]))),
    ("turned-over.mp4", |movie, _| {
        patch(movie, "moov/trak/tkhd", 40, &numbers(&[ONE.wrapping_neg(), 0, 0, 0, ONE.wrapping_neg()]))
    }),
];
