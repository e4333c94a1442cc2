//! Events of a tracker may come in any order: what they say with their times is what counts.
