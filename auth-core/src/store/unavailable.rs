//! The error of stores that cannot answer.

/// A store is unavailable, or contains data that cannot be read. A request that needs the answer gets 503.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store is unavailable")]
pub struct StoreUnavailable;

crate::debug_as_display!(StoreUnavailable);
