//! The example production that `demo` serves.

pub mod production;
