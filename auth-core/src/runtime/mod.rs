//! Building blocks without knowledge of authorization: time, files, limits, caches and a strict JSON reader.

pub mod future;
pub mod clock;
pub(crate) mod hex;
pub mod set_once;
pub(crate) mod file_watcher;
#[cfg(any(feature = "api-key", feature = "blocks"))]
pub(crate) mod line_text;
pub(crate) mod strict_json;
pub mod timeout;
#[cfg(any(feature = "passwords", feature = "jwt"))]
pub(crate) mod concurrency_limit;
pub(crate) mod single_flight;
#[cfg(feature = "oidc")]
pub(crate) mod background_fetch;
#[cfg(feature = "redis")]
pub(crate) mod redis;
