//! Replacement for `remote` without the feature `oidc`. Nothing is fetched, and the types of fetched values are uninhabited.

use std::net::IpAddr;
use std::sync::Arc;

use super::JwtError;
use super::key::{Algorithm, PreparedKey};
use crate::denial::Denial;
use crate::runtime::clock::Moment;

#[derive(Clone, Default)]
pub(super) struct RemoteSettings {}

impl RemoteSettings {
    pub(super) fn is_discovered(&self) -> bool {
        false
    }

    pub(super) fn has_introspection(&self) -> bool {
        false
    }

    pub(super) fn is_fetched(&self) -> bool {
        false
    }

    pub(super) fn check(&self) -> Result<(), JwtError> {
        Ok(())
    }

    pub(super) fn check_beside(&self, _: &Self) -> Result<(), JwtError> {
        Ok(())
    }

    pub(super) fn prepare(self, _: &str, _: Option<Algorithm>) -> Result<Remote, JwtError> {
        Ok(Remote)
    }
}

pub(super) struct Remote;

impl Remote {
    pub(super) fn keys(&self) -> Option<&Arc<JwksCache>> {
        None
    }

    pub(super) fn introspector(&self) -> Option<&Introspector> {
        None
    }
}

pub(super) enum JwksCache {}

impl JwksCache {
    pub(super) fn with_current<T>(&self, _: Moment, _: impl FnOnce(&[PreparedKey]) -> T) -> Option<(T, u64)> {
        match *self {}
    }

    pub(super) fn is_current(&self, _: u64, _: Moment) -> bool {
        match *self {}
    }

    pub(super) fn settled(&self, _: Option<u64>) -> Option<Denial> {
        match *self {}
    }

    pub(super) fn settled_after_waiting(&self) -> Denial {
        match *self {}
    }

    pub(super) async fn wait(self: &Arc<Self>) -> Result<(), Denial> {
        match **self {}
    }
}

pub(super) enum Introspector {}

impl Introspector {
    pub(super) async fn claims(&self, _: &str, _: Option<IpAddr>) -> Result<Arc<str>, Denial> {
        match *self {}
    }
}
