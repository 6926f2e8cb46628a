//! What the tests share. Nothing here uses the crates that are tested.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "for tests, where a panic is the report"
)]

pub mod challenge;
pub mod logs;
pub mod program;
pub mod server;
pub mod token;
pub mod wire;
