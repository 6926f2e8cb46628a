//! Random bytes for keys and for entries of stores that nobody else has.

/// Returns random bytes.
#[allow(dead_code, reason = "used by optional features")]
#[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("random numbers");
    bytes
}
