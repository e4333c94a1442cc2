//! Pictures and movies: uploaded, shown by the trees, read, kept as long as somebody needs them.

mod digests;
mod drawn;
mod imports;
mod kept;
pub mod made;
mod memory;
mod movies;
mod on_the_way;
pub mod place;
mod published;
mod read_only;
mod refusals;
mod uploads;
