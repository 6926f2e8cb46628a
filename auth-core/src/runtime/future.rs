//! Boxed futures.

use std::future::Future;
use std::pin::Pin;

/// A boxed future that may move between threads: the return type of the store traits.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A boxed future that stays on one thread: the verification of a credential.
pub type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
