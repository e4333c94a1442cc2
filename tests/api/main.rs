//! The server as its users meet it: over HTTP, on real files, and as a command.

mod support;

mod bad_input;
mod batches;
mod collections;
mod crash;
mod golden;
mod meaning;
mod outside;
mod property;
mod publishing;
mod site;
