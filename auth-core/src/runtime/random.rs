//! Random bytes for tests: the keys of test tokens, and the entries that conformance suites add to stores.

/// Returns random bytes.
///
/// # Panics
/// The system provides no random numbers.
#[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("random numbers");
    bytes
}
