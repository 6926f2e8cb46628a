//! Building blocks that do not depend on authorization: time, files, limits, caches and a strict JSON reader.

pub mod future;
pub mod clock;
pub(crate) mod hex;
#[cfg(feature = "test-util")]
pub mod random;
pub mod set_once;
pub(crate) mod file_watcher;
pub(crate) mod line_text;
pub(crate) mod strict_json;
pub mod timeout;
pub(crate) mod concurrency_limit;
pub(crate) mod byte_budget;
pub(crate) mod single_flight;
pub(crate) mod background_fetch;
pub(crate) mod redis_url;
#[cfg(feature = "redis")]
pub(crate) mod redis;
