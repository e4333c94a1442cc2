//! Movie.
