//! Tests of the source layout: module dependencies, sizes, and code that belongs in one place.

#![cfg(test)] // clippy then treats the helpers as test code

mod order;
mod secrets;
mod size;
mod sources;
mod text;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
