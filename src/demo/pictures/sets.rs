//! Where the stories play: sets and weather, painted by code.

pub(super) mod city;
pub(super) mod lighthouse;
pub(super) mod nature;
pub(super) mod weather;
pub(super) mod winter;
