//! The smallest movies that are whole.

/// A box.
pub fn boxed(kind: [u8; 4], inside: &[&[u8]]) -> Vec<u8> {
    let inside = inside.concat();
    let size = u32::try_from(inside.len() + 8).unwrap();
    [&size.to_be_bytes(), &kind, &inside[..]].concat()
}

/// Numbers of four bytes.
pub fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// The matrix of a picture that is not turned.
const UPRIGHT: [u32; 9] = [1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30];

/// An MP4 movie of one video track, 1000 units to the second of the movie and of the track, with one chunk.
#[derive(Debug, Clone)]
pub struct Mp4 {
    /// For how many frames there is which duration.
    pub times: Vec<(u32, u32)>,
    /// For how many frames there is which shift.
    pub shifts: Vec<(u32, i32)>,
    /// The size of each frame.
    pub sizes: Vec<u32>,
    /// How long, from where, and how fast, in 65 536ths.
    pub edits: Vec<(u32, i32, u32)>,
    /// The table of sizes, if it is another than that of the sizes.
    pub size_table: Option<Vec<u8>>,
    /// What else is in the index.
    pub more: Vec<u8>,
}

impl Mp4 {
    /// So many frames of a byte each, at 25 frames per second.
    pub fn new(frames: u32) -> Self {
        let sizes = vec![1; usize::try_from(frames).unwrap()];
        Self { times: vec![(frames, 40)], shifts: vec![], sizes, edits: vec![], size_table: None, more: vec![] }
    }

    /// So many frames, of which some pieces are shown.
    pub fn edited(frames: u32, edits: &[(u32, i32, u32)]) -> Self {
        Self { edits: edits.to_vec(), ..Self::new(frames) }
    }

    /// The file, with its index at the end.
    pub fn bytes(&self) -> Vec<u8> {
        let data = vec![0; usize::try_from(self.sizes.iter().sum::<u32>()).unwrap()];
        let start = [boxed(*b"ftyp", &[b"isom", &words(&[0])]), boxed(*b"mdat", &[&data])].concat();
        [start, self.moov(24)].concat()
    }

    /// The index of a file with its media data at a place.
    pub fn moov(&self, place: u32) -> Vec<u8> {
        let mvhd = boxed(*b"mvhd", &[&words(&[0, 0, 0, 1000, 0, 1 << 16, 0, 0, 0]), &words(&UPRIGHT), &[0; 28]]);
        let tkhd = [words(&[3, 0, 0, 1, 0, 0, 0, 0, 0, 0]), words(&UPRIGHT), words(&[64 << 16, 48 << 16])].concat();
        let mdhd = boxed(*b"mdhd", &[&words(&[0, 0, 0, 1000, 0, 0])]);
        let hdlr = boxed(*b"hdlr", &[&words(&[0, 0]), b"vide", &[0; 13]]);
        let minf = boxed(*b"minf", &[&self.stbl(place)]);
        let mdia = boxed(*b"mdia", &[&mdhd, &hdlr, &minf]);
        let trak = boxed(*b"trak", &[&boxed(*b"tkhd", &[&tkhd]), &self.edts(), &mdia]);
        boxed(*b"moov", &[&mvhd, &trak, &self.more])
    }

    fn edts(&self) -> Vec<u8> {
        let entries = self.edits.iter().flat_map(|(lasts, from, rate)| words(&[*lasts, from.cast_unsigned(), *rate]));
        let count = u32::try_from(self.edits.len()).unwrap();
        let elst = boxed(*b"elst", &[&words(&[0, count]), &entries.collect::<Vec<_>>()]);
        if count == 0 { vec![] } else { boxed(*b"edts", &[&elst]) }
    }

    fn stbl(&self, place: u32) -> Vec<u8> {
        let entry = boxed(*b"mp4v", &[&[0; 6], &[0, 1], &[0; 16], &[0, 64, 0, 48], &[0; 50]]);
        let stsd = boxed(*b"stsd", &[&words(&[0, 1]), &entry]);
        let frames = u32::try_from(self.sizes.len()).unwrap();
        let table = |kind, entries: &[(u32, u32)]| {
            let count = u32::try_from(entries.len()).unwrap();
            let entries = entries.iter().flat_map(|(one, other)| words(&[*one, *other]));
            boxed(kind, &[&words(&[0, count]), &entries.collect::<Vec<_>>()])
        };
        let shifts = self.shifts.iter().map(|(count, shift)| (*count, shift.cast_unsigned())).collect::<Vec<_>>();
        let ctts = if shifts.is_empty() { vec![] } else { table(*b"ctts", &shifts) };
        let stsz = boxed(*b"stsz", &[&words(&[0, 0, frames]), &words(&self.sizes)]);
        let stsz = self.size_table.clone().unwrap_or(stsz);
        let chunks = u32::from(frames > 0);
        let stsc = [vec![0, chunks], if frames > 0 { vec![1, frames, 1] } else { vec![] }].concat();
        let stco = [vec![0, chunks], if frames > 0 { vec![place] } else { vec![] }].concat();
        let (stsc, stco) = (boxed(*b"stsc", &[&words(&stsc)]), boxed(*b"stco", &[&words(&stco)]));
        boxed(*b"stbl", &[&stsd, &table(*b"stts", &self.times), &ctts, &stsz, &stsc, &stco])
    }
}

/// An element of EBML, whose size is written in eight bytes.
pub fn element(id: u32, inside: &[&[u8]]) -> Vec<u8> {
    let inside = inside.concat();
    let size = (inside.len() as u64 | 1 << 56).to_be_bytes();
    [&id_bytes(id), &size[..], &inside].concat()
}

/// An element that does not say its size.
pub fn unmeasured(id: u32, inside: &[&[u8]]) -> Vec<u8> {
    [&id_bytes(id), &[0xFF][..], &inside.concat()].concat()
}

fn id_bytes(id: u32) -> Vec<u8> {
    id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

/// An element that is a number.
pub fn number(id: u32, number: u32) -> Vec<u8> {
    element(id, &[&number.to_be_bytes()])
}

/// How a Matroska file begins.
pub fn ebml(doc_type: &str) -> Vec<u8> {
    element(0x1A45_DFA3, &[&element(0x4282, &[doc_type.as_bytes()])])
}

/// The list of tracks, with a video track whose number is 1.
pub fn tracks(codec: &str, more: &[u8], more_of_video: &[u8]) -> Vec<u8> {
    let video = element(0xE0, &[&number(0xB0, 64), &number(0xBA, 48), more_of_video]);
    let entry = element(0xAE, &[&number(0xD7, 1), &number(0x83, 1), &element(0x86, &[codec.as_bytes()]), &video, more]);
    element(0x1654_AE6B, &[&entry])
}

/// A block of a track.
pub fn simple_block(track: u8, time: i16, flags: u8, data: &[u8]) -> Vec<u8> {
    element(0xA3, &[&block(track, time, flags, data)])
}

/// What is inside of a block.
pub fn block(track: u8, time: i16, flags: u8, data: &[u8]) -> Vec<u8> {
    [&[0x80 | track], &time.to_be_bytes()[..], &[flags], data].concat()
}
