//! GIF: its logical screen (Graphics Interchange Format 89a, §18). What of it the first frame covers, the decoder finds.

use std::io::BufRead;

use super::{
    Format, Refused,
    header::{Header, bytes},
};

/// Reads the size of the logical screen.
pub(super) fn header(file: &mut impl BufRead) -> Result<Header, Refused> {
    let [.., a, b, c, d] = bytes::<10>(Format::Gif, file)?;
    Header::of_size(Format::Gif, u16::from_le_bytes([a, b]).into(), u16::from_le_bytes([c, d]).into())
}
