//! The names that actix users write for registration, for what carries a rule: moving is one `use`.

pub use crate::scope::{Resource, Route, ServiceConfig, delete, get, head, method, patch, post, put, resource, route};
