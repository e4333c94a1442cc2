//! Webhooks: what trackers send by themselves.

pub mod filter;
pub mod verify;
