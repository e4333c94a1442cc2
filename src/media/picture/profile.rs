//! ICC profiles: which of them a made picture takes over.

/// The largest profile that is taken over, in bytes. Usual ones have 500 to 4,000; what is larger are tables for printers
/// and projectors, many times the size of the picture that they would go with.
pub(super) const LARGEST: usize = 1 << 16;

/// The shortest: a header, and the number of its tags.
const SHORTEST: usize = 132;

/// A profile if it tells what red, green and blue are, which is what a made picture consists of (ICC.1:2022 §7.2: its size
/// in bytes 0 to 3, its colour space in 16 to 19, the signature in 36 to 39).
pub(super) fn of_rgb(mut profile: Vec<u8>) -> Option<Vec<u8>> {
    let size = u32::from_be_bytes(profile.get(..4)?.try_into().ok()?);
    let size = usize::try_from(size).ok().filter(|size| (SHORTEST..=LARGEST).contains(size))?;
    let is_of_rgb = profile.get(..size)?.get(16..20)? == b"RGB " && profile.get(36..40)? == b"acsp";
    profile.truncate(size);
    is_of_rgb.then_some(profile)
}
