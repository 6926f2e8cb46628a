//! Tests with real servers that the tests start: state that instances share, and the behavior while a server is unavailable. If a
//! program is missing, the test reports what to install and is skipped. In CI a missing program is a failure.
#![cfg(test)] // clippy then treats the helpers as test code
#![allow(clippy::print_stderr, reason = "what was skipped is said aloud")]

mod access_page;
mod blocks;
mod browser;
mod clock;
mod conditions;
mod live_page;
mod mariadb;
mod nginx;
mod oidc;
mod postgres;
mod redis;
mod session_store;
mod stores;
mod throttle;
mod tls;
mod tokens;
mod users;
mod visible;

use auth_tests::program;
