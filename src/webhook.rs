//! Webhooks: what trackers send by themselves.

pub mod verify;
