//! Boxed futures.

use std::future::Future;
use std::pin::Pin;

/// A boxed future that is `Send`, used as the return type of the store traits.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A boxed future that is not `Send`, used to verify credentials.
pub type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
