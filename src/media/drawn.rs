//! Drawn pictures that stand in for missing ones.

/// A 150x100 PNG for a shot that has no picture. (A place-holder for the real module, which replaces this file.)
#[must_use]
pub fn placeholder(_name: &str, _color: [u8; 3]) -> Vec<u8> {
    include_bytes!("pictures/placeholder-asset.png").to_vec()
}
