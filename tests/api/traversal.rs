//! Every place where something that was sent becomes a path: none leads anywhere else.

mod addresses;
mod imports;
mod pages;
mod rendered;

use std::path::Path;

/// What must never be shown, written over or taken.
pub const SECRET: &str = "the ending of the film";

/// Writes it beside everything.
pub fn hide(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("secret.txt");
    std::fs::write(&path, SECRET).unwrap();
    path
}
