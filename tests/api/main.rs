//! The server as its users meet it: over HTTP, on real files, and as a command.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails in a test, or in what it is made of, is to end it")]
#![expect(
    clippy::case_sensitive_file_extension_comparisons,
    clippy::cast_possible_truncation,
    clippy::duration_suboptimal_units,
    clippy::format_collect,
    clippy::large_stack_arrays,
    clippy::manual_is_multiple_of,
    clippy::needless_pass_by_value,
    clippy::single_match_else,
    clippy::unnecessary_wraps,
    reason = "tests are written to be read, and are fast enough"
)]

mod support;

mod admin;
mod backup;
mod bad_input;
mod bad_requests;
mod bad_values;
mod batches;
mod burndown;
mod check;
mod collections;
mod crash;
mod data_folder;
mod events;
#[cfg(target_os = "linux")]
mod faults;
mod fetch_client;
mod fetching;
mod filter;
mod golden;
mod health;
mod hostile;
mod limits;
mod meaning;
mod media;
mod mends;
mod metrics;
mod migrations;
mod movies;
mod outside;
mod outside_media;
mod pages;
mod pictures;
mod presets;
mod problems;
mod property;
mod proxies;
mod publish_hooks;
mod publishing;
mod ranges;
mod rights;
mod room;
mod service;
mod site;
mod tokens;
mod traversal;
mod webhook_verify;
mod webhooks;
