//! Hexadecimal text.
#![allow(dead_code, reason = "used by optional features")]

/// Returns the bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns 128 random bits as hexadecimal digits. `None` if the operating system provides no random numbers.
#[cfg(any(feature = "session", feature = "redis"))]
pub(crate) fn random_id() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(hex(&bytes))
}
