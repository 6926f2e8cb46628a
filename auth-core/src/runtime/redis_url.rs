//! The error for an invalid Redis URL. Other errors contain it with and without the feature `redis`.

/// The Redis URL is invalid. The error does not quote the URL, which may contain a password.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid Redis URL: write `redis://host:6379/0`, or `rediss://…` with the feature `redis-tls`")]
pub struct RedisUrlError;

crate::debug_as_display!(RedisUrlError);
