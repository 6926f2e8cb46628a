//! Benchmarks of guards, compared with a handler without a check and with a check that is hand-written with jsonwebtoken.
//!
//! One request is sent to three servers in this process: `bare`, `hand` and `guarded`. `raw` only verifies the signature, on
//! decoded bytes with a prepared key, and is the lower bound of any verification.
//!
//! # Why
//! Absolute times are not meaningful on a busy machine, so only ratios of adjacent measurements are shown, and no test depends on
//! one. Counts are exact: `tests/counts.rs` asserts allocations, and `instructions.sh` prints instructions.

// Measurement.
pub mod measure;
pub mod meter;
// Requests.
pub mod issuer;
// Servers.
pub mod handlers;
pub mod objects;
pub mod subject;
mod application;
// Shared caches.
pub mod workers;
// All cases by name.
pub mod case;

/// The result of preparing or running a case. A benchmark stops at the first error.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
