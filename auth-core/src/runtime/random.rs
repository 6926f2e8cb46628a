//! Random bytes, for the entries that conformance suites add to stores.

/// Returns random bytes.
#[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("random numbers");
    bytes
}
