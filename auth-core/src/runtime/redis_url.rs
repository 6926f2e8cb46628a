//! The error of a Redis URL. Errors have it with and without the feature `redis`.

/// An address that names no server. Quotes nothing: it may hold a password.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no address of Redis: write `redis://host:6379/0`, or `rediss://…` with the feature `redis-tls`")]
pub struct RedisUrlError;

crate::debug_as_display!(RedisUrlError);
