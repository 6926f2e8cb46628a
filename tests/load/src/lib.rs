//! What a guard costs, beside a handler without one and a check written by hand with jsonwebtoken.
//!
//! The same request goes to three servers in this process: `bare`, `hand` and `guarded`. `raw` is the signature alone, on
//! decoded bytes and a prepared key: nobody is cheaper.
//!
//! # Why
//! Times of a busy machine are worth nothing by themselves, so only ratios of neighbours are shown, and no test depends on
//! one. What can be counted is: `tests/counts.rs` asserts allocations, `instructions.sh` prints instructions.

// How it is measured.
pub mod measure;
pub mod meter;
// What is asked.
pub mod issuer;
// Who answers.
pub mod handlers;
pub mod subject;
// Who shares.
pub mod workers;
// All of it, by name.
pub mod case;

/// What may fail while a case is made ready or run. A benchmark stops at the first surprise.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
