//! Against real servers, started by the tests themselves: what several instances share, and what becomes of a request while a
//! server is away. Where a program is missing, the test says so and what to install; in CI that is a failure.
#![cfg(test)] // for clippy, which allows more in tests
#![allow(clippy::print_stderr, reason = "what was skipped is said aloud")]

mod access_page;
mod blocks;
mod browser;
mod clock;
mod live_page;
mod nginx;
mod oidc;
mod postgres;
mod redis;
mod session_store;
mod stores;
mod throttle;
mod tls;
mod users;
