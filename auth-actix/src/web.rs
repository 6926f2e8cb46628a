//! The module of actix of this name, for handlers that carry a rule: moving is one `use`.
//!
//! Extractors, responders and `block` are those of actix. What registers takes only what carries a rule: [`get`] and its like,
//! [`to`], [`resource`], [`scope`], [`ServiceConfig`]. What has no rule of its own goes in by [`guarded`](crate::guarded) or
//! [`unguarded`](crate::unguarded): a [`redirect`], and what [`service`] makes.

#[doc(no_inline)]
pub use actix_web::web::{
    Buf, BufMut, Bytes, BytesMut, Data, Either, EitherExtractError, Form, FormConfig, Header, Html, Json, JsonBody,
    JsonConfig, Path, PathConfig, Payload, PayloadConfig, Query, QueryConfig, Readlines, Redirect, ReqData, ThinData,
    UrlEncoded, block, redirect, service,
};

pub use auth_core::engine::startup_checks::RuleError;

pub use crate::scope::{
    DefaultService, GuardedRoute, GuardedService, IntoGuardedRoute, Mode, Patterns, Plain, ResourceEndpoint, Route,
    ScopeEndpoint, ScopeResource as Resource, Service, ServiceConfig, Strict, StrictScope, Unguarded, delete, get,
    head, method, patch, post, put, query, resource, route, scope, to, trace,
};
