//! A replacement for `actix_web::web` for handlers with rules. Migration changes one `use`.
//!
//! Extractors, responders and `block` are re-exported from actix. Functions that register handlers accept only handlers with a
//! rule: [`get`] and the other methods, [`to`], [`resource`], [`scope`], [`ServiceConfig`]. A service without its own rule, such as
//! a [`redirect`] or the result of [`service`], is registered with [`guarded`](crate::guarded) or [`unguarded`](crate::unguarded).

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
