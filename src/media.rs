//! Pictures and movies: what they are made of, where they are kept, and what stands in for them.

pub mod blank;
pub mod drawn;
pub mod intake;
pub mod movie;
pub mod picture;
pub mod receive;
pub mod store;
pub mod written;

use bytes::Bytes;

/// The pictures that the page asks for and its build lacks, by path below the root of the site; part of every tree.
///
/// `scripts/make-pictures` makes them. The bitmap font is asked for by the classic page, which never draws with it.
#[must_use]
pub fn placeholders() -> [(&'static str, Bytes); 3] {
    [
        (
            "static/img/placeholder-asset.png",
            Bytes::from_static(include_bytes!("media/pictures/placeholder-asset.png")),
        ),
        ("static/img/placeholder-user.png", Bytes::from_static(include_bytes!("media/pictures/placeholder-user.png"))),
        (
            "24px_inconsolata_bitmap_font.png",
            Bytes::from_static(include_bytes!("media/pictures/24px_inconsolata_bitmap_font.png")),
        ),
    ]
}
